//! `rcrepro pins`: references in the tracked tree of a commit, and what they come to.

use crate::scene::{Ended, Scene, command};

const PINS: &str = "[pins.go]\nversion = \"1.26.8\"\nold = [\"1.25.3\"]\n";

const WORKFLOW: &str = r#"on: push
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
    - uses: actions/setup-go@v5
      with: {go-version-file: go.mod}
"#;

/// A repository in which everything agrees with the pin.
pub fn scene(more: &str) -> Scene {
    let scene = Scene::new(&format!("{}\n{PINS}\n{more}", command("greet", "true", "")));
    scene.write("go.mod", b"module example.com/scene\n\ngo 1.26.0\n\ntoolchain go1.26.8\n");
    scene.write("Dockerfile", format!("FROM golang:1.26.8@sha256:{}\n", "a".repeat(64)).as_bytes());
    scene.write(".github/workflows/ci.yml", WORKFLOW.as_bytes());
    scene.write("testdata/go.mod", b"module old\n\ngo 1.25.3\n");
    scene.commit("pin");
    scene
}

fn says(ended: &Ended, code: i32, texts: &[&str]) {
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

#[test]
fn a_tree_that_agrees_holds() {
    let scene = scene("");
    let said = scene.run(&["pins"]);
    says(&said, 0, &["go.mod: go1.26.8", "the pins hold", "old go 1.25.3: gone", "look-alikes: 1 in test data"]);
    let document: serde_json::Value = serde_json::from_str(&scene.ok(&["pins", "--json"]).stdout).expect("JSON");
    assert_eq!(document["holds"], true);
    assert_eq!(document["references"].as_array().map(Vec::len), Some(6), "{document}");

    // A plan or a script in recorded evidence is a copy, and no reference of the source.
    scene.write("manifests/RC-05.evidence/0a", b"#!/bin/sh\nGO_VERSION=1.25.3\n");
    scene.commit("evidence");
    assert_eq!(
        scene.ok(&["pins", "--json"]).stdout.matches("\"file\"").count(),
        document.to_string().matches("\"file\"").count()
    );
}

#[test]
fn a_drift_is_found_with_its_place_and_its_id() {
    let scene = scene("");
    scene.write("scripts/install.sh", b"#!/bin/sh\nGO_VERSION=1.25.3\n");
    scene.replace("go.mod", "go1.26.8", "go1.26.7");
    says(&scene.run(&["pins"]), 0, &["the pins hold"]);
    scene.commit("drift");
    says(
        &scene.run(&["pins"]),
        1,
        &[
            "scripts/install.sh:2:12: go `1.25.3` is not the pinned version",
            "pins/disagrees:scripts/install.sh:go:1.25.3",
            "go.mod:5:11: go `go1.26.7` is not the pinned version",
            ".github/workflows/ci.yml:7:31: go `go.mod: go1.26.7` is not the pinned version",
            "old go 1.25.3: not gone",
        ],
    );
    says(&scene.run(&["pins", "--rev", "HEAD~1"]), 0, &["the pins hold"]);
}

#[test]
fn an_image_without_a_digest_is_waived_by_its_id_until_the_waiver_expires() {
    let waiver = |day: &str| {
        format!(
            "[[waivers]]\nfinding = \"pins/image-without-digest:Dockerfile:alpine:3.20\"\nreason = \"no registry here\"\n\
             owner = \"ada\"\nexpires = {day}\n"
        )
    };
    for (more, code, text) in [
        (String::new(), 1, "pins/image-without-digest:Dockerfile:alpine:3.20"),
        (waiver("9999-12-31"), 0, "until 9999-12-31 by ada: no registry here"),
        (waiver("2020-01-01"), 1, "its waiver expired on 2020-01-01 and counts as none"),
    ] {
        let scene = scene(&more);
        scene.write("Dockerfile", b"ARG BASE=alpine:3.20\nFROM ${BASE}\n");
        scene.commit("image");
        says(&scene.run(&["pins"]), code, &[text]);
    }
}

#[test]
fn what_cannot_be_told_is_undecided_and_never_a_pass() {
    let scene = scene("");
    scene.write(
        ".github/workflows/ci.yml",
        WORKFLOW.replace("go-version-file: go.mod", "go-version: \"${{ vars.GO }}\"").as_bytes(),
    );
    scene.commit("variable");
    says(&scene.run(&["pins"]), 5, &["pins/undecidable:.github/workflows/ci.yml:go:${{ vars.GO }}", "undecided: "]);
    scene.write(".github/workflows/ci.yml", b"on: [push\njobs: {}\n");
    scene.commit("broken");
    says(&scene.run(&["pins"]), 5, &["pins/unreadable:.github/workflows/ci.yml"]);
}

#[test]
fn a_tree_in_which_nothing_refers_to_the_tool_is_a_hollow_pass() {
    let scene = Scene::new(&format!("{}\n{PINS}", command("greet", "true", "")));
    says(&scene.run(&["pins"]), 5, &["pins/no-reference:go", "nothing in"]);
}

#[test]
fn names_that_are_no_text_and_excluded_files_are_searched_too() {
    use std::os::unix::ffi::OsStringExt as _;
    let scene = scene("[source]\nexclude = [\"hidden/**\"]\n");
    let name = std::ffi::OsString::from_vec(b"\xe0.sh".to_vec());
    std::fs::write(scene.path(".").join(name), "GO_VERSION=1.26.7\n").expect("written");
    scene.write("hidden/Dockerfile", b"FROM golang:1.26.7\n");
    scene.commit("hide");
    let row = "go `1.26.7` is not the pinned version, in 2 places\n              \\xe0.sh:1:12\n              hidden/Dockerfile:1:6\n";
    says(&scene.run(&["pins"]), 1, &[row]);
}

#[test]
fn a_plan_without_pins_or_with_half_a_version_is_a_mistake() {
    let scene = Scene::new(&command("greet", "true", ""));
    scene.run(&["pins"]).failed(5, &["the plan pins no toolchain", "hint: write into rcrepro.toml: [pins.go]"]);
    scene.write("rcrepro.toml", format!("{}\n[pins.go]\nversion = \"1.26\"\n", scene.read("rcrepro.toml")).as_bytes());
    scene.commit("another plan");
    scene.run(&["pins"]).failed(3, &["invalid version `1.26`"]);
}

#[test]
fn one_finding_in_many_files_is_one_row_with_all_its_places() {
    let scene = scene("");
    for number in 0..15 {
        let text = WORKFLOW.replace("go-version-file: go.mod", "go-version: \"1.25.1\"");
        scene.write(&format!(".github/workflows/w{number:02}.yml"), text.as_bytes());
    }
    scene.commit("workflows");
    let said = scene.run(&["pins"]);
    says(
        &said,
        1,
        &[
            "finding  go `1.25.1` is not the pinned version, in 15 places",
            "\n            pins/disagrees:*:go:1.25.1\n",
            "the pins do not hold: 1 finding, 0 undecided",
        ],
    );
    let document: serde_json::Value = serde_json::from_str(&scene.run(&["pins", "--json"]).stdout).expect("JSON");
    assert_eq!(document["rows"].as_array().map(Vec::len), Some(1), "{document}");
    let log: serde_json::Value =
        serde_json::from_str(&scene.run(&["pins", "--format", "sarif"]).stdout).expect("SARIF");
    for number in 0..15 {
        let file = format!(".github/workflows/w{number:02}.yml");
        assert!(
            said.stdout.matches(&format!("{file}:7:")).count() == 2,
            "once in the table and once in the row: {file}"
        );
        let places = [&document["rows"][0]["places"][number]["file"], &document["findings"][number]["file"]];
        assert!(places.iter().all(|place| **place == file), "{document}");
        let place = &log["runs"][0]["results"][0]["locations"][number]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], file, "{log}");
    }
    // The id of the row is a waiver for all of it.
    let waiver = "\n[[waivers]]\nfinding = \"pins/disagrees:*:go:1.25.1\"\nreason = \"until the next release\"\nowner = \"ada\"\nexpires = 9999-12-31\n";
    scene.write("rcrepro.toml", format!("{}{waiver}", scene.read("rcrepro.toml")).as_bytes());
    scene.commit("waiver");
    says(&scene.run(&["pins"]), 0, &["waived  go `1.25.1`", "the pins hold"]);
}

