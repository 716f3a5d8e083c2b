//! The kinds of suppressions: whose findings each silences, and the words on a line that run that tool.

/// A way to silence a tool, with the programs that heed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuppressionKind {
    /// The stable id.
    pub id: &'static str,
    /// The tool that is silenced.
    pub tool: &'static str,
    /// The programs that heed it, by their file names; none for rcrepro itself.
    pub called: &'static [&'static str],
    /// What it is, for tables.
    pub says: &'static str,
}

const GITLEAKS: &[&str] = &["gitleaks"];
const GOLANGCI: &[&str] = &["golangci-lint"];
const GO: &[&str] = &["go", "gotestsum", "richgo"];
const JS_TESTS: &[&str] =
    &["vitest", "vitest.mjs", "jest", "jest.js", "node", "nodejs", "mocha", "ava", "playwright", "cypress", "bun"];
const ESLINT: &[&str] = &["eslint", "eslint.js", "oxlint"];
const TSC: &[&str] = &["tsc", "tsc.js", "vue-tsc", "tsgo", "svelte-check"];
const AUDIT: &[&str] = &["npm", "pnpm", "yarn", "audit-ci", "better-npm-audit"];
const TRIVY: &[&str] = &["trivy"];
const PYTEST: &[&str] = &["pytest", "python", "python3", "tox", "nox"];

const fn kind(
    id: &'static str,
    tool: &'static str,
    called: &'static [&'static str],
    says: &'static str,
) -> SuppressionKind {
    SuppressionKind { id, tool, called, says }
}

