//! Scratch repositories: the user's is only read, and git itself takes what was written.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use rcrepro_model::content::name::TreePath;
use rcrepro_store::git::scratch::{GitScratch, ScratchError};

/// Runs a shell line apart from the user's configuration and gives what it printed.
fn shell(folder: &Path, line: &str) -> String {
    let output = Command::new("sh")
        .args(["-ec", line])
        .current_dir(folder)
        .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("HOME", "/nonexistent")])
        .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.org")])
        .envs([("GIT_COMMITTER_NAME", "C"), ("GIT_COMMITTER_EMAIL", "c@example.org")])
        .env("GIT_COMMITTER_DATE", "1700000001 +0545")
        .output()
        .expect("sh");
    assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    shell(
        folder.path(),
        "git init -q -b main .; mkdir -p a/b; printf one >a/b/f; printf run >a/run; chmod +x a/run; ln -s a link
         printf ab >ab; git add -A; git commit -qm one; printf working >a/b/f; printf untracked >new",
    );
    folder
}

fn files(list: &[(&str, &str)]) -> BTreeMap<TreePath, Vec<u8>> {
    list.iter().map(|(path, text)| (path.parse().expect("a path"), text.as_bytes().to_vec())).collect()
}

#[test]
fn a_change_is_one_commit_on_top_and_git_agrees() {
    let user = repository();
    let state = "git status --porcelain; git count-objects; cat .git/HEAD; git for-each-ref; ls .git";
    let before = shell(user.path(), state);
    let scratch = GitScratch::new(user.path(), "HEAD").expect("a scratch clone");
    let read = |file: &str| std::fs::read_to_string(scratch.path().join(file)).expect("a file");
    assert_eq!(
        (read("a/b/f").as_str(), read("link/run").as_str()),
        ("one", "run"),
        "the commit's files, not the working copy's"
    );
    assert!(!scratch.path().join("new").exists());
    let changed = [("a/b/f", "two"), ("a/run", "ran"), ("a/c/d/new", "x"), ("top", "t")];
    let head = scratch.commit(&files(&changed)).expect("a commit");
    let said = shell(
        scratch.path(),
        "git fsck --strict 2>&1; git rev-parse HEAD; git diff --raw HEAD~1 HEAD | cut -d' ' -f1,2,5-",
    );
    let expected = format!(
        "{head}\n:100644 100644 M\ta/b/f\n:000000 100644 A\ta/c/d/new\n:100755 100755 M\ta/run\n:000000 100644 A\ttop\n"
    );
    assert_eq!(said, expected);
    assert_eq!(shell(scratch.path(), "git log -1 --format=%ct; git add -A; git status --porcelain"), "1700000001\n");
    assert_eq!(shell(scratch.path(), "git rev-parse HEAD~1"), format!("{}\n", scratch.base()));
    assert_eq!(shell(user.path(), state), before, "the user's repository is as it was");
    let folder = scratch.path().to_owned();
    drop(scratch);
    assert!(!folder.exists());
}

#[test]
fn nothing_is_written_through_a_symlink() {
    let user = repository();
    let scratch = GitScratch::new(user.path(), "main").expect("a scratch clone");
    for path in ["link/new", "link"] {
        let error = scratch.commit(&files(&[(path, "x")])).expect_err(path);
        assert!(matches!(error, ScratchError::Io { .. }), "{error}");
    }
    assert!(GitScratch::new(user.path(), "nowhere").is_err(), "an unknown revision");
}

#[test]
fn a_linked_work_tree_and_a_shallow_clone_can_be_cloned() {
    let user = repository();
    shell(user.path(), "git commit -qam two; git worktree add -q linked; git clone -q --depth 1 file://$PWD shallow");
    for folder in ["linked", "shallow"] {
        let scratch = GitScratch::new(&user.path().join(folder), "HEAD").expect(folder);
        scratch.commit(&files(&[("x", "y")])).expect(folder);
        assert_eq!(shell(scratch.path(), "git log --format=%s | head -n 2 | tail -n 1"), "two\n", "{folder}");
    }
}
