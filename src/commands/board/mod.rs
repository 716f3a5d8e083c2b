//! What the board shows, and each judgement of the source that it rests on.

pub(crate) mod documents;
pub(crate) mod pins;
pub(crate) mod scope;
pub(crate) mod sections;
pub(crate) mod status;
pub(crate) mod suppressions;
