use super::*;
use crate::evidence::compare::Part;
use crate::execution::world::{DirectoryOrder, Processors, WallClock, World};

fn question(own: WorldSettings) -> Question {
    Question { usual: ClockMode::Starts, own, processors: 8, repeat: 2 }
}

/// Runs a command that passes and speaks by its world and the number of the run.
fn ask(question: &Question, command: impl Fn(&World, usize) -> (bool, String)) -> (Proposed, Trials) {
    let mut trials = Trials::new();
    for n in 0..60 {
        match step(question, &trials) {
            ProposalStep::Done(proposed) => return (proposed, trials),
            ProposalStep::Run(candidate) => {
                let (passed, said) = command(&candidate.world(7, &question.own, question.usual), n);
                let observation = Observation::of_stdout(&said, &said, &[]);
                trials.entry(candidate).or_default().push(Trial { observation, passed });
            }
        }
    }
    panic!("it ends");
}

/// Returns the proposed keys and how many runs all of it took.
fn keys(question: &Question, command: impl Fn(&World, usize) -> (bool, String)) -> (String, usize) {
    let (proposed, trials) = ask(question, command);
    let said = match proposed {
        Proposed::World { candidate, .. } => candidate.to_string(),
        Proposed::Flaky(candidate) => format!("flaky with {candidate}"),
        Proposed::Nowhere => "nowhere".to_owned(),
    };
    (said, trials.values().map(Vec::len).sum())
}

fn with(clock: ClockMode) -> WorldSettings {
    WorldSettings { clock: Some(clock), ..WorldSettings::default() }
}

fn said(text: &str) -> String {
    text.to_owned()
}

#[test]
fn what_passes_and_is_equal_needs_no_key() {
    let plain = question(WorldSettings::default());
    assert_eq!(keys(&plain, |_, _| (true, said("same"))), (said("no key"), 4));
    // Keys that loosen more than is needed are not proposed again.
    assert_eq!(keys(&question(with(ClockMode::Real)), |_, _| (true, said("same"))).0, "no key");
    // One that is stricter and does no harm stays.
    assert_eq!(keys(&question(with(ClockMode::Stands)), |_, _| (true, said("same"))).0, "clock = \"stands\"");
}

#[test]
fn a_clock_that_stands_is_proposed_where_it_makes_parts_equal() {
    let plain = question(WorldSettings::default());
    let time = |world: &World, n: usize| match world.wall {
        WallClock::Stands(at) => (true, at.to_string()),
        _ => (true, n.to_string()),
    };
    assert_eq!(keys(&plain, time), (said("clock = \"stands\""), 2 + 4));
    let chance = |_: &World, n: usize| (true, n.to_string());
    let (proposed, _) = ask(&plain, chance);
    let stdout = BTreeSet::from([Facet::Part(Part::Stdout)]);
    let left_out = BTreeSet::new();
    assert_eq!(proposed, Proposed::World { candidate: Candidate::default(), differing: stdout, left_out });
    let waits = |world: &World, n: usize| (world.clock() != ClockMode::Stands, n.to_string());
    assert_eq!(keys(&plain, waits).0, "no key");
}

#[test]
fn the_strictest_world_in_which_it_passes_is_proposed() {
    let passes = |passes: fn(&World) -> bool| move |world: &World, _: usize| (passes(world), said("same"));
    let plain = || question(WorldSettings::default());
    let tool = Question { usual: ClockMode::Stands, ..plain() };
    assert_eq!(keys(&tool, passes(|world| world.clock() != ClockMode::Stands)).0, "clock = \"starts\"");
    assert_eq!(keys(&plain(), passes(|world| world.clock() == ClockMode::Stands)).0, "clock = \"stands\"");
    assert_eq!(keys(&plain(), passes(|world| world.clock() == ClockMode::Real)).0, "clock = \"real\"");
    let stands = question(with(ClockMode::Stands));
    assert_eq!(keys(&stands, passes(|world| world.clock() != ClockMode::Stands)).0, "no key");
    let processors = |world: &World| world.cpus == Processors::Exactly(8);
    assert_eq!(keys(&plain(), passes(processors)).0, "cpus = 8");
    let three = question(WorldSettings { cpus: Some(3), ..WorldSettings::default() });
    assert_eq!(keys(&three, passes(|world| world.cpus != Processors::Exactly(3))).0, "no key");
    let machine = passes(|world| world.directories == DirectoryOrder::Real);
    let (proposed, trials) = ask(&plain(), machine);
    assert!(matches!(&proposed, Proposed::World { candidate, .. } if candidate.machine), "{proposed:?}");
    let free = |pin| counts(&trials[&Candidate { free: Some(pin), ..Candidate::default() }]);
    assert_eq!((free(WorldPin::Directories), free(WorldPin::Seeds)), ((1, 1), (0, 1)));
    assert_eq!(keys(&plain(), passes(|_| false)).0, "nowhere");
}

#[test]
fn chance_is_proposed_for_nothing() {
    let plain = question(WorldSettings::default());
    for period in [2, 3, 4] {
        let (found, _) = keys(&plain, |_, n| (n % period == 0, said("same")));
        assert_eq!(found, "flaky with no key", "{period}");
        let (found, _) = keys(&plain, |_, n| (n % period == 1, said("same")));
        assert!(found.starts_with("flaky with "), "{period}: {found}");
    }
}

#[test]
fn keys_are_those_of_a_plan() {
    let candidate = Candidate { clock: Some(ClockMode::Real), cpus: Some(3), ..Candidate::default() };
    assert_eq!(candidate.keys(), ["clock = \"real\"", "cpus = 3"]);
    assert_eq!(Candidate { machine: true, ..Candidate::default() }.keys(), ["world = \"machine\""]);
}
