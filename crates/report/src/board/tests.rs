use std::collections::{BTreeMap, BTreeSet};

use super::{markdown, text};
use rcrepro_model::advisory::time_split::TimeSplit;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::decision::board::{Board, BoardRow, Decided, Fact, PacketState};
use rcrepro_model::decision::verdict::Verdict;
use rcrepro_model::plan::contract::Contract;
use rcrepro_model::plan::{Packet, PacketId};

fn board() -> Board {
    let evidence = Digest::of(b"a manifest");
    let holds = Fact::Holds { evidence, says: "exit code 0".into() };
    let waits = Fact::Waits { why: "no evidence yet: rcrepro run RC-02".into() };
    let row = |id: &str, state, reasons: &[&str], fact: &Fact, manifest| BoardRow {
        id: id.parse().expect("an id"),
        title: format!("The packet | {id}"),
        state,
        reasons: reasons.iter().map(|reason| (*reason).to_owned()).collect(),
        needs: BTreeSet::new(),
        manifest,
        criteria: vec![Decided { says: "Tests pass.".into(), rests_on: [("commands".into(), fact.clone())].into() }],
    };
    Board {
        rows: vec![
            row("RC-01", PacketState::Done, &[], &holds, Some(evidence)),
            row("RC-02", PacketState::Ready, &["no evidence yet: rcrepro run RC-02"], &waits, None),
        ],
        ..Board::default()
    }
}

fn packets() -> BTreeMap<PacketId, Packet> {
    let contract =
        Contract { goal: vec!["Pin.".into(), "Go.".into()], rollback: vec!["Revert.".into()], ..Contract::default() };
    let packet = Packet { contract, ..Packet::default() };
    [("RC-01".parse().expect("an id"), packet)].into()
}

#[test]
fn the_terminal_shows_what_is_next_and_why() {
    let shown = text::board(&board());
    assert!(shown.ends_with("next: RC-02 (The packet | RC-02)\n"), "{shown}");
    assert!(shown.contains("READY") && shown.contains("no evidence yet: rcrepro run RC-02"), "{shown}");
}

#[test]
fn every_criterion_is_shown_with_its_digest() {
    let shown = text::verdict(&board(), Verdict::Undecided, &TimeSplit::default());
    let digest = Digest::of(b"a manifest");
    assert!(shown.contains(&format!("  [x] Tests pass.\n        commands: exit code 0, {digest}\n")), "{shown}");
    assert!(shown.contains("  [ ] Tests pass.\n        commands: no evidence yet: rcrepro run RC-02\n"), "{shown}");
    assert!(shown.ends_with("verdict: UNDECIDED\n"), "{shown}");
}

#[test]
fn documents_tick_only_what_is_done() {
    let shown = markdown::checklist(&board(), &packets());
    let digest = Digest::of(b"a manifest");
    assert!(shown.contains(&format!("- [x] Tests pass. (commands `{digest}`)\n")), "{shown}");
    assert!(shown.contains("- [ ] Tests pass.\n"), "{shown}");
    let prose = "**RC-01: The packet \\| RC-01**\n\n*Goal:* Pin. Go.\n\n*Rollback:* Revert.\n\n- [x]";
    assert!(shown.starts_with(prose), "{shown}");
    assert!(markdown::board(&board()).contains("| RC-02 | READY | The packet \\| RC-02 | – | – |\n"));
}

/// A board of packets in these states, without criteria.
fn in_states(states: &[PacketState]) -> Board {
    let row = |(index, state): (usize, &PacketState)| BoardRow {
        id: format!("RC-0{}", index + 1).parse().expect("an id"),
        title: "A packet".into(),
        state: *state,
        reasons: Vec::new(),
        needs: BTreeSet::new(),
        manifest: None,
        criteria: Vec::new(),
    };
    Board { rows: states.iter().enumerate().map(row).collect(), ..Board::default() }
}

#[test]
fn where_nothing_is_ready_the_board_says_what_to_do_instead() {
    use PacketState::{Blocked, Done, Failed, Running, Undecided};
    for (states, expected) in [
        (&[Done, Failed, Blocked][..], "mend RC-02, which is FAILED; its evidence: rcrepro log RC-02"),
        (&[Undecided, Failed], "mend RC-02, which is FAILED; its evidence: rcrepro log RC-02"),
        (&[Running, Undecided], "mend RC-02, which is UNDECIDED; its evidence: rcrepro log RC-02"),
        (&[Running, Blocked], "wait for RC-01, which is running"),
        (&[Done, Done], "every packet is done: rcrepro verdict"),
        (&[], "write packets into the plan, which has none"),
    ] {
        let shown = text::board(&in_states(states));
        assert!(shown.ends_with(&format!("next: {expected}\n")), "{shown}");
    }
}

#[test]
fn an_undecided_verdict_has_a_reason_even_where_every_packet_is_done() {
    let verdict = |states: &[PacketState]| text::verdict(&in_states(states), Verdict::Undecided, &TimeSplit::default());
    let shown = verdict(&[PacketState::Done]);
    assert!(shown.contains("undecided: no packet has a criterion"), "{shown}");
    let shown = verdict(&[]);
    assert!(shown.contains("undecided: the plan has no packet"), "{shown}");
    let shown = verdict(&[PacketState::Done, PacketState::Blocked]);
    assert!(!shown.contains("undecided:"), "the packet says why: {shown}");
}
