//! `npm audit`: whether the advisory endpoint was asked, and answered.
//!
//! From npm 11's own source (`lib/commands/audit.js`, `@npmcli/arborist/lib/audit-report.js`) and recorded runs: with
//! `--offline` nothing is asked and `found 0 vulnerabilities` is printed; an endpoint that does not answer ends the command
//! with 1, as vulnerabilities do.

use super::npm::{locked, offline, setting};
use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::outcome::Proof;
use crate::text::{leading_number, lines};
use rcrepro_model::plan::proof::{Condition, Tool};

pub(crate) const ADAPTER: Adapter =
    Adapter { tool: Tool::NpmAudit, version: 2, rules: RULES, pass, failure: Some(failure) };

const RULES: &str = "Proven: the report (`found 0 vulnerabilities`, or `metadata` in JSON) of a command that was not told to stay \
offline, for npm fails when the endpoint does not answer, and of a package to ask about, by the lock where it is at hand, else \
by JSON or the cassette. Hollow: --offline, `offline=true` in the environment or `.npmrc`; no package to ask about, or nothing that says so; no \
report. On a condition: vulnerabilities that --audit-level, `audit-level` in the environment or `.npmrc` lets pass. Contradicted: \
vulnerabilities that nothing but the exit code lets pass. No verdict: an exit code above 0 \
without a report, as when the endpoint does not answer, or a cassette that has no answer.\n";

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    if let Some(line) = unanswered(evidence) {
        return Proof::hollow(line);
    }
    if let Some(how) = offline(call, evidence) {
        return Proof::hollow(format!(
            "{how}: npm asks no advisory endpoint, and finds 0 vulnerabilities whatever there is"
        ));
    }
    let reports = reports(evidence);
    if reports.len() < alike.len() {
        return Proof::hollow("the output has no audit report");
    }
    let vulnerabilities: u64 = reports.iter().map(|report| report.vulnerabilities).sum();
    let level = audit_level(call, evidence);
    let lenient = match &level {
        _ if vulnerabilities == 0 => None,
        None => return Proof::contradicted(format!("{vulnerabilities} vulnerabilities")),
        Some(level) => {
            let says = format!("`audit-level={level}` lets {vulnerabilities} vulnerabilities pass");
            Some(Condition::new("npm-audit-level", level, says))
        }
    };
    // The lock first: npm's own count holds packages for development too, whatever `--omit` says.
    let counted = || reports.iter().map(|report| report.dependencies).sum::<Option<u64>>();
    match locked(call, evidence).or_else(counted).or_else(|| answered(evidence)) {
        // npm asks nobody then, and never learns that nobody would have answered.
        Some(0) => Proof::hollow("there is no package to ask about"),
        Some(1) => Proof::proven(Tool::NpmAudit, 1, "package asked about").on(lenient),
        Some(packages) => Proof::proven(Tool::NpmAudit, packages, "packages asked about").on(lenient),
        None => {
            let why = "the lock is not at hand, and `--json` is not set";
            Proof::hollow(format!("nothing says that there was a package to ask about: {why}"))
        }
    }
}

/// Returns the severity below which npm exits with 0 whatever it finds, where anybody sets it.
fn audit_level(call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
    call.value(&["--audit-level"]).map(str::to_owned).or_else(|| setting(call, evidence, "audit-level"))
}

/// Counts the packages for which the player of a cassette says that it answered.
fn answered(evidence: &CommandEvidence<'_>) -> Option<u64> {
    let said =
        lines([evidence.stderr, &[]]).into_iter().find(|line| line.starts_with("rcrepro: npm advisories of "))?;
    said.split_once(" for ")?.1.split(' ').next()?.parse().ok()
}

/// Finds what the player of a cassette says when it had no answer for npm; npm may have gone on with a guess.
fn unanswered(evidence: &CommandEvidence<'_>) -> Option<String> {
    let says = |line: &&str| {
        line.starts_with("rcrepro: ")
            && (line.contains("has no answer for ") || line.starts_with("rcrepro: npm asked the cassette "))
    };
    let found =
        lines([evidence.stderr, &[]]).iter().map(|line| line.trim().to_owned()).find(|line| says(&line.as_str()));
    found.map(|line| line.trim_start_matches("rcrepro: ").to_owned())
}

