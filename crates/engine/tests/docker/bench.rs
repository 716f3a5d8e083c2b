//! Figures beside the docker command line; printed by `cargo xtask bench`, and no test.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use rcrepro_model::execution::world::{ClockMode, World, WorldSettings};
use rcrepro_testkit::median;

use crate::scene::{Case, Input, Scene};

const ROUNDS: u32 = 20;

fn docker(arguments: &[&str]) -> Duration {
    let began = Instant::now();
    let status = Command::new("docker").args(arguments).stdout(Stdio::null()).status().expect("the docker client");
    assert!(status.success(), "docker {arguments:?}");
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; needs the docker client and a quiet machine"]
async fn a_trivial_command_beside_docker_run() {
    let scene = Scene::new().await;
    let image = scene.image.config.to_oci();
    let case = Case { arguments: vec!["/bin/true".into()], ..Case::sh("") };
    scene.run(&case).await.expect("a result");
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let cli = docker(&["run", "--rm", "--network", "none", "--entrypoint", "/bin/true", &image]);
        let began = Instant::now();
        scene.run(&case).await.expect("a result");
        let own = began.elapsed();
        ratios.push(own.as_secs_f64() / cli.as_secs_f64());
        ours.push(own.as_secs_f64() * 1e3);
        theirs.push(cli.as_secs_f64() * 1e3);
    }
    println!(
        "one command: docker run --rm {:.0} ms, ours {:.0} ms, paired ratio {:.2} (goal 0.55)",
        median(theirs),
        median(ours),
        median(ratios)
    );
    // Removals run behind our back; here their whole cost is in the figure.
    let began = Instant::now();
    for _ in 0..ROUNDS {
        docker(&["run", "--rm", "--network", "none", "--entrypoint", "/bin/true", &image]);
    }
    let cli = began.elapsed();
    let began = Instant::now();
    for _ in 0..ROUNDS {
        scene.run(&case).await.expect("a result");
    }
    scene.close().await;
    let own = began.elapsed();
    let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(ROUNDS);
    println!(
        "{ROUNDS} in a row, removals included: docker run --rm {:.0} ms each, ours {:.0} ms each, ratio {:.2}",
        each(cli),
        each(own),
        own.as_secs_f64() / cli.as_secs_f64()
    );
}

/// Commands of 0.3 s, one at a time: what each costs beyond that, when the next container stands ready at its gate.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; needs the docker client and a quiet machine"]
async fn chained_commands_beside_docker_run() {
    let scene = Scene::new().await;
    let image = scene.image.config.to_oci();
    let world = World::fixed(1_700_000_000, &WorldSettings::default(), ClockMode::Starts);
    let case = Case { world, ..Case::sh("sleep 0.3") };
    let action = scene.action(&case);
    scene.run(&case).await.expect("a result");
    let mut ratios = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        for _ in 0..ROUNDS {
            docker(&["run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", &image, "-c", "sleep 0.3"]);
        }
        let cli = began.elapsed();
        let lanes = rcrepro_engine::Lanes::new(1);
        let execution = rcrepro_engine::Execution {
            action: &action,
            image: &scene.image,
            label: "bench",
            limits: case.limits,
            network: rcrepro_engine::Network::None,
            world: &case.world,
            privilege: rcrepro_engine::Privilege::None,
            turn: Some(rcrepro_engine::Turn { lanes: &lanes, closed: &scene.cancel, began: &|| {}, waits: &|_| {} }),
            live: None,
        };
        let began = Instant::now();
        let one = |_| rcrepro_engine::Engine::execute(&scene.engine, &execution, &scene.store, &scene.cancel);
        let results: Vec<_> = futures_util::stream::iter(0..ROUNDS).map(one).buffer_unordered(2).collect().await;
        let own = began.elapsed();
        assert!(results.iter().all(|result| result.as_ref().is_ok_and(|executed| executed.result.exit_code == 0)));
        let over = |time: Duration| (time.as_secs_f64() * 1e3 - 300.0 * f64::from(ROUNDS)) / f64::from(ROUNDS);
        println!(
            "chained commands of 0.3 s: docker run {:.0} ms over each, ours {:.0} ms over each",
            over(cli),
            over(own)
        );
        ratios.push(over(own) / over(cli));
    }
    println!("chained: ratio of what is over {:.2} (goal 0.25)", median(ratios));
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; needs the docker client and a quiet machine"]
async fn a_whole_command_with_a_tree_of_6500_files() {
    const FILES: usize = 6_500;
    let scene = Scene::new().await;
    let image = scene.image.config.to_oci();
    let names: &'static [String] = Vec::leak((0..FILES).map(|i| format!("work/d{}/f{i}", i % 200)).collect());
    let content = |i: usize| format!("{i}\n").repeat(13_000 / 5).into_bytes();
    let inputs = names.iter().enumerate().map(|(i, name)| (name.as_str(), Input::File(content(i)))).collect();
    let script = "mkdir out; i=0; while [ $i -lt 40 ]; do cat d$i/* > out/$i; i=$((i+1)); done";
    let case = Case { inputs, outputs: vec!["out"], ..Case::sh(script) };
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (i, name) in names.iter().enumerate() {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("room");
        std::fs::write(path, content(i)).expect("room");
    }
    let action = scene.action(&case);
    let execution = rcrepro_engine::Execution {
        action: &action,
        image: &scene.image,
        label: "bench",
        limits: case.limits,
        network: rcrepro_engine::Network::None,
        world: &case.world,
        privilege: rcrepro_engine::Privilege::None,
        turn: None,
        live: None,
    };
    let execute = || rcrepro_engine::Engine::execute(&scene.engine, &execution, &scene.store, &scene.cancel);
    let began = Instant::now();
    let first = execute().await.expect("a result");
    println!("6,500 files, the first time, the tree laid down: ours {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..5 {
        let name = crate::scene::unique("rcrepro-bench");
        let source = format!("{}/work/.", folder.path().display());
        let target = folder.path().join(format!("out{round}")).display().to_string();
        let began = Instant::now();
        docker(&[
            "create",
            "--label",
            "org.rcrepro.test=1",
            "--network",
            "none",
            "--name",
            &name,
            "--workdir",
            "/work",
            "--entrypoint",
            "/bin/sh",
            &image,
            "-c",
            script,
        ]);
        docker(&["cp", &source, &format!("{name}:/work")]);
        docker(&["start", "-a", &name]);
        docker(&["cp", &format!("{name}:/work/out"), &target]);
        docker(&["rm", "-f", "-v", &name]);
        let cli = began.elapsed();
        let began = Instant::now();
        assert_eq!(execute().await.expect("a result").result, first.result);
        let own = began.elapsed();
        ratios.push(cli.as_secs_f64() / own.as_secs_f64());
        ours.push(own.as_secs_f64() * 1e3);
        theirs.push(cli.as_secs_f64() * 1e3);
    }
    println!(
        "6,500 files in, outputs hashed: create, cp, start, cp, rm {:.0} ms; ours {:.0} ms; {:.1} times as fast (goal 10)",
        median(theirs),
        median(ours),
        median(ratios)
    );
    scene.close().await;
}
