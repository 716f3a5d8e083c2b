//! What `check` finds in the source: all that no run could survive, by place and at once, before any engine or network.

use std::path::Path;
use std::process::Command;

use crate::scene::{Ended, Scene, command};

fn checked(scene: &Scene) -> Ended {
    // Nothing may be asked: neither an engine nor a registry is there.
    let mut command = scene.command(&["check"]);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock").env("HTTPS_PROXY", "http://127.0.0.1:1");
    Ended::from(command.output().expect("the program starts"))
}

fn says(ended: &Ended, code: i32, texts: &[&str]) {
    assert_eq!(ended.code, code, "{}\n{}", ended.stdout, ended.stderr);
    for text in texts {
        assert!(ended.stdout.contains(text), "`{text}` in\n{}", ended.stdout);
    }
}

fn frozen(kind: &str, more: &str) -> String {
    format!("[frozen.deps]\nkind = \"{kind}\"\nimage = \"base\"\n{more}\n")
}

fn with_frozen(kind: &str, more: &str, files: &[(&str, &str)]) -> Scene {
    let scene = Scene::new(&format!("{}{}", command("use", "true", "frozen = [\"deps\"]"), frozen(kind, more)));
    for (path, text) in files {
        scene.write(path, text.as_bytes());
    }
    scene.commit("more");
    scene
}

#[test]
fn a_sound_source_is_not_mentioned() {
    let ended = checked(&Scene::new(&command("greet", "true", "")));
    assert_eq!(ended.code, 0);
    assert!(!ended.stdout.contains("refused") && !ended.stdout.contains("source"), "{}", ended.stdout);
}

#[test]
fn submodules_are_named_with_the_key_that_leaves_them_out() {
    let scene = Scene::new(&command("greet", "true", ""));
    let commit = Command::new("git").current_dir(scene.path("")).args(["rev-parse", "HEAD"]).output().expect("git");
    let commit = String::from_utf8_lossy(&commit.stdout).trim().to_owned();
    scene.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},lib/sub")]);
    scene.git(&["commit", "-q", "-m", "a submodule"]);
    says(
        &checked(&scene),
        3,
        &["refused: lib/sub: it is a submodule", "[source] exclude = [\"lib/sub\"]", "1 thing that no run survives"],
    );
    scene.run(&["run", "RC-05"]).failed(3, &["`lib/sub` is a submodule"]);
    scene.replace("rcrepro.toml", "[images.base]", "[source]\nexclude = [\"lib/sub\"]\n\n[images.base]");
    scene.git(&["add", "rcrepro.toml"]);
    scene.git(&["commit", "-q", "-m", "without it"]);
    says(&checked(&scene), 0, &["is sound"]);
}

#[test]
fn pointers_are_notes_with_their_oid_and_size() {
    let scene = Scene::new(&command("greet", "true", ""));
    let oid = "ab".repeat(32);
    let pointer = format!("version https://git-lfs.example/spec/v1\noid sha256:{oid}\nsize 123456\n");
    scene.write("data/model.bin", pointer.as_bytes());
    scene.commit("a pointer");
    let note = format!("note: data/model.bin: it is a Git LFS pointer (sha256:{oid}, 123456 bytes)");
    says(&checked(&scene), 0, &[&note]);
}

#[test]
fn a_lock_is_judged_whole_before_any_network() {
    let lock = r#"{ "lockfileVersion": 3, "packages": {
        "": {},
        "node_modules/bare": { "version": "1.0.0", "resolved": "https://registry.example/bare.tgz" },
        "node_modules/far": { "version": "1.0.0", "resolved": "git+ssh://git@git.example/far.git#12" },
        "node_modules/old": { "version": "1.0.0", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }
    } }"#;
    let files = [("web/package.json", "{}"), ("web/package-lock.json", lock)];
    let scene = with_frozen("npm-packages", "directory = \"web\"", &files);
    let texts = [
        "web/package-lock.json:3: `node_modules/bare` has no `integrity`",
        "web/package-lock.json:4: `node_modules/far` comes by git",
        "web/package-lock.json:5: `node_modules/old` has only `sha1-",
    ];
    says(&checked(&scene), 3, &texts);
}

#[test]
fn workspaces_need_their_folders_and_nothing_else() {
    let sha = "A".repeat(86);
    let lock = format!(
        r#"{{ "lockfileVersion": 3, "packages": {{ "": {{ "workspaces": ["packages/*"] }},
        "node_modules/is-odd": {{ "version": "3.0.1", "integrity": "sha512-{sha}==" }},
        "node_modules/one": {{ "resolved": "packages/one", "link": true }} }} }}"#
    );
    let package = "{\n  \"workspaces\": [\"packages/*\"]\n}\n";
    let scene = with_frozen("npm-packages", "", &[("package.json", package), ("package-lock.json", &lock)]);
    let says_why = "refused: package-lock.json:3: `one` is a folder, and the source has no `packages/one/package.json`";
    says(&checked(&scene), 3, &[says_why]);
    scene.write("packages/one/package.json", b"{}");
    scene.commit("the workspace");
    says(&checked(&scene), 0, &["is sound"]);
}

