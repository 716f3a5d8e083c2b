//! What the tests of several crates need: archives made to order, registries and daemons to be broken, and a tiny image.
//!
//! Only ever a development dependency, so everything panics where it cannot do what it says. What needs crates high up is
//! behind the features `registry` and `toolchain`.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

pub mod advisory_server;
pub mod archives;
pub mod blinding;
pub mod busybox;
pub mod docker_registry;
#[cfg(feature = "registry")]
pub mod published;
#[cfg(feature = "schemas")]
pub mod schema;
pub mod second_daemon;
pub mod server;
#[cfg(feature = "registry")]
pub mod surveyed;
#[cfg(feature = "toolchain")]
pub mod toolchain;

use std::path::{Path, PathBuf};

/// Returns the root of the repository, which holds `examples/`, `images/` and `tests/fixtures/`.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the crate lies in crates/testkit")
}

/// Returns the folder in which tests keep what they fetched, made if it is missing: `tmp` in cargo's target folder, as
/// cargo's own `CARGO_TARGET_TMPDIR`, which only integration tests know when they are compiled.
pub fn kept() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let deps = program.parent().filter(|folder| folder.ends_with("deps"));
    let target = deps.and_then(|deps| deps.ancestors().nth(2)).expect("cargo puts tests into target/PROFILE/deps");
    let kept = target.join("tmp");
    std::fs::create_dir_all(&kept).expect("a folder in target/");
    kept
}

/// Gives the value in the middle; of an even number of them the upper one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
