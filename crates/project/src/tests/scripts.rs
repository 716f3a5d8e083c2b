//! What becomes of the scripts of a `package.json`.

use super::planned;
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::proof::ProofRule;

#[test]
fn a_test_script_runs_by_its_own_tool_and_without_a_watcher() {
    let package = r#"{"scripts": {"test": "jest --watch --onlyChanged", "test:ci": "cross-env TZ=UTC jest --maxWorkers 4", "lint": "eslint --cache .",
        "fix": "eslint --fix .", "sign": "npx sign-plugin", "check": "prettier -c ."}, "devDependencies": {"jest": "30"}}"#;
    let workflow = "jobs:\n  a:\n    steps:\n    - run: |\n        npm run test:ci\n        npm run lint\n        npm run fix\n        npm run check\n        npm run sign\n";
    let (plan, text) =
        planned(&[("package.json", package), ("package-lock.json", "{}"), (".github/workflows/ci.yml", workflow)]);
    let lines: Vec<&str> =
        plan.sets[&"frontend".parse().expect("a name")].iter().map(|spec| spec.line.as_str()).collect();
    assert_eq!(
        lines,
        ["TZ=UTC npx jest --maxWorkers 4", "npx eslint --cache .", "npm run fix", "npm run check"],
        "{text}"
    );
    assert!(
        text.contains("normalize.stderr = [\"jest\"]") && text.contains("package.json:1: `cross-env TZ=UTC jest"),
        "{text}"
    );
    assert_eq!(text.matches("proof = \"exit-code\"").count(), 2, "{text}");
}