#[test]
fn locks_of_pnpm_and_yarn_are_judged_by_place() {
    let lock = "lockfileVersion: '9.0'\n\npackages:\n\n  a@1.0.0:\n    resolution: {type: git, repo: 'https://git.example/a', commit: '1'}\n\n  \
                b@https://far.example/b/tar.gz/1:\n    resolution: {tarball: https://far.example/b/tar.gz/1}\n";
    let package = "{\n  \"packageManager\": \"pnpm@11\"\n}\n";
    let scene = with_frozen("pnpm-packages", "", &[("package.json", package), ("pnpm-lock.yaml", lock)]);
    let texts = [
        "refused: package.json:2: `packageManager` names `pnpm@11`: expected an exact version",
        "refused: pnpm-lock.yaml:5: `a@1.0.0` comes by git",
        "refused: pnpm-lock.yaml:8: `b@https://far.example/b/tar.gz/1` comes from",
    ];
    says(&checked(&scene), 3, &texts);
    let scene = with_frozen("yarn-packages", "", &[("package.json", "{}")]);
    says(&checked(&scene), 3, &["refused: yarn.lock: it is not in the source"]);
    scene.write("yarn.lock", b"# yarn lockfile v1\n");
    scene.commit("a lock");
    says(&checked(&scene), 0, &["is sound"]);
}

#[test]
fn requirements_that_no_registry_has_are_named_by_their_lines() {
    let text = "-r more/dev\nflask==3.0.3\na @ git+https://u:s3cr3t@h.example/a.git\n";
    let files = [("api/requirements.txt", text), ("api/more/dev", "pytest\n-e .\n-c ../../limits\n")];
    let scene = with_frozen("python-packages", "directory = \"api\"", &files);
    says(&checked(&scene), 3, &["refused: limits: it is not in the source, and `python-packages` is made from it"]);
    scene.write("limits", b"flask<4\n");
    scene.commit("limits");
    let ended = checked(&scene);
    let texts = [
        "refused: api/more/dev:2: `.` is built from source, and only wheels are frozen",
        "refused: api/requirements.txt:3: `a @ …` comes from an address, which pip asks for at each installation",
    ];
    says(&ended, 3, &texts);
    assert!(!ended.stdout.contains("s3cr3t"), "{}", ended.stdout);
    scene.write("api/more/dev", b"pytest\n");
    scene.write("api/requirements.txt", b"-r more/dev\nflask==3.0.3\n");
    scene.commit("what a registry has");
    says(&checked(&scene), 0, &["is sound"]);
}

#[test]
fn modules_that_the_step_would_miss_are_named() {
    let module = "module example.com/a\n\nrequire example.com/lib v0.0.0\n\nreplace example.com/lib => ../lib\n";
    let files = [("a/go.mod", module), ("a/go.sum", ""), ("go.work", "go 1.26\n\nuse (\n\t./a\n\t./b\n)\n")];
    let scene = with_frozen("go-modules", "directory = \"a\"", &files);
    let texts = [
        "refused: a/go.mod:5: `replace example.com/lib => ../lib`: the source has no `lib/go.mod`",
        "refused: go.work:5: `use ./b`: the source has no `b/go.mod`",
        "2 things that no run survives",
    ];
    says(&checked(&scene), 3, &texts);
    scene.write("lib/go.mod", b"module example.com/lib\n");
    scene.replace("rcrepro.toml", "run = '''true'''", "run = '''GOWORK=off true'''");
    scene.commit("the module, and no workspace");
    says(&checked(&scene), 0, &["is sound"]);
}

#[test]
fn a_module_without_requirements_is_an_empty_tree() {
    let scene = with_frozen("go-modules", "", &[("go.mod", "module example.com/m\n\ngo 1.26\n")]);
    says(&checked(&scene), 0, &["is sound"]);
    scene.ok(&["lock"]);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0";
    assert!(scene.read("lockfiles/deps.lock").contains(empty), "{}", scene.read("lockfiles/deps.lock"));
    scene.commit("a lock");
    scene.ok(&["run", "RC-05"]);
    // With a requirement there are sums to be had.
    scene.write("go.mod", b"module example.com/m\n\nrequire example.com/x v1.0.0\n");
    scene.commit("it needs something");
    says(&checked(&scene), 3, &["refused: go.sum: it is not in the source", "hint: go mod tidy"]);
}

