//! Text line by line, and lines token by token.

pub(crate) mod classify;
pub(crate) mod context;
pub(crate) mod instant;
pub(crate) mod numbers;
pub(crate) mod pair;
pub(crate) mod paths;
pub(crate) mod settings;
pub(crate) mod text;
pub(crate) mod token;
