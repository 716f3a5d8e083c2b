//! What lies in the folder of evidence beside a manifest, as it is found: damage, strays, and what only line ends keep apart.
//!
//! A name that is a SHA-256 promises bytes, so that other bytes under it are a contradiction. Any other name promises nothing:
//! what a file manager or a person left there is told and never opened.

#![warn(clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::evidence::finding::{Finding, FindingName, Note};
use rcrepro_model::text::plural::counted;
use rcrepro_store::{BlobStore, StoreError};

/// The largest blob whose line ends are tried the other way round: 4 MiB.
pub(crate) const LINE_END_LIMIT: u64 = 4 << 20;
/// How many bytes of such blobs are held altogether: 64 MiB.
const HELD: usize = 64 << 20;
/// How many names a sentence lists.
const NAMED: usize = 3;

/// A folder of evidence, with everything in it that is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvidenceFolder {
    pub(crate) path: PathBuf,
    /// Whether there is no such folder.
    pub(crate) missing: bool,
    /// What does not hold what its name promises.
    pub(crate) damaged: Vec<Damaged>,
    /// The names that promise nothing.
    pub(crate) strays: Vec<String>,
}

/// An entry that does not hold what its name promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    pub(crate) name: String,
    /// What is wrong.
    pub(crate) how: Damage,
}

/// Says what is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Its bytes hash to something else.
    Bytes {
        /// What they hash to.
        found: Sha256,
    },
    /// Its bytes match with other line ends.
    LineEnds {
        /// What was done to them.
        change: LineEnds,
        /// The bytes as they were; empty where too many of them would have to be held.
        restored: Vec<u8>,
    },
    /// It is a folder, a link, a device or the like, or has another size than was named, which is known without reading it.
    Refused {
        /// What was expected and found.
        why: String,
    },
    /// It cannot be read.
    Unreadable { why: String },
}

/// Says what was done to line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// CR LF stands where LF was.
    Added,
    /// LF stands where CR LF was.
    Removed,
}

impl LineEnds {
    /// Names the change.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "CR LF where LF was",
            Self::Removed => "LF where CR LF was",
        }
    }
}

/// Finds the bytes that hash to `wanted` and differ from these in line ends alone.
#[must_use]
pub(crate) fn other_line_ends(bytes: &[u8], wanted: Sha256) -> Option<(LineEnds, Vec<u8>)> {
    let mut without = Vec::with_capacity(bytes.len());
    let mut with = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        let ends = *byte == b'\r' && bytes.get(at + 1) == Some(&b'\n');
        if !ends {
            without.push(*byte);
        }
        if *byte == b'\n' && at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'\r') {
            with.push(b'\r');
        }
        with.push(*byte);
    }
    let found = [(LineEnds::Added, without), (LineEnds::Removed, with)];
    found.into_iter().find(|(_, bytes)| Sha256::of(bytes) == wanted)
}

impl EvidenceFolder {
    /// Lists what is wrong; `at` names the folder.
    #[must_use]
    pub(crate) fn findings(&self, at: &str) -> Vec<Finding> {
        let mut found: Vec<Finding> = self.damaged.iter().filter_map(|damaged| damaged.finding(at)).collect();
        for change in [LineEnds::Added, LineEnds::Removed] {
            let names: Vec<&str> =
                self.damaged.iter().filter(|damaged| damaged.is(change)).map(Damaged::short).collect();
            if names.is_empty() {
                continue;
            }
            found.push(Finding {
                name: FindingName::LineEndsChanged,
                at: at.to_owned(),
                expected: "the line ends that were recorded".to_owned(),
                found: format!("{} with {}: {}", blobs(names.len()), change.as_str(), listed(&names)),
            });
        }
        found
    }

    /// Lists what a reader should know beside that.
    #[must_use]
    pub(crate) fn notes(&self, at: &str) -> Vec<Note> {
        let mut notes = Vec::new();
        if !self.strays.is_empty() {
            let names: Vec<&str> = self.strays.iter().map(String::as_str).collect();
            let verb = if names.len() == 1 { "is not a blob and was" } else { "are not blobs and were" };
            notes.push(Note { at: at.to_owned(), says: format!("{} {verb} not read", listed(&names)) });
        }
        if self.damaged.iter().any(|damaged| matches!(damaged.how, Damage::LineEnds { .. })) {
            let says = "git's `core.autocrlf` or a text attribute changes line ends, and nothing else was changed: write \
                        `* -text` into a `.gitattributes` beside the manifest, then `git add --renormalize .` where it was \
                        recorded, and clone again";
            notes.push(Note { at: at.to_owned(), says: says.to_owned() });
        }
        notes
    }

