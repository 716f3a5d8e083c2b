//! An image that Podman builds, starts and checks: `cargo xtask certified on_podman` starts a Podman of its own for it.

use super::{BASE, Planned, scene};

/// Serves after four seconds, and ends when it is asked to.
const STEPS: &str = "RUN date -u +%s > /time && tar cf /files.tar /etc/passwd /time\n\
    HEALTHCHECK --interval=2s --retries=3 CMD [\"test\", \"-e\", \"/tmp/up\"]\n\
    CMD [\"bash\", \"-c\", \"trap 'exit 0' TERM; sleep 4 & wait; echo > /tmp/up; sleep 100 & wait\"]\n";

#[test]
#[ignore = "compiles BuildKit: cargo xtask certified"]
fn an_image_is_built_twice_alike_and_has_as_long_as_it_says_to_become_healthy() {
    let keys = "writable = [\"/tmp\"]\nsmoke = [{ id = \"healthy-smoke\", run = \"true\", image = \"base\" }]";
    let scene = scene(&[Planned { id: "healthy", dockerfile: &format!("{BASE}{STEPS}"), keys }], "");
    if std::env::var_os("RCREPRO_TEST_ENGINE").is_some() {
        let doctor = scene.run(&["doctor"]).stdout.to_lowercase();
        assert!(doctor.contains("podman"), "{doctor}");
    }
    scene.ok(&["run", "RC-05"]);
    let record = scene.read("manifests/RC-05.images.json");
    let record: serde_json::Value = serde_json::from_str(&record).expect("canonical JSON");
    let image = &record["images"]["healthy"];
    assert_eq!(image["smoke"][0]["health"], "healthy", "{image:#}");
    assert_eq!(image["parts"], image["again"]);
}
