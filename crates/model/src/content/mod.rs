//! What is addressed by its content: digests, names and trees, as REAPI spells them.

pub mod base64;
pub mod digest;
pub mod git_id;
pub mod hex;
pub mod integrity;
pub mod name;
pub mod tree;
