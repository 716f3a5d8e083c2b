//! govulncheck: its text, and the messages of `-format json`.
//!
//! A finding is what fails the scan: at the level of symbols a vulnerability that the code reaches. What is imported or
//! required without being reached is told by govulncheck and fails nothing.
//!
//! Class: Go's database has no severity. What the code reaches is P1; of a scan at the level of packages or modules, which
//! does not know what is reached, the class is unknown.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ScanEvidence, below};
use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::decision::risk::RiskClass;
use rcrepro_model::plan::proof::Tool;

pub(super) fn read(evidence: &ScanEvidence<'_>) -> Option<Vec<ScanFinding>> {
    let streams = std::iter::once(evidence.stdout).chain(evidence.outputs.iter().map(Vec::as_slice));
    let messages = streams.map(messages).find(|messages| !messages.is_empty());
    match messages {
        Some(messages) => Some(json(&messages, evidence.folder)),
        None => text(&String::from_utf8_lossy(evidence.stdout), evidence.folder),
    }
}

/// Reads a stream of messages; none when it is something else.
fn messages(bytes: &[u8]) -> Vec<Value> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Vec::new();
    }
    let all: Vec<Value> =
        serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().map_while(Result::ok).collect();
    if all.iter().any(|message| message.get("config").is_some()) { all } else { Vec::new() }
}

fn json(messages: &[Value], folder: &str) -> Vec<ScanFinding> {
    let level = messages.iter().find_map(|message| message.pointer("/config/scan_level")?.as_str()).unwrap_or("symbol");
    let (key, class) = match level {
        "module" => ("module", None),
        "package" => ("package", None),
        _ => ("function", Some(RiskClass::P1)),
    };
    let summaries: BTreeMap<&str, &str> = messages
        .iter()
        .filter_map(|message| message.get("osv"))
        .filter_map(|osv| Some((osv.get("id")?.as_str()?, osv.get("summary")?.as_str()?)))
        .collect();
    let mut found: BTreeMap<(String, String), ScanFinding> = BTreeMap::new();
    for finding in messages.iter().filter_map(|message| message.get("finding")) {
        let word = |at: &str| finding.pointer(at).and_then(Value::as_str);
        let (Some(id), Some(module)) = (word("/osv"), word("/trace/0/module")) else { continue };
        if word(&format!("/trace/0/{key}")).is_none() {
            continue;
        }
        let place = finding.get("trace").and_then(Value::as_array).and_then(|trace| own_code(trace));
        let version = |text: &str| plain_version(module, text);
        let new = ScanFinding {
            tool: Tool::Govulncheck,
            id: id.to_owned(),
            package: Some(module.to_owned()),
            version: word("/trace/0/version").map(version),
            fixed: word("/fixed_version").filter(|text| !text.is_empty()).map(version),
            class,
            file: None,
            line: None,
            says: summaries.get(id).copied().unwrap_or_default().to_owned(),
        };
        merge(&mut found, new, place);
    }
    finish(found, folder)
}

/// Returns the place in the source's own code from which the vulnerable one is reached. The last frame is own code for certain;
/// the one nearest to the fault is what text shows.
fn own_code(trace: &[Value]) -> Option<(String, u64)> {
    let module = trace.last()?.get("module")?;
    let position = trace.iter().skip(1).find(|frame| frame.get("module") == Some(module))?.get("position")?;
    Some((position.get("filename")?.as_str()?.to_owned(), position.get("line")?.as_u64()?))
}

/// Keeps one finding for each vulnerability of a module, at the first place that reaches it.
fn merge(found: &mut BTreeMap<(String, String), ScanFinding>, new: ScanFinding, place: Option<(String, u64)>) {
    let key = (new.id.clone(), new.package.clone().unwrap_or_default());
    let known = found.entry(key).or_insert(new);
    if let Some((file, line)) = place {
        let at = (Some(file), Some(line));
        if known.file.is_none() || at < (known.file.clone(), known.line) {
            (known.file, known.line) = at;
        }
    }
}

