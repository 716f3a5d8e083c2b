use super::*;

fn change(path: &str) -> TrackedChange {
    let file = TrackedFile { mode: "100644".into(), id: "0".repeat(40) };
    TrackedChange { path: path.into(), before: None, after: Some(file) }
}

fn rules(scope: &[&str]) -> ScopeRules {
    let texts = |globs: &[&str]| globs.iter().map(|&glob| glob.to_owned()).collect::<Vec<_>>();
    ScopeRules {
        scope: texts(scope),
        written: texts(&["manifests/**"]),
        protected: BTreeMap::from([("auth".parse().expect("a name"), texts(&["internal/api/auth*.go"]))]),
        threat_model: None,
        rollback_plan: None,
    }
}

fn judge(rules: &ScopeRules, paths: &[&str], documents: &[(&str, &str)]) -> Vec<String> {
    let packet = "RC-03".parse().expect("a packet");
    let changes: Vec<TrackedChange> = paths.iter().map(|path| change(path)).collect();
    let documents =
        documents.iter().map(|(path, text)| (path.parse().expect("a path"), text.as_bytes().to_vec())).collect();
    rules.judge(&packet, &changes, &documents).iter().map(ToString::to_string).collect()
}

fn outside(scope: &[&str], paths: &[&str]) -> Vec<String> {
    let found = judge(&rules(scope), paths, &[]);
    found.iter().filter_map(|text| text.split('`').nth(1).map(str::to_owned)).collect()
}

#[test]
fn a_star_does_not_cross_folders_and_two_do() {
    let paths = ["api/signup.go", "api/deep/signup.go", "README.md", "manifests/RC-03.json"];
    assert_eq!(outside(&["api/*.go"], &paths), ["api/deep/signup.go", "README.md"]);
    assert_eq!(outside(&["api/**"], &paths), ["README.md"]);
    assert_eq!(outside(&["api/**", "*.md"], &paths), [""; 0]);
    assert_eq!(outside(&[], &paths), [""; 0], "without a scope everything is inside");
}

#[test]
fn what_lies_outside_the_plans_folder_must_be_named_as_such() {
    let paths = ["../../src/main.rs", "api/a.go"];
    assert_eq!(outside(&["**"], &paths), ["../../src/main.rs"]);
    assert_eq!(outside(&["**", "../../src/**"], &paths), [""; 0]);
}

#[test]
fn paths_are_written_from_the_plans_folder() {
    let folder: TreePath = "examples/beacon".parse().expect("a path");
    for (path, expected) in [
        ("examples/beacon/a/b.go", "a/b.go"),
        ("examples/other/c", "../other/c"),
        ("src/main.rs", "../../src/main.rs"),
        ("examples/beacon2", "../beacon2"),
    ] {
        assert_eq!(relative(path, Some(&folder)), expected);
    }
    assert_eq!(relative("src/main.rs", None), "src/main.rs");
}

#[test]
fn a_protected_change_needs_both_documents() {
    let mut rules = rules(&["internal/**"]);
    let paths = ["internal/api/auth.go"];
    let found = judge(&rules, &paths, &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0], "`internal/api/auth.go` is protected (`auth`), and the packet has no `threat-model`");
    rules.threat_model = Some("docs/threats.md".parse().expect("a path"));
    rules.rollback_plan = Some("docs/back.md".parse().expect("a path"));
    let good = "RC-03 changes `internal/api/auth.go`.";
    assert_eq!(judge(&rules, &paths, &[("docs/threats.md", good), ("docs/back.md", good)]), [""; 0]);
    let cases = [
        (None, "the `rollback-plan` `docs/back.md` is not tracked at head"),
        (Some(" \n"), "the `rollback-plan` `docs/back.md` is empty"),
        (Some("internal/api/auth.go"), "the `rollback-plan` `docs/back.md` does not name `RC-03`"),
        (Some("RC-03, auth.go"), "the `rollback-plan` `docs/back.md` does not name `internal/api/auth.go`"),
    ];
    for (text, expected) in cases {
        let documents: Vec<(&str, &str)> =
            [("docs/threats.md", good)].into_iter().chain(text.map(|text| ("docs/back.md", text))).collect();
        assert_eq!(judge(&rules, &paths, &documents), [expected]);
    }
    assert_eq!(judge(&rules, &["internal/api/signup.go"], &[]), [""; 0], "nothing protected was changed");
}

#[test]
fn the_documents_themselves_and_protected_files_of_no_scope_are_seen() {
    let mut rules = rules(&["internal/api/signup.go"]);
    rules.threat_model = Some("docs/threats.md".parse().expect("a path"));
    assert_eq!(judge(&rules, &["docs/threats.md"], &[]), [""; 0]);
    rules.scope.clear();
    assert!(
        !judge(&rules, &["internal/api/auth_token.go"], &[]).is_empty(),
        "protected files are guarded without a scope, too"
    );
}

#[test]
fn a_mention_is_a_whole_word() {
    for (text, what, expected) in [
        ("RC-03.", "RC-03", true),
        ("(RC-03)", "RC-03", true),
        ("RC-030", "RC-03", false),
        ("XRC-03", "RC-03", false),
        ("see a/b.go, and more", "a/b.go", true),
        ("see a/b.go.", "a/b.go", true),
        ("see a/b.go.bak", "a/b.go", false),
        ("see x/a/b.go", "a/b.go", false),
        ("see b.go", "a/b.go", false),
        ("x/a/b.go and a/b.go", "a/b.go", true),
    ] {
        assert_eq!(mentions(text, what), expected, "{what} in {text}");
    }
}
