//! A repository of one commit, read by the real git.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::execution::world::INPUT_MTIME;
use rcrepro_model::plan::glob::PathGlobSet;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_store::export::{CheckoutOptions, Contents, checkout, graft};
use rcrepro_store::git::shallow::{ShallowChoice, ShallowSource, choose, lay};
use rcrepro_store::ingest::{GitError, GitSource, IngestLimits, ingest_git};
use rcrepro_store::memory::MemoryStore;

use crate::git::shell;

fn globs(texts: &[&str]) -> PathGlobSet {
    PathGlobSet::new(texts).expect("globs")
}

/// Runs git in a folder as a command does, and gives its exit code with what it printed.
fn git(folder: &Path, arguments: &str) -> (i32, String) {
    let output = Command::new("git")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .env_clear()
        .envs([("PATH", env!("PATH")), ("HOME", "/nonexistent"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("LC_ALL", "C")])
        .env("GIT_CEILING_DIRECTORIES", folder.parent().expect("a parent"))
        .output()
        .expect("git");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().expect("an exit code"), String::from_utf8_lossy(&text).trim().to_owned())
}

fn says(folder: &Path, arguments: &str) -> String {
    let (code, text) = git(folder, arguments);
    assert_eq!(code, 0, "git {arguments}: {text}");
    text
}

/// A commit's source with its repository, laid out as a container gets it.
struct Laid {
    folder: tempfile::TempDir,
    choice: ShallowChoice,
    root: Digest,
}

fn laid(repository: &Path, exclude: &[&str], tags: Option<&[&str]>) -> Laid {
    let (store, exclude) = (MemoryStore::default(), globs(exclude));
    let source = GitSource { repository, revision: "HEAD", folder: None, exclude: &exclude };
    let ingested = ingest_git(&store, &source, IngestLimits::default()).expect("ingested");
    let shallow = ShallowSource { repository, exclude: &exclude };
    let choice = choose(&shallow, "HEAD", tags.map(globs).as_ref()).expect("chosen");
    let root = lay(&store, &shallow, &choice).expect("laid");
    let node = TreeNode::Directory { digest: root };
    let whole = graft(&store, ingested.root, &[(".git".parse().expect("a path"), node)]).expect("grafted");
    let folder = tempfile::tempdir().expect("a folder");
    let options = CheckoutOptions { owner: None, mtime: INPUT_MTIME.cast_signed(), contents: Contents::Copy };
    checkout(&store, whole, &folder.path().join("work"), &options).expect("laid out");
    Laid { folder, choice, root }
}

impl Laid {
    fn work(&self) -> std::path::PathBuf {
        self.folder.path().join("work")
    }
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    shell(
        folder.path(),
        "git init -q -b main .; mkdir -p a/b manifests web; printf one >a/b/f; printf '' >empty; printf two >run; chmod +x run
         ln -s a/b link; printf 'caf' >'café'; printf x >a-b; printf 'a\nb\n' >crlf.txt
         printf '*.txt text eol=crlf\n*.u16 working-tree-encoding=UTF-16LE\n' >.gitattributes; printf 'u\\0v\\0' >x.u16
         head -c 200000 /dev/zero >web/large; printf '{}' >manifests/RC-05.json
         git add -A; git commit -qm one; git tag v1.0.0; git commit -q --allow-empty -m two
         git tag -a -m three v1.1.0; printf 3 >three; git add -A; git commit -qm three",
    );
    folder
}

#[test]
fn git_works_as_in_a_clone_of_depth_one() {
    let repository = repository();
    shell(repository.path(), "git tag light; git tag -am annotated v1.2.0; git clone -q --depth 1 file://$PWD clone");
    let laid = laid(repository.path(), &["manifests/**"], None);
    let (ours, clone) = (laid.work(), repository.path().join("clone"));
    assert!(!ours.join("manifests").exists() && clone.join("manifests").exists());
    for arguments in [
        "rev-parse HEAD",
        "rev-parse --is-shallow-repository",
        "rev-parse --show-prefix",
        "describe",
        "describe --tags --always --dirty",
        "tag --list",
        "ls-files",
        "ls-tree -r HEAD",
        "log --format=%H%n%an%n%ct%n%s",
        "rev-list --objects HEAD",
        "rev-list --count HEAD",
        "for-each-ref refs/tags",
        "show HEAD:a/b/f",
        "cat-file -p v1.2.0",
    ] {
        assert_eq!(says(&ours, arguments), says(&clone, arguments), "git {arguments}");
    }
    for clean in [
        "diff --exit-code",
        "diff-files --exit-code",
        "diff-index --exit-code HEAD",
        "diff --cached --exit-code",
        "status --porcelain --untracked-files=all",
    ] {
        assert_eq!(says(&ours, clean), "", "git {clean}");
    }
    assert_eq!(says(&ours, "fsck --strict --no-dangling"), "");
    says(
        &ours,
        "index-pack --verify --strict .git/objects/pack/nothing.pack".replace("nothing", &pack(&ours)).as_str(),
    );
}

