//! What scans found, in three forms of one list.

pub mod json;
pub mod sarif;
pub mod text;

#[cfg(test)]
mod tests;
