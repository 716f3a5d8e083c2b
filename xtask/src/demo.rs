//! `cargo xtask demo`: the README's first command, on a machine with Rust and nothing else.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::engine;
use crate::machine;
use crate::refusal::Refusal;

/// Makes sure that an engine answers and that registries are known, then becomes `rcrepro replay RC-05`.
///
/// # Errors
/// Whatever [`engine::ensure`] refuses; otherwise this never returns.
pub fn run(root: &Path) -> Result<ExitCode, Refusal> {
    machine::while_compiling(machine::cargo(root).args(["build", "--quiet", "--package", "rcrepro"]), || {
        engine::ensure(root)?;
        ensure_client_configuration()
    })?;
    machine::become_program(machine::cargo(root).args([
        "run",
        "--quiet",
        "--package",
        "rcrepro",
        "--",
        "-C",
        "examples/beacon",
        "replay",
        "RC-05",
    ]))
}

/// A package manager whose configuration names the registry to fetch from.
struct Client {
    program: &'static str,
    variable: &'static str,
    /// The files that may hold its configuration, below HOME.
    file: &'static str,
    /// What a line of that file begins with when it names the registry.
    key: &'static str,
    package: &'static str,
}

const CLIENTS: [Client; 2] = [
    Client { program: "go", variable: "GOPROXY", file: ".config/go/env", key: "GOPROXY=", package: "golang-go" },
    Client { program: "npm", variable: "npm_config_registry", file: ".npmrc", key: "registry", package: "npm" },
];

/// Makes sure that each client can say where its registry is; rcrepro itself names no host.
pub fn ensure_client_configuration() -> Result<(), Refusal> {
    for client in &CLIENTS {
        let found = [client.variable.to_owned(), client.variable.to_uppercase()]
            .iter()
            .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
            || env::var_os("HOME")
                .is_some_and(|home| names_registry(&PathBuf::from(home).join(client.file), client.key))
            || machine::program(client.program).is_some();
        if !found {
            let why = format!("nothing here says where {} fetches from", client.program);
            machine::install(&[client.package], &why)
                .map_err(|refusal| refusal.hint(format!("or set {} to your registry's address", client.variable)))?;
        }
    }
    Ok(())
}

fn names_registry(file: &Path, key: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.lines().any(|line| line.starts_with(key)))
}
