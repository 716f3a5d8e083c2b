use super::*;
use rcrepro_model::advisory::waiver::FindingPattern;
use rcrepro_model::plan::pins::{Pin, ToolVersion};

fn pins() -> Pins {
    Pins { go: Some(Pin { version: ToolVersion::new(1, 26, 8), old: vec![ToolVersion::new(1, 25, 3)] }), node: None }
}

fn day() -> CivilDate {
    "2026-11-23".parse().expect("a date")
}

fn judged(files: &[(&str, &str)], waivers: &[Waiver]) -> Judgement {
    let mut survey = PinSurvey::default();
    for (path, text) in files {
        survey.file(path, text.as_bytes(), &pins());
    }
    judge(&survey, &pins(), waivers, day())
}

fn ids(judgement: &Judgement) -> Vec<&str> {
    judgement.findings.iter().map(|finding| finding.id.as_str()).collect()
}

#[test]
fn a_tree_that_agrees_has_no_finding() {
    let digest = format!("golang:1.26.8@sha256:{}", "a".repeat(64));
    let from = format!("FROM {digest}\n");
    let good = judged(&[("go.mod", "module m\ngo 1.25.0\ntoolchain go1.26.8\n"), ("Dockerfile", &from)], &[]);
    assert_eq!(ids(&good), [""; 0]);
    assert_eq!(good.standing(), Standing::Passed);
    assert_eq!(good.references.len(), 4);
}

#[test]
fn each_state_has_its_finding() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - uses: actions/setup-go@v5\n      \
                    with: {go-version-file: go.mod}\n    - uses: actions/setup-go@v5\n      with: {go-version: \"${{ vars.X }}\"}\n";
    let judgement = judged(
        &[
            ("go.mod", "module m\ngo 1.25.0\n"),
            ("Dockerfile", "FROM golang:1.26\n"),
            (".github/workflows/ci.yml", workflow),
            ("build.sh", "GO_VERSION=1.25.3\nVERSION=1.25.3\n"),
            ("broken.yml", "a: [b\nc: d\n"),
            ("testdata/go.mod", "go 1.1\ntoolchain go1.25.3\n"),
        ],
        &[],
    );
    assert_eq!(
        ids(&judgement),
        [
            "pins/disagrees:.github/workflows/ci.yml:go:go.mod: 1.25.0",
            "pins/undecidable:.github/workflows/ci.yml:go:${{ vars.X }}",
            "pins/floating:Dockerfile:go:1.26",
            "pins/image-without-digest:Dockerfile:golang:1.26",
            "pins/unreadable:broken.yml",
            "pins/disagrees:build.sh:go:1.25.3",
            "pins/old-version-unclear:build.sh:go:1.25.3",
            "pins/no-toolchain:go.mod",
        ]
    );
    assert_eq!(judgement.standing(), Standing::Failed);
    let alike = judgement.old.iter().filter(|old| matches!(old.sighting, Sighting::LookAlike(_))).count();
    assert_eq!((judgement.old.len(), alike), (3, 1));
}

#[test]
fn a_tree_without_a_reference_is_undecided() {
    let judgement = judged(&[("README.md", "hello\n"), ("testdata/Dockerfile", "FROM golang:1.26.8\n")], &[]);
    assert_eq!(ids(&judgement), ["pins/no-reference:go"]);
    assert_eq!(judgement.standing(), Standing::Undecided);
}

#[test]
fn a_waiver_counts_until_it_expires() {
    let waiver = |expires: &str| Waiver {
        finding: FindingPattern::new("pins/image-without-digest:Dockerfile:*").expect("a pattern"),
        reason: "no registry".into(),
        owner: "ada".into(),
        expires: expires.parse().expect("a date"),
    };
    let files = [("go.mod", "module m\ngo 1.26.8\n"), ("Dockerfile", "FROM alpine:3\n")];
    assert_eq!(judged(&files, &[waiver("2026-11-23")]).standing(), Standing::Passed);
    let expired = judged(&files, &[waiver("2026-11-22")]);
    assert_eq!(expired.standing(), Standing::Failed);
    assert_eq!(expired.findings[0].expired.map(|day| day.to_string()).as_deref(), Some("2026-11-22"));
}
