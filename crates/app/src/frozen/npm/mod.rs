//! What npm's commands need frozen: packages as the lock pins them, recorded advisories.

pub mod advisories;
pub(crate) mod lock;
pub(crate) mod packages;
