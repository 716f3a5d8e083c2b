//! One reader after the other, with the forms that projects use.

mod hidden;

use std::collections::BTreeMap;

use crate::kinds;
use crate::tree::{self, FileReading};
use rcrepro_model::evidence::suppression::{Silenced, Suppression};

/// Reads files as one tree.
fn read(files: &[(&str, &str)]) -> Vec<Suppression> {
    let read: BTreeMap<String, FileReading> =
        files.iter().map(|(path, text)| ((*path).to_owned(), tree::read(path, text.as_bytes()))).collect();
    let found = tree::suppressions(&read, &read.keys().cloned().collect());
    for entry in &found {
        assert!(kinds::by_id(&entry.kind).is_some(), "{entry:?}");
    }
    found
}

/// Reads one file, and writes each entry as `LINE KIND SILENCES | REASON`.
fn lines(path: &str, text: &str) -> Vec<String> {
    let line = |entry: Suppression| {
        let reason = entry.reason.map_or_else(String::new, |reason| format!(" | {reason}"));
        format!("{} {} {}{reason}", entry.line, entry.kind, entry.silences)
    };
    read(&[(path, text)]).into_iter().map(line).collect()
}

#[test]
fn comments_of_go() {
    let text = "package a\n\nvar a = f() //nolint:errcheck,gosec // it never fails\n//nolint\nfunc b() {}\n\
                x := y // #nosec G404 -- not for keys\n//lint:ignore SA1019 old API is needed\n//lint:file-ignore ST1000 generated\n\
                var s = \"nolint\" // see nolint.md\n";
    assert_eq!(
        lines("a.go", text),
        [
            "3 nolint errcheck,gosec | it never fails",
            "4 nolint all",
            "6 nosec G404 | not for keys",
            "7 lint-ignore SA1019 | old API is needed",
            "8 lint-ignore ST1000, in the whole file | generated",
        ]
    );
    assert_eq!(lines("vendor/x/a.go", text), [""; 0], "not the project's own");
}

#[test]
fn tests_of_go_that_do_not_run() {
    let text = "//go:build integration && !windows\n\npackage a\n\nfunc TestOne(t *testing.T) {\n\tt.Skip(\"flaky: #12\")\n}\n\
                func (s *Suite) TestTwo() {\n\tif testing.Short() {\n\t\ts.T().SkipNow()\n\t}\n\tq.Skip(3)\n\t// t.Skip(\"no\")\n}\n";
    assert_eq!(
        lines("a_test.go", text),
        ["1 go-test-tags integration && !windows", "6 go-test-skips TestOne | flaky: #12", "10 go-test-skips TestTwo"]
    );
    assert_eq!(lines("a_test.go", "//go:build linux && amd64\npackage a\n"), [""; 0]);
    assert_eq!(lines("a.go", "//go:build integration\npackage a\n"), [""; 0], "no test");
}

#[test]
fn comments_of_javascript() {
    let text = "/* eslint-disable no-console, no-alert -- a tool for the terminal */\n\
                // eslint-disable-next-line @typescript-eslint/no-explicit-any\nf(x); // eslint-disable-line\n\
                // @ts-ignore wrong types upstream\n// @ts-expect-error\n{/* eslint-disable-next-line react/no-danger */}\n\
                // biome-ignore lint/style/useConst: it is changed\n/* istanbul ignore next */\nconst s = 'eslint-disable';\n\
                // nosemgrep: javascript.lang.security\n/* eslint-enable */\n";
    assert_eq!(
        lines("src/a.tsx", text),
        [
            "1 eslint-disable no-console, no-alert | a tool for the terminal",
            "2 eslint-disable @typescript-eslint/no-explicit-any (next-line)",
            "3 eslint-disable all (line)",
            "4 ts-comment @ts-ignore | wrong types upstream",
            "5 ts-comment @ts-expect-error",
            "6 eslint-disable react/no-danger (next-line)",
            "7 biome-ignore lint/style/useConst | it is changed",
            "8 coverage-ignore next",
            "10 nosemgrep javascript.lang.security",
        ]
    );
    assert_eq!(lines("a.mjs", "const written = `// biome-ignore lint: no`;\n"), [""; 0]);
    assert_eq!(lines("a.ts", "// @ts-nocheck\n"), ["1 ts-comment @ts-nocheck"]);
    let expected = read(&[("a.ts", "// @ts-expect-error\n")]);
    assert_eq!(expected[0].silenced, Silenced::Something, "tsc fails on one that is not needed");
}

