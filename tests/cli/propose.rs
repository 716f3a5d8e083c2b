//! `rcrepro shake --propose`: which keys it finds, and that they are right.

use rcrepro_format::syntax::toml_place;
use serde_json::Value;

use crate::scene::{Scene, command};
use crate::second_look::{COUNTS, WAITS};

#[test]
fn shaking_proposes_the_strictest_world_in_which_a_command_passes() {
    let scene = Scene::new(
        &[
            command("waits", WAITS, "clock = \"stands\"\noutputs = [\"out\"]")
                .replace("]'''", "] && echo yes > out'''"),
            command("after", "cat out", "needs = [\"waits\"]"),
            command("stamps", "date +%s.%N", ""),
            command("counts", COUNTS, "cpus = 3"),
            command("never", "exit 4", ""),
        ]
        .concat(),
    );
    let ended = scene.run(&["shake", "RC-05", "--propose"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    for text in [
        "# waits: needs no key, take out clock = \"stands\": passed 4 of 4 runs so, equal in all of them\n",
        "#   with clock = \"stands\", as the plan has it: passed 0 of 1 run; exit code 1\n",
        "# after: needs no key: passed 4 of 4 runs so",
        "[[sets.all]]\nid = \"stamps\"\nclock = \"stands\"\n",
        "# counts: needs no key, take out cpus = 3: passed 4 of 4 runs so",
        "# never: passes in no world\n",
        "# RC-05: other keys for 3 of 5 commands (",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    toml_place::parse::<Value>(&ended.stdout).expect("all of it is TOML");
    // The plan that follows the proposal needs nothing more, and one that fails everywhere has failed.
    scene.replace("rcrepro.toml", "clock = \"stands\"\n", "");
    scene.replace("rcrepro.toml", "cpus = 3", "");
    scene.replace("rcrepro.toml", "id = \"stamps\"", "id = \"stamps\"\nclock = \"stands\"");
    scene.commit("another plan");
    let ended = scene.run(&["--json", "shake", "RC-05", "--propose"]);
    let document: Value = serde_json::from_str(&ended.stdout).expect("one JSON document");
    assert_eq!((ended.code, &document["verdict"]), (1, &"failed".into()), "{document:#}");
    scene.ok(&["shake", "RC-05", "--propose", "--command", "stamps", "--command", "after"]);
    scene.run(&["shake", "RC-05", "--propose", "--vary", "host"]).failed(2, &["cannot be used with"]);
}
