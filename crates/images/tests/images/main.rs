//! Registries, real ones, ones that break and ones that lie; and images and packages, hostile ones included.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod fetching;
mod hostile_archives;
mod layers;
mod lies;
mod real;
mod resume;
mod validate_layers;
