//! What executes commands.

pub(crate) mod mutate;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod shake;
