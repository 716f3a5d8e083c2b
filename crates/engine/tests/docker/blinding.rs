//! Programs that do all they can so that nobody sees what they do, in containers as commands have them.

use rcrepro_engine::Executed;
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::world::{ClockMode, World, WorldSettings};
use rcrepro_testkit::blinding;

use crate::scene::{Case, Input, Scene};

const EPOCH: i64 = 1_700_000_000;

async fn run(scene: &Scene, program: &[u8], way: &str) -> Executed {
    let case = Case {
        arguments: vec!["/deps/blind/program".to_owned(), way.to_owned()],
        inputs: vec![("deps/blind/program", Input::Program(program.to_vec()))],
        world: World::fixed(EPOCH, &WorldSettings::default(), ClockMode::Stands),
        ..Case::sh("")
    };
    scene.run(&case).await.expect("a result")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attempt_passes_for_none() {
    let scene = Scene::new().await;
    let program = blinding::program("attempts");
    let mut ways = vec![
        "plain",
        "limits",
        "stopped",
        "hidden",
        "untraced",
        "vfork",
        "memory",
        "halves",
        "late-message",
        "empty-message",
        "flipped",
    ];
    if cfg!(target_arch = "x86_64") {
        ways.extend(["narrow-limits", "narrow-connect", "narrow-socketcall", "narrow-sendto", "narrow-sendmsg"]);
        ways.push("narrow-sendmmsg");
    }
    for way in ways {
        let executed = run(&scene, &program, way).await;
        let said = scene.text(executed.result.stdout);
        assert_eq!(said.lines().last(), Some("101"), "{way}: it did try: {said}");
        let is_told = match &executed.attempts {
            Watch::Unknown { .. } => true,
            Watch::Seen(seen) => {
                !seen.attempts.is_empty() || seen.further > 0 || seen.unread > 0 || !seen.blind.is_empty()
            }
        };
        assert!(is_told, "{way}: {:?}", executed.attempts);
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_clock_is_confirmed_that_was_the_machines() {
    let scene = Scene::new().await;
    let (clocks, bare) = (blinding::program("clocks"), blinding::program("bare"));
    let mut ways =
        vec![(&clocks, "plain"), (&clocks, "limits"), (&clocks, "hidden"), (&clocks, "adjtimex"), (&clocks, "stamped")];
    if cfg!(target_arch = "x86_64") {
        ways.extend([
            (&bare, "bare"),
            (&clocks, "narrow-time"),
            (&clocks, "narrow-clock-gettime"),
            (&clocks, "vsyscall"),
        ]);
    }
    for (program, way) in ways {
        let executed = run(&scene, program, way).await;
        let said = scene.text(executed.result.stdout);
        let is_pinned = said.is_empty() || said.lines().last() == Some(&EPOCH.to_string());
        assert!(is_pinned || executed.clock == ClockMode::Unconfirmed, "{way}: {said} {:?}", executed.clock);
        if way == "plain" || way == "limits" {
            assert!(is_pinned && executed.clock == ClockMode::Stands, "{way}: {said} {:?}", executed.attempts);
        }
    }
    scene.close().await;
}
