//! What mends an error, beside the error.

use std::error::Error;

/// An error that knows what may mend it.
pub trait Hint: Error {
    /// Gives a command that can be run, or a setting; none where nothing is known to help.
    fn hint(&self) -> Option<String>;
}
