//! How fast the tree of a large project is searched for pins, beside `git grep` with one expression over the same tree.
//!
//! Printed by `cargo xtask bench`, and no test; a machine that is busy otherwise makes it mean little.

use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::scene::{Scene, command};
use rcrepro_testkit::median;

const ROUNDS: usize = 9;

/// How many files there are, of which every 40th is a workflow, a Dockerfile, a document or a lock file.
const FILES: u64 = 6_500;

/// Words of sources: some look like the beginning of a version, and few are one.
const WORDS: [&str; 24] = [
    "func",
    "return",
    "err",
    "node",
    "category",
    "goroutine",
    "go",
    "version",
    "nodes",
    "context",
    "\"github.com/x/go-y\"",
    "nil",
    "golang.org/x/net",
    "map[string]int",
    "// the größe of it",
    "if",
    "go test",
    "range",
    "1.26",
    "value",
    ":=",
    "{",
    "}",
    "\n",
];

fn text(seed: u64, words: u64) -> String {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut text = String::new();
    for at in 0..words {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = WORDS[usize::try_from(state >> 33).expect("31 bits") % WORDS.len()];
        write!(text, "{word}{}", if at % 9 == 8 { '\n' } else { ' ' }).expect("a string takes all");
    }
    text
}

fn scene() -> Scene {
    let pins = "[pins.go]\nversion = \"1.26.8\"\nold = [\"1.25.3\"]\n[pins.node]\nversion = \"20.20.2\"\n";
    let scene = Scene::new(&format!("{}\n{pins}", command("greet", "true", "")));
    for index in 0..FILES {
        let folder = format!("module{}/package{}", index % 50, index / 50 % 16);
        let words = if index % 100 == 0 { 60_000 } else { 100 + index * 7919 % 1700 };
        let (name, before) = match index % 160 {
            0 => ("ci.yml", "on: push\nenv: {GO_VERSION: 1.26.8}\njobs: {}\n# "),
            40 => ("Dockerfile", "FROM golang:1.26.8\nRUN "),
            80 => ("README.md", "Needs Go 1.26 or later.\n\n"),
            120 => ("install.sh", "NODE_VERSION=20.20.2\n"),
            _ => ("code.go", "package p\n"),
        };
        let words = if name == "ci.yml" || name == "Dockerfile" { 5 } else { words };
        let text =
            format!("{before}{}", text(index, words).replace('\n', if name == "ci.yml" { "\n# " } else { "\n" }));
        scene.write(&format!("{folder}/{index}/{name}"), text.as_bytes());
    }
    scene.commit("a large project");
    // As a clone has them: packed.
    scene.git(&["gc", "--quiet"]);
    scene
}

fn timed(command: &mut Command, codes: &[i32]) -> Duration {
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts");
    assert!(status.code().is_some_and(|code| codes.contains(&code)), "{command:?}: {status}");
    begun.elapsed()
}

#[test]
#[ignore = "a measurement: wants a release build and a quiet machine"]
fn a_large_tree_is_searched_beside_git_grep() {
    let scene = scene();
    let grep = || {
        let expression = r"(go|golang|node|nodejs)[-_. @:]*(version)?[-_. @:=]*v?[0-9]+[.][0-9]+";
        let mut command = Command::new("git");
        command.args(["grep", "-I", "-i", "-E", "-n", expression, "HEAD"]).current_dir(scene.path("."));
        command
    };
    let mut rows = Vec::new();
    for _ in 0..ROUNDS {
        let tool = timed(&mut grep(), &[0]).as_secs_f64();
        let ours = timed(&mut scene.command(&["pins"]), &[1]).as_secs_f64();
        rows.push((tool, ours));
    }
    let tool = median(rows.iter().map(|row| row.0).collect());
    let ours = median(rows.iter().map(|row| row.1).collect());
    let ratio = median(rows.iter().map(|row| row.1 / row.0).collect());
    println!(
        "pins of {FILES} files: git grep {tool:.2} s, rcrepro pins {ours:.2} s (goal 1.00 s); paired ratio {ratio:.2}"
    );
}
