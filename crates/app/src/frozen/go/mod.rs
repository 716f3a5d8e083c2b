//! What Go's commands need frozen: modules, the compiled standard library, the vulnerability database.

pub(crate) mod modules;
mod std_cache;
pub mod vulndb;
