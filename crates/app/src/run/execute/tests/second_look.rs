use super::*;
use rcrepro_model::execution::second_look::told::FailureNotes;
use rcrepro_model::execution::world::{ClockMode, World};

/// Executes a plan of commands that fail, and looks at them again; gives the notes and how often the engine was asked.
async fn look(
    tables: &[String],
    engine: &FakeEngine,
    cancel: &CancellationToken,
) -> Result<Vec<FailureNotes>, ExecuteError> {
    let (plan, scene) = (plan(tables), Scene::default());
    let (packet, resolved) = ("RC-05".parse().expect("an id"), resolved(&scene));
    let executor = Executor::new(scene.context(engine, &|_| {}, cancel), &plan, &packet, &resolved);
    let ran = executor.run_all_commands(&plan.packets[&packet]).await?;
    let notes = executor.failure_notes(&plan.packets[&packet], &ran, true).await?;
    Ok(notes.into_values().collect())
}

fn sentences(notes: &[FailureNotes]) -> Vec<&str> {
    notes.iter().flat_map(FailureNotes::sentences).collect()
}

fn failing(id: &str, codes: &[i32]) -> FakeEngine {
    codes.iter().fold(FakeEngine::default(), |engine, code| engine.on(format!("RC-05/{id}"), Script::exit(*code)))
}

#[tokio::test]
async fn a_pin_is_named_by_runs_on_both_sides_of_it() {
    let stands = [table("waits", "clock = \"stands\"")];
    let engine = failing("waits", &[1, 0, 1, 0]);
    let notes = look(&stands, &engine, &CancellationToken::new()).await.expect("decided");
    assert_eq!(sentences(&notes), ["fails only if the clock stands still: clock = \"starts\""]);
    let clocks: Vec<ClockMode> = engine.calls().iter().map(|call| call.world.clock()).collect();
    use ClockMode::{Stands, Starts};
    assert_eq!(clocks, [Stands, Starts, Stands, Starts]);
    let engine = failing("waits", &[1, 1]);
    let notes = look(&stands, &engine, &CancellationToken::new()).await.expect("decided");
    assert_eq!(sentences(&notes), ["fails with the machine's own world, too"]);
    assert_eq!(engine.calls().last().map(|call| call.world.clone()), Some(World::real()));
}

#[tokio::test]
async fn what_has_no_pin_or_passes_is_not_looked_at() {
    let engine = failing("loose", &[1]).on("RC-05/good", Script::exit(0));
    let tables = [table("loose", "world = \"machine\""), table("good", "")];
    let notes = look(&tables, &engine, &CancellationToken::new()).await.expect("decided");
    assert_eq!((notes, engine.calls().len()), (vec![FailureNotes::default()], 2));
}

#[tokio::test]
async fn what_takes_too_long_is_not_run_again() {
    let engine = FakeEngine::default().on("RC-05/slow", Script::exit(1).lasts(Duration::from_secs(16 * 60)));
    let notes = look(&[table("slow", "")], &engine, &CancellationToken::new()).await.expect("decided");
    assert_eq!(sentences(&notes), ["not looked at again: it took 16 min; rcrepro shake RC-05 --propose"]);
    assert_eq!(engine.calls().len(), 1);
}

#[tokio::test]
async fn a_look_that_breaks_is_told_and_an_interruption_is_one() {
    let broken = || EngineError::Incomplete { label: "RC-05/odd".into(), reason: "the streams broke off".into() };
    let engine = failing("odd", &[1]).on("RC-05/odd", Script::error(broken));
    let notes = look(&[table("odd", "")], &engine, &CancellationToken::new()).await.expect("the result stands");
    assert_eq!(
        sentences(&notes),
        ["not looked at again: RC-05/odd: the result is not believed: the streams broke off"]
    );

    let engine = failing("stopped", &[1]).on("RC-05/stopped", Script::exit(1).takes(Duration::from_secs(600)));
    let cancel = CancellationToken::new();
    let tables = [table("stopped", "")];
    let stop = async {
        while engine.calls().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cancel.cancel();
    };
    let (notes, ()) = tokio::join!(look(&tables, &engine, &cancel), stop);
    assert!(matches!(notes, Err(ExecuteError::Engine(EngineError::Interrupted { .. }))), "{notes:?}");
}

#[tokio::test]
async fn what_a_scan_found_is_no_pins_fault() {
    for (proof, code, said, looks) in [
        ("govulncheck", 3, "", 0),
        ("govulncheck", 1, "", 1),
        ("gitleaks", 1, "2:00AM WRN leaks found: 2\n", 0),
        ("gitleaks", 1, "2:00AM FTL unable to load gitleaks config\n", 1),
    ] {
        let engine = FakeEngine::default().on("RC-05/scan", Script::exit(code).stderr(said));
        let tables = [table("scan", &format!("proof = \"{proof}\""))];
        look(&tables, &engine, &CancellationToken::new()).await.expect("decided");
        assert_eq!(engine.calls().len() > 1, looks > 0, "{proof} {code} {said}");
    }
}
