//! What the records of release images say by themselves: judged check by check, and held against the release before.

use rcrepro_testkit::busybox;
use serde_json::Value;

use crate::scene::{Ended, Scene, command};

const ID: &str = "release-recorded";
const DOCKERFILE: &str = "FROM scratch\nCOPY busybox /busybox\nCOPY greeting.txt /greeting\nEXPOSE 8080/tcp\nUSER 1234:1234\n\
                          ENTRYPOINT [\"/busybox\"]\n";
const RECORD: &str = "manifests/RC-05.images.json";

/// Makes a repository whose packet builds one image and has recorded it.
fn recorded() -> Scene {
    let made = command(&format!("{ID}-make"), "true", "proof = \"exit-code\"");
    let image = format!(
        "[release-images.{ID}]\ndockerfile = \"Dockerfile\"\nexpect = {{ user = \"1234:1234\" }}\n\
         runs = [{{ arguments = [\"echo\", \"hi\"], stdout = \"hi\\n\" }}]\n"
    );
    let scene = Scene::new(&format!("release-images = [\"{ID}\"]\n{made}{image}"));
    scene.write("Dockerfile", DOCKERFILE.as_bytes());
    scene.write("busybox", &std::fs::read(busybox::program()).expect("a program"));
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(scene.path("busybox"), executable).expect("our own file");
    scene.commit("sources");
    scene.ok(&["run", "RC-05"]);
    scene.commit("record");
    scene
}

fn ends(scene: &Scene, arguments: &[&str], code: i32, texts: &[&str]) -> Ended {
    let ended = scene.run(&[&["image"], arguments].concat());
    assert_eq!(ended.code, code, "{arguments:?}: {}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        let found = ended.stdout.contains(text) || ended.stderr.contains(text);
        assert!(found, "`{text}` in\n{}\n{}", ended.stdout, ended.stderr);
    }
    ended
}

fn outcome<'a>(document: &'a Value, check: &str) -> &'a str {
    let checks = document[0]["checks"].as_array().expect("checks");
    let found = checks.iter().find(|one| one["name"] == check).unwrap_or_else(|| panic!("`{check}` in {document:#}"));
    found["outcome"].as_str().expect("a word")
}

fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).expect("one document")
}

#[test]
fn a_release_image_is_validated_and_compared_by_its_record() {
    let scene = recorded();
    let texts = ["`1234:1234`, as the plan says", "8080/tcp; the plan says nothing", "1 run: exit code", ": PASSED: "];
    ends(&scene, &["validate", ID], 0, &texts);
    let whole = document(&ends(&scene, &["validate", "--json", ID], 0, &[]));
    for (check, word) in [
        ("record", "ok"),
        ("builds", "ok"),
        ("user", "ok"),
        ("ports", "not asked"),
        ("leftovers", "ok"),
        ("start", "ok"),
        ("smoke", "not asked"),
    ] {
        assert_eq!(outcome(&whole, check), word, "{check}: {whole:#}");
    }
    assert_eq!(whole[0]["standing"], "passed");
    let unconfirmed = whole[0]["unconfirmed"].as_array().expect("notes");
    assert!(unconfirmed.iter().any(|note| note["at"] == "images.inspection"), "{whole:#}");

    ends(&scene, &["validate", "--release"], 0, &["release image release-recorded of RC-05"]);
    ends(&scene, &["validate", "release-recordet"], 2, &["did you mean `release-recorded`?"]);
    a_stranger_validates_without_the_image(&scene);
    a_changed_record_is_named_check_by_check(&scene);
    releases_are_compared(&scene);
}

