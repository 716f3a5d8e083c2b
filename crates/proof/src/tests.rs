//! Every hollow pass that is known, and the pass beside it. Streams that are more than a line were recorded from the real
//! tools (`tests/fixtures/normalize/README.md`, `tests/fixtures/proof/README.md`).

use std::collections::BTreeMap;

use super::*;
use rcrepro_model::plan::proof::{Condition, ProofRule};

/// Includes a recorded stream.
macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/", $name))
    };
}

mod go;
mod shell;
mod silenced;

/// An input tree in memory.
struct Files<'a>(&'a [(&'a str, &'a str)]);

impl InputFiles for Files<'_> {
    fn look(&self, path: &str) -> Lookup {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found.map_or(Lookup::Absent, |(_, text)| Lookup::File(text.as_bytes().to_vec()))
    }

    fn list(&self, path: &str) -> Listing {
        let folder = format!("{}/", path.trim_end_matches('/'));
        let below = self.0.iter().filter_map(|(name, _)| name.strip_prefix(&folder));
        let names: BTreeMap<String, InputKind> = below
            .map(|rest| match rest.split_once('/') {
                Some((folder, _)) => (folder.to_owned(), InputKind::Folder),
                None => (rest.to_owned(), InputKind::File),
            })
            .collect();
        if names.is_empty() { Listing::Absent } else { Listing::Folder(names) }
    }

    fn search(&self, folder: &str, text: &str) -> Search {
        let below = |name: &'_ str| match name.strip_prefix(folder)? {
            "" => name.rsplit('/').next().map(str::to_owned),
            rest => rest.strip_prefix('/').map(str::to_owned),
        };
        let found = self.0.iter().filter_map(|(name, held)| Some((below(name)?, lines_with(held.as_bytes(), text))));
        Search { found: found.filter(|(_, lines)| *lines > 0).collect(), unseen: 0 }
    }
}

/// A command's end, to be judged.
struct Case<'a> {
    line: &'a str,
    exit_code: i32,
    stdout: &'a str,
    stderr: &'a str,
    environment: &'a [(&'a str, &'a str)],
    files: &'a [(&'a str, &'a str)],
    rule: ProofRule,
}

fn said<'a>(line: &'a str, stdout: &'a str) -> Case<'a> {
    Case { line, exit_code: 0, stdout, stderr: "", environment: &[], files: &[], rule: ProofRule::Detect }
}

impl Case<'_> {
    /// Returns the ids of the conditions, those that silence nothing any more marked as idle.
    fn conditions(&self) -> Vec<String> {
        let proof = self.assess();
        let id = |found: &Condition| format!("{}{}", if found.idle { "idle " } else { "" }, found.id);
        proof.conditions().iter().map(id).collect()
    }

    /// Returns the kind of proof and what it says.
    fn proof(&self) -> String {
        let proof = self.assess();
        format!("{} | {proof}", proof.as_str())
    }

    fn assess(&self) -> Proof {
        let environment: BTreeMap<String, String> =
            self.environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assess(
            self.rule,
            &CommandEvidence {
                line: self.line,
                environment: &environment,
                exit_code: self.exit_code,
                stdout: self.stdout.as_bytes(),
                stderr: self.stderr.as_bytes(),
                inputs: &Files(self.files),
            },
        )
    }

    fn is(&self, expected: &str) {
        let proof = self.proof();
        assert!(
            proof.starts_with(expected),
            "{}\n{}\n{}\n  found: {proof}\n  expected: {expected}",
            self.line,
            self.stdout,
            self.stderr
        );
    }
}