#[test]
fn tests_of_javascript_that_do_not_run() {
    let text = "it.skip('adds', () => {});\ndescribe.skip(`all`, f);\nxit(\"old\", f);\ntest.todo('later');\n\
                test.describe.only('one', f);\nit.skipIf(process.env.CI)('two', f);\nquery.skip(3);\n// it.skip('no')\n\
                it.skip.each([1])('x %i', f);\nexpect(list.only).toBe(1);\nfoo.xit(1);\n";
    assert_eq!(
        lines("src/a.test.ts", text),
        [
            "1 js-test-skip it.skip adds",
            "2 js-test-skip describe.skip all",
            "3 js-test-skip xit old",
            "4 js-test-todo test.todo later",
            "5 js-test-only test.describe.only one",
            "6 js-test-skip it.skipIf two",
            "9 js-test-skip it.skip x %i",
        ]
    );
}

#[test]
fn comments_of_other_languages() {
    let python = "import a  # noqa: F401\nx = 1  # type: ignore[attr-defined]\n@pytest.mark.skip(reason=\"slow\")\ndef test(): ...\ny = 2 # nosec B101\n";
    assert_eq!(
        lines("a.py", python),
        [
            "1 python-noqa F401",
            "2 python-type-ignore attr-defined",
            "3 pytest-skip pytest.mark.skip | slow",
            "5 nosec B101",
        ]
    );
    assert_eq!(
        lines("a.sh", "# shellcheck disable=SC2086 # words are wanted\n"),
        ["1 shellcheck-disable SC2086 | words are wanted"]
    );
    assert_eq!(lines("Dockerfile", "# hadolint ignore=DL3008\nRUN x\n"), ["1 hadolint-ignore DL3008"]);
    assert_eq!(lines("a.rs", "#[ignore = \"slow\"]\nfn t() {}\n"), ["1 rust-ignore the next test | slow"]);
    assert_eq!(
        lines("a.css", "/* stylelint-disable-next-line color-no-hex */\n"),
        ["1 stylelint-disable color-no-hex (next-line)"]
    );
    assert_eq!(lines("a.tf", "# trivy:ignore:AVD-AWS-0104\n"), ["1 trivy-ignored AVD-AWS-0104"]);
}

#[test]
fn gitleaks_heeds_its_word_anywhere() {
    assert_eq!(
        lines("docs/a.md", "a\ntoken: x # gitleaks:allow an example\n"),
        ["2 gitleaks-allow-comment the secrets on its line | an example"]
    );
    assert_eq!(lines("vendor/a.go", "// gitleaks:allow\n").len(), 1);
    assert_eq!(lines("a.bin", "\0 gitleaks:allow # nosemgrep\n").len(), 1, "it reads data that has no magic number");
}

#[test]
fn fingerprints_of_what_is_gone_silence_nothing() {
    let ignore = "# An example, never a key.\ndocs/a.md:generic-api-key:1\ndocs/a.md:generic-api-key:9\n\ngone.txt:private-key:1\n\
                  0123456789012345678901234567890123456789:gone.txt:private-key:1\n";
    let found = read(&[(".gitleaksignore", ignore), ("docs/a.md", "one\ntwo\n")]);
    let states: Vec<(u32, Silenced)> = found.iter().map(|entry| (entry.line, entry.silenced)).collect();
    let expected = [(2, Silenced::Undecided), (3, Silenced::Nothing), (5, Silenced::Nothing), (6, Silenced::Undecided)];
    assert_eq!(states, expected, "a line beyond the end, and a file that is gone; history is not looked into");
    assert_eq!(found[0].reason.as_deref(), Some("An example, never a key."));
}

