//! Attempts at the network, as the runner saw them from inside the container; and what a plan makes of them.
//!
//! They are not part of a manifest: how often a program tries again differs from run to run. Each run and each replay sees its
//! own. They are in the store as canonical JSON of [`Watch`], and the run record names that blob.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was tried, and how often.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkAttempt {
    /// The executable's name, without its folder; in brackets what the process calls itself where that is something else.
    pub process: String,
    /// The socket's protocol, such as `tcp`.
    pub protocol: String,
    /// The address; `family-40` and the like for other address families.
    pub address: String,
    /// The port; 0 for address families without ports.
    pub port: u16,
    /// The name that was asked for, when a name server was asked and the question was seen.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// How often.
    pub count: u64,
}

impl fmt::Display for NetworkAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, protocol, address, port, name, count } = self;
        let address = if address.contains(':') { format!("[{address}]") } else { address.clone() };
        write!(f, "{process} → {address}:{port} {protocol}")?;
        if let Some(name) = name {
            write!(f, " asks for {name}")?;
        }
        write!(f, " ×{count}")
    }
}

/// Everything that was seen of one command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sightings {
    /// The attempts, sorted, none twice.
    pub attempts: Vec<NetworkAttempt>,
    /// How many attempts came after the list was full.
    pub further: u64,
    /// Calls that could not be looked at, most often because their process may not be looked into.
    pub unread: u64,
    /// Calls for the world (clock, processors, directories) that the kernel answered instead, for the same reason.
    pub unanswered: u64,
    /// Why attempts may have gone unseen; nothing as a rule.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub blind: Vec<String>,
    /// Why a process may have had the machine's clock instead of the pinned one; nothing as a rule.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unpinned: Vec<String>,
}

/// Whether a command was watched, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watch {
    /// It was watched from its first to its last moment.
    Seen(Sightings),
    /// Nothing is known, and nothing may be concluded.
    Unknown {
        /// The reason, for people.
        reason: String,
    },
}

impl Watch {
    /// Lists the attempts that were seen.
    #[must_use]
    pub fn attempts(&self) -> &[NetworkAttempt] {
        match self {
            Self::Seen(seen) => &seen.attempts,
            Self::Unknown { .. } => &[],
        }
    }

    /// Whether every process had the clock that was asked for, as far as can be known.
    #[must_use]
    pub fn confirms_clock(&self) -> bool {
        matches!(self, Self::Seen(seen) if seen.unpinned.is_empty())
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::Seen(Sightings::default())
    }
}

/// What a plan makes of a command's attempts at the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AttemptRule {
    /// They are recorded and not shown.
    Allow,
    /// They are recorded and shown.
    #[default]
    Report,
    /// The command fails by them; where nothing is known of them, nothing is decided.
    Forbid,
}

impl AttemptRule {
    /// Returns the word that plans use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Report => "report",
            Self::Forbid => "forbid",
        }
    }
}

/// How quiet a plan wants a command to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quiet {
    /// What becomes of attempts at the network.
    pub network: AttemptRule,
    /// Whether the standard error must be empty after its normalizers.
    pub stderr_empty: bool,
    /// Regular expressions that match no line of either stream after its normalizers.
    pub forbid: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_written_for_people() {
        let mut attempt = NetworkAttempt {
            process: "node".into(),
            protocol: "tcp".into(),
            address: "140.82.112.3".into(),
            port: 443,
            name: None,
            count: 2,
        };
        assert_eq!(attempt.to_string(), "node → 140.82.112.3:443 tcp ×2");
        attempt.address = "::1".into();
        (attempt.port, attempt.name) = (53, Some("example.org".into()));
        assert_eq!(attempt.to_string(), "node → [::1]:53 tcp asks for example.org ×2");
    }

    #[test]
    fn nothing_known_is_not_nothing_seen() {
        let unknown = Watch::Unknown { reason: "x".into() };
        assert_ne!(unknown, Watch::default());
        let text = |watch: &Watch| serde_json::to_string(watch).expect("JSON");
        assert_eq!(text(&unknown), r#"{"unknown":{"reason":"x"}}"#);
        assert!(text(&Watch::default()).starts_with(r#"{"seen":{"attempts":[]"#));
    }
}
