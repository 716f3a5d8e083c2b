//! Dockerfiles as people write them, one feature each: all of `tests/dockerfiles`, built by BuildKit on the real engine, twice each, and
//! held against docs/dockerfiles.md. It compiles BuildKit, which takes minutes, and is run by `cargo xtask dockerfiles`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::scene::Scene;

/// Asks for the table to be written anew.
const RECORD: &str = "RCREPRO_DOCKERFILES_RECORD";
/// What the plan gives to steps that ask for it.
const SECRET: &str = "correct horse battery staple\n";
const TABLE: &str = "docs/dockerfiles.md";
const HEAD: &str = "# Dockerfiles that BuildKit builds\n\n\
    One feature each, from [tests/dockerfiles](../tests/dockerfiles), built twice by `cargo xtask dockerfiles`, which also writes this page. \
    Each image was started, and said what its file expects. The digest is that of the OCI manifest, the same on every host: with \
    `debian:bookworm-slim` mapped to an image of a lock, on linux/amd64, at a commit of 2026-01-02.\n\n\
    | Case | What | Result |\n|---|---|---|\n";

/// What the plan of all cases begins with.
const PLAN: &str = r#"version = 1
name = "dockerfiles"
[images.small]
build = "images/small.toml"
[images.debian]
build = "images/debian.toml"
[images.go]
build = "images/go.toml"
[images.node]
build = "images/node.toml"
[images.python]
build = "images/python.toml"
[images.buildkit]
build = "images/buildkit.toml"
[frozen.debs]
kind = "debian-packages"
image = "debian"
packages = ["libyaml-0-2", "tini"]
[frozen.gitdebs]
kind = "debian-packages"
image = "debian"
packages = ["git"]
[frozen.gomod]
kind = "go-modules"
image = "go"
directory = "server"
[frozen.npm]
kind = "npm-packages"
image = "node"
directory = "web"
[frozen.pnpm]
kind = "pnpm-packages"
image = "node"
directory = "pnpm"
[frozen.py]
kind = "python-packages"
image = "python"
directory = "api"
[[sets.all]]
id = "nothing"
run = "true"
image = "small"
proof = "exit-code"
"#;

/// One Dockerfile, and what its first lines tell about it.
struct Case {
    name: String,
    what: String,
    is: String,
    says: String,
    /// Frozen inputs, and bases as TOML beside those of all cases.
    frozen: String,
    bases: String,
    /// The platforms beside the machine's own.
    platforms: String,
    /// `true` where its context holds a repository.
    git: String,
    /// Programs of the source, as TOML.
    programs: String,
    /// What its image may be beside running as root, as TOML.
    expect: String,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a text");
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix("# ")?.strip_prefix(key)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        let name = name.strip_suffix(".Dockerfile").expect("a Dockerfile").to_owned();
        Self {
            what: value("what"),
            is: value("is"),
            says: value("says"),
            frozen: value("frozen"),
            bases: value("bases"),
            platforms: value("platforms"),
            git: value("git"),
            programs: value("programs"),
            expect: value("expect"),
            name,
        }
    }

    /// How it ends, and what is said then.
    fn end(&self) -> (&str, &str) {
        self.is.split_once(": ").unwrap_or((&self.is, ""))
    }

    /// The bases that it names.
    fn bases(&self) -> String {
        if !self.bases.is_empty() {
            return self.bases.clone();
        }
        format!("\"debian:bookworm-slim\" = \"small\", \"debian:bookworm-slim@sha256:{}\" = \"small\"", "1".repeat(64))
    }

    fn table(&self) -> String {
        let name = &self.name;
        format!(
            "[release-images.{name}]\ndockerfile = \"cases/{name}.Dockerfile\"\nbuilder = \"buildkit\"\n\
             contexts = {{ payload = \"source:src\" }}\nsecrets = {{ given = \"file:given.secret\" }}\nexpect = {{ root = true{} }}\n\
             {}programs = {{ {} }}\nbases = {{ {} }}\nfrozen = [{}]\nplatforms = [{}]\nruns = [{{ arguments = [], stdout = \"{}\\n\" }}]\n",
            if self.expect.is_empty() { String::new() } else { format!(", {}", self.expect) },
            if self.git.is_empty() { String::new() } else { format!("git = {}\n", self.git) },
            self.programs,
            self.bases(),
            self.frozen,
            self.platforms,
            self.says
        )
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dockerfiles")
}

