//! A release image that BuildKit cannot build is refused by `check`, before any engine is asked, and by a run in the same words.

use crate::scene::{Ended, Scene, command};

const IMAGE: &str = r#"
[release-images.app]
dockerfile = "build/Dockerfile"
target = "runtime"
builder = "buildkit"
context = "web"
arguments = { VERSION = "1" }
bases = { "golang:1.26" = "base" }
contexts = { payload = "output:make/dist", assets = "source:web/assets" }
secrets = { token = "env:RCREPRO_NO_SUCH_VARIABLE" }
runs = [{ arguments = [], stdout = "" }]
"#;
const DOCKERFILE: &str = "FROM docker.io/library/golang:1.26 AS build\nARG VERSION\nRUN --mount=type=secret,id=token,required=true true\n\
    FROM scratch AS runtime\nCOPY --from=build /a /a\nCOPY --from=payload / /\nCOPY --from=assets / /\n";

/// A packet that builds one image; `change` is made in its table.
fn scene(change: (&str, &str), dockerfile: &str) -> Scene {
    assert!(IMAGE.contains(change.0), "{}", change.0);
    let image = IMAGE.replacen(change.0, change.1, 1);
    let make = command("make", "mkdir dist && touch dist/app", "outputs = [\"dist\"]");
    let scene = Scene::new(&format!("release-images = [\"app\"]\n{make}{image}"));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["images", "images/keys", "lockfiles/images/amd64"] {
        for entry in
            std::fs::read_dir(root.join(folder)).expect("a folder").flatten().filter(|one| one.path().is_file())
        {
            let name = entry.file_name();
            let bytes = std::fs::read(entry.path()).expect("readable");
            scene.write(&format!("{folder}/{}", name.to_str().expect("a name")), &bytes);
        }
    }
    let images = "[images.buildkit]\nbuild = \"images/buildkit.toml\"\n[images.base]";
    scene.replace("rcrepro.toml", "[images.base]", images);
    scene.write("build/Dockerfile", dockerfile.as_bytes());
    scene.write("web/assets/a.png", b"a");
    scene.commit("an image");
    scene
}

/// Checks where neither an engine nor a registry is there.
fn checked(scene: &Scene) -> Ended {
    let mut command = scene.command(&["check"]);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock").env("HTTPS_PROXY", "http://127.0.0.1:1");
    Ended::from(command.output().expect("the program starts"))
}

fn says(ended: &Ended, code: i32, texts: &[&str]) {
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        let said = ended.stdout.contains(text) || ended.stderr.contains(text);
        assert!(said, "`{text}` in\n{}\n{}", ended.stdout, ended.stderr);
    }
}

#[test]
fn an_image_that_can_be_built_is_sound_and_a_secret_that_is_elsewhere_is_noted() {
    let note = "the secret `token`, env:RCREPRO_NO_SUCH_VARIABLE, is not on this machine: the step at build/Dockerfile:3 fails without it";
    let hint = "hint: export RCREPRO_NO_SUCH_VARIABLE=";
    says(&checked(&scene(("", ""), DOCKERFILE)), 0, &["is sound", note, hint]);
}

#[test]
fn keys_of_the_plan_are_held_against_the_dockerfile_and_the_source() {
    let cases = [
        (
            "\"runtime\"",
            "\"runtme\"",
            "`target = \"runtme\"`: build/Dockerfile has no such stage: found `build`, `runtime`",
        ),
        ("\"web\"", "\"www\"", "`context = \"www\"`: the source has no such folder"),
        (
            "source:web/assets",
            "source:web/pictures",
            "context `assets = \"source:web/pictures\"`: the source has no such folder",
        ),
        ("VERSION", "VERSIN", "the build argument `VERSIN` is not declared: build/Dockerfile has no `ARG VERSIN`"),
        (
            "token =",
            "tokens =",
            "refused: build/Dockerfile:3: the step requires the secret `token`, which the plan does not name",
        ),
        (
            "build/Dockerfile",
            "Dockerfile",
            "refused: Dockerfile: release image `app` is built from it, and it is not in the source",
        ),
        (
            "golang:1.26",
            "golang:1.25",
            "refused: build/Dockerfile:1: `docker.io/library/golang:1.26` is not an image of the plan",
        ),
    ];
    for (from, to, expected) in cases {
        says(&checked(&scene((from, to), DOCKERFILE)), 3, &["refused: ", expected, "hint: "]);
    }
    // The plan itself says what its commands leave.
    let ended = checked(&scene(("output:make/dist", "output:make/bin"), DOCKERFILE));
    says(&ended, 3, &["`bin` is not an output of `make`, nor in one: found `dist`", "hint: outputs = [\"bin\"]"]);
}