/// gitleaks names a file from the folder that it runs in, behind the path that the line names, wherever the ignore file is.
#[test]
fn fingerprints_count_from_any_folder() {
    let ignore = "x.txt:pat:1\nsrc/x.txt:pat:2\n../src/x.txt:pat:1\n/work/deep/src/x.txt:pat:1\nsrc\\x.txt:pat:1\n/deps/x.txt:pat:1\n\
                  deep/x.txt:pat:1\nrc/x.txt:pat:1\nsrc/x.txt:pat:3\n/work/src/y.txt:pat:1\n";
    for at in [".gitleaksignore", "deep/.gitleaksignore"] {
        let found = read(&[(at, ignore), ("deep/src/x.txt", "one\ntwo\n")]);
        let gone: Vec<u32> =
            found.iter().filter(|entry| entry.silenced == Silenced::Nothing).map(|entry| entry.line).collect();
        assert_eq!(gone, [7, 8, 9, 10], "{at}");
    }
}

#[test]
fn configuration_of_gitleaks_and_its_baselines() {
    let text = "[extend]\nuseDefault = true\ndisabledRules = [\"jwt\"]\n\n[allowlist]\ndescription = \"examples\"\npaths = ['''docs/.*''']\n\n\
                [[rules]]\nid = \"own\"\n[[rules.allowlists]]\nregexes = ['''AKIA.*''']\n";
    assert_eq!(
        lines(".gitleaks.toml", text),
        [
            "3 gitleaks-config jwt",
            "7 gitleaks-config allowlist docs/.* | examples",
            "12 gitleaks-config allowlist of own: AKIA.*",
        ]
    );
    assert_eq!(
        lines("gitleaks.toml", "title = \"x\"\n"),
        ["0 gitleaks-config rules | it has rules of its own and none of gitleaks'"]
    );
    let report =
        r#"[{"RuleID": "jwt", "File": "gone.txt", "StartLine": 1, "Commit": "", "Fingerprint": "gone.txt:jwt:1"}]"#;
    let found = read(&[("gitleaks-baseline.json", report)]);
    assert_eq!((found[0].silences.as_str(), found[0].silenced), ("gone.txt:jwt:1", Silenced::Nothing));
}

#[test]
fn configuration_of_golangci() {
    let text = "version: \"2\"\nlinters:\n  disable:\n    - funlen # too strict\n  enable:\n    - gosec\n  exclusions:\n    presets:\n      - comments\n    rules:\n\
                      # Tests may be long.\n      - path: _test\\.go\n        linters:\n          - dupl\n          - funlen\n    paths:\n      - third_party$\n";
    assert_eq!(
        lines(".golangci.yml", text),
        [
            "4 golangci-config disable: funlen",
            "9 golangci-config presets: comments",
            "12 golangci-config rules: path: _test\\.go linters: dupl funlen | Tests may be long.",
            "17 golangci-config paths: third_party$",
        ]
    );
}

#[test]
fn configuration_of_vendored_code_is_not_the_projects() {
    assert_eq!(lines("vendor/x/.golangci.yml", "linters:\n  disable:\n    - funlen\n"), [""; 0]);
    assert_eq!(lines("vendor/x/tsconfig.json", "{\"compilerOptions\": {\"skipLibCheck\": true}}"), [""; 0]);
}

#[test]
fn configuration_of_scripts() {
    let text = "{\n  // fast\n  \"compilerOptions\": {\n    \"skipLibCheck\": true\n  },\n  \"exclude\": [\"node_modules\", \"src/legacy\"]\n}\n";
    assert_eq!(lines("web/tsconfig.json", text), ["4 tsc-config skipLibCheck", "6 tsc-config exclude src/legacy"]);
    let text = "export default defineConfig({\n  optimizeDeps: { exclude: ['x'] },\n  test: {\n    exclude: ['node_modules', 'e2e/**', 'src/*.{a,b}.ts'],\n    coverage: {\n      exclude: ['y'],\n    },\n  },\n})\n";
    assert_eq!(lines("vitest.config.ts", text), ["4 js-test-config e2e/**", "4 js-test-config src/*.{a,b}.ts"]);
    assert_eq!(
        lines("package.json", "{\"jest\": {\"testPathIgnorePatterns\": [\"/old/\"]}}"),
        ["1 js-test-config /old/"]
    );
}

