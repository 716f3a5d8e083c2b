//! The README stays short, and names the two commands that set a machine up and test it.

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
