//! One file for each subcommand.

pub(crate) mod advisories;
pub(crate) mod board;
pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod documents;
pub(crate) mod findings;
pub(crate) mod image;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod mutate;
pub(crate) mod pins;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod scope;
pub(crate) mod sections;
pub(crate) mod shake;
pub(crate) mod verify;
pub(crate) mod why;
