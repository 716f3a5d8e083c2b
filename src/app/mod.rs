//! Tier 3: the use cases, one a file.

pub mod image;
