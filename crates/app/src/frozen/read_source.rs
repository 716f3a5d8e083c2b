//! How the judges of a client's files read the source.

use std::convert::Infallible;

/// Reads a file of the source by its path below the root; `None` when it is not there.
pub type ReadSource<'a, E = Infallible> = &'a dyn Fn(&str) -> Result<Option<Vec<u8>>, E>;
