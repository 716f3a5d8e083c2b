//! A commit's tracked tree.

use std::path::Path;
use std::process::Command;

use rcrepro_model::content::name::TreePath;
use rcrepro_model::plan::glob::PathGlobSet;
use rcrepro_store::ingest::{GitError, GitSource, IngestLimits, IngestedSource, hash_dir, ingest_git};
use rcrepro_store::memory::MemoryStore;

/// Runs a shell line in a repository, apart from the user's configuration.
pub(crate) fn shell(folder: &Path, line: &str) {
    let status = Command::new("sh")
        .arg("-ec")
        .arg(line)
        .current_dir(folder)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("HOME", "/nonexistent")])
        .envs([
            ("GIT_AUTHOR_NAME", "A"),
            ("GIT_AUTHOR_EMAIL", "a@example.org"),
            ("GIT_AUTHOR_DATE", "1700000000 +0000"),
        ])
        .envs([("GIT_COMMITTER_NAME", "C"), ("GIT_COMMITTER_EMAIL", "c@example.org")])
        .env("GIT_COMMITTER_DATE", "1700000001 +0545")
        .status()
        .expect("sh");
    assert!(status.success(), "{line}");
}

fn ingest(
    repository: &Path,
    revision: &str,
    folder: Option<&str>,
    exclude: &[&str],
) -> Result<IngestedSource, GitError> {
    let exclude = PathGlobSet::new(exclude).expect("globs");
    let folder: Option<TreePath> = folder.map(|text| text.parse().expect("a path"));
    let source = GitSource { repository, revision, folder: folder.as_ref(), exclude: &exclude };
    ingest_git(&MemoryStore::default(), &source, IngestLimits::default())
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    shell(
        folder.path(),
        "git init -q -b main .; mkdir -p ex/beacon/a/b ex/beacon/gen; printf one >ex/beacon/a/b/f; printf two >ex/beacon/run
         chmod +x ex/beacon/run; ln -s a/b ex/beacon/link; ln -s /nowhere ex/beacon/dangling
         printf g >ex/beacon/gen/x.pb.go; printf top >top; printf 'caf' >'ex/beacon/café'
         git add -A; git commit -qm one",
    );
    folder
}

#[test]
fn the_commit_counts_and_not_the_working_copy() {
    let repository = repository();
    let at = repository.path();
    let clean = hash_dir(&at.join("ex/beacon")).expect("hash");
    shell(at, "printf dirty >ex/beacon/a/b/f; printf new >ex/beacon/untracked; mkdir ex/beacon/empty");
    let source = ingest(at, "HEAD", Some("ex/beacon"), &[]).expect("ingest");
    assert_eq!(source.root, clean);
    assert_eq!((source.commit_time, source.tracked_files), (1_700_000_001, 6));
    assert_eq!(source.commit.len(), 40);
    // By id, by branch, from a tag object, packed and bare: one tree.
    shell(at, "git tag -am t v1; git gc -q; git clone -q --bare . bare.git; git worktree add -q --detach linked");
    for (repository, revision) in
        [(".", &*source.commit), (".", "main"), (".", "v1"), ("bare.git", "HEAD"), ("linked", "HEAD")]
    {
        assert_eq!(
            ingest(&at.join(repository), revision, Some("ex/beacon"), &[]).expect("ingest"),
            source,
            "{revision}"
        );
    }
}

#[test]
fn the_whole_repository_and_excluded_parts() {
    let repository = repository();
    let at = repository.path();
    let copy = tempfile::tempdir().expect("a temporary folder");
    shell(at, &format!("git archive HEAD | tar -x -C {}", copy.path().display()));
    assert_eq!(ingest(at, "HEAD", None, &[]).expect("ingest").root, hash_dir(copy.path()).expect("hash"));
    shell(copy.path(), "rm -r ex/beacon/gen ex/beacon/a");
    let partly = ingest(at, "HEAD", Some("ex/beacon"), &["**/*.pb.go", "a"]).expect("ingest");
    assert_eq!(partly.root, hash_dir(&copy.path().join("ex/beacon")).expect("hash"));
    assert_eq!(partly.tracked_files, 4);
    let none_here = ingest(at, "HEAD", Some("ex/beacon"), &["*.pb.go", "b", "?/b"]).expect("ingest");
    assert_eq!(none_here.tracked_files, 5, "`*` does not reach into a folder; `a/b` is one below");
}

