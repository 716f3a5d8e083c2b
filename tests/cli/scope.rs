//! `rcrepro scope` in real git repositories: each finding, each way in which nothing is decided, and the committed record.

use crate::scene::{Ended, Scene, command};

const RULES: &str = r#"
[protected]
auth = ["api/auth*.go", "rbac/**"]

[packets.RC-03]
title = "Signup"
sets = ["all"]
needs = []
scope = ["api/*.go", "docs/**"]
threat-model = "docs/threats.md"
rollback-plan = "docs/back.md"
"#;

/// A repository with a plan, whose branch `work` begins at `main`.
pub fn scene() -> Scene {
    let scene = Scene::new(&format!("{}{RULES}", command("hello", "true", "")));
    scene.write("api/signup.go", b"package api\n");
    scene.write("api/auth.go", b"package api\n");
    scene.write("rbac/db.go", b"package rbac\n");
    scene.commit("sources");
    scene.git(&["checkout", "-q", "-b", "work"]);
    scene
}

fn check(scene: &Scene) -> Ended {
    scene.run(&["scope", "RC-03", "--base", "main"])
}

fn red(scene: &Scene, texts: &[&str]) {
    let ended = check(scene);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

#[test]
fn what_stays_within_the_globs_passes() {
    let scene = scene();
    scene.write("api/signup.go", b"package api // mended\n");
    scene.write("docs/deep/note.md", b"why\n");
    scene.write("manifests/RC-03.json", b"{}");
    scene.commit("work");
    let ended = check(&scene);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("RC-03 within its scope: 3 files changed"), "{}", ended.stdout);
}

#[test]
fn each_file_outside_is_named() {
    let scene = scene();
    scene.write("api/deep/new.go", b"package deep\n");
    scene.write("greeting.txt", b"changed\n");
    scene.commit("too much");
    red(
        &scene,
        &[
            "`api/deep/new.go` is outside the packet's scope",
            "`greeting.txt` is outside the packet's scope",
            "scope  `api/*.go`, `docs/**`",
            "-- api/deep/new.go greeting.txt",
            "RC-03 NOT within its scope: 2 files changed",
        ],
    );
}

#[test]
fn a_deletion_a_rename_a_mode_and_a_wider_plan_are_changes() {
    let scene = scene();
    scene.git(&["rm", "-q", "greeting.txt"]);
    scene.commit("deleted");
    red(&scene, &["`greeting.txt` is outside"]);
    scene.git(&["reset", "-q", "--hard", "main"]);
    scene.git(&["mv", "api/signup.go", "signup.go"]);
    scene.commit("renamed out");
    red(&scene, &["`signup.go` is outside", "2 files changed"]);
    scene.git(&["reset", "-q", "--hard", "main"]);
    scene.git(&["mv", "greeting.txt", "docs.txt"]);
    scene.git(&["mv", "docs.txt", "api/greeting.go"]);
    scene.commit("renamed in");
    red(&scene, &["`greeting.txt` is outside"]);
    scene.git(&["reset", "-q", "--hard", "main"]);
    scene.git(&["update-index", "--chmod=+x", "greeting.txt"]);
    scene.git(&["commit", "-q", "-m", "mode"]);
    red(&scene, &["`greeting.txt` is outside"]);
    scene.git(&["reset", "-q", "--hard", "main"]);
    scene.git(&["rm", "-q", "greeting.txt"]);
    scene.write("greeting.txt/inner.txt", b"a folder now\n");
    scene.commit("a folder instead of a file");
    red(&scene, &["`greeting.txt` is outside", "`greeting.txt/inner.txt` is outside"]);
    scene.git(&["reset", "-q", "--hard", "main"]);
    scene.replace("rcrepro.toml", "title = \"Signup\"", "title = \"Sign-up\"");
    scene.commit("the plan itself");
    red(&scene, &["`rcrepro.toml` is outside"]);
}

