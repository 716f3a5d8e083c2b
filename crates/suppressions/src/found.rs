//! What a reader of one file finds.

use rcrepro_model::evidence::suppression::UNREAD;

/// A suppression in a file, before it is known what else the tree holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSuppression {
    /// The kind's id.
    pub kind: &'static str,
    /// The line, from 1.
    pub line: u32,
    /// What is silenced, as it is written.
    pub silences: String,
    /// The reason beside it.
    pub reason: Option<String>,
    /// What it is about, where it names that: what is not there cannot be silenced.
    pub about: Option<SilencedPlace>,
    /// Whether the file itself shows that it silences something.
    pub in_use: bool,
}

/// A file, and a line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilencedPlace {
    /// The path.
    pub file: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// Whether the path may begin in any folder, and not only in the source's root.
    pub is_of_any_folder: bool,
}

/// The longest text that is kept of what is silenced and of a reason, in characters.
const LONGEST: usize = 200;

impl FoundSuppression {
    /// Makes one; of long texts only the beginning is kept.
    #[must_use]
    pub fn new(kind: &'static str, line: u32, silences: &str) -> Self {
        Self { kind, line, silences: cut(silences), reason: None, about: None, in_use: false }
    }

    /// Makes one for a file, or a list in it, that cannot be read; `why` has a remedy behind a semicolon.
    #[must_use]
    pub fn unread(kind: &'static str, line: u32, why: &str) -> Self {
        Self::new(kind, line, &format!("{UNREAD}{why}"))
    }

    /// Adds the reason, unless it is blank.
    #[must_use]
    pub fn because(self, reason: Option<&str>) -> Self {
        let reason = reason.map(cut).filter(|reason| reason.chars().any(char::is_alphanumeric));
        Self { reason, ..self }
    }

    /// Says which file and line it is about.
    #[must_use]
    pub fn about(self, file: &str, line: Option<u32>) -> Self {
        Self { about: Some(SilencedPlace { file: file.to_owned(), line, is_of_any_folder: false }), ..self }
    }

    /// Says which file and line it is about, by a path from a folder that only the line of a command tells.
    #[must_use]
    pub fn about_some(self, file: &str, line: Option<u32>) -> Self {
        Self { about: Some(SilencedPlace { file: file.to_owned(), line, is_of_any_folder: true }), ..self }
    }

    /// Marks that it silences something.
    #[must_use]
    pub fn in_use(self) -> Self {
        Self { in_use: true, ..self }
    }
}

/// Keeps one line of printable text.
fn cut(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}
