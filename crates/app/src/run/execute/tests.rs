use super::*;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use rcrepro_engine::EngineError;
use rcrepro_engine::fake::{FakeEngine, Script};
use rcrepro_format::plan::plan_toml;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::evidence::manifest::ImageEntry;
use rcrepro_model::evidence::manifest::OutputEntry;
use rcrepro_model::execution::action::ActionResult;
use rcrepro_model::execution::action::Output;
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::{RunDir, Runs};

mod lanes;
mod second_look;

/// Writes a `[[sets.all]]` table.
fn table(id: &str, more: &str) -> String {
    format!("[[sets.all]]\nid = \"{id}\"\nrun = \"{id}\"\nimage = \"i\"\n{more}\n")
}

fn plan(tables: &[String]) -> Plan {
    let head =
        "version = 1\nname = \"p\"\n[images.i]\nbuild = \"x\"\n[packets.RC-05]\ntitle = \"t\"\nsets = [\"all\"]\n";
    plan_toml::parse(&format!("{head}{}", tables.concat()), &["go-test"]).expect("a good plan")
}

struct Outcome {
    ran: Result<Vec<CommandRun>, ExecuteError>,
    events: Vec<RunEvent>,
}

impl Outcome {
    fn ids(&self) -> Vec<&str> {
        self.ran.as_ref().expect("decided").iter().map(|ran| ran.entry.id.as_str()).collect()
    }

    fn skipped(&self) -> Vec<(String, String)> {
        let pair = |event: &RunEvent| match event {
            RunEvent::Skipped { id, because } => Some((id.to_string(), because.to_string())),
            _ => None,
        };
        self.events.iter().filter_map(pair).collect()
    }
}

/// A store in a folder of its own, and what every stage works with.
struct Scene {
    _folder: tempfile::TempDir,
    store: Arc<FsStore>,
    run: RunDir,
    config: UserConfig,
}

impl Default for Scene {
    fn default() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(FsStore::open(folder.path()).expect("a store"));
        let run = Runs::open(folder.path()).and_then(|runs| runs.begin(0, "0a1b2c3d")).expect("a run");
        Self { _folder: folder, store, run, config: UserConfig::default() }
    }
}

impl Scene {
    fn context<'a>(
        &'a self,
        engine: &'a FakeEngine,
        observe: &'a (dyn Fn(RunEvent) + Sync),
        cancel: &'a CancellationToken,
    ) -> RunContext<'a> {
        let (store, run, config) = (&self.store, &self.run, &self.config);
        RunContext { store, run, engine, image_host: None, config, observe, cancel }
    }
}

fn resolved(scene: &Scene) -> Resolved {
    let image = ImageEntry {
        lock: Digest::of(b"lock"),
        manifest: Sha256::of(b"manifest"),
        config: Sha256::of(b"config"),
        diff_ids: Vec::new(),
    };
    Resolved {
        source: scene.store.put(b"").expect("the empty directory"),
        date_epoch: 7,
        isa: "x86-64".into(),
        images: [("i".parse().expect("a name"), image)].into(),
        frozen: BTreeMap::new(),
        git: None,
    }
}

async fn execute(plan: &Plan, engine: &FakeEngine, scene: &Scene, lanes: usize) -> Outcome {
    execute_until(plan, engine, scene, lanes, OnFailure::KeepGoing).await
}

async fn execute_until(
    plan: &Plan,
    engine: &FakeEngine,
    scene: &Scene,
    lanes: usize,
    on_failure: OnFailure,
) -> Outcome {
    let resolved = resolved(scene);
    let packet = "RC-05".parse().expect("an id");
    let events = std::sync::Mutex::new(Vec::new());
    let observe = |event| events.lock().expect("no panic").push(event);
    let cancel = CancellationToken::new();
    let context = scene.context(engine, &observe, &cancel);
    let executor = Executor { lanes, on_failure, ..Executor::new(context, plan, &packet, &resolved) };
    let ran = executor.run_all_commands(&plan.packets[&packet]).await;
    Outcome { ran, events: events.into_inner().expect("no panic") }
}

#[tokio::test]
async fn lanes_bound_what_runs_at_once_and_results_keep_the_plans_order() {
    let plan = plan(&["a", "b", "c", "d"].map(|id| table(id, "")));
    let slow = |ms| Script::exit(0).takes(Duration::from_millis(ms));
    let engine = ["a", "b", "c", "d"]
        .iter()
        .zip([80, 10, 40, 10])
        .fold(FakeEngine::default(), |engine, (id, ms)| engine.on(format!("RC-05/{id}"), slow(ms)));
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    assert_eq!(outcome.ids(), ["a", "b", "c", "d"]);
    assert_eq!(engine.most_running(), 2);
}

#[tokio::test]
async fn a_failure_skips_what_needs_it_and_nothing_else() {
    let plan = plan(&[
        table("bad", "outputs = [\"out\"]"),
        table("child", "needs = [\"bad\"]"),
        table("grandchild", "needs = [\"child\"]"),
        table("other", ""),
    ]);
    let engine = FakeEngine::default().on("RC-05/bad", Script::exit(1)).on("RC-05/other", Script::exit(0));
    let outcome = execute(&plan, &engine, &Scene::default(), 1).await;
    assert_eq!(outcome.ids(), ["bad", "other"]);
    let pair = |id: &str, because: &str| (id.to_owned(), because.to_owned());
    assert_eq!(outcome.skipped(), [pair("child", "bad"), pair("grandchild", "child")]);
}

