//! Standard output: data, and an honest end when nobody reads it.

use std::io::Write as _;

use super::exit::Exit;
use super::failure::Failure;

/// Writes data to standard output.
///
/// # Errors
/// A [`Failure`] when it cannot be written: a broken pipe is never success.
pub fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| Failure::plain(Exit::Undecided, format!("cannot write to standard output: {error}"), None))
}
