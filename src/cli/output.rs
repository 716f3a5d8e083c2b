//! The three ways out, one for each medium, and an honest end when nobody reads.
//!
//! Text and lines may hold what strangers wrote, so that they are made harmless here, wherever they come from. Only what
//! was asked for byte by byte goes out as it is.

use std::fmt;
use std::io::{self, Write as _};

use serde_json::Value;

use super::exit::Exit;
use super::failure::Failure;
use crate::model::printable;

/// Writes text for people to standard output.
///
/// # Errors
/// A [`Failure`] when it cannot be written: a broken pipe is never success.
pub fn print(text: impl AsRef<str>) -> Result<(), Failure> {
    print_bytes(printable::lines(text.as_ref()).as_bytes())
}

/// Writes a JSON document, and the end of its line, to standard output.
///
/// # Errors
/// As [`print`].
pub fn print_json(document: &Value) -> Result<(), Failure> {
    print_json_text(&format!("{document}\n"))
}

/// Writes a JSON document that is made already, such as a canonical one.
///
/// # Errors
/// As [`print`].
pub fn print_json_text(document: &str) -> Result<(), Failure> {
    print_bytes(printable::json(document).as_bytes())
}

/// Writes what was asked for: a JSON document or text for people.
///
/// # Errors
/// As [`print`].
pub fn show(json: bool, document: impl FnOnce() -> Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
    if json { print_json(&document()) } else { print(text()) }
}

/// Writes bytes to standard output as they are: a stream or file that was asked for.
///
/// # Errors
/// As [`print`].
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::plain(Exit::Undecided, format!("cannot write to standard output: {error}"), None))
}

/// Gives standard output for a stream of a command, which goes out byte by byte as it was asked for.
pub fn raw() -> impl io::Write {
    io::stdout().lock()
}

/// Writes a line for people to standard error. When that is gone, nobody is left to tell.
pub fn print_aside(line: fmt::Arguments<'_>) {
    drop(writeln!(io::stderr(), "{}", printable::line(&line.to_string())));
}

/// Writes a line for people to standard error, as `eprintln!` would.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::cli::output::print_aside(format_args!($($line)*))
    };
}
pub(super) use say;

/// Writes text for people to standard error.
pub fn complain(text: &str) {
    drop(io::stderr().write_all(printable::lines(text).as_bytes()));
}
