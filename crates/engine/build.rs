//! Compiles `init/` as a static program and hands it to the library as bytes (`rcrepro-init` in `OUT_DIR`).
//!
//! A cargo of its own with a target folder of its own: a static program needs other flags than the rest, and a build
//! script cannot depend on a program. On a target that the program is not written for, the bytes are empty,
//! and the engine says that no clock can be pinned.

#![allow(clippy::disallowed_macros, reason = "a build script talks to cargo by printing")]

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const WRITTEN_FOR: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

fn main() {
    for watched in ["../../init/src", "../../init/Cargo.toml", "build.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let target = env::var("TARGET").expect("cargo sets it");
    let at = out.join("rcrepro-init");
    if !WRITTEN_FOR.contains(&target.as_str()) {
        fs::write(&at, b"").expect("OUT_DIR can be written");
        return;
    }
    let folder = out.join("init");
    let mut cargo = Command::new(env::var_os("CARGO").expect("cargo sets it"));
    cargo
        .args(["build", "--locked", "--profile", "init", "--package", "rcrepro-init", "--target", &target])
        .arg("--target-dir")
        .arg(&folder)
        // What the outer cargo was asked for (clippy, flags, a target folder) is not meant for this one.
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTC_WRAPPER")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_BUILD_TARGET")
        .env("RUSTFLAGS", "-C target-feature=+crt-static");
    let status = cargo.status().expect("cargo can be started");
    assert!(
        status.success(),
        "init/ could not be compiled as a static program; it needs the C library's libc.a (Debian: libc6-dev)"
    );
    fs::copy(folder.join(&target).join("init/rcrepro-init"), &at).expect("cargo has written it");
}
