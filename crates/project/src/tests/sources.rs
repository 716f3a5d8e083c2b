//! What commands see of a project.

use super::planned;
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
