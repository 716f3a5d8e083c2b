use super::told::network_hint;
use super::*;
use crate::execution::attempt::{NetworkAttempt, Sightings, Watch};
use crate::execution::world::WorldSettings;

fn own(clock: ClockMode) -> World {
    World::fixed(7, &WorldSettings { clock: Some(clock), ..WorldSettings::default() }, ClockMode::Starts)
}

/// Takes looks at a command that passes where `passes` says so; the second argument counts the looks at that world.
fn look(own: &World, passes: impl Fn(Look, usize) -> bool) -> SecondLook {
    let mut looked: Vec<Looked> = Vec::new();
    loop {
        match next(own, &looked) {
            Next::Done(account) => return SecondLook { looked, account },
            Next::Run(look) => {
                let passed = passes(look, looked.iter().filter(|one| one.look == look).count());
                let exit_code = i32::from(!passed);
                looked.push(Looked { look, passed, exit_code, took: Duration::from_millis(3) });
                assert!(looked.len() < 9, "it ends");
            }
        }
    }
}

fn says(own: &World, found: &SecondLook) -> String {
    found.entry(own, &"RC-01".parse().expect("an id")).says
}

#[test]
fn each_world_lets_go_of_one_pin_more_than_the_one_before() {
    use Look::{Flows, Machine, RealClock};
    assert_eq!(ladder(&own(ClockMode::Stands)), [Flows, RealClock, Machine]);
    assert_eq!(ladder(&own(ClockMode::Starts)), [RealClock, Machine]);
    assert_eq!(ladder(&own(ClockMode::Real)), [Machine]);
    assert_eq!(ladder(&World::real()), []);
    let stands = own(ClockMode::Stands);
    assert_eq!(Flows.world(&stands), own(ClockMode::Starts));
    assert_eq!(RealClock.world(&stands), own(ClockMode::Real));
}

#[test]
fn the_first_world_in_which_it_passes_names_the_pin() {
    let stands = own(ClockMode::Stands);
    for (pass, looks, expected) in [
        (Look::Flows, 3, "fails only while the clock stands: clock = \"starts\""),
        (Look::RealClock, 4, "fails only with a pinned wall clock: clock = \"real\""),
        (
            Look::Machine,
            5,
            "fails only in the pinned world (clock, processors, order of directories, seeds): world = \"machine\"; \
             rcrepro shake RC-01 --propose finds which",
        ),
    ] {
        let found = look(&stands, |look, _| look != Look::Own && look >= pass);
        assert_eq!(
            (&found.account, found.looked.len(), says(&stands, &found).as_str()),
            (&Account::Pin(pass), looks, expected)
        );
    }
    let real = own(ClockMode::Real);
    let found = look(&real, |look, _| look == Look::Machine);
    assert!(says(&real, &found).starts_with("fails only in the pinned world (processors, "));
}

#[test]
fn what_fails_everywhere_and_what_passes_by_chance_have_no_pin() {
    let stands = own(ClockMode::Stands);
    let found = look(&stands, |_, _| false);
    assert_eq!((found.looked.len(), says(&stands, &found).as_str()), (3, "fails with the machine's own world, too"));
    let found = look(&stands, |_, _| true);
    assert_eq!(found.account, Account::Flaky);
    assert_eq!(says(&stands, &found), "passed when it was run again in the same world: flaky by itself");
    let found = look(&stands, |look, count| look == Look::RealClock && count == 0);
    assert_eq!(found.account, Account::Unsteady(Look::RealClock));
    assert_eq!(found.entry(&stands, &"RC-01".parse().expect("an id")).key, None);
}

#[test]
fn what_takes_too_long_says_so_and_what_is_known() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert!(is_affordable(minutes(5), minutes(10)) && !is_affordable(minutes(6), minutes(10)));
    let unfinished = |looked: Vec<Looked>, took| SecondLook {
        looked,
        account: Account::Unfinished(Unfinished::TookLong(minutes(took))),
    };
    let stands = own(ClockMode::Stands);
    let looked = |passed| vec![Looked { look: Look::Flows, passed, exit_code: 0, took: minutes(1) }];
    for (found, expected) in [
        (unfinished(Vec::new(), 16), "not looked at again: it took 16 min; rcrepro shake RC-01 --propose"),
        (
            unfinished(looked(false), 9),
            "fails with a clock that flows, too; not looked at further: it took 9 min of the 15 for all second looks; \
             rcrepro shake RC-01 --propose",
        ),
        (
            unfinished(looked(true), 9),
            "passed once with a clock that flows; not looked at further: it took 9 min of the 15 for all second looks; \
             rcrepro shake RC-01 --propose",
        ),
    ] {
        assert_eq!(says(&stands, &found), expected);
    }
    let broke = Account::Unfinished(Unfinished::Broke("no engine answers".into()));
    let found = SecondLook { looked: Vec::new(), account: broke };
    assert_eq!(says(&stands, &found), "not looked at again: no engine answers");
}

#[test]
fn attempts_at_the_network_are_a_hint() {
    assert_eq!(network_hint(&Watch::default()), None);
    assert_eq!(network_hint(&Watch::Unknown { reason: "x".into() }), None);
    let attempt = |address: &str, port, name: Option<&str>| NetworkAttempt {
        process: "node".into(),
        protocol: "tcp".into(),
        address: address.into(),
        port,
        name: name.map(str::to_owned),
        count: 1,
    };
    let attempts = vec![
        attempt("192.0.2.1", 53, Some("example.org")),
        attempt("192.0.2.1", 80, None),
        attempt("192.0.2.1", 443, None),
        attempt("192.0.2.2", 1, None),
        attempt("192.0.2.3", 1, None),
    ];
    let watch = Watch::Seen(Sightings { attempts, ..Sightings::default() });
    let expected = "it also tried to reach the network (node → 192.0.2.1, example.org; node → 192.0.2.1; \
                    node → 192.0.2.2; 1 more): that may be why";
    assert_eq!(network_hint(&watch).as_deref(), Some(expected));
}
