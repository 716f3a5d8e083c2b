//! Archives: what strangers packed, read within bounds, and what we pack, always the same bytes for the same content.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use zip as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

#![warn(clippy::expect_used)]

use std::io::{self, Read};

pub mod tar;
pub mod zip;

/// Reads until the buffer is full or the reader ends; returns how much was read.
///
/// # Errors
/// What the reader says.
pub fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