/// Names the one pack, without its ending.
fn pack(work: &Path) -> String {
    let entries = std::fs::read_dir(work.join(".git/objects/pack")).expect("listed");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"));
    names.filter_map(|name| name.strip_suffix(".pack").map(str::to_owned)).next().expect("a pack")
}

#[test]
fn a_change_is_seen_even_where_size_and_time_are_the_same() {
    let repository = repository();
    let laid = laid(repository.path(), &[], None);
    let work = laid.work();
    std::fs::write(work.join("a/b/f"), "two").expect("written");
    shell(&work, &format!("touch -h -d @{INPUT_MTIME} a/b/f; rm run; printf new >new"));
    assert_eq!(says(&work, "status --porcelain"), "M a/b/f\n D run\n?? new", "the first line is trimmed");
    assert_eq!(git(&work, "diff --exit-code").0, 1);
    assert!(says(&work, "describe --always --dirty").ends_with("-dirty"));
    says(&work, "checkout -- a/b/f run");
    assert_eq!(says(&work, "status --porcelain"), "?? new");
}

#[test]
fn missing_history_is_an_error_of_git() {
    let repository = repository();
    let laid = laid(repository.path(), &[], None);
    let work = laid.work();
    assert_eq!((laid.choice.tags.len(), says(&work, "rev-list --count HEAD")), (0, "1".to_owned()));
    for (arguments, expected) in [
        ("log HEAD~1", "fatal: ambiguous argument 'HEAD~1': unknown revision"),
        ("describe --tags", "fatal: No names found, cannot describe anything."),
        ("merge-base HEAD main", "fatal: Not a valid object name main"),
        ("show HEAD^", "fatal: ambiguous argument 'HEAD^': unknown revision"),
    ] {
        let (code, text) = git(&work, arguments);
        assert!(code != 0 && text.starts_with(expected), "git {arguments}: {text}");
    }
}

#[test]
fn tags_that_are_asked_for_bring_the_history_that_describe_counts() {
    let repository = repository();
    shell(
        repository.path(),
        "git checkout -q -b side v1.0.0; printf s >side; git add -A; git commit -qm side; git tag other
         git checkout -q main; git merge -q -m merged side; printf 4 >four; git add -A; git commit -qm four",
    );
    let whole = |arguments: &str| says(repository.path(), arguments);
    for (tags, arguments) in [
        (["v*"].as_slice(), "describe --match v*"),
        (&["v*"], "describe --tags --match v*"),
        (&["v1.0*"], "describe --tags --match v1.0*"),
        (&["*"], "describe --tags"),
    ] {
        let laid = laid(repository.path(), &[], Some(tags));
        assert_eq!(says(&laid.work(), arguments), whole(arguments), "{tags:?}");
        assert_eq!(says(&laid.work(), "diff --exit-code"), "");
    }
    let laid = laid(repository.path(), &[], Some(&["v1.1*"]));
    assert_eq!(laid.choice.tags.keys().collect::<Vec<_>>(), ["v1.1.0"]);
    assert!(says(&laid.work(), "log --format=%s").contains("three"));

    shell(repository.path(), "git clone -q --depth 1 file://$PWD clone; cd clone; git tag v9 HEAD");
    let exclude = PathGlobSet::default();
    let clone = repository.path().join("clone");
    let shallow = ShallowSource { repository: &clone, exclude: &exclude };
    assert!(choose(&shallow, "HEAD", Some(&globs(&[]))).expect("no tag is wanted").tags.is_empty());
    let error = choose(&shallow, "HEAD", Some(&globs(&["v*"]))).expect_err("an annotated one would be further back");
    assert!(matches!(error, GitError::Shallow { .. }), "{error}");
}

