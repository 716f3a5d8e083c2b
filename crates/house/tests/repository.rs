//! The repository itself, measured: each check holds.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "it measures the repository's own files, and prints to its maintainers"
)]

use std::path::Path;
use std::sync::LazyLock;

use rcrepro_house::check::Figure;
use rcrepro_house::measure;

static CHECKS: LazyLock<Vec<Figure>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/house lies in the repository");
    measure(root).expect("the repository can be measured")
});

#[track_caller]
fn holds(kind: &str) {
    let checks: Vec<&Figure> = CHECKS.iter().filter(|check| check.kind() == kind).collect();
    assert!(!checks.is_empty(), "no check is called {kind}");
    let red: String = checks.iter().filter(|check| !check.holds()).map(ToString::to_string).collect();
    assert!(red.is_empty(), "\n{red}");
}

#[test]
fn rooms_per_floor() {
    holds("rooms per floor, p90");
}

#[test]
fn file_lengths() {
    holds("lines per file, median");
    holds("lines per file, p90");
}

#[test]
fn function_lengths() {
    holds("functions over 60 lines");
}

#[test]
fn circles_between_files() {
    holds("files in circles across");
    holds("files in circles");
}

#[test]
fn type_names() {
    holds("public type names used twice");
}

#[test]
fn vendors() {
    holds("vendors in several manifests");
    holds("packages that depend on a tool");
    holds("files that name the engine's vendor");
}

#[test]
fn prose() {
    holds("prose");
}

#[test]
fn echoes() {
    holds("echoes");
}
