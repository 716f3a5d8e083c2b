//! One file for each subcommand, in a folder for each kind.

pub(crate) mod board;
pub(crate) mod evidence;
pub(crate) mod executing;
pub(crate) mod image;
pub(crate) mod init;
pub(crate) mod scans;
pub(crate) mod setup;