#[test]
fn a_protected_change_needs_documents_that_name_it() {
    let scene = scene();
    scene.write("api/auth.go", b"package api // weaker\n");
    scene.commit("auth");
    red(&scene, &["`threat-model` `docs/threats.md` is not tracked at head", "`rollback-plan` `docs/back.md` is not"]);
    scene.write("docs/threats.md", b"RC-03 touches `api/auth.go`.\n");
    scene.write("docs/back.md", b"\n");
    scene.commit("documents");
    red(&scene, &["the `rollback-plan` `docs/back.md` is empty"]);
    scene.write("docs/back.md", b"RC-030: revert.\n");
    scene.commit("a document about something else");
    red(&scene, &["`docs/back.md` does not name `RC-03`", "`docs/back.md` does not name `api/auth.go`"]);
    scene.write("docs/back.md", b"Of RC-03: revert api/auth.go.\n");
    scene.commit("the document");
    let ended = check(&scene);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    for text in ["protected  `api/auth.go` (auth)", "document  `docs/threats.md` ", "document  `docs/back.md` "] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    // A working copy is no evidence: an untracked document does not count, nor does an edit that was not committed.
    scene.write("rbac/db.go", b"package rbac // weaker\n");
    scene.git(&["add", "rbac"]);
    scene.git(&["commit", "-q", "-m", "rbac"]);
    scene.write("docs/back.md", b"Of RC-03: revert api/auth.go and rbac/db.go.\n");
    red(&scene, &["`docs/back.md` does not name `rbac/db.go`", "`rbac/db.go` is outside"]);
}

#[test]
fn nothing_changed_and_no_ancestor_decide_nothing() {
    let scene = scene();
    check(&scene).failed(5, &["no file changed between", "nothing was checked"]);
    scene.write("api/signup.go", b"package api // there\n");
    scene.commit("there");
    scene.git(&["revert", "--no-commit", "HEAD"]);
    scene.commit("back");
    check(&scene).failed(5, &["no file changed between"]);
    scene.git(&["checkout", "-q", "main"]);
    scene.write("greeting.txt", b"elsewhere\n");
    scene.commit("elsewhere");
    scene.git(&["checkout", "-q", "work"]);
    check(&scene).failed(5, &["is not an ancestor of", "hint: they meet at "]);
    scene.run(&["scope", "RC-03", "--base", "nowhere"]).failed(2, &["has no revision `nowhere`", "known: main"]);
    scene.run(&["scope", "RC-99", "--base", "main"]).failed(2, &["the plan has no packet `RC-99`"]);
    scene.run(&["scope", "RC-03", "--record"]).failed(2, &["--base"]);
    scene.run(&["scope", "RC-03"]).failed(5, &["has no scope record `scopes/RC-03.json`"]);
}

#[test]
fn a_plan_that_limits_nothing_decides_nothing() {
    let scene = Scene::new(&command("hello", "true", ""));
    scene.git(&["branch", "begin"]);
    scene.write("greeting.txt", b"changed\n");
    scene.commit("work");
    let texts = ["the plan limits no change of RC-05", "hint: write into [packets.RC-05]: scope = "];
    scene.run(&["scope", "RC-05", "--base", "begin"]).failed(5, &texts);
}

/// A scene with a good record, committed.
pub fn recorded() -> Scene {
    let scene = scene();
    scene.write("api/signup.go", b"package api // mended\n");
    scene.commit("work");
    let ended = scene.ok(&["scope", "RC-03", "--base", "main", "--record"]);
    assert!(ended.stdout.contains("recorded  scopes/RC-03.json "), "{}", ended.stdout);
    scene.commit("record");
    scene
}

