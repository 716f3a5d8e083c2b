use super::*;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::plan::ImageSource;

const GOOD: &str = r#"version = 1
name = "beacon"

[source]
exclude = ["manifests/**"]

[images.go]
build = "images/go.toml"

[frozen.gomod]
kind = "go-modules"
image = "go"

[[sets.backend]]
id = "go-build"
run = "go build ./..."
image = "go"
frozen = ["gomod"]
timeout = "2m"

[[sets.backend]]
id = "go-test"
run = "go test ./... -count=1"
image = "go"
frozen = ["gomod"]
needs = ["go-build"]
normalize.stdout = ["go-test"]

[packets.RC-03]
title = "Signup"
sets = ["backend"]

[packets.RC-05]
title = "Replay"
sets = ["backend"]
needs = ["RC-03"]
"#;

fn parse_good(change: impl Fn(String) -> String) -> Result<Plan, PlanError> {
    parse(&change(GOOD.to_owned()), &["go-test"])
}

#[test]
fn a_good_plan_is_understood() {
    let plan = parse_good(|text| text).expect("a good plan");
    let packet = &plan.packets[&"RC-05".parse().expect("an id")];
    let ids: Vec<String> = plan.commands(packet).map(|command| command.id.to_string()).collect();
    assert_eq!(ids, ["go-build", "go-test"]);
    let build = plan.commands(packet).next().expect("a command");
    assert_eq!((build.timeout, build.memory), (Some(std::time::Duration::from_secs(120)), None));
    assert_eq!(plan.command(&build.id), Some(build));
    assert_eq!(plan.command(&"nowhere".parse().expect("a name")), None);
}

