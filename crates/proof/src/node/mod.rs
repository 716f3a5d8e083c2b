//! npm, Node and their tools.

pub(crate) mod if_present;
pub(crate) mod node_test;
pub(crate) mod npm;
pub(crate) mod npm_audit;
pub(crate) mod npm_ci;
pub(crate) mod tsc;
pub(crate) mod vitest;
