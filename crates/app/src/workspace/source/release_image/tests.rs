use super::*;
use crate::workspace::{PLAN_FILE, Workspace};
use rcrepro_store::ingest::Visited;

const PLAN: &str = r#"version = 1
name = "app"
[source]
exclude = ["hidden/**"]
[images.go]
build = "images/go.toml"
[images.node]
build = "images/node.toml"
[images.buildkit]
build = "images/buildkit.toml"
[[sets.all]]
id = "make"
run = "true"
image = "go"
outputs = ["dist"]
[packets.RC-06]
title = "Artifacts"
sets = ["all"]
release-images = ["app"]
[release-images.app]
dockerfile = "build/Dockerfile"
target = "runtime"
builder = "buildkit"
context = "web"
arguments = { VERSION = "1" }
builders = { GO = "go" }
bases = { "golang:1.26" = "go" }
contexts = { payload = "output:make/dist", assets = "source:web/assets", tools = "image:node" }
secrets = { token = "env:RCREPRO_NO_SUCH_VARIABLE" }
runs = [{ arguments = [], stdout = "" }]
"#;

const DOCKERFILE: &str = "ARG GO\nFROM golang:1.26 AS build\nARG VERSION\nCOPY --from=assets / /\n\
    RUN --mount=type=secret,id=token,required=true --mount=from=tools,target=/t true\nFROM $GO AS other\nFROM scratch AS runtime\n\
    COPY --from=build /a /a\nCOPY --from=payload / /\n";

/// Judges the image of a plan, of which the source holds a Dockerfile and some more files; gives what is refused, what is noted, and
/// what is noted of this machine.
fn judged(plan: &str, dockerfile: &str, files: &[&str]) -> [Vec<String>; 3] {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(PLAN_FILE), plan).expect("written");
    std::fs::write(folder.path().join("web.txt"), "").expect("written");
    let workspace = Workspace::open(folder.path()).expect("a good plan");
    let (name, image) = workspace.plan.release_images.iter().next().expect("an image");
    let mut seen = SeenSource::of([image]);
    seen.visit("build/Dockerfile", &Visited::File(dockerfile.as_bytes()));
    for file in files {
        match file.split_once(" -> ") {
            Some((link, target)) => seen.visit(link, &Visited::Symlink(target.as_bytes())),
            None => seen.visit(file, &Visited::File(b"")),
        }
    }
    let judged = Judged { workspace: &workspace, name, image, seen: &seen, architecture: "amd64" };
    let found = judge(&judged);
    let machine = found.reading.iter().flat_map(|reading| judged.machine_notes(reading)).collect();
    [found.refused, found.notes, machine].map(|faults| {
        let hint = |fault: Fault| format!("{fault} | {}", fault.hint.clone().unwrap_or_default());
        faults.into_iter().map(hint).collect()
    })
}

const FILES: [&str; 2] = ["web/index.html", "web/assets/a.png"];

#[test]
fn a_plan_that_fits_its_dockerfile_is_let_pass() {
    let [refused, notes, machine] = judged(PLAN, DOCKERFILE, &FILES);
    assert_eq!((refused, notes), (vec![], vec![]));
    let expected = "rcrepro.toml:29: release image `app`: the secret `token`, env:RCREPRO_NO_SUCH_VARIABLE, is not on this machine: \
                    the step at build/Dockerfile:5 fails without it | export RCREPRO_NO_SUCH_VARIABLE=…";
    assert_eq!(machine, [expected]);
}

