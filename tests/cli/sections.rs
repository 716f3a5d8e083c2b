//! `rcrepro status --write` and `--check`: sections are those of the board, and the board rests on them.

use crate::scene::{Scene, command};

const PACKETS: &str = r#"
needs = ["RC-00"]
exit = [{ says = "It greets.", rests-on = ["command:greet"] }]

[packets.RC-00]
title = "Freeze"
exit = [{ says = "The tracker exists with board and checklists.", rests-on = ["section:board", "section:checklist"] }]

[packets.RC-07]
title = "Verdict"
needs = ["RC-05"]
exit = [
    { says = "Security gate: `GO`.", rests-on = ["findings"] },
    { says = "The documents are aligned.", rests-on = ["documents", "sections", "pins", "file:docs/progress.md"] },
]

[pins.go]
version = "1.26.8"

[documents]
paths = ["README.md", "docs/*.md"]
generated = ["docs/progress.md", "docs/verdict.md"]

[[risks]]
id = "tags"
says = "Images | by tag."
class = "P2"
owner = "ada"
"#;

const PROGRESS: &str = "# Progress\n\n<!-- rcrepro:begin board -->\n<!-- rcrepro:end board -->\n\n\
                        <!-- rcrepro:begin checklist -->\n<!-- rcrepro:end checklist -->\n\nSay \
                        `sh say.sh hello`, with Go 1.26.8.\n";
const VERDICT: &str = "# Verdict\n\n<!-- rcrepro:begin verdict -->\n<!-- rcrepro:end verdict -->\n\n\
                       <!-- rcrepro:begin risks -->\n<!-- rcrepro:end risks -->\n";

fn bare() -> Scene {
    let scene = Scene::new(&command("greet", "sh say.sh hello", ""));
    scene.replace("rcrepro.toml", "sets = [\"all\"]\n", &format!("sets = [\"all\"]{PACKETS}"));
    scene.write("say.sh", b"echo \"$1\"\n");
    scene.write("go.mod", b"module m\n\ngo 1.26.8\n");
    scene.write("README.md", b"Run `sh say.sh hello`.\n");
    scene.commit("a plan");
    scene
}

pub fn scene() -> Scene {
    let scene = bare();
    scene.write("docs/progress.md", PROGRESS.as_bytes());
    scene.write("docs/verdict.md", VERDICT.as_bytes());
    scene.commit("documents with markers");
    scene
}

/// Expects a packet's state, and a text among the reasons.
fn expect(scene: &Scene, packet: &str, state: &str, reason: &str) {
    let board = scene.board_document();
    let rows = board["packets"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["id"] == packet).expect("the packet");
    assert_eq!(row["state"], state, "{row}");
    assert!(row["reasons"].to_string().contains(reason), "`{reason}` in {row}");
}

