//! `rcrepro documents`: quoted commands in tracked documents, against a plan and manifests that were really recorded.

use crate::scene::{Ended, Scene, command};

const README: &str =
    "# Scene\n\nRun `sh say.sh hello`:\n\n```sh\n$ sh say.sh hello\nhello\n```\n\nNot `sh` and not `say.sh`.\n";

/// A repository whose plan says `sh say.sh hello`, and whose README does, too.
pub fn scene(id: &str) -> Scene {
    let documents = "[documents]\npaths = [\"README.md\", \"docs/*.md\"]\ngenerated = [\"docs/progress.md\"]\n";
    let scene = Scene::new(&format!("{}{documents}", command(id, "sh say.sh hello", "")));
    scene.write("say.sh", b"echo \"$1\"\n");
    scene.write("README.md", README.as_bytes());
    scene.write("docs/progress.md", b"# Progress\n");
    scene.commit("documents");
    scene
}

/// The root of the source that the manifest names.
fn source(scene: &Scene) -> String {
    let manifest: serde_json::Value = serde_json::from_str(&scene.read("manifests/RC-05.json")).expect("JSON");
    manifest["source"]["root"].as_str().expect("a digest").to_owned()
}

fn red(ended: &Ended, texts: &[&str]) {
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

#[test]
fn quoted_commands_are_the_plans_and_have_evidence() {
    let scene = scene("documents-aligned");
    let ended = scene.run(&["documents"]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    for text in [
        "unbacked  README.md:3: `sh say.sh hello`",
        "no manifest in manifests/ holds it",
        "2 documents UNDECIDED: commands quoted: 2 unbacked",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    scene.ok(&["run", "RC-05"]);
    let ended = scene.ok(&["documents"]);
    assert!(ended.stdout.contains("2 documents aligned: commands quoted: 2 backed"), "{}", ended.stdout);
    let ended = scene.ok(&["--json", "documents"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    assert_eq!(document["quoted"][0]["recorded"][0]["packet"], "RC-05");
    // A document with written sections may change: it is no part of the certified source.
    scene.write("docs/progress.md", b"# Progress\n\nAll done.\n");
    scene.commit("progress");
    let before = source(&scene);
    scene.ok(&["run", "RC-05"]);
    assert_eq!(source(&scene), before);
    // Any other one is a part of it.
    scene.write("README.md", format!("{README}\nMore.\n").as_bytes());
    scene.commit("readme");
    scene.ok(&["run", "RC-05"]);
    assert_ne!(source(&scene), before);
    // Neither does one without its evidence, which the store of another machine does not have.
    let elsewhere = scene.path("elsewhere");
    let store = elsewhere.to_str().expect("UTF-8");
    scene.ok(&["--store", store, "documents"]);
    let evidence = scene.path("manifests/RC-05.evidence");
    std::fs::rename(&evidence, scene.path("aside")).expect("our own folder");
    scene.run(&["--store", store, "documents"]).failed(5, &["evidence-missing", "hint: rcrepro verify "]);
    std::fs::rename(scene.path("aside"), &evidence).expect("our own folder");
    // A manifest that is none proves nothing.
    scene.write("manifests/RC-05.json", b"{}");
    scene.run(&["documents"]).failed(6, &["is not a manifest"]);
}

#[test]
fn a_stale_command_is_named_with_file_line_and_the_nearest_one() {
    let scene = scene("documents-stale");
    scene
        .write("docs/guide.md", b"A guide.\n\n1. First:\n\n   ```console\n   $ sh say.sh \\\n   >   goodbye\n   ```\n");
    scene.commit("guide");
    red(
        &scene.run(&["documents"]),
        &[
            "stale  docs/guide.md:6: `sh say.sh goodbye`",
            "the plan says: `sh say.sh hello`",
            "hint  write the plan's line",
        ],
    );
    scene.write("docs/guide.md", b"A guide.\n\n<!-- rcrepro:ignore another program -->\n\n    sh say.sh goodbye\n");
    scene.commit("a reason");
    let ended = scene.run(&["documents"]);
    assert_eq!(ended.code, 5, "the other quoted lines have no evidence: {}", ended.stdout);
    for text in ["ignored  docs/guide.md:5: `sh say.sh goodbye`", "the document says why: another program"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("stale"), "{}", ended.stdout);
    scene.write("docs/guide.md", b"A guide.\n\n<!-- rcrepro:ignore -->\n\n    sh say.sh goodbye\n");
    scene.commit("no reason");
    red(&scene.run(&["documents"]), &["stale  docs/guide.md:5: `sh say.sh goodbye`"]);
    // The commit counts, and not the working copy.
    scene.write("docs/guide.md", b"A guide.\n");
    red(&scene.run(&["documents"]), &["stale  docs/guide.md:5"]);
    let ended = scene.run(&["documents", "--rev", "HEAD~3"]);
    assert!(!ended.stdout.contains("guide.md"), "{}", ended.stdout);
}

#[test]
fn nothing_to_check_decides_nothing() {
    let scene = scene("documents-hollow");
    scene.write("README.md", b"# Scene\n\nNo `command` at all.\n");
    scene.commit("no command");
    scene.run(&["documents"]).failed(5, &["the documents quote no command of a tool that the plan uses"]);
    scene.replace("rcrepro.toml", "\"docs/*.md\"", "\"guides/*.md\"");
    scene.commit("another plan");
    scene.run(&["documents"]).failed(5, &["no tracked document matches `guides/*.md`", "hint: name documents"]);
    scene.replace("rcrepro.toml", "paths = [\"README.md\", \"guides/*.md\"]\n", "");
    scene.commit("another plan");
    scene.run(&["documents"]).failed(5, &["the plan names no document"]);
    scene.run(&["documents", "--rev", "nowhere"]).failed(2, &["has no revision `nowhere`", "known: main"]);
}