/// A clone and a store of one's own have neither the image nor its files.
fn a_stranger_validates_without_the_image(scene: &Scene) {
    let clone = scene.cloned();
    let store = tempfile::tempdir().expect("a folder");
    let store = store.path().to_str().expect("a name");
    let ended = clone.run(&["--store", store, "image", "validate", ID]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("PASSED"), "{}", ended.stdout);
    // Without its evidence nothing of it is judged.
    std::fs::remove_dir_all(clone.path("manifests/RC-05.images.evidence")).expect("our own clone");
    let ended = clone.run(&["--store", store, "image", "validate", "--json", ID]);
    assert_eq!(ended.code, 5, "{}\n{}", ended.stdout, ended.stderr);
    let lost = document(&ended);
    assert_eq!((outcome(&lost, "record"), outcome(&lost, "user")), ("undecided", "undecided"), "{lost:#}");
}

fn a_changed_record_is_named_check_by_check(scene: &Scene) {
    let whole = scene.read(RECORD);
    scene.write(RECORD, whole.replacen("\"exit_code\":0", "\"exit_code\":3", 1).as_bytes());
    let code = scene.run(&["verify", "manifests/RC-05.json"]).code;
    let changed = document(&ends(scene, &["validate", "--json", ID], code, &[]));
    assert_eq!(outcome(&changed, "user"), "ok", "{changed:#}");
    assert!(["failed", "tampered"].contains(&outcome(&changed, "runs")), "{changed:#}");
    std::fs::remove_file(scene.path(RECORD)).expect("our own file");
    ends(scene, &["validate", ID], 5, &["it has not been built", "rcrepro run RC-05"]);
    ends(scene, &["delta", ID], 5, &["HEAD has no record of it", "rcrepro run RC-05"]);
    scene.write(RECORD, whole.as_bytes());
}

/// Two releases: by tag, by revision, and without either.
fn releases_are_compared(scene: &Scene) {
    ends(scene, &["delta", ID], 5, &["no release before HEAD", "--since REV"]);
    ends(scene, &["delta", ID, "--since", "HEAD"], 0, &["0 files", "0 settings"]);
    scene.write("greeting.txt", b"hello, hello, hello\n");
    scene.write("Dockerfile", DOCKERFILE.replace("8080/tcp", "9090/tcp\nCOPY greeting.txt /second").as_bytes());
    scene.commit("the next release");
    ends(scene, &["validate", ID], 5, &["the source has changed since"]);
    scene.ok(&["run", "RC-05"]);
    scene.commit("its record");
    let texts = [
        "added  /second  +20 bytes",
        "changed  /greeting  6 bytes -> 20 bytes  +14 bytes",
        "setting  ports  [\"8080/tcp\"] -> [\"9090/tcp\"]",
        "2 -> 3 files",
        "2 files (1 added, 1 changed), 1 setting, 0 packages differ",
    ];
    ends(scene, &["delta", ID], 0, &texts);
    scene.git(&["tag", "v1", "HEAD~2"]);
    let ended = ends(scene, &["delta", "--json", ID], 0, &[]);
    let delta = document(&ended);
    assert_eq!(
        (&delta["before"]["revision"], &delta["before"]["files"]["count"]),
        (&"v1".into(), &2.into()),
        "{delta:#}"
    );
    assert_eq!((&delta["files"][0]["path"], &delta["files"][0]["change"]), (&"/second".into(), &"added".into()));
    ends(scene, &["delta", ID, "--since", "HEAD~4"], 5, &["HEAD~4 has no record of it"]);

    // A record of another version, and one whose evidence did not travel, say less.
    scene.git(&["checkout", "-q", "v1"]);
    std::fs::remove_dir_all(scene.path("manifests/RC-05.images.evidence")).expect("our own file");
    scene.commit("without evidence");
    scene.git(&["tag", "bare"]);
    scene.git(&["checkout", "-q", "main"]);
    let store = tempfile::tempdir().expect("a folder");
    let store = store.path().to_str().expect("a name");
    let ended = scene.run(&["--store", store, "image", "delta", ID, "--since", "bare"]);
    assert_eq!(ended.code, 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("note  bare files  cannot be compared"), "{}", ended.stdout);
    assert!(ended.stdout.contains("nothing could be compared"), "{}", ended.stdout);
}