#[test]
fn each_key_that_does_not_fit_is_refused_by_its_line() {
    let at = |line: usize| format!("rcrepro.toml:{line}: release image `app`: ");
    let cases = [
        ("target = \"runtime\"", "target = \"runtme\"", at(22) + "`target = \"runtme\"`: build/Dockerfile has no such stage: found `build`, `other`, `runtime` | target = \"runtime\""),
        ("target = \"runtime\"", "target = \"0\"", at(22) + "`target = \"0\"`: build/Dockerfile has no such stage: found `build`, "),
        ("context = \"web\"", "context = \"www\"", at(24) + "`context = \"www\"`: the source has no such folder | write its path from the plan's folder; or make it, git add www and commit"),
        ("context = \"web\"", "context = \"web.txt\"", at(24) + "`context = \"web.txt\"`: the source has no such folder: it is not committed | git add"),
        ("context = \"web\"", "context = \"web/index.html\"", at(24) + "`context = \"web/index.html\"`: it is a file: expected a folder"),
        ("context = \"web\"", "context = \"link\"", at(24) + "`context = \"link\"`: it is a symbolic link to `web`: expected a folder"),
        ("source:web/assets", "source:hidden/x", at(28) + "context `assets = \"source:hidden/x\"`: the source has no such folder: `exclude` in [source] leaves it out"),
        ("VERSION = \"1\"", "VERSIN = \"1\"", at(25) + "the build argument `VERSIN` is not declared: build/Dockerfile has no `ARG VERSIN` | did you mean `VERSION`?"),
        ("GO = \"go\"", "GO = \"go\", NODE_IMAGE = \"node\"", at(26) + "the build argument `NODE_IMAGE` is not declared: build/Dockerfile has no `ARG NODE_IMAGE` | ARG NODE_IMAGE in"),
        ("\"golang:1.26\" = \"go\"", "\"docker.io/library/golang:1.26\" = \"node\", \"golang:1.26\" = \"go\"", at(27) + "`golang:1.26` and `docker.io/library/golang:1.26` are one reference, and are mapped to `go` and `node`"),
        ("\"golang:1.26\" = \"go\"", "\"golang:1.26\" = \"go\", \"docker.io/library/tools\" = \"go\"", at(28) + "`tools` and `docker.io/library/tools` are one reference, and are mapped to `node` and `go`"),
        ("secrets = { token", "secrets = { tokens", "build/Dockerfile:5: the step requires the secret `token`, which the plan does not name | secrets = { token = ".to_owned()),
        ("build/Dockerfile", "build/Containerfile", "build/Containerfile: release image `app` is built from it, and it is not in the source | write its path from the plan's folder; or".to_owned()),
        ("build/Dockerfile", "hidden/Dockerfile", "hidden/Dockerfile: release image `app` is built from it, and it is not in the source: `exclude` in [source] leaves it out | take".to_owned()),
        ("build/Dockerfile", "build", "build: release image `app` is built from it, and it is a folder | dockerfile = \"build/Dockerfile\"".to_owned()),
        ("build/Dockerfile", "link", "link: release image `app` is built from it, and it is a symbolic link to `web`".to_owned()),
    ];
    for (from, to, expected) in cases {
        assert!(PLAN.contains(from), "{from}");
        let files = [FILES[0], FILES[1], "link -> web"];
        // Other keys may rest on the same thing.
        let plan = PLAN.replacen(from, to, 1);
        let [refused, ..] = judged(&plan, DOCKERFILE, &files);
        assert!(refused.len() == 1 && refused[0].starts_with(&expected), "{refused:#?}\nexpected {expected}");
    }
}

#[test]
fn a_line_that_copies_what_is_not_in_the_context_is_refused() {
    let at = "build/Dockerfile:10: `COPY ";
    let files = ["web/index.html", "web/assets/a.png", "web/link -> assets", "web/none", "web/of/a", "web/of/b/c"];
    let refused = |lines: &str, more: &[&str]| {
        let all: Vec<&str> = files.iter().chain(more).copied().collect();
        judged(PLAN, &format!("{DOCKERFILE}{lines}\n"), &all)[0].clone()
    };
    for good in
        ["COPY index.html /assets/ ./ link/a.png of/b /x/", "COPY --from=build gone /x", "ADD gone* index.html /x/"]
    {
        assert_eq!(refused(good, &[]), Vec::<String>::new(), "{good}");
    }
    let cases = [
        ("COPY index.html /gone/ /x/", "/gone/`: the source has no `gone` in the context `web` | write its path"),
        ("COPY of/b/c/d /x", "of/b/c/d`: the source has no `of/b/c/d` in the context `web`"),
        ("COPY ../web.txt /x", "../web.txt`: the source has no `web.txt` in the context `web` | write its path"),
    ];
    for (line, expected) in cases {
        let found = refused(line, &[]);
        assert!(found.len() == 1 && found[0].starts_with(&format!("{at}{expected}")), "{found:#?}");
    }
    let hidden = PLAN.replace("hidden/**", "web/hidden/**");
    let [found, ..] = judged(&hidden, &format!("{DOCKERFILE}COPY hidden/x /x\n"), &files);
    assert!(
        found.len() == 1 && found[0].contains("context `web`: `exclude` in [source] leaves it out | take"),
        "{found:#?}"
    );
    // A name with a comma may be split in a list.
    assert_eq!(refused("COPY [\"a,b\", \"/x\"]", &[]).len(), 2);
    assert_eq!(refused("COPY [\"a,b\", \"/x\"]", &["web/a,b"]), Vec::<String>::new());
}

