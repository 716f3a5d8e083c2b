//! Nothing is left after any end.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcrepro_engine::docker::{DockerOptions, Staging};
use rcrepro_engine::{Engine as _, EngineError};
use rcrepro_model::execution::action::Ending;

use crate::scene::{Case, Input, Scene, is_podman, leftovers, unique};

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_command_is_stopped_and_removed() {
    let scene = Scene::new().await;
    let cancel = scene.cancel.clone();
    let soon = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        cancel.cancel();
    };
    let began = Instant::now();
    let case = Case::sh("trap '' TERM; echo begun; sleep 600; sleep 600");
    let (result, ()) = tokio::join!(scene.run(&case), soon);
    assert!(matches!(result, Err(EngineError::Interrupted { .. })), "{result:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(matches!(scene.run(&case).await, Err(EngineError::Interrupted { .. })), "nothing new begins");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_ends() {
    let scene = Scene::with(Staging::Archive).await;
    let cancel = scene.cancel.clone();
    let soon = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        cancel.cancel();
    };
    let inputs = vec![("work/large", Input::File(vec![7; 300 << 20]))];
    let case = Case { inputs, ..Case::sh("true") };
    let (result, ()) = tokio::join!(scene.run(&case), soon);
    assert!(matches!(result, Err(EngineError::Interrupted { .. })), "{result:?}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_future_leaves_nothing() {
    let scene = Scene::new().await;
    for millis in [0, 5, 20, 60, 150, 400, 1000] {
        let case = Case::sh("sleep 600");
        let dropped = tokio::time::timeout(Duration::from_millis(millis), scene.run(&case)).await;
        assert!(dropped.is_err(), "it was dropped after {millis} ms");
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_leave_nothing() {
    let scene = Scene::new().await;
    let fifo =
        scene.run(&Case { outputs: vec!["out"], ..Case::sh("mkfifo out") }).await.expect("a command's own trouble");
    assert_eq!(fifo.unkept.len(), 1, "{:?}", fifo.unkept);
    scene.run(&Case { arguments: vec!["/missing".into()], ..Case::sh("") }).await.expect_err("no program");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_commands_run_side_by_side() {
    let scene = Scene::new().await;
    let case = Case::sh("cat /proc/uptime; sleep 4; cat /proc/uptime");
    scene.sh("true").await;
    let (one, two) = tokio::join!(scene.run(&case), scene.run(&case));
    // Both clocks are the machine's: each had begun before the other ended, however long it took to start them.
    let span = |said: String| -> Vec<f64> {
        said.split_whitespace()
            .step_by(2)
            .map(|seconds| seconds.parse().expect("seconds since the machine began"))
            .collect()
    };
    let (one, two) = (span(scene.stdout(&one.expect("a result"))), span(scene.stdout(&two.expect("a result"))));
    assert!(one[0] < two[1] && two[0] < one[1], "one after the other: {one:?} {two:?}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_can_be_used_after_it_was_closed() {
    let scene = Scene::new().await;
    scene.sh("true").await;
    scene.engine.close().await;
    assert_eq!(leftovers(&scene.run_id).await, Vec::<String>::new());
    assert_eq!(scene.sh("true").await.ending, Ending::Exited { code: 0 });
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_only_dropped_leaves_nothing() {
    let scene = Scene::new().await;
    let run_id = scene.run_id.clone();
    scene.sh("true").await;
    drop(scene);
    assert_eq!(leftovers(&run_id).await, Vec::<String>::new());
}

const CHILD: &str = "RCREPRO_TEST_ORPHAN";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_left_is_found_and_removed() {
    let (store_id, run_id) = (unique("store"), unique("run"));
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "cleanup::child_that_is_killed", "--ignored", "--nocapture"])
        .env(CHILD, format!("{store_id} {run_id}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program runs again");
    let began = Instant::now();
    while !leftovers(&run_id).await.iter().any(|name| name.starts_with("container")) {
        assert!(began.elapsed() < Duration::from_secs(60), "the child does not begin");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    child.kill().expect("our own child");
    child.wait().expect("our own child");
    let left = leftovers(&run_id).await;
    let volumes = left.iter().filter(|name| name.starts_with("volume")).count();
    assert!(is_podman() == (volumes == 0) && volumes != 1, "{left:?}");

    let other = Scene::connect(DockerOptions::new(unique("store"), unique("run"))).await;
    assert_eq!(
        other.engine.sweep_orphans(&|_, _| false).await.expect("a sweep"),
        Vec::<String>::new(),
        "another store's"
    );
    other.close().await;
    let next = Scene::connect(DockerOptions::new(store_id.clone(), unique("run"))).await;
    let alive = next.engine.sweep_orphans(&|_, run| run == run_id).await.expect("a sweep");
    assert_eq!(alive, Vec::<String>::new(), "a living run's");
    let removed = next.engine.sweep_orphans(&|store, run| store != store_id || run != run_id).await.expect("a sweep");
    assert_eq!(leftovers(&run_id).await, Vec::<String>::new());
    assert!(removed.len() >= if is_podman() { 1 } else { 3 }, "{removed:?}");
    next.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs as a process of its own, started by the test above, because it is killed"]
async fn child_that_is_killed() {
    let ids = std::env::var(CHILD).expect("set by the test above");
    let (store_id, run_id) = ids.split_once(' ').expect("two words");
    let scene = Scene::connect(DockerOptions::new(store_id, run_id)).await;
    scene.sh("sleep 600").await;
}
