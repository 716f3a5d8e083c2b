//! How quiet a plan wants its commands: attempts at the network, and patterns in the streams.

use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_testkit::blinding;
use rcrepro_testkit::second_daemon::SecondDaemon;

use crate::scene::{Scene, command, shared_store};

/// Tries to reach an address that is nobody's, and does not mind.
const ATTEMPT: &str = "exec 3<> /dev/tcp/192.0.2.1/443 || echo went on";

fn attempting(id: &str, more: &str) -> Scene {
    Scene::new(&command(id, &format!("bash -c \"{ATTEMPT}\" 2> /dev/null"), more))
}

#[test]
fn attempts_are_listed_and_recorded_and_nothing_fails() {
    let scene = attempting("listed", "");
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stderr.contains("network  listed  bash → 192.0.2.1:443 tcp ×1"), "{}", ended.stderr);
    let ended = scene.ok(&["--json", "run", "RC-05"]);
    let documents: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let attempt = &documents[0]["network"]["listed"]["seen"]["attempts"][0];
    assert_eq!((attempt["process"].as_str(), attempt["port"].as_u64()), (Some("bash"), Some(443)), "{documents}");
    let allowed = attempting("allowed", "network-attempts = \"allow\"");
    let ended = allowed.ok(&["run", "RC-05"]);
    assert!(!ended.stderr.contains("192.0.2.1"), "{}", ended.stderr);
}

#[test]
fn forbidden_attempts_fail_the_run_and_every_replay() {
    let scene = attempting("forbidden", "network-attempts = \"forbid\"");
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    for text in ["network-attempt  commands.forbidden.network", "bash → 192.0.2.1:443 tcp ×1", "recorded as failed"]
    {
        assert!(ended.stdout.contains(text), "{}", ended.stdout);
    }
    assert!(!scene.path("manifests/RC-05.json").exists());

    // A stranger gets a manifest that somebody else recorded without the rule: the replay sees for itself.
    scene.replace("rcrepro.toml", "\"forbid\"", "\"report\"");
    scene.commit("look away");
    scene.ok(&["run", "RC-05"]);
    scene.replace("rcrepro.toml", "\"report\"", "\"forbid\"");
    scene.commit("look");
    let ended = scene.run(&["replay", "RC-05"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("network-attempt"), "{}", ended.stdout);
}

#[test]
fn a_quiet_command_passes_where_attempts_are_forbidden() {
    let line = "bash -c \"exec 3<> /dev/tcp/127.0.0.1/9\" 2> /dev/null || echo alone";
    let scene = Scene::new(&command("alone", line, "network-attempts = \"forbid\"\nexpect.stderr = \"empty\""));
    scene.ok(&["run", "RC-05"]);
    scene.ok(&["replay", "RC-05"]);
    scene.ok(&["verify", "manifests/RC-05.json"]);
}

#[test]
fn noise_fails_the_run_and_is_found_again_by_verify() {
    for (id, line, more, at) in [
        ("forbids", "echo fine; echo 'a Warning: x'", "forbid = [\"(?i)warning\"]", "commands.forbids.stdout:2"),
        ("expects", "echo fine; echo word >&2", "expect.stderr = \"empty\"", "commands.expects.stderr"),
    ] {
        let scene = Scene::new(&command(id, line, more));
        let ended = scene.run(&["run", "RC-05"]);
        assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains(&format!("noise  {at}")), "{}", ended.stdout);
        assert!(!scene.path("manifests/RC-05.json").exists());
        // What the run left in the store, given to a stranger as if it were a recorded manifest.
        let documents = scene.run(&["--json", "run", "RC-05"]).stdout;
        let documents: serde_json::Value = serde_json::from_str(&documents).expect("JSON");
        let digest = documents[0]["manifest"].as_str().and_then(|text| text.parse().ok()).expect("a digest");
        let store = FsStore::open(&shared_store()).expect("the store");
        scene.write("elsewhere.json", &store.get(digest).expect("the manifest of the run"));
        let judged = scene.run(&["verify", "elsewhere.json"]);
        assert_eq!(judged.code, 1, "{}{}", judged.stdout, judged.stderr);
        assert!(judged.stdout.contains(&format!("noise  {at}")), "{}", judged.stdout);
    }
}

#[test]
fn where_nobody_can_watch_a_forbidden_attempt_is_undecided() {
    let rules = r#"{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["seccomp"],"action":"SCMP_ACT_ERRNO"}]}"#;
    let daemon = SecondDaemon::start_with(|folder| {
        let profile = folder.join("seccomp.json");
        std::fs::write(&profile, rules).expect("a file in a new folder");
        vec!["--seccomp-profile".to_owned(), profile.display().to_string()]
    });
    let quiet = Scene::new(&command("unwatched", "true", "network-attempts = \"forbid\""));
    let scene = quiet.with_engine(daemon.address());
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 5, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("network-unknown  commands.unwatched.network"), "{}", ended.stdout);
    assert!(!scene.path("manifests/RC-05.json").exists());
    scene.replace("rcrepro.toml", "\"forbid\"", "\"report\"");
    scene.commit("only look");
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stderr.contains("attempts are unknown"), "{}", ended.stderr);
}

#[test]
fn who_blinds_the_watch_does_not_pass_where_attempts_are_forbidden() {
    let line = |way: &str| format!("cp program /tmp/p && chmod +x /tmp/p && /tmp/p {way} > /dev/null");
    let rule = "network-attempts = \"forbid\"";
    let scene =
        Scene::new(&[command("limits", &line("limits"), rule), command("hidden", &line("hidden"), rule)].concat());
    scene.write("program", &blinding::program("attempts"));
    scene.commit("a program");
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("network-attempt  commands.limits.network"), "{}", ended.stdout);
    assert!(ended.stdout.contains("network-unknown  commands.hidden.network"), "{}", ended.stdout);
    assert!(!scene.path("manifests/RC-05.json").exists());
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_clock_that_was_not_pinned_for_all_is_recorded_as_unconfirmed() {
    let line = "cp program /tmp/p && chmod +x /tmp/p && /tmp/p > /dev/null && echo done";
    let scene = Scene::new(&command("bare", line, ""));
    scene.write("program", &blinding::program("bare"));
    scene.commit("a program");
    let ended = scene.ok(&["run", "RC-05"]);
    assert!(ended.stderr.contains("the clock is unconfirmed"), "{}", ended.stderr);
    let manifest = scene.read("manifests/RC-05.json");
    assert!(manifest.contains("\"clock\":\"unconfirmed\"") && manifest.ends_with("\"version\":4}"), "{manifest}");
    scene.ok(&["verify", "manifests/RC-05.json"]);
    scene.ok(&["replay", "RC-05"]);
    // A clock that the plan leaves to the machine is known to be that.
    scene.write("manifests/RC-05.json", manifest.replace("\"version\":4", "\"version\":3").as_bytes());
    assert_eq!(scene.run(&["verify", "manifests/RC-05.json"]).code, 6);
}
