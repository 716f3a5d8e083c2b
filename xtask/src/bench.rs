//! `cargo xtask bench`: figures beside today's tools, each as a paired ratio from one run; nothing here can fail a change.

use std::path::Path;
use std::process::ExitCode;

use crate::engine;
use crate::machine;
use crate::refusal::Refusal;

/// The measurements: the package and the test binary that hold them, and the part of their names.
const MEASUREMENTS: [(&str, &str, &str); 6] = [
    ("rcrepro-init", "programs", "cost::"),
    ("rcrepro-engine", "docker", "bench::"),
    ("rcrepro-store", "store", "speed"),
    ("rcrepro", "images", "bench::"),
    ("rcrepro", "cli", "overhead::"),
    ("rcrepro", "cli", "pins_speed::"),
];

/// The tools that images are measured beside, by the program and the Debian package of one name.
const TOOLS: [&str; 3] = ["debootstrap", "umoci", "buildah"];

/// Makes sure that an engine answers and the other tools are there, then runs the measurements one after another in a release build.
///
/// # Errors
/// When there is no engine, a tool cannot be installed, or cargo cannot be started.
pub fn run(root: &Path) -> Result<ExitCode, Refusal> {
    engine::ensure(root)?;
    let missing: Vec<_> = TOOLS.into_iter().filter(|name| machine::program(name).is_none()).collect();
    if !missing.is_empty() {
        machine::install(&missing, "image builds are measured beside other tools")?;
    }
    for (package, binary, names) in MEASUREMENTS {
        let mut command = machine::cargo(root);
        command.args(["test", "--quiet", "--release", "--package", package, "--test", binary, names, "--"]);
        command.args(["--ignored", "--nocapture", "--test-threads", "1"]);
        let status = command.status().map_err(|error| Refusal::machine(format!("cannot start cargo: {error}")))?;
        if !status.success() {
            return Err(Refusal::check(format!(
                "the measurements of {package}'s tests/{binary} did not come to an end"
            )));
        }
    }
    Ok(ExitCode::SUCCESS)
}