#[test]
fn the_bytes_follow_from_commit_and_tags_alone() {
    let repository = repository();
    let at = repository.path();
    shell(at, "git tag v2");
    let first = laid(at, &["manifests/**"], None);
    shell(at, "git gc -q --aggressive; git clone -q --bare . bare.git; git tag v3; git branch more HEAD~1");
    let (store, exclude) = (MemoryStore::default(), globs(&["manifests/**"]));
    for repository in [at.to_owned(), at.join("bare.git")] {
        let shallow = ShallowSource { repository: &repository, exclude: &exclude };
        assert_eq!(lay(&store, &shallow, &first.choice).expect("laid"), first.root, "a tag more changes nothing");
    }
    let shallow = ShallowSource { repository: at, exclude: &exclude };
    let now = choose(&shallow, "HEAD", None).expect("chosen");
    assert_eq!(now.tags.keys().collect::<Vec<_>>(), ["v2", "v3"]);
    assert_ne!(lay(&store, &shallow, &now).expect("laid"), first.root);

    let elsewhere = ShallowChoice { commit: "1".repeat(40).parse().expect("an id"), ..first.choice.clone() };
    let error = lay(&store, &shallow, &elsewhere).expect_err("it is nowhere");
    assert!(matches!(error, GitError::Gone { .. }), "{error}");
    assert_eq!(error.hint(), Some(format!("git fetch --tags origin {}", "1".repeat(40))));

    let tags = |name: &str, id: &str| -> BTreeMap<_, _> { [(name.to_owned(), id.parse().expect("an id"))].into() };
    let blob = says(at, "rev-parse HEAD:three");
    let later = first.choice.commit.to_string();
    for (tags, expected) in [
        (tags("v1", &"1".repeat(40)), "cannot read the tag"),
        (tags("v1", &blob), "cannot use the tag `v1`"),
        (tags("a\nb", &later), "cannot use the tag `a"),
    ] {
        let choice = ShallowChoice { tags, ..first.choice.clone() };
        let error = lay(&store, &shallow, &choice).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// The digest of a fixed repository: git, gix and compressors may change, this may not.
#[test]
fn the_bytes_are_the_same_for_ever() {
    let repository = repository();
    shell(repository.path(), "git tag -am fixed v9");
    let laid = laid(repository.path(), &["manifests/**"], None);
    assert_eq!(laid.choice.commit.to_string(), "8d590be987e4b4b3e444d53f573cb388f0805800");
    assert_eq!(laid.root.to_string(), "20408a0ef1bd5e455f13439f87fbd73ff4d91fb3cd36d3967c039050bd20af61/640");
}

/// What Go stamped into a program that was built in a folder.
fn stamps(folder: &Path) -> Vec<String> {
    let go = |arguments: &[&str]| {
        let output = Command::new("go").args(arguments).current_dir(folder).env("GOFLAGS", "").output().expect("go");
        assert!(output.status.success(), "go {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let outside = tempfile::tempdir().expect("a folder");
    let program = outside.path().join("program");
    let program = program.to_str().expect("text");
    go(&["build", "-buildvcs=true", "-o", program, "."]);
    let lines = go(&["version", "-m", program]);
    lines
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("mod") || line.contains("vcs"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn programs_of_go_are_stamped_as_in_a_clone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let at = folder.path();
    shell(
        at,
        "git init -q -b main .; mkdir manifests; printf 'module example.com/stamped\n' >go.mod; printf '{}' >manifests/a.json
         printf 'package main\n\nfunc main() {}\n' >main.go; git add -A; git commit -qm one; git commit -q --allow-empty -m two
         git clone -q --depth 1 file://$PWD clone; git tag v1.2.3; git clone -q --depth 1 file://$PWD tagged; echo clone >>.git/info/exclude",
    );
    for (clone, tags) in [("clone", Some([].as_slice())), ("tagged", None)] {
        let laid = laid(at, &["manifests/**"], tags);
        let (found, expected) = (stamps(&laid.work()), stamps(&at.join(clone)));
        assert_eq!(found, expected);
        for line in
            ["build\tvcs=git", "build\tvcs.modified=false", &format!("build\tvcs.revision={}", laid.choice.commit)]
        {
            assert!(found.iter().any(|stamp| stamp == line), "`{line}` in {found:?}");
        }
    }
}
