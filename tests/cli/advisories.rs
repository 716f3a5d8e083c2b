//! Scans with frozen data: npm's audit from a cassette, govulncheck's database from a mirror, and no network.

use std::path::Path;

use serde_json::json;

use crate::scene::{Scene, command};
use rcrepro_testkit::advisory_server::{AdvisoryServer, Knowledge, gateway};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

/// A package with two dependencies; `leftover` is vulnerable before 1.2.0.
fn project(scene: &Scene, folder: &str, leftover: &str) {
    let dependencies = json!({"leftover": leftover, "plain": "^2.0.0"});
    let development = json!({"tool": "3.0.0"});
    let package =
        json!({"name": "v", "version": "1.0.0", "dependencies": dependencies, "devDependencies": development});
    let lock = json!({"name": "v", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
        "": package,
        "node_modules/leftover": {"version": leftover, "integrity": "sha512-AAAA"},
        "node_modules/plain": {"version": "2.1.0", "integrity": "sha512-AAAA", "dependencies": {"leftover": "^1.0.0"}},
        "node_modules/tool": {"version": "3.0.0", "dev": true, "integrity": "sha512-AAAA"},
    }});
    scene.write(&format!("{folder}/package.json"), package.to_string().as_bytes());
    scene.write(&format!("{folder}/package-lock.json"), lock.to_string().as_bytes());
}

fn knowledge() -> Knowledge {
    let advisory = json!({
        "id": 1001, "url": "https://example.com/advisories/1001", "title": "Leftovers are kept", "severity": "high",
        "vulnerable_versions": "<1.2.0", "cwe": ["CWE-400"], "cvss": {"score": 7.5, "vectorString": null},
    });
    Knowledge {
        advisories: vec![("leftover", &["1.0.0", "1.1.0"], advisory)],
        packages: [("leftover", vec!["1.0.0", "1.1.0", "1.2.0"]), ("plain", vec!["2.1.0"])].into(),
        refuses: false,
    }
}

/// A repository with the node image, a vulnerable project and a clean one.
fn audits() -> Scene {
    let audit = |id: &str| {
        format!(
            "[[sets.{id}]]\nid = \"audit-{id}\"\nrun = \"cd {id} && npm audit --omit=dev\"\nimage = \"node\"\n\
             frozen = [\"{id}\"]\nrequire = \"bitwise\"\n[frozen.{id}]\nkind = \"npm-advisories\"\nimage = \"node\"\n\
             directory = \"{id}\"\n"
        )
    };
    let packet = |number: u32, set: &str| format!("[packets.RC-0{number}]\ntitle = \"{set}\"\nsets = [\"{set}\"]\n");
    let scene = Scene::new(&command("greet", "true", ""));
    for file in ["images/node.toml", "lockfiles/images/amd64/node.lock"] {
        scene.write(file, &std::fs::read(Path::new(REPOSITORY).join(file)).expect("the repository has the node image"));
    }
    let plan = scene.read("rcrepro.toml");
    let more = [audit("clean"), audit("vulnerable"), packet(1, "clean"), packet(2, "vulnerable")].concat();
    scene.write("rcrepro.toml", format!("{plan}\n[images.node]\nbuild = \"images/node.toml\"\n{more}").as_bytes());
    project(&scene, "clean", "1.2.0");
    project(&scene, "vulnerable", "1.1.0");
    scene.commit("two projects");
    // From the machine's registry, not from the one that the tests start.
    scene.ok(&["image", "build", "--load"]);
    scene
}

fn lock(scene: &Scene, server: &AdvisoryServer, names: &[&str]) -> crate::scene::Ended {
    let mut command = scene.command(&["lock"]);
    command.args(names).env("npm_config_registry", server.address()).env("npm_config_fetch_retries", "0");
    crate::scene::Ended::from(command.output().expect("the program starts"))
}

