use super::*;
use rcrepro_format::syntax::toml_place;
use rcrepro_model::evidence::compare::Part;
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::shake::inquiry::UnsteadyPart;
use rcrepro_model::shake::observation::{Facet, Seen};
use rcrepro_model::shake::variation::{Setting, Setup};
use rcrepro_store::memory::MemoryStore;

const STDOUT: Facet = Facet::Part(Part::Stdout);

fn seen(store: &MemoryStore, text: &str) -> Seen {
    let digest = store.put(text.as_bytes()).expect("stored");
    Seen::Stream { raw: digest, canonical: digest }
}

fn packet(store: &MemoryStore, findings: Vec<ShakeFinding>, left_out: &[Variation]) -> ShakenPacket {
    drop(seen(store, ""));
    let inquiry = Inquiry {
        clock: ClockMode::Starts,
        facets: [Facet::Ending, STDOUT].into(),
        findings,
        varied: [Variation::Hostname, Variation::Clock].into(),
        not_applied: left_out.iter().copied().collect(),
        runs: 5,
    };
    let id = |text: &str| text.parse().expect("a name");
    ShakenPacket {
        packet: "RC-05".parse().expect("an id"),
        worlds: 3,
        repeat: 2,
        seed: 1,
        commands: vec![ShakenCommand { id: id("greet"), result: Shaken::Asked(inquiry) }],
    }
}

fn cause(store: &MemoryStore) -> ShakeFinding {
    let setting = Setting::Hostname("elsewhere");
    let cause = ShakeCause {
        setup: Setup::from([(Variation::Hostname, setting)]),
        differing: 4,
        runs: 4,
        baseline: seen(store, "on rcrepro\nsame\n"),
        found: seen(store, "on elsewhere\nsame\n"),
    };
    ShakeFinding { facet: STDOUT, level: Level::Canonical, causes: vec![cause], flake: None, flowing: None }
}

#[test]
fn a_cause_is_told_with_its_lines() {
    let store = MemoryStore::default();
    let shaken = packet(&store, vec![cause(&store)], &[]);
    let lines = text(&shaken, &store);
    let rows: Vec<Vec<&str>> = lines.lines().take(3).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[1].join(" "), "greet stdout = - DIFF - - - - - - - = - -");
    assert_eq!(rows[2].join(" "), "others (1) = - = - - - - - - - = - -");
    let told = "greet stdout: differs with host=elsewhere (4 of 4 runs)\n    stdout:1 - on rcrepro\n    stdout:1 + on elsewhere\n";
    assert!(lines.contains(told), "{lines}");
    assert!(lines.ends_with(
        "RC-05 is NOT the same in every world: of 1 command 0 bitwise, 0 canonical, 1 divergent, 0 failed, 0 undecided (5 runs, seed 1)\n"
    ));
    let document = json::document(&shaken, &store);
    assert_eq!(
        document["commands"][0]["findings"][0]["causes"][0]["settings"],
        serde_json::json!({ "host": "elsewhere" })
    );
    assert_eq!(document["commands"][0]["parts"]["stdout"]["host"], "differs");
}

#[test]
fn a_flake_is_proposed_as_toml_whatever_its_names_are() {
    let store = MemoryStore::default();
    let flake =
        |setup| UnsteadyPart { setup, differing: 1, runs: 4, evidence: [seen(&store, "a\n"), seen(&store, "b\n")] };
    let finding = |level, facet, setup| ShakeFinding {
        facet,
        level,
        causes: Vec::new(),
        flake: Some(flake(setup)),
        flowing: None,
    };
    let odd = Facet::Part(Part::Output("a \"b\"\\c".into()));
    let load = Setup::from([(Variation::Load, Setting::Load(6))]);
    let findings = vec![
        finding(Level::Canonical, STDOUT, Setup::new()),
        finding(Level::Raw, STDOUT, Setup::new()),
        finding(Level::Canonical, odd, load),
    ];
    let shaken = packet(&store, findings, &[]);
    let proposals = quarantine::proposals(&shaken);
    let (_, toml) = proposals.split_once('\n').expect("a line of words first");
    let table: serde_json::Value = toml_place::parse(toml).expect("TOML");
    let all = table["quarantine"].as_array().expect("tables");
    assert_eq!(all.len(), 2, "what normalizers take away needs none");
    let own = "stdout: 1 of 4 runs in the plan's own world differ from the first one";
    assert_eq!(all[0]["reason"].as_str(), Some(own));
    let other = "a \"b\"\\c: 1 of 4 runs with load=6 differ from the first one";
    assert_eq!(all[1]["reason"].as_str(), Some(other));
    assert_eq!(proposals.matches("\n# seen: \"").count(), 4, "{proposals}");
}

#[test]
fn what_was_left_out_leaves_it_undecided_unless_something_differs() {
    let store = MemoryStore::default();
    let shaken = packet(&store, Vec::new(), &[Variation::Clock]);
    assert_eq!(shaken.equality(), Equality::Undecided);
    assert!(
        text(&shaken, &store)
            .contains("clock was asked for, and the engine did not carry it out: greet\nRC-05 is UNDECIDED")
    );
    assert_eq!(packet(&store, vec![cause(&store)], &[Variation::Clock]).equality(), Equality::Divergent);
    assert_eq!(packet(&store, Vec::new(), &[]).equality(), Equality::Bitwise);
    let nothing = ShakenPacket { commands: Vec::new(), ..packet(&store, Vec::new(), &[]) };
    assert_eq!(nothing.equality(), Equality::Undecided);
    let failed = ShakenCommand {
        id: "x".parse().expect("a name"),
        result: Shaken::Failed { exit_code: 3, ended: "exit code 3".into() },
    };
    assert_eq!((failed.result.equality(), Shaken::Skipped.equality()), (Equality::Failed, Equality::Undecided));
    let beside = ShakenPacket { commands: vec![failed], ..nothing };
    assert_eq!(beside.equality(), Equality::Failed);
    assert!(text(&beside, &store).contains("x: exit code 3 in its own world; there is nothing to compare with\n"));
}