#[tokio::test]
async fn an_output_changes_the_action_of_what_needs_it() {
    let plan = plan(&[table("make", "outputs = [\"out\"]"), table("use", "needs = [\"make\"]")]);
    let mut actions = Vec::new();
    for content in ["one", "two"] {
        let made = Script::exit(0).file("out".parse().expect("a path"), content);
        let engine = FakeEngine::default().on("RC-05/make", made).on("RC-05/use", Script::exit(0));
        let outcome = execute(&plan, &engine, &Scene::default(), 4).await;
        actions.push(outcome.ran.expect("decided").iter().map(|ran| ran.entry.action).collect::<Vec<_>>());
    }
    assert_eq!(actions[0][0], actions[1][0], "`make` has the same inputs");
    assert_ne!(actions[0][1], actions[1][1], "`use` has not");
}

/// Runs a plan, and gives the ids of the commands that ran and the reasons of those that are undecided.
async fn ids_and_undecided(plan: &Plan, engine: &FakeEngine) -> (Vec<String>, Vec<(String, String)>) {
    let scene = Scene::default();
    let resolved = resolved(&scene);
    let packet = "RC-05".parse().expect("an id");
    let cancel = CancellationToken::new();
    let context = scene.context(engine, &|_| {}, &cancel);
    let executor = Executor { lanes: 2, ..Executor::new(context, plan, &packet, &resolved) };
    let Executions { commands, undecided } =
        executor.run_commands(&plan.packets[&packet]).await.expect("some are decided");
    let undecided = undecided.into_iter().map(|(id, error)| (id.to_string(), error.to_string())).collect();
    (commands.iter().map(|run| run.entry.id.to_string()).collect(), undecided)
}

#[tokio::test]
async fn an_undecided_command_is_nobodys_trouble_but_its_own() {
    let plan = plan(&[
        table("broken", ""),
        table("child", "needs = [\"broken\"]"),
        table("folder", "outputs = [\"out\"]\nnormalize.outputs = { out = [\"go-test\"] }"),
        table("slow", ""),
        table("later", "needs = [\"slow\"]"),
    ]);
    let broken = || EngineError::Incomplete { label: "RC-05/broken".into(), reason: "the streams broke off".into() };
    let made = Script::exit(0).output("out".parse().expect("a path"), Output::Directory { root: Digest::of(b"") });
    let engine = FakeEngine::default()
        .on("RC-05/broken", Script::error(broken))
        .on("RC-05/folder", made)
        .on("RC-05/slow", Script::exit(0).takes(Duration::from_millis(50)))
        .on("RC-05/later", Script::exit(0));
    let (ran, mut undecided) = ids_and_undecided(&plan, &engine).await;
    undecided.sort();
    assert_eq!(ran, ["slow", "later"]);
    assert_eq!(undecided[0].0, "broken");
    assert_eq!(undecided[0].1, "RC-05/broken: the result is not believed: the streams broke off");
    assert!(undecided[1].0 == "folder" && undecided[1].1.contains("output `out`: expected a regular file"));
    assert_eq!((undecided.len(), engine.calls().len()), (2, 4), "what needs it is not started");
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    assert!(outcome.ran.is_err(), "who needs all of them has none");
}

#[tokio::test]
async fn what_is_the_matter_with_the_engine_stops_all() {
    let plan = plan(&[table("first", ""), table("slow", ""), table("later", "needs = [\"slow\"]")]);
    let gone = || EngineError::Unreachable { address: "there".into(), reason: "nobody answers".into() };
    let engine = FakeEngine::default()
        .on("RC-05/first", Script::error(gone).takes(Duration::from_millis(30)))
        .on("RC-05/slow", Script::exit(0).takes(Duration::from_secs(600)));
    let began = std::time::Instant::now();
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    assert!(began.elapsed() < Duration::from_secs(60), "the slow one is stopped");
    let error = outcome.ran.expect_err("undecided").to_string();
    assert_eq!(error, "no container engine answers at there: nobody answers");
    assert_eq!(engine.calls().len(), 2, "nothing was started after it");
}

