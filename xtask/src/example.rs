//! `cargo xtask example`: the example's whole plan in a clone of this commit: its verdict, its written documents, its gates.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::demo;
use crate::engine;
use crate::images::remove;
use crate::machine;
use crate::refusal::Refusal;

/// What is asked of the example, with what it means when the answer is another one than exit code 0.
const ASKED: [(&[&str], &str); 3] = [
    (&["verdict"], "the committed evidence of examples/beacon does not say GO"),
    (&["status", "--check"], "documents of examples/beacon are stale: rcrepro -C examples/beacon status --write"),
    (&["check", "--mutate"], "a gate of examples/beacon does not go red for what it should catch"),
];

/// Clones the commit that is checked out and asks rcrepro for the verdict of the example's committed evidence, whether its
/// documents say so, and whether each of its gates goes red for its mutants.
///
/// # Errors
/// Exit 1 when an answer is another one, and whatever the machine lacks.
pub fn run(root: &Path) -> Result<ExitCode, Refusal> {
    engine::ensure(root)?;
    demo::ensure_client_configuration()?;
    let status = machine::cargo(root).args(["build", "--quiet", "--package", "rcrepro"]).status();
    if !status.is_ok_and(|status| status.success()) {
        return Err(Refusal::check("rcrepro does not build"));
    }
    let clone = root.join("target/example");
    remove(&clone)?;
    let mut git = Command::new("git");
    succeed(git.args(["clone", "--quiet"]).arg(root).arg(&clone), "this repository cannot be cloned")?;
    for (arguments, why) in ASKED {
        eprintln!("xtask: rcrepro -C examples/beacon {}", arguments.join(" "));
        let mut asked = Command::new(root.join("target/debug/rcrepro"));
        succeed(asked.arg("-C").arg(clone.join("examples/beacon")).args(arguments), why)?;
    }
    remove(&clone)?;
    Ok(ExitCode::SUCCESS)
}

fn succeed(command: &mut Command, why: &str) -> Result<(), Refusal> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Refusal::check(format!("{why} ({status})"))),
        Err(error) => Err(Refusal::machine(format!("cannot start {:?}: {error}", command.get_program()))),
    }
}
