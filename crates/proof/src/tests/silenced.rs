//! What a pass rests on, and what lets failures through.

use super::{Case, said};
use rcrepro_model::plan::proof::{ProofRule, Tool};

const LOG: &str = "12:30AM INF scanned ~1400 bytes (1.40 KB) in 1.26ms\n12:30AM INF no leaks found\n";

fn scan<'a>(line: &'a str, files: &'a [(&'a str, &'a str)]) -> Vec<String> {
    let log = LOG.repeat(line.matches("gitleaks d").count().max(1));
    let case = Case { stderr: &log, files, ..said(line, "") };
    case.is("proven | ");
    case.conditions()
}

#[test]
fn whatever_silences_gitleaks_is_named() {
    let line = "gitleaks detect --no-git --source .";
    assert_eq!(scan(line, &[("/work/a.txt", "nothing")]), [""; 0]);
    let allowed = [("/work/a/b.txt", "x\ntoken = 1 # gitleaks:allow\n")];
    assert_eq!(scan(line, &allowed), ["conditions/gitleaks-allow-comment:a/b.txt"]);
    for line in [
        "gitleaks dir a",
        "gitleaks dir a/b.txt",
        "cd a && gitleaks dir",
        "gitleaks dir /work/a/",
        "env -C a gitleaks dir .",
        "(cd a; gitleaks dir .)",
        "gitleaks detect --no-git -vs a",
        "gitleaks git x",
        "gitleaks stdin < a/b.txt",
    ] {
        assert_eq!(scan(line, &allowed), ["conditions/gitleaks-allow-comment:a/b.txt"], "{line}");
    }
    let two = [("/work/a/b.txt", "# gitleaks:allow\n"), ("/work/c/b.txt", "# gitleaks:allow\n")];
    assert_eq!(
        scan("gitleaks dir a && gitleaks dir c", &two),
        ["conditions/gitleaks-allow-comment:a/b.txt", "conditions/gitleaks-allow-comment:c/b.txt"],
        "one waiver for each"
    );
    for line in [
        "D=a; gitleaks dir $D",
        "gitleaks dir $(echo a)",
        "gitleaks dir ?",
        "cd $D && gitleaks dir .",
        "gitleaks detect --no-git -s ~/a",
    ] {
        assert_eq!(
            scan(line, &allowed),
            ["conditions/gitleaks-allow-comment:a/b.txt", "conditions/gitleaks-folder"],
            "{line}"
        );
    }
    let config = [("/work/a/.gitleaks.toml", "[extend]\nuseDefault = true\ndisabledRules = [\"aws\"]\n")];
    assert_eq!(
        scan("gitleaks dir $D", &config),
        ["conditions/gitleaks-config:a/.gitleaks.toml:aws", "conditions/gitleaks-folder"]
    );
    assert_eq!(scan("gitleaks dir --redact=50 -c /x c", &allowed), ["conditions/gitleaks-unseen:/x"]);
    assert_eq!(scan("gitleaks dir . --ignore-gitleaks-allow", &allowed), [""; 0]);
    let ignored =
        [("/work/.gitleaksignore", "# known\n\nkey.txt:private-key:1\ngone.txt:aws:2\n"), ("/work/key.txt", "x")];
    assert_eq!(
        scan(line, &ignored),
        ["idle conditions/gitleaks-ignored:gone.txt:aws:2", "conditions/gitleaks-ignored:key.txt:private-key:1"]
    );
    let config = "[extend]\nuseDefault = true\ndisabledRules = [\"aws\"]\n[[rules]]\nid = \"own\"\n[rules.allowlist]\npaths = ['x']\n";
    assert_eq!(
        scan(line, &[("/work/.gitleaks.toml", config)]),
        ["conditions/gitleaks-config:.gitleaks.toml:allowlist:own", "conditions/gitleaks-config:.gitleaks.toml:aws"]
    );
    assert_eq!(
        scan("gitleaks dir . -c g.toml", &[("/work/g.toml", "[[allowlists]]\npaths = ['x']\n")]),
        ["conditions/gitleaks-config:g.toml:allowlist", "conditions/gitleaks-config:g.toml:rules"]
    );
    assert_eq!(scan("gitleaks dir . -b old.json", &[]), ["conditions/gitleaks-baseline:old.json"]);
    assert_eq!(scan("cd $X && gitleaks dir .", &[]), ["conditions/gitleaks-folder"]);
    let large = recorded!("proof/gitleaks-too-large.txt");
    assert_eq!(Case { stderr: large, ..said(line, "") }.conditions(), ["conditions/gitleaks-too-large:big.txt"]);
}

