//! Commands that hints and reports show: they can be run as they are from where the user is, who may have named the folder.

use crate::scene::{Ended, Scene, command};

const ASKED: [&[&str]; 18] = [
    &["check"],
    &["status"],
    &["status", "--check"],
    &["verdict"],
    &["documents"],
    &["pins"],
    &["findings"],
    &["suppressions"],
    &["scope", "RC-05"],
    &["log", "RC-05"],
    &["why", "RC-05"],
    &["replay", "RC-05"],
    &["approve", "RC-05", "--by", "Ada", "--review"],
    &["verify", "manifests/RC-05.json"],
    &["image", "lock", "--check"],
    &["init"],
    &["run", "RC-05", "--rev", "nowhere"],
    &["run", "RC-06"],
];

/// The commands of rcrepro and git that hints show.
const SHOWN: [&str; 16] = [
    "rcrepro advisories",
    "rcrepro approve",
    "rcrepro check",
    "rcrepro image",
    "rcrepro init",
    "rcrepro lock",
    "rcrepro log",
    "rcrepro replay",
    "rcrepro run",
    "rcrepro scope",
    "rcrepro status",
    "rcrepro verify",
    "git add",
    "git commit",
    "git init",
    "git fetch",
];

/// Leaves out what is between backticks: there a command is named.
fn unquoted(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

#[test]
fn every_command_that_is_shown_works_from_where_the_user_is() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = scene.path("").display().to_string();
    let mut shown = 0;
    let mut ask = |says: &str| {
        for asked in ASKED {
            for form in [&[][..], &["--json"]] {
                let mut program = scene.command(&[&["-C", &folder], form, asked].concat());
                let ended = Ended::from(program.current_dir(elsewhere.path()).output().expect("the program starts"));
                for line in ended.stdout.lines().chain(ended.stderr.lines()).map(unquoted) {
                    shown += usize::from(line.contains(&format!(" -C {folder} ")));
                    for bare in SHOWN {
                        assert!(!line.contains(bare), "{says}: {asked:?} {form:?}: `{bare}` in\n{line}");
                    }
                }
            }
        }
    };
    ask("nothing ran yet");
    std::fs::rename(scene.path("lockfiles"), scene.path("aside")).expect("our own folder");
    ask("nothing is locked");
    std::fs::rename(scene.path("aside"), scene.path("lockfiles")).expect("our own folder");
    scene.write("greeting.txt", b"changed\n");
    ask("a file is not committed");
    std::fs::remove_dir_all(scene.path(".git")).expect("our own folder");
    ask("there is no repository");
    assert!(shown > 40, "{shown}");
}

#[test]
fn a_folder_that_is_not_there_is_a_mistake_of_the_command_line() {
    let scene = Scene::new(&command("greet", "true", ""));
    for asked in [&["check"][..], &["init"], &["status"], &["verify", "manifests/RC-05.json"], &["doctor"]] {
        scene
            .run(&[&["-C", "nowhere"], asked].concat())
            .failed(2, &["there is no folder `nowhere`", "hint: name the folder with rcrepro.toml"]);
    }
}