fn cases() -> Vec<Case> {
    let found =
        std::fs::read_dir(folder().join("cases")).expect("a folder").map(|entry| entry.expect("readable").path());
    let mut cases: Vec<Case> = found
        .filter(|path| path.extension().is_some_and(|end| end == "Dockerfile"))
        .map(|path| Case::read(&path))
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

/// Makes a repository of all cases, whose plan builds these.
fn scene(cases: &[&Case]) -> Scene {
    let scene = Scene::new("");
    let lay = |from: PathBuf, to: &str| {
        for entry in walkdir(&from) {
            let below = entry.strip_prefix(&from).expect("below it").to_str().expect("a name").to_owned();
            scene.write(&format!("{to}{below}"), &std::fs::read(&entry).expect("readable"));
        }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    lay(folder().join("cases"), "cases/");
    lay(folder().join("context"), "");
    lay(root.join("images"), "images/");
    lay(root.join("lockfiles/images"), "lockfiles/images/");
    lay(folder().join("images"), "images/");
    lay(folder().join("lockfiles"), "lockfiles/images/");
    lay(folder().join("frozen"), "lockfiles/");
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let mut plan = format!("{PLAN}[packets.RC-05]\ntitle = \"Images\"\nsets = [\"all\"]\nrelease-images = {names:?}\n");
    cases.iter().for_each(|case| plan.push_str(&case.table()));
    scene.write("rcrepro.toml", plan.as_bytes());
    scene.commit("cases");
    scene.commit_again_at("2026-01-02T03:04:05Z");
    // A secret is in no commit.
    scene.write("given.secret", SECRET.as_bytes());
    scene
}

/// Lists the files below a folder.
fn walkdir(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() { found.extend(walkdir(&path)) } else { found.push(path) }
    }
    found
}

/// Gives the digest of each image by its name.
fn digests(scene: &Scene) -> BTreeMap<String, String> {
    let record: serde_json::Value =
        serde_json::from_str(&scene.read("manifests/RC-05.images.json")).expect("canonical JSON");
    let images = record["images"].as_object().expect("images by name");
    let digest = |built: &serde_json::Value| {
        assert_eq!(built["parts"], built["again"], "{built:#}");
        let manifest = built["parts"]["manifest"].as_str().expect("a manifest");
        format!("`{}`", manifest.split('/').next().expect("a hash"))
    };
    let all = |image: &serde_json::Value| {
        let others = image["platforms"].as_object().into_iter().flatten();
        others.fold(digest(image), |all, (platform, built)| format!("{all}, {platform}: {}", digest(built)))
    };
    images.iter().map(|(name, image)| (name.clone(), all(image))).collect()
}

/// Gives what was found of each image that was not built, by its name.
fn failures(scene: &Scene) -> BTreeMap<String, String> {
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 1, "{}\n{}", ended.stdout, ended.stderr);
    let mut found = BTreeMap::new();
    for block in ended.stdout.split("image-failed  images.").skip(1) {
        let (name, rest) = block.split_once('\n').expect("a block has lines");
        found.insert(name.trim().to_owned(), rest.to_owned());
    }
    assert!(!ended.stdout.contains(SECRET.trim()) && !ended.stderr.contains(SECRET.trim()), "a secret is shown");
    found
}

/// Gives the lines by which Dockerfiles are refused before anything is built, by the names of their images.
fn refusals(scene: &Scene) -> BTreeMap<String, String> {
    let ended = scene.run(&["run", "RC-05"]);
    assert_eq!(ended.code, 3, "{}\n{}", ended.stdout, ended.stderr);
    let lines = ended.stderr.lines().filter_map(|line| line.trim().strip_prefix("cases/"));
    lines.filter_map(|line| Some((line.split_once('.')?.0.to_owned(), line.to_owned()))).collect()
}

#[test]
fn check_refuses_what_cannot_be_built_and_nothing_else() {
    let cases = cases();
    let of = |ends: &[&str]| cases.iter().filter(|case| ends.contains(&case.end().0)).collect::<Vec<&Case>>();
    scene(&of(&["builds", "fails"])).ok(&["check"]);
    let ended = scene(&of(&["refused"])).run(&["check"]);
    assert_eq!(ended.code, 3, "{}\n{}", ended.stdout, ended.stderr);
    for case in of(&["refused"]) {
        let line = format!("refused: cases/{}.{}", case.name, case.end().1);
        assert!(ended.stdout.contains(&line), "`{line}` in\n{}", ended.stdout);
    }
}

#[test]
#[ignore = "compiles BuildKit and builds some 80 images: cargo xtask dockerfiles"]
fn each_dockerfile_builds_to_one_digest_or_is_refused_by_its_line() {
    let cases = cases();
    let of = |end: &str| cases.iter().filter(|case| case.end().0 == end).collect::<Vec<&Case>>();
    let (good, failing, refused) = (of("builds"), of("fails"), of("refused"));
    assert_eq!(good.len() + failing.len() + refused.len(), cases.len(), "each case says how it ends");
    assert!(good.len() >= 30 && failing.len() >= 4 && refused.len() >= 7, "{} cases", cases.len());
    let built = scene(&good);
    built.ok(&["run", "RC-05"]);
    let digests = digests(&built);
    let mut not_built = failures(&scene(&failing));
    not_built.extend(refusals(&scene(&refused)));
    let mut table = HEAD.to_owned();
    for case in &cases {
        let result = match digests.get(&case.name) {
            Some(digest) => format!("builds: {digest}"),
            None => {
                let found = not_built.get(&case.name).unwrap_or_else(|| panic!("`{}` is not refused", case.name));
                let (how, text) = case.end();
                assert!(found.contains(text), "`{}`: `{text}` in\n{found}", case.name);
                format!("{how}: {text}")
            }
        };
        writeln!(table, "| {} | {} | {result} |", case.name, case.what.replace('|', "\\|")).expect("a text");
    }
    let at = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os(RECORD).is_some() {
        std::fs::write(&at, table).expect("written");
    } else {
        assert_eq!(std::fs::read_to_string(&at).expect(TABLE), table, "cargo xtask dockerfiles --record");
    }
}
