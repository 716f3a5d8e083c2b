//! `rcrepro verify` over committed records: nothing in them can be changed without a finding that names it.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")]

mod beside;
mod failure;
mod outcomes;
mod project;
mod reuse;

use std::path::{Path, PathBuf};

use rcrepro_model::text::civil_date::CivilDate;

/// A file of the example's folder.
fn example(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/beacon").join(file)
}

/// Reads a file of the example's folder.
fn read(file: &str) -> Vec<u8> {
    std::fs::read(example(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn today() -> CivilDate {
    "2026-11-28".parse().expect("a day")
}
