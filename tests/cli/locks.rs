//! Locks that are stale, damaged or missing: nothing may run.

use crate::scene::{Scene, command, shared_store};

/// Flips a hex digit of the first digest after a text.
fn flip_after(text: &str, marker: &str) -> String {
    let start = text.find(marker).expect(marker) + marker.len();
    let offset = text[start..].find(|c: char| c.is_ascii_hexdigit()).expect("a digit follows") + start;
    let flipped = if &text[offset..=offset] == "0" { "1" } else { "0" };
    format!("{}{flipped}{}", &text[..offset], &text[offset + 1..])
}

#[test]
fn a_flipped_digit_in_an_image_lock_stops_everything() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    let lock = scene.read("lockfiles/images/amd64/base.lock");
    for marker in ["\nconfig = \"", "\nmanifest = \"", "\nsha256 = \""] {
        scene.write("lockfiles/images/amd64/base.lock", flip_after(&lock, marker).as_bytes());
        scene.commit("another lock");
        let ended = scene.run(&["replay", "RC-05"]);
        ended.failed(4, &["error: "]);
        assert!(!ended.stderr.contains("greet"), "nothing ran: {}", ended.stderr);
    }
    scene.write("lockfiles/images/amd64/base.lock", lock.as_bytes());
    scene.commit("the lock as it was");
    scene.ok(&["replay", "RC-05"]);
}

#[test]
fn both_digests_are_named() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.ok(&["image", "build"]);
    let lock = scene.read("lockfiles/images/amd64/base.lock");
    let flipped = flip_after(&lock, "\nconfig = \"");
    let digest = |lock: &str| {
        let line = lock.lines().find(|line| line.starts_with("config = ")).expect("a line");
        line.split('"').nth(1).expect("a quoted digest")[..64].to_owned()
    };
    scene.write("lockfiles/images/amd64/base.lock", flipped.as_bytes());
    scene.commit("another lock");
    scene.run(&["run", "RC-05"]).failed(4, &[&digest(&lock), &digest(&flipped), "hint: restore the lock from git"]);
}

#[test]
fn a_changed_definition_makes_the_lock_stale() {
    let scene = Scene::new(&command("greet", "cat greeting.txt", ""));
    scene.replace("images/base.toml", "\"procps\", ", "");
    scene.commit("another definition");
    scene.run(&["run", "RC-05"]).failed(3, &["stale lock", "hint: rcrepro image lock base"]);
}

#[test]
fn frozen_inputs_without_or_with_a_stale_lock_name_the_command_that_mends_it() {
    let frozen = "[frozen.gomod]\nkind = \"go-modules\"\nimage = \"base\"\n";
    let scene = Scene::new(&format!("{}{frozen}", command("greet", "true", "frozen = [\"gomod\"]")));
    scene.write("go.mod", b"module example.com/m\n");
    scene.write("go.sum", b"");
    scene.commit("a module");
    scene.run(&["run", "RC-05"]).failed(3, &["frozen input `gomod` has no lock", "hint: rcrepro lock gomod"]);
    let lock = format!(
        "version = 1\nkind = \"go-modules\"\nmade_from = \"{}\"\nroot = \"{}/0\"\n",
        "0".repeat(64),
        "0".repeat(64)
    );
    scene.write("lockfiles/gomod.lock", lock.as_bytes());
    scene.commit("a lock");
    scene.run(&["run", "RC-05"]).failed(3, &["the lock of frozen input `gomod` is stale", "hint: rcrepro lock gomod"]);
    assert!(shared_store().is_dir());
}

#[test]
fn check_refuses_the_lock_of_a_frozen_input_that_no_run_takes() {
    let frozen = "[frozen.gomod]\nkind = \"go-modules\"\nimage = \"base\"\n";
    let scene = Scene::new(&format!("{}{frozen}", command("greet", "true", "frozen = [\"gomod\"]")));
    scene.write("go.mod", b"module example.com/m\n");
    let zeros = "0".repeat(64);
    let lock = |kind: &str| {
        format!("version = 1\nkind = \"{kind}\"\nmade_from = \"{zeros}\"\nroot = \"{zeros}/0\"\n").into_bytes()
    };
    for (bytes, says) in [
        (b"garbage\n".to_vec(), "is not a valid lock of a frozen input"),
        (lock("go-modules"), "the lock of frozen input `gomod` is stale"),
        (lock("npm-packages"), "it is of the kind `npm-packages`, the plan has `go-modules`"),
    ] {
        scene.write("lockfiles/gomod.lock", &bytes);
        scene.commit("a lock");
        let ended = scene.run(&["check"]);
        assert_eq!(ended.code, 3, "{says}: {}", ended.stdout);
        for text in ["refused: lockfiles/gomod.lock: ", says, "hint: rcrepro lock gomod"] {
            assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
        }
    }
}

#[test]
fn check_names_what_the_definition_of_an_image_needs_of_others() {
    let scene = Scene::new(&command("hello", "true", "image = \"prog\"").replace("image = \"base\"\n", ""));
    scene.replace("rcrepro.toml", "[packets.RC-05]", "[images.prog]\nbuild = \"images/prog.toml\"\n[packets.RC-05]");
    let program = "version = 1\nfrom = [\n  \"base\",\n]\n[program]\nmodule = \"example.org/m\"\nversion = \"v1.0.0\"\n\
                   image = \"builder\"\ninto = \"usr/local/bin\"\n";
    scene.write("images/prog.toml", program.as_bytes());
    let missing = || {
        let said = scene.run(&["check"]).stdout;
        let lines = said.lines().filter_map(|line| Some(line.strip_prefix("  missing: ")?.to_owned()));
        lines.collect::<Vec<String>>()
    };
    let by = "which `image` in images/prog.toml:8 names";
    let found = missing();
    assert!(
        found[0].starts_with(&format!("definition of image `builder` at `images/builder.toml`, {by}: mkdir ")),
        "{found:?}"
    );
    assert_eq!(found[1..], ["lock of image `prog`: rcrepro image lock prog"]);
    scene.write("images/builder.toml", scene.read("images/base.toml").as_bytes());
    std::fs::remove_file(scene.path("lockfiles/images/amd64/base.lock")).expect("it was there");
    assert_eq!(
        missing(),
        [
            format!("lock of image `builder`, {by}: rcrepro image lock builder"),
            "lock of image `base`: rcrepro image lock base".to_owned(),
            "lock of image `prog`: rcrepro image lock prog".to_owned(),
        ]
    );
    scene.replace("rcrepro.toml", "[images.base]\nbuild = \"images/base.toml\"\n", "");
    let from = "lock of image `base`, which `from` in images/prog.toml:3 names: rcrepro image lock base";
    assert!(missing().contains(&from.to_owned()), "{:?}", missing());
}