#[test]
fn replacement_refs_are_not_followed() {
    let repository = repository();
    let at = repository.path();
    let before = ingest(at, "HEAD", None, &[]).expect("ingest");
    shell(
        at,
        "git replace $(git rev-parse HEAD:top) $(printf evil | git hash-object -w --stdin); test $(git show HEAD:top) = evil",
    );
    assert_eq!(ingest(at, "HEAD", None, &[]).expect("ingest"), before);
}

#[test]
fn what_cannot_stand_in_a_tree_is_named() {
    let with = |line: &str| {
        let repository = repository();
        shell(repository.path(), &format!("{line}; git commit -qm two"));
        ingest(repository.path(), "HEAD", None, &[]).expect_err("no tree")
    };
    let submodule = with("git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),vendor/sub");
    assert!(matches!(&submodule, GitError::Submodule { path, .. } if path.as_str() == "vendor/sub"), "{submodule}");
    let name = with(r#"printf x >"$(printf 'caf\351')"; git add -A"#);
    assert!(matches!(&name, GitError::NameNotUtf8 { bytes } if bytes == r"caf\xe9"), "{name}");
    let target = with(r#"ln -s "$(printf '\377')" bad; git add -A"#);
    assert!(matches!(&target, GitError::TargetNotUtf8 { .. }), "{target}");

    let repository = repository();
    let at = repository.path();
    assert!(matches!(ingest(at, "HEAD", Some("top"), &[]), Err(GitError::NoFolder { .. })));
    assert!(matches!(ingest(at, "HEAD", Some("no/where"), &[]), Err(GitError::NoFolder { .. })));
    assert!(matches!(ingest(at, "nosuch", None, &[]), Err(GitError::NoCommit { .. })));
    assert!(matches!(ingest(&at.join("ex"), "HEAD", None, &[]), Err(GitError::Read { .. })));
}

/// Writes an object unchecked, whatever git thinks of it, and gives its id.
fn object(folder: &Path, kind: &str, bytes: &[u8]) -> String {
    use std::io::Write as _;
    let mut child = Command::new("git")
        .args(["hash-object", "-w", "--literally", "--stdin", "-t", kind])
        .current_dir(folder)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("git is installed");
    child.stdin.take().expect("piped").write_all(bytes).expect("written");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("hex").trim().to_owned()
}

/// The bytes of a tree.
fn tree(entries: &[(&str, &str, &str)]) -> Vec<u8> {
    let id = |hex: &str| -> Vec<u8> {
        (0..20).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
    };
    entries.iter().flat_map(|(mode, name, hex)| [format!("{mode} {name}\0").as_bytes(), &id(hex)].concat()).collect()
}

fn commit_of(folder: &Path, tree: &str) -> String {
    let text = format!(
        "tree {tree}\nauthor A <a@example.org> 1700000000 +0000\ncommitter A <a@example.org> 1700000000 +0000\n\nx\n"
    );
    object(folder, "commit", text.as_bytes())
}

#[test]
fn names_that_no_git_writes_are_refused() {
    let repository = repository();
    let blob = object(repository.path(), "blob", b"x");
    for name in ["a/b", ".git", ".GIT"] {
        let root = object(repository.path(), "tree", &tree(&[("100644", name, &blob)]));
        let commit = commit_of(repository.path(), &root);
        let error = ingest(repository.path(), &commit, None, &[]).expect_err("malformed");
        assert!(matches!(error, GitError::Malformed { .. }), "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_few_objects_that_name_more_entries_than_there_is_memory_end_at_the_limit() {
    let repository = repository();
    let mut below = object(repository.path(), "tree", b"");
    for _ in 0..60 {
        let entries: Vec<(&str, &str, &str)> =
            ["a", "b", "c", "d", "e", "f", "g", "h"].map(|name| ("40000", name, below.as_str())).into();
        below = object(repository.path(), "tree", &tree(&entries));
    }
    let commit = commit_of(repository.path(), &below);
    let source =
        GitSource { repository: repository.path(), revision: &commit, folder: None, exclude: &PathGlobSet::default() };
    let limits = IngestLimits { entries: 10_000, ..IngestLimits::default() };
    let error = ingest_git(&MemoryStore::default(), &source, limits).expect_err("8^60 entries");
    assert_eq!(error.to_string(), "the tracked tree holds more than 10000 entries");
}
