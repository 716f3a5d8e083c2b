//! Tar archives: POSIX ustar and pax, with GNU's long names.
//!
//! Source: POSIX.1-2017, "pax Interchange Format" and "ustar Interchange Format"; the GNU tar manual, "Basic Tar Format".

pub mod blocks;
mod header;
pub mod package;
mod pax;
pub mod reader;
pub mod unchecked;
pub mod writer;

pub use self::header::{MemberKind, TarHeader, begins_tar};
pub use self::pax::PaxRecords;

/// Headers and contents fill whole blocks of this many bytes.
const BLOCK: usize = 512;
