//! Toolchain images from locks: the same bytes everywhere, and nothing that the lock does not say.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod archive_server;
mod committed;
mod determinism;
mod hostile;
mod layout;
mod programs;
mod sbom;
mod served;
mod tamper;
mod update;
mod validate;
