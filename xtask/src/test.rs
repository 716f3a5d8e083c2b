//! `cargo xtask test`: every test, the real engine included.

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use crate::engine;
use crate::machine;
use crate::refusal::Refusal;

/// Makes sure that an engine answers, that Python can make virtual environments (the cross-check with a foreign
/// implementation of REAPI comes as a Python wheel) and that foreign readers of image layouts are there, then becomes
/// `cargo test --workspace`.
///
/// # Errors
/// When the machine lacks something that cannot be installed; otherwise this never returns.
pub fn run(root: &Path, arguments: &[&str]) -> Result<ExitCode, Refusal> {
    engine::ensure(root)?;
    if !python_makes_environments() {
        machine::install(&["python3", "python3-venv"], "the cross-check tests need Python's venv and pip")?;
    }
    let readers: Vec<_> = ["skopeo", "umoci"].into_iter().filter(|name| machine::program(name).is_none()).collect();
    if !readers.is_empty() {
        machine::install(&readers, "tests show that other tools read our image layouts")?;
    }
    if machine::program("openssl").is_none() {
        machine::install(&["openssl"], "the registry tests need certificates")?;
    }
    let mut command = machine::cargo(root);
    command.args(["test", "--workspace"]).args(arguments);
    if env::var_os("RUST_TEST_THREADS").is_none() {
        // Tests wait for containers more than they compute; but more than 8 at once only queue in the engine.
        let threads = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        command.env("RUST_TEST_THREADS", threads.to_string());
    }
    machine::become_program(&mut command)
}

fn python_makes_environments() -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", "import venv, ensurepip"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
