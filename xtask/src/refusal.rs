//! Why a chore stopped, what mends it, and the exit code.

use std::fmt;
use std::process::ExitCode;

/// Why a chore did not get to its end.
#[derive(Debug)]
pub struct Refusal {
    code: u8,
    what: String,
    hints: Vec<String>,
}

impl Refusal {
    /// The command line is wrong (exit 2).
    pub fn usage(what: &str) -> Self {
        Self { code: 2, what: what.to_owned(), hints: Vec::new() }
    }

    /// An engine, a registry or this machine could not serve (exit 4).
    pub fn machine(what: impl Into<String>) -> Self {
        Self { code: 4, what: format!("error: {}", what.into()), hints: Vec::new() }
    }

    /// A check could not be made (exit 1): never a pass.
    pub fn check(what: impl Into<String>) -> Self {
        Self { code: 1, what: format!("error: {}", what.into()), hints: Vec::new() }
    }

    /// Adds what a person can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.hints.iter().try_for_each(|hint| write!(f, "\nhint: {hint}"))
    }
}