#[test]
fn a_test_script_that_only_watches_is_not_what_is_run() {
    let test = |scripts: &str| {
        let package = format!(r#"{{"scripts": {{{scripts}}}, "devDependencies": {{"jest": "30"}}}}"#);
        let (plan, _) = planned(&[("package.json", &package), ("package-lock.json", "{}")]);
        plan.command(&"jest".parse().expect("a name")).expect("tests").line.clone()
    };
    assert_eq!(test(r#""test": "jest --watch""#), "npx jest");
    assert_eq!(test(r#""test": "jest --ci", "pretest": "node make.js""#), "npx jest");
    assert_eq!(test(r#""test": "jest --ci && node more.js""#), "npx jest");
    assert_eq!(test(r#""unit": "npx jest --ci", "test": "jest -u""#), "npx jest --ci");
}

#[test]
fn nodes_own_tests_are_planned_by_what_proves_them() {
    for (version, script, line, normalizers) in [
        ("20.20.2", "node --test", "node --test", &["tap"][..]),
        ("24.22.3", "TZ=UTC node --test test/*.js", "TZ=UTC node --test test/*.js", &["node-spec"]),
        ("24.22.3", "node --test --test-reporter=tap", "node --test --test-reporter=tap", &["tap"]),
        (
            "20.20.2",
            "node --test --test-reporter-destination=stdout --test-reporter=spec",
            "node --test --test-reporter-destination=stdout --test-reporter=spec",
            &["node-spec"],
        ),
        ("24.22.3", "node --test --test-reporter dot", "node --test --test-reporter dot", &[]),
    ] {
        let package = format!(r#"{{"scripts": {{"test": "{script}", "start": "node server.js"}}}}"#);
        let workflow = "jobs:\n  a:\n    steps:\n    - run: npm test\n";
        let (plan, text) = planned(&[
            ("package.json", &package),
            ("package-lock.json", "{}"),
            (".nvmrc", version),
            (".github/workflows/ci.yml", workflow),
        ]);
        let test = plan.command(&"node-test".parse().expect("a name")).expect("planned");
        assert_eq!((test.line.as_str(), test.proof), (line, ProofRule::Detect), "{text}");
        assert_eq!(test.normalize_stdout, normalizers, "{text}");
        assert_eq!(plan.sets[&"frontend".parse().expect("a name")].len(), 1, "{text}");
    }
    // What waits for a person, and what is no test of Node's.
    for script in ["node --test --watch", "node test.js"] {
        let package = format!(r#"{{"scripts": {{"test": "{script}"}}}}"#);
        let (plan, text) = planned(&[("package.json", &package), ("package-lock.json", "{}")]);
        let test = plan.command(&"npm-test".parse().expect("a name")).expect("planned");
        assert_eq!(test.line, "npm test", "{text}");
    }
}

#[test]
fn what_needs_a_browser_or_a_deployment_is_said_and_not_planned() {
    let browser = r#"{"scripts": {"test": "playwright test", "e2e": "npx playwright test", "build": "vite build"}}"#;
    let workflow = "jobs:\n  a:\n    steps:\n    - run: npm run e2e\n    - run: npm run build\n";
    let (plan, text) = planned(&[
        ("package.json", browser),
        ("package-lock.json", "{}"),
        ("e2e/package.json", r#"{"scripts": {"test": "node test.js"}}"#),
        ("e2e/package-lock.json", "{}"),
        ("tools/lint/go.mod", "module tools\n\nrequire a v1.0.0\n"),
        ("tools/lint/go.sum", "x\n"),
        ("tools/lint/main.go", "//go:build tools\n\npackage tools\n"),
        (".github/workflows/ci.yml", workflow),
    ]);
    let lines: Vec<&str> = plan.sets.values().flatten().map(|spec| spec.line.as_str()).collect();
    let expected =
        ["npm ci", "npm run build", "gitleaks detect --no-git --source . --verbose --redact", "npm audit --omit=dev"];
    assert!(lines.len() == expected.len() && expected.iter().all(|line| lines.contains(line)), "{lines:?}");
    for told in [
        "TODO: e2e/package-lock.json: of an example",
        "TODO: package.json:1: `playwright test` drives a browser",
        "TODO: tools/lint/go.mod:1: every file wants the tag `tools`",
    ] {
        assert!(text.contains(told), "`{told}` in\n{text}");
    }
}

#[test]
fn a_script_gets_the_memory_for_the_heap_that_it_wants() {
    let package = r#"{"scripts": {"build": "NODE_OPTIONS=--max-old-space-size=6144 vite build", "test": "node --max_old_space_size=500 test.js",
        "lint": "eslint --max-old-space-size=x ."}}"#;
    let workflow = "jobs:\n  a:\n    steps:\n    - run: npm run build\n    - run: npm run lint\n";
    let (plan, text) =
        planned(&[("package.json", package), ("package-lock.json", "{}"), (".github/workflows/ci.yml", workflow)]);
    let memory = |id: &str| plan.command(&id.parse().expect("a name")).expect("it is planned").memory;
    assert_eq!(memory("npm-build"), Some(7 << 30), "{text}");
    assert_eq!(memory("npm-test"), Some(2 << 30), "{text}");
    assert_eq!(memory("npm-lint"), None, "{text}");
}

#[test]
fn the_clock_of_a_build_stands_where_it_is_only_printed() {
    let clock = |script: &str| {
        let package = format!(r#"{{"scripts": {{"build": "{script}"}}}}"#);
        let workflow = "jobs:\n  a:\n    steps:\n    - run: npm run build\n";
        let (plan, text) =
            planned(&[("package.json", &package), ("package-lock.json", "{}"), (".github/workflows/ci.yml", workflow)]);
        (plan.command(&"npm-build".parse().expect("a name")).expect("it is planned").world.clock, text)
    };
    for (script, stands) in [
        ("webpack -c ./webpack.config.ts --env production", true),
        ("cross-env NODE_ENV=production webpack --mode=production", true),
        ("webpack --watch", false),
        ("webpack && node after.js", false),
        ("vite build", false),
    ] {
        let (clock, text) = clock(script);
        assert_eq!(clock == Some(ClockMode::Stands), stands, "{script}: {text}");
    }
}

#[test]
fn what_publishes_a_site_is_no_part_of_a_release() {
    let package = r#"{"scripts": {"docs:build": "vitepress build docs", "lint": "oxlint ."}}"#;
    let workflow = "jobs:\n  site:\n    steps:\n    - run: npm run docs:build\n    - uses: actions/upload-pages-artifact@v5\n\
                    \x20 check:\n    steps:\n    - uses: actions/checkout@v5\n    - run: npm run lint\n";
    let (plan, text) =
        planned(&[("package.json", package), ("package-lock.json", "{}"), (".github/workflows/pages.yml", workflow)]);
    let lines: Vec<&str> = plan.sets.values().flatten().map(|spec| spec.line.as_str()).collect();
    assert!(lines.contains(&"npm run lint") && !lines.contains(&"npm run docs:build"), "{text}");
}

#[test]
fn packages_that_run_scripts_at_their_installation_are_named() {
    let told = |packages: &[(&str, &str)]| {
        let packages: Vec<String> = packages
            .iter()
            .map(|(name, more)| format!(r#""node_modules/{name}": {{"hasInstallScript": true{more}}}"#))
            .collect();
        let lock = format!(
            r#"{{"packages": {{"": {{"hasInstallScript": true}}, {}, "node_modules/plain": {{}}}}}}"#,
            packages.join(", ")
        );
        let (_, text) = planned(&[("web/package.json", "{}"), ("web/package-lock.json", &lock)]);
        assert!(!text.contains("TODO") && !text.contains("`plain`"), "{text}");
        text.replace("\n# ", " ")
    };
    let says = "web/package-lock.json: scripts run at the installation of ";
    let remedy = "; if one fails because it downloads something: `npm ci --ignore-scripts`";
    let one =
        told(&[("@scope/a", ""), ("mac", r#", "os": ["darwin"]"#), ("x/node_modules/b", r#", "os": ["!win32"]"#)]);
    assert!(one.contains(&format!("{says}`@scope/a`, `b`{remedy}")), "{one}");
    let many = told(&[("e", ""), ("d", ""), ("c", ""), ("b", ""), ("a", "")]);
    assert!(many.contains(&format!("{says}`a`, `b`, `c` and 2 more{remedy}")), "{many}");
    let none = told(&[("mac", r#", "os": ["darwin"]"#)]);
    assert!(!none.contains("--ignore-scripts"), "{none}");
}
