//! What Podman does otherwise. Each test goes red when Podman no longer does it: then the engine's dialect can lose it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::{
    ContainerCreateBody, HostConfig, Mount, MountType, MountVolumeOptions, MountVolumeOptionsDriverConfig,
};
use bollard::query_parameters::{CreateContainerOptions, InspectContainerOptions, RemoveContainerOptions};
use rcrepro_engine::docker::{DockerOptions, Staging};
use rcrepro_engine::{Engine as _, EngineError};
use rcrepro_model::execution::action::Ending;

use crate::scene::{Case, Scene, is_podman, is_running, leftovers, unique};

/// Says on standard output why a test does nothing on Docker.
fn only_podman() -> bool {
    if !is_podman() {
        println!("skipped: this is about Podman; `cargo xtask test` runs it there");
    }
    is_podman()
}

#[tokio::test(flavor = "multi_thread")]
async fn overlays_are_out_of_reach() {
    if !only_podman() {
        return;
    }
    let scene = Scene::by((Staging::Overlay, false)).await;
    let error = scene.run(&Case::sh("true")).await.expect_err("there are no overlays");
    assert!(error.to_string().contains("only by archives"), "{error}");

    // The reason: through the common API a mount's driver options vanish, and a plain volume is mounted instead.
    let client = Docker::connect_with_defaults().expect("a client");
    let options: HashMap<String, String> =
        [("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=1m")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    let driver_config = MountVolumeOptionsDriverConfig { name: Some("local".into()), options: Some(options) };
    let mount = Mount {
        target: Some("/work".into()),
        typ: Some(MountType::VOLUME),
        volume_options: Some(MountVolumeOptions {
            driver_config: Some(driver_config),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    };
    let body = ContainerCreateBody {
        image: Some(scene.image.config.to_oci()),
        host_config: Some(HostConfig { mounts: Some(vec![mount]), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let made = client.create_container(None::<CreateContainerOptions>, body).await.expect("a container");
    let found = client.inspect_container(&made.id, None::<InspectContainerOptions>).await.expect("an answer");
    let volume = found.mounts.expect("a mount").remove(0).name.expect("a volume has a name");
    let volume = client.inspect_volume(&volume).await.expect("an answer");
    let remove = RemoveContainerOptions { v: true, force: true, link: false };
    client.remove_container(&made.id, Some(remove)).await.expect("it goes");
    assert!(volume.options.is_empty(), "Podman keeps a mount's driver options now: {volume:?}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hosts_environment_would_leak_through_the_common_api() {
    if !only_podman() {
        return;
    }
    let scene = Scene::new().await;
    let client = Docker::connect_with_defaults().expect("a client");
    let body = ContainerCreateBody {
        image: Some(scene.image.config.to_oci()),
        env: Some(vec!["RCREPRO_TEST_LEAK".to_owned(), "HOME=/tmp".to_owned()]),
        ..ContainerCreateBody::default()
    };
    let made = client.create_container(None::<CreateContainerOptions>, body).await.expect("a container");
    let found = client.inspect_container(&made.id, None::<InspectContainerOptions>).await.expect("an answer");
    let remove = RemoveContainerOptions { v: true, force: true, link: false };
    client.remove_container(&made.id, Some(remove)).await.expect("it goes");
    let environment = found.config.and_then(|config| config.env).unwrap_or_default();
    for leak in ["container=podman", "TERM=xterm", "RCREPRO_TEST_LEAK=from the service"] {
        assert!(environment.iter().any(|text| text == leak), "Podman no longer adds {leak}: {environment:?}");
    }
    scene.close().await;
}

/// A second service on the containers of the one that the tests use.
fn second_service(folder: &str) -> (std::process::Child, PathBuf) {
    let socket = tempfile::Builder::new().prefix("second").tempdir_in(folder).expect("a folder").keep().join("s.sock");
    let child = Command::new("podman")
        .args(["--root", &format!("{folder}/root"), "--runroot", &format!("{folder}/run")])
        .args(["--tmpdir", &format!("{folder}/state"), "system", "service", "--time=0"])
        .arg(format!("unix://{}", socket.display()))
        .env("CONTAINERS_CONF", format!("{folder}/containers.conf"))
        .env("CONTAINERS_STORAGE_CONF", format!("{folder}/storage.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("podman is installed");
    let began = Instant::now();
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the second service does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    (child, socket)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_in_mid_output_gives_no_result() {
    if !only_podman() {
        return;
    }
    let Ok(folder) = std::env::var("RCREPRO_TEST_PODMAN") else {
        println!("skipped: RCREPRO_TEST_PODMAN does not name the service's folder, as `cargo xtask test` does");
        return;
    };
    let (mut service, socket) = tokio::task::block_in_place(|| second_service(&folder));
    let options = DockerOptions {
        docker_host: Some(format!("unix://{}", socket.display())),
        ..DockerOptions::new(unique("store"), unique("run"))
    };
    let (store_id, run_id) = (options.store_id.clone(), options.run_id.clone());
    let scene = Scene::connect(options).await;
    let case = Case::sh("while true; do echo a line of output; done");
    let kill = async {
        while !is_running(&run_id).await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        service.kill().expect("our own child");
        service.wait().expect("our own child");
    };
    let began = Instant::now();
    let (result, ()) = tokio::join!(scene.run(&case), kill);
    let error = result.expect_err("the command did not come to its end");
    assert!(matches!(error, EngineError::Incomplete { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    scene.engine.close().await;

    // Podman's containers outlive its service; the labels find this one through the other.
    let next = Scene::connect(DockerOptions::new(store_id, unique("run"))).await;
    let removed = next.engine.sweep_orphans(&|_, _| false).await.expect("a sweep");
    assert_eq!(removed.len(), 1, "{removed:?}");
    assert_eq!(leftovers(&run_id).await, Vec::<String>::new());
    assert_eq!(next.sh("echo again").await.ending, Ending::Exited { code: 0 });
    next.close().await;
}
