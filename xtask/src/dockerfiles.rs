//! `cargo xtask dockerfiles`: the corpus of Dockerfiles in `tests/dockerfiles`, built by BuildKit on the real engine.

use std::path::Path;
use std::process::ExitCode;

use crate::engine;
use crate::machine;
use crate::passed;
use crate::refusal::Refusal;

/// Everything that decides what becomes of a Dockerfile, but for the engine.
const DECIDES: [&str; 12] = [
    "tests/dockerfiles",
    "tests/cli/dockerfiles.rs",
    "tests/cli/published.rs",
    "docs/dockerfiles.md",
    "crates/app/src/release",
    "crates/engine/src/docker",
    "crates/pins/src/dockerfile",
    "crates/store/src/ingest",
    "images/buildkit.toml",
    "init/src",
    "lockfiles/images/amd64/buildkit.lock",
    "xtask/src/dockerfiles.rs",
];
/// What `DECIDES` was when every Dockerfile last came out as docs/dockerfiles.md says.
const PASSED: &str = "tests/dockerfiles/passed";

/// Builds all of them, as [`run`] does, unless nothing that decides them has changed since they last passed.
///
/// # Errors
/// As [`run`].
pub fn run_if_changed(root: &Path) -> Result<ExitCode, Refusal> {
    match passed::is_unchanged(root, &DECIDES, &[], PASSED)? {
        true => Ok(ExitCode::SUCCESS),
        false => run(root, false),
    }
}

/// Builds every Dockerfile twice and compares with docs/dockerfiles.md, and pushes one of the images; with `record` it writes that page.
///
/// # Errors
/// When no engine can be had.
pub fn run(root: &Path, record: bool) -> Result<ExitCode, Refusal> {
    engine::ensure(root)?;
    let mut tests = machine::cargo(root);
    // The whole workspace is built with the same features as for its tests.
    tests.args(["test", "--quiet", "--workspace", "--test", "cli", "--", "--ignored", "dockerfiles::", "published::"]);
    if record {
        tests.env("RCREPRO_DOCKERFILES_RECORD", "1");
    }
    let status = tests.status().map_err(|error| Refusal::machine(format!("cannot start cargo: {error}")))?;
    if status.success() {
        passed::note(root, &DECIDES, &[], PASSED)?;
    }
    Ok(ExitCode::from(u8::from(!status.success())))
}