#[test]
fn a_line_that_copies_what_is_ignored_is_refused() {
    let refused = |ignore: &str, line: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(PLAN_FILE), PLAN).expect("written");
        let workspace = Workspace::open(folder.path()).expect("a good plan");
        let (name, image) = workspace.plan.release_images.iter().next().expect("an image");
        let mut seen = SeenSource::of([image]);
        for (path, text) in
            [("build/Dockerfile", format!("{DOCKERFILE}{line}\n")), ("web/.dockerignore", ignore.to_owned())]
        {
            seen.visit(path, &Visited::File(text.as_bytes()));
        }
        for path in ["web/assets/a.png", "web/of/a.md", "web/of/b/c.md"] {
            seen.visit(path, &Visited::File(b""));
        }
        let found = judge(&Judged { workspace: &workspace, name, image, seen: &seen, architecture: "amd64" }).refused;
        found.into_iter().map(|fault| fault.to_string()).collect::<Vec<_>>()
    };
    let expected = |path: &str| {
        vec![format!("build/Dockerfile:10: `COPY {path}`: web/.dockerignore leaves `{path}` out of the context `web`")]
    };
    assert_eq!(refused("of\n", "COPY of/a.md /x"), expected("of/a.md"));
    assert_eq!(refused("**/*.md\n", "COPY of/b/c.md /x"), expected("of/b/c.md"));
    assert_eq!(refused("*\n!assets\n", "COPY of /x"), expected("of"));
    for (ignore, line) in [
        // The empty folder is there, or something in it.
        ("of/*\n", "COPY of /x"),
        ("of\n!of/b/c.md\n", "COPY of /x"),
        ("of\n!of/b/c.md\n", "COPY of/b /x"),
        ("*\n!of\n", "COPY of/a.md /x"),
        ("of/**\n", "COPY of/a.md /x"),
        ("", "COPY of /x"),
    ] {
        assert_eq!(refused(ignore, line), Vec::<String>::new(), "{ignore} {line}");
    }
}

#[test]
fn two_spellings_of_one_thing_are_no_contradiction() {
    let twice = "\"docker.io/library/golang:1.26\" = \"go\", \"golang:1.26\" = \"go\"";
    let [refused, notes, _] = judged(&PLAN.replace("\"golang:1.26\" = \"go\"", twice), DOCKERFILE, &FILES);
    assert_eq!((refused, notes), (vec![], vec![]));
}

#[test]
fn predefined_arguments_need_no_declaration() {
    let refused = |more: &str| judged(&PLAN.replace("VERSION = \"1\"", more), DOCKERFILE, &FILES)[0].clone();
    let usual = "VERSION = \"1\", HTTP_PROXY = \"\", BUILDKIT_SANDBOX_HOSTNAME = \"x\"";
    assert_eq!(refused(usual), Vec::<String>::new());
    for reserved in ["TARGETARCH", "BUILDPLATFORM", "SOURCE_DATE_EPOCH", "BUILDKIT_SYNTAX"] {
        let found = refused(&format!("{usual}, {reserved} = \"x\""));
        let says = format!("the build argument `{reserved}` is not the plan's: the build gives it");
        assert!(found.len() == 1 && found[0].contains(&says), "{found:?}");
    }
}

