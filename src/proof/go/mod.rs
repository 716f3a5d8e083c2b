//! The go command: its flags, the packages of a module, and what proves that it built, vetted or tested.

pub(super) mod build;
mod flags;
mod module;
pub(super) mod test;
mod test_main;
pub(super) mod vet;

pub(super) use flags::Flags;
pub(super) use module::{Module, Place};