/// Every kind, sorted by id.
pub const ALL: &[SuppressionKind] = &[
    kind("audit-ignored", "npm audit", AUDIT, "an advisory that the configuration of an audit accepts"),
    kind("biome-ignore", "biome", &["biome"], "a comment"),
    kind("code-unread", "any", &[], "code that cannot be read: too large, or a link to no tracked file"),
    kind("command-flag", "any", &[], "a flag that skips a hook or a folder, such as `--no-verify`"),
    kind("coverage-ignore", "coverage", JS_TESTS, "a comment that takes code out of the coverage"),
    kind("eslint-config", "eslint", ESLINT, "a rule that is off, or files that the configuration leaves out"),
    kind("eslint-disable", "eslint", ESLINT, "a comment, for a line, the next one or from there on"),
    kind("eslint-flags", "eslint", ESLINT, "a flag that lets warnings or files pass"),
    kind("eslint-ignored", "eslint", ESLINT, "an entry of `.eslintignore`, or of `eslint-suppressions.json`"),
    kind("gitleaks-allow-comment", "gitleaks", GITLEAKS, "a comment `gitleaks:allow`"),
    kind("gitleaks-baseline", "gitleaks", GITLEAKS, "a baseline on the line, or a finding in a report that is one"),
    kind("gitleaks-config", "gitleaks", GITLEAKS, "an allow list, a rule that is off, or none of gitleaks' own rules"),
    kind("gitleaks-ignore-path", "gitleaks", GITLEAKS, "another ignore file, on the line"),
    kind("gitleaks-ignored", "gitleaks", GITLEAKS, "a fingerprint in `.gitleaksignore`"),
    kind("gitleaks-partial", "gitleaks", GITLEAKS, "a flag that leaves commits out"),
    kind("gitleaks-rules", "gitleaks", GITLEAKS, "the only rules that the line lets look"),
    kind("gitleaks-size-limit", "gitleaks", GITLEAKS, "a limit of size on the line"),
    kind("gitleaks-too-large", "gitleaks", GITLEAKS, "a file that was skipped for its size"),
    kind("go-test-selected", "go test", GO, "`-run`, `-skip`, `-short` or `-tags` on the line"),
    kind("go-test-skipped", "go test", GO, "a test that was skipped"),
    kind("go-test-skips", "go test", GO, "a call of `t.Skip`"),
    kind("go-test-tags", "go test", GO, "a build tag of a test file"),
    kind("golangci-config", "golangci-lint", GOLANGCI, "an exclusion or a linter that is off"),
    kind("golangci-flags", "golangci-lint", GOLANGCI, "a flag that excludes"),
    kind("gosec-flags", "gosec", &["gosec"], "a flag that excludes"),
    kind("grype-ignored", "grype", &["grype"], "an entry of `.grype.yaml`"),
    kind("hadolint-ignore", "hadolint", &["hadolint"], "a comment in a Dockerfile"),
    kind("js-test-config", "JavaScript tests", JS_TESTS, "a pattern of files that the configuration leaves out"),
    kind("js-test-only", "JavaScript tests", JS_TESTS, "`.only`, which skips everything else in its file"),
    kind("js-test-selected", "JavaScript tests", JS_TESTS, "a flag that selects or leaves out tests"),
    kind("js-test-skip", "JavaScript tests", JS_TESTS, "`it.skip`, `describe.skip`, `xit` and the like"),
    kind("js-test-skipped", "JavaScript tests", JS_TESTS, "how many tests a run skipped"),
    kind("js-test-todo", "JavaScript tests", JS_TESTS, "a test that is yet to be written"),
    kind("lint-ignore", "staticcheck", &["staticcheck", "golangci-lint"], "`//lint:ignore` or `//lint:file-ignore`"),
    kind("network-attempts", "rcrepro", &[], "a command that may try to reach the network"),
    kind("nolint", "golangci-lint", GOLANGCI, "a comment `//nolint`"),
    kind("nosec", "gosec", &["gosec", "golangci-lint", "bandit"], "a comment `#nosec`"),
    kind("nosemgrep", "semgrep", &["semgrep", "opengrep"], "a comment"),
    kind("npm-audit-level", "npm audit", AUDIT, "a level below which vulnerabilities pass"),
    kind("npm-audit-off", "npm audit", AUDIT, "`audit=false` in `.npmrc`"),
    kind("npm-audit-omit", "npm audit", AUDIT, "dependencies that are not looked up"),
    kind("osv-ignored", "osv-scanner", &["osv-scanner"], "an entry of `osv-scanner.toml`"),
    kind("proof-exit-code", "rcrepro", &[], "a command whose exit code is taken for its proof"),
    kind("pytest-skip", "pytest", PYTEST, "a mark that skips a test or expects it to fail"),
    kind("python-noqa", "flake8", &["flake8", "ruff", "pylint", "black"], "a comment `# noqa`"),
    kind("python-type-ignore", "mypy", &["mypy", "pyright", "dmypy"], "a comment `# type: ignore`"),
    kind("quarantine", "rcrepro", &[], "a command that may be flaky for a while"),
    kind("rust-ignore", "cargo test", &["cargo", "cargo-nextest"], "a test with `#[ignore]`"),
    kind("shellcheck-disable", "shellcheck", &["shellcheck"], "a comment"),
    kind("snyk-ignored", "snyk", &["snyk"], "an entry of `.snyk`"),
    kind("stylelint-disable", "stylelint", &["stylelint"], "a comment"),
    kind("trivy-flags", "trivy", TRIVY, "a flag that skips or lets pass"),
    kind("trivy-ignored", "trivy", TRIVY, "an entry of `.trivyignore`, or a comment"),
    kind("ts-comment", "tsc", TSC, "`@ts-ignore`, `@ts-expect-error` or `@ts-nocheck`"),
    kind("tsc-config", "tsc", TSC, "`skipLibCheck`, or an `exclude` beyond the usual ones"),
    kind("tsc-flags", "tsc", TSC, "`--skipLibCheck` on the line"),
    kind("waiver", "rcrepro", &[], "a finding that a person accepted"),
];

/// Looks a kind up.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static SuppressionKind> {
    ALL.iter().find(|kind| kind.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_there_once() {
        assert!(ALL.len() >= 25);
        for pair in ALL.windows(2) {
            assert!(pair[0].id < pair[1].id, "{}", pair[1].id);
        }
        let page = include_str!("../../../docs/guide/suppressions.md");
        for kind in ALL {
            assert!(page.contains(&format!("\n| `{}` | {} | {} |\n", kind.id, kind.tool, kind.says)), "{}", kind.id);
        }
        assert_eq!(by_id("nolint").map(|kind| kind.tool), Some("golangci-lint"));
        assert_eq!(by_id("nothing"), None);
    }
}
