//! Code: the comments and calls in it that silence something, and what of it is comment, text or code.

mod comments;
mod go;
mod javascript;
mod jsx;
mod language;
mod part;
mod parts;
mod skipped_tests;
mod word;

pub(super) use comments::found;
pub(super) use language::{is_code, is_set_aside};
pub(super) use parts::Comments;