    /// Puts blobs that only line ends keep from matching into a store as they were, so that everything else can be judged, and
    /// gives their digests.
    ///
    /// # Errors
    /// [`StoreError`] when the store takes nothing.
    pub(crate) fn restore(&self, store: &dyn BlobStore) -> Result<BTreeSet<Digest>, StoreError> {
        let restored = self.damaged.iter().filter_map(|damaged| match &damaged.how {
            Damage::LineEnds { restored, .. } if !restored.is_empty() => Some(store.put(restored)),
            _ => None,
        });
        restored.collect()
    }

    /// Notes an entry whose bytes are not those that its name promises; `bytes` are all of them where there are few.
    pub(crate) fn differs(&mut self, name: String, wanted: Sha256, found: Digest, bytes: Option<&[u8]>) {
        let held: usize = self.damaged.iter().map(|damaged| damaged.held()).sum();
        let how = match bytes.and_then(|bytes| other_line_ends(bytes, wanted)) {
            Some((change, restored)) if held + restored.len() <= HELD => Damage::LineEnds { change, restored },
            Some((change, _)) => Damage::LineEnds { change, restored: Vec::new() },
            None => Damage::Bytes { found: found.hash },
        };
        self.damaged.push(Damaged { name, how });
    }
}

impl Damaged {
    fn is(&self, wanted: LineEnds) -> bool {
        matches!(&self.how, Damage::LineEnds { change, .. } if *change == wanted)
    }

    fn held(&self) -> usize {
        match &self.how {
            Damage::LineEnds { restored, .. } => restored.len(),
            _ => 0,
        }
    }

    fn short(&self) -> &str {
        self.name.get(..12).unwrap_or(&self.name)
    }

    /// Describes the damage; that of line ends is told for all blobs at once.
    fn finding(&self, at: &str) -> Option<Finding> {
        let (name, found) = match &self.how {
            Damage::Bytes { found } => (FindingName::EvidenceDamaged, found.to_string()),
            Damage::Refused { why } => (FindingName::EvidenceDamaged, why.clone()),
            Damage::Unreadable { why } => (FindingName::EvidenceMissing, why.clone()),
            Damage::LineEnds { .. } => return None,
        };
        Some(Finding { name, at: format!("{at}/{}", self.name), expected: self.name.clone(), found })
    }
}

/// Says in a word or two what damage there is, for a reader of the board.
impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.name;
        match &self.how {
            Damage::Bytes { found } => write!(f, "`{name}` hashes to {found}"),
            Damage::LineEnds { change, .. } => write!(f, "`{name}` has {}", change.as_str()),
            Damage::Refused { why } => write!(f, "`{name}`: {why}"),
            Damage::Unreadable { why } => write!(f, "`{name}` cannot be read: {why}"),
        }
    }
}

fn blobs(count: usize) -> String {
    counted(count, "blob")
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(NAMED);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_tried_both_ways_and_other_changes_are_none_of_theirs() {
        let (unix, dos) = (b"a\nb\n\nc".as_slice(), b"a\r\nb\r\n\r\nc".as_slice());
        assert_eq!(other_line_ends(dos, Sha256::of(unix)), Some((LineEnds::Added, unix.to_vec())));
        assert_eq!(other_line_ends(unix, Sha256::of(dos)), Some((LineEnds::Removed, dos.to_vec())));
        assert_eq!(other_line_ends(b"a\r\nB\r\n\r\nc", Sha256::of(unix)), None);
        assert_eq!(other_line_ends(b"\r\r\n\n", Sha256::of(b"\r\n\n")), Some((LineEnds::Added, b"\r\n\n".to_vec())));
    }

    #[test]
    fn each_damage_has_its_rank_and_line_ends_are_told_once() {
        let mut folder = EvidenceFolder { strays: vec![".DS_Store".to_owned()], ..EvidenceFolder::default() };
        for text in ["one\n", "two\n"] {
            let crlf = text.replace('\n', "\r\n");
            let wanted = Sha256::of(text.as_bytes());
            folder.differs(wanted.to_string(), wanted, Digest::of(crlf.as_bytes()), Some(crlf.as_bytes()));
        }
        let wanted = Sha256::of(b"three");
        folder.differs(wanted.to_string(), wanted, Digest::of(b"4"), Some(b"4"));
        let found = folder.findings("evidence");
        let names: Vec<FindingName> = found.iter().map(|finding| finding.name).collect();
        assert_eq!(names, [FindingName::EvidenceDamaged, FindingName::LineEndsChanged]);
        assert!(found[1].found.starts_with("2 blobs with CR LF where LF was: `"), "{}", found[1].found);
        let notes: Vec<String> = folder.notes("evidence").into_iter().map(|note| note.says).collect();
        assert_eq!(notes[0], "`.DS_Store` is not a blob and was not read");
        assert!(notes[1].contains("* -text"));
        let store = rcrepro_store::memory::MemoryStore::default();
        folder.restore(&store).expect("restored");
        assert_eq!(store.get(Digest::of(b"one\n")).expect("there"), b"one\n");
    }
}
