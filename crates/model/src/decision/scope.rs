//! The scope contract and the safety contract: what a packet's branch changed, against what it may change.
//!
//! Paths are relative to the plan's folder; a file of the repository outside it begins with `../`. In a glob `*` and `?` do
//! not cross `/`, and one that does not itself begin with `../` never leaves the folder.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::content::digest::Digest;
use crate::content::name::{Name, TreePath};
use crate::plan::contract::Contract;
use crate::plan::glob::PathGlob;
use crate::plan::packet_id::PacketId;
use crate::standing::Standing;

/// The version of the record's format that this build reads and writes.
pub const SCOPE_VERSION: u32 = 1;

/// What a packet's branch changed and what is wrong with that; it can be derived again from the repository.
///
/// Hash rule: the record's digest is over its RFC 8785 bytes. Whether it was written by whom and when is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScopeRecord {
    /// The format's version, [`SCOPE_VERSION`].
    pub version: u32,
    /// The packet whose branch was judged.
    pub packet: PacketId,
    /// Where its branch begins; that commit's changes are not the packet's.
    pub base: Revision,
    /// Where its branch ends.
    pub head: Revision,
    /// What was allowed.
    pub rules: ScopeRules,
    /// Every file that is not the same at base and head, by path.
    pub changes: Vec<TrackedChange>,
    /// Threat model and rollback plan as they are at head, as far as they are tracked.
    pub documents: BTreeMap<TreePath, Digest>,
    /// Everything that is wrong.
    pub findings: Vec<ScopeFinding>,
}

impl ScopeRecord {
    /// Whether the packet kept to its scope.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::worst(self.findings.iter().map(|_| Standing::Failed))
    }
}

/// A commit. When history is rewritten, the tree still identifies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// The commit's id, in hex.
    pub commit: String,
    /// The id of its whole tree, in hex.
    pub tree: String,
}

/// What a packet's branch may change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScopeRules {
    /// The packet's globs; none: whatever it likes.
    pub scope: Vec<String>,
    /// Globs of what rcrepro itself writes, which every packet may change.
    pub written: Vec<String>,
    /// What may not be weakened, by name.
    pub protected: BTreeMap<Name, Vec<String>>,
    /// The packet's threat model.
    pub threat_model: Option<TreePath>,
    /// The packet's rollback plan.
    pub rollback_plan: Option<TreePath>,
}

impl ScopeRules {
    /// Takes the rules out of a packet's contract and the plan's protected globs.
    #[must_use]
    pub fn new(contract: &Contract, protected: &BTreeMap<Name, Vec<String>>, written: Vec<String>) -> Self {
        Self {
            scope: contract.scope.clone(),
            written,
            protected: protected.clone(),
            threat_model: contract.threat_model.clone(),
            rollback_plan: contract.rollback_plan.clone(),
        }
    }

    /// Lists the safety documents with the path that the packet names for each.
    pub fn documents(&self) -> impl Iterator<Item = (SafetyDocument, Option<&TreePath>)> {
        let threat_model = (SafetyDocument::ThreatModel, self.threat_model.as_ref());
        [threat_model, (SafetyDocument::RollbackPlan, self.rollback_plan.as_ref())].into_iter()
    }

    /// Judges changes; `documents` holds the bytes of the safety documents that are tracked at head.
    ///
    /// # Panics
    /// Never: globs were checked when the plan was parsed.
    #[must_use]
    pub fn judge(
        &self,
        packet: &PacketId,
        changes: &[TrackedChange],
        documents: &BTreeMap<TreePath, Vec<u8>>,
    ) -> Vec<ScopeFinding> {
        let (scope, written) = (Globs::new(&self.scope), Globs::new(&self.written));
        let is_document = |path: &str| self.documents().any(|(_, at)| at.is_some_and(|at| at.as_str() == path));
        let allowed =
            |path: &str| self.scope.is_empty() || scope.matches(path) || written.matches(path) || is_document(path);
        let outside = changes.iter().filter(|change| !allowed(&change.path));
        let mut findings: Vec<ScopeFinding> =
            outside.map(|change| ScopeFinding::Outside { path: change.path.clone() }).collect();
        let guarded = self.guarded(changes);
        for (document, at) in self.documents().filter(|_| !guarded.is_empty()) {
            let Some(at) = at else {
                findings.extend(guarded.iter().map(|(path, protected)| ScopeFinding::Unguarded {
                    path: path.clone(),
                    protected: protected.clone(),
                    document,
                }));
                continue;
            };
            let Some(bytes) = documents.get(at) else {
                findings.push(ScopeFinding::DocumentMissing { document, at: at.clone() });
                continue;
            };
            let text = String::from_utf8_lossy(bytes);
            if text.trim().is_empty() {
                findings.push(ScopeFinding::DocumentEmpty { document, at: at.clone() });
                continue;
            }
            let about = std::iter::once(packet.to_string()).chain(guarded.keys().cloned());
            findings.extend(about.filter(|about| !mentions(&text, about)).map(|about| ScopeFinding::DocumentSilent {
                document,
                at: at.clone(),
                about,
            }));
        }
        findings
    }

