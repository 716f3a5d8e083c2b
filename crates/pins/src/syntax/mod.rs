//! The notations below the readers.

pub mod arguments;
pub mod expand;
pub mod places;
pub mod yaml;
