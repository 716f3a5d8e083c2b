//! Nothing that passed runs twice for nothing: executions are taken over by the digest of their action, and evidence counts by it.

use rcrepro_app::run::RunOptions;
use rcrepro_engine::fake::{FakeEngine, Script};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::execution::attempt::{Sightings, Watch};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_store::BlobStore as _;

use super::project::{Project, command};

const LATER: &str = "2026-03-04T05:06:07Z";

fn one(more: &str) -> Project {
    Project::new(&command("check", more))
}

/// An engine in which `check` passes, and says this.
fn says(text: &str) -> FakeEngine {
    FakeEngine::default().on("RC-05/check", Script::exit(0).stdout(text))
}

/// An engine that has no script: whatever is executed ends the test.
fn none() -> FakeEngine {
    FakeEngine::default()
}

async fn executes(project: &Project) -> bool {
    let engine = says("fine\n");
    project.run(&engine).await;
    !engine.calls().is_empty()
}

fn stdout(manifest: &ReproManifest) -> Digest {
    manifest.commands[0].stdout.raw
}

#[tokio::test]
async fn what_passed_is_taken_over_and_said_so_everywhere() {
    let project = one("");
    let (first, _) = project.run(&says("fine\n")).await;
    let manifest = project.read("manifests/RC-05.json");
    let (second, events) = project.run(&none()).await;
    let run = first.record.run.clone();
    let id = "check".parse().expect("a name");
    assert_eq!(second.taken_over, [(id, run.clone())].into());
    assert!(events.contains(&RunEvent::TakenOver { id: "check".parse().expect("a name"), run: run.clone() }));
    assert_eq!(second.record.commands[0].taken_over.as_ref(), Some(&run));
    assert_eq!(first.record.commands[0].taken_over, None);
    assert_eq!(project.read("manifests/RC-05.json"), manifest, "the manifest is the very same");
    let (_, told) = project.program(&["log", "RC-05"]);
    assert!(told.contains(&format!("check was taken over from run {run}")), "{told}");
    let (_, told) = project.program(&["--json", "log", "RC-05"]);
    assert!(told.contains(&format!("\"taken_over\":\"{run}\"")), "{told}");

    // The run that executed it is named, however often it is taken over.
    let (third, _) = project.run(&none()).await;
    assert_eq!(third.record.commands[0].taken_over, Some(run));

    let engine = says("fine\n");
    let (fresh, _) = project.run_with(&engine, |options| RunOptions { fresh: true, ..options }).await;
    assert_eq!((engine.calls().len(), fresh.taken_over.len()), (1, 0));
}

#[tokio::test]
async fn a_replay_executes_everything() {
    let project = one("");
    project.run(&says("fine\n")).await;
    let engine = says("fine\n");
    let replayed = project.replay(&engine, "manifests/RC-05.json").await;
    assert_eq!((engine.calls().len(), replayed.found.taken_over.len()), (1, 0));
}

#[tokio::test]
async fn the_same_tree_in_a_later_commit_is_the_same_release() {
    let project = one("");
    project.run(&says("fine\n")).await;
    project.commit(LATER);
    let manifest = project.read("manifests/RC-05.json");
    project.run(&none()).await;
    assert_eq!(project.read("manifests/RC-05.json"), manifest, "`SOURCE_DATE_EPOCH` is that of what was taken over");
    project.write("src/main.go", b"package other\n");
    project.commit("2026-04-05T06:07:08Z");
    assert!(executes(&project).await);
    assert_ne!(project.read("manifests/RC-05.json"), manifest);
}

#[tokio::test]
async fn a_command_whose_input_changed_is_executed_and_the_others_are_taken_over() {
    let commands = [
        command("ui", "sees = [\"ui/**\"]\noutputs = [\"dist\"]"),
        command("go", "sees = [\"src/**\"]"),
        command("both", "sees = [\"src/**\"]\nneeds = [\"ui\"]"),
    ];
    let project = Project::new(&commands.concat());
    project.write("ui/a.ts", b"let a\n");
    project.commit(LATER);
    let engine = |dist: &str| {
        let made = Script::exit(0).file("dist".parse().expect("a path"), dist);
        let other = |text: &str| Script::exit(0).stdout(text);
        FakeEngine::default().on("RC-05/ui", made).on("RC-05/go", other("go\n")).on("RC-05/both", other("both\n"))
    };
    let labels = |engine: &FakeEngine| engine.calls().into_iter().map(|call| call.label).collect::<Vec<_>>();
    let first = engine("one");
    project.run(&first).await;
    assert_eq!(labels(&first).len(), 3);
    project.write("src/main.go", b"package changed\n");
    project.commit("2026-04-05T06:07:08Z");
    assert!(
        project.row()["reasons"][0].as_str().expect("a reason").starts_with("what command `go` sees"),
        "{}",
        project.row()
    );
    let second = engine("one");
    project.run(&second).await;
    assert_eq!(labels(&second), ["RC-05/go", "RC-05/both"]);
    project.write("ui/a.ts", b"let b\n");
    project.commit("2026-05-06T07:08:09Z");
    let third = engine("two");
    project.run(&third).await;
    assert_eq!(labels(&third), ["RC-05/ui", "RC-05/both"], "an output that changed is another input");
    assert_eq!((project.state(), project.program(&["verify", "manifests/RC-05.json"]).0), ("DONE".to_owned(), 0));
}

