//! What reads evidence and executes nothing.

pub(crate) mod attest;
pub(crate) mod log;
pub(crate) mod verify;
pub(crate) mod why;
