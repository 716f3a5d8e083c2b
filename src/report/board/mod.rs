//! The packet board and the verdict, as people read them.

pub mod json;
pub mod text;

// Written into documents too, whose sections a criterion can rest on: so the text is of the tier that use cases see.
pub use crate::documents::written as markdown;

#[cfg(test)]
mod tests;
