//! The template against the release plan that it was made for, and the example against the template.

use std::collections::BTreeSet;

use super::RELEASE_CONFIDENCE;
use super::files::{DOCUMENTS, FILES};
use rcrepro_format::plan::plan_toml;
use rcrepro_model::plan::{ImageSource, Packet, Plan};
use rcrepro_normalize as normalize;

const EXAMPLE: &str = include_str!("../../../examples/beacon/rcrepro.toml");

/// What the template has and the example does not, each with the reason. An entry that no longer differs fails the test, too.
const DIFFERENCES: [(&str, &str, &str); 5] = [
    ("RC-01", "criterion: No opportunistic refactors outside a packet’s declared goal.", NO_BRANCHES),
    ("RC-03", "criterion: No opportunistic refactors outside a packet’s declared goal.", NO_BRANCHES),
    ("RC-04", "criterion: No opportunistic refactors outside a packet’s declared goal.", NO_BRANCHES),
    (
        "RC-06",
        "command: bash scripts/build-release.sh 1.0.0",
        "the example releases 1.4.0, by scripts that can be executed",
    ),
    ("RC-06", "command: bash scripts/validate-release.sh 1.0.0 --skip-docker", "as above"),
];

const NO_BRANCHES: &str =
    "the example came into this repository whole: there is no branch a packet whose scope could be recorded";

fn parse(text: &str) -> Plan {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    plan_toml::parse(text, &names).expect("a good plan")
}

/// Lists what a packet promises and runs, a line each.
fn promises(plan: &Plan, packet: &Packet) -> BTreeSet<String> {
    let contract = &packet.contract;
    let prose = [
        ("title", std::slice::from_ref(&packet.title)),
        ("goal", &contract.goal),
        ("in scope", &contract.in_scope),
        ("out of scope", &contract.out_of_scope),
        ("rollback", &contract.rollback),
    ];
    let prose = prose.iter().flat_map(|(key, lines)| lines.iter().map(move |line| format!("{key}: {line}")));
    let needs = packet.needs.iter().map(|need| format!("needs: {need}"));
    let criteria = contract.criteria().map(|criterion| format!("criterion: {}", criterion.says));
    let bases = contract.criteria().flat_map(|criterion| {
        criterion.rests_on.iter().map(|basis| format!("criterion: {} <- {basis}", criterion.says))
    });
    let commands = plan.commands(packet).map(|command| format!("command: {}", command.line));
    prose.chain(needs).chain(criteria).chain(bases).chain(commands).collect()
}

/// Lists what packets of the template promise and those of another plan do not, by packet.
fn lacks(template: &Plan, other: &Plan) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (id, packet) in &template.packets {
        let has = other.packets.get(id).map(|packet| promises(other, packet)).unwrap_or_default();
        found.extend(promises(template, packet).difference(&has).map(|promise| (id.to_string(), promise.clone())));
    }
    found
}

#[test]
fn the_example_keeps_what_the_template_promises() {
    let found = lacks(&parse(RELEASE_CONFIDENCE), &parse(EXAMPLE));
    // What a criterion rests on goes with its sentence.
    let told = |packet: &str, promise: &str| {
        let of = |(id, line, _): &&(&str, &str, &str)| *id == packet && promise.split(" <- ").next() == Some(*line);
        DIFFERENCES.iter().find(of)
    };
    let untold = found.iter().filter(|(packet, promise)| told(packet, promise).is_none());
    let untold: Vec<String> = untold.map(|(packet, promise)| format!("{packet} {promise}")).collect();
    assert_eq!(untold, [""; 0]);
    for (packet, line, why) in DIFFERENCES {
        assert!(
            !why.is_empty() && found.iter().any(|(id, promise)| id == packet && promise == line),
            "{packet} {line}"
        );
    }
}

#[test]
fn a_promise_that_the_example_drops_is_found() {
    for (from, to, packet, promise) in [
        ("needs = [\"RC-06\"]\n", "", "RC-07", "needs: RC-06"),
        ("    \"Run the Global Command Set.\",\n", "", "RC-05", "in scope: Run the Global Command Set."),
        (
            "run = \"gitleaks detect --no-git --source .\"",
            "run = \"gitleaks detect\"",
            "RC-05",
            "command: gitleaks detect --no-git --source .",
        ),
        ("\"`gitleaks` exits 0 (0 leaks).\"", "\"No leaks.\"", "RC-02", "criterion: `gitleaks` exits 0 (0 leaks)."),
        (
            "rests-on = [\"risks\"]",
            "rests-on = [\"packets\"]",
            "RC-07",
            "criterion: Residual risks are P2-only (or explicitly accepted with owners and dates). <- risks",
        ),
    ] {
        assert_eq!(EXAMPLE.matches(from).count(), 1, "{from}");
        let found = lacks(&parse(RELEASE_CONFIDENCE), &parse(&EXAMPLE.replacen(from, to, 1)));
        assert!(found.contains(&(packet.to_owned(), promise.to_owned())), "{promise} in {found:?}");
    }
}

#[test]
fn the_last_replay_runs_the_global_command_set_whole() {
    let plan = parse(RELEASE_CONFIDENCE);
    let id = "RC-05".parse().expect("an id");
    let lines: Vec<&str> = plan.commands(&plan.packets[&id]).map(|command| command.line.as_str()).collect();
    let expected = [
        "go build ./...",
        "go test ./... -count=1",
        "go test ./internal/api/... -run \"Security|Tenant|RBAC|Contract|RouteInventory\" -count=1",
        "go test ./internal/monitoring/... -run \"Tenant|Alert|Isolation|TrueNAS\" -count=1",
        // No line of the set: what its frontend lines stand on.
        "cd frontend-modern && npm ci",
        "cd frontend-modern && npx vitest run",
        "frontend-modern/node_modules/.bin/tsc --noEmit -p frontend-modern/tsconfig.json",
        "bash scripts/conformance-smoke.sh",
        "gitleaks detect --no-git --source .",
        "govulncheck ./...",
        "cd frontend-modern && npm audit --omit=dev",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn all_that_the_template_names_is_written_beside_it() {
    let plan = parse(RELEASE_CONFIDENCE);
    let written: BTreeSet<&str> = FILES.iter().chain(&DOCUMENTS).map(|(path, _)| *path).collect();
    for source in plan.images.values() {
        let ImageSource::Build { definition, .. } = source else { panic!("the template builds its images") };
        assert!(written.contains(definition.as_str()), "{definition}");
    }
    for path in &plan.documents.generated {
        assert!(written.contains(path.as_str()), "{path}");
    }
    for (path, text) in FILES.iter().filter(|(path, _)| path.ends_with(".toml")) {
        for parent in text.lines().filter_map(|line| line.strip_prefix("from = ")) {
            let parents: Vec<&str> = parent.split('"').skip(1).step_by(2).collect();
            assert!(!parents.is_empty(), "{path}: {parent}");
            assert!(parents.iter().all(|name| written.contains(format!("images/{name}.toml").as_str())), "{path}");
        }
        for key in text
            .lines()
            .filter(|line| line.starts_with("signed_by"))
            .flat_map(|line| line.split('"').skip(1).step_by(2))
        {
            assert!(written.contains(format!("images/keys/{key}.asc").as_str()), "{path}: {key}");
        }
    }
}
