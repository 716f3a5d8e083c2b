//! Declared outputs are collected, the same by every way.

use std::collections::BTreeMap;

use rcrepro_engine::{Executed, Limits};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::action::Output;

use crate::scene::{Case, Input, Scene, ways};

async fn both(case: &Case) -> BTreeMap<TreePath, Output> {
    let mut found = Vec::new();
    for way in ways() {
        let scene = Scene::by(way).await;
        let executed: Executed = scene.run(case).await.expect("a result");
        assert_eq!(scene.text(executed.result.stderr), "", "{way:?}");
        found.push(executed.result.outputs);
        scene.close().await;
    }
    assert!(found.iter().all(|other| *other == found[0]), "{found:#?}");
    found.remove(0)
}

fn path(text: &str) -> TreePath {
    text.parse().expect("a good path")
}

fn file(content: &[u8], executable: bool) -> TreeNode {
    TreeNode::File { digest: Digest::of(content), executable }
}

fn tree(entries: &[(&str, Option<TreeNode>)]) -> Digest {
    let mut builder = TreeBuilder::default();
    for (at, node) in entries {
        match node {
            Some(node) => builder.insert(&path(at), node.clone()).expect("no path occurs twice"),
            None => builder.insert_directory(&path(at)).expect("no path occurs twice"),
        }
    }
    builder.finish(&mut |_, _| Ok::<_, ()>(())).expect("the sink takes it")
}

#[tokio::test(flavor = "multi_thread")]
async fn files_directories_and_links() {
    let script = "echo text > file; printf '#!' > tool; chmod 700 tool; mkdir -p dir/sub/empty; echo a > dir/a; \
                  ln -s ../a dir/sub/link; ln dir/a dir/hard; chmod 755 dir/hard; mkdir bare; ln -s nowhere//x dangling; : > none; \
                  mkdir -p deep/er; echo d > deep/er/file; echo ü > dir/ünï";
    let outputs = vec!["file", "tool", "dir", "bare", "dangling", "none", "deep/er/file", "missing", "missing/too"];
    let found = both(&Case { outputs, ..Case::sh(script) }).await;
    let expected_dir = tree(&[
        ("a", Some(file(b"a\n", true))),
        ("hard", Some(file(b"a\n", true))),
        ("sub/empty", None),
        ("sub/link", Some(TreeNode::Symlink { target: "../a".into() })),
        ("ünï", Some(file("ü\n".as_bytes(), false))),
    ]);
    let expected: BTreeMap<TreePath, Output> = [
        ("file", Output::File { digest: Digest::of(b"text\n"), executable: false }),
        ("tool", Output::File { digest: Digest::of(b"#!"), executable: true }),
        ("dir", Output::Directory { root: expected_dir }),
        ("bare", Output::Directory { root: Digest::of(b"") }),
        ("dangling", Output::Symlink { target: "nowhere//x".into() }),
        ("none", Output::File { digest: Digest::of(b""), executable: false }),
        ("deep/er/file", Output::File { digest: Digest::of(b"d\n"), executable: false }),
    ]
    .map(|(at, output)| (path(at), output))
    .into();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_that_were_there_before_are_merged() {
    let input = |content: &str| Input::File(content.as_bytes().to_vec());
    let inputs = vec![
        ("work/dist/kept", input("kept")),
        ("work/dist/changed", input("old")),
        ("work/dist/removed", input("removed")),
        ("work/same", input("same")),
        ("work/gone", input("gone")),
        ("work/old/name/file", input("moved")),
    ];
    let script = "echo new > dist/changed; rm dist/removed gone; echo added > dist/added; mv old renamed; chmod +x same; \
                  mkdir fresh; ln -s fresh way; echo behind > fresh/file";
    let outputs = vec!["dist", "same", "gone", "renamed/name/file", "renamed", "way/file"];
    let found = both(&Case { inputs, outputs, ..Case::sh(script) }).await;
    let dist = tree(&[
        ("kept", Some(file(b"kept", false))),
        ("changed", Some(file(b"new\n", false))),
        ("added", Some(file(b"added\n", false))),
    ]);
    let expected: BTreeMap<TreePath, Output> = [
        ("dist", Output::Directory { root: dist }),
        ("same", Output::File { digest: Digest::of(b"same"), executable: true }),
        ("renamed/name/file", Output::File { digest: Digest::of(b"moved"), executable: false }),
        ("renamed", Output::Directory { root: tree(&[("name/file", Some(file(b"moved", false)))]) }),
        ("way/file", Output::File { digest: Digest::of(b"behind\n"), executable: false }),
    ]
    .map(|(at, output)| (path(at), output))
    .into();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_are_collected_after_a_failure_too() {
    let case = Case { outputs: vec!["report"], ..Case::sh("echo bad > report; exit 1") };
    assert_eq!(both(&case).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_tree_can_hold_is_told_by_its_path_in_the_container() {
    for way in ways() {
        let scene = Scene::by(way).await;
        for (script, place) in [
            ("mkfifo out", "/work/out"),
            ("mkdir out; mkfifo out/fifo", "/work/out/fifo"),
            ("mkdir out; echo x > \"$(printf 'out/\\377')\"", "/work/out"),
        ] {
            let script = format!("{script}; echo kept > kept");
            let executed =
                scene.run(&Case { outputs: vec!["out", "kept"], ..Case::sh(&script) }).await.expect("a result");
            let reason = executed.unkept.get(&path("out")).expect("it is told");
            assert!(reason.contains(place) && !reason.contains("docker"), "{way:?} {script}: {reason}");
            assert_eq!(executed.result.outputs.keys().collect::<Vec<_>>(), [&path("kept")], "{way:?} {script}");
        }
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_told_before_it_is_read() {
    let many = "mkdir out; for n in 1 2 3 4 5; do dd if=/dev/zero of=out/$n bs=1M count=1 2> /dev/null; done";
    for way in ways() {
        let scene = Scene::by(way).await;
        for script in ["dd if=/dev/zero of=out bs=1 count=0 seek=300G 2> /dev/null", many] {
            let limits = Limits { output: 4 << 20, ..Case::sh("").limits };
            let case = Case { outputs: vec!["out"], limits, ..Case::sh(script) };
            let executed = scene.run(&case).await.expect("a result");
            let reason = executed.unkept.get(&path("out")).expect("it is told");
            assert_eq!(reason, "it holds more than 4 MiB: max-output = \"1GiB\"", "{way:?}");
        }
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_added_to_a_frozen_input_counts() {
    let cache = || vec![("deps/cache/ab/old", Input::File(vec![7; 3 << 20]))];
    let output = path(".rcrepro/deps/cache");
    for way in ways() {
        let scene = Scene::by(way).await;
        for (megabytes, is_kept) in [(1, true), (3, false)] {
            let add = "dd if=/dev/zero of=/deps/cache/cd/new bs=1M count";
            let script = format!("mkdir /deps/cache/cd; {add}={megabytes} 2> /dev/null");
            let limits = Limits { output: 2 << 20, ..Case::sh("").limits };
            let case = Case { inputs: cache(), outputs: vec![".rcrepro/deps/cache"], limits, ..Case::sh(&script) };
            let executed = scene.run(&case).await.expect("a result");
            assert_eq!(scene.text(executed.result.stderr), "", "{way:?}");
            assert_eq!(executed.result.outputs.contains_key(&output), is_kept, "{way:?}: {:?}", executed.unkept);
            assert_eq!(executed.unkept.contains_key(&output), !is_kept, "{way:?}: {:?}", executed.unkept);
        }
        scene.close().await;
    }
}
