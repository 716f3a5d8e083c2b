//! Scope, documents and residual risks on the board: each of them holds, waits and goes red.

use crate::scene::{Scene, command};

const PACKETS: &str = r#"
[packets.RC-06]
title = "Scope"
scope = ["api/**"]
exit = [{ says = "Narrow.", rests-on = ["scope"] }]

[packets.RC-07]
title = "Risks"
exit = [{ says = "Residual risks are P2-only.", rests-on = ["risks"] }]

[packets.RC-08]
title = "Documents"
exit = [{ says = "Commands are rerunnable.", rests-on = ["documents"] }]

[documents]
paths = ["README.md"]
"#;

const RISK: &str = "\n[[risks]]\nid = \"tags\"\nsays = \"By tag.\"\nclass = \"P1\"\n";

fn scene(id: &str) -> Scene {
    let scene = Scene::new(&format!("{}{PACKETS}", command(id, "sh say.sh hello", "")));
    scene.write("say.sh", b"echo \"$1\"\n");
    scene.write("README.md", b"Say `sh say.sh hello`.\n");
    scene.commit("sources");
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

#[test]
fn a_scope_waits_holds_and_goes_red() {
    let scene = scene("promises-scope");
    expect(&scene, "RC-06", "READY", "rcrepro scope RC-06 --base REV --head REV --record");
    scene.git(&["checkout", "-q", "-b", "work"]);
    scene.write("api/a.go", b"package api\n");
    scene.commit("work");
    scene.ok(&["scope", "RC-06", "--base", "main", "--record"]);
    expect(&scene, "RC-06", "DONE", "");
    scene.replace("rcrepro.toml", "scope = [\"api/**\"]", "scope = [\"api/*.ts\"]");
    scene.commit("another plan");
    expect(&scene, "RC-06", "READY", "recorded under other rules");
    scene.run(&["scope", "RC-06", "--base", "main", "--record"]).failed(1, &[]);
    expect(&scene, "RC-06", "FAILED", "`api/a.go` is outside the packet's scope");
    scene.replace("scopes/RC-06.json", "\"outside\",\"path\":\"api/a.go\"", "\"outside\",\"path\":\"api/b.go\"");
    expect(&scene, "RC-06", "TAMPERED", "says something else than the repository");
}

#[test]
fn risks_hold_and_go_red() {
    let scene = scene("promises-risks");
    expect(&scene, "RC-07", "DONE", "");
    let plan = scene.read("rcrepro.toml");
    let with = |more: &str| {
        scene.write("rcrepro.toml", format!("{plan}{RISK}{more}").as_bytes());
        scene.commit("another plan");
    };
    with("");
    expect(&scene, "RC-07", "FAILED", "`tags` (P1) is open");
    with("owner = \"ada\"\naccepted-until = 2020-01-01\n");
    expect(&scene, "RC-07", "FAILED", "`tags` (P1) is expired");
    with("owner = \"ada\"\naccepted-until = 9999-12-31\n");
    expect(&scene, "RC-07", "DONE", "");
}

#[test]
fn an_open_p1_is_no_go() {
    let scene = scene("promises-findings");
    scene.replace("rcrepro.toml", "rests-on = [\"risks\"]", "rests-on = [\"findings\"]");
    scene.commit("another plan");
    expect(&scene, "RC-07", "DONE", "");
    let plan = scene.read("rcrepro.toml");
    scene.write("rcrepro.toml", format!("{plan}{RISK}").as_bytes());
    scene.commit("another plan");
    expect(&scene, "RC-07", "FAILED", "P1 tags: By tag.");
    let verdict = scene.run(&["verdict"]);
    assert_eq!(verdict.code, 1, "{}", verdict.stderr);
    assert!(verdict.stdout.ends_with("verdict: NO_GO\n"), "{}", verdict.stdout);
}

#[test]
fn documents_go_red_hold_and_are_undecided() {
    let scene = scene("promises-documents");
    expect(&scene, "RC-08", "READY", "unbacked, README.md:1: `sh say.sh hello`");
    scene.ok(&["run", "RC-05"]);
    expect(&scene, "RC-08", "DONE", "");
    scene.write("README.md", b"Say `sh say.sh goodbye`.\n");
    scene.commit("stale");
    expect(&scene, "RC-08", "FAILED", "stale, README.md:1: `sh say.sh goodbye`");
    scene.write("README.md", b"Say nothing.\n");
    scene.commit("hollow");
    expect(&scene, "RC-08", "UNDECIDED", "quote no command");
}
