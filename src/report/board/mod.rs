//! The packet board and the verdict, as people read them.

pub mod json;
pub mod markdown;
pub mod text;

#[cfg(test)]
mod tests;