#[test]
fn a_named_build_context_is_no_image() {
    let scene = scene("");
    let docker = format!("FROM golang:1.26.8@sha256:{} AS build\nCOPY --from=src / /src\nFROM base\n", "a".repeat(64));
    scene.write("app/Dockerfile", docker.as_bytes());
    scene.commit("contexts");
    says(&scene.run(&["pins"]), 1, &["pins/image-without-digest:app/Dockerfile:src", "app/Dockerfile:base"]);
    scene.write(
        "compose.yml",
        b"services:\n  a:\n    build:\n      context: app\n      additional_contexts: {src: .}\n",
    );
    scene
        .write("docker-bake.hcl", b"target \"a\" {\n  context = \"app\"\n  contexts = { base = \"target:base\" }\n}\n");
    scene.commit("who names them");
    says(&scene.run(&["pins"]), 0, &["the pins hold", "2 in named build context"]);
}

#[test]
fn a_compose_file_is_read_with_the_variables_beside_it() {
    let scene = scene("");
    scene.write(
        "deploy/compose.yml",
        b"services:\n  db: {image: \"postgres:${PG}\"}\n  web: {image: \"nginx:${NGINX:-1}\"}\n",
    );
    scene.commit("compose");
    says(&scene.run(&["pins"]), 1, &["pins/undecidable:deploy/compose.yml:image:postgres:${PG}", "nginx:1"]);
    let digest = format!("@sha256:{}", "b".repeat(64));
    let variables = format!("PG=16{digest}\nNGINX=1.27{digest}\nGO_VERSION=1.26.8\n");
    scene.write("deploy/.env", variables.as_bytes());
    scene.commit("variables");
    says(&scene.run(&["pins"]), 0, &["the pins hold", "deploy/.env:3:12", "deploy/compose.yml:2:16"]);
}