#[test]
fn configuration_of_audits() {
    assert_eq!(
        lines(".npmrc", "audit=false\naudit-level = high\n"),
        ["1 npm-audit-off audit=false", "2 npm-audit-level high"]
    );
    assert_eq!(
        lines(
            ".nsprc",
            "{\n \"GHSA-1\": {\"active\": true, \"notes\": \"not reached\"},\n \"GHSA-2\": {\"active\": false}\n}"
        ),
        ["2 audit-ignored GHSA-1 | not reached"]
    );
    assert_eq!(lines("audit-ci.jsonc", "{\n // x\n \"high\": true, \"allowlist\": [\"GHSA-3\"]}").len(), 2);
    assert_eq!(
        lines("osv-scanner.toml", "[[IgnoredVulns]]\nid = \"GO-2024-1\"\nreason = \"not called\"\n"),
        ["2 osv-ignored GO-2024-1 | not called"]
    );
    assert_eq!(lines(".trivyignore", "# no fix\nCVE-2024-1\n"), ["2 trivy-ignored CVE-2024-1 | no fix"]);
    assert_eq!(lines(".grype.yaml", "ignore:\n  - vulnerability: CVE-2024-2\n"), ["2 grype-ignored CVE-2024-2"]);
    assert_eq!(
        lines(".snyk", "version: v1\nignore:\n  SNYK-JS-X-1:\n    - '*':\n        reason: none\npatch: {}\n"),
        ["3 snyk-ignored SNYK-JS-X-1 | none"]
    );
    assert_eq!(
        lines("pnpm-workspace.yaml", "auditConfig:\n  ignoreGhsas:\n    - GHSA-9 # dev only\n"),
        ["3 audit-ignored GHSA-9 | dev only"]
    );
    assert_eq!(
        read(&[("eslint-suppressions.json", "{\"gone.ts\": {\"no-var\": {\"count\": 1}}}")])[0].silenced,
        Silenced::Nothing
    );
    assert_eq!(lines(".eslintignore", "dist\n"), ["1 eslint-ignored dist"]);
}

#[test]
fn what_eslint_is_told_to_leave_out() {
    let json = "{\n\"ignorePatterns\": [\"dist\", \"legacy/**\"],\n\"rules\": {\n\"no-eval\": \"off\",\n\"no-var\": 2,\n\
                \"a/b\": [0, {}]},\n\"overrides\": [{\"files\": [\"*.ts\"], \"rules\": {\n\"no-undef\": 0}}]}";
    let expected = [
        "2 eslint-config legacy/**",
        "4 eslint-config off no-eval",
        "6 eslint-config off a/b",
        "8 eslint-config off no-undef",
    ];
    for name in [".eslintrc.json", "web/.eslintrc", ".oxlintrc.json"] {
        assert_eq!(lines(name, json), expected, "{name}");
    }
    let yaml = "ignorePatterns:\n  - dist/\n  - old/*.js\nrules:\n  no-eval: off # they do\n  'a/b': [0, {x: 1}]\n  \
                no-var: [error]\n  # no-new: off\nenv:\n  node: off\noverrides:\n  - files: ['*.ts']\n    rules:\n      no-undef: \"off\"\n";
    let expected = [
        "3 eslint-config old/*.js",
        "5 eslint-config off no-eval",
        "6 eslint-config off a/b",
        "14 eslint-config off no-undef",
    ];
    assert_eq!(lines(".eslintrc.yml", yaml), expected);
    assert_eq!(lines(".eslintrc", yaml), expected);
    assert_eq!(
        lines(".eslintrc", "{ \"rules\": "),
        ["1 eslint-config cannot be read: it is not JSON; correct it, or delete it if no tool reads it"]
    );
    let program = "export default [\n  globalIgnores(['dist/**', 'gen/*']),\n  { ignores: [\n    'old.js', \"**/node_modules/\"] },\n  \
                   // { rules: { 'no-new': 'off' } },\n  { rules: { 'no-eval': 'off', eqeqeq: 0, 'a/b': [\"off\"], 'no-var': 'error' },\n    \
                   languageOptions: { ecmaVersion: 2022 }, linterOptions: { reportUnusedDisableDirectives: 'off' } },\n];\n";
    let expected = [
        "2 eslint-config gen/*",
        "3 eslint-config old.js",
        "6 eslint-config off no-eval",
        "6 eslint-config off eqeqeq",
        "6 eslint-config off a/b",
    ];
    for name in ["eslint.config.js", "web/eslint.config.mts", ".eslintrc.cjs"] {
        assert_eq!(lines(name, program), expected, "{name}");
    }
    let package = "{\"eslintIgnore\": [\"a.js\"],\n\"eslintConfig\": {\"rules\": {\"no-eval\": \"off\"}}}";
    assert_eq!(lines("package.json", package), ["1 eslint-ignored a.js", "2 eslint-config off no-eval"]);
    assert_eq!(lines("eslint-plugin/lib.js", program), [""; 0]);
}

