//! govulncheck: the order of its messages, the package that it happens to name, a timestamp.
//!
//! Shapes from recorded runs of govulncheck 1.9.0. Its SARIF needs no normalizer: all recorded runs were equal byte for
//! byte, as long as the database is at one path.

mod json;
mod openvex;
mod text;

pub(super) use json::NORMALIZER as JSON;
pub(super) use openvex::NORMALIZER as OPENVEX;
pub(super) use text::NORMALIZER as TEXT;
