//! Findings about pins as SARIF 2.1.0: a result for each thing to mend, with all its places.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::findings::sarif::{SCHEMA, uri};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::standing::Standing;
use rcrepro_pins::judge::{Judgement, PinFinding};
use rcrepro_pins::rows::{FindingRow, rows};

/// What each rule is about, by the name in a finding's id.
const RULES: [(&str, &str); 9] = [
    ("pins/disagrees", "a version that is not the pinned one"),
    ("pins/floating", "a version that changes by itself"),
    ("pins/image-without-digest", "an image by its tag alone"),
    ("pins/no-reference", "a pinned tool that nothing refers to"),
    ("pins/no-toolchain", "a module that names only the least version"),
    ("pins/old-version", "a version that has to be gone"),
    ("pins/old-version-unclear", "a text that may be a version which has to be gone"),
    ("pins/undecidable", "a version that the tree does not tell"),
    ("pins/unreadable", "a file that cannot be read as what its name says"),
];

/// Gives the log, of one run.
#[must_use]
pub fn log(judgement: &Judgement) -> Value {
    let rules: Vec<Value> =
        RULES.iter().map(|(id, says)| json!({ "id": id, "shortDescription": { "text": says } })).collect();
    let results: Vec<Value> = rows(&judgement.findings).iter().map(result).collect();
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [{
        "tool": { "driver": { "name": "rcrepro pins", "rules": rules } },
        "originalUriBaseIds": { "SRCROOT": { "description": { "text": "the folder of the plan" } } },
        "columnKind": "unicodeCodePoints",
        "results": results,
    }] })
}

fn result(row: &FindingRow<'_>) -> Value {
    let (first, id) = (row.first(), row.id());
    let rule = id.match_indices(':').next().map_or(id.as_str(), |(at, _)| &id[..at]);
    let index = RULES.iter().position(|(known, _)| *known == rule);
    let level = if first.standing == Standing::Undecided { "warning" } else { "error" };
    let mut result = json!({
        "ruleId": rule, "ruleIndex": index, "level": level, "message": { "text": row.says() },
        "partialFingerprints": { "rcrepro/v1": Sha256::of(id.as_bytes()).to_string() },
        "properties": { "waiver": id },
    });
    if let Some(waived) = &first.waived {
        let why = format!("until {} by {}: {}", waived.expires, waived.owner, waived.reason);
        result["suppressions"] = json!([{ "kind": "external", "justification": why }]);
    }
    let places: Vec<Value> = row.places.iter().filter(|place| !place.file.is_empty()).map(|place| at(place)).collect();
    if !places.is_empty() {
        result["locations"] = json!(places);
    }
    result
}

fn at(finding: &PinFinding) -> Value {
    let mut place: BTreeMap<&str, Value> =
        BTreeMap::from([("artifactLocation", json!({ "uri": uri(&finding.file), "uriBaseId": "SRCROOT" }))]);
    if finding.line > 0 {
        place.insert("region", json!({ "startLine": finding.line, "startColumn": finding.column }));
    }
    json!({ "physicalLocation": place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_result_has_all_its_places() {
        let finding = |file: &str, line: usize| PinFinding {
            id: format!("pins/disagrees:{file}:go:1.25"),
            standing: Standing::Failed,
            file: file.to_owned(),
            line,
            column: 7,
            message: "go `1.25` is not the pinned version".to_owned(),
            waived: None,
            expired: None,
        };
        let findings = vec![finding("a b.yml", 3), finding("c.yml", 4)];
        let judgement = Judgement { references: vec![], old: vec![], findings, idle: vec![], files: 2, binary: 0 };
        let log = log(&judgement);
        let results = log["runs"][0]["results"].as_array().expect("results");
        assert_eq!(results.len(), 1);
        let uris = results[0]["locations"].as_array().expect("places").iter();
        let uris: Vec<_> = uris.map(|place| &place["physicalLocation"]["artifactLocation"]["uri"]).collect();
        assert_eq!(uris, ["a%20b.yml", "c.yml"]);
        assert_eq!(results[0]["properties"]["waiver"], "pins/disagrees:*:go:1.25");
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], results[0]["ruleId"]);
    }
}
