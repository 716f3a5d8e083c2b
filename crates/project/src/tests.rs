//! Projects of a few files, and the plans that fit them.

use std::collections::BTreeMap;

use crate::TrackedFiles;
use crate::draft::draft;
use crate::survey::ProjectSurvey;
use rcrepro_format::plan::plan_toml;

struct Files {
    texts: BTreeMap<String, String>,
    paths: Vec<String>,
}

impl TrackedFiles for Files {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn text(&self, path: &str) -> Option<String> {
        self.texts.get(path).cloned()
    }
}

fn files(texts: &[(&str, &str)]) -> Files {
    let texts: BTreeMap<String, String> =
        texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let paths = texts.keys().cloned().collect();
    Files { texts, paths }
}

/// A server in Go that embeds a frontend, which a workflow builds first.
fn server() -> Files {
    files(&[
        ("go.mod", "module example.com/server\n\ngo 1.25.1\n\nrequire (\n\tgithub.com/a/b v1.0.0\n)\n"),
        ("go.sum", "x\n"),
        ("main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed all:web/dist\nvar files embed.FS\n"),
        ("main_test.go", "package main\n"),
        ("web/package.json", PACKAGE),
        ("web/package-lock.json", "{}\n"),
        ("web/tsconfig.json", "{}\n"),
        (".nvmrc", "22\n"),
        (".github/workflows/ci.yml", WORKFLOW),
        ("Dockerfile", "FROM golang:1.25.1 AS build\nFROM scratch AS runtime\n"),
        ("README.md", "Run `go test ./...`.\n"),
        (".gitleaksignore", "x\n"),
    ])
}

const NORMALIZERS: &[&str] = &["go-test", "go-test-v", "go-test-json", "npm-ci", "vitest"];

const PACKAGE: &str = r#"{
  "name": "web",
  "scripts": {
    "build": "vite build",
    "test": "vitest"
  },
  "devDependencies": { "vitest": "3", "typescript": "5" }
}
"#;

const WORKFLOW: &str = "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    timeout-minutes: 45\n    steps:\n\
    \x20   - run: npm run build\n      working-directory: web\n    - run: |\n        go vet ./...\n        go test -race ./...\n";

#[test]
fn a_frontend_that_is_embedded_is_built_first() {
    let project = ProjectSurvey::of(&server());
    let embed = &project.modules[0].missing_embeds[0];
    assert_eq!((embed.path.as_str(), embed.place.to_string()), ("web/dist", "main.go:5".into()));
    let draft = draft(&project, "server");
    let plan = plan_toml::parse(&draft.plan, NORMALIZERS).unwrap_or_else(|error| panic!("{error}\n{}", draft.plan));
    let line = |id: &str| {
        let spec = plan.command(&id.parse().expect("a name")).unwrap_or_else(|| panic!("{id} in\n{}", draft.plan));
        (spec.line.clone(), spec.needs.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(line("go-build"), ("go build ./...".into(), vec!["npm-build-web".into()]));
    assert_eq!(line("go-test"), ("go test -race ./...".into(), vec!["npm-build-web".into()]));
    assert_eq!(line("go-vet").0, "go vet ./...");
    assert_eq!(line("vitest-web"), ("cd web && npx vitest run".into(), vec!["npm-ci-web".into()]));
    for told in [
        "main.go:5: `//go:embed all:web/dist` is not tracked",
        ".github/workflows/ci.yml:11",
        "timeout = \"45m\"",
        ".nvmrc:1: Node 22",
        "Dockerfile:1: Go 1.25.1",
        ".gitleaksignore changes what it reports",
        "paths = [\"README.md\"]",
        "TODO",
    ] {
        assert!(draft.plan.contains(told), "`{told}` in\n{}", draft.plan);
    }
    let go = draft.images.iter().find(|(name, _)| *name == "go").expect("go");
    assert_eq!(go.1[0].1, "toolchain = \"1.25.1\"");
    assert!(draft.images.iter().any(|(name, _)| *name == "go-tools"), "scanners need the newest Go");
}

#[test]
fn a_project_of_neither_language_has_the_scan_for_secrets() {
    let draft = draft(&ProjectSurvey::of(&files(&[("README.md", "Hello.\n")])), "plain");
    let plan = plan_toml::parse(&draft.plan, NORMALIZERS).unwrap_or_else(|error| panic!("{error}\n{}", draft.plan));
    let lines: Vec<&str> = plan.sets.values().flatten().map(|spec| spec.line.as_str()).collect();
    assert_eq!(lines, ["gitleaks detect --no-git --source ."]);
}
