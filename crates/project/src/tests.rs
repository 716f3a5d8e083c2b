//! Projects of a few files, and the plans that fit them.

use std::collections::BTreeMap;

use crate::TrackedFiles;
use crate::draft::draft;
use crate::survey::ProjectSurvey;
use rcrepro_format::plan::plan_toml;
use rcrepro_model::image::definition::ImagePlatform;

mod release_images;
mod scripts;
mod sources;
mod types;

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

const NORMALIZERS: &[&str] = &[
    "go-test",
    "go-test-v",
    "go-test-json",
    "jest",
    "node-spec",
    "npm-ci",
    "npm-warnings",
    "sgr",
    "tap",
    "vite",
    "vitest",
];

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
    let draft = draft(&project, "server", None);
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
fn scripts_that_ci_runs_are_planned_once() {
    let package = r#"{"scripts": {"lint": "eslint .", "check:types": "vue-tsc", "test:unit": "vitest run", "dev": "vite"},
        "devDependencies": {"vitest": "3"}}"#;
    let workflow = "jobs:\n  a:\n    timeout-minutes: 7\n    steps:\n    - run: |\n        npm ci\n        npm run lint\n        npm run check:types -- --build\n\
        \x20       npm run test:unit\n        npm run dev\n        npm run gone\n        npm run lint\n";
    let (plan, text) =
        planned(&[("package.json", package), ("package-lock.json", "{}"), (".github/workflows/ci.yml", workflow)]);
    let lines: Vec<(&str, &str)> = plan.sets[&"frontend".parse().expect("a name")]
        .iter()
        .map(|spec| (spec.id.as_str(), spec.line.as_str()))
        .collect();
    let expected = [
        ("vitest", "npx vitest run"),
        ("npm-lint", "npx eslint ."),
        ("npm-check-types", "npm run check:types -- --build"),
    ];
    assert_eq!(lines, expected, "{text}");
    assert!(text.contains(".github/workflows/ci.yml:7") && text.contains("timeout = \"7m\""), "{text}");
}

#[test]
fn packages_of_pnpm_and_yarn_are_installed_by_their_clients() {
    let package = r#"{"packageManager": "pnpm@11.22.0+sha512.aa", "scripts": {"build": "vite build", "lint": "eslint ."},
        "devDependencies": {"vitest": "3"}}"#;
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies: {a: 1}\n  packages/one:\n    devDependencies: {b: 1}\n  \
                packages/none: {}\n";
    let old = r#"{"scripts": {"test": "jest"}}"#;
    let workflow = "jobs:\n  a:\n    steps:\n    - run: |\n        cd web\n        pnpm install --frozen-lockfile --prefer-offline\n        \
                    pnpm lint\n        pnpm run build\n    - run: yarn --cwd old test\n";
    let (plan, text) = planned(&[
        ("web/package.json", package),
        ("web/pnpm-lock.yaml", lock),
        ("web/pnpm-workspace.yaml", "packages:\n  - packages/*\n"),
        ("old/package.json", old),
        ("old/yarn.lock", "# yarn lockfile v1\n"),
        ("new/package.json", r#"{"devDependencies": {"vitest": "3"}}"#),
        ("new/yarn.lock", "__metadata:\n  version: 8\n"),
        (".github/workflows/ci.yml", workflow),
    ]);
    let spec = |id: &str| plan.command(&id.parse().expect("a name")).unwrap_or_else(|| panic!("{id} in\n{text}"));
    for (id, line) in [
        ("pnpm-install-web", "cd web && pnpm install --frozen-lockfile --prefer-offline --reporter=silent"),
        ("pnpm-lint-web", "cd web && pnpm exec eslint ."),
        ("pnpm-build-web", "cd web && pnpm run build"),
        ("vitest-web", "cd web && pnpm exec vitest run"),
        ("yarn-install-old", "cd old && yarn install --frozen-lockfile --silent"),
        ("jest-old", "cd old && npx jest"),
        ("yarn-install-new", "cd new && YARN_ENABLE_TIMERS=0 yarn install --immutable"),
        ("vitest-new", "cd new && yarn run vitest run"),
    ] {
        assert_eq!(spec(id).line, line, "{text}");
        assert_eq!(spec(id).frozen.len(), 1, "the client comes from there: {text}");
    }
    let outputs: Vec<&str> = spec("pnpm-install-web").outputs.iter().map(|path| path.as_str()).collect();
    assert_eq!(outputs, ["web/node_modules", "web/packages/one/node_modules"]);
    assert!(!text.contains("npm-warnings"), "other clients print no warnings of npm: {text}");
    let kinds: Vec<&str> = plan.frozen.values().map(|input| input.kind.as_str()).collect();
    assert_eq!(kinds, ["yarn-packages", "yarn-packages", "pnpm-packages"], "{text}");
    assert!(text.contains("web/package.json:1: pnpm@11.22.0 wants Node 22.13 at least"), "{text}");
    assert!(text.contains("TODO: web/pnpm-lock.yaml: no audit is planned"), "{text}");
}

