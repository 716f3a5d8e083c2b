//! The verdict in two halves: with the frozen advisory data, and with the data of today.

use crate::scene::{Ended, Scene, command};

/// A scanner that fails when its database has an entry about `example.com/bad`; what a real one proves is tested with real ones.
const SCANNER: &[u8] = b"#!/bin/sh\ncat /deps/vulndb/db/index/db.json\n! grep -rl example.com/bad /deps/vulndb/db/ID\n";

/// A certified repository with one scan, its database in a mirror outside of git, locked and recorded.
fn certified(policy: &str) -> Scene {
    let line = "PATH=$PATH:/work/tools govulncheck ./...";
    let more = "frozen = [\"vulndb\"]\nproof = \"exit-code\"";
    let frozen = "[frozen.vulndb]\nkind = \"go-vulndb\"\npath = \"mirror/vulndb\"\n";
    let scene = Scene::new(&format!("{}{frozen}{policy}", command("scan", line, more)));
    let exit = "sets = [\"all\"]\nexit = [{ says = \"It is clean.\", rests-on = [\"command:scan\"] }]";
    scene.replace("rcrepro.toml", "sets = [\"all\"]", exit);
    scene.write(".gitignore", b"mirror\n");
    scene.write("go.mod", b"module example.com/scene\n\ngo 1.26.0\n\nrequire example.com/m v1.2.0\n");
    scene.write("tools/govulncheck", SCANNER);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(scene.path("tools/govulncheck"), mode).expect("our own file");
    database(&scene, "2026-08-01T00:00:00Z", &[("GO-2026-0001", "example.com/m", "1.1.0")]);
    scene.commit("a scan");
    scene.ok(&["lock"]);
    scene.commit("its lock");
    scene.ok(&["run", "RC-05"]);
    scene.commit("its evidence");
    scene
}

/// Writes a database whose entries are about a module up to a version.
fn database(scene: &Scene, date: &str, entries: &[(&str, &str, &str)]) {
    drop(std::fs::remove_dir_all(scene.path("mirror/vulndb")));
    let mut modules = Vec::new();
    for (id, module, fixed) in entries {
        let entry = serde_json::json!({
            "id": id, "modified": if *id == OLD.0 { "2026-07-01T00:00:00Z" } else { date }, "summary": "Invented",
            "affected": [{
                "package": {"name": module, "ecosystem": "Go"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
            }],
        });
        scene.write(&format!("mirror/vulndb/ID/{id}.json"), entry.to_string().as_bytes());
        modules.push(serde_json::json!({"path": module, "vulns": [{"id": id, "modified": date}]}));
    }
    scene.write("mirror/vulndb/index/db.json", serde_json::json!({ "modified": date }).to_string().as_bytes());
    scene.write("mirror/vulndb/index/modules.json", serde_json::Value::from(modules).to_string().as_bytes());
}

fn verdict(scene: &Scene, code: i32, word: &str) -> String {
    let Ended { code: found, stdout, stderr } = scene.run(&["verdict"]);
    assert_eq!(found, code, "{stdout}\n{stderr}");
    assert!(stdout.ends_with(&format!("\nverdict: {word}\n")), "{stdout}");
    stdout
}

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
}

const OLD: (&str, &str, &str) = ("GO-2026-0001", "example.com/m", "1.1.0");
const NEW: (&str, &str, &str) = ("GO-2026-0002", "example.com/m", "1.3.0");
const UNRELATED: (&str, &str, &str) = ("GO-2026-0003", "example.com/n", "9.0.0");
const FIXED: (&str, &str, &str) = ("GO-2026-0004", "example.com/m", "1.2.0");
const TODAY: &str = "2026-08-02T00:00:00Z";

fn waiver(scene: &Scene, expires: &str) {
    let waiver = format!(
        "\n[[waivers]]\nfinding = \"advisories/GO-2026-0002\"\nreason = \"not reached\"\nowner = \"ada\"\nexpires = {expires}\n"
    );
    let plan = scene.read("rcrepro.toml");
    let before = plan.split("\n[[waivers]]").next().unwrap_or_default();
    scene.write("rcrepro.toml", format!("{before}{waiver}").as_bytes());
    scene.commit("a waiver");
    // The plan is a part of the source: every change of it wants new evidence.
    scene.ok(&["run", "RC-05"]);
    scene.commit("new evidence");
}

