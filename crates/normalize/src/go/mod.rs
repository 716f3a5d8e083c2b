//! The Go toolchain's output.

pub(crate) mod go_build;
pub(crate) mod go_test;
pub(crate) mod go_test_json;
pub(crate) mod go_test_v;
pub(crate) mod go_vet_json;
