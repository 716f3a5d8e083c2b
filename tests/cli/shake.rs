//! `rcrepro shake`: commands that depend on one thing each, and whom they are blamed on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::scene::{Scene, command};

/// Shakes and reads the document; gives the exit code too.
fn shake(scene: &Scene, arguments: &[&str]) -> (i32, Value) {
    scene.judged(&[&["shake", "RC-05"], arguments].concat())
}

/// Gives command → the sets of variations that are responsible for a change of its standard output.
fn blamed(document: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let commands = document["commands"].as_array().expect("commands");
    let of = |command: &Value| {
        let findings = command["findings"].as_array().expect("findings").iter();
        let canonical = findings.filter(|finding| finding["form"] == "canonical" && finding["part"] == "stdout");
        let causes = canonical.flat_map(|finding| finding["causes"].as_array().expect("causes"));
        let names = |cause: &Value| {
            let settings = cause["settings"].as_object().expect("settings");
            settings.keys().cloned().collect::<Vec<_>>().join("+")
        };
        let id = command["id"].as_str().expect("an id").to_owned();
        (id, causes.map(names).collect())
    };
    commands.iter().map(of).collect()
}

fn blame(expected: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    expected.iter().map(|(id, names)| ((*id).to_owned(), owned(names))).collect()
}

#[test]
fn what_a_command_depends_on_is_blamed_and_nothing_else() {
    let scene = Scene::new(
        &[
            command("nothing", "cat greeting.txt", ""),
            command("hosts", "hostname", ""),
            command("user", "id -u; touch mine; stat -c %u . greeting.txt mine", ""),
            command("zone", "date -d @0 +%H:%M", ""),
            command("letters", "printf ä | wc -m", ""),
            command("place", "pwd; echo ~; cd; touch mine", ""),
            command("room", "test $(env | wc -c) -gt 900 && echo crowded || echo roomy", ""),
            command("two", "test $(hostname) != rcrepro && test $TZ != UTC && echo both", "env = { A = \"b\" }"),
            command("each", "hostname; pwd", ""),
        ]
        .concat()
        .replace("&& echo both", "&& echo both; true"),
    );
    let (code, document) = shake(&scene, &["--vary", "host,uid,tz,locale,path,env", "--worlds", "1"]);
    let expected = blame(&[
        ("nothing", &[]),
        ("hosts", &["host"]),
        ("user", &["uid"]),
        ("zone", &["tz"]),
        ("letters", &["locale"]),
        ("place", &["path"]),
        ("room", &["env"]),
        ("two", &["host+tz"]),
        ("each", &["host", "path"]),
    ]);
    assert_eq!(blamed(&document), expected, "{document:#}");
    assert_eq!((code, &document["verdict"]), (1, &Value::from("divergent")));
    let cells = &document["commands"][1]["parts"]["stdout"];
    assert_eq!(
        (&cells["host"], &cells["uid"], &cells["clock"]),
        (&"differs".into(), &"equal".into(), &"not-varied".into())
    );
}

/// What the program in the container does for the engine: processors, mask, order, clock, random bytes, load.
#[test]
fn what_the_kernel_says_is_varied_too() {
    let at_random = r#"printf '#include <stdio.h>\n#include <sys/auxv.h>\nint main(void){unsigned char*p=(void*)getauxval(AT_RANDOM);for(int i=0;i<16;i++)printf("%%02x",p[i]);}' > r.c && gcc -o r r.c && ./r"#;
    let scene = Scene::new(
        &[
            command("nothing", "cat greeting.txt", ""),
            command("processors", "nproc", ""),
            command("mask", "touch new; stat -c %a new", ""),
            command("order", "mkdir d; cd d; touch a b c d e f g h i j k l m n o p; ls -U", ""),
            command("clock", "date +%s", ""),
            command("random", at_random, ""),
            command("processes", "set -- /proc/[0-9]*; echo $#", ""),
            command("hashes", "perl -e 'print join q(,), keys %{{map{$_=>1}q(a)..q(z)}}'", ""),
        ]
        .concat(),
    );
    let (code, document) = shake(&scene, &["--worlds", "1"]);
    let expected = blame(&[
        ("nothing", &[]),
        ("processors", &["cpus"]),
        ("mask", &["umask"]),
        ("order", &["order"]),
        ("clock", &["clock"]),
        ("random", &["seed"]),
        ("processes", &["load"]),
        ("hashes", &["seed"]),
    ]);
    assert_eq!(blamed(&document), expected, "{document:#}");
    assert_eq!(code, 1);
    for command in document["commands"].as_array().expect("commands") {
        assert_eq!(command["not_applied"], serde_json::json!([]));
    }
}