#[test]
fn workspaces_of_npm_yield_what_the_lock_says() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {}, "node_modules/a": {}, "packages/one": {},
        "packages/one/node_modules/a": {}, "node_modules/a/node_modules/b": {}}}"#;
    let (plan, text) = planned(&[
        ("package.json", r#"{"workspaces": ["packages/*"]}"#),
        ("packages/one/package.json", r#"{"dependencies": {"a": "1"}}"#),
        ("package-lock.json", lock),
    ]);
    let install = plan.command(&"npm-ci".parse().expect("a name")).expect("planned");
    let outputs: Vec<&str> = install.outputs.iter().map(|path| path.as_str()).collect();
    assert_eq!(outputs, ["node_modules", "packages/one/node_modules"], "{text}");
    assert_eq!(
        (&install.normalize_stdout[..], &install.normalize_stderr[..]),
        (&["npm-ci".to_owned()][..], &["npm-warnings".to_owned()][..])
    );
}

#[test]
fn what_ci_makes_is_planned_as_the_makefile_has_it() {
    let (plan, text) = planned(&[
        ("go.mod", "module m\n\ngo 1.25.1\n"),
        ("main.go", "package main\n"),
        ("main_test.go", "package main\n"),
        (
            "Makefile",
            "WEB = web/app\ntest: web\n\tCGO_ENABLED=1 go test -race ./...\nweb:\n\tnpm --prefix $(WEB) install\n\tnpm --prefix $(WEB) run build\n",
        ),
        ("web/app/package.json", r#"{"scripts": {"build": "vite build", "lint": "eslint ."}}"#),
        ("web/app/package-lock.json", "{}"),
        (
            ".github/workflows/ci.yml",
            "jobs:\n  a:\n    steps:\n    - run: make test\n    - run: cd web/app && npm run lint\n",
        ),
    ]);
    let lines: Vec<&str> = plan.sets.values().flatten().map(|spec| spec.line.as_str()).collect();
    for line in ["CGO_ENABLED=1 go test -race ./...", "cd web/app && npm run build", "cd web/app && npx eslint ."] {
        assert!(lines.contains(&line), "{line} in {lines:?}");
    }
    assert!(text.contains("# Makefile:3"), "{text}");
}

#[test]
fn the_least_go_of_a_module_becomes_its_newest_patch() {
    let go = |files: &[(&str, &str)]| {
        let (_, text) = planned(&[files, &[("main.go", "package main\n")]].concat());
        text.lines().find(|line| line.contains(": Go 1")).unwrap_or_default().to_owned()
    };
    let module = ("go.mod", "module m\n\ngo 1.25.0\n");
    assert_eq!(go(&[module]), "# go.mod:3: Go 1.25.0 at least, 1.25.14 is the newest patch that rcrepro knows");
    let chosen = ("go.mod", "module m\n\ngo 1.25.0\n\ntoolchain go1.25.3\n");
    assert_eq!(go(&[chosen]), "# go.mod:5: Go 1.25.3");
    assert_eq!(go(&[module, ("Dockerfile", "FROM golang:1.25.4\n")]), "# Dockerfile:1: Go 1.25.4");
    let unknown = ("go.mod", "module m\n\ngo 1.25.99\n");
    assert_eq!(go(&[unknown]), "# go.mod:3: Go 1.25.99");
}

#[test]
fn a_project_of_neither_language_has_the_scan_for_secrets() {
    let draft = draft(&ProjectSurvey::of(&files(&[("README.md", "Hello.\n")])), "plain", None);
    let plan = plan_toml::parse(&draft.plan, NORMALIZERS).unwrap_or_else(|error| panic!("{error}\n{}", draft.plan));
    let lines: Vec<&str> = plan.sets.values().flatten().map(|spec| spec.line.as_str()).collect();
    assert_eq!(lines, ["gitleaks detect --no-git --source . --verbose --redact"]);
}

/// Parses the plan of a project, which has to be valid whatever the project holds.
fn planned(texts: &[(&str, &str)]) -> (rcrepro_model::plan::Plan, String) {
    let draft = draft(&ProjectSurvey::of(&files(texts)), "hostile\u{1b}[31m\nname", None);
    let plan = plan_toml::parse(&draft.plan, NORMALIZERS).unwrap_or_else(|error| panic!("{error}\n{}", draft.plan));
    let is_active = |c: char| rcrepro_model::text::printable::is_active(c) && c != '\n';
    assert!(!draft.plan.contains(is_active), "a terminal obeys nothing of it\n{}", draft.plan);
    (plan, draft.plan)
}

#[test]
fn what_strangers_wrote_stays_within_its_line() {
    let script = "vitest run\\n[[waivers]]\\nfinding = \\\"npm-audit/*\\\"\\u001b[2J\\u202e";
    let package = format!(r#"{{"scripts": {{"test": "{script}"}}, "devDependencies": {{"vitest": "3"}}}}"#);
    let (plan, text) = planned(&[
        ("go.mod", "module a\n\ngo 1.26.8\n"),
        ("ma\nin\u{1b}.go", "package main\n//go:embed x\u{1b}y\n"),
        ("w\neb/package.json", &package),
        ("w\neb/package-lock.json", "{}"),
        (".nvmrc", "20\u{1b}]0;x\n[[waivers]]\n"),
        ("Dockerfile", "FROM a AS b\u{85}c\n"),
    ]);
    assert!(plan.waivers.is_empty(), "{text}");
    assert!(text.contains(r"`vitest run\n[[waivers]]"), "{text}");
}

#[test]
fn a_folder_is_one_word_of_the_shell() {
    for (folder, word) in [
        ("my dir", "'my dir'"),
        ("x;touch pwned", "'x;touch pwned'"),
        ("$(id)", "'$(id)'"),
        ("it's", r"'it'\''s'"),
        ("~", "'~'"),
        ("-", "./-"),
        ("plain/a.b", "plain/a.b"),
    ] {
        let (plan, text) =
            planned(&[(&format!("{folder}/go.mod"), "module a\n"), (&format!("{folder}/a.go"), "package a\n")]);
        let build = plan.sets[&"backend".parse().expect("a name")]
            .iter()
            .find(|spec| spec.line.ends_with("go build ./..."))
            .expect("a build");
        assert_eq!(build.line, format!("cd {word} && go build ./..."), "{text}");
    }
}

#[test]
fn names_of_folders_that_are_written_alike_stay_apart() {
    let folders = ["api-v1", "api/v1", "A", "a", "日本", "中国"];
    let texts: Vec<(String, &str)> = folders
        .iter()
        .flat_map(|folder| {
            let module = "module a\n\nrequire b v1.0.0\n";
            [(format!("{folder}/go.mod"), module), (format!("{folder}/a.go"), "package a\n")]
        })
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let (plan, text) = planned(&texts);
    assert_eq!(plan.sets[&"backend".parse().expect("a name")].len(), folders.len(), "{text}");
}

#[test]
fn lines_of_ci_have_their_folders_and_sensible_limits() {
    let workflow = "on: push\njobs:\n  test:\n    timeout-minutes: 0\n    steps:\n    - run: |\n        cd sub\n        go test -race ./...\n\
                    \x20   - run: |\n        cd $X\n        go test -v ./...\n    - run: 'go vet ./...'\n";
    let (plan, text) = planned(&[
        ("go.mod", "module a\n"),
        ("a_test.go", "package a\n"),
        ("sub/go.mod", "module b\n"),
        ("sub/b_test.go", "package b\n"),
        (".github/workflows/ci.yml", workflow),
    ]);
    let line = |id: &str| plan.command(&id.parse().expect("a name")).expect("it is planned").line.clone();
    assert_eq!(line("go-test"), "go test ./... -count=1", "{text}");
    assert_eq!(line("go-test-sub"), "cd sub && go test -race ./...", "{text}");
    assert_eq!(line("go-vet"), "go vet ./...", "{text}");
    assert!(text.contains("# .github/workflows/ci.yml:12\n"), "{text}");
    assert!(!text.contains("timeout = "), "CI grants no time of its own: {text}");
}

#[test]
fn lines_of_ci_are_read_as_a_shell_reads_them() {
    let workflow = "on: push\njobs:\n  test:\n    steps:\n    - run: |\n        cat <<E\n        go vet ./here\n        E\n\
                    \x20       go vet ./a | tee log\n        go vet \\\n          -tags 'a|b' ./... # all\n        go test -run 'A|B' .\n";
    let (plan, text) =
        planned(&[("go.mod", "module a\n"), ("a_test.go", "package a\n"), (".github/workflows/ci.yml", workflow)]);
    let line = |id: &str| plan.command(&id.parse().expect("a name")).expect("it is planned").line.clone();
    assert_eq!(line("go-vet"), "go vet -tags 'a|b' ./...", "{text}");
    assert_eq!(line("go-test"), "go test -run 'A|B' .", "{text}");
    assert!(text.contains("# .github/workflows/ci.yml:10\n"), "{text}");
}

#[test]
fn what_is_not_planned_is_said() {
    let (_, text) = planned(&[
        ("go.mod", "module a\n\ngo 99.9\n\nrequire b v1.0.0\n"),
        ("a.go", "package a\n//go:embed \"sp ace.txt\"\n"),
        ("sp ace.txt", ""),
        ("package.json", "{}"),
        ("web/package.json", "// no JSON\n{"),
        ("old/package.json", "{}"),
        ("old/npm-shrinkwrap.json", "{}"),
        ("pyproject.toml", ""),
        (".nvmrc", "lts/hydrogen\n"),
    ]);
    for told in [
        "TODO: package.json: no lock beside it",
        "TODO: web/package.json: cannot be read",
        "TODO: old/npm-shrinkwrap.json: only package-lock.json",
        "TODO: pyproject.toml: its language",
        "TODO: go.mod:1: there is no go.sum beside it",
        "go.mod:3: Go 99.9; TODO: rcrepro does not know that version",
    ] {
        assert!(text.contains(told), "`{told}` in\n{text}");
    }
    assert!(!text.contains("go:embed"), "the file is tracked\n{text}");
}

#[test]
fn images_are_for_the_machine_that_the_plan_was_written_on() {
    let project = ProjectSurvey::of(&server());
    let changes = |platform| {
        draft(&project, "server", platform).images.into_iter().find(|(name, _)| *name == "base").expect("base").1
    };
    assert!(changes(None).is_empty());
    let (from, to) = changes(Some(ImagePlatform::LinuxArm64)).remove(0);
    assert!(include_str!("../../../images/base.toml").contains(&from), "{from}");
    assert_eq!(to, "platforms = [\"linux/arm64\"]");
}

#[test]
fn words_for_the_newest_choose_it_and_npm_runs_on_the_node_that_is_chosen() {
    let images = |dockerfile: &str| {
        let project = ProjectSurvey::of(&files(&[
            ("go.mod", "module a\n\ngo 1.25.0\n"),
            ("a.go", "package a\n"),
            ("package.json", r#"{"scripts":{"build":"tsc"}}"#),
            ("package-lock.json", r#"{"lockfileVersion":3}"#),
            ("Dockerfile", dockerfile),
        ]));
        let changed = draft(&project, "server", None).images;
        let all = changed.into_iter().flat_map(|(_, changes)| changes).map(|(_, new)| new);
        all.collect::<Vec<String>>().join(" ")
    };
    for (dockerfile, chosen) in [
        (
            "FROM golang:1\nFROM node:lts-alpine\n",
            ["toolchain = \"1.27.4\"", "version = \"24.22.3\" version = \"11.21.2\""],
        ),
        (
            "FROM golang:1-alpine\nFROM node:18-slim\n",
            ["toolchain = \"1.27.4\"", "version = \"18.20.8\" version = \"10.9.9\""],
        ),
        ("FROM golang:1.26\nFROM node:20\n", ["toolchain = \"1.26.8\"", "version = \"20.20.2\" version = \"11.21.2\""]),
        (
            "FROM scratch\nFROM node:current\n",
            ["toolchain = \"1.25.14\"", "version = \"26.12.1\" version = \"11.21.2\""],
        ),
        ("FROM scratch\nFROM node:16\n", ["toolchain = \"1.25.14\"", "version = \"16.20.2\" version = \"9.9.4\""]),
    ] {
        let images = images(dockerfile);
        assert!(chosen.iter().all(|one| images.contains(one)), "{dockerfile}: {chosen:?} in {images}");
    }
    assert!(
        include_str!("../../../images/node.toml").contains("version = \"11.21.2\""),
        "npm's version is there to be replaced"
    );
}

#[test]
fn a_further_build_that_ci_tests_is_tested_too() {
    let workflow = "jobs:\n  a:\n    steps:\n    - run: |\n        go test ./...\n        go test -race ./...\n        go test -tags slow ./a/...\n\
                    \x20       go test ./a/...\n        go test -race -bench=. ./...\n";
    let (plan, text) =
        planned(&[("go.mod", "module a\n"), ("a_test.go", "package a\n"), (".github/workflows/ci.yml", workflow)]);
    let lines: Vec<&str> =
        plan.sets[&"backend".parse().expect("a name")].iter().map(|spec| spec.line.as_str()).collect();
    assert_eq!(
        lines,
        ["go build ./...", "go test ./...", "go test -race ./...", "go test -tags slow ./a/..."],
        "{text}"
    );
    assert!(text.contains("# .github/workflows/ci.yml:8: CI also runs `go test ./a/...`"), "{text}");
}
