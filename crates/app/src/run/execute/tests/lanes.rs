use super::*;
use rcrepro_model::evidence::manifest::EndingEntry;
use rcrepro_model::execution::action::Ending;
use rcrepro_model::execution::event::Shortage;

const GIB: u64 = 1 << 30;

/// A command that takes a while, so that others meet it.
fn slow(engine: FakeEngine, id: &str, ms: u64) -> FakeEngine {
    engine.on(format!("RC-05/{id}"), Script::exit(0).takes(Duration::from_millis(ms)))
}

fn waits(outcome: &Outcome) -> Vec<(String, String)> {
    let pair = |event: &RunEvent| match event {
        RunEvent::Waiting { id, shortage: shortage @ Shortage::Memory { .. } } => {
            Some((id.to_string(), shortage.to_string()))
        }
        _ => None,
    };
    outcome.events.iter().filter_map(pair).collect()
}

/// The commands in the order in which they began and ended.
fn order(outcome: &Outcome) -> Vec<String> {
    let word = |event: &RunEvent| match event {
        RunEvent::Started { id } => Some(format!("+{id}")),
        RunEvent::Finished { id, .. } => Some(format!("-{id}")),
        _ => None,
    };
    outcome.events.iter().filter_map(word).collect()
}

#[tokio::test]
async fn two_commands_of_six_never_share_eight_and_the_one_that_waits_says_so() {
    let plan = plan(&[table("go-test", "memory = \"6GiB\""), table("vitest", "memory = \"6GiB\"")]);
    let engine = FakeEngine::default().with_machine(8 * GIB, 2);
    let engine = slow(slow(engine, "go-test", 60), "vitest", 10);
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    assert_eq!(engine.most_running(), 1);
    assert_eq!(order(&outcome), ["+go-test", "-go-test", "+vitest", "-vitest"]);
    let says = "waits for memory: 6 GiB of 8 GiB taken by go-test";
    assert_eq!(waits(&outcome), [("vitest".to_owned(), says.to_owned())]);
}

#[tokio::test]
async fn who_waits_for_memory_keeps_no_lane_from_those_that_fit() {
    let plan = plan(&[
        table("first", "memory = \"6GiB\""),
        table("large", "memory = \"6GiB\""),
        table("larger", "memory = \"7GiB\""),
        table("small", "memory = \"1GiB\""),
        table("little", "memory = \"1GiB\""),
    ]);
    let engine = FakeEngine::default().with_machine(8 * GIB, 2);
    let engine = ["large", "larger", "small", "little"]
        .iter()
        .fold(slow(engine, "first", 150), |engine, id| slow(engine, id, 20));
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    assert_eq!(engine.most_running(), 2);
    let order = order(&outcome);
    let at = |word: &str| order.iter().position(|found| found == word).expect("it is there");
    assert!(at("-small") < at("-first") && at("-little") < at("-first"), "they pass those that wait: {order:?}");
    assert!(at("-first") < at("+large") && at("-first") < at("+larger"), "{order:?}");
    assert_eq!(outcome.ids(), ["first", "large", "larger", "small", "little"]);
}

#[tokio::test]
async fn what_the_plan_does_not_say_the_machine_does_and_no_digest_knows_it() {
    let plan = plan(&[table("loose", ""), table("stated", "timeout = \"10m\"\nmemory = \"1GiB\"")]);
    let mut digests = Vec::new();
    for (memory, processors, hours) in [(24 * GIB, 2, 4), (16 * GIB, 8, 1)] {
        let engine = FakeEngine::default().with_machine(memory, processors);
        let engine = ["loose", "stated"].iter().fold(engine, |engine, id| slow(engine, id, 1));
        let outcome = execute(&plan, &engine, &Scene::default(), 1).await;
        let limits: Vec<(u64, u64)> =
            engine.calls().iter().map(|call| (call.limits.time.as_secs(), call.limits.memory)).collect();
        let usual = if processors == 2 { 9 * GIB } else { 4 * GIB };
        assert_eq!(limits, [(hours * 3600, usual), (600, GIB)]);
        digests.push(outcome.ran.expect("decided").iter().map(|ran| ran.entry.action).collect::<Vec<_>>());
    }
    assert_eq!(digests[0], digests[1], "an action is the same on every machine");
}

#[tokio::test]
async fn a_death_by_a_default_names_the_limit_its_source_and_the_key() {
    let plan = plan(&[table("hungry", ""), table("long", "")]);
    let engine = FakeEngine::default()
        .with_machine(24 * GIB, 2)
        .on("RC-05/hungry", Script::ending(Ending::OutOfMemory { code: 137 }, 137))
        .on("RC-05/long", Script::ending(Ending::TimedOut, 137));
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    let ran = outcome.ran.expect("decided");
    assert_eq!(ran[0].entry.ending, EndingEntry::OutOfMemory);
    let ended: Vec<&str> = ran.iter().map(|ran| ran.ended.as_str()).collect();
    let expected = [
        "needed more than 9 GiB, the default on a machine with 24 GiB and 2 processors: memory = \"18GiB\"",
        "timed out after 4 h, the default on a machine with 2 processors: timeout = \"12h\"",
    ];
    assert_eq!(ended, expected);
}

#[tokio::test]
async fn a_run_that_stops_at_the_first_failure_starts_nothing_more_and_ends_what_runs() {
    let plan = plan(&[table("runs", ""), table("bad", ""), table("ready", ""), table("later", "")]);
    let engine = slow(FakeEngine::default(), "runs", 80)
        .on("RC-05/bad", Script::exit(1).takes(Duration::from_millis(20)))
        .on("RC-05/ready", Script::exit(0))
        .on("RC-05/later", Script::exit(0));
    let outcome = execute_until(&plan, &engine, &Scene::default(), 2, OnFailure::Stop).await;
    assert_eq!(outcome.ids(), ["runs", "bad"], "the one that was at work is not lost");
    let stopped: Vec<(String, String)> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Stopped { id, because } => Some((id.to_string(), because.to_string())),
            _ => None,
        })
        .collect();
    let pair = |id: &str| (id.to_owned(), "bad".to_owned());
    assert_eq!(stopped, [pair("ready"), pair("later")]);
    assert_eq!(engine.calls().len(), 2, "what was ready did not begin");
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    assert_eq!(outcome.ids(), ["runs", "bad", "ready", "later"], "without that wish everything else is run");
}

#[tokio::test]
async fn what_a_running_command_wrote_last_is_told() {
    let plan = plan(&[table("talks", "")]);
    let said = Script::exit(0).stdout("first\nok \u{1b}[2J pkg/x\n").takes(Duration::from_millis(700));
    let engine = FakeEngine::default().on("RC-05/talks", said);
    let outcome = execute(&plan, &engine, &Scene::default(), 1).await;
    let told: Vec<&str> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Wrote { line, .. } => Some(line.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["ok \u{1b}[2J pkg/x"], "once, as it came");
}