#[test]
fn streams_that_say_the_opposite_of_the_exit_code_are_no_pass() {
    said("go test ./...", recorded!("normalize/go-test/fail.1.txt")).is("contradicted");
    said("go vet -json ./...", recorded!("normalize/go-vet-json/findings.1.txt")).is("contradicted");
    said("npx vitest run", recorded!("normalize/vitest/fail.1.txt"))
        .is("contradicted | the exit code is 0, and the output says otherwise: 1 test was failed");
    said("tsc --noEmit", recorded!("normalize/tsc-diagnostics/extended-fail.1.txt")).is("contradicted");
    said("govulncheck -format json ./...", recorded!("normalize/govulncheck-json/findings.1.txt")).is("contradicted");
    said("govulncheck -scan module -format sarif", recorded!("proof/govulncheck-sarif.txt")).is("contradicted");
    said("govulncheck -format openvex ./...", recorded!("normalize/govulncheck-openvex/findings.1.txt"))
        .is("contradicted");
    Case { stderr: recorded!("normalize/gitleaks-log/plain.1.txt"), ..said("gitleaks dir . --exit-code 0", "") }
        .is("contradicted | the exit code is 0, and the output says otherwise: leaks found: 14");
    said("npm audit", recorded!("normalize/stable/npm-audit.1.txt")).is("contradicted");
    said("npm audit --json", recorded!("normalize/stable/npm-audit-json.1.txt")).is("contradicted");
}

#[test]
fn go_build_and_vet_match_packages() {
    said("go build ./...", "").is("proven | every package that it names is built");
    said("go vet ./...", "").is("proven | every package that it names is vetted");
    Case { stderr: "go: warning: \"./...\" matched no packages\n", ..said("go build ./...", "") }
        .is("hollow | hollow pass: go: warning: \"./...\" matched no packages");
    said("go build -n ./...", "").is("hollow");
    Case { files: go::FIXTURE, ..said("go build ./... && go test ./...", recorded!("normalize/go-test/pass.1.txt")) }
        .is("proven | every package that it names is built, 3 packages tested");
}

#[test]
fn vitest_has_run_a_test() {
    let line = "cd frontend-modern && npx vitest run";
    said(line, recorded!("normalize/vitest/pass.1.txt")).is("proven | 10 tests passed");
    said(line, recorded!("normalize/vitest-verbose/pass.1.txt")).is("proven");
    said("vitest run --reporter=json", recorded!("normalize/vitest-json/pass.1.txt")).is("proven");
    said("vitest run --reporter=junit", recorded!("normalize/junit/vitest-pass.1.txt")).is("proven");
    said("vitest run --reporter=tap", recorded!("normalize/tap/vitest-pass.1.txt")).is("proven");
    for other in ["vitest run", "vitest run --reporter=verbose", "vitest run --reporter=junit"] {
        said(other, recorded!("normalize/vitest-json/pass.1.txt"))
            .is("hollow | hollow pass: the output has no summary");
    }
    said("vitest run --reporter=json", recorded!("normalize/vitest/pass.1.txt")).is("hollow");
    let config = "export default { test: { reporters: ['json'] } }";
    Case {
        files: &[("/work/vitest.config.ts", config)],
        ..said("vitest run", recorded!("normalize/vitest-json/pass.1.txt"))
    }
    .is("proven");
    said("npx vitest run --passWithNoTests", recorded!("proof/vitest-none.txt"))
        .is("hollow | hollow pass: No test files found, exiting with code 0");
    said(line, " Test Files  1 skipped (1)\n      Tests  2 skipped (2)\n")
        .is("hollow | hollow pass: 2 tests were skipped, and none ran");
    said(line, "").is("hollow");
    said(line, " Test Files  1 passed (1)\n      Tests  1 passed (1)\n     Errors  1 error\n").is("contradicted");
}

