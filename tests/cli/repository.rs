//! Commands that see a repository of one commit.

use std::process::Command;

use crate::scene::{Scene, command};

/// Runs git on the scene's own repository, and returns what it prints.
fn git(scene: &Scene, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(scene.path("")).args(arguments).output().expect("git");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn git_works_in_the_container_and_a_replay_lays_the_same_bytes() {
    let line = "git rev-parse HEAD && git describe --tags && git diff --exit-code && git status --porcelain && \
                git ls-files && git log -1 --format=%s && git fsck --strict && stat -c %u .git && id -u";
    let bare = "! git rev-parse HEAD && ! test -e .git";
    let scene = Scene::new(&format!("{}{}", command("asks", line, "git = true"), command("bare", bare, "")));
    scene.write("manifests/older.json", b"tracked, and not in the source");
    scene.commit("more");
    scene.git(&["tag", "v1.0.0"]);
    let commit = git(&scene, &["rev-parse", "HEAD"]);
    let check = scene.ok(&["check"]);
    assert!(!check.stdout.contains("`git rev-parse` on the line of `asks`"), "{}", check.stdout);
    assert!(check.stdout.contains("`git rev-parse` on the line of `bare` finds no repository"), "{}", check.stdout);
    scene.ok(&["run", "RC-05"]);
    let printed = scene.ok(&["log", "RC-05", "asks"]).stdout;
    for expected in [commit.as_str(), "v1.0.0", "manifests/older.json", "\nmore\n", "1000\n1000"] {
        assert!(printed.contains(expected), "`{expected}` in {printed}");
    }
    let manifest = scene.read("manifests/RC-05.json");
    assert!(manifest.contains(&format!("\"git\":{{\"commit\":\"{commit}\"")), "{manifest}");

    // The evidence is committed, and another tag is made: what was recorded is what is laid.
    scene.commit("evidence");
    scene.git(&["tag", "v2.0.0"]);
    scene.git(&["tag", "v1.0.0-again", "v1.0.0"]);
    let status = scene.ok(&["status"]).stdout;
    assert!(status.contains("DONE"), "{status}");
    let replayed = scene.ok(&["replay", "RC-05"]).stdout;
    assert!(replayed.contains("bitwise"), "{replayed}");

    let verified = scene.ok(&["verify", "manifests/RC-05.json"]);
    assert!(!verified.stdout.contains("source.git"), "{}", verified.stdout);
    // A board is told of another repository as `verify` is.
    scene.write("manifests/RC-05.json", manifest.replace("\"v1.0.0\":", "\"v1.0.9\":").as_bytes());
    assert_eq!((scene.run(&["verify", "manifests/RC-05.json"]).code, scene.run(&["status"]).code), (6, 6));
    scene.write("manifests/RC-05.json", manifest.as_bytes());
    let apart = tempfile::tempdir().expect("a folder");
    let copied = Command::new("cp").arg("-r").arg(scene.path("manifests")).arg(apart.path()).status().expect("cp");
    assert!(copied.success());
    let there = apart.path().join("manifests/RC-05.json");
    let elsewhere = scene.ok(&["verify", there.to_str().expect("text")]).stdout;
    assert!(elsewhere.contains("source.git") && elsewhere.contains("lies in no repository"), "{elsewhere}");
}

#[test]
fn history_that_is_not_there_is_explained() {
    let scene = Scene::new(&command("before", "git log -1 HEAD~1", "git = true"));
    scene.commit("second");
    let ended = scene.run(&["run", "RC-05"]);
    let says = "git said `fatal: ambiguous argument 'HEAD~1': unknown revision or path not in the working tree.`: /work/.git holds its commit";
    assert!(ended.code == 1 && ended.stdout.contains(says), "{}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn a_plan_below_the_root_is_refused_before_anything_runs() {
    let scene = Scene::new(&command("asks", "git status", "git = true"));
    for file in ["rcrepro.toml", "images/base.toml", "lockfiles/images/amd64/base.lock"] {
        scene.write(&format!("below/{file}"), scene.read(file).as_bytes());
    }
    scene.commit("below");
    let says = "need the plan at the root of its repository, and it is in `below`";
    scene.run(&["-C", "below", "run", "RC-05"]).failed(3, &[says]);
    let ended = scene.run(&["-C", "below", "check"]);
    assert!(ended.code == 3 && ended.stdout.contains(says), "{}", ended.stdout);
}

#[test]
fn a_repository_that_nothing_here_can_confirm_is_noted_by_the_board_and_the_verdict() {
    let scene = Scene::new(&command("confirms", "git rev-parse HEAD", "git = true"));
    scene.ok(&["run", "RC-05"]);
    let commit = git(&scene, &["rev-parse", "HEAD"]);
    scene.commit("the evidence");
    let note = format!("note: RC-05: nothing confirms that it is commit {}", commit.trim());
    assert!(!scene.ok(&["status"]).stdout.contains("nothing confirms"), "the commit is here");
    let clone = tempfile::tempdir().expect("a folder");
    let into = clone.path().join("clone").display().to_string();
    scene.git(&["clone", "-q", "--depth", "1", &format!("file://{}", scene.path("").display()), &into]);
    for what in ["status", "verdict"] {
        let said = scene.run(&["-C", &into, what]);
        assert!(said.stdout.contains(&note) && said.code != 6, "`{note}` in\n{}\n{}", said.stdout, said.stderr);
    }
}
