//! Checks on one figure per file, folder or manifest.

pub mod functions;
pub mod lengths;
pub mod rooms;
pub mod type_names;
pub mod vendor_words;
pub mod vendors;
