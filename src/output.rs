//! The three ways out, one for each medium, and an honest end when nobody reads.
//!
//! Text and lines may hold what strangers wrote, so that they are made harmless here, wherever they come from. Only what
//! was asked for byte by byte goes out as it is.

#![expect(clippy::disallowed_methods, reason = "the way out")]

use std::fmt;
use std::io::{self, BufRead as _, ErrorKind, IsTerminal as _, Read, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::exit::Exit;
use super::failure::Failure;
use super::folder;
use rcrepro_model::text::printable;

/// Whether anything was written to standard output: a command prints one document, and an error adds no second one.
static PRINTED: AtomicBool = AtomicBool::new(false);

/// Whether standard error gets lines of JSON.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// Lets everything on standard error be a line of JSON from now on.
pub fn speak_json() {
    AS_JSON.store(true, Ordering::Relaxed);
}

/// Tells whether anything was written to standard output, or tried to be.
pub fn has_printed() -> bool {
    PRINTED.load(Ordering::Relaxed)
}

/// Writes text for people to standard output.
///
/// # Errors
/// A [`Failure`] when it cannot be written: a broken pipe is never success.
pub fn print(text: impl AsRef<str>) -> Result<(), Failure> {
    print_quoted(folder::report(text.as_ref()))
}

/// As [`print()`], with every command as it is: for what shows the words of others, such as streams.
///
/// # Errors
/// As [`print()`].
pub fn print_quoted(text: impl AsRef<str>) -> Result<(), Failure> {
    print_bytes(printable::lines(text.as_ref()).as_bytes())
}

/// Writes a JSON document, and the end of its line, to standard output.
///
/// # Errors
/// As [`print()`].
pub fn print_json(document: &Value) -> Result<(), Failure> {
    print_json_text(&format!("{}\n", folder::document(document)))
}

/// Writes a JSON document that is made already, such as a canonical one.
///
/// # Errors
/// As [`print()`].
pub fn print_json_text(document: &str) -> Result<(), Failure> {
    print_bytes(printable::json(document).as_bytes())
}

/// Writes what was asked for: a JSON document or text for people.
///
/// # Errors
/// As [`print()`].
pub fn show(json: bool, document: impl FnOnce() -> Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
    if json { print_json(&document()) } else { print(text()) }
}

/// Writes bytes to standard output as they are: a stream or file that was asked for.
///
/// # Errors
/// As [`print()`].
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    PRINTED.store(true, Ordering::Relaxed);
    let mut out = io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| unwritten(&error))
}

/// Tells whether standard output is a terminal, which obeys what it is sent.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Copies data of any size to standard output byte by byte, as it was asked for; `what` it is, for the error when it cannot be
/// read.
///
/// # Errors
/// A [`Failure`] when it cannot be read, or written.
pub fn print_all(what: &str, data: &mut dyn Read) -> Result<(), Failure> {
    let mut piece = vec![0; 64 << 10];
    loop {
        match data.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => print_bytes(&piece[..count])?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(what, &error)),
        }
    }
}

/// As [`print_all`], with what a terminal would obey written out.
///
/// # Errors
/// As [`print_all`].
pub fn print_lines(what: &str, data: &mut dyn Read) -> Result<(), Failure> {
    let mut data = io::BufReader::new(data);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = Read::take(&mut data, 64 << 10).read_until(b'\n', &mut line);
        match read {
            Ok(0) => return Ok(()),
            Ok(_) => print_quoted(String::from_utf8_lossy(&line))?,
            Err(error) => return Err(unreadable(what, &error)),
        }
    }
}

/// Says why data cannot be read.
fn unreadable(what: &str, error: &io::Error) -> Failure {
    let hint = Some("rcrepro doctor --blobs".to_owned());
    Failure::plain(Exit::Undecided, format!("cannot read {what}: {error}"), hint)
}

/// Says why nothing can be written; a reader who has seen enough, such as `head`, is told nothing.
fn unwritten(error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::silent(Exit::Undecided),
        _ => Failure::plain(Exit::Undecided, format!("cannot write to standard output: {error}"), None),
    }
}

/// Writes a line for people to standard error, or for machines what it says; a closed one is ignored.
pub fn print_aside(line: fmt::Arguments<'_>) {
    if AS_JSON.load(Ordering::Relaxed) {
        return complain(&line.to_string());
    }
    drop(writeln!(io::stderr(), "{}", printable::line(&folder::report(&line.to_string()))));
}

/// Writes a line for people to standard error, as `eprintln!` would.
macro_rules! say {
    ($($line:tt)*) => {
        $crate::output::print_aside(format_args!($($line)*))
    };
}
pub(super) use say;

/// Writes a document to standard error, in a line.
pub fn complain_json(document: &Value) {
    drop(writeln!(io::stderr(), "{}", printable::json(&folder::document(document).to_string())));
}

/// Writes text for people to standard error, or for machines what it says.
pub fn complain(text: &str) {
    if AS_JSON.load(Ordering::Relaxed) {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if !lines.is_empty() {
            complain_json(&serde_json::json!({ "event": "said", "says": folder::report(&lines.join("\n")) }));
        }
        return;
    }
    drop(io::stderr().write_all(printable::lines(&folder::report(text)).as_bytes()));
}
