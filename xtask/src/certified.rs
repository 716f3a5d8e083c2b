//! `cargo xtask certified`: what release images by BuildKit withstand, what is found in them, and what they cost (`tests/cli/certified`).

use std::path::Path;
use std::process::ExitCode;

use crate::engine;
use crate::machine;
use crate::podman;
use crate::refusal::Refusal;

/// The part that a Podman of its own is started for.
const ON_PODMAN: &str = "on_podman";

/// Runs those whose name holds the text, one after another, and shows what they print. Figures are of a release build.
///
/// # Errors
/// When no engine can be had, or cargo cannot be started.
pub fn run(root: &Path, only: &str) -> Result<ExitCode, Refusal> {
    let mut tests = machine::cargo(root);
    let _podman = match only {
        ON_PODMAN => {
            podman::ensure().map_err(Refusal::machine)?;
            let service = podman::Service::start()?;
            tests.env("DOCKER_HOST", service.address()).env("RCREPRO_TEST_ENGINE", "podman");
            Some(service)
        }
        _ => {
            engine::ensure(root)?;
            None
        }
    };
    tests.args(["test", "--quiet", "--package", "rcrepro", "--test", "cli"]);
    if only == "speed" {
        tests.arg("--release");
    }
    tests.args(["--", "--ignored", "--nocapture", "--test-threads", "1", &format!("certified::{only}")]);
    let status = tests.status().map_err(|error| Refusal::machine(format!("cannot start cargo: {error}")))?;
    Ok(ExitCode::from(u8::from(!status.success())))
}