#[test]
fn other_reports_count_tests() {
    let forced = |rule: &str, stdout| Case { rule: rule.parse().expect("a rule"), ..said("make test", stdout) };
    forced("tap", recorded!("normalize/tap/node-pass.1.txt")).is("proven");
    forced("tap", "TAP version 13\n1..0\n").is("hollow | hollow pass: the report has no tests");
    forced("tap", "1..2\nok 1 - a # SKIP later\nok 2 - b # TODO\n").is("hollow | hollow pass: 2 tests were skipped");
    forced("tap", "1..1\nnot ok 1 - a\n").is("contradicted");
    forced("junit", recorded!("normalize/junit/jest.1.txt")).is("contradicted");
    forced("junit", recorded!("normalize/junit/node-pass.1.txt")).is("proven");
    forced("junit", "<testsuites tests=\"0\"><testsuite name=\"a\"/></testsuites>")
        .is("hollow | hollow pass: the report has no tests");
    forced("junit", "all is well\n").is("hollow | hollow pass: standard output is not a JUnit report");
    said("node --test", recorded!("normalize/node-spec/pass.1.txt")).is("proven");
    said("node --test", recorded!("normalize/tap/node-pass.1.txt")).is("proven");
    said("node --test --test-reporter=junit", recorded!("normalize/junit/node-pass.1.txt")).is("proven");
    said("node --test", recorded!("normalize/junit/node-pass.1.txt")).is("hollow");
    said("node --test --test-reporter ./mine.js", recorded!("normalize/tap/node-pass.1.txt"))
        .is("hollow | hollow pass: of the reporter `./mine.js` nothing is known");
    said("node --test", "TAP version 13\n1..0\n# tests 0\n# pass 0\n# fail 0\n")
        .is("hollow | hollow pass: the report has no tests");
    let files = &[("/work/go.mod", "module m\n"), ("/work/a_test.go", "package a\n")];
    Case { files, ..forced("go-test", "ok  \tm\t0.1s\n") }.is("proven | 1 package tested");
    forced("go-test", "ok  \tm\t0.1s\n").is("hollow");
    forced("go-test", "=== RUN   T\n--- PASS: T (0.00s)\nok  \tm\t0.1s\n").is("proven | 1 test passed");
    forced("exit-code", "").is("unproven | unproven: the plan takes the exit code for all the proof");
    Case { rule: ProofRule::ExitCode, ..said("go test -run NoSuch ./... || true", "") }.is("unproven");
}

#[test]
fn tsc_has_files_to_check() {
    let line = "frontend-modern/node_modules/.bin/tsc --noEmit -p frontend-modern/tsconfig.json";
    let with = |config| Case { files: config, ..said(line, "") };
    with(&[("/work/frontend-modern/tsconfig.json", "{ \"include\": [\"src\"], } // all")])
        .is("proven | every file that the configuration");
    with(&[("/work/frontend-modern/tsconfig.json", "{\"files\": [], \"references\": [{\"path\": \"./app\"}]}")])
        .is("hollow");
    with(&[("/work/frontend-modern/tsconfig.json", "{\"references\": []}")]).is("unproven");
    with(&[("/work/frontend-modern/tsconfig.json", "{\"compilerOptions\": {\"noCheck\": true}}")]).is("hollow");
    with(&[]).is("unproven");
    said("tsc --noEmit --diagnostics", recorded!("normalize/tsc-diagnostics/pass.1.txt"))
        .is("proven | 166 files checked");
    said("tsc --noEmit --noCheck -p .", "").is("hollow");
    said("tsc -b --dry", "").is("hollow | hollow pass: `tsc -b --dry` checks nothing");
    for asks in ["tsc --noEmit -p . --help", "tsc -p . -v", "vitest run --version", "npm audit --omit=dev --help"] {
        said(asks, "").is("hollow");
    }
    said("tsc --noEmit --listFiles", "/work/node_modules/typescript/lib/lib.d.ts\n").is("hollow");
    said("tsc --noEmit a.ts", "").is("proven");
}