#[test]
fn a_record_is_derived_again_and_every_lie_in_it_is_caught() {
    let scene = recorded();
    let good = scene.read("scopes/RC-03.json");
    scene.ok(&["scope", "RC-03"]);
    scene.ok(&["scope", "RC-03", "--base", "main"]);
    for (from, to, part) in [
        ("\"path\":\"api/signup.go\"", "\"path\":\"api/sign.go\"", "`changes` differs"),
        ("\"mode\":\"100644\"", "\"mode\":\"100755\"", "`changes` differs"),
        ("\"findings\":[]", "\"findings\":[{\"name\":\"outside\",\"path\":\"a\"}]", "`findings` differs"),
        ("\"packet\":\"RC-03\"", "\"packet\":\"RC-05\"", "`packet` differs"),
        ("\"findings\":[]", "\"findings\": []", "is not a scope record"),
        ("\"version\":1", "\"version\":2", "is not a scope record"),
    ] {
        assert!(good.contains(from), "`{from}` in {good}");
        scene.write("scopes/RC-03.json", good.replacen(from, to, 1).as_bytes());
        scene.run(&["scope", "RC-03"]).failed(6, &[part]);
    }
    // A commit has one tree: with another one, what happened between the two would be left out of the judgement.
    let record: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    let tree = |side: &str| record[side]["tree"].as_str().expect("a tree").to_owned();
    let forged = good.replace(&tree("base"), &tree("head"));
    scene.write("scopes/RC-03.json", forged.as_bytes());
    scene.run(&["scope", "RC-03"]).failed(6, &["`base.tree` differs"]);
    scene.write("scopes/RC-03.json", good.as_bytes());
    // The record is no part of the certified source, and other packets' branches may carry it.
    scene.replace("rcrepro.toml", "scope = [\"api/*.go\"", "scope = [\"api/**\"");
    scene.commit("another plan");
    scene.run(&["scope", "RC-03"]).failed(3, &["was recorded under other rules than the plan has now"]);
}

#[test]
fn a_record_outlives_a_rewritten_history_and_not_one_without_its_commits() {
    let scene = recorded();
    let good = scene.read("scopes/RC-03.json");
    // Every commit gets another id; the trees stay.
    scene.git(&[
        "rebase",
        "-q",
        "--root",
        "--no-ff",
        "--exec",
        "git commit -q --amend --no-edit --reset-author --date=2001-02-03T04:05:06Z",
    ]);
    scene.git(&["branch", "-q", "-D", "main"]);
    scene.git(&["reflog", "expire", "--expire=now", "--all"]);
    scene.git(&["gc", "-q", "--prune=now"]);
    let ended = scene.ok(&["--json", "scope", "RC-03"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    let before: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    assert_eq!(document["record"]["head"]["tree"], before["head"]["tree"]);
    assert_ne!(document["record"]["head"]["commit"], before["head"]["commit"], "history was written anew");
    // The branch was never merged into what is checked out now.
    scene.git(&["checkout", "-q", "--orphan", "other"]);
    scene.write("api/signup.go", b"package api // other work\n");
    scene.commit("other");
    scene.run(&["scope", "RC-03"]).failed(5, &["the head of RC-03's scope record", "is not in the history of HEAD"]);
}

#[test]
fn in_a_folder_of_a_larger_repository_other_files_are_outside() {
    let scene = Scene::new(&command("hello", "true", ""));
    let plan = scene.read("rcrepro.toml").replace("images/base.toml", "../../images/base.toml");
    let packet = "[packets.RC-04]\ntitle = \"Front\"\nsets = [\"all\"]\nscope = [\"**\"]\n";
    scene.write("examples/small/rcrepro.toml", format!("{plan}\n{packet}").as_bytes());
    scene.commit("a plan in a folder");
    scene.git(&["checkout", "-q", "-b", "work"]);
    scene.write("examples/small/a/b.ts", b"1\n");
    scene.commit("inside");
    let arguments = ["-C", "examples/small", "scope", "RC-04", "--base", "main"];
    scene.ok(&arguments);
    scene.write("examples/other.ts", b"1\n");
    scene.write("greeting.txt", b"changed\n");
    scene.commit("outside");
    let ended = scene.run(&arguments);
    assert_eq!(ended.code, 1);
    for text in ["`../other.ts` is outside", "`../../greeting.txt` is outside", "3 files changed"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    scene.replace("examples/small/rcrepro.toml", "scope = [\"**\"]", "scope = [\"**\", \"../*.ts\", \"../../*.txt\"]");
    scene.commit("another plan");
    scene.ok(&arguments);
}

#[test]
fn json_holds_the_record() {
    let scene = scene();
    scene.write("greeting.txt", b"changed\n");
    scene.commit("too much");
    let ended = scene.run(&["--json", "scope", "RC-03", "--base", "main"]);
    assert_eq!(ended.code, 1);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    assert_eq!(document["within"], false);
    assert_eq!(document["record"]["findings"][0]["path"], "greeting.txt");
    assert_eq!(document["record"]["changes"][0]["before"]["mode"], "100644");
}