#[test]
fn lines_that_no_build_survives_are_named_and_a_run_says_the_same_before_its_commands() {
    let lines = "RUN --network=host true\nADD https://example.com/x /x\nCOPY --from=alpine:3 / /\n";
    // A builder that the run need not compile first, and that is refused, too.
    let builder = ("builder = \"buildkit\"", "builder = \"base\"");
    let scene = scene(builder, &format!("{DOCKERFILE}{lines}FROM alpine AS lint\n"));
    let expected = [
        "build/Dockerfile:8: `RUN --network=host` is not allowed to a build",
        "build/Dockerfile:9: `ADD https://example.com/x` takes a file from elsewhere, and nothing is fetched",
        "build/Dockerfile:10: `alpine:3` is not an image of the plan",
    ];
    let ended = checked(&scene);
    says(&ended, 3, &expected);
    says(
        &ended,
        3,
        &["contexts = { fetched = ", "bases = { \"alpine:3\" = \"IMAGE\" }", "4 things that no run survives"],
    );
    // What is refused is mended before anything is run.
    assert!(
        ended.stderr.ends_with("      next  mend and commit what is refused, then rcrepro check\n"),
        "{}",
        ended.stderr
    );
    let ended = scene.run(&["run", "RC-05"]);
    says(&ended, 3, &expected);
    says(&ended, 3, &["hint: rcrepro check names what mends each of them"]);
    assert!(!ended.stderr.contains("make"), "no command ran: {}", ended.stderr);
}

#[test]
fn a_copied_file_that_is_not_in_the_context_is_refused_by_check_and_by_a_run() {
    let lines = "COPY assets/b.png /b\nCOPY left /l\nCOPY seen* assets /s/\n";
    let builder = ("builder = \"buildkit\"", "builder = \"base\"");
    let scene = scene(builder, &format!("{DOCKERFILE}{lines}"));
    scene.write("web/left/out", b"");
    scene.write("web/.dockerignore", b"left\n");
    scene.commit("left out");
    let expected = [
        "build/Dockerfile:8: `COPY assets/b.png`: the source has no `assets/b.png` in the context `web`",
        "build/Dockerfile:9: `COPY left`: web/.dockerignore leaves `left` out of the context `web`",
    ];
    let ended = checked(&scene);
    says(&ended, 3, &expected);
    says(
        &ended,
        3,
        &["3 things that no run survives", "git add web/assets/b.png and commit", "!left as the last line"],
    );
    says(&scene.run(&["run", "RC-05"]), 3, &expected);
}

#[test]
fn what_no_line_takes_is_a_note() {
    let more = ("bases = {", "bases = { \"node:22\" = \"base\",");
    says(
        &checked(&scene(more, DOCKERFILE)),
        0,
        &["note: ", "`bases` maps `node:22`, and no line of build/Dockerfile names it"],
    );
    let without = DOCKERFILE.replace("RUN --mount=type=secret,id=token,required=true true\n", "");
    says(
        &checked(&scene(("", ""), &without)),
        0,
        &["note: ", "the secret `token` is taken by no step of build/Dockerfile"],
    );
}

#[test]
fn what_the_front_end_refuses_is_refused_by_its_line() {
    let lines = "COPY --nothing a /a\nRUN --mount=type=ssh,required true\nEXPOSE 80/http\nRUM true\nHEALTHCHECK CMD\nRUN <<EOF\ntrue\n";
    let scene = scene(("", ""), &format!("{DOCKERFILE}{lines}"));
    let expected = [
        "refused: build/Dockerfile:8: unknown flag: --nothing of COPY",
        "refused: build/Dockerfile:9: `RUN --mount=type=ssh,required` requires an ssh agent",
        "refused: build/Dockerfile:10: `EXPOSE 80/http`: invalid port `80/http`",
        "refused: build/Dockerfile:11: unknown instruction: RUM",
        "hint: did you mean RUN?",
        "refused: build/Dockerfile:12: missing command after HEALTHCHECK CMD",
        "refused: build/Dockerfile:13: the here-document `<<EOF` has no end",
    ];
    says(&checked(&scene), 3, &expected);

    // Files that nobody writes are not printed whole.
    let long =
        format!("{DOCKERFILE}ADD https://example.com/{} /x\nRUN true {}\n", "a".repeat(50_000), "b".repeat(2 << 20));
    let ended = checked(&self::scene(("", ""), &long));
    says(
        &ended,
        3,
        &["build/Dockerfile:8: `ADD https://example.com/aaa", "build/Dockerfile:9: a line of 2097161 bytes"],
    );
    assert!(ended.stdout.len() + ended.stderr.len() < 10_000, "{}", ended.stdout.len());
}

#[test]
fn an_ignore_file_and_a_builder_that_cannot_serve_are_refused() {
    let one = scene(("", ""), DOCKERFILE);
    one.write("web/.dockerignore", b"# what stays out\nok\n[a-\n");
    one.commit("ignored");
    says(&checked(&one), 3, &["refused: web/.dockerignore:3: invalid pattern `[a-`"]);
    // The one of the Dockerfile counts in its place.
    one.write("build/Dockerfile.dockerignore", b"*.md\n");
    one.commit("its own");
    says(&checked(&one), 0, &["is sound"]);

    let other = scene(("builder = \"buildkit\"", "builder = \"base\""), DOCKERFILE);
    says(&checked(&other), 3, &["`builder = \"base\"`: images/base.toml brings no `buildctl` and `buildkitd`"]);
    let linted = scene(("", ""), &format!("# check=error=true\n{DOCKERFILE}"));
    says(&checked(&linted), 0, &["note: ", "build/Dockerfile:1: `# check=…error=true` fails the build"]);
}
