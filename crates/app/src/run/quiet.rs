//! How quiet a command was: attempts at the network, the standard error, forbidden lines.
//!
//! What the streams say follows from the manifest and its evidence, so `verify` says it again. Attempts at the network
//! are seen only while the command runs: another person sees them by a replay.

use regex::bytes::RegexSet;

use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::execution::attempt::{AttemptRule, Quiet, Watch};
use rcrepro_store::{BlobStore, StoreError};

/// How many findings there are at most of one stream.
const MOST: usize = 10;
/// How much of a line is shown, in characters.
const SHOWN: usize = 200;

/// Judges a command's streams after their normalizers.
///
/// # Errors
/// [`StoreError`] when a stream cannot be read.
pub(crate) fn streams(store: &dyn BlobStore, quiet: &Quiet, entry: &CommandEntry) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let noise = |stream: &str, line: Option<usize>, expected: String, found: String| Finding {
        name: FindingName::Noise,
        at: format!("commands.{}.{stream}{}", entry.id, line.map(|line| format!(":{line}")).unwrap_or_default()),
        expected,
        found,
    };
    if quiet.stderr_empty && entry.stderr.canonical.size > 0 {
        let bytes = store.get(entry.stderr.canonical)?;
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        findings.push(noise("stderr", None, "nothing on the standard error".to_owned(), shown(first)));
    }
    if quiet.forbid.is_empty() {
        return Ok(findings);
    }
    let forbidden = RegexSet::new(&quiet.forbid).expect("the plan's expressions were compiled when it was read");
    for (name, stream) in [("stdout", &entry.stdout), ("stderr", &entry.stderr)] {
        let bytes = store.get(stream.canonical)?;
        let lines = bytes.split(|byte| *byte == b'\n').enumerate();
        let found = lines.filter_map(|(index, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let which = forbidden.matches(line).iter().next()?;
            let expected = format!("no line that matches `{}`", quiet.forbid[which]);
            Some(noise(name, Some(index + 1), expected, shown(line)))
        });
        findings.extend(found.take(MOST));
    }
    Ok(findings)
}

/// Judges what was seen of a command's attempts at the network.
#[must_use]
pub(crate) fn network(quiet: &Quiet, command: &str, watch: &Watch) -> Vec<Finding> {
    if quiet.network != AttemptRule::Forbid {
        return Vec::new();
    }
    let finding = |name, found| Finding {
        name,
        at: format!("commands.{command}.network"),
        expected: "no attempt at the network".to_owned(),
        found,
    };
    let seen = match watch {
        Watch::Unknown { reason } => {
            return vec![finding(FindingName::NetworkUnknown, format!("it could not be watched: {reason}"))];
        }
        Watch::Seen(seen) => seen,
    };
    let mut findings: Vec<Finding> =
        seen.attempts.iter().map(|attempt| finding(FindingName::NetworkAttempt, attempt.to_string())).collect();
    if seen.further > 0 {
        findings.push(finding(FindingName::NetworkAttempt, format!("{} further attempts", seen.further)));
    }
    if seen.unread > 0 {
        let found = format!("{} calls that could not be looked at", seen.unread);
        findings.push(finding(FindingName::NetworkUnknown, found));
    }
    findings.extend(seen.blind.iter().map(|reason| finding(FindingName::NetworkUnknown, reason.clone())));
    findings
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