/// Expects that a check finds something, and texts on standard output.
fn stale(scene: &Scene, texts: &[&str]) {
    let ended = scene.run(&["status", "--check"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

#[test]
fn what_is_written_is_current_and_goes_stale_with_the_evidence() {
    let scene = scene();
    expect(&scene, "RC-00", "READY", "section `board` of `docs/progress.md` is empty: rcrepro status --write");
    stale(&scene, &["docs/progress.md:3: section `board`", "+| Packet |", "rcrepro status --write"]);
    assert_eq!(scene.ok(&["status", "--write"]).stdout, "wrote docs/progress.md\nwrote docs/verdict.md\n");
    assert!(scene.read("docs/progress.md").contains("\nNext: RC-05 (Replay).\n"), "{}", scene.read("docs/progress.md"));
    assert!(scene.read("docs/verdict.md").contains("| Final certification | `UNDECIDED` |"));
    scene.ok(&["status", "--check"]);
    expect(&scene, "RC-00", "DONE", "");

    // The evidence makes them stale; the first packet, whose tracker exists all the same, blocks nothing.
    scene.ok(&["run", "RC-05"]);
    stale(&scene, &["section `board`", "section `checklist`", "section `verdict`"]);
    expect(&scene, "RC-07", "READY", "sections are stale (`board`, `checklist` in `docs/progress.md`)");
    assert_eq!(scene.run(&["verdict"]).code, 5, "stale documents keep a verdict from GO");
    scene.ok(&["status", "--write"]);
    let written = scene.read("docs/verdict.md");
    for line in [
        "| Security gate | `GO` |",
        "| Final certification | `GO` |",
        "| Images \\| by tag. | P2 | ada | – | residual |",
    ] {
        assert!(written.contains(line), "`{line}` in\n{written}");
    }
    assert!(scene.read("docs/progress.md").contains("| RC-07 | DONE | Verdict | RC-05 | – |"));

    // Nothing of it changes by being written or committed.
    for message in ["sections", "again"] {
        scene.ok(&["status", "--check"]);
        assert!(scene.ok(&["verdict"]).stdout.ends_with("verdict: GO\n"));
        scene.commit(message);
        assert_eq!(scene.ok(&["status", "--write"]).stdout, "nothing changed: every section is current\n");
    }

    scene.replace("say.sh", "echo", "echo and");
    scene.commit("another source");
    stale(&scene, &["section `board`", "-| RC-05 | DONE |", "+| RC-05 | READY |"]);
    // One command runs all and writes what came of it.
    let ended = scene.ok(&["run", "--all"]);
    assert!(ended.stdout.contains("wrote docs/progress.md\nwrote docs/verdict.md\n"), "{}", ended.stdout);
    scene.ok(&["status", "--check"]);
    scene.ok(&["status", "--check"]);
}

#[test]
fn what_a_hand_changed_is_found() {
    let scene = scene();
    scene.ok(&["status", "--write"]);
    scene.run(&["run", "--all"]);
    scene.ok(&["status", "--write"]);
    expect(&scene, "RC-07", "DONE", "");
    scene.replace("docs/progress.md", "| RC-00 | DONE | Freeze |", "| RC-00 | DONE | Thaw |");
    stale(&scene, &["docs/progress.md:3: section `board`", "-| RC-00 | DONE | Thaw |", "+| RC-00 | DONE | Freeze |"]);
    let document: serde_json::Value =
        serde_json::from_str(&scene.run(&["--json", "status", "--check"]).stdout).expect("one document");
    assert_eq!(document["current"], false);
    assert_eq!(document["documents"]["docs/progress.md"]["stale"][0]["name"], "board");
    assert_eq!(document["documents"]["docs/verdict.md"]["state"], "current");
    expect(&scene, "RC-07", "READY", "sections are stale (`board` in `docs/progress.md`): rcrepro status --write");
    assert_eq!(scene.ok(&["status", "--write"]).stdout, "wrote docs/progress.md\n");
    expect(&scene, "RC-07", "DONE", "");
    // What people write beside the sections is theirs, and quotes the plan's commands.
    scene
        .write("docs/progress.md", format!("{}\nOr `sh say.sh goodbye`.\n", scene.read("docs/progress.md")).as_bytes());
    scene.ok(&["status", "--write"]);
    scene.commit("a stale command");
    expect(&scene, "RC-07", "FAILED", "stale, docs/progress.md:");
}

#[test]
fn documents_that_are_gone_or_for_nothing_are_found() {
    let scene = scene();
    scene.ok(&["status", "--write"]);
    std::fs::remove_file(scene.path("docs/verdict.md")).expect("it was there");
    stale(&scene, &["docs/verdict.md: it is not there", "0 of 2 documents with written sections are current"]);
    scene.run(&["status", "--write"]).failed(1, &["`docs/verdict.md` is not there", "> docs/verdict.md"]);
    scene.write("docs/verdict.md", b"# Verdict\n");
    stale(&scene, &["docs/verdict.md: it has no section"]);
    scene.write("docs/verdict.md", b"# Verdict\n\n<!-- rcrepro:begin verdict -->\n");
    scene.run(&["status", "--check"]).failed(1, &["docs/verdict.md: line 3: section `verdict` begins and never ends"]);
    expect(&scene, "RC-00", "FAILED", "docs/verdict.md: line 3");
    scene.write("docs/verdict.md", VERDICT.replace("risks", "gates").as_bytes());
    scene.run(&["status", "--write"]).failed(1, &["docs/verdict.md: line 6: unknown section `gates`"]);
}

#[test]
fn nothing_to_check_is_undecided() {
    let scene = bare();
    scene.write("docs/progress.md", b"# Progress\n");
    scene.write("docs/verdict.md", b"# Verdict\n");
    for option in ["--check", "--write"] {
        scene.run(&["status", option]).failed(5, &["no document under `[documents] generated` has a section"]);
    }
    expect(&scene, "RC-00", "READY", "has the section <!-- rcrepro:begin board -->");
    scene.replace("rcrepro.toml", "generated = [\"docs/progress.md\", \"docs/verdict.md\"]\n", "");
    scene.commit("another plan");
    for option in ["--check", "--write"] {
        scene.run(&["status", option]).failed(5, &["the plan names no document with written sections"]);
    }
    scene.run(&["status", "--check", "--write"]).failed(2, &["cannot be used with"]);
}