fn failure(_call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
    if let Some(line) = unanswered(evidence) {
        return Some(line);
    }
    if reports(evidence).iter().any(|report| report.vulnerabilities > 0) {
        return None;
    }
    let said = lines([evidence.stderr, evidence.stdout]).into_iter().find(|line| {
        line.contains("audit endpoint returned an error")
            || line.starts_with("npm error")
            || line.starts_with("npm ERR!")
    });
    Some(format!("npm gave no report: {}", said.unwrap_or_else(|| "it does not say why".to_owned())))
}

struct Report {
    vulnerabilities: u64,
    dependencies: Option<u64>,
}

fn reports(evidence: &CommandEvidence<'_>) -> Vec<Report> {
    let mut reports = Vec::new();
    if let Some(begin) = evidence.stdout.iter().position(|byte| *byte == b'{') {
        let documents =
            serde_json::Deserializer::from_slice(&evidence.stdout[begin..]).into_iter::<serde_json::Value>();
        for document in documents.map_while(Result::ok) {
            let number = |at: &str| document.pointer(at).and_then(serde_json::Value::as_u64);
            if let Some(vulnerabilities) = number("/metadata/vulnerabilities/total") {
                reports.push(Report { vulnerabilities, dependencies: number("/metadata/dependencies/total") });
            }
        }
    }
    for line in lines([evidence.stdout, &[]]) {
        // `5 vulnerabilities (1 moderate, 2 high)`, `1 high severity vulnerability`, `found 0 vulnerabilities`.
        let line = line.trim();
        let counts = line.contains("vulnerabilit") && !line.starts_with(['"', '#', '{']);
        let count = leading_number(line).or_else(|| leading_number(line.strip_prefix("found ")?));
        if let Some(vulnerabilities) = count.filter(|_| counts) {
            reports.push(Report { vulnerabilities, dependencies: None });
        }
    }
    reports
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::assess;
    use crate::evidence::CommandEvidence;
    use crate::inputs::NoInputs;
    use crate::outcome::Proof;
    use rcrepro_model::plan::proof::ProofRule;
    use rcrepro_model::standing::Standing;

    fn audit(line: &str, exit_code: i32, stdout: &str, stderr: &str) -> Proof {
        let environment = BTreeMap::new();
        let (stdout, stderr) = (stdout.as_bytes(), stderr.as_bytes());
        assess(
            ProofRule::Detect,
            &CommandEvidence { line, environment: &environment, exit_code, stdout, stderr, inputs: &NoInputs },
        )
    }

    #[test]
    fn a_cassette_without_an_answer_decides_nothing_whatever_npm_makes_of_it() {
        let missing = "rcrepro: the cassette `a` has no answer for GET /leftover (request 00)\n";
        let silent = "rcrepro: npm asked the cassette `a` for no advisories\n";
        for (line, code, stdout, stderr) in [
            ("npm audit --omit=dev", 75, "1 high severity vulnerability\n", missing),
            ("npm audit --omit=dev", 0, "found 0 vulnerabilities\n", silent),
            ("npm audit --omit=dev", 75, "found 0 vulnerabilities\n", silent),
        ] {
            let proof = audit(line, code, stdout, stderr);
            assert_eq!(proof.standing(), Standing::Undecided, "{line}: {proof}");
            assert!(proof.reason().is_some_and(|reason| reason.contains("the cassette `a`")), "{line}: {proof}");
        }
        let answered = "rcrepro: npm advisories of 2026-11-23T04:15:13Z: answered 1 advisory request(s) for 2 package(s) and \
                        0 packument(s)\n";
        assert_eq!(audit("npm audit", 0, "found 0 vulnerabilities\n", answered).standing(), Standing::Passed);
        assert_eq!(audit("npm audit", 1, "1 high severity vulnerability\n", answered).standing(), Standing::Failed);
    }
}
