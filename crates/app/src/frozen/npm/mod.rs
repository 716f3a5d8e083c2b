//! What the commands of npm, pnpm and yarn need frozen: packages as the lock pins them, recorded advisories.

pub mod advisories;
mod client_program;
mod entry;
#[cfg(test)]
mod front_tests;
pub(crate) mod lock;
pub(crate) mod packages;
mod pnpm_lock;
pub(super) mod tarball_lock;
mod tarballs;
pub(crate) mod wanted;
mod yarn_lock;
