//! What checks the types of a package.

use super::planned;

const LOCK: (&str, &str) = ("web/package-lock.json", "{}");

/// The lines of the set with the checks of a package.
fn checks(dependencies: &str, configurations: &[(&str, &str)]) -> Vec<(String, String)> {
    let package = format!(r#"{{"devDependencies": {{{dependencies}}}}}"#);
    let texts = [&[("web/package.json", package.as_str()), LOCK], configurations].concat();
    let (plan, text) = planned(&texts);
    let set = plan.sets.get(&"frontend".parse().expect("a name")).unwrap_or_else(|| panic!("{text}"));
    set.iter().map(|spec| (spec.id.to_string(), spec.line.clone())).collect()
}

fn lines(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, line)| ((*id).to_owned(), (*line).to_owned())).collect()
}

const REFERS: &str = r#"{
  // A solution: it has no files of its own.
  "files": [],
  "references": [{ "path": "./tsconfig.app.json" }, { "path": "./node" }, { "path": "../outside" },
    { "path": "gone" }, { "path": "tsconfig.node.json" }],
}"#;

#[test]
fn a_configuration_without_files_is_checked_by_those_that_it_refers_to() {
    let others = [
        ("web/tsconfig.json", REFERS),
        ("web/tsconfig.app.json", "{}"),
        ("web/node/tsconfig.json", "{}"),
        ("web/tsconfig.node.json", "{}"),
    ];
    let expected = [
        ("tsc-app-web", "cd web && npx tsc --noEmit -p tsconfig.app.json"),
        ("tsc-node-web", "cd web && npx tsc --noEmit -p node/tsconfig.json"),
        ("tsc-node-web-3", "cd web && npx tsc --noEmit -p tsconfig.node.json"),
    ];
    assert_eq!(checks(r#""typescript": "6""#, &others), lines(&expected));
}

#[test]
fn a_configuration_with_files_is_checked_itself() {
    let usual = [("tsc-web", "cd web && npx tsc --noEmit -p tsconfig.json")];
    for own in
        ["{}", r#"{"files": ["a.ts"], "references": [{"path": "./tsconfig.app.json"}]}"#, r#"{"files": []}"#, "{"]
    {
        let others = [("web/tsconfig.json", own), ("web/tsconfig.app.json", "{}")];
        assert_eq!(checks(r#""typescript": "6""#, &others), lines(&usual), "{own}");
    }
}

#[test]
fn components_of_vue_are_checked_by_their_own_checker() {
    let expected = [("vue-tsc-web", "cd web && npx vue-tsc --noEmit -p tsconfig.json")];
    let dependencies = r#""typescript": "6", "vue-tsc": "3""#;
    assert_eq!(checks(dependencies, &[("web/tsconfig.json", "{}")]), lines(&expected));
}
