//! Images from locks: the same bytes everywhere, and nothing that the lock does not say.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod archive_server;
mod bench;
mod committed;
mod determinism;
mod fetching;
mod fixture;
mod hostile;
mod hostile_archives;
mod layers;
mod layout;
mod programs;
mod sbom;
mod served;
mod tamper;
mod update;
mod validate;
mod validate_layers;