#[tokio::test]
async fn what_is_in_doubt_is_executed_again() {
    let watch = |sightings| Script::exit(0).attempts(Watch::Seen(sightings));
    let unread = Sightings { unread: 1, ..Sightings::default() };
    let further = Sightings { further: 1, ..Sightings::default() };
    let unanswered = Sightings { unanswered: 1, ..Sightings::default() };
    let cases: [(&str, &str, Vec<Script>); 7] = [
        ("it called out", "network-attempts = \"allow\"", vec![watch(further)]),
        ("a call could not be looked at", "", vec![watch(unread)]),
        ("a clock that was not pinned for one process", "", vec![watch(unanswered)]),
        ("it was not watched", "", vec![Script::exit(0).attempts(Watch::Unknown { reason: "no listener".into() })]),
        ("the real clock", "clock = \"real\"", vec![Script::exit(0)]),
        ("nothing is pinned", "world = \"machine\"", vec![Script::exit(0)]),
        ("it needed a second attempt", "retries = 1", vec![Script::exit(1), Script::exit(0)]),
    ];
    for (what, more, scripts) in cases {
        let project = one(more);
        let mut engine = none();
        for script in scripts {
            engine = engine.on("RC-05/check", script);
        }
        project.run(&engine).await;
        assert!(executes(&project).await, "{what}");
    }
}

#[tokio::test]
async fn a_command_that_once_failed_or_is_in_quarantine_is_executed_again() {
    let project = one("");
    project.run(&FakeEngine::default().on("RC-05/check", Script::exit(1))).await;
    assert!(executes(&project).await, "a failure is never taken over");
    assert!(executes(&project).await, "nor a pass of what failed with the same action");

    let quarantine = "[[quarantine]]\ncommand = \"check\"\nreason = \"races\"\nowner = \"ada\"\nexpires = 2099-01-01\n";
    let project = Project::new(&format!("{}{quarantine}", command("check", "retries = 1")));
    project.run(&says("fine\n")).await;
    assert!(executes(&project).await);
}

#[tokio::test]
async fn what_is_older_than_a_failure_of_the_command_is_not_taken_over() {
    let project = one("");
    project.run(&says("fine\n")).await;
    project.commit(LATER);
    // With the later commit's own time it is another action.
    let broken = FakeEngine::default().on("RC-05/check", Script::exit(1));
    project.run_with(&broken, |options| RunOptions { fresh: true, ..options }).await;
    project.commit("2026-04-05T06:07:08Z");
    assert_eq!(project.state(), "FAILED");
    assert!(executes(&project).await);
}

#[tokio::test]
async fn other_settings_and_rules_count_as_they_are_today() {
    let keys = "sees = [\"src/**\"]";
    for (what, more, is_executed) in [
        ("less memory", "memory = \"512MiB\"", true),
        ("another number of processors", "cpus = 2", true),
        ("another clock", "clock = \"starts\"", true),
        ("a line that it wrote is forbidden", "forbid = [\"fine\"]", true),
        ("a proof that it does not give", "proof = \"go-test\"", true),
        ("how a replay compares", "require = \"bitwise\"", false),
    ] {
        let project = one(keys);
        project.run(&says("fine\n")).await;
        let plan = project.read("rcrepro.toml");
        let plan =
            if more.starts_with("proof") { plan.replace("proof = \"exit-code\"", more) } else { plan + more + "\n" };
        project.write("rcrepro.toml", plan.as_bytes());
        project.commit(LATER);
        assert_eq!(executes(&project).await, is_executed, "{what}");
    }
}

#[tokio::test]
async fn a_blob_that_is_damaged_or_gone_is_made_again() {
    for damage in [true, false] {
        let project = one("");
        let (first, _) = project.run(&says("fine\n")).await;
        let store = project.store();
        let path = store.local_path(stdout(&first.manifest)).expect("a file");
        std::fs::remove_file(&path).expect("our own file");
        if damage {
            std::fs::write(&path, b"FINE\n").expect("damaged");
        }
        assert!(executes(&project).await, "damaged: {damage}");
        assert_eq!(store.get(stdout(&first.manifest)).expect("made again"), b"fine\n");
        assert_eq!(project.state(), "DONE");
    }
}

#[tokio::test]
async fn what_is_older_than_a_record_that_cannot_be_read_does_not_count() {
    let project = one("");
    project.run(&says("fine\n")).await;
    let (second, _) = project.run(&none()).await;
    let record = project.store().root().join("runs").join(&second.record.run).join("RC-05.json");
    std::fs::write(record, b"{").expect("our own file");
    assert!(executes(&project).await);
}

