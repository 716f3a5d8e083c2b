//! The documentation is held against the program and against itself: keys of the plan reference, links, and the README's size.

#![allow(clippy::disallowed_methods, reason = "the repository's own documents")]

mod commands;
mod links;
mod named;
mod plan_reference;
mod readme;

use std::path::{Path, PathBuf};

/// The repository, which holds README.md and docs/.
fn repository() -> PathBuf {
    // A package below `crates/` or the root package itself: the folder with the lock file is the workspace's.
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").exists());
    root.expect("a workspace has a lock file").to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