#[test]
fn gitleaks_has_scanned_something() {
    let line = "gitleaks detect --no-git --source .";
    let log = |stderr| Case { stderr, ..said(line, "") };
    log("12:30AM INF scanned ~1400 bytes (1.40 KB) in 1.26ms\n12:30AM INF no leaks found\n")
        .is("proven | 1400 bytes scanned");
    log(recorded!("normalize/gitleaks-log/clean.1.txt")).is("proven | 6 bytes scanned");
    log(recorded!("proof/gitleaks-allowed.txt")).is("hollow | hollow pass: 0 bytes scanned");
    log("12:30AM INF 0 commits scanned.\n12:30AM INF scanned ~0 bytes (0) in 1.26ms\n")
        .is("hollow | hollow pass: 0 commits scanned");
    log("").is("hollow");
    let failed = |stderr| Case { exit_code: 1, stderr, ..said(line, "") };
    failed("12:30AM WRN leaks found: 14\n").is("failed");
    failed("12:30AM FTL Failed to load config\n")
        .is("no-verdict | the exit code is not a verdict: gitleaks failed: 12:30AM FTL");
}

#[test]
fn govulncheck_had_a_database() {
    let clean = recorded!("proof/govulncheck-empty.txt");
    let line = "govulncheck -db file:///deps/vulndb ./...";
    let modules = "[{\"path\": \"a\", \"vulns\": [{\"id\": \"GO-1\"}, {\"id\": \"GO-2\"}]}, {\"path\": \"b\", \"vulns\": [{\"id\": \"GO-2\"}]}]";
    let date = "{\"modified\": \"2026-08-01T00:00:00Z\"}";
    let full: &[(&str, &str)] = &[("/deps/vulndb/index/modules.json", modules), ("/deps/vulndb/index/db.json", date)];
    Case { files: full, ..said(line, clean) }.is("proven | 3 database entries of 2026-08-01");
    let in_environment =
        Case { files: full, environment: &[("GOVULNDB", "file:///deps/vulndb")], ..said("govulncheck ./...", clean) };
    in_environment.is("proven | 3 database entries");
    said("govulncheck ./...", clean).is("hollow | hollow pass: the database `https://vuln.go.dev` is not an input");
    said(line, clean).is("hollow | hollow pass: the database `file:///deps/vulndb` cannot be looked at here");
    Case {
        files: &[("/deps/vulndb/index/modules.json", "[]"), ("/deps/vulndb/index/db.json", date)],
        ..said(line, clean)
    }
    .is("hollow | hollow pass: the database has no entries");
    Case { files: &full[..1], ..said(line, clean) }.is("hollow | hollow pass: the database has no date");
    Case { files: full, ..said(line, "") }.is("hollow | hollow pass: the output has no report");
    Case { exit_code: 3, ..said(line, "Your code is affected by 1 vulnerability from 1 module.\n") }.is("failed");
    Case { exit_code: 1, stderr: "govulncheck: loading packages: …\n", ..said(line, "") }.is("no-verdict");
}

#[test]
fn npm_audit_has_asked_somebody() {
    let line = "cd frontend-modern && npm audit --omit=dev";
    let clean = "found 0 vulnerabilities\n";
    let lock = "{\"packages\": {\"\": {}, \"node_modules/a\": {}, \"node_modules/b\": {\"dev\": true}}}";
    let files: &[(&str, &str)] = &[("/work/frontend-modern/package-lock.json", lock)];
    Case { files, ..said(line, clean) }.is("proven | 1 package asked about");
    said(line, clean).is("hollow | hollow pass: nothing says that there was a package to ask about");
    let json = "{\"metadata\": {\"vulnerabilities\": {\"total\": 0}, \"dependencies\": {\"total\": 4}}}";
    said("npm audit --json", json).is("proven | 4 packages asked about");
    said("npm audit --offline", recorded!("proof/npm-audit-offline.txt"))
        .is("hollow | hollow pass: `--offline`: npm asks no advisory endpoint");
    said("npm --offline audit", clean).is("hollow");
    said("npm_config_offline=true npm audit", clean).is("hollow");
    Case { environment: &[("npm_config_offline", "true")], ..said(line, clean) }.is("hollow");
    Case { files: &[("/work/frontend-modern/.npmrc", "fund=false\noffline = true\n")], ..said(line, clean) }
        .is("hollow");
    Case { files: &[("/work/frontend-modern/package-lock.json", "{\"packages\": {\"\": {}}}")], ..said(line, clean) }
        .is("hollow | hollow pass: there is no package to ask about");
    said(line, "").is("hollow | hollow pass: the output has no audit report");
    let lenient = "cd frontend-modern && npm audit --audit-level=critical";
    Case { files, ..said(lenient, "1 high severity vulnerability\n") }.is("proven | 2 packages asked about");
    Case { exit_code: 1, ..said(line, recorded!("normalize/stable/npm-audit.1.txt")) }.is("failed");
    Case { exit_code: 1, stderr: recorded!("normalize/npm-error/audit.1.txt"), ..said(line, "") }.is(
        "no-verdict | the exit code is not a verdict: npm gave no report: npm error audit endpoint returned an error",
    );
}

