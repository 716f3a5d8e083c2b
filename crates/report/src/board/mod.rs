//! The packet board and the verdict, as people read them.

pub mod json;
#[cfg(test)]
mod tests;
pub mod text;

// Written into documents too, whose sections a criterion can rest on: so the text is of the tier that use cases see.
pub use rcrepro_pins::documents::written as markdown;