#[test]
fn lines_that_need_buildkit_are_named_before_anything_is_built() {
    let image = "[release-images.app]\ndockerfile = \"Dockerfile\"\ntarget = \"app\"\nruns = [{ arguments = [], stdout = \"\" }]\n";
    let scene = Scene::new(&format!("{}{image}", command("greet", "true", "")));
    let text = "# syntax=docker/dockerfile:1\nFROM scratch AS app\nCOPY --chmod=755 greeting.txt /\nRUN <<EOF\necho hello\nEOF\n";
    scene.write("Dockerfile", text.as_bytes());
    scene.commit("an image");
    let texts = [
        "refused: Dockerfile:1: `# syntax=docker/dockerfile:1` needs BuildKit",
        "refused: Dockerfile:3: `COPY --chmod` needs BuildKit",
        "refused: Dockerfile:4: the here-document `<<EOF` needs BuildKit",
    ];
    says(&checked(&scene), 3, &texts);
    scene.replace("rcrepro.toml", "sets = [\"all\"]\n", "sets = [\"all\"]\nrelease-images = [\"app\"]\n");
    scene.commit("a packet builds it");
    let ended = scene.run(&["run", "RC-05"]);
    ended.failed(3, &["Dockerfile:1: ", "Dockerfile:3: `COPY --chmod` needs BuildKit", "Dockerfile:4: "]);
    assert!(!ended.stderr.contains("greet"), "no command ran: {}", ended.stderr);
}

#[test]
fn calls_of_git_are_noted_by_check_and_beside_the_command() {
    let quiet = "V=$(git describe --always 2>/dev/null || echo unknown); echo $V";
    let scene = Scene::new(&command("stamp", "bash scripts/stamp.sh", ""));
    scene.write("scripts/stamp.sh", format!("#!/bin/bash\n{quiet}\n").as_bytes());
    scene.commit("a stamp");
    says(&checked(&scene), 0, &["note: scripts/stamp.sh:2: `git describe` finds no repository", "called by stamp"]);
    let ended = scene.run(&["run", "RC-05"]);
    let note = "git found no repository in /work (`git describe` at scripts/stamp.sh:2)";
    assert!(ended.stdout.contains(note), "`{note}` in\n{}\n{}", ended.stdout, ended.stderr);
}

