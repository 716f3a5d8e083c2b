//! What the commands of npm, pnpm and yarn need frozen: packages as the lock pins them, recorded advisories.

pub mod advisories;
mod client_program;
mod entry;
pub(crate) mod lock;
pub(crate) mod packages;
mod pnpm_lock;
mod tarball_lock;
mod tarballs;
pub(crate) mod wanted;
mod yarn_lock;