    /// Lists the changed paths that are protected, each with the first name under which it is.
    #[must_use]
    pub fn guarded(&self, changes: &[TrackedChange]) -> BTreeMap<String, Name> {
        let mut guarded = BTreeMap::new();
        for (name, globs) in &self.protected {
            let globs = Globs::new(globs);
            for change in changes.iter().filter(|change| globs.matches(&change.path)) {
                guarded.entry(change.path.clone()).or_insert_with(|| name.clone());
            }
        }
        guarded
    }
}

/// A file that is not the same at base and head. A renamed file is two: one that goes, one that comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackedChange {
    /// The path, relative to the plan's folder.
    pub path: String,
    /// The file at base; none when it is new.
    pub before: Option<TrackedFile>,
    /// The file at head; none when it was deleted.
    pub after: Option<TrackedFile>,
}

/// A tracked file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackedFile {
    /// git's mode in octal: `100644`, `100755`, `120000` or `160000`.
    pub mode: String,
    /// git's id of the blob, or of a submodule's commit, in hex.
    pub id: String,
}

/// One of the two documents that a change of protected files needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SafetyDocument {
    /// Which threats the change brings.
    ThreatModel,
    /// How it is taken back.
    RollbackPlan,
}

impl SafetyDocument {
    /// Returns the plan's key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ThreatModel => "threat-model",
            Self::RollbackPlan => "rollback-plan",
        }
    }
}

/// One thing that is wrong with a packet's changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "name")]
pub enum ScopeFinding {
    /// A file lies outside the packet's scope.
    Outside {
        /// The file.
        path: String,
    },
    /// A protected file was changed, and the packet names no such document.
    Unguarded {
        /// The file.
        path: String,
        /// Under which name it is protected.
        protected: Name,
        /// Which document is wanted.
        document: SafetyDocument,
    },
    /// The document is not tracked at head.
    DocumentMissing {
        /// The kind of document that the packet's contract does not name.
        document: SafetyDocument,
        /// Where the plan says that it is.
        at: TreePath,
    },
    /// The document says nothing.
    DocumentEmpty {
        /// The kind of document that is not tracked.
        document: SafetyDocument,
        /// The path from the packet's contract.
        at: TreePath,
    },
    /// The document does not name the packet, or a protected file that was changed.
    DocumentSilent {
        /// The kind of document that does not name the packet or the path.
        document: SafetyDocument,
        /// The path from the packet's contract.
        at: TreePath,
        /// The packet or the file.
        about: String,
    },
}

impl fmt::Display for ScopeFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside { path } => write!(f, "`{path}` is outside the packet's scope"),
            Self::Unguarded { path, protected, document } => {
                write!(f, "`{path}` is protected (`{protected}`), and the packet has no `{}`", document.as_str())
            }
            Self::DocumentMissing { document, at } => {
                write!(f, "the `{}` `{at}` is not tracked at head", document.as_str())
            }
            Self::DocumentEmpty { document, at } => write!(f, "the `{}` `{at}` is empty", document.as_str()),
            Self::DocumentSilent { document, at, about } => {
                write!(f, "the `{}` `{at}` does not name `{about}`", document.as_str())
            }
        }
    }
}

/// Writes a path of the repository relative to the plan's folder; `None` is the repository's root.
#[must_use]
pub fn relative(path: &str, folder: Option<&TreePath>) -> String {
    let Some(folder) = folder else { return path.to_owned() };
    let (folder, segments): (Vec<&str>, Vec<&str>) = (folder.as_str().split('/').collect(), path.split('/').collect());
    let common = folder.iter().zip(&segments).take_while(|(one, other)| one == other).count();
    let up = vec![".."; folder.len() - common];
    up.into_iter().chain(segments[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// Matches paths as a scope does.
struct Globs(Vec<(bool, PathGlob)>);

impl Globs {
    fn new(globs: &[String]) -> Self {
        let compile = |glob: &String| {
            (glob.starts_with("../"), PathGlob::new(glob).expect("globs were checked when the plan was parsed"))
        };
        Self(globs.iter().map(compile).collect())
    }

    fn matches(&self, path: &str) -> bool {
        self.0.iter().any(|(outside, glob)| *outside == path.starts_with("../") && glob.matches(path))
    }
}

/// Whether a text names a packet or a path, and not only something that begins or ends with it.
fn mentions(text: &str, what: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '/');
    text.match_indices(what).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + what.len()..]);
        let mut next = after.chars();
        let first = next.next();
        // A full stop may end a sentence or go on as a suffix.
        let goes_on = first.is_some_and(part) || (first == Some('.') && next.next().is_some_and(part));
        !goes_on && !before.chars().next_back().is_some_and(|letter| part(letter) || letter == '.')
    })
}

#[cfg(test)]
mod tests;
