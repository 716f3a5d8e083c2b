//! The programs that do all they can to blind PID 1, compiled: they are those of its own tests.

use std::process::Command;

/// Compiles `attempts`, `clocks` or `bare` as a static program, and gives its bytes.
pub fn program(name: &str) -> Vec<u8> {
    let sources = crate::repository().join("init/tests/programs/sources/blind");
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join(name);
    let more: &[&str] = match name {
        "bare" => &["-nostdlib", "-fno-stack-protector", "-fno-pic"],
        _ => &["-pthread"],
    };
    let mut gcc = Command::new("gcc");
    gcc.args(["-O1", "-static", "-no-pie", "-w", "-o"]).arg(&program).arg(sources.join(format!("{name}.c"))).args(more);
    assert!(gcc.status().expect("gcc is installed: apt-get install gcc libc6-dev").success(), "{gcc:?}");
    std::fs::read(program).expect("it was written")
}
