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
    /// The file and the line of it that it is about, where it names them: what is not there cannot be silenced.
    pub about: Option<(String, Option<u32>)>,
    /// Whether the file itself shows that it silences something.
    pub in_use: bool,
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
        Self { about: Some((file.to_owned(), line)), ..self }
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
