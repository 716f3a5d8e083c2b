//! Commands that change their mind. What differs from attempt to attempt is the kernel's randomness, which nothing pins.

use rcrepro_app::evidence::evidence_set::EvidenceSet;
use rcrepro_format::records::manifest_json;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::ReproManifest;

use crate::scene::{Scene, command};

/// Fails with seven chances in eight; with ten retries it passes at last in three runs of four.
const COIN: &str = "echo trying; test $(($(od -An -N1 -tu1 /dev/urandom) % 8)) = 0";

fn entry(expires: &str) -> String {
    format!("[[quarantine]]\ncommand = \"coin\"\nreason = \"it draws lots\"\nowner = \"ada\"\nexpires = {expires}\n")
}

/// Runs until the coin fell late: neither at the first attempt, which records a manifest that is none of the flake's, nor never.
fn flake(scene: &Scene) -> crate::scene::Ended {
    for _ in 0..40 {
        let recorded = scene.path("manifests/RC-05.json");
        if recorded.exists() {
            std::fs::remove_file(recorded).expect("removed");
        }
        let ended = scene.run(&["run", "RC-05", "--fresh"]);
        if ended.stdout.contains("flake  coin") {
            return ended;
        }
    }
    panic!("a coin that never fell late");
}

#[test]
fn a_flake_passes_through_quarantine_alone_and_until_its_day() {
    let scene = Scene::new(&command("coin", COIN, "retries = 10"));
    let ended = flake(&scene);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains(" of 11: flake without quarantine\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("failed  coin  exit code 0"), "{}", ended.stdout);
    assert!(ended.stdout.contains("RC-05 recorded as failed: flake without quarantine"), "{}", ended.stdout);
    assert!(ended.stderr.contains("again  coin: attempt 1 of 11 failed, exit code 1"), "{}", ended.stderr);
    assert!(!scene.path("manifests/RC-05.json").exists());

    let plan = scene.read("rcrepro.toml");
    scene.write("rcrepro.toml", format!("{plan}\n{}", entry("2020-01-31")).as_bytes());
    scene.commit("expired");
    let ended = flake(&scene);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("flake without quarantine, which expired on 2020-01-31 (ada)"), "{}", ended.stdout);

    scene.write("rcrepro.toml", format!("{plan}\n{}", entry("9999-12-30")).as_bytes());
    scene.commit("in quarantine");
    let ended = flake(&scene);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(ended.stdout.contains("in quarantine until 9999-12-30 (ada: it draws lots)"), "{}", ended.stdout);
    assert!(scene.path("manifests/RC-05.json").exists());
    let verified = scene.ok(&["verify", "manifests/RC-05.json"]).stdout;
    assert!(verified.contains("flake  coin  passed at attempt"), "{verified}");

    // The manifest itself says so, with every attempt, and a stranger judges it by the day.
    let text = scene.read("manifests/RC-05.json");
    let mut manifest: ReproManifest = serde_json::from_str(&text).expect("a manifest");
    let failed = manifest.commands[0].earlier.clone();
    assert!(!failed.is_empty() && failed.iter().all(|attempt| attempt.exit_code == 1), "{failed:?}");
    let path = scene.path("manifests/RC-05.json");
    let judge = |text: &[u8], day: &str| {
        std::fs::write(&path, text).expect("our own file");
        let set = EvidenceSet::open(&path, None).expect("opened");
        set.verify(day.parse().expect("a day")).expect("the evidence can be read").findings
    };
    assert_eq!(judge(text.as_bytes(), "9999-12-30"), []);
    assert_eq!(names(&judge(text.as_bytes(), "9999-12-31")), [FindingName::Flake], "its last day was the day before");
    manifest.commands[0].earlier[0].exit_code = 2;
    let changed = manifest_json::encode(&manifest).0;
    assert_eq!(names(&judge(&changed, "9999-12-30")), [FindingName::ResultDiffers]);
    manifest.commands[0].earlier[0].exit_code = 0;
    let changed = manifest_json::encode(&manifest).0;
    assert_eq!(names(&judge(&changed, "9999-12-30")), [FindingName::EndingDiffers, FindingName::ResultDiffers]);
    manifest.commands[0].earlier = vec![failed[0].clone(); 11];
    let changed = manifest_json::encode(&manifest).0;
    assert_eq!(names(&judge(&changed, "9999-12-30")), [FindingName::PlanDiffers], "the plan allows ten");
}

fn names(findings: &[Finding]) -> Vec<FindingName> {
    findings.iter().map(|finding| finding.name).collect()
}

#[test]
fn what_fails_at_every_attempt_has_failed() {
    let scene = Scene::new(&command("never", "echo no; exit 4", "retries = 1"));
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("failed  never  exit code 4") && !ended.stdout.contains("flake"), "{}", ended.stdout);
}
