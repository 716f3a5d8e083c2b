//! How the engine is found.

use std::net::{Shutdown, TcpListener};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::thread;

use rcrepro_engine::docker::{DockerEngine, DockerOptions};
use rcrepro_engine::{Engine as _, EngineError};
use rcrepro_model::execution::action::Ending;

use crate::proxy;
use crate::scene::{Case, Input, Scene, unique};

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_describes_itself() {
    let scene = Scene::new().await;
    let info = scene.engine.info();
    assert_eq!(info.name, crate::scene::engine(), "RCREPRO_TEST_ENGINE says which engine these tests are for");
    assert_eq!(info.isa, crate::scene::isa());
    assert!(info.version.starts_with(|c: char| c.is_ascii_digit()), "{info:?}");
    assert!(info.api_version.starts_with("1."), "{info:?}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_is_reached_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("tcp://{}", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let daemon = UnixStream::connect(proxy::daemon()).expect("a container engine answers");
            let (mut to_daemon, mut from_client) =
                (daemon.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
            thread::spawn(move || {
                drop(std::io::copy(&mut from_client, &mut to_daemon));
                drop(to_daemon.shutdown(Shutdown::Write));
            });
            thread::spawn(move || {
                drop(std::io::copy(&mut &daemon, &mut &client));
                drop(client.shutdown(Shutdown::Both));
            });
        }
    });
    let options = DockerOptions {
        docker_host: Some(address),
        api_only: true,
        ..DockerOptions::new(unique("store"), unique("run"))
    };
    let scene = Scene::connect(options).await;
    let case = Case {
        inputs: vec![("work/a", Input::File(b"over tcp".to_vec()))],
        outputs: vec!["b"],
        ..Case::sh("cat a; cp a b; exit 5")
    };
    let executed = scene.run(&case).await.expect("a result");
    assert_eq!(executed.ending, Ending::Exited { code: 5 });
    assert_eq!(scene.stdout(&executed), "over tcp");
    assert_eq!(executed.result.outputs.len(), 1);
    scene.close().await;
}

#[tokio::test]
async fn where_nothing_answers_the_address_is_named() {
    for address in ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:9", "ftp://x"] {
        let options = DockerOptions { docker_host: Some(address.into()), ..DockerOptions::new("store", "run") };
        let Err(error) = DockerEngine::connect(options).await else { panic!("{address} answers") };
        assert!(matches!(&error, EngineError::Unreachable { address: named, .. } if named == address), "{error}");
    }
}

#[test]
fn docker_host_is_honoured() {
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "connecting::child_with_a_docker_host", "--ignored", "--nocapture"])
        .env("DOCKER_HOST", "unix:///from/the/environment.sock")
        .output()
        .expect("this program runs again");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    assert!(said.contains("no container engine answers at unix:///from/the/environment.sock"), "{said}");
}

#[tokio::test]
#[ignore = "runs as a process of its own, started by the test above, because it reads the environment"]
async fn child_with_a_docker_host() {
    match DockerEngine::connect(DockerOptions::new("store", "run")).await {
        Ok(_) => panic!("something answers"),
        Err(error) => println!("\n{error}"),
    }
}
