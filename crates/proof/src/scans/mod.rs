//! Tier 1: what a scanner's evidence says that it found.
//!
//! A parser for each scanner, pure over the bytes of a run. The text of a command as a person types it and the tool's own
//! machine-readable report give the same list: only what fails the scan is a finding, so that nothing hangs on the format.
//! Classes follow from one rule per tool, kept beside its parser.

mod gitleaks;
mod govulncheck;
mod npm_audit;

use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::plan::proof::Tool;

/// What a scan left behind.
#[derive(Debug, Clone, Copy)]
pub struct ScanEvidence<'a> {
    /// The whole standard output.
    pub stdout: &'a [u8],
    /// The whole standard error.
    pub stderr: &'a [u8],
    /// The output files.
    pub outputs: &'a [Vec<u8>],
    /// The folder that it ran in, below the source's root; empty for the root.
    pub folder: &'a str,
}

/// Reads the findings of a scan, sorted, each once; `None` when there is no report that can be read, or the tool is not a scanner.
#[must_use]
pub fn read(tool: Tool, evidence: &ScanEvidence<'_>) -> Option<Vec<ScanFinding>> {
    let mut findings = match tool {
        Tool::Gitleaks => gitleaks::read(evidence),
        Tool::Govulncheck => govulncheck::read(evidence),
        Tool::NpmAudit => npm_audit::read(evidence),
        _ => None,
    }?;
    findings.sort();
    findings.dedup();
    Some(findings)
}

/// Puts a file's path below the folder that the scan ran in.
fn below(folder: &str, file: &str) -> String {
    if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/normalize").join(name);
        std::fs::read(path).expect("a recorded output")
    }

    fn found(tool: Tool, stdout: &[u8], stderr: &[u8], outputs: &[Vec<u8>], folder: &str) -> Option<Vec<ScanFinding>> {
        read(tool, &ScanEvidence { stdout, stderr, outputs, folder })
    }

    #[test]
    fn govulncheck_says_the_same_as_text_and_as_json() {
        let text =
            found(Tool::Govulncheck, &fixture("govulncheck-text/default.1.txt"), b"", &[], "").expect("a report");
        let ids: Vec<&str> = text.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(
            ids,
            ["GO-2021-0113", "GO-2022-1059", "GO-2026-9001", "GO-2026-9002", "GO-2026-9005", "GO-2026-9006"]
        );
        let first = &text[0];
        assert_eq!((first.about().as_str(), first.fixed.as_deref()), ("golang.org/x/text v0.3.5", Some("v0.3.7")));
        assert_eq!((first.place().as_str(), first.class_word().as_str()), ("internal/lang/lang.go:15", "P1"));
        assert_eq!(text[2].about(), "stdlib 1.26.8");
        for run in 1..=3 {
            let json = fixture(&format!("govulncheck-json/findings.{run}.txt"));
            let json = found(Tool::Govulncheck, &json, b"", &[], "").expect("a report");
            assert_eq!(
                json,
                found(Tool::Govulncheck, b"", b"", &[fixture("govulncheck-json/findings.1.txt")], "")
                    .expect("a report")
            );
            let short = |list: &[ScanFinding]| -> Vec<_> {
                list.iter().map(|f| (f.id.clone(), f.about(), f.place(), f.says.clone(), f.class)).collect()
            };
            assert_eq!(short(&json), short(&text), "run {run}");
        }
        for run in 2..=4 {
            let other = fixture(&format!("govulncheck-text/default.{run}.txt"));
            assert_eq!(found(Tool::Govulncheck, &other, b"", &[], "").as_ref(), Some(&text), "run {run}");
        }
        let verbose = found(Tool::Govulncheck, &fixture("govulncheck-text/verbose.1.txt"), b"", &[], "").expect("one");
        assert_eq!(verbose.iter().map(|finding| finding.id.as_str()).collect::<Vec<_>>(), ids);
        assert_eq!(found(Tool::Govulncheck, b"No vulnerabilities found.\n", b"", &[], ""), Some(Vec::new()));
        assert_eq!(found(Tool::Govulncheck, b"", b"loading packages", &[], ""), None);
    }

    #[test]
    fn npm_audit_says_the_same_as_text_and_as_json() {
        let text = found(Tool::NpmAudit, &fixture("stable/npm-audit.1.txt"), b"", &[], "web").expect("a report");
        let json = found(Tool::NpmAudit, &fixture("stable/npm-audit-json.1.txt"), b"", &[], "web").expect("a report");
        assert_eq!(text, json);
        let lines: Vec<_> = text.iter().map(|f| (f.id.as_str(), f.about(), f.class_word(), f.fixed.clone())).collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            lines,
            [
                ("GHSA-1", "alpha 1.0.0".into(), "P1".into(), None),
                ("GHSA-2", "alpha 1.0.0".into(), "P1".into(), None),
                ("GHSA-3", "gamma *".into(), "P0".into(), some("beta@2.0.0")),
                ("GHSA-4", "delta 2.0.0".into(), "P2".into(), some("delta@3.0.0")),
            ]
        );
        assert!(text.iter().all(|finding| finding.place() == "web/package-lock.json"));
        assert_eq!(found(Tool::NpmAudit, b"found 0 vulnerabilities\n", b"", &[], ""), Some(Vec::new()));
        assert_eq!(found(Tool::NpmAudit, b"", b"npm error audit endpoint returned an error", &[], ""), None);
    }

    #[test]
    fn gitleaks_says_where_when_it_is_asked_to() {
        let report = fixture("gitleaks-json/findings.1.txt");
        let log = fixture("gitleaks-log/plain.1.txt");
        let json = found(Tool::Gitleaks, b"", &log, std::slice::from_ref(&report), "").expect("a report");
        assert_eq!(json.len(), 16);
        assert_eq!(json[0].name().to_string(), "gitleaks/src/conf00.py:aws-access-token:2");
        assert_eq!((json[0].place().as_str(), json[0].class_word().as_str()), ("src/conf00.py:2", "P0"));
        let verbose = found(Tool::Gitleaks, &fixture("gitleaks-verbose/plain.1.txt"), &log, &[], "").expect("one");
        assert!(!verbose.is_empty() && verbose.iter().all(|finding| json.contains(finding)), "{verbose:?}");
        let count = found(Tool::Gitleaks, b"", &log, &[], "").expect("a count");
        assert_eq!((count.len(), count[0].id.as_str()), (1, "leaks"));
        assert!(count[0].says.starts_with("14 leaks"), "{}", count[0].says);
        let clean = fixture("gitleaks-log/clean.1.txt");
        assert_eq!(found(Tool::Gitleaks, b"", &clean, &[], ""), Some(Vec::new()));
        assert_eq!(found(Tool::Gitleaks, b"", b"FTL unable to load config\n", &[], ""), None);
    }
}
