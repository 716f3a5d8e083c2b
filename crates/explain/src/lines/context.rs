//! The surroundings of two differing texts, which the rules look at, and what a rule finds.

use super::token::{Token, TokenKind};
use crate::Hints;
use rcrepro_model::why::difference::DifferenceClass;

/// The surroundings of two lines.
#[derive(Debug, Clone, Copy)]
pub struct LineContext<'a> {
    /// What is known of the command.
    pub hints: &'a Hints<'a>,
    /// The key that the text is the value of, where it is.
    pub key: Option<&'a str>,
    /// The column heads of the table that holds the line.
    pub heads: &'a [&'a str],
}

/// What removes an instant.
pub(crate) const CLOCK: &str = "clock = \"stands\" in the plan; SOURCE_DATE_EPOCH for tools that honour it";

/// Names what removes a time span from the output of the command's programs.
pub(crate) fn span_remedy(place: &PairContext<'_>) -> &'static str {
    const OF_PROGRAMS: [(&str, &str); 6] = [
        ("vitest", "normalize.stdout = [\"sgr\", \"vitest\"]"),
        ("vite", "normalize.stdout = [\"vite\"], normalize.stderr = [\"vite\"]"),
        ("go", "normalize.stdout = [\"go-test\"], or quantised = [\"go\"]"),
        ("npm", "normalize.stdout = [\"npm-ci\"]"),
        ("yarn", "env.YARN_ENABLE_TIMERS = \"0\" for yarn 2 and later, --silent for yarn 1"),
        ("gitleaks", "clock = \"stands\" with quantised = [\"gitleaks\"]"),
    ];
    let known = OF_PROGRAMS.iter().find(|(program, _)| place.around.hints.runs(&[program]));
    known.map_or(
        "a normalizer of the tool, or quantised = [\"PROGRAM\"] in the plan; or do not print it",
        |(_, remedy)| remedy,
    )
}

/// The surroundings of a pair.
#[derive(Debug, Clone)]
pub struct PairContext<'a> {
    /// The key, the heads and the hints that hold for both lines.
    pub around: LineContext<'a>,
    /// Both lines.
    pub lines: [&'a str; 2],
    /// Each line cut by `lines::token`.
    pub tokens: [&'a [Token<'a>]; 2],
    /// Which tokens are the pair; a span may be empty.
    pub spans: [std::ops::Range<usize>; 2],
    /// The differing parts of both lines.
    pub texts: [&'a str; 2],
}

/// A class with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Decides the remedy and where the difference counts.
    pub class: DifferenceClass,
    /// What made the texts differ, for people.
    pub cause: String,
    /// What removes it.
    pub remedy: Option<&'static str>,
}

impl Reason {
    pub(crate) fn new(class: DifferenceClass, cause: impl Into<String>, remedy: &'static str) -> Self {
        Self { class, cause: cause.into(), remedy: Some(remedy) }
    }
}

impl PairContext<'_> {
    pub(crate) fn kind(&self, side: usize) -> Option<TokenKind> {
        let span = &self.spans[side];
        (span.len() == 1).then(|| self.tokens[side][span.start].kind)
    }

    /// Returns the last words before the pair in the first line, nearest first, in lower case.
    pub(crate) fn words_before(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.spans[0].start == 0 {
            words.extend(self.around.key.map(str::to_ascii_lowercase));
        }
        let before = &self.tokens[0][..self.spans[0].start];
        words.extend(
            before.iter().rev().filter(|t| t.kind == TokenKind::Word).take(2).map(|t| t.text.to_ascii_lowercase()),
        );
        words.extend(self.around.key.map(str::to_ascii_lowercase));
        words
    }

    /// Returns the key right before the pair: `key=`, `key: ` or `key="`.
    pub(crate) fn key(&self) -> String {
        let mut before = self.tokens[0][..self.spans[0].start]
            .iter()
            .rev()
            .filter(|t| t.kind != TokenKind::Space && !matches!(t.text, "\"" | "'"));
        match (before.next(), before.next()) {
            (None, _) => self.around.key.unwrap_or("").to_ascii_lowercase(),
            (Some(mark), Some(word)) if matches!(mark.text, "=" | ":") => word.text.to_ascii_lowercase(),
            _ => String::new(),
        }
    }

    pub(crate) fn character_before(&self) -> Option<char> {
        self.tokens[0].get(self.spans[0].start).and_then(|token| self.lines[0][..token.at].chars().next_back())
    }

    /// Returns the head of the pair's column.
    pub(crate) fn head(&self) -> Option<&str> {
        let at = self.tokens[0].get(self.spans[0].start)?.at;
        let column = self.lines[0][..at].split_whitespace().count();
        self.around.heads.get(column).copied()
    }

    pub(crate) fn whole_line(&self) -> bool {
        self.lines[0].trim() == self.texts[0].trim() && self.lines[1].trim() == self.texts[1].trim()
    }
}