#[test]
fn what_is_added_to_a_build_cache_can_be_an_output() {
    let with = |outputs: &str, frozen: &str| {
        parse_good(|text| {
            let cache =
                "[frozen.gocache]\nkind = \"go-build-cache\"\nimage = \"go\"\nmodules = \"gomod\"\n\n[[sets.backend]]";
            let text = text.replacen("[[sets.backend]]", cache, 1);
            text.replacen("frozen = [\"gomod\"]", &format!("frozen = [{frozen}]\noutputs = [{outputs}]"), 1)
        })
    };
    let plan = with("\"dist\", \"/deps/gocache\"", "\"gomod\", \"gocache\"").expect("a good plan");
    let outputs = &plan.command(&"go-build".parse().expect("a name")).expect("it is there").outputs;
    let outputs: Vec<&str> = outputs.iter().map(TreePath::as_str).collect();
    assert_eq!(outputs, [".rcrepro/deps/gocache", "dist"]);
    let cases = [
        ("\"/deps/gocache\"", "\"gomod\"", "this command does not see `/deps/gocache`"),
        ("\"/deps/gomod\"", "\"gomod\"", "no frozen input `gomod` of kind `go-build-cache` or `go-std`"),
        ("\"/deps/gocache/00\"", "\"gocache\"", "invalid path in a tree `/deps/gocache/00`"),
        ("\"/tmp\"", "\"gocache\"", "invalid path in a tree `/tmp`"),
        ("\".rcrepro/x\"", "\"gocache\"", "`.rcrepro/` is not for outputs"),
    ];
    for (outputs, frozen, expected) in cases {
        let error = with(outputs, frozen).expect_err(outputs).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn mistakes_are_placed_and_explained() {
    let cases: [(&str, &str, &str); 20] = [
        ("version = 1", "version = 2", "1:11: plan version 2 is not known"),
        ("build = \"images/go.toml\"", "built = \"x\"", "8:1: unknown field `built`, expected `build` or `pull`"),
        ("build = \"images/go.toml\"", "", "7:1: an image is built or pulled, and this one is neither"),
        ("build = \"images/go.toml\"", "pull = \"golang:1.26\"", "8:8: `golang:1.26` has no digest"),
        (
            "build = \"images/go.toml\"",
            "pull = \"golang@sha256:12\"",
            "8:8: invalid image reference `golang@sha256:12`",
        ),
        ("kind = \"go-modules\"", "kind = \"cargo\"", "11:8: there is no kind of frozen input `cargo`"),
        ("frozen = [\"gomod\"]\ntimeout", "frozen = [\"gomodd\"]\ntimeout", "18:11: there is no frozen input `gomodd`"),
        ("needs = [\"go-build\"]", "needs = [\"go-bild\"]", "26:10: there is no command `go-bild`"),
        ("needs = [\"go-build\"]", "needs = [\"go-test\"]", "22:6: command `go-test` needs itself, by way of `needs`"),
        ("id = \"go-test\"", "id = \"go-build\"", "22:6: command id `go-build` appears twice in the plan"),
        ("id = \"go-test\"", "id = \"a/b\"", "22:6: invalid file name `a/b`"),
        ("[\"go-test\"]", "[\"go-tests\"]", "27:21: there is no normalizer `go-tests`"),
        (
            "normalize.stdout = [\"go-test\"]",
            "normalize.outputs = { \"a.json\" = [\"go-test\"] }",
            "27:23: `a.json` has normalizers but is not an output of this command",
        ),
        (
            "normalize.stdout = [\"go-test\"]",
            "outputs = [\"a.json\"]\nnormalize.outputs.\"a.json\" = [\"go-tests\"]",
            "28:31: there is no normalizer `go-tests`",
        ),
        ("timeout = \"2m\"", "timeout = \"2\"", "19:11: invalid duration `2`"),
        ("run = \"go build ./...\"", "run = \" \"", "16:7: `run` is empty"),
        ("needs = [\"RC-03\"]", "needs = [\"RC-04\"]", "36:10: there is no packet `RC-04`"),
        ("needs = [\"RC-03\"]", "needs = [\"RC-05\"]", "33:10: packet `RC-05` needs itself"),
        ("sets = [\"backend\"]\nneeds", "sets = []\nneeds", "35:8: the packet has no command"),
        ("exclude = [\"manifests/**\"]", "exclude = [\"a[\"]", "5:12: bad glob"),
    ];
    for (from, to, expected) in cases {
        let error = parse_good(|text| text.replacen(from, to, 1)).expect_err(to);
        assert!(error.to_string().starts_with(expected), "{to}: {error}");
    }
}

#[test]
fn a_wrong_reference_lists_what_is_known() {
    let error = parse_good(|text| text.replace("needs = [\"RC-03\"]", "needs = [\"RC-09\"]")).expect_err("no RC-09");
    assert_eq!(error.hint.as_deref(), Some("known: `RC-03`, `RC-05`"));
}

#[test]
fn an_image_is_built_pulled_or_either() {
    let digest = rcrepro_model::content::digest::Sha256::of(b"manifest").to_oci();
    let pull = format!("pull = \"registry.example:5000/go:1.26@{digest}\"");
    let source = |lines: &str| {
        let plan = parse_good(|text| text.replace("build = \"images/go.toml\"", lines)).expect("a good plan");
        plan.images.into_values().next().expect("an image")
    };
    let reference: ImageReference = format!("registry.example:5000/go:1.26@{digest}").parse().expect("a reference");
    assert_eq!(source(&pull), ImageSource::Pull { reference: reference.clone() });
    let definition = "images/go.toml".to_owned();
    let either = ImageSource::Build { definition, published: Some(reference) };
    assert_eq!(source(&format!("build = \"images/go.toml\"\n{pull}")), either);
}

#[test]
fn a_tag_alone_names_the_command_that_pins_it() {
    let error = parse_good(|text| text.replace("build = \"images/go.toml\"", "pull = \"golang:1.26\""));
    assert_eq!(error.expect_err("no digest").hint.as_deref(), Some("rcrepro image lock go"));
}

#[test]
fn normalizers_of_outputs_are_kept_by_path() {
    let plan = parse_good(|text| {
        let outputs = "outputs = [\"a.json\", \"b\"]\nnormalize.outputs = { \"a.json\" = [\"go-test\"] }";
        text.replace("normalize.stdout = [\"go-test\"]", outputs)
    })
    .expect("a good plan");
    let packet = &plan.packets[&"RC-05".parse().expect("an id")];
    let spec = plan.commands(packet).nth(1).expect("a command");
    let expected = BTreeMap::from([("a.json".parse().expect("a path"), vec!["go-test".to_owned()])]);
    assert_eq!(spec.normalize_outputs, expected);
    assert!(plan.references(packet).normalizers.contains("go-test"), "a manifest must pin it");
}

fn with_source(source: &str, command: &str) -> Result<Plan, PlanError> {
    let text = format!(
        "version = 1\nname = \"x\"\n[source]\n{source}\n[images.base]\nbuild = \"base.toml\"\n\
         [packets.RC-04]\ntitle = \"x\"\nsets = [\"a\"]\n\
         [[sets.a]]\nid = \"one\"\nrun = \"true\"\nimage = \"base\"\n\
         [[sets.a]]\nid = \"two\"\nrun = \"true\"\nimage = \"base\"\n{command}\n"
    );
    parse(&text, &[])
}

fn seen(source: &str, command: &str) -> Vec<bool> {
    let plan = with_source(source, command).expect("a good plan");
    plan.sets.into_values().flatten().map(|spec| spec.git).collect()
}

#[test]
fn a_command_has_the_last_word_on_its_repository() {
    assert_eq!(seen("", ""), [false, false]);
    assert_eq!(seen("", "git = true"), [false, true]);
    assert_eq!(seen("git = true", ""), [true, true]);
    assert_eq!(seen("git = true", "git = false"), [true, false]);
    assert_eq!(seen("sees = [\"a\"]", "git = true\nsees = [\"**\"]"), [false, true]);
    let tags = |source: &str| with_source(source, "git = true").expect("a good plan").tags;
    assert_eq!(tags(""), None);
    assert_eq!(tags("tags = []"), Some(Vec::new()));
    assert_eq!(tags("tags = [\"v*\"]"), Some(vec!["v*".to_owned()]));
}

#[test]
fn mistakes_of_the_source_are_placed() {
    for (source, expected) in [
        ("tags = [\"v*\"]", "4:8: `tags` is for a repository, and no command or image sees one"),
        ("git = true\ntags = [\"v[\"]", "5:9: bad glob"),
        ("git = \"yes\"", "4:7: invalid `git`: expected `true` or `false`, found the text \"yes\""),
        ("sees = [\"a\", \"../b\"]", "4:14: the glob `../b` matches no tracked file: it has a part `.` or `..`"),
        ("sees = [\"!a\"]", "4:9: the glob `!a` matches no tracked file"),
        ("git = true\nsees = [\"a/**\"]", "12:6: the command sees a repository and a part of the source"),
    ] {
        let error = with_source(source, "").expect_err(expected);
        assert!(error.to_string().starts_with(expected), "{error}\nexpected {expected}");
    }
}
