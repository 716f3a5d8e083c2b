//! `cargo xtask bench`: figures beside today's tools, each as a paired ratio from one run; nothing here can fail a change.

use std::path::Path;
use std::process::ExitCode;

use crate::engine;
use crate::machine;
use crate::refusal::Refusal;

/// The measurements: the test binary that holds them, and the part of their names.
const MEASUREMENTS: [(&str, &str); 2] = [("docker", "bench::"), ("store", "speed")];

/// Makes sure that an engine answers, then runs the measurements one after another in a release build.
///
/// # Errors
/// When there is no engine, or cargo cannot be started.
pub fn run(root: &Path) -> Result<ExitCode, Refusal> {
    engine::ensure(root)?;
    for (binary, names) in MEASUREMENTS {
        let mut command = machine::cargo(root);
        command.args(["test", "--quiet", "--release", "--test", binary, names, "--"]);
        command.args(["--ignored", "--nocapture", "--test-threads", "1"]);
        let status = command.status().map_err(|error| Refusal::machine(format!("cannot start cargo: {error}")))?;
        if !status.success() {
            return Err(Refusal::check(format!("the measurements of tests/{binary} did not come to an end")));
        }
    }
    Ok(ExitCode::SUCCESS)
}
