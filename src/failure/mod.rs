//! Errors as the user sees them: what went wrong, what caused it, and a command that mends it.
//!
//! An error has its hint beside it ([`Hint`]); which exit code it ends with is decided here, in [`exits`] and [`use_cases`].

mod attest;
mod exits;
mod use_cases;

use std::error::Error;

use super::exit::Exit;
use rcrepro_model::text::address::without_secrets;
use rcrepro_model::text::causes::causes;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::door::DoorError;

/// An error on its way to the terminal.
#[derive(Debug)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// The text of the error itself.
    pub message: String,
    /// What caused it, the nearest cause first.
    pub causes: Vec<String>,
    /// A command that mends it, or a setting.
    pub hint: Option<String>,
    /// Whether nothing is printed, because the reader has gone.
    pub silent: bool,
}

impl Failure {
    /// Takes an error, everything that caused it, and its hint.
    pub fn new(exit: Exit, error: &impl Hint) -> Self {
        Self::with_hint(exit, error, error.hint())
    }

    /// Takes an error whose type knows no hint.
    pub fn with_hint(exit: Exit, error: &dyn Error, hint: Option<String>) -> Self {
        let message = error.to_string();
        let mut told: Vec<String> = Vec::new();
        for cause in causes(error) {
            let text = cause.to_string();
            // Many an error repeats its cause.
            if !message.contains(&text) && !told.iter().any(|said| said.contains(&text)) {
                told.push(text);
            }
        }
        let mut refusals =
            causes(error).filter_map(|cause| cause.downcast_ref::<std::io::Error>().and_then(DoorError::of));
        // What is wrong with a file itself is nearer than what the command makes of it.
        let hint = refusals.next().map(DoorError::hint).or(hint);
        let causes = told.iter().map(|cause| without_secrets(cause).into_owned()).collect();
        Self { causes, ..Self::plain(exit, message, hint) }
    }

    /// Says something that no error type says. Every error passes here, so that none quotes the credentials of an address.
    pub fn plain(exit: Exit, message: impl Into<String>, hint: Option<String>) -> Self {
        let message = without_secrets(&message.into()).into_owned();
        let hint = hint.map(|hint| without_secrets(&hint).into_owned());
        Self { exit, message, causes: Vec::new(), hint, silent: false }
    }

    /// Gives the error with all that caused it, in a line.
    pub fn words(&self) -> String {
        std::iter::once(&self.message).chain(&self.causes).cloned().collect::<Vec<_>>().join(": ")
    }

    /// Ends with an exit code and prints nothing.
    pub fn silent(exit: Exit) -> Self {
        Self { silent: true, ..Self::plain(exit, "", None) }
    }
}
