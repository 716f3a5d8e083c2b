//! `cargo xtask test`: every test, the real engine included.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Instant;

use crate::engine;
use crate::machine;
use crate::passed;
use crate::podman;
use crate::refusal::Refusal;

/// The tests that talk to an engine: the test binary, and the part of their names.
const ON_PODMAN: [(&str, &str); 3] = [("docker", ""), ("toolchain", "validate::"), ("cli", "replay::")];

/// Everything that decides what Podman does otherwise than Docker, with the tests of it.
const DECIDES: [&str; 10] = [
    "Cargo.lock",
    "crates/app/src/release",
    "crates/app/src/toolchain",
    "crates/app/tests",
    "crates/engine",
    "crates/images/src",
    "init",
    "tests/cli/replay.rs",
    "xtask/src/podman.rs",
    "xtask/src/test.rs",
];
/// What `DECIDES` was when the tests of engines last passed on Podman.
const PASSED: &str = "crates/engine/tests/passed-on-podman";
const VERSION: [[&str; 2]; 1] = [["podman", "--version"]];

/// Makes sure that an engine answers, that Python can make virtual environments (the cross-check with a foreign
/// implementation of REAPI comes as a Python wheel), and that the foreign tools are there which tests run; runs
/// `cargo test --workspace`, then the engine's tests on Podman, unless nothing that decides them has changed since they passed there.
///
/// # Errors
/// When the machine lacks something that cannot be installed.
pub fn run(root: &Path, arguments: &[&str]) -> Result<ExitCode, Refusal> {
    // Tests wait for containers more than they compute; but more than 8 at once only queue in the engine.
    let threads = thread::available_parallelism().map_or(4, |processors| 2 * processors.get()).clamp(4, 8);
    let podman = if arguments.is_empty() {
        let mut compile = cargo_test(root, threads);
        machine::while_compiling(compile.args(["--workspace", "--no-run"]), || {
            equip(root)?;
            Ok(podman::ensure())
        })?
    } else {
        equip(root)?;
        Ok(())
    };
    let all = status(cargo_test(root, threads).arg("--workspace").args(arguments))?;
    if !arguments.is_empty() {
        eprintln!("xtask: NOT RUN on Podman: only what was named");
        return Ok(all);
    }
    if all != ExitCode::SUCCESS {
        eprintln!("xtask: NOT RUN on Podman: mend these first");
        return Ok(all);
    }
    match podman {
        Ok(()) => match passed::is_unchanged(root, &DECIDES, &VERSION, PASSED)? {
            true => Ok(ExitCode::SUCCESS),
            false => on_podman(root),
        },
        Err(why) => {
            eprintln!("xtask: NOT RUN on Podman: {why}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Gives this machine what the tests need and it lacks.
fn equip(root: &Path) -> Result<(), Refusal> {
    engine::ensure(root)?;
    if !python_makes_environments() {
        machine::install(&["python3", "python3-venv"], "the cross-check tests need Python's venv and pip")?;
    }
    let readers: Vec<_> = ["skopeo", "umoci"].into_iter().filter(|name| machine::program(name).is_none()).collect();
    if !readers.is_empty() {
        machine::install(&readers, "tests show that other tools read our image layouts")?;
    }
    let real = [("go", "golang-go"), ("node", "nodejs"), ("strace", "strace"), ("gdb", "gdb"), ("perl", "perl")];
    let missing: Vec<_> =
        real.into_iter().filter(|(name, _)| machine::program(name).is_none()).map(|(_, package)| package).collect();
    if !missing.is_empty() {
        machine::install(&missing, "the tests of init/ run real programs under it")?;
    }
    if machine::program("openssl").is_none() {
        machine::install(&["openssl"], "the registry tests need certificates")?;
    }
    Ok(())
}

fn cargo_test(root: &Path, threads: usize) -> Command {
    let mut command = machine::cargo(root);
    command.args(["test", "--no-fail-fast"]);
    if env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", threads.to_string());
    }
    command
}

/// Runs the tests that talk to an engine on a Podman of their own, whether or not something has changed.
///
/// # Errors
/// Exit 4 where Podman cannot be had.
pub fn run_on_podman(root: &Path) -> Result<ExitCode, Refusal> {
    equip(root)?;
    podman::ensure().map_err(Refusal::machine)?;
    on_podman(root)
}

fn on_podman(root: &Path) -> Result<ExitCode, Refusal> {
    let begun = Instant::now();
    let service = podman::Service::start()?;
    let mut worst = ExitCode::SUCCESS;
    for (binary, names) in ON_PODMAN {
        eprintln!("xtask: tests/{binary} {names} on Podman");
        // Nothing but containers to wait for, and Podman has no daemon in which they would queue.
        let mut command = cargo_test(root, 8);
        command.args(["--workspace", "--test", binary, names]).env("DOCKER_HOST", service.address());
        command.env("RCREPRO_TEST_ENGINE", "podman").env("RCREPRO_TEST_PODMAN", service.folder());
        let ended = status(&mut command)?;
        if ended != ExitCode::SUCCESS {
            worst = ended;
        }
    }
    drop(service);
    if worst == ExitCode::SUCCESS {
        passed::note(root, &DECIDES, &VERSION, PASSED)?;
    }
    eprintln!("xtask: on Podman for {} s", begun.elapsed().as_secs());
    Ok(worst)
}

/// Runs a program to its end and gives its exit code; a signal counts as a failure.
fn status(command: &mut Command) -> Result<ExitCode, Refusal> {
    let status = command.status().map_err(|error| Refusal::machine(format!("cannot start cargo: {error}")))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn python_makes_environments() -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", "import venv, ensurepip"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