#[test]
fn a_newer_advisory_about_the_source_is_a_condition_until_it_is_waived() {
    let scene = certified("");
    let shown = verdict(&scene, 0, "GO");
    has(&shown, &["advisory data `vulndb` (go-vulndb) of 2026-08-01T00:00:00Z", "no entry is new or changed"]);
    has(&shown, &["with the frozen data of 2026-08-01T00:00:00Z: GO\nwith the data of today: GO\n"]);

    database(&scene, TODAY, &[OLD, UNRELATED, FIXED]);
    has(&verdict(&scene, 0, "GO"), &["2 entries new or changed, 2 of them do not concern this source"]);

    database(&scene, TODAY, &[OLD, NEW, UNRELATED, FIXED]);
    let shown = verdict(&scene, 1, "GO_WITH_CONDITIONS");
    has(
        &shown,
        &[
            "days old\n",
            "today's is of 2026-08-02T00:00:00Z: 3 entries new or changed, 2 of them do not concern this source",
            "condition: advisories/GO-2026-0002: new in the data of 2026-08-02T00:00:00Z: Invented; example.com/m 1.2.0, fixed in 1.3.0",
            "with the frozen data of 2026-08-01T00:00:00Z: GO\nwith the data of today: GO_WITH_CONDITIONS\n",
        ],
    );
    let document: serde_json::Value = serde_json::from_str(&scene.run(&["--json", "verdict"]).stdout).expect("JSON");
    assert_eq!((&document["frozen"], &document["verdict"]), (&"GO".into(), &"GO_WITH_CONDITIONS".into()));
    assert_eq!(document["today"]["judged"][0]["id"], "advisories/GO-2026-0002");
    assert_eq!(document["today"]["inputs"][0]["today"]["unrelated"], 2);
    // A store that never had what was locked goes by the entries' dates.
    let empty = tempfile::tempdir().expect("a folder");
    let mut elsewhere = scene.command(&["verdict"]);
    let elsewhere = Ended::from(elsewhere.env("RCREPRO_STORE", empty.path()).output().expect("the program starts"));
    assert_eq!(elsewhere.code, 1, "{}\n{}", elsewhere.stdout, elsewhere.stderr);
    has(&elsewhere.stdout, &["3 entries new or changed, 2 of them do not concern this source (by their dates: "]);
    has(&elsewhere.stdout, &["condition: advisories/GO-2026-0002: new in the data of 2026-08-02T00:00:00Z"]);
    // What was locked stays what it is.
    scene.ok(&["replay", "RC-05"]);

    waiver(&scene, "2999-12-31");
    has(&verdict(&scene, 0, "GO"), &["waived: advisories/GO-2026-0002", "(ada until 2999-12-31: not reached)"]);
    waiver(&scene, "2026-08-01");
    let expired = "(the waiver of ada expired on 2026-08-01 and no longer counts)\n";
    has(&verdict(&scene, 1, "GO_WITH_CONDITIONS"), &["condition: advisories/GO-2026-0002", expired]);

    std::fs::remove_dir_all(scene.path("mirror")).expect("removed");
    // A waiver that has expired is a condition by itself.
    let shown = verdict(&scene, 1, "GO_WITH_CONDITIONS");
    has(
        &shown,
        &[
            "condition: suppressions/orphaned:waiver:advisories/GO-2026-0002: ",
            "not asked today: there is no mirror at `mirror/vulndb`",
            "with the data of today: not asked (vulndb)\n",
        ],
    );
}

#[test]
fn the_plan_says_what_newer_advisories_and_old_data_make_of_go() {
    let scene = certified("[advisories]\nnew = \"no-go\"\n");
    database(&scene, TODAY, &[OLD, NEW]);
    let shown = verdict(&scene, 1, "NO_GO");
    has(
        &shown,
        &["no go, as the plan says: advisories/GO-2026-0002", "with the frozen data of 2026-08-01T00:00:00Z: GO\n"],
    );

    let scene = certified("[advisories]\nnew = \"ignore\"\nmax-age = \"3d\"\n");
    database(&scene, TODAY, &[OLD, NEW]);
    let shown = verdict(&scene, 1, "GO_WITH_CONDITIONS");
    has(
        &shown,
        &["condition: advisories/age:vulndb: the frozen data is ", "days old, and the plan allows at most 3\n"],
    );
    has(&shown, &["ignored, as the plan says: advisories/GO-2026-0002"]);
}

