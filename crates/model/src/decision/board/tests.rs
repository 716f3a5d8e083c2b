use super::*;
use crate::plan::contract::Contract;
use crate::plan::documents::DocumentSettings;
use crate::plan::pins::Pins;

fn packet(needs: &[&str], exit: &[(&str, Basis)]) -> Packet {
    let exit = exit.iter().map(|(says, basis)| Criterion { says: (*says).into(), rests_on: [basis.clone()].into() });
    Packet {
        title: "A packet".into(),
        sets: Vec::new(),
        release_images: Vec::new(),
        needs: needs.iter().map(|text| id(text)).collect(),
        findings: BTreeSet::new(),
        contract: Contract { exit: exit.collect(), ..Contract::default() },
    }
}

fn plan() -> Plan {
    let signup = Basis::Command("signup".parse().expect("a name"));
    Plan {
        name: "beacon".into(),
        exclude: Vec::new(),
        tags: None,
        images: BTreeMap::new(),
        frozen: BTreeMap::new(),
        release_images: BTreeMap::new(),
        sets: BTreeMap::new(),
        protected: BTreeMap::new(),
        pins: Pins::default(),
        waivers: Vec::new(),
        quarantine: Vec::new(),
        documents: DocumentSettings::default(),
        risks: Vec::new(),
        mutants: Vec::new(),
        advisories: crate::advisory::policy::AdvisoryPolicy::default(),
        packets: [
            (id("RC-00"), packet(&[], &[("Approved.", Basis::Approval)])),
            (id("RC-03"), packet(&["RC-00"], &[("Tests pass.", signup), ("Pins agree.", Basis::Pins)])),
            (id("RC-07"), packet(&["RC-03"], &[("All are done.", Basis::Packets)])),
        ]
        .into(),
    }
}

fn id(text: &str) -> PacketId {
    text.parse().expect("an id")
}

fn holds() -> Fact {
    Fact::Holds { evidence: Digest::of(b"x"), says: "so it is".into() }
}

fn whole() -> PacketEvidence {
    let commands = [("signup".parse().expect("a name"), Digest::of(b"result"))].into();
    PacketEvidence::Whole {
        manifest: Digest::of(b"manifest"),
        commands,
        flakes: BTreeMap::new(),
        conditions: BTreeMap::new(),
    }
}

fn facts(evidence: Option<PacketEvidence>, facts: &[(Basis, Fact)]) -> PacketFacts {
    PacketFacts { evidence, facts: facts.iter().cloned().collect(), running: false }
}

fn states(approval: Fact, evidence: PacketEvidence, pins: Fact) -> Vec<(PacketState, String)> {
    let plan = plan();
    let known = [
        (id("RC-00"), facts(None, &[(Basis::Approval, approval)])),
        (id("RC-03"), facts(Some(evidence), &[(Basis::Pins, pins)])),
        (id("RC-07"), facts(None, &[])),
    ];
    let board = decide(&plan, &known.into());
    board.rows.iter().map(|row| (row.state, row.reasons.join("\n"))).collect()
}

#[test]
fn everything_done_rests_on_digests() {
    let all = states(holds(), whole(), holds());
    assert!(all.iter().all(|(state, reasons)| *state == PacketState::Done && reasons.is_empty()), "{all:?}");
}

#[test]
fn each_lack_has_its_state_and_blocks_what_needs_it() {
    let fails = || Fact::Fails { why: "go.mod says 1.25".into() };
    let waits = || Fact::Waits { why: "rcrepro approve RC-00".into() };
    let undecided = || Fact::Undecided { why: "nothing searched".into() };
    let missing = || PacketEvidence::Missing { why: "no manifest".into() };
    let failed = || PacketEvidence::Failed { why: vec!["exit code 1".into()] };
    let unclear = || PacketEvidence::Undecided { why: vec!["a blob is missing".into()] };
    let cases = [
        (waits(), whole(), holds(), PacketState::Ready, "Approved. rcrepro approve RC-00", PacketState::Blocked),
        (holds(), missing(), holds(), PacketState::Done, "no manifest", PacketState::Ready),
        (holds(), failed(), holds(), PacketState::Done, "exit code 1", PacketState::Failed),
        (holds(), unclear(), holds(), PacketState::Done, "a blob is missing", PacketState::Undecided),
        (holds(), whole(), fails(), PacketState::Done, "Pins agree. go.mod says 1.25", PacketState::Failed),
        (holds(), whole(), undecided(), PacketState::Done, "Pins agree. nothing searched", PacketState::Undecided),
        (fails(), whole(), holds(), PacketState::Failed, "Approved. go.mod says 1.25", PacketState::Blocked),
    ];
    for (approval, evidence, pins, first, reason, second) in cases {
        let all = states(approval, evidence, pins);
        assert_eq!((all[0].0, all[1].0), (first, second), "{all:?}");
        assert_eq!((all[2].0, all[2].1.as_str()), (PacketState::Blocked, "waits for RC-03"));
        assert!(all.iter().any(|(_, text)| text == reason), "{reason} in {all:?}");
    }
}

#[test]
fn a_criterion_of_which_nothing_is_known_is_undecided() {
    let plan = plan();
    let known = [(id("RC-00"), facts(None, &[]))];
    let board = decide(&plan, &known.into());
    assert_eq!(board.rows[0].state, PacketState::Undecided);
    assert_eq!(board.row(&id("RC-03")).map(|row| row.state), Some(PacketState::Undecided), "no facts at all");
    assert_eq!(board.next(), None);
}

#[test]
fn the_worst_of_several_reasons_counts() {
    let plan = plan();
    for (first, second, expected) in [
        (Fact::Waits { why: "w".into() }, Fact::Fails { why: "f".into() }, PacketState::Failed),
        (Fact::Undecided { why: "u".into() }, Fact::Waits { why: "w".into() }, PacketState::Undecided),
        (Fact::Fails { why: "f".into() }, Fact::Undecided { why: "u".into() }, PacketState::Failed),
    ] {
        let mut packet = plan.packets[&id("RC-00")].clone();
        packet.contract.exit[0].rests_on = [Basis::Approval, Basis::Pins].into();
        let mut plan = plan.clone();
        plan.packets.insert(id("RC-00"), packet);
        let known = [(id("RC-00"), facts(None, &[(Basis::Approval, first), (Basis::Pins, second)]))];
        assert_eq!(decide(&plan, &known.into()).rows[0].state, expected);
    }
}

#[test]
fn a_flake_in_quarantine_is_told_with_the_command_and_with_all_of_them() {
    let PacketEvidence::Whole { manifest, commands, .. } = whole() else { panic!("whole") };
    let flakes = [("signup".parse().expect("a name"), "passed at attempt 2 of 3".to_owned())].into();
    let evidence = PacketEvidence::Whole { manifest, commands, flakes, conditions: BTreeMap::new() };
    let packet = packet(&[], &[]);
    let facts = facts(Some(evidence), &[]);
    for (basis, expected) in [
        (Basis::Commands, "1 command, each with exit code 0; flake: signup passed at attempt 2 of 3"),
        (Basis::Command("signup".parse().expect("a name")), "exit code 0; flake: passed at attempt 2 of 3"),
    ] {
        let Fact::Holds { says, .. } = fact(&basis, &packet, Some(&facts), &BTreeMap::new()) else { panic!("holds") };
        assert_eq!(says, expected);
    }
}
