//! `rcrepro image` as a user runs it, and image builds beside other tools.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod bench;
mod command_line;
mod validate;
