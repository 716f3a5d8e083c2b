//! What scans found, in three forms of one list.

pub mod json;
pub mod sarif;
#[cfg(test)]
mod tests;
pub mod text;
