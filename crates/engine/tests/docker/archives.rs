//! Archives of fresh files: the same in every run, while all other programs see the times that the files have.

use rcrepro_model::execution::world::{ClockMode, World, WorldSettings};

use crate::scene::{Case, Scene};

const EPOCH: i64 = 1_700_000_000;

fn case(clock: ClockMode, settings: &WorldSettings, script: &str) -> Case {
    Case { world: World::fixed(EPOCH, settings, clock), ..Case::sh(script) }
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_of_fresh_files_are_equal_under_both_clocks() {
    let scene = Scene::new().await;
    let pack = |wait: &str| {
        format!(
            "sleep {wait}; mkdir d; echo x > d/f; touch -d '1999-01-01 00:00:00' old; sleep {wait}; tar cf out.tar d old; \
             sha256sum out.tar; tar tvf out.tar; sleep 1; touch new; test new -nt d/f && echo newer"
        )
    };
    for clock in [ClockMode::Stands, ClockMode::Starts] {
        let mut said = Vec::new();
        for wait in ["0", "1.1"] {
            let executed = scene.run(&case(clock, &WorldSettings::default(), &pack(wait))).await.expect("a result");
            let stdout = scene.stdout(&executed);
            assert!(executed.clock == clock && stdout.ends_with("newer\n"), "{clock:?}: {stdout}");
            said.push(stdout);
        }
        assert_eq!(said[0], said[1], "{clock:?}");
        if cfg!(target_arch = "x86_64") {
            let expected = ["2023-11-14 22:13:20 d/f", "1999-01-01 00:00:00 old"];
            assert!(expected.iter().all(|member| said[0].contains(member)), "{clock:?}: {}", said[0]);
        }
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_names_no_archiver_gets_the_machines_times() {
    let scene = Scene::new().await;
    let none = WorldSettings { clamp_mtime: Vec::new(), ..WorldSettings::default() };
    let script = "echo x > f; tar cf out.tar f; tar tvf out.tar";
    let executed = scene.run(&case(ClockMode::Stands, &none, script)).await.expect("a result");
    let stdout = scene.stdout(&executed);
    assert!(stdout.contains(" f\n") && !stdout.contains("2023-11-14"), "{stdout}");
    scene.close().await;
}