#[test]
fn npm_ci_has_installed_something() {
    let line = "cd web && npm ci";
    said(line, recorded!("normalize/npm-ci/added.1.txt")).is("proven | 6 packages installed");
    said(line, recorded!("normalize/npm-ci/uptodate.1.txt")).is("hollow | hollow pass: no package was installed");
    Case {
        files: &[("/work/web/package-lock.json", "{\"packages\": {\"\": {}}}")],
        ..said(line, "\nup to date in 414ms\n")
    }
    .is("proven");
    said("npm ci --dry-run", "added 6 packages in 1s\n").is("hollow");
    said("npm ci --silent", "").is("hollow");
}

#[test]
fn an_exit_code_that_is_hidden_proves_nothing() {
    let passed = recorded!("normalize/go-test/pass.1.txt");
    for line in [
        "go test ./... || true",
        "go test ./... | tee log",
        "go test ./...; echo done",
        "! go test ./...",
        "go test ./... & wait",
        "for d in a b; do go test ./$d; done",
        "bash -c 'go test ./...; true'",
    ] {
        Case { files: go::FIXTURE, ..said(line, passed) }
            .is("hollow | hollow pass: the exit code of `go test` is hidden by ");
    }
    for line in
        ["set -o pipefail; go test ./... | tee log", "set -e\ngo test ./...\necho done", "go test ./... || exit 1"]
    {
        Case { files: go::FIXTURE, ..said(line, passed) }.is("proven | 3 packages tested");
    }
}

#[test]
fn what_no_rule_knows_is_unproven_and_no_failure() {
    said("bash scripts/smoke.sh", "ok\n").is("unproven | unproven: the exit code is all");
    said("go version && go env GOVERSION", "go1.26.8\n").is("unproven");
    said("npx tsc --version && npx vitest --version", "x\n").is("unproven");
    Case { exit_code: 7, ..said("bash scripts/smoke.sh", "") }.is("failed");
    assert!(!reads_streams("bash scripts/smoke.sh", ProofRule::Detect));
    assert!(reads_streams("make && go vet ./...", ProofRule::Detect));
}

#[test]
fn the_worst_tool_of_a_line_decides() {
    let said_both = "No test files found, exiting with code 0\nok  \tm\t0.1s\n";
    let files = &[("/work/go.mod", "module m\n"), ("/work/a_test.go", "package m\n")];
    Case { files, ..said("go test ./... && npx vitest run --passWithNoTests", said_both) }
        .is("hollow | hollow pass: No test files found");
}

#[test]
fn what_only_renders_a_scan_is_none() {
    let convert = "cd a && govulncheck -mode convert -format sarif < m.json > m.sarif";
    assert!(only_converts(convert) && tools(convert, ProofRule::Detect).is_empty());
    for line in ["govulncheck ./...", "govulncheck ./... && govulncheck -mode=convert < m.json", "true"] {
        assert!(!only_converts(line), "{line}");
    }
    let scan = "cd web && npm audit --omit=dev";
    assert_eq!(tools(scan, ProofRule::Detect), [(Tool::NpmAudit, "web".to_owned())]);
    assert_eq!(tools(scan, ProofRule::ExitCode), []);
}
