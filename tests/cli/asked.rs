//! What is asked for on the command line: names that nothing has, forms that exclude each other, files and folders by relative
//! paths, and one document from whatever is asked with `--json`.

use serde_json::Value;

use crate::scene::{Scene, command};

fn document(scene: &Scene, arguments: &[&str], code: i32) -> Value {
    let ended = scene.run(&[&["--json"], arguments].concat());
    assert_eq!(ended.code, code, "{arguments:?}: {}\n{}", ended.stdout, ended.stderr);
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("one document: {arguments:?} {}", ended.stdout))
}

#[test]
fn an_unknown_name_is_2_for_every_command_and_the_one_that_was_meant_is_told() {
    let scene = Scene::new(&format!(
        "{}[frozen.gomod]\nkind = \"go-modules\"\nimage = \"base\"\n",
        command("greet", "cat greeting.txt", "")
    ));
    for (arguments, says, hint) in [
        (&["run", "RC-06"][..], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["replay", "RC-06"], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["log", "RC-06"], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["shake", "RC-06"], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["scope", "RC-06"], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["findings", "RC-06"], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["approve", "RC-06", "--by", "Ada"], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["why", "RC-06", "RC-05"], "the plan has no packet `RC-06`", "did you mean `RC-05`?"),
        (&["run", "RC-05", "--command", "great"], "RC-05 has no command `great`", "did you mean `greet`?"),
        (&["shake", "RC-05", "--command", "great"], "RC-05 has no command `great`", "did you mean `greet`?"),
        (&["log", "RC-05", "great"], "RC-05 has no command `great`", "did you mean `greet`?"),
        (&["image", "build", "bsae"], "the plan has no image `bsae`", "known: base"),
        (&["image", "build", "bases"], "the plan has no image `bases`", "did you mean `base`?"),
        (&["image", "lock", "bases"], "the plan has no image `bases`", "did you mean `base`?"),
        (&["image", "lock", "--check", "bases"], "the plan has no image `bases`", "did you mean `base`?"),
        (&["image", "validate", "bases"], "the plan has no image `bases`", "did you mean `base`?"),
        (&["image", "sbom", "bases"], "the plan has no image `bases`", "did you mean `base`?"),
        (&["image", "push", "bases", "localhost/x"], "the plan has no image `bases`", "did you mean `base`?"),
        (&["lock", "gomode"], "the plan has no frozen input `gomode`", "did you mean `gomod`?"),
    ] {
        scene.run(arguments).failed(2, &[says, hint]);
    }
}

