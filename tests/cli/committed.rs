//! What is certified is what was committed: the plan and everything that it names are read from the commit, whatever lies in
//! the working copy.

use std::path::Path;

use crate::scene::{Scene, command};

/// A database of vulnerabilities with one entry, which is frozen without any network.
fn database(scene: &Scene) {
    let entry = r#"{"id":"GO-2026-0001","modified":"2026-08-01T00:00:00Z","summary":"Invented","affected":[{"package":{"name":"example.com/m","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}]}]}"#;
    scene.write("mirror/vulndb/ID/GO-2026-0001.json", entry.as_bytes());
    scene.write("mirror/vulndb/index/db.json", br#"{"modified":"2026-08-01T00:00:00Z"}"#);
    let modules = r#"[{"path":"example.com/m","vulns":[{"id":"GO-2026-0001","modified":"2026-08-01T00:00:00Z"}]}]"#;
    scene.write("mirror/vulndb/index/modules.json", modules.as_bytes());
}

/// A repository whose plan has one of everything that can decide an action or a verdict.
fn scene() -> Scene {
    let greet = command("greet", "cat greeting.txt", "frozen = [\"vulndb\"]\nnormalize.stdout = [\"go-test\"]");
    let more = r#"
[[quarantine]]
command = "greet"
reason = "it draws lots"
owner = "ada"
expires = 9999-12-30

[[waivers]]
finding = "pins/image-without-digest:*:golang:1.26.8-bookworm"
reason = "There is none yet."
owner = "ada"
expires = 2027-06-30

[protected]
auth = ["auth/**"]

[frozen.vulndb]
kind = "go-vulndb"
path = "mirror/vulndb"
"#;
    let scene = Scene::new(&format!("{greet}{more}"));
    scene.replace("rcrepro.toml", "sets = [\"all\"]", "sets = [\"all\"]\nscope = [\"docs/**\"]\ngoal = [\"Greet.\"]");
    scene.write("docs/notes.md", b"# Notes\n");
    scene.write(".gitignore", b"mirror\n");
    database(&scene);
    scene.commit("one of everything");
    scene.ok(&["lock"]);
    scene.commit("its lock");
    scene
}

/// What is changed: the file, a text in it, and its replacement.
type Change = (&'static str, &'static str, &'static str);

/// Changes of the plan, each of something else that it says.
const PLAN: [Change; 8] = [
    ("rcrepro.toml", "run = '''cat greeting.txt'''", "run = '''echo something else'''"),
    ("rcrepro.toml", "normalize.stdout = [\"go-test\"]", "normalize.stdout = [\"go-vet-json\"]"),
    ("rcrepro.toml", "expires = 9999-12-30", "expires = 2020-01-31"),
    ("rcrepro.toml", "expires = 2027-06-30", "expires = 2030-06-30"),
    ("rcrepro.toml", "scope = [\"docs/**\"]", "scope = [\"docs/**\", \"src/**\"]"),
    ("rcrepro.toml", "goal = [\"Greet.\"]", "goal = [\"Say goodbye.\"]"),
    ("rcrepro.toml", "auth = [\"auth/**\"]", "auth = [\"rbac/**\"]"),
    ("rcrepro.toml", "kind = \"go-vulndb\"", "kind = \"go-vulndb\" # as it was"),
];

/// Changes of what the plan names, with the exit code of a run once they are committed and what it says.
const NAMED: [(Change, i32, &str); 3] = [
    (("images/base.toml", "bash", "dash"), 3, "stale lock"),
    (("lockfiles/images/amd64/base.lock", "config = \"", "config = \"0"), 3, "base.lock"),
    (("lockfiles/vulndb.lock", "made_from = \"", "made_from = \"0"), 3, "vulndb"),
];

fn replace_first(scene: &Scene, (file, from, to): Change) {
    let text = scene.read(file);
    assert!(text.contains(from), "`{from}` in {file}:\n{text}");
    scene.write(file, text.replacen(from, to, 1).as_bytes());
}

#[test]
fn what_lies_in_the_working_copy_changes_nothing_that_is_recorded() {
    let scene = scene();
    scene.ok(&["run", "RC-05"]);
    let recorded = scene.read("manifests/RC-05.json");
    let source: [Change; 2] = [("greeting.txt", "hello", "goodbye"), ("docs/notes.md", "Notes", "Other notes")];
    for change in PLAN.into_iter().chain(NAMED.map(|(change, ..)| change)).chain(source) {
        replace_first(&scene, change);
        let (file, ..) = change;
        let ended = scene.ok(&["run", "RC-05"]);
        assert_eq!(scene.read("manifests/RC-05.json"), recorded, "{change:?}");
        let warning = format!(
            "1 file of the working copy is not as HEAD has it, and the commit is what counts:\n            changed {file}\n"
        );
        for command in [&["replay", "RC-05"][..], &["status"], &["check"]] {
            // A plan on disk that cannot be read is no concern of anything but `check`.
            let told = scene.run(command).stderr;
            assert!(told.contains(&warning), "{change:?}, {command:?}: `{warning}` in\n{told}");
        }
        assert!(ended.stderr.contains(&warning), "{}", ended.stderr);
        scene.git(&["checkout", "-q", "--", "."]);
    }
    assert!(!scene.ok(&["run", "RC-05"]).stderr.contains("warning"), "nothing differs any longer");
}

#[test]
fn what_is_committed_counts() {
    let scene = scene();
    scene.ok(&["run", "RC-05"]);
    let digest = |field: &str| {
        let manifest: serde_json::Value = serde_json::from_str(&scene.read("manifests/RC-05.json")).expect("JSON");
        manifest[field].to_string()
    };
    let before = digest("plan");
    for change in PLAN {
        replace_first(&scene, change);
        scene.commit("changed");
        scene.ok(&["run", "RC-05"]);
        assert_ne!(digest("plan"), before, "{change:?}");
        scene.git(&["reset", "-q", "--hard", "HEAD^"]);
    }
    for (change, code, text) in NAMED {
        replace_first(&scene, change);
        scene.commit("changed");
        scene.run(&["run", "RC-05"]).failed(code, &[text]);
        scene.git(&["reset", "-q", "--hard", "HEAD^"]);
    }
    scene.ok(&["run", "RC-05"]);
}

#[test]
fn a_red_gate_does_not_become_green_by_an_edit_that_nobody_committed() {
    let scene = Scene::new(&command("gate", "bash gate.sh", ""));
    scene.write("gate.sh", b"exit 1\n");
    scene.commit("a red gate");
    assert_eq!(scene.run(&["run", "RC-05"]).code, 1);
    scene.replace("rcrepro.toml", "bash gate.sh", "true");
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(!scene.path("manifests/RC-05.json").exists());
    assert_eq!(scene.run(&["verdict"]).code, 1);
}

#[test]
fn a_file_that_nobody_committed_is_no_evidence() {
    let scene = Scene::new(&command("hello", "true", "proof = \"exit-code\""));
    let exit = "sets = [\"all\"]\nexit = [{ says = \"Written.\", rests-on = [\"file:docs/plan.md\"] }]";
    scene.replace("rcrepro.toml", "sets = [\"all\"]", exit);
    scene.commit("wants a document");
    scene.ok(&["run", "RC-05"]);
    scene.write("docs/plan.md", b"# Plan\n");
    let status = scene.run(&["status"]).stdout;
    assert!(status.contains("`docs/plan.md` is not committed: git add docs/plan.md && git commit"), "{status}");
    scene.commit("the document");
    scene.ok(&["run", "RC-05"]);
    assert!(!scene.run(&["status"]).stdout.contains("not committed"), "it is now");
}

#[test]
fn a_plan_that_nobody_committed_is_none() {
    let scene = Scene::new(&command("hello", "true", ""));
    scene.git(&["rm", "-q", "--cached", "rcrepro.toml"]);
    scene.git(&["commit", "-q", "-m", "no plan"]);
    let says = ["has no plan `rcrepro.toml`, and what is certified is what was committed", "git add rcrepro.toml"];
    for arguments in [&["run", "RC-05"][..], &["status"], &["verdict"], &["log", "RC-05"]] {
        scene.run(arguments).failed(3, &says);
    }
    scene.ok(&["check"]);
    // One with a mistake in the commit alone says which of the two it is.
    scene.write("rcrepro.toml", b"version = 1\nnonsense = true\n");
    scene.commit("a mistake");
    scene.write("rcrepro.toml", b"version = 1\n");
    scene.run(&["status"]).failed(3, &["rcrepro.toml, as commit ", " has it:2:1"]);
}

#[test]
fn ignored_files_records_and_line_ends_are_no_difference() {
    let scene = Scene::new(&command("hello", "true", "proof = \"exit-code\""));
    scene.write(".gitignore", b"built\n");
    scene.commit("ignores");
    scene.write("built", b"x");
    // Whoever takes line ends as git gives them has changed nothing.
    scene.git(&["config", "core.autocrlf", "true"]);
    scene.write("greeting.txt", b"hello\r\n");
    scene.ok(&["run", "RC-05"]);
    assert!(scene.path("manifests/RC-05.json").exists());
    let told = scene.ok(&["status"]).stderr;
    assert!(!told.contains("warning"), "{told}");
    for number in 0..7 {
        scene.write(&format!("new {number}.txt"), b"x");
    }
    let told = scene.ok(&["status"]).stderr;
    assert!(
        told.contains("   warning  7 files of the working copy") && told.contains("            and 2 more\n"),
        "{told}"
    );
    // No program that a repository's configuration names is started.
    let marker = scene.path("started");
    scene.git(&["config", "filter.evil.clean", &format!("touch {}", marker.display())]);
    scene.git(&["config", "core.fsmonitor", &format!("touch {}", marker.display())]);
    scene.write(".gitattributes", b"*.txt filter=evil\n");
    scene.write("greeting.txt", b"changed\n");
    assert!(scene.ok(&["status"]).stderr.contains("changed greeting.txt"));
    assert!(!marker.exists(), "a program of the repository's configuration was started");
}

#[test]
fn a_definition_outside_of_the_repository_is_refused() {
    let scene = Scene::new(&command("hello", "true", ""));
    let elsewhere = tempfile::tempdir().expect("a folder");
    let images = elsewhere.path().join("images");
    std::fs::create_dir(&images).expect("made");
    std::fs::copy(Path::new(&scene.path("images/base.toml")), images.join("base.toml")).expect("copied");
    let outside = format!("build = \"{}\"", images.join("base.toml").display());
    scene.replace("rcrepro.toml", "build = \"images/base.toml\"", &outside);
    scene.commit("elsewhere");
    scene.run(&["run", "RC-05"]).failed(3, &["outside of the repository"]);
    let checked = scene.run(&["check"]);
    assert_eq!(checked.code, 3, "{}", checked.stdout);
    assert!(checked.stdout.contains("outside of the repository"), "{}", checked.stdout);
}

#[test]
fn an_older_release_is_replayed_by_its_own_plan() {
    let scene = Scene::new(&command("say", "echo one", ""));
    scene.ok(&["run", "RC-05"]);
    scene.commit("recorded");
    scene.git(&["tag", "v1"]);
    let older = tempfile::tempdir().expect("a folder");
    scene.git(&["worktree", "add", "-q", older.path().join("v1").to_str().expect("text"), "v1"]);
    scene.replace("rcrepro.toml", "echo one", "echo two");
    scene.commit("the next release");
    scene.ok(&["run", "RC-05"]);
    scene.commit("recorded again");
    scene.ok(&["replay", "RC-05"]);
    let ended = scene.ok(&["replay", "RC-05", "--rev", "v1"]);
    assert!(ended.stderr.contains("  the manifest of RC-05 that commit "), "{}", ended.stderr);
    let manifest = older.path().join("v1/manifests/RC-05.json");
    let ended = scene.ok(&["replay", manifest.to_str().expect("text")]);
    assert!(ended.stderr.contains(", whose source and plan it is of"), "{}", ended.stderr);
    // What no commit is of is compared with the one in hand, and says so.
    let elsewhere = Scene::new(&command("say", "echo one", "retries = 1"));
    let ended = elsewhere.run(&["replay", manifest.to_str().expect("text")]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stderr.contains("no commit here has the source of this manifest"), "{}", ended.stderr);
}

#[test]
fn a_definition_that_changed_outside_of_the_source_makes_evidence_stale() {
    let scene = Scene::new(&command("hello", "true", "proof = \"exit-code\""));
    let exit = "sets = [\"all\"]\nexit = [{ says = \"It greets.\", rests-on = [\"commands\"] }]";
    let plan = scene.read("rcrepro.toml").replace("images/base.toml", "../images/base.toml");
    scene.write("plan/rcrepro.toml", plan.replace("sets = [\"all\"]", exit).as_bytes());
    scene.git(&["rm", "-q", "--cached", "rcrepro.toml"]);
    std::fs::remove_file(scene.path("rcrepro.toml")).expect("removed");
    scene.commit("a plan beside its images");
    scene.ok(&["-C", "plan", "run", "RC-05"]);
    scene.ok(&["-C", "plan", "verdict"]);
    scene.ok(&["-C", "plan", "check"]);
    scene.replace("images/base.toml", "\"procps\", ", "");
    scene.commit("another definition");
    let status = scene.ok(&["-C", "plan", "status"]).stdout;
    assert!(status.contains("the lock of image `base` is stale"), "{status}");
    assert_ne!(scene.run(&["-C", "plan", "verdict"]).code, 0);
    let check = scene.run(&["-C", "plan", "check"]);
    assert_eq!(check.code, 3, "{}", check.stdout);
    assert!(check.stdout.contains("  stale: lock of image `base`: "), "{}", check.stdout);
}

#[test]
fn records_are_not_written_through_a_link_that_was_committed() {
    let scene = Scene::new(&command("hello", "true", ""));
    let victim = tempfile::tempdir().expect("a folder");
    std::fs::write(victim.path().join("RC-05.json"), "mine").expect("written");
    for folder in ["manifests", "approvals"] {
        std::os::unix::fs::symlink(victim.path(), scene.path(folder)).expect("linked");
    }
    scene.commit("links");
    let says = "is a symbolic link to";
    let ended = scene.run(&["run", "RC-05"]);
    assert!(ended.code != 0 && ended.stderr.contains(says), "{}\n{}", ended.stdout, ended.stderr);
    let ended = scene.run(&["approve", "RC-05", "--by", "ada"]);
    assert!(ended.code != 0 && ended.stderr.contains(says), "{}\n{}", ended.stdout, ended.stderr);
    let names = std::fs::read_dir(victim.path()).expect("listed").flatten().count();
    assert_eq!((names, std::fs::read(victim.path().join("RC-05.json")).expect("there")), (1, b"mine".to_vec()));
}

#[test]
fn the_example_is_sound() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/beacon");
    let scene = Scene::new("");
    let ended = scene.run(&["-C", example.to_str().expect("text"), "check"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(!ended.stdout.contains("refused"), "{}", ended.stdout);
}

#[test]
fn another_revision_is_judged_by_its_own_records() {
    let scene = Scene::new(&command("say", "echo one", "proof = \"exit-code\""));
    scene.ok(&["run", "RC-05"]);
    scene.commit("recorded");
    scene.git(&["tag", "v1"]);
    assert!(scene.ok(&["status", "--rev", "v1"]).stdout.contains("DONE"));
    assert_eq!(scene.run(&["verdict", "--rev", "v1"]).stdout, scene.run(&["verdict"]).stdout);
    // What is on disk is not of that commit, be it gone, changed or new.
    std::fs::remove_dir_all(scene.path("manifests")).expect("removed");
    scene.commit("no records any more");
    let none = ["--store", "elsewhere", "status"];
    assert!(!scene.run(&none).stdout.contains("DONE"), "the last commit has none");
    let before = scene.ok(&[&none[..], &["--rev", "v1"]].concat());
    assert!(before.stdout.contains("DONE"), "{}\n{}", before.stdout, before.stderr);
    scene.git(&["checkout", "-q", "v1", "--", "manifests"]);
    scene.write("manifests/RC-05.json", b"{}");
    assert!(scene.ok(&["status", "--rev", "v1"]).stdout.contains("DONE"), "nothing on disk was tampered with then");
    scene.git(&["checkout", "-q", "v1", "--", "manifests"]);
    let after = scene.run(&["--store", "elsewhere", "status", "--rev", "HEAD~0"]);
    assert!(!after.stdout.contains("DONE"), "the commit has no record: {}", after.stdout);
}
