//! What judges something without executing anything: each outcome that it can come to has the same word and the same exit
//! code everywhere. Beside it, `tests/verify/outcomes` has what runs, replays, and judges evidence.

use crate::scene::{Scene, command};
use crate::{documents, findings, pins, scope, sections};

/// A situation, what is asked about it, and what has to be the answer.
struct Row {
    says: &'static str,
    scene: fn() -> Scene,
    asks: &'static [&'static str],
    code: i32,
}

const PINS: &[&str] = &["pins"];
const DOCUMENTS: &[&str] = &["documents"];
const SCOPE: &[&str] = &["scope", "RC-03", "--base", "main"];
const RECORD: &[&str] = &["scope", "RC-03"];
const SECTIONS: &[&str] = &["status", "--check"];
const FINDINGS: &[&str] = &["findings"];
const SHAKE: &[&str] = &["shake", "RC-05", "--vary", "tz", "--worlds", "1"];
const MUTATE: &[&str] = &["check", "--mutate"];

const ROWS: &[Row] = &[
    Row { says: "every reference agrees with the pins", scene: || pins::scene(""), asks: PINS, code: 0 },
    Row { says: "a reference drifts from its pin", scene: drifted, asks: PINS, code: 1 },
    Row { says: "a reference cannot be read", scene: undecidable, asks: PINS, code: 5 },
    Row {
        says: "quoted commands have evidence",
        scene: || recorded_documents("scale-aligned"),
        asks: DOCUMENTS,
        code: 0,
    },
    Row {
        says: "a quoted command has no evidence",
        scene: || documents::scene("scale-unbacked"),
        asks: DOCUMENTS,
        code: 5,
    },
    Row {
        says: "a quoted command is not the plan's",
        scene: || stale_documents("scale-stale"),
        asks: DOCUMENTS,
        code: 1,
    },
    Row { says: "a manifest was tampered with", scene: || spoilt_manifest("scale-spoilt"), asks: DOCUMENTS, code: 6 },
    Row { says: "changes are within the scope", scene: || worked("api/signup.go"), asks: SCOPE, code: 0 },
    Row { says: "a change is outside of the scope", scene: || worked("greeting.txt"), asks: SCOPE, code: 1 },
    Row { says: "nothing changed", scene: scope::scene, asks: SCOPE, code: 5 },
    Row { says: "a record is what the repository says", scene: scope::recorded, asks: RECORD, code: 0 },
    Row { says: "there is no record", scene: scope::scene, asks: RECORD, code: 5 },
    Row { says: "a record was changed", scene: spoilt_record, asks: RECORD, code: 6 },
    Row { says: "written sections are current", scene: written_sections, asks: SECTIONS, code: 0 },
    Row { says: "written sections are stale", scene: sections::scene, asks: SECTIONS, code: 1 },
    Row { says: "no document has written sections", scene: plain, asks: SECTIONS, code: 5 },
    Row { says: "scans have no evidence", scene: findings::scanned, asks: FINDINGS, code: 5 },
    Row { says: "no world changes anything", scene: || shaken("scale-steady", "true"), asks: SHAKE, code: 0 },
    Row { says: "a world changes an output", scene: || shaken("scale-zone", "date +%Z"), asks: SHAKE, code: 1 },
    Row { says: "a command fails in its own world", scene: || shaken("scale-fails", "false"), asks: SHAKE, code: 1 },
    Row { says: "no mutant shows that a gate can fail", scene: plain, asks: MUTATE, code: 5 },
];

#[test]
fn one_outcome_has_one_word_and_one_exit_code() {
    for Row { says, scene, asks, code } in ROWS {
        let scene = scene();
        let ended = scene.run(&[&["--json"], *asks].concat());
        assert_eq!(ended.code, *code, "{says}: {asks:?}\n{}\n{}", ended.stdout, ended.stderr);
        let document: serde_json::Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{says}: {}{}", ended.stdout, ended.stderr));
        // What keeps a command from an outcome is an error, with the word of the same scale.
        let error = &document["error"]["kind"];
        let word = if error.is_null() { &document["standing"] } else { error };
        let expected = match code {
            0 => "passed",
            1 => "failed",
            5 => "undecided",
            _ => "tampered",
        };
        assert_eq!(word, expected, "{says}: {asks:?}\n{document:#}");
    }
}

fn drifted() -> Scene {
    let scene = pins::scene("");
    scene.replace("go.mod", "go1.26.8", "go1.26.7");
    scene.commit("drift");
    scene
}

fn undecidable() -> Scene {
    let scene = pins::scene("");
    scene.replace(".github/workflows/ci.yml", "go-version-file: go.mod", "go-version: \"${{ vars.GO }}\"");
    scene.commit("a variable");
    scene
}

fn recorded_documents(id: &str) -> Scene {
    let scene = documents::scene(id);
    scene.ok(&["run", "RC-05"]);
    scene
}

fn stale_documents(id: &str) -> Scene {
    let scene = documents::scene(id);
    scene.replace("README.md", "$ sh say.sh hello", "$ sh say.sh goodbye");
    scene.commit("another line");
    scene
}

fn spoilt_manifest(id: &str) -> Scene {
    let scene = documents::scene(id);
    scene.write("manifests/RC-05.json", b"{}");
    scene
}

fn worked(file: &str) -> Scene {
    let scene = scope::scene();
    scene.write(file, b"changed\n");
    scene.commit("work");
    scene
}

fn spoilt_record() -> Scene {
    let scene = scope::recorded();
    scene.replace("scopes/RC-03.json", "\"path\":\"api/signup.go\"", "\"path\":\"api/sign.go\"");
    scene
}