#[test]
fn chance_is_a_flake_that_is_proposed_for_quarantine() {
    let scene = Scene::new(
        &[
            command("coin", "head -c4 /dev/urandom | od -An -tx4", ""),
            command(
                "timed",
                r"printf 'ok  \tm\t%d.123s\n' $(od -An -N4 -tu4 /dev/urandom)",
                "normalize.stdout = [\"go-test\"]",
            ),
        ]
        .concat(),
    );
    let vary = ["--vary", "host,uid"];
    let (code, document) = shake(&scene, &vary);
    assert_eq!(code, 1);
    let [coin, timed] = [0, 1].map(|index| &document["commands"][index]);
    assert_eq!(
        (&coin["parts"]["stdout"]["nothing"], &coin["parts"]["stdout"]["host"]),
        (&"differs".into(), &"unknown".into())
    );
    let flake = &coin["findings"][0]["flake"];
    assert_eq!(flake["settings"], serde_json::json!({}));
    assert_ne!(flake["evidence"][0], flake["evidence"][1]);
    assert_eq!((&timed["equality"], &timed["parts"]["stdout"]["nothing"]), (&"canonical".into(), &"canonical".into()));
    // What a normalizer takes away is no reason for a quarantine, and none to fail.
    let ended = scene.run(&[&["shake", "RC-05"], &vary[..]].concat());
    let proposals: Vec<&str> = ended.stdout.matches("[[quarantine]]").collect();
    assert_eq!(proposals.len(), 1, "{}", ended.stdout);
    assert!(ended.stdout.contains("command = \"coin\"\nreason = \"stdout: "), "{}", ended.stdout);
    let proposal = ended.stdout.split_once("[[quarantine]]\n").expect("one").1.split("\n\n").next().expect("its end");
    // A plan takes it as it is, once a person has signed it.
    scene.write("rcrepro.toml", format!("{}\n[[quarantine]]\n{proposal}\n", scene.read("rcrepro.toml")).as_bytes());
    scene.run(&["check"]).failed(3, &["`owner` is empty"]);
    scene.replace("rcrepro.toml", "owner = \"\"", "owner = \"ada\"");
    scene.ok(&["check"]);
    scene.ok(&[&["shake", "RC-05", "--command", "timed"], &vary[..]].concat());
}

#[test]
fn outputs_of_needed_commands_are_those_of_the_plans_own_world() {
    let scene = Scene::new(
        &[
            command("make", "hostname > name; mkdir tree; hostname > tree/name", "outputs = [\"name\", \"tree\"]"),
            command("use", "cat name tree/name; stat -c %u tree/name", "needs = [\"make\"]"),
        ]
        .concat(),
    );
    let (code, document) = shake(&scene, &["--vary", "host"]);
    assert_eq!(code, 1);
    assert_eq!(blamed(&document), blame(&[("make", &[]), ("use", &[])]), "{document:#}");
    let make = &document["commands"][0];
    assert_eq!(
        (&make["parts"]["name"]["host"], &make["parts"]["tree"]["host"]),
        (&"differs".into(), &"differs".into())
    );
    let lines = |part: &str| {
        let findings = make["findings"].as_array().expect("findings");
        let finding = findings.iter().find(|finding| finding["part"] == part).expect("a finding");
        finding["causes"][0]["lines"].clone()
    };
    assert_eq!(lines("name")[0], "name:1 - rcrepro");
    assert_eq!(lines("tree"), serde_json::json!(["! tree/name"]));
    let (code, document) = shake(&scene, &["--vary", "host", "--command", "use"]);
    assert_eq!((code, document["commands"].as_array().map(Vec::len)), (0, Some(1)));
}