#[test]
fn images_in_documents_are_seen_and_ports_are_no_versions() {
    let scene = Scene::new(&format!("{}\n{PINS}\n[pins.node]\nversion = \"20.20.2\"\n", command("greet", "true", "")));
    scene.write("go.mod", b"module m\n\ngo 1.26.8\n");
    scene.write(".nvmrc", b"20.20.2\n");
    scene.write(
        "README.md",
        b"# M\n\n```sh\ndocker run -p 80:80 nginx:1.27\n```\n\nNode.js: 3000, go: 8080, http://node:9100\n",
    );
    scene.write("values.yaml", b"ports: {node: 3000, golang: 8080}\n");
    scene.commit("documents");
    let said = scene.run(&["pins"]);
    says(&said, 0, &["nginx:1.27", "admits", "the pins hold"]);
    assert!(!["3000", "8080", "9100"].iter().any(|port| said.stdout.contains(port)), "{}", said.stdout);
}

#[test]
fn a_plan_in_a_subfolder_sees_what_lies_above_it() {
    let scene = scene("");
    scene.git(&["checkout", "-q", "--orphan", "mono"]);
    scene.git(&["rm", "-r", "-q", "--cached", "."]);
    for file in ["rcrepro.toml", "go.mod", "images/base.toml", "lockfiles/images/amd64/base.lock"] {
        scene.write(&format!("services/api/{file}"), scene.read(file).as_bytes());
        std::fs::remove_file(scene.path(file)).expect("removed");
    }
    std::fs::remove_file(scene.path("Dockerfile")).expect("removed");
    let workflow = WORKFLOW.replace("go-version-file: go.mod", "go-version-file: services/api/go.mod");
    scene.write(".github/workflows/ci.yml", workflow.as_bytes());
    scene.write("services/other/Dockerfile", b"FROM golang:1.20\n");
    scene.write("CHANGELOG.md", b"Needs Go 1.25.3.\n");
    scene.commit("a plan below");
    let said = scene.run(&["-C", "services/api", "pins"]);
    says(&said, 0, &["services/api/go.mod: go1.26.8", "../../.github/workflows/ci.yml:7:31", "the pins hold"]);
    assert!(!said.stdout.contains("CHANGELOG"), "what lies above and does not count is not named: {}", said.stdout);
    assert!(!said.stdout.contains("1.20"), "what lies beside is another's: {}", said.stdout);
    scene.write(".tool-versions", b"golang 1.25.3\n");
    scene.write("go.work", b"go 1.27\n\nuse ./services/api\n");
    scene.commit("above");
    says(
        &scene.run(&["-C", "services/api", "pins"]),
        1,
        &["pins/disagrees:../../.tool-versions:go:1.25.3", "pins/disagrees:../../go.work:go:1.27"],
    );
}