/// Beside each line the entry that gitleaks 8.30 heeded in a run of it, and others that it did not heed.
#[test]
fn an_entry_is_compared_with_what_gitleaks_itself_names() {
    let entries = ["x.txt", "src/x.txt", "./src/x.txt", "deep/src/x.txt", "../src/x.txt", "/work/src/x.txt", ""];
    let text: String = entries.iter().map(|file| format!("{file}:pat:1\n")).collect();
    let files = [
        (".gitleaksignore", &*text),
        ("deep/.gitleaksignore", &*text),
        ("deep/ign", &*text),
        ("ign", &*text),
        ("src/x.txt", "x"),
        ("deep/src/x.txt", "x"),
    ]
    .map(|(name, text)| (format!("/work/{name}"), text));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    for (line, live) in [
        ("gitleaks dir src", &["src/x.txt"][..]),
        ("gitleaks dir ./src/", &["src/x.txt"]),
        ("gitleaks dir src/x.txt", &["src/x.txt"]),
        ("gitleaks detect --no-git -s src", &["src/x.txt"]),
        ("gitleaks dir src -i ign", &["src/x.txt"]),
        ("gitleaks dir src -viign", &["src/x.txt"]),
        ("gitleaks dir src -i deep", &["src/x.txt"]),
        ("gitleaks dir /work/src", &["/work/src/x.txt"]),
        ("gitleaks dir", &["deep/src/x.txt", "src/x.txt"]),
        ("gitleaks dir src deep", &["deep/src/x.txt", "src/x.txt"]),
        ("cd deep && gitleaks dir src", &["deep/src/x.txt"]),
        ("env -C deep gitleaks dir src", &["deep/src/x.txt"]),
        ("cd deep && gitleaks dir ../src", &["src/x.txt"]),
        ("cd src && gitleaks dir . -i ../ign", &["src/x.txt"]),
        ("gitleaks stdin < src/x.txt", &[""]),
    ] {
        let ids: Vec<String> = live.iter().map(|file| format!("conditions/gitleaks-ignored:{file}:pat:1")).collect();
        let found: Vec<String> = scan(line, &files).into_iter().filter(|id| !id.starts_with("idle")).collect();
        assert_eq!(found, ids, "{line}");
    }
    for line in [
        "make scan",
        "gitleaks dir src --follow-symlinks",
        "gitleaks git .",
        "D=src; gitleaks dir $D",
        "gitleaks dir . -i $F",
    ] {
        let case = Case { stderr: LOG, files: &files, rule: ProofRule::Tool(Tool::Gitleaks), ..said(line, "") };
        let found = case.conditions().into_iter().filter(|id| id.starts_with("conditions/gitleaks-ignored")).count();
        assert!(found >= 2, "{line}: {found}");
    }
}

#[test]
fn an_entry_that_silences_nothing_says_why_and_where_it_is() {
    let says = |line: &str, entry: &str| {
        let files = [("/work/known/ign", entry), ("/work/src/x.txt", "x"), ("/work/a.zip", "x")];
        let case = Case { stderr: LOG, files: &files, ..said(line, "") };
        case.assess().conditions().iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };
    let line = "gitleaks dir src -i known/ign";
    let id = |entry: &str| format!("(conditions/gitleaks-ignored:{entry})");
    assert_eq!(
        says(line, "x.txt:pat:1"),
        format!(
            "note: `known/ign` has `x.txt:pat:1`, which silences nothing of this scan: gitleaks names what is in it `src/…` {}",
            id("x.txt:pat:1")
        )
    );
    assert_eq!(
        says(line, "src/gone.txt:pat:1"),
        format!(
            "note: `known/ign` silences `src/gone.txt:pat:1`: orphaned, for `src/gone.txt` is gone {}",
            id("src/gone.txt:pat:1")
        )
    );
    for none in ["src/x.txt", "src/x.txt:pat", "src/x.txt:pat:1 # known", "src/x.txt:pat:x"] {
        assert!(
            says(line, none).starts_with(&format!("note: `known/ign` has `{none}`, which is not a fingerprint")),
            "{none}"
        );
    }
    for live in ["src/x.txt:pat:1", "src\\x.txt:pat:1", "src/x.txt:my:rule:1"] {
        assert_eq!(says(line, live), format!("condition: `known/ign` silences `{live}` {}", id(live)));
    }
    for (line, live) in [
        ("gitleaks dir . -i known/ign --max-archive-depth 1", "a.zip!in/x.txt:pat:1"),
        ("npm run build && gitleaks dir . -i known/ign", "dist/a.js:pat:1"),
    ] {
        assert_eq!(says(line, live), format!("condition: `known/ign` silences `{live}` {}", id(live)), "{line}");
    }
}

