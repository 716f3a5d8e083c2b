use std::collections::BTreeSet;

use rcrepro_testkit::schema::{Schema, published};

use super::{json, sarif, text};
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::advisory::findings::{Findings, Scan};
use rcrepro_model::advisory::rescan::ScanOutcome;
use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::decision::risk::RiskClass;
use rcrepro_model::plan::proof::Tool;

fn finding(tool: Tool, id: &str, class: Option<RiskClass>, file: Option<(&str, u64)>) -> ScanFinding {
    ScanFinding {
        tool,
        id: id.into(),
        package: (tool != Tool::Gitleaks).then(|| "example.com/m".to_owned()),
        version: (tool != Tool::Gitleaks).then(|| "v1.0.0".to_owned()),
        fixed: (tool != Tool::Gitleaks).then(|| "v1.1.0".to_owned()),
        class,
        file: file.map(|(file, _)| file.to_owned()),
        line: file.map(|(_, line)| line),
        says: "Invented".into(),
    }
}

fn findings() -> Findings {
    let by: BTreeSet<_> = [("RC-02".parse().expect("an id"), "scan".parse().expect("a name"))].into();
    let all = [
        finding(Tool::Govulncheck, "GO-2026-0002", Some(RiskClass::P1), Some(("cmd/a b/main.go", 7))),
        finding(Tool::Govulncheck, "GO-2026-0001", None, None),
        finding(Tool::Gitleaks, "leaks", Some(RiskClass::P0), None),
        finding(Tool::NpmAudit, "GHSA-1", Some(RiskClass::P3), Some(("package-lock.json", 1))),
    ];
    let scan = Scan {
        packet: "RC-02".parse().expect("an id"),
        command: "scan".parse().expect("a name"),
        line: "govulncheck ./...".into(),
        origin: Some("manifests/RC-02.json".into()),
        outcome: Some(ScanOutcome::Finds { ids: ["GO-2026-0001".to_owned()].into() }),
        conditions: Vec::new(),
    };
    Findings {
        scans: vec![scan],
        found: all.into_iter().map(|finding| (finding, by.clone())).collect(),
        waived: [("npm-audit/GHSA-1".to_owned(), "ada until 2026-12-31: not reached".to_owned())].into(),
        ..Findings::default()
    }
}

#[test]
fn text_says_class_name_place_and_who_found_it() {
    let shown = text::findings(&findings());
    for part in [
        "P0       gitleaks/leaks  Invented\n    at a place that the evidence does not name, found by RC-02/scan\n",
        "unknown  govulncheck/GO-2026-0001  Invented\n    example.com/m v1.0.0, fixed in v1.1.0\n",
        "    cmd/a b/main.go:7, found by RC-02/scan\n",
        "RC-02/scan: finds GO-2026-0001 (manifests/RC-02.json)\n4 findings, 1 of them waived\n",
    ] {
        assert!(shown.contains(part), "{part}\n---\n{shown}");
    }
}

#[test]
fn sarif_has_a_run_a_tool_and_meets_the_published_schema() {
    let log = sarif::log(&findings(), &[Tool::Govulncheck]);
    let names: Vec<_> =
        log["runs"].as_array().expect("runs").iter().map(|run| &run["tool"]["driver"]["name"]).collect();
    assert_eq!(names, ["gitleaks", "govulncheck", "npm-audit"]);
    let run = &log["runs"][1];
    let result = &run["results"][1];
    assert_eq!(
        (&result["ruleId"], &result["ruleIndex"], &result["level"]),
        (&"GO-2026-0002".into(), &1.into(), &"error".into())
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "cmd/a%20b/main.go");
    assert_eq!(place["region"]["startLine"], 7);
    assert_eq!(run["results"][0]["level"], "warning", "the class is not known");
    let waived = &log["runs"][2]["results"][0];
    assert_eq!((&waived["level"], &waived["suppressions"][0]["kind"]), (&"note".into(), &"external".into()));

    let mut schema = published("sarif-2.1.0-rtm.5.schema.json");
    // As published it holds twice a pattern with a bracket too many, for a language, which no log of ours names.
    for definition in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][definition]["properties"]["language"];
        assert!(language.as_object_mut().is_some_and(|language| language.remove("pattern").is_some()));
    }
    let schema = Schema::of(&schema);
    let errors = |log: &serde_json::Value| schema.mistakes(log);
    assert_eq!(errors(&log), Vec::<String>::new());
    assert_eq!(errors(&sarif::log(&Findings::default(), &[])), Vec::<String>::new(), "nothing was scanned");
    let mut wrong = log;
    wrong["runs"][1]["results"][1]["level"] = "grave".into();
    assert!(!errors(&wrong).is_empty(), "the schema would say so");
}

#[test]
fn equal_findings_give_equal_bytes() {
    let (one, mut other) = (findings(), findings());
    other.scans[0].origin = Some("run 20260101T000000Z-x".into());
    let bytes = |findings: &Findings| {
        let tools = [Tool::Govulncheck];
        let documents = [json::findings(findings), sarif::log(findings, &tools)];
        documents.map(|document| canonical_json::to_vec(&document).expect("strings and integers"))
    };
    assert_eq!(bytes(&one), bytes(&other));
}
