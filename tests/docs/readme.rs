//! The README stays short, names the two commands that set a machine up and test it, and shows what the program really prints.

use std::process::Command;

use crate::{read, repository};

/// The most words, as `wc -w` counts them.
const MOST_WORDS: usize = 900;

#[test]
fn the_readme_is_short_and_names_the_two_commands() {
    let text = read(&repository().join("README.md"));
    let words = text.split_whitespace().count();
    assert!(words <= MOST_WORDS, "README.md has {words} words: expected at most {MOST_WORDS}");
    for command in ["cargo xtask demo", "cargo xtask test"] {
        let lines = text.lines().filter(|line| line.split('#').next().is_some_and(|line| line.trim() == command));
        assert_eq!(lines.count(), 1, "README.md has `{command}` on a line of its own, once");
    }
}

#[test]
fn what_verify_prints_is_what_the_readme_shows() {
    let text = read(&repository().join("README.md"));
    let (_, block) = text.split_once("$ rcrepro verify ").expect("the README shows `rcrepro verify`");
    let (block, _) = block.split_once("\n```").expect("a block ends");
    let (manifest, shown) = block.split_once('\n').expect("a command has output");
    let store = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(env!("CARGO_BIN_EXE_rcrepro"))
        .current_dir(repository())
        .env("RCREPRO_STORE", store.path())
        .args(["verify", manifest])
        .output()
        .expect("the program starts");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}");
    assert_eq!(first_not_printed(shown, &printed), None, "{printed}");
    assert_eq!(first_not_printed("other\n", &printed), Some("other"));
}

/// Returns the first line that the program did not print, in this order; `…` is whatever is left out.
fn first_not_printed<'a>(shown: &'a str, printed: &str) -> Option<&'a str> {
    let mut printed = printed.lines();
    shown.lines().filter(|line| *line != "…").find(|line| !printed.any(|other| other == *line))
}
