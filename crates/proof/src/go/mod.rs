//! The go command: its flags, the packages of a module, and what proves that it built, vetted or tested.

pub(crate) mod build;
mod constraint;
mod flags;
mod mention;
mod module;
mod reach;
mod source;
pub(crate) mod test;
mod test_main;
pub(crate) mod vet;

pub(super) use flags::Flags;
pub(super) use module::{Module, Place};
