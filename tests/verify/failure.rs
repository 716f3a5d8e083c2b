//! A packet that failed is evidence, too: recorded, judged anywhere, replayed, and never taken for one that is done.

use rcrepro_engine::fake::{FakeEngine, Script};
use rcrepro_model::execution::attempt::{NetworkAttempt, Sightings, Watch};
use rcrepro_model::standing::Standing;

use super::project::{Project, command};

const FAILED: &str = "manifests/RC-05.failed.json";

fn commands() -> String {
    [command("good", ""), command("bad", "outputs = [\"out\"]"), command("after", "needs = [\"bad\"]")].concat()
}

fn failing() -> FakeEngine {
    FakeEngine::default()
        .on("RC-05/good", Script::exit(0).stdout("fine\n"))
        .on("RC-05/bad", Script::exit(3).stdout("broken\n"))
}

fn passing() -> FakeEngine {
    let out = "out".parse().expect("a path");
    failing_less().on("RC-05/bad", Script::exit(0).file(out, "made")).on("RC-05/after", Script::exit(0))
}

fn failing_less() -> FakeEngine {
    FakeEngine::default().on("RC-05/good", Script::exit(0).stdout("fine\n"))
}

#[tokio::test]
async fn a_failure_is_recorded_and_a_stranger_sees_it_without_the_store() {
    let project = Project::new(&commands());
    let (run, _) = project.run(&failing()).await;
    let failure = run.failure.expect("recorded");
    assert_eq!((failure.path, failure.passed_before), (project.path(FAILED), None));
    assert_eq!(run.written, None);
    assert!(!project.path("manifests/RC-05.json").exists());
    let text = project.read(FAILED);
    assert!(text.contains("\"failed\":{\"not_run\":[\"after\"]}") && text.contains("\"version\":5"), "{text}");
    project.commit("2026-02-01T00:00:00Z");

    assert_eq!(project.state(), "FAILED");
    let clone = project.cloned();
    let (code, told) = clone.program(&["verify", FAILED]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("command-failed  commands.bad") && told.contains("nothing was executed: FAILED"), "{told}");
    assert!(!told.contains("commands.after") && !told.contains("undecided"), "what needs it is explained: {told}");
    assert_eq!(clone.state(), "FAILED");
    assert_eq!(clone.program(&["status"]).0, 1);
    assert_eq!(clone.program(&["verdict"]).0, 1);
    let (code, told) = clone.program(&["log", "RC-05", "bad"]);
    assert!(code == 0 && told.contains("broken\n") && told.contains("RC-05.failed.json"), "{told}");

    // Under the name of a manifest it is not done either.
    std::fs::rename(clone.path(FAILED), clone.path("manifests/RC-05.json")).expect("renamed");
    std::fs::rename(clone.path("manifests/RC-05.failed.evidence"), clone.path("manifests/RC-05.evidence"))
        .expect("renamed");
    assert_eq!(clone.state(), "FAILED");
}

#[tokio::test]
async fn what_was_changed_in_the_record_of_a_failure_is_tampering() {
    let project = Project::new(&commands());
    project.run(&failing()).await;
    project.commit("2026-02-01T00:00:00Z");
    let text = project.read(FAILED);
    let cases = [
        ("\"exit_code\":3", "\"exit_code\":0"),
        ("\"not_run\":[\"after\"]", "\"not_run\":[\"good\"]"),
        ("\"failed\":{\"not_run\":[\"after\"]}", "\"failed\":{\"network\":[\"good\"],\"not_run\":[\"after\"]}"),
        ("\"failed\":{\"not_run\":[\"after\"]}", "\"failed\":{}"),
    ];
    for (from, to) in cases {
        assert!(text.contains(from), "{from} in {text}");
        let clone = project.cloned();
        clone.write(FAILED, text.replace(from, to).as_bytes());
        let (code, told) = clone.program(&["verify", FAILED]);
        assert_eq!(code, 6, "{from} -> {to}: {told}");
        assert_eq!(clone.state(), "TAMPERED", "{from} -> {to}");
    }
    // What it was made by cannot be read, and so not what it is of.
    let clone = project.cloned();
    let (before, plan) = text.split_once("\"plan\":\"").expect("it names its plan");
    clone.write(FAILED, format!("{before}\"plan\":\"{}{}", "0".repeat(64), &plan[64..]).as_bytes());
    assert_ne!(clone.program(&["verify", FAILED]).0, 0);
    assert!(matches!(clone.state().as_str(), "UNDECIDED" | "TAMPERED"), "{}", clone.state());
    // Without the mark and the version it is the manifest of a packet of which a command is missing.
    let clone = project.cloned();
    let bare = text.replace("\"failed\":{\"not_run\":[\"after\"]},", "").replace("\"version\":5", "\"version\":3");
    clone.write(FAILED, bare.as_bytes());
    assert_eq!(clone.program(&["verify", FAILED]).0, 6);
    let clone = project.cloned();
    for blob in std::fs::read_dir(clone.path("manifests/RC-05.failed.evidence")).expect("listed") {
        std::fs::write(blob.expect("an entry").path(), b"another").expect("written");
    }
    assert_eq!(clone.program(&["verify", FAILED]).0, 6);
}

