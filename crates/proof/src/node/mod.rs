//! The tools of Node.js projects.

pub(crate) mod eslint;
pub(crate) mod if_present;
pub(crate) mod jest;
pub(crate) mod node_test;
mod npm;
pub(crate) mod npm_audit;
pub(crate) mod npm_ci;
pub(crate) mod pnpm_audit;
mod sources;
pub(crate) mod tsc;
pub(crate) mod vitest;
pub(crate) mod yarn_audit;