#[test]
fn what_no_line_takes_is_noted_where_all_lines_are_told() {
    let text = "ARG GO\nARG VERSION\nARG BASE=golang:1.26.3\nFROM golang:1.26 AS build\nRUN --mount=type=secret,id=key true\nFROM $GO AS runtime\nCOPY --from=build /a /a\n";
    let [refused, notes, machine] = judged(PLAN, text, &FILES);
    assert_eq!(refused, Vec::<String>::new());
    let starts = [
        "build/Dockerfile:5: the step takes the secret `key`, which the plan does not name: it runs without it | secrets = ",
        "rcrepro.toml:28: release image `app`: `contexts` maps `assets`, and no line of build/Dockerfile names it | take it out",
        "rcrepro.toml:28: release image `app`: `contexts` maps `payload`, and no line",
        "rcrepro.toml:28: release image `app`: `contexts` maps `tools`, and no line",
        "rcrepro.toml:29: release image `app`: the secret `token` is taken by no step of build/Dockerfile | RUN --mount=",
    ];
    assert_eq!(notes.len(), starts.len(), "{notes:#?}");
    assert!(notes.iter().zip(starts).all(|(note, start)| note.starts_with(start)), "{notes:#?}");
    assert_eq!(machine, Vec::<String>::new(), "no step takes it");
    let hidden = text.replace("FROM golang:1.26 AS", "FROM ${BASE%.*} AS").replace("id=key", "id=$KEY");
    let [refused, notes, _] = judged(PLAN, &hidden, &FILES);
    assert_eq!((refused, notes), (vec![], vec![]), "nothing false is said");
}

#[test]
fn each_line_that_needs_buildkit_is_named_where_the_engine_builds() {
    let buildkit = ["builder = ", "context = ", "bases = ", "contexts = ", "secrets = "];
    let plan: Vec<&str> = PLAN.lines().filter(|line| !buildkit.iter().any(|key| line.starts_with(key))).collect();
    let text = "FROM go\nCOPY --chmod=755 a /a\nRUN --mount=type=cache,target=/c true\n";
    let [refused, ..] = judged(&plan.join("\n"), text, &[]);
    let starts =
        ["build/Dockerfile:2: `COPY --chmod` needs BuildKit", "build/Dockerfile:3: `RUN --mount` needs BuildKit"];
    assert!(
        refused.len() == 2 && refused.iter().zip(starts).all(|(one, start)| one.starts_with(start)),
        "{refused:#?}"
    );
}

#[test]
fn a_world_that_is_not_pinned_is_noted() {
    for (key, sees) in [("clock = \"real\"", "own clock,"), ("world = \"machine\"", "own clock, processors and order")]
    {
        let plan = PLAN.replace("builder = \"buildkit\"", &format!("builder = \"buildkit\"\n{key}"));
        let [refused, notes, _] = judged(&plan, DOCKERFILE, &FILES);
        assert_eq!((refused.len(), notes.len()), (0, 1), "{notes:#?}");
        assert!(notes[0].contains(sees) && notes[0].contains("take `"), "{notes:#?}");
    }
    let starts = PLAN.replace("builder = \"buildkit\"", "builder = \"buildkit\"\nclock = \"starts\"");
    let [refused, notes, _] = judged(&starts, DOCKERFILE, &FILES);
    assert_eq!((refused, notes), (vec![], vec![]), "it begins at the release's time in every build");
}

#[test]
fn a_call_of_apk_is_noted_where_no_base_has_it_and_no_program_stands_in() {
    let dockerfile = format!(
        "{DOCKERFILE}# apk add x\nRUN --mount=type=cache,target=/c apk --no-cache add x \\\n && apk update\nRUN echo apk added\n"
    );
    let files = ["web/a", "web/assets/a"];
    let [refused, notes, _] = judged(PLAN, &dockerfile, &files);
    assert_eq!(refused, [""; 0]);
    let says = |line: usize, what: &str| {
        format!("build/Dockerfile:{line}: `apk {what}`: no image that the plan maps to a base has apk")
    };
    assert!(
        notes.len() == 2 && notes[0].starts_with(&says(11, "add")) && notes[1].starts_with(&says(12, "update")),
        "{notes:?}"
    );
    let plan = PLAN.replace("secrets =", "programs = { apk = \"web/apk\" }\nsecrets =");
    let [refused, notes, _] = judged(&plan, &dockerfile, &[&files[..], &["web/apk"]].concat());
    assert_eq!((refused, notes), (Vec::new(), Vec::new()));
    let [refused, ..] = judged(&plan, &dockerfile, &files);
    assert!(refused[0].contains("program `apk = \"web/apk\"`: the source has no such file"), "{refused:?}");
}
