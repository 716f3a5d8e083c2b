//! `rcrepro check --mutate`: seeded changes in scratch clones, the record, and what the board makes of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::scene::{Scene, command};

/// Two gates: a check that reads a file, and one that looks at nothing.
const CONTRACT: &str = r#"exit = [
    { says = "It greets.", rests-on = ["command:greets"] },
    { says = "It is calm.", rests-on = ["command:calm"] },
]
"#;

fn mutant(id: &str, gate: &str, find: &str, shows: &str) -> String {
    format!(
        "[[mutants]]\nid = \"{id}\"\nsays = \"The greeting is another.\"\ngate = \"{gate}\"\nfile = \"greeting.txt\"\n\
         find = \"{find}\"\nreplace = \"goodbye\"\nshows = \"{shows}\"\n"
    )
}

fn scene(mutants: &str) -> Scene {
    let commands = [
        command("greets", "diff greeting.txt expected.txt", ""),
        command("calm", "test -f greeting.txt", ""),
        command("loud", "grep -q hello greeting.txt || { echo it says something else >&2; exit 1; }", ""),
    ];
    let scene = Scene::new(&format!("{}\n{mutants}", commands.concat()));
    scene.replace("rcrepro.toml", "sets = [\"all\"]\n", &format!("sets = [\"all\"]\n{CONTRACT}"));
    scene.write("expected.txt", b"hello\n");
    scene.commit("gates and mutants");
    scene
}

/// Lists every file of the scene's repository and of its git objects.
fn files(scene: &Scene) -> BTreeSet<PathBuf> {
    fn collect(folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, found);
            } else {
                found.insert(path);
            }
        }
    }
    let mut found = BTreeSet::new();
    collect(&scene.path(""), &mut found);
    found
}

