//! A tree that tries a tree hasher's patience.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// As many plain files as the tree that the project promises to handle has entries.
pub const MANY: usize = 10_000;
/// Enough where the number is not what is tried.
pub const FEW: usize = 300;

/// Names that are hard on sorting, quoting and normalising: NFC and NFD of one word, emoji, quotes, a newline.
pub const NAMES: &[&str] = &[
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{1f980} crab",
    "quote'\"`s",
    "new\nline",
    "tab\there",
    "back\\slash",
    " leading and trailing ",
    "-rf",
    "*?[glob]",
    "a",
    "a.b",
    "a-b",
    "a0",
    "A",
    "\u{fffd}",
    "\u{10ffff}",
    "\u{e000}",
    "...",
    ".hidden",
    "%2e%2e",
];

/// Makes the tree below `root`, which must not exist, with this many plain files beside the odd entries; `backwards` makes
/// the same tree in the opposite order.
pub fn make(root: &Path, files: usize, backwards: bool) {
    fs::create_dir(root).expect("make the root");
    let mut steps: Vec<Box<dyn Fn()>> = Vec::new();
    for (index, name) in NAMES.iter().enumerate() {
        let path = root.join(name);
        steps.push(match index % 4 {
            0 => Box::new(move || file(&path, index.to_string().as_bytes(), 0o644)),
            1 => Box::new(move || file(&path, b"#!/bin/sh\n", 0o755)),
            2 => Box::new(move || fs::create_dir(&path).expect("make an empty folder")),
            _ => Box::new(move || symlink("some/where else \u{1f980}", &path).expect("make a symlink")),
        });
    }
    let links = root.join("links");
    steps.push(Box::new(move || {
        fs::create_dir(&links).expect("make a folder");
        symlink("/etc/passwd", links.join("absolute")).expect("make a symlink");
        symlink("nowhere", links.join("dangling")).expect("make a symlink");
        symlink("../../..", links.join("upwards")).expect("make a symlink");
        symlink("self", links.join("self")).expect("make a symlink");
    }));
    let modes = root.join("modes");
    steps.push(Box::new(move || {
        fs::create_dir(&modes).expect("make a folder");
        for mode in [0o644, 0o600, 0o444, 0o655, 0o755, 0o700, 0o555] {
            file(&modes.join(format!("{mode:o}")), b"same content", mode);
        }
    }));
    let deep = root.join("deep");
    steps.push(Box::new(move || {
        let bottom = (0..60).fold(deep.clone(), |path, level| path.join(format!("level {level}")));
        fs::create_dir_all(&bottom).expect("make folders");
        file(&bottom.join("bottom"), b"", 0o644);
    }));
    let large = root.join("large");
    steps.push(Box::new(move || {
        let bytes: Vec<u8> = (0..3_000_001_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        file(&large, &bytes, 0o644);
    }));
    for folder in 0..100 {
        let path = root.join(format!("many/{folder:02}"));
        steps.push(Box::new(move || {
            fs::create_dir_all(&path).expect("make folders");
            for index in 0..files / 100 {
                let index = if backwards { files / 100 - 1 - index } else { index };
                file(&path.join(format!("f{index}")), format!("{folder} {index}").as_bytes(), 0o644);
            }
        }));
    }
    if backwards {
        steps.reverse();
    }
    for step in steps {
        step();
    }
}

/// Writes a file with exactly this mode, whatever the umask.
pub fn file(path: &Path, bytes: &[u8], mode: u32) {
    fs::write(path, bytes).expect("write a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set the mode");
}
