//! What Go's commands need frozen: modules, what is compiled of them and of the standard library, the vulnerability database.

pub(crate) mod added;
mod build_cache;
#[cfg(test)]
mod build_cache_tests;
pub(crate) mod modules;
pub mod settings;
mod std_cache;
pub mod vulndb;