#[test]
fn modules_without_a_version_are_named_where_the_database_knows_them() {
    let modules =
        "[{\"path\": \"example.org/lib\", \"vulns\": [{\"id\": \"GO-1\"}]}, {\"path\": \"m\", \"vulns\": []}]";
    let date = "{\"modified\": \"2026-08-01T00:00:00Z\"}";
    let scan = |main: &str, work: &[(&str, &str)]| {
        let mut files = vec![
            ("/deps/vulndb/index/modules.json", modules),
            ("/deps/vulndb/index/db.json", date),
            ("/work/app/go.mod", main),
        ];
        files.extend(work);
        let line = "cd app && govulncheck -db file:///deps/vulndb ./...";
        let case = Case { files: &files, ..said(line, "No vulnerabilities found.\n") };
        case.is("proven | 1 database entry");
        case.conditions()
    };
    assert_eq!(scan("module m\nrequire example.org/lib v1.0.0\n", &[]), [""; 0]);
    let replaced = ["conditions/govulncheck-no-version:example.org/lib"];
    assert_eq!(scan("module m\nreplace example.org/lib => ../lib\n", &[]), replaced);
    assert_eq!(scan("module m\nreplace example.org/other => ../lib\n", &[]), [""; 0], "nothing is known of it");
    assert_eq!(
        scan("module m\nreplace example.org/lib => example.org/fork v1.0.0\n", &[]),
        ["conditions/govulncheck-replaced:example.org/lib:example.org/fork"]
    );
    assert_eq!(scan("module m\nreplace example.org/lib => example.org/lib v1.0.0\n", &[]), [""; 0], "it is looked up");
    assert_eq!(
        scan("module m\nreplace example.org/other => example.org/lib v1.0.0\n", &[]),
        [""; 0],
        "it is looked up"
    );
    assert_eq!(scan("module example.org/lib\n", &[]), replaced);
    let work = [("/work/go.work", "use ./app\nuse ./lib\n"), ("/work/lib/go.mod", "module example.org/lib\n")];
    assert_eq!(scan("module m\n", &work), replaced);
    said("govulncheck -mode query m@v1", "vulnerabilities").is("hollow | hollow pass: `-mode query` scans nothing");
}

#[test]
fn modules_are_looked_for_where_the_line_runs_or_everywhere() {
    let lib = "[{\"path\": \"example.org/lib\", \"vulns\": [{\"id\": \"GO-1\"}]}]";
    let files = [
        ("/deps/vulndb/index/modules.json", lib),
        ("/deps/vulndb/index/db.json", "{\"modified\": \"2026-08-01T00:00:00Z\"}"),
        ("/work/go.mod", "module m\nrequire example.org/lib v1.0.0\n"),
        ("/work/alt.mod", "module m\nreplace example.org/lib => ./lib\n"),
        ("/work/repl/go.mod", "module r\nreplace example.org/lib => ../lib\n"),
        ("/work/fork/go.mod", "module f\nreplace example.org/lib => example.org/fork v1.0.0\n"),
        ("/work/ws/go.work", "use ./lib\n"),
        ("/work/ws/lib/go.mod", "module w\nreplace example.org/lib => ./here\n"),
    ];
    let scan = |line: &str, rule: ProofRule| {
        let environment = [("GOVULNDB", "file:///deps/vulndb")];
        let case = Case { files: &files, environment: &environment, rule, ..said(line, "No vulnerabilities found.\n") };
        case.is("proven | 1 database entry");
        case.conditions().join(" ").replace("conditions/govulncheck-", "")
    };
    let (detect, forced) = (ProofRule::Detect, ProofRule::Tool(Tool::Govulncheck));
    let replaced = "no-version:example.org/lib";
    assert_eq!(scan("govulncheck ./...", detect), "");
    for line in [
        "cd repl && govulncheck ./...",
        "(cd repl; govulncheck ./...)",
        "govulncheck -C repl ./...",
        "govulncheck -C=repl ./...",
        "pushd repl && govulncheck ./...",
        "env -C repl govulncheck ./...",
        "bash -c 'cd repl && govulncheck ./...'",
        "cd fork && cd - && cd repl && govulncheck ./...",
        "GOWORK=/work/ws/go.work govulncheck w/...",
        "GOFLAGS='-mod=mod -modfile=alt.mod' govulncheck ./...",
        "cd repl && GOWORK=off govulncheck ./...",
    ] {
        assert_eq!(scan(line, detect), replaced, "{line}");
    }
    assert_eq!(scan("cd fork && govulncheck ./...", detect), "replaced:example.org/lib:example.org/fork");
    let all = "no-version:example.org/lib replaced:example.org/lib:example.org/fork";
    for line in [
        "cd rep? && govulncheck ./...",
        "D=repl; cd $D && govulncheck ./...",
        "govulncheck -C $D ./...",
        "GOWORK=$PWD/go.work govulncheck ./...",
    ] {
        assert_eq!(scan(line, detect), format!("modules {all}"), "{line}");
    }
    assert_eq!(scan("make vuln", forced), all, "a script runs it wherever it likes");
}

