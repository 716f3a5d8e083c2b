//! What commands see of a project.

use super::{ProjectSurvey, draft, files, planned};
use rcrepro_model::plan::Plan;
use rcrepro_model::plan::glob::PathGlobSet;

const MODULE: (&str, &str) = ("go.mod", "module example.com/a\n\ngo 1.26.0\n");
const MAIN: (&str, &str) = ("main.go", "package main\n");

fn excludes(plan: &Plan, path: &str) -> bool {
    PathGlobSet::new(&plan.exclude).expect("globs").matches_within(path)
}

#[test]
fn commands_do_not_see_the_plan_and_its_locks() {
    let (plan, text) = planned(&[MODULE, MAIN]);
    for path in [
        "rcrepro.toml",
        "images/go.toml",
        "images/keys/a.pgp",
        "lockfiles/gomod.lock",
        "lockfiles/images/amd64/go.lock",
    ] {
        assert!(excludes(&plan, path), "{path} in\n{text}");
    }
    for path in ["main.go", "images/logo.svg", "advisories/2026.md", "mirror/a.go"] {
        assert!(!excludes(&plan, path), "{path} in\n{text}");
    }
}

#[test]
fn files_of_the_project_are_seen_whatever_they_are_called() {
    let own = ("images/list.toml", "a = 1\n");
    let (plan, text) = planned(&[MODULE, MAIN, own, ("lockfiles/a.lock", "x\n")]);
    for path in ["images/list.toml", "lockfiles/a.lock"] {
        assert!(!excludes(&plan, path), "{path} in\n{text}");
    }
    assert!(excludes(&plan, "rcrepro.toml"), "{text}");
}

#[test]
fn what_a_makefile_makes_is_made_before_what_embeds_it() {
    let main = "package main\n\nimport \"embed\"\n\n//go:embed all:dist\nvar content embed.FS\n\n//go:embed a.key a.pem\nvar keys embed.FS\n";
    let makefile = "dist:\n\t@npm run build\n\na.key:\n\t@certtool --generate-privkey --outfile a.key\n\na.pem: a.key\n\t@openssl req -key a.key -out a.pem\n\t@rm a.csr\n";
    let package = r#"{"scripts": {"build": "vite build"}}"#;
    let texts = [
        ("go.mod", "module example.com/a\n\ngo 1.26.8\n"),
        ("main.go", main),
        ("main_test.go", "package main\n"),
        ("Makefile", makefile),
        ("package.json", package),
        ("package-lock.json", "{}"),
    ];
    let (plan, text) = planned(&texts);
    let line = |id: &str| plan.command(&id.parse().expect("a name")).unwrap_or_else(|| panic!("{id} in\n{text}"));
    assert_eq!(line("go-build").line, "make -s a.key a.pem && go build ./...");
    assert_eq!(line("go-test").line, "make -s a.key a.pem && go test ./... -count=1");
    assert_eq!(line("govulncheck").line, "make -s a.key a.pem && govulncheck ./...");
    let outputs: Vec<&str> = line("npm-build").outputs.iter().map(|path| path.as_str()).collect();
    assert_eq!(outputs, ["dist"], "{text}");
    assert!(text.contains("Makefile:5: the rule for `a.pem`, which main.go:8 embeds"), "{text}");
    assert!(text.contains("TODO: `certtool` has to be in the image") && !text.contains("`rm`"), "{text}");
    assert!(text.contains("Makefile:8: `openssl`, for which images/base.toml has its package"), "{text}");
    let definitions = draft(&ProjectSurvey::of(&files(&texts)), "a", None).images;
    let (_, base) = definitions.iter().find(|(name, _)| *name == "base").expect("base");
    let (from, to) = &base[0];
    assert_eq!(include_str!("../../../../images/base.toml").matches(from.as_str()).count(), 1, "{from}");
    assert_eq!(to, &format!("{from} \"openssl\","));
}

#[test]
fn a_workspace_of_another_package_is_installed_once() {
    let lock = "lockfileVersion: '9.0'\nimporters:\n  .:\n    devDependencies:\n      vitest: {specifier: '3', version: 3.0.0}\n  docs:\n    dependencies:\n      a: {specifier: '1', version: 1.0.0}\n";
    let (plan, text) = planned(&[
        (
            "package.json",
            r#"{"packageManager": "pnpm@10.34.9", "scripts": {"test": "TZ=UTC vitest"}, "devDependencies": {"vitest": "3"}}"#,
        ),
        ("pnpm-workspace.yaml", "packages:\n  - docs\n"),
        ("pnpm-lock.yaml", lock),
        ("docs/package.json", "{}"),
        ("docs/pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
        (
            ".github/workflows/ci.yml",
            "jobs:\n  a:\n    steps:\n    - run: pnpm run test -- --outputTruncateLength=500\n",
        ),
    ]);
    assert_eq!(plan.frozen.len(), 1, "{text}");
    assert!(text.contains("docs/pnpm-lock.yaml: not planned, because pnpm-lock.yaml installs it"), "{text}");
    // CI's line runs the tool whose own line is planned.
    let frontend = &plan.sets[&"frontend".parse().expect("a name")];
    let lines: Vec<&str> = frontend.iter().map(|spec| spec.line.as_str()).collect();
    assert_eq!(lines, ["TZ=UTC pnpm exec vitest run"], "{text}");
}

#[test]
fn stages_are_told_with_and_without_a_name() {
    for (text, expected) in [
        ("FROM a\nRUN b\n", "1 stage without a name"),
        ("FROM a AS build\nFROM b as app\n", "the stages build, app"),
        ("FROM a AS build\nFROM b\n", "the stages build and 1 stage without a name"),
        ("FROM a\nFROM b\n", "2 stages without a name"),
        ("# nothing yet\n", "no stage"),
    ] {
        let lines = ProjectSurvey::of(&files(&[(".config/Dockerfile", text)])).explain();
        let line = format!(".config/Dockerfile: a Dockerfile with {expected}");
        assert!(lines.contains(&line), "`{line}` in {lines:?}");
    }
}
