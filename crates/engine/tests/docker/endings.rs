//! Exit codes, signals, want of memory and time-outs are told apart.

use std::process::Command;
use std::time::{Duration, Instant};

use rcrepro_engine::docker::RUN;
use rcrepro_engine::{EngineError, Executed, Limits};
use rcrepro_model::execution::action::Ending;

use crate::scene::{Case, Scene, is_podman};

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_are_results() {
    let scene = Scene::new().await;
    for code in [0, 1, 42, 126, 127, 128, 255] {
        let executed = scene.sh(&format!("echo out; echo err >&2; exit {code}")).await;
        assert_eq!(executed.ending, Ending::Exited { code });
        assert_eq!(executed.result.exit_code, code);
        assert_eq!(scene.stdout(&executed), "out\n");
        assert_eq!(scene.text(executed.result.stderr), "err\n");
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_are_seen() {
    let scene = Scene::new().await;
    for (signal, name) in [(9, "KILL"), (11, "SEGV"), (6, "ABRT"), (15, "TERM")] {
        let executed = scene.sh(&format!("kill -{name} $$; sleep 5")).await;
        assert_eq!(executed.ending, Ending::Signaled { signal }, "{name}");
        assert_eq!(executed.result.exit_code, 128 + signal);
    }
    scene.close().await;
}

/// How a command ends in Podman when memory runs out, which its monitor does not notice on control groups of version 1. When this goes
/// red, Podman has learnt it: then strike it from the table in `docs/design/engine-docker.md`.
const UNSEEN: Ending = Ending::Signaled { signal: 9 };

/// Fills memory: `tail` keeps the whole of a line that never ends.
const HOG: &str = "tail /dev/zero";

#[tokio::test(flavor = "multi_thread")]
async fn want_of_memory_is_no_plain_kill() {
    let scene = Scene::new().await;
    let limits = Limits { time: Duration::from_secs(120), memory: 32 << 20, pids: 64, output: 1 << 30 };
    for _ in 0..5 {
        let executed = scene.run(&Case { limits, ..Case::sh(&format!("exec {HOG}")) }).await.expect("a result");
        assert_eq!(executed.ending, if is_podman() { UNSEEN } else { Ending::OutOfMemory { code: 137 } });
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn want_of_memory_counts_even_with_code_zero() {
    let scene = Scene::new().await;
    let limits = Limits { time: Duration::from_secs(120), memory: 32 << 20, pids: 64, output: 1 << 30 };
    let script = format!("{HOG} & wait $!; echo child ended with $?; exit 0");
    let executed = scene.run(&Case { limits, ..Case::sh(&script) }).await.expect("a result");
    let expected = if is_podman() { Ending::Exited { code: 0 } } else { Ending::OutOfMemory { code: 0 } };
    assert_eq!(executed.ending, expected);
    assert_eq!(scene.stdout(&executed), "child ended with 137\n");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_out_keeps_what_was_written() {
    let scene = Scene::new().await;
    let timeout = Duration::from_secs(2);
    let began = Instant::now();
    let executed =
        scene.run(&Case { timeout, ..Case::sh("echo begun; trap '' TERM; sleep 600") }).await.expect("a result");
    assert_eq!(executed.ending, Ending::TimedOut);
    assert_eq!(scene.stdout(&executed), "begun\n");
    assert!(executed.duration >= timeout - Duration::from_millis(500), "{:?}", executed.duration);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_no_result() {
    let scene = Scene::new().await;
    for program in ["/bin/bash", "not-in-the-path", "/etc/hosts"] {
        let case = Case { arguments: vec![program.into()], ..Case::sh("") };
        let Err(error) = scene.run(&case).await else { panic!("{program} cannot be executed") };
        assert!(matches!(error, EngineError::Call { doing: "execute the command", .. }), "{program}: {error}");
        assert!(error.to_string().contains(program), "{error}");
    }
    // A shell that does not find a program is a result.
    assert_eq!(scene.sh("/bin/bash").await.ending, Ending::Exited { code: 127 });
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn durations_are_the_commands_own() {
    let scene = Scene::new().await;
    let executed = scene.sh("sleep 1").await;
    assert!((0.9..2.5).contains(&executed.duration.as_secs_f64()), "{:?}", executed.duration);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn children_in_the_background_end_with_the_command() {
    let scene = Scene::new().await;
    let began = Instant::now();
    let executed = scene.sh("(sleep 30; echo late) & echo now").await;
    assert_eq!(scene.stdout(&executed), "now\n");
    assert_eq!(executed.ending, Ending::Exited { code: 0 });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    scene.close().await;
}

/// Runs a command that sleeps, and does something to its container from outside meanwhile.
async fn meddled(scene: &Scene, timeout: Duration, deed: &[&str]) -> Result<Executed, EngineError> {
    let case = Case { timeout, ..Case::sh("trap 'exit 0' TERM; echo begun; sleep 60 & wait") };
    let meddle = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let label = format!("label={RUN}={}", scene.run_id);
            let listed = Command::new("docker").args(["ps", "-q", "--filter", &label]).output().expect("the client");
            let id = String::from_utf8_lossy(&listed.stdout).trim().to_owned();
            if !id.is_empty() {
                // Its shell has set its trap by then.
                tokio::time::sleep(Duration::from_secs(1)).await;
                let done = Command::new("docker").args(deed).arg(&id).output().expect("the client");
                assert!(done.status.success(), "{deed:?}: {done:?}");
                return;
            }
        }
    };
    let (ended, ()) = tokio::join!(scene.run(&case), meddle);
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_somebody_outside_ends_says_nothing_of_its_command() {
    if is_podman() {
        return;
    }
    let scene = Scene::new().await;
    for (deed, word) in [
        (&["kill"][..], "somebody outside ended it"),
        (&["kill", "-s", "TERM"], "somebody outside its container sent it signal 15"),
        (&["stop"], "somebody outside its container sent it signal 15"),
        (&["pause"], "somebody outside paused its container"),
        (&["rm", "-f", "-v"], "test/case"),
    ] {
        let timeout = Duration::from_secs(if deed == ["pause"] { 4 } else { 60 });
        let error = meddled(&scene, timeout, deed).await.expect_err("it is not believed");
        assert!(error.to_string().contains(word), "{deed:?}: {error}");
        assert!(matches!(error, EngineError::Incomplete { .. } | EngineError::Call { .. }), "{deed:?}: {error:?}");
    }
    // A command may end itself as it likes.
    assert_eq!(scene.sh("kill -9 $$").await.ending, Ending::Signaled { signal: 9 });
    assert_eq!(scene.sh("kill -TERM 1; sleep 5; exit 3").await.result.exit_code, 143);
    scene.close().await;
}
