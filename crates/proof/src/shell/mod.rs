//! Reads a shell line as far as it takes to know which commands run on it and whether the line's exit code is theirs.
//!
//! This is not a shell: nothing is expanded, and what it cannot follow (conditions, loops, substitutions) counts as hiding
//! the exit codes of the commands inside.

mod doubt;
mod folder;
#[cfg(test)]
mod tests;
mod visit;

pub(super) use doubt::variable;
pub(super) use folder::{assignment, enter, is_literal, join};
pub(super) use visit::{Simple, simples};
