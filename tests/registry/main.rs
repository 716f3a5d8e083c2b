//! Registries: real ones, ones that break, and ones that lie.

#[path = "../images/fixture.rs"]
mod fixture;

mod command_line;
mod debian;
mod image;
mod lies;
mod real;
mod resume;
mod server;