#[test]
fn what_could_not_be_looked_at_is_said() {
    let scene = Scene::new(&command("greet", "true", ""));
    std::fs::remove_dir_all(scene.path(".git")).expect("removed");
    let undecided = |says: &str| {
        let ended = checked(&scene);
        ended.failed(5, &["error: nothing was decided: the source was not looked at: ", says]);
        assert!(ended.stdout.contains("was read: ") && !ended.stdout.contains("is sound"), "{}", ended.stdout);
    };
    undecided("is in no git repository");
    scene.git(&["init", "-q", "-b", "main"]);
    undecided("has no commit yet");
    let ended = scene.run(&["--json", "check"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).expect("one document");
    assert!(ended.code == 5 && document["source"]["not_looked_at"].is_string(), "{document}");
}

#[test]
fn what_is_no_definition_is_refused_by_check_with_its_place() {
    let scene = Scene::new(&command("greet", "true", ""));
    says(&checked(&scene), 0, &["is sound"]);
    // One that no image of the plan is built from ends `rcrepro image` all the same.
    for (file, text, place) in [
        ("images/other.toml", "garbage", "images/other.toml:1:"),
        ("images/other.toml", "version = 99\n", "images/other.toml:"),
        ("images/Not a name.toml", "", "Not a name"),
    ] {
        scene.write(file, text.as_bytes());
        let ended = checked(&scene);
        says(&ended, 3, &["refused: ", place]);
        assert!(!ended.stdout.contains("is sound"), "{}", ended.stdout);
        std::fs::remove_file(scene.path(file)).expect("it is there");
    }
    let definition = scene.read("images/base.toml");
    for text in ["garbage".to_owned(), definition.replacen("version = ", "vision = ", 1)] {
        scene.write("images/base.toml", text.as_bytes());
        std::fs::remove_file(scene.path("lockfiles/images/amd64/base.lock")).ok();
        says(&checked(&scene), 3, &["refused: ", "images/base.toml:"]);
    }
    let (_, document) = {
        let ended = scene.run(&["--json", "check"]);
        (ended.code, serde_json::from_str::<serde_json::Value>(&ended.stdout).expect("one document"))
    };
    assert!(document["faulty"][0]["what"].as_str().is_some_and(|what| what.contains("base.toml")), "{document}");
}

#[test]
fn a_path_that_no_tree_can_carry_is_refused_with_a_way_out() {
    use std::os::unix::ffi::OsStrExt as _;
    let scene = Scene::new(&command("greet", "true", ""));
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.txt");
    std::fs::write(scene.path("").join(name), b"x").expect("written");
    scene.commit("latin 1");
    let hint = r"in bash: git mv $'caf\xe9.txt' NAME";
    says(&checked(&scene), 3, &[r"the tracked path `caf\xe9.txt` is not UTF-8", hint]);
    std::fs::remove_file(scene.path("rcrepro.toml")).expect("it is there");
    scene.run(&["init"]).failed(3, &["is not UTF-8", &format!("hint: rename it and commit, {hint}")]);
}

#[test]
fn a_clone_without_the_wanted_history_is_refused_before_a_run() {
    let scene =
        Scene::new(&format!("[source]\ntags = [\"v*\"]\n{}", command("describe", "git describe", "git = true")));
    scene.git(&["tag", "-a", "v1.0.0", "-m", "one"]);
    scene.commit("more");
    says(&checked(&scene), 0, &["is sound"]);
    let from = format!("file://{}", scene.path("").display());
    for tags in [&["--no-tags"][..], &[]] {
        let clone = tempfile::tempdir().expect("a folder");
        let into = clone.path().join("clone");
        let into = into.to_str().expect("text");
        scene.git(&[&["clone", "-q", "--depth", "1"], tags, &[&from, into]].concat());
        let ended = scene.run(&["-C", into, "check"]);
        let hint = format!("hint: git -C {into} fetch --unshallow --tags");
        says(&ended, 3, &["`git = true`: ", "is a shallow clone", &hint]);
    }
}

#[test]
fn links_to_what_a_command_does_not_see_are_noted() {
    let scene = Scene::new(&command("read", "cat seen/link", "sees = [\"seen/**\"]"));
    scene.write("seen/file", b"x");
    scene.write("hidden/file", b"x");
    for (link, target) in [("seen/link", "../hidden/file"), ("seen/own", "file"), ("seen/gone", "../nowhere")] {
        std::os::unix::fs::symlink(target, scene.path(link)).expect("linked");
    }
    scene.commit("links");
    let note =
        "note: rcrepro.toml: `sees` of `read`: the link `seen/link` leads to `hidden/file`, which it does not see";
    let ended = checked(&scene);
    says(&ended, 0, &[note, "hint: add \"hidden/file\" to `sees`"]);
    assert_eq!(ended.stdout.matches("the link ").count(), 1, "{}", ended.stdout);
    scene.replace("rcrepro.toml", "seen/**", "../seen/**");
    scene.run(&["check"]).failed(3, &["rcrepro.toml:", "the glob `../seen/**` matches no tracked file"]);
}

#[test]
fn images_are_those_that_the_plan_builds_from() {
    let scene = Scene::new(&command("greet", "true", ""));
    scene.lay_keys();
    let plan =
        scene.read("rcrepro.toml").replace("[images.base]\nbuild = \"images/", "[images.base]\nbuild = \"../images/");
    scene.write("below/rcrepro.toml", plan.as_bytes());
    let row = |arguments: &[&str]| scene.ok(arguments).stdout.lines().nth(1).map(str::to_owned).expect("a row");
    let own = row(&["image", "ls"]);
    assert!(own.starts_with("base  "), "{own}");
    assert_eq!(row(&["-C", "below", "image", "ls"]), own);
    scene.write(
        "below/rcrepro.toml",
        plan.replace("[images.base]", "[images.ground]").replace("image = \"base\"", "image = \"ground\"").as_bytes(),
    );
    let fresh = scene.run(&["-C", "below", "image", "lock", "--check", "ground"]).stdout;
    assert!(fresh.contains("fresh") && fresh.contains("base.lock"), "{fresh}");
    assert!(!Path::new(&scene.path("below/images")).exists());
}

#[test]
fn a_context_of_dockers_client_is_used_or_refused_and_never_passed_over() {
    let scene = Scene::new(&command("greet", "true", ""));
    scene.write("docker/config.json", b"{\"currentContext\": \"elsewhere\"}");
    let run = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        command.env_remove("DOCKER_HOST").env("DOCKER_CONFIG", scene.path("docker"));
        Ended::from(command.output().expect("the program starts"))
    };
    run(&["run", "RC-05"]).failed(4, &["the docker context `elsewhere`", "there is no such context"]);
    let doctor = run(&["doctor"]);
    assert_eq!(doctor.code, 4, "{}", doctor.stdout);
    assert!(doctor.stdout.contains("the docker context `elsewhere`"), "{}", doctor.stdout);
    assert!(!doctor.stdout.contains("apt-get install -y docker.io"), "{}", doctor.stdout);
}