#[test]
fn each_outcome_has_its_reason_and_the_users_repository_is_only_read() {
    let scene = scene(
        &[
            mutant("caught", "command:greets", "hello", "< goodbye"),
            mutant("survived", "command:calm", "hello", "goodbye"),
            mutant("accident", "command:loud", "hello", "a text that nobody prints"),
            mutant("undecided", "command:greets", "no such text", "goodbye"),
        ]
        .concat(),
    );
    let before = files(&scene);
    let ended = scene.run(&["check", "--mutate"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for row in [
        "caught     command:greets  caught       exit code 1: < goodbye",
        "survived   command:calm    survived     exit code 0, unproven: the exit code is all there is",
        "accident   command:loud    by accident  exit code 1; the evidence does not show `a text that nobody prints`",
        "undecided  command:greets  undecided    the text to find stands 0 times in `greeting.txt`: expected once",
        "not proven able to fail: command:calm\n1 of 4 mutants caught; 1 survived, 1 by accident, 1 undecided",
    ] {
        assert!(ended.stdout.contains(row), "`{row}` in\n{}", ended.stdout);
    }
    let added: Vec<PathBuf> = files(&scene).difference(&before).cloned().collect();
    assert!(!added.is_empty() && added.iter().all(|path| path.starts_with(scene.path("gates"))), "{added:?}");
    assert_eq!(scene.read("greeting.txt"), "hello\n");

    assert_eq!(scene.run(&["check", "--mutate", "--mutant", "caught"]).code, 0);
    assert_eq!(scene.run(&["check", "--mutate", "--mutant", "undecided"]).code, 5);
    assert_eq!(scene.run(&["check", "--mutate", "--gate", "command:loud"]).code, 1);
    scene
        .run(&["check", "--mutate", "--mutant", "nobody"])
        .failed(2, &["the plan has no mutant `nobody`", "known: accident"]);
    scene.run(&["check", "--mutate", "--gate", "pins"]).failed(2, &["the plan has no mutant for the gate `pins`"]);
    scene.run(&["check", "--mutant", "caught"]).failed(2, &["--mutate"]);
    assert_ne!(scene.run(&["log", "RC-05"]).code, 0, "a mutant's commands do not count as a run of the packet");
}

#[test]
fn a_gate_that_is_red_without_a_mutant_proves_nothing_and_nor_does_a_plan_without_any() {
    let scene = scene(&mutant("caught", "command:greets", "hello", "< goodbye"));
    scene.write("expected.txt", b"good evening\n");
    scene.commit("red");
    let ended = scene.run(&["check", "--mutate"]);
    assert_eq!(ended.code, 5, "{}", ended.stdout);
    assert!(ended.stdout.contains("the gate is not green without the mutant: exit code 1"), "{}", ended.stdout);
    let none = self::scene("");
    let ended = none.run(&["check", "--mutate"]);
    assert_eq!((ended.code, ended.stdout.ends_with("no mutant: nothing was proven\n")), (5, true), "{}", ended.stdout);
}

#[test]
fn the_board_shows_which_gates_can_fail_and_a_record_counts_for_its_source_alone() {
    let mutants = [
        mutant("greeting", "command:greets", "hello", "< goodbye"),
        mutant("calm", "command:calm", "hello", "goodbye"),
    ];
    let scene = scene(&mutants.concat());
    let line = |scene: &Scene| {
        let shown = scene.ok(&["status"]).stdout;
        shown.lines().last().expect("a line").to_owned()
    };
    assert_eq!(line(&scene), "gates proven able to fail: 0 of 2 (no mutant was run: rcrepro check --mutate)");
    assert_eq!(scene.run(&["check", "--mutate"]).code, 1);
    scene.commit("the record");
    assert_eq!(line(&scene), "gates proven able to fail: 1 of 2 (rcrepro check --mutate)");
    scene.ok(&["run", "RC-05"]);
    let verdict = scene.ok(&["verdict"]).stdout;
    assert!(verdict.contains("command:greets [can fail]: exit code 0"), "{verdict}");
    assert!(verdict.contains("command:calm: exit code 0"), "{verdict}");
    let document: serde_json::Value =
        serde_json::from_str(&scene.ok(&["--json", "verdict"]).stdout).expect("one document");
    assert_eq!(document["gates"]["gates"]["command:greets"]["state"], "proven");
    assert_eq!(document["gates"]["gates"]["command:calm"]["why"], "mutant `calm` survived");

    // A manifest that counts stands for the unchanged source, and the record is the same.
    let record = scene.read("gates/mutants.json");
    assert_eq!(scene.run(&["check", "--mutate"]).code, 1);
    assert_eq!(scene.read("gates/mutants.json"), record);

    scene.replace("gates/mutants.json", "\"outcome\":\"survived\"", "\"outcome\":\"caught\"");
    let said = line(&scene);
    assert!(said.contains("0 of 2 (the evidence of mutant `calm` does not show `goodbye`"), "{said}");
    scene.write("gates/mutants.json", record.as_bytes());
    let evidence = std::fs::read_dir(scene.path("gates/mutants.evidence")).expect("evidence");
    let largest =
        evidence.map(|entry| entry.expect("a file").path()).max_by_key(|path| path.metadata().expect("there").len());
    let largest = largest.expect("some evidence");
    let bytes = std::fs::read(&largest).expect("read");
    std::fs::write(&largest, b"< goodbye, too\n").expect("written");
    assert!(line(&scene).contains("0 of 2 (the evidence of the mutants is damaged: `"), "{}", line(&scene));
    std::fs::write(&largest, bytes).expect("written");
    assert_eq!(line(&scene), "gates proven able to fail: 1 of 2 (rcrepro check --mutate)");

    scene.replace("greeting.txt", "hello", "hello ");
    scene.commit("another source");
    assert!(line(&scene).contains("0 of 2 (the mutants were run on another source"), "{}", line(&scene));
}

#[test]
fn a_plan_can_demand_that_its_gates_were_proven() {
    let mutants = [
        mutant("greeting", "command:greets", "hello", "< goodbye"),
        mutant("calm", "command:loud", "hello", "it says something else"),
    ];
    let scene = scene(&mutants.concat());
    scene.replace("rcrepro.toml", "[\"command:calm\"]", "[\"command:loud\", \"gates\"]");
    scene.commit("demand it");
    scene.ok(&["run", "RC-05"]);
    let waits = scene.run(&["verdict"]);
    assert_eq!(waits.code, 5, "{}", waits.stdout);
    assert!(waits.stdout.contains("gates: no mutant was run: rcrepro check --mutate"), "{}", waits.stdout);
    scene.ok(&["check", "--mutate"]);
    let verdict = scene.ok(&["verdict"]).stdout;
    assert!(verdict.contains("gates: 2 gates proven able to fail, 2 mutants caught, "), "{verdict}");
    assert!(verdict.ends_with("gates proven able to fail: 2 of 2\nverdict: GO\n"), "{verdict}");
}

#[test]
fn pins_scope_and_documents_are_gates_too() {
    let scene = scene("[pins.go]\nversion = \"1.26.8\"\n[documents]\npaths = [\"README.md\"]\n");
    scene.replace("rcrepro.toml", "sets = [\"all\"]\n", "sets = [\"all\"]\nscope = [\"greeting.txt\"]\n");
    scene.write("go.mod", b"module example.com/scene\n\ngo 1.26.0\n\ntoolchain go1.26.8\n");
    scene.write("README.md", b"# Scene\n\n```bash\ndiff greeting.txt expected.txt\n```\n");
    scene.commit("promises");
    scene.ok(&["run", "RC-05"]);
    let ended = scene.ok(&["check", "--mutate", "--jobs", "1"]);
    for text in [
        "documents.stale-command  documents    caught   1 finding: README.md:8: stale: `diff",
        "pins.go                  pins         caught   1 finding: go.mod:5: ",
        "scope.RC-05              scope:RC-05  caught   1 finding: `rcrepro-seeded-outside.txt` is outside",
        "\n3 of 3 mutants caught, each by its gate\n",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

/// Runs every mutant of the example; minutes of Go.
#[test]
#[ignore = "runs every gate of the example twice"]
fn every_mutant_of_the_example_is_caught_by_its_gate() {
    let scene = Scene::new("");
    let beacon = Path::new(env!("CARGO_MANIFEST_DIR"));
    let clone = scene.path("clone");
    let cloned = std::process::Command::new("git").arg("clone").arg("-q").arg(beacon).arg(&clone).status();
    assert!(cloned.expect("git is installed").success());
    let folder = clone.join("examples/beacon");
    let ended = scene.run(&["-C", folder.to_str().expect("a text"), "check", "--mutate"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(!ended.stdout.contains("not proven able to fail"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with(" mutants caught, each by its gate\n"), "{}", ended.stdout);
}
