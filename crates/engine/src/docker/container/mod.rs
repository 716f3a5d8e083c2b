//! One container: what it is made from, how it runs, how it goes.

pub(crate) mod ending;
pub(crate) mod init;
pub(crate) mod labels;
pub(crate) mod lifecycle;
pub(crate) mod removal;
pub(crate) mod spec;
pub(crate) mod trash;
pub(crate) mod volume;