#[test]
fn flags_on_a_line() {
    let flags = |line: &str| -> Vec<String> {
        let found = crate::of_line("commands.x", line);
        found.iter().map(|entry| format!("{} {}", entry.kind, entry.silences)).collect()
    };
    assert_eq!(
        flags("cd web && npm audit --audit-level=high --omit=dev"),
        ["npm-audit-level --audit-level=high", "npm-audit-omit --omit=dev"]
    );
    assert_eq!(
        flags("gitleaks dir . -b base.json --max-target-megabytes 1 -i other"),
        [
            "gitleaks-baseline -b base.json",
            "gitleaks-ignore-path -i other",
            "gitleaks-size-limit --max-target-megabytes 1",
        ]
    );
    assert_eq!(
        flags("bash -c 'go test ./... -run \"A|B\" -short'"),
        ["go-test-selected -run A|B", "go-test-selected -short"]
    );
    assert_eq!(flags("npx vitest run --exclude 'e2e/**'"), ["js-test-selected --exclude e2e/**"]);
    assert_eq!(
        flags("npx eslint --quiet . && npx tsc --skipLibCheck"),
        ["eslint-flags --quiet", "tsc-flags --skipLibCheck"]
    );
    assert_eq!(flags("git commit --no-verify"), ["command-flag --no-verify"]);
    assert_eq!(flags("golangci-lint run --disable funlen"), ["golangci-flags --disable funlen"]);
    assert_eq!(flags("gosec -exclude=G104 ./..."), ["gosec-flags -exclude=G104"]);
    assert_eq!(flags("trivy fs --ignore-unfixed ."), ["trivy-flags --ignore-unfixed"]);
    for honest in ["go test ./...", "npm ci --omit=dev", "go build -tags x ./...", "echo -run", "npm audit"] {
        assert_eq!(flags(honest), [""; 0], "{honest}");
    }
}

#[test]
fn what_streams_say_was_skipped() {
    let streams = |stdout: &str, stderr: &str| -> Vec<String> {
        let found = crate::of_streams("commands.x", [stdout.as_bytes(), stderr.as_bytes()]);
        assert!(found.iter().all(|entry| entry.silenced == Silenced::Something));
        found.iter().map(|entry| format!("{} {}", entry.kind, entry.silences)).collect()
    };
    assert_eq!(
        streams("=== RUN   TestA\n--- SKIP: TestA (0.00s)\n    --- SKIP: TestA/b (0.00s)\nok\n", ""),
        ["go-test-skipped TestA", "go-test-skipped TestA/b"]
    );
    let event =
        "{\"Action\":\"skip\",\"Package\":\"a/b\",\"Test\":\"TestC\"}\n{\"Action\":\"skip\",\"Package\":\"a/c\"}\n";
    assert_eq!(streams(event, ""), ["go-test-skipped a/b TestC"], "a package without test files is not a test");
    assert_eq!(
        streams("", "1:00PM WRN skipping file: too large max_size=1MB size=3MB path=big.txt\n"),
        ["gitleaks-too-large big.txt"]
    );
    assert_eq!(
        streams("\u{1b}[2m      Tests \u{1b}[22m 2 passed | 1 skipped | 1 todo (4)\n", ""),
        ["js-test-skipped 1 skipped, 1 todo"]
    );
    assert_eq!(streams("Tests:       1 skipped, 3 passed, 4 total\n", ""), ["js-test-skipped 1 skipped"]);
    assert_eq!(streams("# tests 3\n# skipped 1\n# todo 0\n", ""), ["js-test-skipped 1 skipped"]);
    assert_eq!(streams("Tests  2 passed (2)\nskipping nothing\n", ""), [""; 0]);
}