#[test]
fn flags_that_let_failures_through_are_named_or_decide_nothing() {
    let json = recorded!("normalize/vitest-json/pass.1.txt");
    let config = [(
        "/work/web/vitest.config.ts",
        "test: {\n  reporters: ['json'],\n  dangerouslyIgnoreUnhandledErrors: true,\n}",
    )];
    let ignores = "--dangerouslyIgnoreUnhandledErrors";
    for line in [
        format!("vitest run {ignores} --reporter=json"),
        format!("vitest run --reporter json {ignores}=true"),
        "vitest run --dangerously-ignore-unhandled-errors --reporter=json".to_owned(),
    ] {
        said(&line, json)
            .is("hollow | hollow pass: `--dangerouslyIgnoreUnhandledErrors` lets errors outside of tests pass");
    }
    said(&format!("vitest run {ignores} --reporter=junit"), recorded!("normalize/junit/vitest-pass.1.txt"))
        .is("hollow");
    said(&format!("vitest run {ignores}=false --reporter=json"), json).is("proven");
    said(&format!("vitest run {ignores}"), recorded!("normalize/vitest/pass.1.txt")).is("proven");
    Case { files: &config, ..said("cd web && vitest run", json) }
        .is("hollow | hollow pass: `dangerouslyIgnoreUnhandledErrors` in `vitest.config.ts`");
    let said_by = |line| said(line, recorded!("normalize/vitest/pass.1.txt")).conditions();
    assert_eq!(said_by("vitest run -t Some a.test.ts --bail=1"), [""; 0], "what is named is what runs");
    assert_eq!(said_by("vitest run -u"), ["conditions/vitest-update"]);
    assert_eq!(said_by("vitest run --shard=1/3 --retry 2"), ["conditions/vitest-partial", "conditions/vitest-retry"]);
    let some = " Test Files  1 passed (1)\n      Tests  1 passed | 2 skipped (3)\n";
    assert_eq!(said("vitest run --allowOnly", some).conditions(), ["conditions/vitest-only"]);

    let lock = [
        ("/work/package-lock.json", "{\"packages\": {\"node_modules/a\": {}}}"),
        ("/work/.npmrc", "audit-level = high\n"),
    ];
    let audit = |line, files, stdout| {
        let case = Case { files, ..said(line, stdout) };
        case.is("proven | 1 package asked about");
        case.conditions()
    };
    let found = "1 moderate severity vulnerability\n";
    assert_eq!(audit("npm audit --audit-level=critical", &lock[..1], found), ["conditions/npm-audit-level:critical"]);
    assert_eq!(audit("npm audit", &lock, found), ["conditions/npm-audit-level:high"]);
    assert_eq!(audit("npm audit", &lock, "found 0 vulnerabilities\n"), [""; 0]);

    let node = recorded!("normalize/node-spec/pass.1.txt");
    assert_eq!(said("node --test", node).conditions(), ["conditions/node-test-todo"]);
    let partial = ["conditions/node-test-partial", "conditions/node-test-todo"];
    assert_eq!(said("node --test --test-only", node).conditions(), partial);
    assert_eq!(said("NODE_OPTIONS=--test-only node --test", node).conditions(), partial);
}

