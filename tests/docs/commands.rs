//! Every command line of rcrepro that the README and the guide print is one that the program accepts.

use std::process::Command;

use crate::{read, repository};

#[test]
fn every_command_line_is_accepted() {
    let root = repository();
    let mut pages = vec![root.join("README.md")];
    pages.extend(
        std::fs::read_dir(root.join("docs/guide")).expect("the guide").map(|entry| entry.expect("an entry").path()),
    );
    let lines: Vec<String> = pages.iter().flat_map(|page| command_lines(&read(page))).collect();
    assert!(lines.len() > 50, "too few command lines: {}", lines.len());
    let refused: Vec<&String> = lines.iter().filter(|line| !accepted(line)).collect();
    assert_eq!(refused, [""; 0], "command lines that rcrepro does not accept");
}

#[test]
fn a_command_line_that_does_not_exist_is_found() {
    let page = "```sh\nrcrepro run RC-05 --fast   # no\nrcrepro run RC-05\ncargo test\n```\n\n```console\n$ rcrepro rerun RC-05\nrcrepro\n```\n";
    let lines = command_lines(page);
    assert_eq!(lines, ["rcrepro run RC-05 --fast", "rcrepro run RC-05", "rcrepro rerun RC-05"]);
    assert_eq!(lines.iter().map(|line| accepted(line)).collect::<Vec<_>>(), [false, true, false]);
}

/// The lines in fenced blocks that call rcrepro, without comments. In a block with prompts only lines with one are commands.
fn command_lines(page: &str) -> Vec<String> {
    let fence = |line: &&str| line.starts_with("```");
    let mut lines = Vec::new();
    let mut rest = page.lines();
    while rest.find(fence).is_some() {
        let block: Vec<&str> = rest.by_ref().take_while(|line| !fence(line)).collect();
        let prompt = if block.iter().any(|line| line.starts_with("$ ")) { "$ " } else { "" };
        let commands = block.iter().filter_map(|line| line.strip_prefix(prompt));
        let commands = commands.map(|line| line.split(" #").next().unwrap_or(line).trim());
        lines.extend(commands.filter(|line| line.starts_with("rcrepro ")).map(str::to_owned));
    }
    lines
}

/// Asks for the help of a command line, which is printed only when everything before it is understood.
fn accepted(line: &str) -> bool {
    let digest = format!("sha256:{}", "0".repeat(64));
    let words = line.split_whitespace().skip(1).map(|word| word.replace("sha256:…", &digest));
    let output = Command::new(env!("CARGO_BIN_EXE_rcrepro")).args(words).arg("--help").output();
    output.expect("the program starts").status.success()
}
