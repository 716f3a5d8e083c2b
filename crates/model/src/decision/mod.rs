//! What follows from the evidence: scope, board, verdict.

pub mod approval;
pub mod board;
pub mod proposal;
pub mod risk;
pub mod scope;
pub mod verdict;