#[test]
fn an_unknown_run_is_2_and_the_newest_ones_are_told() {
    let scene = Scene::new(&command("told", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    let said = scene.ok(&["log", "RC-05"]).stderr;
    let run = said.split(" run ").nth(1).and_then(|rest| rest.split(' ').next()).expect("its id").to_owned();
    let (number, rest) = run.split_once('-').expect("a number comes first");
    let unknown = format!("9{}-{rest}", &number[1..]);
    scene.run(&["why", "RC-05", &unknown]).failed(2, &[&format!("the store has no run `{unknown}`"), "known: "]);
}

#[test]
fn no_mistake_of_the_command_line_quotes_credentials() {
    let scene = Scene::new(&command("greet", "true", ""));
    for form in [&[][..], &["--json"]] {
        let ended = scene.run(&[form, &["image", "push", "base", "https://user:s3cr3t@h.example/x"]].concat());
        ended.failed(2, &["`https://…@h.example/x`"]);
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("s3cr3t"), "{}", ended.stderr);
    }
}

#[test]
fn two_forms_at_once_are_a_mistake() {
    let scene = Scene::new(&command("greet", "true", ""));
    for what in ["findings", "pins"] {
        for format in ["sarif", "text"] {
            let says = format!("`--json` and `--format {format}` ask for two forms");
            scene.run(&["--json", what, "--format", format]).failed(2, &[&says, "\"hint\":\"leave out `--json`"]);
            scene.run(&[what, "--format", format, "--json"]).failed(2, &[&says]);
        }
        assert_ne!(scene.run(&["--json", what, "--format", "json"]).code, 2, "{what}: both ask for the same");
    }
}

#[test]
fn every_command_prints_one_document_where_one_is_wanted() {
    let scene = Scene::new(&command("greet", "true", ""));
    scene.lay_keys();
    let proposed = document(&scene, &["status", "--propose"], 0);
    assert_eq!((&proposed["standing"], &proposed["proposals"]), (&"passed".into(), &Value::from(Vec::<Value>::new())));
    let check = ["image", "--platform", "linux/amd64", "lock", "--check"];
    let checked = document(&scene, &check, 0);
    assert_eq!(checked["locks"][0]["fresh"], true, "{checked}");
    assert_eq!(document(&scene, &["lock"], 0)["locks"], Value::from(Vec::<Value>::new()), "it has no frozen input");
    scene.write("images/base.toml", b"garbage");
    let broken = document(&scene, &check, 3);
    assert_eq!(broken["error"]["kind"], "plan", "{broken}");
    scene.git(&["checkout", "-q", "images/base.toml"]);
    std::fs::remove_file(scene.path("lockfiles/images/amd64/base.lock")).expect("it is there");
    let stale = document(&scene, &check, 3);
    assert_eq!((&stale["locks"][0]["fresh"], &stale["locks"][0]["kind"]), (&false.into(), &"plan".into()), "{stale}");
    std::fs::remove_file(scene.path("rcrepro.toml")).expect("it is there");
    let written = document(&scene, &["init"], 0);
    assert!(written["files"].as_array().is_some_and(|files| !files.is_empty()), "{written}");
}

#[test]
fn relative_paths_are_those_of_the_folder_that_is_named() {
    let scene = Scene::new(&command("asked", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let folder = scene.path("").display().to_string();
    let there = |arguments: &[&str]| {
        let mut program = scene.command(&[&["-C", &folder], arguments].concat());
        crate::scene::Ended::from(program.current_dir(elsewhere.path()).output().expect("the program starts"))
    };
    let manifest = "manifests/RC-05.json";
    assert_eq!(there(&["verify", manifest]).code, 0);
    assert_eq!(there(&["why", manifest, "RC-05", "--html", "why.html"]).code, 0);
    assert!(scene.path("why.html").exists() && !elsewhere.path().join("why.html").exists());
    // The same page may be written again; another one is not replaced.
    assert_eq!(there(&["why", manifest, "RC-05", "--html", "why.html"]).code, 0);
    scene.write("why.html", b"notes of somebody");
    there(&["why", manifest, "RC-05", "--html", "why.html"])
        .failed(2, &["why.html`: it is there", "hint: name another file"]);
    assert_eq!(scene.read("why.html"), "notes of somebody");
    there(&["image", "sbom", "base", "--output", "why.html"]).failed(2, &["why.html`: it is there"]);
    assert_eq!(there(&["image", "sbom", "base", "--output", "base.spdx.json"]).code, 0);
    assert!(scene.path("base.spdx.json").exists());
    // A hint can be run as it is.
    std::fs::remove_file(scene.path(manifest)).expect("it is there");
    there(&["replay", "RC-05"]).failed(5, &[&format!("hint: rcrepro -C {folder} run RC-05 records it")]);
}

#[test]
fn what_is_in_the_way_of_evidence_is_met_before_anything_runs() {
    let scene = Scene::new(&command("in-the-way", "touch ran; exit 3", ""));
    let places = ["RC-05.failed.json", "RC-05.json"].map(|file| scene.path("manifests").join(file));
    for place in places {
        std::fs::create_dir_all(&place).expect("made");
        let ended = scene.run(&["run", "RC-05"]);
        ended.failed(5, &["expected a file, or nothing, found a folder", "hint: move it away: mv "]);
        assert!(!ended.stderr.contains("ended  in-the-way"), "nothing ran: {}", ended.stderr);
        std::fs::remove_dir(&place).expect("it is empty");
    }
    scene.write("manifests/RC-05.evidence", b"");
    scene.run(&["run", "RC-05"]).failed(5, &["expected a folder, or nothing, found a file"]);
}

#[test]
fn a_verdict_and_a_board_say_why_and_what_is_next() {
    let scene = Scene::new(&command("next", "cat greeting.txt", ""));
    scene.ok(&["run", "RC-05"]);
    scene.commit("the evidence");
    let verdict = scene.run(&["verdict"]);
    assert!(verdict.code == 5 && verdict.stdout.contains("no packet has a criterion"), "{}", verdict.stdout);
    assert!(
        scene.ok(&["status"]).stdout.contains("next: every packet is done: rcrepro verdict"),
        "{}",
        scene.ok(&["status"]).stdout
    );
    scene.write("greeting.txt", b"other\n");
    scene.replace("rcrepro.toml", "cat greeting.txt", "cat greeting.txt; exit 3");
    scene.commit("a failure");
    assert_eq!(scene.run(&["run", "RC-05"]).code, 1);
    let board = scene.board(1).stdout;
    assert!(board.contains("next: mend RC-05, which is FAILED; its evidence: rcrepro log RC-05"), "{board}");
    for text in ["1 commands", "1 packets", "1 images", "Exited {", "TimedOut", "Some("] {
        let said = [scene.run(&["check"]), scene.run(&["status"]), scene.run(&["log", "RC-05"])];
        assert!(said.iter().all(|ended| !ended.stdout.contains(text)), "`{text}` in\n{said:?}");
    }
}

#[test]
fn standard_error_has_nothing_but_lines_of_json_where_documents_are_wanted() {
    let scene = Scene::new(&command("greet", "true", "proof = \"exit-code\""));
    scene.ok(&["run", "RC-05"]);
    scene.write("new.txt", b"x");
    let asked: [(&[&str], &str); 9] = [
        (&["status"], "said"),
        (&["verdict"], "said"),
        (&["check"], "said"),
        (&["log", "RC-05"], "said"),
        (&["run", "RC-05", "--fresh"], "started"),
        (&["replay", "RC-05"], "said"),
        (&["log", "RC-99"], "error"),
        (&["status", "--rev", "nowhere"], "error"),
        (&["status", "--no-such-flag"], "error"),
    ];
    for (arguments, event) in asked {
        let ended = scene.run(&[&["--json"], arguments].concat());
        let events: Vec<Value> = ended
            .stderr
            .lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|_| panic!("{arguments:?}: {line}\n{}", ended.stderr))
            })
            .collect();
        assert!(events.iter().all(|told| told["event"].is_string()), "{arguments:?}: {}", ended.stderr);
        assert!(events.iter().any(|told| told["event"] == event), "{arguments:?}: {}", ended.stderr);
    }
}