#[test]
fn a_scan_with_the_data_of_today_decides() {
    let scene = certified("");
    let manifest = scene.read("manifests/RC-05.json");
    database(&scene, TODAY, &[OLD, NEW]);
    verdict(&scene, 1, "GO_WITH_CONDITIONS");
    let ended = scene.ok(&["advisories", "--scan"]);
    has(&ended.stdout, &["RC-05 data `vulndb` of 2026-08-01T00:00:00Z, today's of 2026-08-02T00:00:00Z\n"]);
    has(&ended.stdout, &["RC-05 scan: then clean; today clean\n", "today/RC-05.json\n"]);
    let shown = verdict(&scene, 0, "GO");
    has(&shown, &["the scans with it: clean", "with the data of today: GO\n"]);
    assert_eq!(scene.read("manifests/RC-05.json"), manifest, "the record is another one");
    // The record is no part of the source.
    scene.commit("what the scan says today");
    verdict(&scene, 0, "GO");

    // It counts for exactly the data that was scanned with.
    database(&scene, "2026-08-03T00:00:00Z", &[OLD, NEW, ("GO-2026-0005", "example.com/bad", "1.0.0")]);
    verdict(&scene, 1, "GO_WITH_CONDITIONS");
    let ended = scene.run(&["advisories", "--scan"]);
    // This scanner is none that rcrepro can read: that it failed is all that is known.
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    has(&ended.stdout, &["then clean; today undecided: it failed (exit code 1), and nothing says what it found\n"]);
    has(&verdict(&scene, 1, "GO_WITH_CONDITIONS"), &["condition: advisories/GO-2026-0002"]);

    scene.write("today/RC-05.json", b"{}");
    scene.run(&["verdict"]).failed(6, &["is not a record of scans", "hint: remove the file"]);
    std::fs::remove_file(scene.path("today/RC-05.json")).expect("it was there");
    std::fs::remove_dir_all(scene.path("mirror")).expect("removed");
    let ended = scene.run(&["advisories", "--scan"]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    has(&ended.stdout, &["RC-05 scan: then clean; today undecided: `vulndb` was not asked today: "]);
}

#[test]
fn without_advisory_data_there_is_nothing_to_ask() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.run(&["advisories", "--scan"]).failed(5, &["no command of the plan uses frozen advisory data", "hint: "]);
}

