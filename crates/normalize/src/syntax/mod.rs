//! The notations that the normalizers share.

pub(crate) mod json;
pub(crate) mod json_text;
pub(crate) mod sgr;
pub(crate) mod token;
