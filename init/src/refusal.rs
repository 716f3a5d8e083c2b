//! What is said when the container cannot be made as asked.

use std::io::{self, Write as _};

use crate::sys;

/// The exit code when nothing was executed because the container cannot be made as asked.
pub const CANNOT: i32 = 125;

/// What could not be done, as a verb, and why.
pub type StartRefusal = (&'static str, String);

/// Names what was tried beside an error of the system.
pub fn or<T>(result: io::Result<T>, doing: &'static str) -> Result<T, StartRefusal> {
    result.map_err(|error| (doing, error.to_string()))
}

/// Says why nothing is executed, and ends.
pub fn refuse(doing: &str, reason: &str) -> ! {
    say(&format!("rcrepro-init: cannot {doing}: {reason}\n"));
    sys::exit(CANNOT)
}

/// Writes a line at once, and ignores a reader that is gone.
pub fn say(line: &str) {
    drop(io::stderr().write_all(line.as_bytes()));
}
