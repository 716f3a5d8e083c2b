//! `pnpm audit`: whether the advisory endpoint answered, and about how many packages it was asked.
//!
//! Recorded with pnpm 10.34: it prints `No known vulnerabilities found` or `N vulnerabilities found` with the severities, ends with 0
//! where all of them are below `--audit-level` or ignored, and with `--ignore-registry-errors` whatever the registry answers.

use serde_json::Value;

use crate::adapter::Adapter;
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::Lookup;
use crate::outcome::Proof;
use crate::text::{leading_number, lines};
use rcrepro_model::plan::proof::{Condition, Tool};

pub(crate) const ADAPTER: Adapter =
    Adapter { tool: Tool::PnpmAudit, version: 1, rules: RULES, pass, failure: Some(failure) };

const RULES: &str = "Proven: a report (`No known vulnerabilities found`, `N vulnerabilities found`, or `metadata` in JSON), and a package to \
ask about, by `pnpm-lock.yaml` or JSON. Hollow: no report, as where --ignore-registry-errors lets an endpoint's error pass; no package, or \
nothing that says so. On a condition: vulnerabilities that --audit-level lets pass or that the configuration ignores. Contradicted: \
vulnerabilities that nothing but the exit code lets pass. No verdict: an exit code above 0 without a report.\n";

fn pass(call: &Call, alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    let reports = reports(evidence);
    if reports.len() < alike.len() {
        let lenient = call.has(&["--ignore-registry-errors"]);
        let how = if lenient { ": `--ignore-registry-errors` lets an endpoint pass that did not answer" } else { "" };
        return Proof::hollow(format!("the output has no audit report{how}"));
    }
    let found: u64 = reports.iter().map(|report| report.vulnerabilities).sum();
    let lines = lines([evidence.stdout, &[]]);
    let ignored = lines.iter().any(|line| line.contains(" ignored)"));
    let level = call.value(&["--audit-level"]);
    let lenient = match (found, ignored, level) {
        (0, ..) => None,
        (_, true, _) => {
            let says = format!("{found} vulnerabilities found, of which the project's configuration ignores some");
            Some(Condition::new("pnpm-audit-ignored", "", says))
        }
        (_, _, Some(level)) => {
            let says = format!("`--audit-level={level}` lets {found} vulnerabilities pass");
            Some(Condition::new("pnpm-audit-level", level, says))
        }
        _ => return Proof::contradicted(format!("{found} vulnerabilities")),
    };
    let counted = || reports.iter().map(|report| report.dependencies).sum::<Option<u64>>();
    match locked(call, evidence).or_else(counted) {
        Some(0) => Proof::hollow("there is no package to ask about"),
        Some(1) => Proof::proven(Tool::PnpmAudit, 1, "package asked about").on(lenient),
        Some(packages) => Proof::proven(Tool::PnpmAudit, packages, "packages asked about").on(lenient),
        None => Proof::hollow("nothing says that there was a package to ask about: `pnpm-lock.yaml` is not at hand"),
    }
}

fn failure(_call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
    if reports(evidence).iter().any(|report| report.vulnerabilities > 0) {
        return None;
    }
    let said = lines([evidence.stdout, evidence.stderr]).into_iter().find(|line| line.contains("ERR"));
    Some(format!("pnpm gave no report: {}", said.as_deref().map_or("it does not say why", str::trim)))
}

struct Report {
    vulnerabilities: u64,
    dependencies: Option<u64>,
}

fn reports(evidence: &CommandEvidence<'_>) -> Vec<Report> {
    if evidence.stdout.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let documents = serde_json::Deserializer::from_slice(evidence.stdout).into_iter::<Value>();
        let report = |document: Value| {
            let by_severity = document.pointer("/metadata/vulnerabilities")?.as_object()?;
            let vulnerabilities = by_severity.values().filter_map(Value::as_u64).sum();
            let dependencies = document.pointer("/metadata/totalDependencies").and_then(Value::as_u64);
            Some(Report { vulnerabilities, dependencies })
        };
        return documents.map_while(Result::ok).filter_map(report).collect();
    }
    let report = |line: String| {
        let line = line.trim();
        let clean = line == "No known vulnerabilities found";
        let counted = leading_number(line).filter(|_| line.ends_with("vulnerabilities found"));
        counted.or(clean.then_some(0)).map(|vulnerabilities| Report { vulnerabilities, dependencies: None })
    };
    lines([evidence.stdout, &[]]).into_iter().filter_map(report).collect()
}

/// Counts the packages of the lock; `None` when it is not at hand.
fn locked(call: &Call, evidence: &CommandEvidence<'_>) -> Option<u64> {
    let folder = call.value(&["-C", "--dir", "--prefix"]).unwrap_or(".");
    let Lookup::File(bytes) = evidence.inputs.look(&call.path(&format!("{folder}/pnpm-lock.yaml"))?) else {
        return None;
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let section = text.split("\npackages:\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| line.is_empty() || line.starts_with(' '));
    let packages =
        lines.filter(|line| line.starts_with("  ") && !line.starts_with("   ") && line.contains(':')).count();
    u64::try_from(packages).ok()
}
