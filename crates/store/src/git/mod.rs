//! Git repositories: history, working copies, and scratch copies.

pub mod history;
pub mod scratch;
pub mod shallow;
pub mod status;
pub mod stored;
