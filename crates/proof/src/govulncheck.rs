//! govulncheck: whether its database had entries, and what its machine-readable formats found.
//!
//! From govulncheck 1.9's own source (`internal/scan`) and recorded runs: with an empty database text says
//! `No vulnerabilities found.`; `-format json`, `sarif` and `openvex` exit 0 whatever they found. Text says nothing of the
//! database, so the database itself is looked at, where it is a frozen input.

use serde_json::Value;

use super::adapter::Adapter;
use super::call::Call;
use super::text::lines;
use crate::evidence::CommandEvidence;
use crate::inputs::Lookup;
use crate::outcome::{Proof, Work};
use rcrepro_model::plan::proof::Tool;
use rcrepro_model::text::plural::counted;

mod left_out;

pub(super) const ADAPTER: Adapter =
    Adapter { tool: Tool::Govulncheck, version: 4, rules: RULES, pass, failure: Some(failure) };

const RULES: &str = "Proven: the database that -db or GOVULNDB names is an input of the command, its `index/modules.json` has \
entries, and `index/db.json` a date. Hollow: no entries or no date; a database that cannot be looked at; json without a \
`config` message; no output; a mode that scans nothing. On a condition: modules with entries that have no version, because a \
`replace` takes them from a folder, a workspace holds them, or they are the main module; modules with entries that a `replace` \
takes from another module; both in all of the source where the folder cannot be told; -mode binary. Contradicted: json, sarif and openvex exit 0 whatever they find; findings at the level of the \
scan count as they do for text. No verdict: an exit code above 0 that is not 3. \
Hollow also: a scan of source without a pattern of packages, of which earlier versions say that it found nothing.\n";

/// The database that govulncheck asks when nobody names one.
const DEFAULT: &str = "https://vuln.go.dev";

fn pass(call: &Call, _alike: &[&Call], evidence: &CommandEvidence<'_>) -> Proof {
    let mode = call.value(&["-mode", "--mode"]).unwrap_or("source");
    if !["source", "binary", "convert"].contains(&mode) {
        return Proof::hollow(format!("`-mode {mode}` scans nothing"));
    }
    if mode == "source" && !call.forced && call.value(&["-scan", "--scan"]) != Some("module") && !names_packages(call) {
        return Proof::hollow("the line names no packages (`./...`): nothing is scanned");
    }
    let documents = documents(evidence.stdout);
    if let Some(findings) = findings(&documents).filter(|findings| *findings > 0) {
        return Proof::contradicted(format!(
            "{}, and this format exits 0 whatever it finds",
            counted(findings, "finding")
        ));
    }
    if documents.is_empty()
        && !lines([evidence.stdout, evidence.stderr]).iter().any(|line| line.contains("ulnerabilities"))
    {
        return Proof::hollow("the output has no report");
    }
    let named =
        call.value(&["-db", "--db"]).or_else(|| call.variable("GOVULNDB", evidence.environment)).unwrap_or(DEFAULT);
    let Some(folder) = named.strip_prefix("file://") else {
        return Proof::hollow(format!(
            "the database `{named}` is not an input of the command: nothing says what was in it"
        ));
    };
    let look = |file: &str| evidence.inputs.look(&format!("{}/index/{file}", folder.trim_end_matches('/')));
    match (look("modules.json"), look("db.json")) {
        (Lookup::File(modules), Lookup::File(date)) => {
            database(&modules, Some(&date)).on(left_out::conditions(call, &modules, evidence))
        }
        (Lookup::File(modules), Lookup::Absent) => database(&modules, None),
        _ => Proof::hollow(format!("the database `{named}` cannot be looked at here: nothing says what was in it")),
    }
}

/// Flags with a value behind a blank (`govulncheck -h`).
const VALUED: [&str; 7] = ["-C", "-db", "-format", "-mode", "-scan", "-show", "-tags"];

/// Whether a word of the call is neither a flag nor the value of one.
fn names_packages(call: &Call) -> bool {
    let mut words = call.arguments.iter();
    while let Some(word) = words.next() {
        let flag = word.strip_prefix('-').map(|flag| format!("-{}", flag.trim_start_matches('-')));
        match flag {
            Some(flag) if VALUED.contains(&flag.as_str()) => drop(words.next()),
            Some(_) => {}
            None => return true,
        }
    }
    false
}

/// Judges a database by its `index/modules.json` and `index/db.json`, as govulncheck reads them.
///
/// An entry is a pair of module and vulnerability; the date is `modified` of `db.json`.
#[must_use]
pub fn database(modules: &[u8], db: Option<&[u8]>) -> Proof {
    let Ok(Value::Array(modules)) = serde_json::from_slice::<Value>(modules) else {
        return Proof::hollow("the database's `index/modules.json` is not a list of modules");
    };
    let entries = modules.iter().filter_map(|module| module.get("vulns")?.as_array()).map(Vec::len).sum::<usize>();
    if entries == 0 {
        return Proof::hollow("the database has no entries");
    }
    let date = db.and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
    let date = date.as_ref().and_then(|date| date.get("modified")?.as_str()).filter(|date| !date.starts_with("0001-"));
    let Some(date) = date else { return Proof::hollow("the database has no date (`modified` in `index/db.json`)") };
    let what = format!("database entries of {}", date.split('T').next().unwrap_or(date));
    Proof::done(vec![Work { tool: Tool::Govulncheck, count: u64::try_from(entries).ok(), what }])
}

fn failure(_call: &Call, evidence: &CommandEvidence<'_>) -> Option<String> {
    if evidence.exit_code == 3 {
        return None;
    }
    // Its first line often says no more than `loading packages:`.
    let said: Vec<String> = lines([evidence.stderr, evidence.stdout])
        .into_iter()
        .map(|line| line.trim().to_owned())
        // What comes before it in the search path says which database there is; that is nobody's fault.
        .filter(|line| !line.is_empty() && !line.starts_with("rcrepro: "))
        .take(3)
        .collect();
    Some(format!("govulncheck ended with {}: {}", evidence.exit_code, said.join(" ")))
}

fn documents(stdout: &[u8]) -> Vec<Value> {
    match stdout.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => serde_json::Deserializer::from_slice(stdout).into_iter().map_while(Result::ok).collect(),
        _ => Vec::new(),
    }
}

/// Counts the findings for which text would have ended with 3; `None` when the stream is in no such format.
fn findings(documents: &[Value]) -> Option<usize> {
    let first = documents.first()?;
    if first.get("runs").is_some() {
        let runs = first.get("runs")?.as_array()?;
        let results = runs.iter().filter_map(|run| run.get("results")?.as_array()).flatten();
        return Some(results.filter(|result| result.get("level").and_then(Value::as_str) == Some("error")).count());
    }
    if first.get("@context").is_some() {
        let statements = first.get("statements").and_then(Value::as_array).into_iter().flatten();
        return Some(
            statements.filter(|statement| statement.get("status").and_then(Value::as_str) == Some("affected")).count(),
        );
    }
    let level =
        documents.iter().find_map(|document| document.pointer("/config/scan_level")?.as_str()).unwrap_or("symbol");
    let key = match level {
        "module" => "module",
        "package" => "package",
        _ => "function",
    };
    let mut found: Vec<&str> = documents
        .iter()
        .filter_map(|document| document.get("finding"))
        .filter(|finding| finding.pointer("/trace/0").is_some_and(|frame| frame.get(key).is_some()))
        .filter_map(|finding| finding.get("osv")?.as_str())
        .collect();
    found.sort_unstable();
    found.dedup();
    Some(found.len())
}