#[test]
fn a_script_that_is_not_there_did_nothing() {
    let files = [("/work/web/package.json", "{\"scripts\": {\"lint\": \"eslint .\"}}")];
    for (line, expected) in [
        ("cd web && npm run lint --if-present", "unproven"),
        ("cd web && npm run --if-present types", "hollow | hollow pass: `package.json` has no script `types`"),
        ("CI=1 npm --prefix web test --if-present", "hollow"),
        ("cd web && npm run types --if-present --workspaces", "unproven"),
        ("npm run types --if-present", "unproven"),
    ] {
        Case { files: &files, ..said(line, "") }.is(expected);
    }
}

#[test]
fn a_lock_for_other_systems_only_is_named() {
    let part = |name: &str, more: &str| format!("\"node_modules/{name}\": {{\"optional\": true{more}}}");
    let darwin = part("@esbuild/darwin-arm64", ", \"os\": [\"darwin\"], \"cpu\": [\"arm64\"]");
    let linux = part("@esbuild/linux-x64", ", \"os\": [\"linux\"], \"cpu\": [\"x64\"]");
    let events = part("fsevents", ", \"os\": [\"darwin\"]");
    let named = |parts: &[&String]| {
        let own = "\"node_modules/esbuild\": {\"optionalDependencies\": {\"@esbuild/darwin-arm64\": \"1\", \"@esbuild/linux-x64\": \"1\", \
                   \"fsevents\": \"1\"}}";
        let parts: String = parts.iter().map(|part| format!(", {part}")).collect();
        let lock = format!("{{\"packages\": {{{own}{parts}}}}}");
        let files = [("/work/package-lock.json", lock.as_str())];
        Case { files: &files, ..said("npm ci", "added 2 packages in 1s\n") }.conditions()
    };
    assert_eq!(named(&[&darwin]), ["conditions/npm-optional:esbuild"]);
    assert_eq!(named(&[&darwin, &linux]), [""; 0]);
    assert_eq!(named(&[&events]), [""; 0], "it is needed nowhere else");
    assert_eq!(named(&[]), [""; 0]);
}

/// A file that the runner never saw, such as one of another runner, says nothing about the tests that were skipped.
#[test]
fn only_files_that_ran_are_named_for_their_focus() {
    let only = "test.only('a', () => {});\n";
    let files = ["/work/src/a.test.js", "/work/e2e/b.spec.js", "/work/src/c (1).test.js"].map(|path| (path, only));
    let named = |line: &str, stdout: &str, stderr: &str| {
        Case { files: &files, stderr, ..said(line, stdout) }.conditions().join(" ").replace("conditions/", "")
    };
    let sums = "Test Suites: 2 passed, 2 total\nTests:       1 skipped, 2 passed, 3 total\n";
    let partly = "Test Suites: 1 skipped, 1 passed, 1 of 2 total\nTests:       1 skipped, 2 passed, 3 total\n";
    let (a, b, c) = ("jest-only:src/a.test.js", "jest-only:e2e/b.spec.js", "jest-only:src/c (1).test.js");
    let all = [b, a, c].join(" ");
    for (stderr, expected) in [
        (format!("PASS src/a.test.js (5.1 s)\nPASS src/d.test.js\n{sums}"), a.to_owned()),
        (
            format!(" PASS  web src/a.test.js (5 s, 50 MB heap size)\nPASS ../src/c (1).test.js\n{sums}"),
            format!("{a} {c}"),
        ),
        (format!("PASS src/d.test.js\n{partly}"), String::new()),
        (format!("PASS src/d.test.js\n{sums}"), all.clone()),
        (sums.to_owned(), all.clone()),
    ] {
        assert_eq!(named("jest", "", &stderr), expected, "{stderr}");
    }
    let json = |names: &str| {
        format!(
            "{{\"numPassedTests\": 2, \"numFailedTests\": 0, \"numFailedTestSuites\": 0, \"numPendingTests\": 1{names}}}"
        )
    };
    let results = ", \"testResults\": [{\"name\": \"/work/src/a.test.js\"}, {\"name\": \"/work/src/d.test.js\"}]";
    assert_eq!(named("jest --json", &json(results), ""), a);
    assert_eq!(named("jest --json", &json(""), ""), all);

    let all = all.replace("jest-", "vitest-");
    let sums = " Test Files  2 passed (2)\n      Tests  2 passed | 1 skipped (3)\n";
    for (stdout, expected) in [
        (
            format!(
                " ✓ src/a.test.js (2 tests | 1 skipped) 9ms\n   ✓ e2e/b.spec.js  400ms\n ✓ src/d.test.js (1 test) 2ms\n{sums}"
            ),
            "vitest-only:src/a.test.js".to_owned(),
        ),
        (
            format!(" ✓ |web| src/c (1).test.js > is > so 9ms\n ✓ src/d.test.js > is 2ms\n{sums}"),
            "vitest-only:src/c (1).test.js".to_owned(),
        ),
        (format!(" ✓ src/d.test.js (1 test) 2ms\n{sums}"), all.clone()),
        (sums.to_owned(), all.clone()),
    ] {
        assert_eq!(named("vitest run", &stdout, ""), expected, "{stdout}");
    }
    assert_eq!(named("vitest run --reporter=json", &json(results), ""), "vitest-only:src/a.test.js");
    assert_eq!(named("vitest run --reporter=json", &json(""), ""), all);
}

