//! `rcrepro why`: the classes, the views and the exit codes.

use crate::scene::{Scene, command};

/// Prints what varies by nature, and makes an archive that holds the clock.
fn varying() -> Scene {
    Scene::new(
        &[
            command("drawn", "echo session $(cat /proc/sys/kernel/random/uuid)", ""),
            command("timed", "date +%s.%N; echo '<b>&' >&2", "clock = \"real\""),
            command(
                "packed",
                "mkdir out && date -u > out/built && cp greeting.txt out/ && tar -cf out.tar out",
                "clock = \"real\"\noutputs = [\"out.tar\"]",
            ),
            command("same", "echo same", ""),
        ]
        .concat(),
    )
}

#[test]
fn every_difference_of_a_replay_is_explained_in_three_views() {
    let scene = varying();
    scene.ok(&["run", "RC-05"]);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(scene.run(&["replay", "RC-05"]).code, 1);

    let page = scene.path("why.html");
    let ended = scene.run(&["why", "RC-05", "--html", page.to_str().expect("a text path")]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for text in [
        "randomness: UUIDs of version 4 are random",
        "drawn stdout:1",
        "timed stdout:1",
        "packed out.tar!/out/built mtime",
        "remedy: tar --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime",
        "streams and outputs:",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("same stdout"), "{}", ended.stdout);
    let clock = "remedy: clock = \"stands\" in the plan's table of `timed`, whose clock was `real`";
    assert_eq!(ended.stdout.matches(clock).count(), 1, "{}", ended.stdout);

    let page = std::fs::read_to_string(page).expect("the page was written");
    assert!(page.starts_with("<!doctype html>") && !page.contains("<script"), "{page}");
    assert!(page.contains("out.tar!/out/built mtime"), "{page}");

    let json = scene.run(&["why", "RC-05", "latest", "--json"]);
    assert_eq!(json.code, 1, "{}", json.stderr);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    assert_eq!(document["verdict"], "different");
    assert!(document["classes"]["randomness"].as_u64().is_some_and(|count| count == 1), "{document:#}");
    assert!(document["classes"]["clock"].as_u64().is_some_and(|count| count >= 3), "{document:#}");
    assert!(document["classes"]["real"].is_null(), "{document:#}");
}

#[test]
fn equal_sides_are_0_and_a_changed_byte_is_real() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    let same = scene.ok(&["why", "RC-05", "manifests/RC-05.json"]);
    assert!(same.stdout.ends_with("RC-05: no differences found\n"), "{}", same.stdout);
    scene.replace("greeting.txt", "hello", "hallo");
    scene.commit("one byte");
    assert_eq!(scene.run(&["replay", "RC-05"]).code, 1);
    let ended = scene.run(&["why", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for text in ["source/greeting.txt", "real: the source differs", "greet stdout:1", "hello", "hallo"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

#[test]
fn evidence_that_is_missing_is_named_and_leaves_it_undecided() {
    let scene = Scene::new(&command("drawn", "cat /proc/sys/kernel/random/uuid", ""));
    scene.ok(&["run", "RC-05"]);
    let stranger = tempfile::tempdir().expect("a temporary folder");
    let (a, b, store) = (stranger.path().join("a.json"), stranger.path().join("b.json"), stranger.path().join("store"));
    std::fs::copy(scene.path("manifests/RC-05.json"), &a).expect("copied");
    std::fs::remove_file(scene.path("manifests/RC-05.json")).expect("removed");
    scene.ok(&["run", "RC-05", "--fresh"]);
    std::fs::copy(scene.path("manifests/RC-05.json"), &b).expect("copied");
    let text = |path: &std::path::Path| path.to_str().expect("a text path").to_owned();
    let ended = scene.run(&["--store", &text(&store), "why", &text(&a), &text(&b)]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("missing: drawn stdout of the first side, blob "), "{}", ended.stdout);
    assert!(ended.stdout.contains("UNDECIDED"), "{}", ended.stdout);
}

#[test]
fn a_demand_for_bitwise_equality_is_told_as_the_cause() {
    let time = "echo \"ok  \texample.com/m\t$(printf %d $(od -An -N4 -tu4 /dev/urandom)).123s\"";
    let scene = Scene::new(&command("strict", time, "normalize.stdout = [\"go-test\"]\nrequire = \"bitwise\""));
    scene.ok(&["run", "RC-05"]);
    let replay = scene.run(&["replay", "RC-05"]);
    assert_eq!(replay.code, 1, "{}", replay.stderr);
    for text in [
        "the plan demands bitwise equality",
        "only after go-test",
        "2 streams and outputs: 1 bitwise, 1 canonical, 0 divergent",
    ] {
        assert!(replay.stdout.contains(text), "`{text}` in\n{}", replay.stdout);
    }
    assert!(replay.stderr.contains("1 bitwise, 1 canonical, 0 divergent"), "{}", replay.stderr);
    let ended = scene.run(&["why", "RC-05"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for text in ["strict require", "removed already by normalize.stdout = [\"go-test\"]"] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

#[test]
fn what_names_no_side_says_what_would() {
    let scene = Scene::new(&command("unreplayed", "cat greeting.txt", ""));
    scene
        .run(&["why", "nowhere.json", "latest"])
        .failed(5, &["no manifest at `nowhere.json`", "hint: name a packet, or the file of a manifest"]);
    scene.run(&["why", "nowhere", "latest"]).failed(2, &["`nowhere` is neither a packet nor", "hint: name two of"]);
    scene.run(&["why", "latest", "latest"]).failed(2, &["does not say which packet is meant", "hint: name the packet"]);
    scene.ok(&["run", "RC-05"]);
    scene
        .run(&["why", "RC-05"])
        .failed(5, &["the store has no replay of this manifest of RC-05", "hint: rcrepro replay RC-05"]);
}