#[test]
fn an_audit_is_played_as_it_was_recorded_and_a_missing_answer_decides_nothing() {
    let scene = audits();
    let server = AdvisoryServer::start(knowledge());
    let ended = lock(&scene, &server, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let heard = server.heard();
    assert!(heard.contains(&("GET /leftover".to_owned(), false)), "{heard:?}");
    drop(server);
    scene.commit("the cassettes");

    // The recorded lock says what it is of, and no file names where it came from.
    let text = scene.read("lockfiles/vulnerable.lock");
    assert!(text.contains("kind = \"npm-advisories\"") && text.contains("\ndate = \"20"), "{text}");
    // Without a name nothing is recorded anew.
    scene.ok(&["lock"]);
    assert_eq!(scene.read("lockfiles/vulnerable.lock"), text);
    let exchanges = scene.path("lockfiles/vulnerable.cassette/exchanges");
    let exchanges: Vec<_> = std::fs::read_dir(exchanges).expect("a folder").flatten().collect();
    assert_eq!(exchanges.len(), 4, "two advisory requests, two packuments: {exchanges:?}");
    for file in exchanges {
        let text = std::fs::read_to_string(file.path()).expect("text");
        assert!(!text.contains(&gateway()) && !text.contains("tarball") && !text.contains("somebody"), "{text}");
    }

    scene.ok(&["run", "RC-01"]);
    let clean = scene.ok(&["log", "RC-01", "audit-clean"]).stdout;
    assert!(clean.contains("found 0 vulnerabilities"), "{clean}");
    // With the run that is three, each in a container of its own, with nothing in npm's cache.
    for _ in 0..2 {
        scene.ok(&["replay", "RC-01"]);
    }
    let said: Vec<String> = (0..3)
        .map(|_| {
            assert_eq!(scene.run(&["run", "RC-02"]).code, 1, "a vulnerability fails the command");
            scene.ok(&["log", "RC-02", "audit-vulnerable", "--stream", "stdout"]).stdout
        })
        .collect();
    assert!(said[0].contains("Leftovers are kept") && said[0].contains("1 high severity vulnerability"), "{}", said[0]);
    assert!(said.iter().all(|each| *each == said[0]));

    scene.replace("clean/package-lock.json", "\"2.1.0\"", "\"2.1.1\"");
    scene.commit("another version");
    let ended = scene.run(&["run", "RC-01"]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    let log = scene.ok(&["log", "RC-01", "audit-clean", "--stream", "stderr"]).stdout;
    assert!(
        log.contains("rcrepro: the cassette `clean` has no answer for POST /-/npm/v1/security/advisories/bulk"),
        "{log}"
    );
}

#[test]
fn an_audit_of_today_asks_the_registry_and_leaves_the_cassette_alone() {
    let scene = audits();
    let server = AdvisoryServer::start(knowledge());
    assert_eq!(lock(&scene, &server, &[]).code, 0);
    drop(server);
    scene.commit("the cassettes");
    scene.ok(&["run", "RC-01"]);
    assert_eq!(scene.run(&["run", "RC-02"]).code, 1);
    let kept = ["lockfiles/clean.lock", "lockfiles/clean.cassette/cassette.json"].map(|file| scene.read(file));
    let scan = |registry: &str| {
        let mut command = scene.command(&["advisories", "--scan"]);
        command.env("npm_config_registry", registry).env("npm_config_fetch_retries", "0");
        crate::scene::Ended::from(command.output().expect("the program starts"))
    };

    // Nobody answers: nothing is known of today, and nothing passes.
    let ended = scan("http://127.0.0.1:9/");
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    assert!(
        ended.stdout.contains("RC-01 audit-clean: then clean; today undecided: `clean` was not asked today: "),
        "{}",
        ended.stdout
    );
    assert!(scene.run(&["verdict"]).stdout.contains("not asked today: rcrepro advisories --scan asks its registry\n"));

    let advisory = json!({
        "id": 1002, "url": "https://example.com/advisories/1002", "title": "Leftovers spoil", "severity": "high",
        "vulnerable_versions": "<1.3.0", "cwe": ["CWE-400"], "cvss": {"score": 7.5, "vectorString": null},
    });
    let mut later = knowledge();
    later.advisories.push(("leftover", &["1.1.0", "1.2.0"], advisory));
    let server = AdvisoryServer::start(later);
    let ended = scan(&server.address());
    drop(server);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for line in [
        "RC-01 audit-clean: then clean; today finds 1002\n",
        "RC-02 audit-vulnerable: then finds 1001; today finds 1001, 1002\n",
    ] {
        assert!(ended.stdout.contains(line), "{line}\n---\n{}", ended.stdout);
    }
    let shown = scene.run(&["verdict"]).stdout;
    assert!(shown.contains("condition: advisories/1002: the scan with the data of 20"), "{shown}");
    assert_eq!(["lockfiles/clean.lock", "lockfiles/clean.cassette/cassette.json"].map(|file| scene.read(file)), kept);
    let found = scene.run(&["findings"]);
    assert_eq!(found.code, 1);
    let expected = "P1       npm-audit/1001  Leftovers are kept\n    leftover <1.2.0, fixed in leftover@1.2.0\n    \
                    vulnerable/package-lock.json, found by RC-02/audit-vulnerable\n";
    assert!(found.stdout.starts_with(expected), "{}", found.stdout);
}

#[test]
fn a_registry_without_advisories_cannot_be_recorded() {
    let scene = audits();
    let server = AdvisoryServer::start(Knowledge { refuses: true, ..knowledge() });
    let ended = lock(&scene, &server, &["clean"]);
    ended.failed(4, &["the registry answers 405 to POST /-/npm/v1/security/advisories/bulk"]);
    assert!(!scene.path("lockfiles/clean.lock").exists());
}

/// A repository with a database in a mirror outside of git, and a scanner that says what it was told.
fn scan() -> Scene {
    let line = "PATH=$PATH:/work/tools govulncheck ./...";
    let frozen = "[frozen.vulndb]\nkind = \"go-vulndb\"\npath = \"mirror/vulndb\"\n";
    // The scanner here only says what it was given; what a real one proves is tested with real ones.
    let more = "frozen = [\"vulndb\"]\nrequire = \"bitwise\"\nproof = \"exit-code\"";
    let scene = Scene::new(&format!("{}{frozen}", command("scan", line, more)));
    scene.write(".gitignore", b"mirror\n");
    scene.write("tools/govulncheck", b"#!/bin/sh\necho \"$@\"\ncat /deps/vulndb/db/index/db.json\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(scene.path("tools/govulncheck"), mode).expect("our own file");
    scene.commit("a scanner");
    let modules = r#"[{"path":"example.com/m","vulns":[{"id":"GO-2026-0001","modified":"2026-07-01T00:00:00Z"}]}]"#;
    scene.write("mirror/vulndb/index/db.json", br#"{"modified":"2026-08-01T00:00:00Z"}"#);
    scene.write("mirror/vulndb/index/modules.json", modules.as_bytes());
    scene.write("mirror/vulndb/ID/GO-2026-0001.json", br#"{"id":"GO-2026-0001","modified":"2026-07-01T00:00:00Z"}"#);
    scene
}

#[test]
fn a_scan_as_written_finds_the_frozen_database_and_needs_the_mirror_once() {
    let scene = scan();
    scene.run(&["run", "RC-05"]).failed(3, &["frozen input `vulndb` has no lock", "hint: rcrepro lock vulndb"]);
    scene.ok(&["lock"]);
    scene.run(&["run", "RC-05"]).failed(3, &["does not have it: git add it and commit", "hint: git add "]);
    scene.commit("the lock");
    let lock = scene.read("lockfiles/vulndb.lock");
    assert!(lock.contains("date = \"2026-08-01T00:00:00Z\"\nentries = 1\n"), "{lock}");
    let check = scene.ok(&["check"]).stdout;
    assert!(check.contains("vulndb: go-vulndb of 2026-08-01T00:00:00Z, 1 entry"), "{check}");
    // Tomorrow's database has one more: a delta, and no difference of what was locked.
    let entry = r#"{"id":"GO-2026-0002","affected":[{"package":{"name":"example.com/n","ecosystem":"Go"}}]}"#;
    scene.write("mirror/vulndb/ID/GO-2026-0002.json", entry.as_bytes());
    scene.write("mirror/vulndb/index/db.json", br#"{"modified":"2026-08-02T00:00:00Z"}"#);
    let ages = scene.ok(&["advisories"]).stdout;
    assert!(ages.contains("vulndb: go-vulndb of 2026-08-01T00:00:00Z") && ages.contains("1 entry\n"), "{ages}");
    let delta =
        "  its mirror is of 2026-08-02T00:00:00Z: 1 new, 0 changed, 0 gone\n       new  GO-2026-0002  example.com/n\n";
    assert!(ages.ends_with(delta), "{ages}");
    let ages: serde_json::Value = serde_json::from_str(&scene.ok(&["advisories", "--json"]).stdout).expect("JSON");
    assert_eq!(ages[0]["mirror"]["new"][0]["id"], "GO-2026-0002");
    std::fs::remove_dir_all(scene.path("mirror")).expect("removed");
    scene.ok(&["run", "RC-05"]);
    let said = scene.ok(&["log", "RC-05", "scan", "--stream", "stdout"]).stdout;
    assert_eq!(said, "-db file:///deps/vulndb/db ./...\n{\"modified\":\"2026-08-01T00:00:00Z\"}");
    let said = scene.ok(&["log", "RC-05", "scan", "--stream", "stderr"]).stdout;
    assert_eq!(said, "rcrepro: vulnerability database of 2026-08-01T00:00:00Z: 1 entries\n");
    scene.ok(&["replay", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);
}

#[test]
fn a_database_that_would_pass_everything_or_is_another_one_is_refused() {
    let scene = scan();
    scene.write("mirror/vulndb/index/modules.json", b"[]");
    scene.run(&["lock"]).failed(3, &["that a scan could rely on", "caused by: the database is empty", "hint: "]);
    let scene = scan();
    std::fs::remove_file(scene.path("mirror/vulndb/ID/GO-2026-0001.json")).expect("removed");
    scene.run(&["lock"]).failed(3, &["names GO-2026-0001 for `example.com/m`"]);
    let scene = scan();
    std::fs::remove_file(scene.path("mirror/vulndb/index/db.json")).expect("removed");
    scene.run(&["lock"]).failed(3, &["the database has no `index/db.json`"]);
    // A lock of another database, which no store has: the mirror must meet it.
    let scene = scan();
    scene.ok(&["lock"]);
    let (root, lock) = ("root = \"", scene.read("lockfiles/vulndb.lock"));
    let at = lock.find(root).expect("a root") + root.len();
    scene.write("lockfiles/vulndb.lock", format!("{}{}{}", &lock[..at], "0".repeat(64), &lock[at + 64..]).as_bytes());
    scene.commit("another lock");
    scene.run(&["run", "RC-05"]).failed(4, &["does not match its lock", "hint: the registry or mirror"]);
    std::fs::remove_dir_all(scene.path("mirror")).expect("removed");
    scene.run(&["run", "RC-05"]).failed(4, &["there is nothing at", "hint: put the database there"]);
}

/// Makes the example's cassette anew: of its lock as it is, and with an older valibot, which an invented advisory is about,
/// so that the gate can be seen to fail.
#[test]
#[ignore = "writes examples/beacon/advisories/npm: cargo test --test cli the_examples_cassette -- --ignored"]
fn the_examples_cassette_is_recorded() {
    let advisory = json!({
        "id": 900_001, "url": "https://example.com/advisories/900001", "severity": "high", "cwe": [],
        "title": "Invented for beacon's demonstration", "vulnerable_versions": "<1.1.0",
        "cvss": {"score": 0, "vectorString": null},
    });
    let server = AdvisoryServer::start(Knowledge {
        advisories: vec![("valibot", &["1.0.0"], advisory)],
        packages: [("valibot", vec!["1.0.0", "1.1.0", "1.5.0"])].into(),
        refuses: false,
    });
    let scene = audits();
    let example = Path::new(REPOSITORY).join("examples/beacon");
    for file in ["package.json", "package-lock.json"] {
        let text = std::fs::read_to_string(example.join("frontend-modern").join(file)).expect("the example has it");
        let older = text.replace("\"valibot\": \"1.5.0\"", "\"valibot\": \"1.0.0\"");
        let older = older.replace(
            "\"node_modules/valibot\": {\n      \"version\": \"1.5.0\"",
            "\"node_modules/valibot\": {\n      \"version\": \"1.0.0\"",
        );
        assert_ne!(older, text, "{file}");
        scene.write(&format!("clean/{file}"), text.as_bytes());
        scene.write(&format!("vulnerable/{file}"), older.as_bytes());
    }
    scene.commit("the example's");
    assert_eq!(lock(&scene, &server, &[]).code, 0);
    let to = example.join("advisories/npm");
    drop(std::fs::remove_dir_all(&to));
    std::fs::create_dir_all(to.join("exchanges")).expect("made");
    for name in ["clean", "vulnerable"] {
        let from = scene.path(&format!("lockfiles/{name}.cassette"));
        std::fs::copy(from.join("cassette.json"), to.join("cassette.json")).expect("copied");
        for file in std::fs::read_dir(from.join("exchanges")).expect("a folder").flatten() {
            std::fs::copy(file.path(), to.join("exchanges").join(file.file_name())).expect("copied");
        }
    }
}