/// Names `go.mod` where no place of the source's own code is known.
fn finish(found: BTreeMap<(String, String), ScanFinding>, folder: &str) -> Vec<ScanFinding> {
    let named = |mut finding: ScanFinding| {
        let file = finding.file.take().unwrap_or_else(|| "go.mod".to_owned());
        finding.file = Some(below(folder, &file));
        finding
    };
    found.into_values().map(named).collect()
}

/// Writes versions of the standard library without a prefix: text says `go1.26.8`, JSON `v1.26.8`.
fn plain_version(module: &str, text: &str) -> String {
    if module != "stdlib" && module != "toolchain" {
        return text.to_owned();
    }
    text.strip_prefix("go").or_else(|| text.strip_prefix('v')).unwrap_or(text).to_owned()
}

/// Reads the first section of results, which is the one of the scan's level.
fn text(report: &str, folder: &str) -> Option<Vec<ScanFinding>> {
    if !report.contains("ulnerabilities") {
        return None;
    }
    let mut found = BTreeMap::new();
    let (mut class, mut sections) = (None, 0);
    let mut open: Option<(ScanFinding, Option<(String, u64)>)> = None;
    for line in report.lines() {
        if let Some(title) = line.strip_prefix("=== ").and_then(|rest| rest.strip_suffix(" Results ===")) {
            sections += 1;
            class = (title == "Symbol").then_some(RiskClass::P1);
            if sections > 1 {
                break;
            }
        } else if let Some((_, id)) = line.strip_prefix("Vulnerability #").and_then(|rest| rest.split_once(": ")) {
            close(&mut found, open.take());
            open = Some((begun(id, class), None));
        } else if let Some((finding, place)) = &mut open {
            told(finding, place, line);
        }
    }
    close(&mut found, open);
    Some(finish(found, folder))
}

fn close(found: &mut BTreeMap<(String, String), ScanFinding>, open: Option<(ScanFinding, Option<(String, u64)>)>) {
    if let Some((finding, place)) = open {
        merge(found, finding, place);
    }
}

fn begun(id: &str, class: Option<RiskClass>) -> ScanFinding {
    ScanFinding {
        tool: Tool::Govulncheck,
        id: id.trim().to_owned(),
        package: None,
        version: None,
        fixed: None,
        class,
        file: None,
        line: None,
        says: String::new(),
    }
}

/// Takes one line of a vulnerability's paragraph.
fn told(finding: &mut ScanFinding, place: &mut Option<(String, u64)>, line: &str) {
    let words = line.trim();
    if words == "Standard library" {
        finding.package = Some("stdlib".to_owned());
    } else if let Some(module) = words.strip_prefix("Module: ") {
        finding.package = Some(module.to_owned());
    } else if let Some(found) = words.strip_prefix("Found in: ") {
        finding.version = at_version(finding, found);
    } else if let Some(fixed) = words.strip_prefix("Fixed in: ") {
        finding.fixed = at_version(finding, fixed);
    } else if let Some(trace) = words.strip_prefix('#').filter(|_| finding.package.is_some()) {
        let at = trace.split_once(": ").and_then(|(_, rest)| position(rest));
        nearer(place, at);
    } else if finding.package.is_none() && finding.says.is_empty() && !words.is_empty() {
        finding.says = words.to_owned();
    }
}

fn at_version(finding: &ScanFinding, text: &str) -> Option<String> {
    let (_, version) = text.rsplit_once('@')?;
    Some(plain_version(finding.package.as_deref().unwrap_or_default(), version))
}

/// Reads `FILE:LINE:COLUMN: …`.
fn position(text: &str) -> Option<(String, u64)> {
    let mut parts = text.splitn(4, ':');
    let (file, line, column) = (parts.next()?, parts.next()?, parts.next()?);
    column.trim().parse::<u64>().ok()?;
    Some((file.to_owned(), line.parse().ok()?))
}

fn nearer(place: &mut Option<(String, u64)>, at: Option<(String, u64)>) {
    if let Some(at) = at
        && place.as_ref().is_none_or(|known| at < *known)
    {
        *place = Some(at);
    }
}
