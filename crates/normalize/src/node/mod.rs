//! The output of Node, npm and their tools.

pub(crate) mod jest;
pub(crate) mod node_spec;
pub(crate) mod npm_ci;
pub(crate) mod npm_error;
pub(crate) mod npm_warnings;
pub(crate) mod tsc_diagnostics;
pub(crate) mod vite;
pub(crate) mod vitest;
pub(crate) mod vitest_json;
pub(crate) mod vitest_verbose;
