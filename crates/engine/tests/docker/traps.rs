//! The traps of the recipes that need a bad connection or a dying daemon.

use std::time::{Duration, Instant};

use rcrepro_engine::docker::{DockerOptions, Staging};
use rcrepro_engine::{Engine as _, EngineError};
use rcrepro_model::execution::action::Ending;
use rcrepro_testkit::second_daemon::SecondDaemon;

use crate::proxy::{Mischief, Proxy};
use crate::scene::{Case, Input, Scene, is_podman, unique};

async fn behind(proxy: &Proxy, staging: Staging) -> Scene {
    let options = DockerOptions {
        docker_host: Some(proxy.address()),
        staging,
        ..DockerOptions::new(unique("store"), unique("run"))
    };
    Scene::connect(options).await
}

fn with_files(script: &str) -> Case {
    let file = |name: &'static str| (name, Input::File(name.as_bytes().to_vec()));
    Case { inputs: vec![file("work/a"), file("work/b"), file("work/c")], ..Case::sh(script) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_cut_at_an_entry_boundary_is_noticed() {
    let proxy = Proxy::start(Mischief::CutUploads);
    let scene = behind(&proxy, Staging::Archive).await;
    let error = scene.run(&with_files("ls")).await.expect_err("a part of the inputs is missing");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error}");
    assert!(error.to_string().contains("did not all arrive"), "{error}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_cut_at_an_entry_boundary_is_noticed() {
    let proxy = Proxy::start(Mischief::CutDownloads);
    let scene = behind(&proxy, Staging::Archive).await;
    let script = "mkdir out; echo 1 > out/1; echo 2 > out/2";
    let error = scene.run(&Case { outputs: vec!["out"], ..with_files(script) }).await.expect_err("a file is missing");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error}");
    assert!(error.to_string().contains("end mark"), "{error}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_end_inside_a_frame_are_no_log() {
    // Eight bytes of header, then a part of the payload.
    let proxy = Proxy::start(Mischief::CutAttach(11));
    let scene = behind(&proxy, Staging::Archive).await;
    let error = scene.run(&Case::sh("echo a longer line; sleep 1")).await.expect_err("the end is missing");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error}");
    assert!(error.to_string().contains("not a whole frame"), "{error}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_comes_late_still_answers() {
    let proxy = Proxy::start(Mischief::DelayWaits(Duration::from_secs(4)));
    let scene = behind(&proxy, Staging::Archive).await;
    let began = Instant::now();
    let executed = scene.run(&Case::sh("echo over; exit 3")).await.expect("a result");
    assert!(began.elapsed() >= Duration::from_secs(4), "the wait did come late");
    assert!(executed.duration < Duration::from_secs(3), "{:?}", executed.duration);
    assert_eq!(executed.ending, Ending::Exited { code: 3 });
    assert_eq!(scene.stdout(&executed), "over\n");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_killed_in_mid_output_gives_no_result() {
    if is_podman() {
        println!(
            "skipped: this kills a Docker daemon; Podman's has podman::a_service_killed_in_mid_output_gives_no_result"
        );
        return;
    }
    let mut daemon = SecondDaemon::start();
    let options =
        DockerOptions { docker_host: Some(daemon.address()), ..DockerOptions::new(unique("store"), unique("run")) };
    let store_id = options.store_id.clone();
    let scene = Scene::connect(options).await;
    let case = Case::sh("while true; do echo a line of output; done");
    let run = scene.run(&case);
    let kill = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        tokio::task::block_in_place(|| daemon.kill());
    };
    let began = Instant::now();
    let (result, ()) = tokio::join!(run, kill);
    let error = result.expect_err("the command did not come to its end");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // Nothing answers now: that is said, and closing does not hang.
    let error = scene.run(&Case::sh("true")).await.expect_err("there is no daemon");
    assert!(matches!(error, EngineError::Call { .. }), "{error}");
    scene.engine.close().await;

    tokio::task::block_in_place(|| daemon.restart());
    let options = DockerOptions { docker_host: Some(daemon.address()), ..DockerOptions::new(store_id, unique("run")) };
    let next = Scene::connect(options).await;
    let removed = next.engine.sweep_orphans(&|_, _| false).await.expect("a sweep");
    assert!(removed.iter().any(|name| name.starts_with("container ")), "{removed:?}");
    assert_eq!(next.sh("echo again").await.ending, Ending::Exited { code: 0 });
    next.engine.close().await;
    assert_eq!(next.engine.sweep_orphans(&|_, _| false).await.expect("a sweep"), Vec::<String>::new());
    tokio::task::block_in_place(|| drop(daemon));
}