#[test]
fn a_command_that_fails_in_its_own_world_has_failed_and_cannot_be_compared() {
    let scene = Scene::new(
        &[command("breaks", "exit 3", "outputs = [\"out\"]"), command("after", "cat out", "needs = [\"breaks\"]")]
            .concat(),
    );
    let (code, document) = shake(&scene, &["--vary", "host"]);
    assert_eq!((code, &document["verdict"], &document["commands"][0]["exit_code"]), (1, &"failed".into(), &3.into()));
    scene
        .run(&["shake", "RC-05", "--command", "nobody"])
        .failed(2, &["no command `nobody`", "hint: known: breaks, after"]);
    scene
        .run(&["shake", "RC-05", "--vary", "moon"])
        .failed(2, &["unknown variation `moon`: expected one of cpus, host"]);
}

#[test]
fn what_the_plan_pins_itself_is_not_varied_and_a_seed_makes_the_same_worlds() {
    let scene = Scene::new(&command("zone", "date -d @0 +%Z", "env = { TZ = \"Asia/Tokyo\" }"));
    let (code, document) = shake(&scene, &["--vary", "tz,host"]);
    assert_eq!((code, &document["commands"][0]["parts"]["stdout"]["tz"]), (0, &"not-varied".into()));
    let (_, again) = shake(&scene, &["--vary", "tz,host"]);
    assert_eq!(document, again);
}

#[test]
fn what_a_clock_changes_that_flows_is_no_flake_and_what_waits_for_it_is_told() {
    let scene = Scene::new(
        &[
            command("stamps", "date +%s.%N", ""),
            command("waits", "a=$(date +%s); sleep 1.1; [ $(date +%s) -gt $a ] && echo on", ""),
        ]
        .concat(),
    );
    let vary = ["--vary", "clock", "--worlds", "4"];
    let ended = scene.run(&[&["shake", "RC-05"], &vary[..]].concat());
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    for text in [
        "stamps stdout: differs because the clock flows: clock = \"stands\" (",
        "; 4 of 4 are equal while it stands)\n    stdout:1 - ",
        "waits: fails if the clock stands still (exit code 1; 4 of 4 runs), and passes while it flows: clock = \"starts\"\n",
    ] {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
    assert!(!ended.stdout.contains("[[quarantine]]"), "{}", ended.stdout);
    let (_, document) = shake(&scene, &vary);
    let finding = &document["commands"][0]["findings"][0];
    assert_eq!((&finding["flake"], &finding["flowing"]["key"]), (&Value::Null, &"clock = \"stands\"".into()));
    assert_eq!(document["commands"][1]["fails_standing"], true, "{document:#}");
}

#[test]
fn the_times_of_files_are_the_clocks_and_no_flake() {
    let scene = Scene::new(
        &[
            command("stamp", "touch f; stat -c %Y f; rm f", ""),
            command("archive", "mkdir d; echo x > d/f; tar czf - d | od -An -tx1", ""),
            command("machine", "touch f; stat -c %Y f", "clock = \"real\""),
            command("standing", "touch f; stat -c %Y f", "clock = \"stands\""),
        ]
        .concat(),
    );
    // A machine under load may hold one run of many so long that its second is another one where the clock starts, too. That run is
    // told for what it is, and nothing is learnt of the clock: then all is asked once more.
    let mut wrong = Vec::new();
    for _ in 0..5 {
        let (code, document) = shake(&scene, &["--vary", "clock", "--worlds", "1"]);
        assert_eq!(code, 1, "{document:#}");
        match ["stamp", "archive", "machine", "standing"].into_iter().enumerate().find_map(|id| unnamed(&document, id))
        {
            None => return,
            Some(finding) => wrong.push(finding),
        }
    }
    panic!("{wrong:#?}");
}

/// Gives what is reported about a command where that is not its clock: either its time was moved and the bytes moved with it,
/// or it flowed on between two runs and is named for that. With a clock that stands still the times of files flow on.
fn unnamed(document: &Value, (at, id): (usize, &str)) -> Option<Value> {
    let findings = document["commands"][at]["findings"].as_array().expect("findings");
    let finding =
        findings.iter().find(|finding| finding["part"] == "stdout").unwrap_or_else(|| panic!("{id}: {document:#}"));
    let moved = finding["causes"]
        .as_array()
        .is_some_and(|causes| causes.iter().any(|one| one["settings"]["clock"].is_string()));
    let key = if ["machine", "standing"].contains(&id) { "clock = \"starts\"" } else { "clock = \"stands\"" };
    let named = (moved || finding["flowing"]["key"] == key) && finding["flake"] == Value::Null;
    (!named).then(|| finding.clone())
}
