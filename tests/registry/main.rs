//! Registries: real ones, ones that break, and ones that lie.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

#[path = "../images/fixture.rs"]
mod fixture;

mod command_line;
mod debian;
mod image;
mod lies;
mod real;
mod resume;
mod server;
