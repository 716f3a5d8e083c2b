//! What is offered for the release's own images, and which toolchains they decide.

use super::{NORMALIZERS, ProjectSurvey, draft, planned, server};
use rcrepro_format::plan::plan_toml;

#[test]
fn release_images_are_offered_for_each_target_of_a_dockerfile() {
    let dockerfile = "# syntax=docker/dockerfile:1\nARG GO=1.26\nFROM node:22-alpine AS web\nFROM golang:${GO}-alpine AS build\n\
                      RUN go build -ldflags \"-X main.commit=$(git rev-parse HEAD)\" .\nFROM alpine:3.23 AS runtime\nCOPY --from=build /a /a\n\
                      COPY --from=web /b /b\nCOPY --from=release_payload / /\nFROM alpine:3.23 AS agent_runtime\n";
    let mut project = server();
    project.texts.insert("Dockerfile".to_owned(), dockerfile.to_owned());
    let own = "FROM node:22 AS site\nCOPY package.json tsconfig.json ./\nRUN npm ci\n";
    project.texts.insert("web/Dockerfile".to_owned(), own.to_owned());
    project.paths.push("web/Dockerfile".to_owned());
    project.paths.sort();
    let draft = draft(&ProjectSurvey::of(&project), "server", None);
    assert!(draft.images.iter().any(|(name, _)| *name == "buildkit"), "what builds them is there");
    let (before, offered) = draft.plan.split_once("# [images.buildkit]\n").expect("offered");
    let lines: Vec<&str> = offered.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).collect();
    let plan = format!("{before}[images.buildkit]\n{}\n", lines.join("\n"));
    let mistake = plan_toml::parse(&plan, NORMALIZERS).expect_err("its context has to be written");
    assert!(mistake.to_string().contains("COMMAND"), "{mistake}");
    let plan = plan.replace("contexts = { \"release_payload\" = \"output:COMMAND/FOLDER\" }\n", "");
    let plan = plan_toml::parse(&plan, NORMALIZERS).unwrap_or_else(|error| panic!("{error}\n{plan}"));
    let image = &plan.release_images[&"agent-runtime".parse().expect("a name")];
    let buildkit = image.buildkit.as_ref().expect("by BuildKit");
    let bases: Vec<(&str, &str)> =
        buildkit.bases.iter().map(|(reference, image)| (reference.as_str(), image.as_str())).collect();
    assert_eq!((image.target.as_str(), buildkit.git), ("agent_runtime", true));
    assert_eq!(bases, [("alpine:3.23", "base"), ("golang:1.26-alpine", "go"), ("node:22-alpine", "node")]);
    assert_eq!(image.frozen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["gomod"], "no step calls npm");
    let site = &plan.release_images[&"site".parse().expect("a name")];
    let context = site.buildkit.as_ref().and_then(|buildkit| buildkit.context.as_ref()).map(ToString::to_string);
    assert_eq!(context.as_deref(), Some("web"), "what it copies is beside it alone");
    assert_eq!(site.frozen.iter().map(ToString::to_string).collect::<Vec<_>>(), ["npm-web"]);
    assert_eq!(plan.packets[&"RC-06".parse().expect("an id")].release_images.len(), 3, "all targets");
}

#[test]
fn where_ci_tries_several_versions_the_image_that_is_shipped_decides() {
    let workflow = |versions: &str| {
        format!(
            "on: push\njobs:\n  test:\n    steps:\n    - uses: actions/setup-node@v4\n      with:\n        node-version: {versions}\n"
        )
    };
    let text = |versions: &str| {
        let workflow = workflow(versions);
        let (_, text) = planned(&[
            ("package.json", "{ \"engines\": { \"node\": \">=20\" }, \"scripts\": { \"test\": \"node --test\" } }"),
            ("package-lock.json", "{}"),
            (".github/workflows/ci.yml", &workflow),
            ("Dockerfile", "FROM node:22-alpine\n"),
        ]);
        text
    };
    let (several, one) = (text("[20.x, 22.x, 24.x]"), text("24.x"));
    assert!(several.contains("# Dockerfile:1: Node 22"), "{several}");
    assert!(one.contains("# .github/workflows/ci.yml:7: Node 24.x"), "{one}");
}

#[test]
fn a_go_that_cannot_compile_the_module_decides_nothing() {
    let workflow = "on: push\njobs:\n  test:\n    steps:\n    - uses: actions/setup-go@v5\n      with:\n        go-version: 1.22.x\n";
    let dockerfile = "ARG TARGET_GOOS\nFROM golang:1.26.4 AS build\nARG VERSION=1\nRUN go build .\nFROM golang:1.25\nCMD [\"/a\", \"serve\"]\n";
    let (_, text) = planned(&[
        ("go.mod", "module a\n\ngo 1.26\n"),
        ("main.go", "package main\n"),
        (".github/workflows/check.yaml", workflow),
        ("Dockerfile", dockerfile),
    ]);
    assert!(text.contains("# Dockerfile:2: Go 1.26.4\n"), "{text}");
    assert!(text.contains("# # TODO: images/go.toml has 1.26.4, and golang:1.25 another"), "{text}");
    assert!(!text.contains("and golang:1.26.4 another"), "{text}");
    assert!(text.contains("# # arguments = { TARGET_GOOS = \"\" }\n"), "{text}");
    assert!(text.contains("# runs = [{ arguments = [\"/a\", \"--version\"], stdout = \"\" }]"), "{text}");
}

#[test]
fn a_repository_is_offered_where_a_step_or_what_it_calls_asks_one() {
    let offered = |step: &str| {
        let dockerfile = format!("FROM golang:1.26\nCOPY . .\nRUN {step}\n");
        let makefile = "V := $(shell git describe --tags)\nbuild:\n\tgo build -ldflags \"-X main.v=$(V)\" .\n";
        let (_, text) = planned(&[
            ("Dockerfile", &dockerfile),
            ("Makefile", makefile),
            ("go.mod", "module a\n\ngo 1.26\n"),
            ("main.go", "package main\n"),
        ]);
        text.contains("# git = true")
    };
    assert!(offered("make build") && offered("git rev-parse HEAD > /v"));
    assert!(!offered("apk add git && go build .") && !offered("git config --global user.name x && go build ."));
}