#[tokio::test]
async fn a_failure_never_replaces_what_passed_and_goes_when_a_run_passes() {
    let project = Project::new(&commands());
    let (run, _) = project.run(&passing()).await;
    assert!(run.written.is_some() && run.failure.is_none());
    assert_eq!(project.state(), "DONE");
    let good = project.read("manifests/RC-05.json");
    let (run, _) = project.run_with(&failing(), fresh).await;
    assert_eq!(run.failure.expect("recorded").passed_before, Some(project.path("manifests/RC-05.json")));
    assert_eq!(project.read("manifests/RC-05.json"), good, "it is kept");
    project.commit("2026-02-01T00:00:00Z");
    let clone = project.cloned();
    assert_eq!((project.state(), clone.state()), ("FAILED".to_owned(), "FAILED".to_owned()));

    project.run_with(&passing(), fresh).await;
    assert!(!project.path(FAILED).exists() && !project.path("manifests/RC-05.failed.evidence").exists());
    project.commit("2026-02-02T00:00:00Z");
    assert_eq!((project.state(), project.cloned().state()), ("DONE".to_owned(), "DONE".to_owned()));
}

#[tokio::test]
async fn runs_of_an_older_commit_leave_the_failure_of_this_one_alone() {
    let project = Project::new(&commands());
    project.write("src/main.go", b"package main // changed\n");
    project.commit("2026-02-01T00:00:00Z");
    project.run(&failing()).await;
    let failure = project.read(FAILED);
    for engine in [failing(), passing()] {
        let (run, _) = project.run_with(&engine, |options| older(fresh(options))).await;
        assert!(run.failure.is_none());
        assert_eq!(project.read(FAILED), failure);
    }
    assert_eq!((project.state(), project.cloned().state()), ("FAILED".to_owned(), "READY".to_owned()));
    project.commit("2026-02-02T00:00:00Z");
    assert_eq!(project.cloned().state(), "FAILED");
}

fn older(options: rcrepro_app::run::RunOptions<'_>) -> rcrepro_app::run::RunOptions<'_> {
    rcrepro_app::run::RunOptions { revision: "HEAD~1", ..options }
}

#[tokio::test]
async fn the_failure_of_another_source_does_not_count() {
    let project = Project::new(&commands());
    project.run(&failing()).await;
    project.write("src/main.go", b"package main // mended\n");
    project.commit("2026-02-01T00:00:00Z");
    assert_eq!((project.state(), project.cloned().state()), ("READY".to_owned(), "READY".to_owned()));
}

#[tokio::test]
async fn a_replay_that_fails_the_same_way_reproduces_the_failure() {
    let project = Project::new(&commands());
    project.run(&failing()).await;
    let replayed = project.replay(&failing(), FAILED).await;
    assert_eq!((replayed.comparison.failed_alike, replayed.standing()), (Some(true), Standing::Failed));
    let otherwise = failing_less().on("RC-05/bad", Script::exit(3).stdout("broken otherwise\n"));
    let replayed = project.replay(&otherwise, FAILED).await;
    assert_eq!((replayed.comparison.failed_alike, replayed.standing()), (Some(false), Standing::Failed));
    let replayed = project.replay(&passing(), FAILED).await;
    assert_eq!((replayed.comparison.failed_alike, replayed.standing()), (Some(false), Standing::Failed));
}

#[tokio::test]
async fn a_forbidden_attempt_is_recorded_though_the_evidence_cannot_show_it() {
    let project = Project::new(&command("calls", "network-attempts = \"forbid\""));
    let attempt = NetworkAttempt {
        process: "bash".into(),
        protocol: "tcp".into(),
        address: "192.0.2.1".into(),
        port: 443,
        name: None,
        count: 1,
    };
    let watch = || Watch::Seen(Sightings { attempts: vec![attempt.clone()], ..Sightings::default() });
    let calling = FakeEngine::default().on("RC-05/calls", Script::exit(0).attempts(watch()));
    project.run(&calling).await;
    assert!(project.read(FAILED).contains("\"failed\":{\"network\":[\"calls\"]}"));
    let (code, told) = project.program(&["verify", FAILED]);
    assert!(code == 1 && told.contains("network-attempt  commands.calls.network"), "{told}");
    let replayed = project.replay(&calling, FAILED).await;
    assert_eq!((replayed.comparison.failed_alike, replayed.standing()), (Some(true), Standing::Failed));
    let quiet = FakeEngine::default().on("RC-05/calls", Script::exit(0));
    let replayed = project.replay(&quiet, FAILED).await;
    assert_eq!((replayed.comparison.failed_alike, replayed.standing()), (Some(false), Standing::Failed));
}

#[tokio::test]
async fn what_decides_nothing_leaves_no_record() {
    let project = Project::new(&command("hollow", "").replace("proof = \"exit-code\"", "proof = \"go-test\""));
    let (run, _) = project.run(&FakeEngine::default().on("RC-05/hollow", Script::exit(0))).await;
    assert_eq!(run.outcome(1), Standing::Undecided);
    assert!(run.failure.is_none() && !project.path(FAILED).exists());
}

fn fresh(options: rcrepro_app::run::RunOptions<'_>) -> rcrepro_app::run::RunOptions<'_> {
    rcrepro_app::run::RunOptions { fresh: true, ..options }
}