/// The real scanner, a source that calls one of two functions, and a database that comes to know of both.
#[test]
#[ignore = "needs the images go and govulncheck, which take minutes to make; `cargo xtask images` makes them"]
fn the_real_scanner_decides_which_newer_advisories_are_reached() {
    let image = |text: String| text.replace("image = \"base\"", "image = \"govulncheck\"");
    let scan = image(command("scan", "govulncheck ./...", "frozen = [\"vulndb\"]"));
    let json = image(command(
        "messages",
        "set -o pipefail; govulncheck -format json ./... | tee messages.json",
        "frozen = [\"vulndb\"]\noutputs = [\"messages.json\"]\nnormalize.stdout = [\"govulncheck-json\"]\n\
         normalize.outputs = { \"messages.json\" = [\"govulncheck-json\"] }",
    ));
    let convert = |id: &str, line: &str| {
        let more = "frozen = [\"vulndb\"]\nneeds = [\"messages\"]\nrequire = \"bitwise\"\nproof = \"exit-code\"";
        image(command(id, &format!("govulncheck -mode convert {line} < messages.json"), more))
    };
    let more = "[images.govulncheck]\nbuild = \"images/govulncheck.toml\"\n[frozen.vulndb]\nkind = \"go-vulndb\"\n\
                path = \"mirror/vulndb\"\n";
    let commands = [scan, json, convert("text", ""), convert("sarif", "-format sarif"), more.to_owned()].concat();
    let scene = Scene::new(&commands);
    let exit = "sets = [\"all\"]\nexit = [{ says = \"It is clean.\", rests-on = [\"command:scan\"] }]";
    scene.replace("rcrepro.toml", "sets = [\"all\"]", exit);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["go", "govulncheck"] {
        for file in [format!("images/{name}.toml"), format!("lockfiles/images/amd64/{name}.lock")] {
            scene.write(&file, &std::fs::read(root.join(&file)).expect("the repository has the image"));
        }
    }
    scene.write(".gitignore", b"mirror\n");
    scene.write("go.mod", b"module example.com/scene\n\ngo 1.26.0\n\ntoolchain go1.26.8\n");
    scene.write("main.go", b"package main\n\nimport \"strings\"\n\nfunc main() { println(strings.ToUpper(\"x\")) }\n");
    let entry = |id: &str, symbol: &str, fixed: &str| {
        serde_json::json!({
            "schema_version": "1.3.1", "id": id, "modified": "2026-07-01T00:00:00Z", "published": "2026-07-01T00:00:00Z",
            "summary": "Invented",
            "affected": [{
                "package": {"name": "stdlib", "ecosystem": "Go"},
                "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}],
                "ecosystem_specific": {"imports": [{"path": "strings", "symbols": [symbol]}]},
            }],
            "database_specific": {"url": "https://example.com/advisories", "review_status": "REVIEWED"},
        })
    };
    let write = |date: &str, entries: &[serde_json::Value]| {
        drop(std::fs::remove_dir_all(scene.path("mirror/vulndb")));
        let vulns = |entry: &serde_json::Value| serde_json::json!({"id": entry["id"], "modified": entry["modified"]});
        let vulns: Vec<_> = entries.iter().map(vulns).collect();
        for entry in entries {
            let id = entry["id"].as_str().expect("an id");
            scene.write(&format!("mirror/vulndb/ID/{id}.json"), entry.to_string().as_bytes());
        }
        let modules = serde_json::json!([{"path": "stdlib", "vulns": vulns}]);
        scene.write("mirror/vulndb/index/modules.json", modules.to_string().as_bytes());
        scene.write("mirror/vulndb/index/db.json", serde_json::json!({ "modified": date }).to_string().as_bytes());
    };
    let old = entry("GO-2026-0001", "ToUpper", "1.20.0");
    write("2026-08-01T00:00:00Z", std::slice::from_ref(&old));
    scene.commit("a scan");
    scene.ok(&["lock"]);
    scene.commit("its lock");
    scene.ok(&["run", "RC-05"]);
    scene.commit("its evidence");
    verdict(&scene, 0, "GO");
    let newer = [old, entry("GO-2026-0002", "ToUpper", "1.99.0"), entry("GO-2026-0003", "ToLower", "1.99.0")];
    write(TODAY, &newer);
    let shown = verdict(&scene, 1, "GO_WITH_CONDITIONS");
    has(
        &shown,
        &[
            "condition: advisories/GO-2026-0002: ",
            "condition: advisories/GO-2026-0003: ",
            "stdlib 1.26.8, fixed in 1.99.0",
        ],
    );
    let ended = scene.run(&["advisories", "--scan"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    has(
        &ended.stdout,
        &[
            "RC-05 scan: then clean; today finds GO-2026-0002\n",
            "RC-05 messages: then clean; today finds GO-2026-0002\n",
        ],
    );
    let shown = verdict(&scene, 1, "GO_WITH_CONDITIONS");
    has(&shown, &["condition: advisories/GO-2026-0002: the scan with the data of 2026-08-02T00:00:00Z finds it"]);
    assert!(!shown.contains("advisories/GO-2026-0003"), "it is not reached: {shown}");

    // Locked, it is a finding, and every form of it is the same every time.
    scene.ok(&["lock"]);
    scene.commit("newer data");
    let forms = || {
        assert_eq!(scene.run(&["run", "RC-05"]).code, 1);
        let log = |id: &str| scene.ok(&["log", "RC-05", id, "--stream", "stdout", "--canonical"]).stdout;
        let [json, sarif] = ["json", "sarif"].map(|form| scene.run(&["findings", "--format", form]).stdout);
        [log("messages"), log("text"), log("sarif"), json, sarif]
    };
    let first = forms();
    assert!(
        first[1].contains("GO-2026-0002") && first[2].contains("GO-2026-0002") && first[4].contains("main.go"),
        "{first:?}"
    );
    for _ in 0..2 {
        assert_eq!(forms(), first);
    }
    assert!(scene.run(&["status"]).stdout.contains("RC-06  Resolve GO-2026-0002 (stdlib 1.26.8) (P1)"));
}