#[tokio::test]
async fn a_promised_output_that_is_not_there_fails_the_command() {
    let plan = plan(&[
        table("promises", "outputs = [\"dist\", \"made\"]"),
        table("needs-it", "needs = [\"promises\"]"),
        table("odd", "outputs = [\"pipe\"]"),
        table("fails", "outputs = [\"report\"]"),
    ]);
    let path = |name: &str| name.parse::<TreePath>().expect("a path");
    let engine = FakeEngine::default()
        .on("RC-05/promises", Script::exit(0).file(path("made"), "yes"))
        .on("RC-05/odd", Script::exit(0).unkept(path("pipe"), "`/work/pipe` is a fifo"))
        .on("RC-05/fails", Script::exit(1));
    let outcome = execute(&plan, &engine, &Scene::default(), 1).await;
    assert_eq!(outcome.ids(), ["promises", "odd", "fails"]);
    assert_eq!(outcome.skipped(), [("needs-it".to_owned(), "promises".to_owned())]);
    let ran = outcome.ran.expect("decided");
    let found: Vec<_> = ran.iter().flat_map(|ran| &ran.findings).map(|f| (f.name, f.at.as_str(), &*f.found)).collect();
    let missing = "no file, folder or link there when the command had ended";
    let expected = [
        (FindingName::OutputMissing, "commands.promises.outputs.dist", missing),
        (FindingName::OutputUnkept, "commands.odd.outputs.pipe", "`/work/pipe` is a fifo"),
    ];
    assert_eq!(found, expected, "a command that failed promises nothing");
}

#[tokio::test]
async fn raw_and_canonical_are_two_digests_only_where_a_normalizer_is_named() {
    let plan = plan(&[table("named", "normalize.stdout = [\"go-test\"]"), table("bare", "")]);
    let said = || Script::exit(0).stdout("ok  \tm\t0.123s\n");
    let engine = FakeEngine::default().on("RC-05/named", said()).on("RC-05/bare", said());
    let outcome = execute(&plan, &engine, &Scene::default(), 1).await;
    let ran = outcome.ran.expect("decided");
    assert_ne!(ran[0].entry.stdout.raw, ran[0].entry.stdout.canonical);
    assert_eq!(ran[1].entry.stdout.raw, ran[1].entry.stdout.canonical);
    assert_eq!(ran[0].entry.stdout.raw, ran[1].entry.stdout.raw);
}

#[tokio::test]
async fn an_output_file_has_a_canonical_digest_where_the_plan_names_its_normalizer() {
    let outputs = "outputs = [\"report\", \"other\"]\nnormalize.outputs = { report = [\"go-test\"] }";
    let plan = plan(&[table("named", outputs)]);
    let said = "ok  \tm\t0.123s\n";
    let path = |name: &str| name.parse::<TreePath>().expect("a path");
    let made = Script::exit(0).file(path("report"), said).file(path("other"), said);
    let scene = Scene::default();
    let outcome = execute(&plan, &FakeEngine::default().on("RC-05/named", made), &scene, 1).await;
    let ran = outcome.ran.expect("decided");
    let entry = &ran[0].entry;
    let (expected, as_it_came) = (Digest::of(b"ok  \tm\t<elapsed>\n"), Digest::of(said.as_bytes()));
    let named = vec!["go-test".to_owned()];
    assert_eq!(
        entry.outputs[&path("report")],
        OutputEntry::File { raw: as_it_came, canonical: expected, normalizers: named, executable: false }
    );
    assert_eq!(entry.outputs[&path("other")].normalizers(), [""; 0]);
    assert_eq!(scene.store.get(expected).expect("it is evidence"), b"ok  \tm\t<elapsed>\n");
    assert_eq!(entry.action_result().outputs[&path("report")], Output::File { digest: as_it_came, executable: false });
}

#[tokio::test]
async fn a_failing_command_is_run_again_as_often_as_the_plan_says_and_every_attempt_is_kept() {
    let plan = plan(&[table("flaky", "retries = 2"), table("broken", "retries = 1"), table("strict", "")]);
    let said = |code, text: &str| Script::exit(code).stdout(text);
    let engine = FakeEngine::default()
        .on("RC-05/flaky", said(3, "first"))
        .on("RC-05/flaky", said(0, "second"))
        .on("RC-05/broken", said(1, "no"))
        .on("RC-05/strict", said(1, "no"))
        .on("RC-05/strict", said(0, "never asked"));
    let outcome = execute(&plan, &engine, &Scene::default(), 2).await;
    let ran = outcome.ran.as_ref().expect("decided");
    let attempts: Vec<(i32, usize)> = ran.iter().map(|ran| (ran.entry.exit_code, ran.earlier.len())).collect();
    assert_eq!(attempts, [(0, 1), (1, 1), (1, 0)]);
    let first = &ran[0].earlier[0];
    assert_eq!((first.exit_code, first.stdout), (3, Digest::of(b"first")));
    assert_eq!(ran[0].entry.stdout.raw, Digest::of(b"second"));
    assert_eq!(ran[0].earlier[0].result, {
        let (stdout, stderr) = (Digest::of(b"first"), Digest::of(b""));
        Digest::of(&ActionResult { exit_code: 3, stdout, stderr, outputs: BTreeMap::new() }.encode())
    });
    let again: Vec<(String, u32, u32)> = outcome
        .events
        .iter()
        .filter_map(|event| match event {
            RunEvent::Retrying { id, attempt, of, .. } => Some((id.to_string(), *attempt, *of)),
            _ => None,
        })
        .collect();
    assert!(again.contains(&("flaky".into(), 1, 3)) && again.contains(&("broken".into(), 1, 2)), "{again:?}");
    assert_eq!(again.len(), 2);
    assert_eq!(engine.calls().len(), 5);
}