/// A run of node's tests in which `one` passed and was reported.
fn node_run(files: &[(&str, &str)], line: &str) -> String {
    let spec = "\u{2714} one (1.2ms)\n\u{2139} tests 1\n\u{2139} pass 1\n\u{2139} fail 0\n\u{2139} skipped 0\n";
    Case { files, ..said(line, spec) }.proof()
}

#[test]
fn a_test_file_of_node_that_ends_its_own_process_did_not_run_what_it_does_not_report() {
    let run = |script: &str| node_run(&[("/work/a.test.js", script)], "node --test");
    let lost =
        "hollow pass: `a.test.js` calls `process.exit` in line 2, which ends the process with 0, and its test `t";
    for ends in [
        "setTimeout(() => process.exit(0), 0);",
        "process.exit();",
        "process['exit'](0);",
        "setTimeout(process.exit, 0);",
        "test('three', () => { process.exit(code) });",
    ] {
        let found = run(&format!("test('one', () => {{}});\n{ends}\ntest('two', () => {{}});"));
        assert!(found.contains(lost) && found.contains("is not reported"), "{ends}: {found}");
    }
    let by_name = "import { exit } from 'node:process'; test('one', f);\nexit(0);\ntest('two', f)";
    assert!(run(by_name).contains("calls `exit` in line 2"), "{}", run(by_name));
    let made = "test('one', f);\nafter(() => process.exit());\nfor (const n of names) test(`is ${n}`, f)";
    assert!(run(made).contains("names tests by what is put together"), "{}", run(made));
    for honest in [
        "test('one', f);\nafter(() => process.exit());",
        "test('one', f);\nif (bad) process.exit(1);\ntest('two', f)",
        "test('one', f);\n// process.exit(0)\nspawn('node', ['-e', 'process.exit(0)']);\ntest('two', f)",
        "test('one', f);\nspawn('node', ['-e', `process.exit(${code})`]);\ntest('two', f)",
        "test('one', f);\nprocess.exit = () => {};\nprocess.exit(0);\ntest(`is ${n}`, f)",
        "test('one', f);\nmock.method(process, 'exit', f);\nprocess.exit(0);\ntest(`is ${n}`, f)",
        "test('one', f);\nother.process(0).exit(0);\ntest('two', f)",
    ] {
        assert!(run(honest).contains("proven"), "{honest}: {}", run(honest));
    }
}

#[test]
fn only_files_that_node_ran_can_have_ended_early() {
    let ends = "test('one', f);\nprocess.exit(0);\ntest('two', f)";
    let run = |path: &str, line: &str| node_run(&[(path, ends), ("/work/web/x.js", "")], line);
    for (path, line) in [
        ("/work/test/deep/a.js", "node --test"),
        ("/work/web/a_test.mjs", "cd web && node --test"),
        ("/work/checks/a.js", "node --test ./checks/"),
        ("/work/checks/a.js", "node --test 'checks/*.js'"),
        ("/work/checks/a.js", "node --test --test-reporter spec checks/a.js"),
    ] {
        assert!(run(path, line).contains("hollow"), "{path}, {line}: {}", run(path, line));
    }
    for (path, line) in [
        ("/work/lib/a.js", "node --test"),
        ("/work/node_modules/x/a.test.js", "node --test"),
        ("/work/a.test.js", "cd web && node --test"),
        ("/work/a.test.js", "node --test checks/"),
        ("/work/b.test.js", "node --test --test-reporter spec a.test.js"),
    ] {
        assert!(run(path, line).contains("proven"), "{path}, {line}: {}", run(path, line));
    }
}