#[tokio::test]
async fn a_commit_that_touches_what_no_command_sees_keeps_every_packet_done() {
    let project = Project::new(&command("check", "sees = [\"src\", \"go.*\"]"));
    project.run(&says("fine\n")).await;
    project.commit(LATER);
    assert_eq!(project.state(), "DONE");
    let before = project.program(&["--json", "verify", "manifests/RC-05.json"]);
    project.write("README.md", b"# A project, described better\n");
    project.write("docs/new.md", b"# New\n");
    project.commit("2026-04-05T06:07:08Z");

    assert_eq!(project.state(), "DONE");
    let clone = project.cloned();
    assert_eq!(clone.state(), "DONE", "without the store, too");
    for of in [&project, &clone] {
        let (code, told) = of.program(&["status"]);
        assert!(code == 0 && told.contains("RC-05: its evidence is of commit "), "{told}");
        assert!(told.contains("no command of it sees what has changed since"), "{told}");
        let (code, told) = of.program(&["verdict"]);
        assert!(code == 0 && told.contains("verdict: GO\n") && told.contains("is of commit"), "{told}");
    }
    assert_eq!(project.program(&["--json", "verify", "manifests/RC-05.json"]), before);
    let nothing = none();
    assert_eq!(project.run_all(&nothing).await, 0);
    assert!(nothing.calls().is_empty());

    // What it does see ends that, and so does another image, another line, another quarantine.
    project.write("src/main.go", b"package changed\n");
    project.commit("2026-05-06T07:08:09Z");
    assert_eq!((project.state(), project.cloned().state()), ("READY".to_owned(), "READY".to_owned()));
}

#[tokio::test]
async fn without_sees_every_commit_that_changes_a_file_ends_the_evidence() {
    let project = one("");
    project.run(&says("fine\n")).await;
    project.write("README.md", b"# A project, described better\n");
    project.commit(LATER);
    assert_eq!(project.state(), "READY");
}

#[tokio::test]
async fn a_file_that_a_command_does_not_see_is_not_in_its_input() {
    let project = Project::new(&command("check", "sees = [\"src\"]"));
    let (run, _) = project.run(&says("fine\n")).await;
    let entries = rcrepro_store::export::walk(&project.store(), run.manifest.commands[0].input_root).expect("walked");
    let paths: Vec<String> = entries.into_iter().map(|(path, _)| path.to_string()).collect();
    assert_eq!(paths, ["work", "work/src", "work/src/main.go"]);
    project.commit(LATER);
    let (code, told) = project.cloned().program(&["verify", "manifests/RC-05.json"]);
    assert_eq!(code, 0, "what is narrowed follows from the evidence: {told}");
}

fn looking(options: RunOptions<'_>) -> RunOptions<'_> {
    RunOptions { second_look: true, ..options }
}

#[tokio::test]
async fn a_command_that_passes_only_with_the_whole_source_says_so() {
    let project = Project::new(&command("check", "sees = [\"src\"]"));
    let engine = FakeEngine::default().on("RC-05/check", Script::exit(1)).on("RC-05/check", Script::exit(0));
    let (run, _) = project.run_with(&engine, looking).await;
    let notes: Vec<&str> = run.notes.values().flat_map(|note| note.sentences()).collect();
    assert_eq!(notes, ["passes with the whole source: it needs more than `sees = [\"src\"]`"]);
    assert!(run.failure.is_some(), "that changes no verdict");
    let engine = FakeEngine::default().on("RC-05/check", Script::exit(1));
    let (run, _) = project.run_with(&engine, looking).await;
    let notes: Vec<&str> = run.notes.values().flat_map(|note| note.sentences()).collect();
    assert!(!notes.iter().any(|note| note.contains("whole source")), "{notes:?}");
}

#[test]
fn check_names_a_glob_that_matches_nothing() {
    let project = Project::new(&command("check", "sees = [\"src/**\", \"frontned/**\"]"));
    let (_, told) = project.program(&["check"]);
    assert!(told.contains("`sees` of `check`: no file of the source matches `frontned/**`"), "{told}");
    assert!(!told.contains("matches `src/**`"), "{told}");
    assert!(!told.contains("sees a part of the source"), "{told}");
    let scan = project.read("rcrepro.toml").replace("run = \"./check\"", "run = \"gitleaks dir .\"");
    let scan = scan.replace("proof = \"exit-code\"\n", "");
    project.write("rcrepro.toml", scan.as_bytes());
    let (_, told) = project.program(&["check"]);
    assert!(told.contains("the scan `check` sees a part of the source"), "{told}");
    let plan = project.read("rcrepro.toml").replace("[\"src/**\", \"frontned/**\"]", "[]");
    project.write("rcrepro.toml", plan.as_bytes());
    let (code, told) = project.program(&["check"]);
    assert!(code == 3 && told.contains("`sees` is empty: expected a glob"), "{told}");
}
