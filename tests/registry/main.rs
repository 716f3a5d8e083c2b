//! Registries: real ones, ones that break, and ones that lie.

mod image;
mod lies;
mod resume;
mod server;