fn written_sections() -> Scene {
    let scene = sections::scene();
    scene.ok(&["status", "--write"]);
    scene
}

fn plain() -> Scene {
    Scene::new(&command("scale-plain", "true", ""))
}

fn shaken(id: &str, line: &str) -> Scene {
    Scene::new(&command(id, line, "proof = \"exit-code\""))
}

#[test]
fn one_fault_of_the_evidence_has_one_exit_code_wherever_it_is_read() {
    let scene = recorded_documents("scale-evidence");
    scene.commit("evidence");
    let manifest = scene.read("manifests/RC-05.json");
    // Each asks with a store of its own, which has nothing of the evidence.
    let code = |asks: &[&str]| {
        let empty = tempfile::tempdir().expect("a folder");
        scene.run(&[&["--store", empty.path().to_str().expect("text")], asks].concat()).code
    };
    let readers: [&[&str]; 4] =
        [&["verify", "manifests/RC-05.json"], &["log", "RC-05", "scale-evidence"], &["status"], &["verdict"]];
    for (says, spoilt, expected) in [
        ("it is whole", manifest.clone(), [0, 0, 0, 5]),
        ("its version is another one", manifest.replacen("\"version\":3", "\"version\":99", 1), [5, 5, 5, 5]),
        ("it is not a manifest", "{}".to_owned(), [6, 6, 6, 6]),
    ] {
        scene.write("manifests/RC-05.json", spoilt.as_bytes());
        let found = readers.map(code);
        assert_eq!(found, expected, "{says}");
    }
    scene.write("manifests/RC-05.json", manifest.as_bytes());
    std::fs::remove_dir_all(scene.path("manifests/RC-05.evidence")).expect("it is there");
    assert_eq!(readers.map(code), [5, 5, 5, 5], "the evidence is missing");
}

/// What judges, records or prepares by the certified source; none of it gets as far as an engine where that cannot be read.
const SOURCE: [&[&str]; 18] = [
    &["check"],
    &["run", "RC-05"],
    &["run", "--all"],
    &["replay", "RC-05"],
    &["shake", "RC-05"],
    &["status"],
    &["status", "--check"],
    &["status", "--write"],
    &["verdict"],
    &["documents"],
    &["pins"],
    &["findings"],
    &["suppressions"],
    &["scope", "RC-05"],
    &["log", "RC-05"],
    &["approve", "RC-05", "--by", "Ada"],
    &["advisories", "--scan"],
    &["check", "--mutate"],
];

#[test]
fn a_source_that_cannot_be_read_decides_nothing_whatever_is_asked() {
    let scene = plain();
    let ask = |says: &str, all: &[&[&str]]| {
        for asks in all {
            let ended = scene.run(&[&["--json"], *asks].concat());
            assert_eq!(ended.code, 5, "{says}: {asks:?}\n{}\n{}", ended.stdout, ended.stderr);
            assert!(ended.stderr.contains("\"hint\":\""), "{says}: {asks:?}: {}", ended.stderr);
        }
    };
    let blob = scene.path(".git/objects/ce/013625030ba8dba906f756967f9e9ca394464a");
    let kept = scene.path("kept");
    std::fs::rename(&blob, &kept).expect("`hello` has this id");
    ask("an object is missing", &[&["check"], &["status"], &["verdict"], &["suppressions"], &["findings"]]);
    std::fs::rename(&kept, &blob).expect("our own file");
    scene.write(".git/HEAD", b"garbage\n");
    ask("the repository is broken", &SOURCE);
    std::fs::remove_dir_all(scene.path(".git")).expect("our own folder");
    ask("there is no repository", &SOURCE);
    scene.git(&["init", "-q", "-b", "main"]);
    ask("nothing is committed", &SOURCE);
}

#[test]
fn a_revision_that_does_not_exist_is_an_unknown_name_for_every_command() {
    let scene = plain();
    for asks in &SOURCE {
        let option: &[&str] = match asks {
            ["check"] | ["log" | "approve", ..] => continue,
            ["scope", ..] => &["--base", "main", "--head", "nowhere"],
            _ => &["--rev", "nowhere"],
        };
        let ended = scene.run(&[*asks, option].concat());
        ended.failed(2, &["has no revision `nowhere`", "hint: known: main"]);
    }
    scene.run(&["status", "--rev", "maim"]).failed(2, &["hint: did you mean `main`?"]);
    let id = "1".repeat(40);
    scene.run(&["status", "--rev", &id]).failed(2, &[&format!("hint: git fetch --tags origin {id}")]);
}

#[test]
fn a_manifest_that_is_missing_decides_nothing_for_every_reader() {
    let scene = plain();
    for asks in [
        &["verify", "manifests/RC-05.json"][..],
        &["replay", "RC-05"],
        &["replay", "manifests/RC-05.json"],
        &["why", "RC-05"],
        &["why", "manifests/RC-05.json", "RC-05"],
    ] {
        scene.run(asks).failed(5, &["no manifest at `", "hint: rcrepro run RC-05 records it"]);
    }
    scene.run(&["log", "RC-05"]).failed(5, &["there is no manifest at `", "hint: rcrepro run RC-05"]);
    for asks in [&["verify", "nowhere.json"][..], &["replay", "nowhere.json"], &["why", "nowhere.json", "RC-05"]] {
        scene.run(asks).failed(5, &["no manifest at `nowhere.json`", "hint: name a packet, or the file"]);
    }
}
