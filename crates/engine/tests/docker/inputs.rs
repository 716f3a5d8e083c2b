//! Inputs arrive as the tree says, the same by every way, and what a command does to them is gone afterwards.

use rcrepro_engine::docker::Staging;
use rcrepro_engine::{Engine as _, EngineError};
use rcrepro_model::execution::action::Ending;

use crate::scene::{Case, Input, Scene, is_podman, ways};

const LONG: &str = "work/long/a-name-that-with-its-folders-is-longer-than-the-hundred-bytes/which-an-old-header/has-room-for/at-the-end.txt";
const LONG_TARGET: &str =
    "../a-target-that-is-longer-than-the-hundred-bytes-which-an-old-header-has-room-for/and-does-not-exist-anyway";

fn nasty(script: &str) -> Case {
    let file = |content: &str| Input::File(content.as_bytes().to_vec());
    Case {
        inputs: vec![
            ("work/plain", file("plain")),
            ("work/tool", Input::Program(b"#!/bin/sh\necho tool\n".to_vec())),
            ("work/ünï côdé 日本", file("u")),
            ("work/line\nbreak", file("n")),
            ("work/back\\slash", file("b")),
            ("work/empty", Input::Folder),
            ("work/nothing", file("")),
            ("work/link", Input::Link("plain")),
            ("work/tidy/link", Input::Link(".//plain/../x/")),
            ("work/out-of-tree", Input::Link("/etc")),
            ("work/long-link", Input::Link(LONG_TARGET)),
            (LONG, file("long")),
            ("deps/go/mod/cache", file("dependency")),
            ("deps/npm/x", file("x")),
        ],
        ..Case::sh(script)
    }
}

/// Lists what can be seen of the inputs, in an order that does not depend on the file system. The size of a directory is
/// the file system's own affair and left out.
const LIST: &str = r#"(find /work /deps/go /deps/npm -type d -exec stat -c '%A %u %g %Y %n' {} \;
    find /work /deps/go /deps/npm ! -type d -exec stat -c '%A %u %g %s %Y %n' {} \;
    find /work -type l -exec readlink {} \;
    find /work /deps -type f -exec sha256sum {} \;) | sort; ./tool; ls -la /work/empty | wc -l; cat /etc/hosts; stat -c '%A %u' /etc/hosts /work /deps"#;

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_show_the_same_tree() {
    let mut shown = Vec::new();
    for way in ways() {
        let scene = Scene::by(way).await;
        let executed = scene.run(&nasty(LIST)).await.expect("a result");
        assert_eq!(scene.text(executed.result.stderr), "");
        assert_eq!(executed.ending, Ending::Exited { code: 0 });
        let expected = if way.0 == Staging::Overlay { "overlay" } else { "archive" };
        assert_eq!(scene.engine.info().staging, expected);
        shown.push(scene.stdout(&executed));
        scene.close().await;
    }
    assert!(shown.iter().all(|other| *other == shown[0]), "{shown:#?}");
    for line in [
        "-rw-r--r-- 1000 1000 5 315619200 /work/plain\n",
        "-rwxr-xr-x 1000 1000 20 315619200 /work/tool\n",
        "drwxr-xr-x 1000 1000 315619200 /work/empty\n",
        "lrwxrwxrwx 1000 1000 14 315619200 /work/tidy/link\n",
        "\n.//plain/../x/\n",
        LONG_TARGET,
        "\ntool\n",
    ] {
        assert!(shown[0].contains(line), "{line:?} in\n{}", shown[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_cache_is_of_the_future_and_nothing_else_is() {
    for way in ways() {
        let scene = Scene::by(way).await;
        let list = "stat -c '%Y %n' /deps/go/mod /deps/go/mod/cache /deps/npm/x plain; echo more >> /deps/go/mod/cache";
        let mut case = nasty(list);
        case.environment.insert("GOCACHE".to_owned(), "/deps/go".to_owned());
        let executed = scene.run(&case).await.expect("a result");
        let expected =
            "2145916800 /deps/go/mod\n2145916800 /deps/go/mod/cache\n315619200 /deps/npm/x\n315619200 plain\n";
        assert_eq!(scene.stdout(&executed), expected, "{way:?}");
        assert_eq!(executed.ending, Ending::Exited { code: 0 }, "it can be written to");
        // The same tree is an ordinary input for a command that does not name it so.
        let executed = scene.run(&nasty(list)).await.expect("a result");
        assert!(
            scene.stdout(&executed).starts_with("315619200 /deps/go/mod\n315619200 /deps/go/mod/cache\n"),
            "{way:?}"
        );
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_takes_the_overlay_where_it_works() {
    let scene = Scene::new().await;
    assert_eq!(scene.engine.info().staging, "undecided");
    scene.sh("true").await;
    let expected = if is_podman() { "archive" } else { "overlay" };
    assert_eq!(scene.engine.info().staging, expected, "this machine's daemon can mount overlays");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_does_to_its_inputs_is_gone() {
    for way in ways() {
        let scene = Scene::by(way).await;
        let wreck = "echo changed > plain; chmod 777 nothing; rm -r long tool empty; mv tidy moved; echo x >> /deps/go/mod/cache; \
                     mv /deps/npm/x y; echo new > new; cat plain /deps/go/mod/cache; ls moved";
        let executed = scene.run(&nasty(wreck)).await.expect("a result");
        assert_eq!(scene.text(executed.result.stderr), "", "{way:?}: inputs are writable");
        assert_eq!(scene.stdout(&executed), "changed\ndependencyx\nlink\n");
        let before = scene.run(&nasty(LIST)).await.expect("a result");
        let again = scene.run(&nasty(LIST)).await.expect("a result");
        assert_eq!(before.result.stdout, again.result.stdout);
        let said = scene.stdout(&again);
        assert!(said.contains("5 315619200 /work/plain\n") && !said.contains("/work/new"), "{said}");
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_out_of_the_tree_do_not_lead_the_upload_astray() {
    let scene = Scene::with(Staging::Archive).await;
    // `a` leads to /etc, and `a-file` stands beside it; nothing of the tree may land in /etc.
    let case = Case {
        inputs: vec![
            ("work/a", Input::Link("/etc")),
            ("work/a-file", Input::File(b"x".to_vec())),
            ("work/b/passwd", Input::File(b"evil".to_vec())),
        ],
        ..Case::sh("ls /etc | tr '\\n' ' '; head -c 5 /etc/passwd; cat b/passwd")
    };
    let executed = scene.run(&case).await.expect("a result");
    // Without a network, Podman puts no `resolv.conf` into a container.
    let resolver = if is_podman() { "" } else { "resolv.conf " };
    assert_eq!(scene.stdout(&executed), format!("hostname hosts mtab passwd {resolver}root:evil"));
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_input_roots_are_refused() {
    let scene = Scene::new().await;
    let file = || Input::File(b"x".to_vec());
    for wrong in ["etc/passwd", "work", "deps", "deps/file"] {
        let case = Case { inputs: vec![(wrong, file())], ..Case::sh("true") };
        let error = scene.run(&case).await.expect_err(wrong);
        assert!(matches!(error, EngineError::Call { doing: "stage the inputs", .. }), "{wrong}: {error}");
    }
    for directory in ["work/missing", "work/file", "deps/x", "elsewhere"] {
        let case = Case { inputs: vec![("work/file", file()), ("deps/x/y", file())], directory, ..Case::sh("true") };
        let error = scene.run(&case).await.expect_err(directory);
        assert!(error.to_string().contains(directory), "{error}");
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_working_directory_may_lie_below() {
    let scene = Scene::new().await;
    let case = Case {
        inputs: vec![("work/a/b/file", Input::File(b"x".to_vec()))],
        directory: "work/a/b",
        outputs: vec!["made"],
        ..Case::sh("pwd; ls; echo out > made")
    };
    let executed = scene.run(&case).await.expect("a result");
    assert_eq!(scene.stdout(&executed), "/work/a/b\nfile\n");
    assert_eq!(executed.result.outputs.len(), 1);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_input_runs_nothing() {
    for way in ways() {
        let scene = Scene::by(way).await;
        let case = Case { inputs: vec![("work/a", Input::File(b"first".to_vec()))], ..Case::sh("cat a") };
        let action = scene.action(&case);
        let digest = rcrepro_model::content::digest::Digest::of(b"first");
        let path = rcrepro_store::BlobStore::local_path(&scene.store, digest).expect("the store keeps files");
        std::fs::write(path, b"other").expect("our own file");
        let execution = rcrepro_engine::Execution {
            action: &action,
            image: &scene.image,
            label: "test/damaged",
            limits: case.limits,
            network: rcrepro_engine::Network::None,
            world: &case.world,
            privilege: rcrepro_engine::Privilege::None,
            turn: None,
            live: None,
        };
        let error = scene.engine.execute(&execution, &scene.store, &scene.cancel).await.expect_err("it is damaged");
        assert!(!error.to_string().is_empty());
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_subtrees_use_up_more_than_one_scratch_volume() {
    if is_podman() {
        println!("skipped: Podman has no overlay volumes, see podman::overlays_are_out_of_reach");
        return;
    }
    let scene = Scene::by((Staging::Overlay, true)).await;
    let names: Vec<&'static str> = (0..20).map(|i| &*Box::leak(format!("deps/d{i}/f").into_boxed_str())).collect();
    let inputs = names.iter().map(|name| (*name, Input::File(name.as_bytes().to_vec()))).collect();
    let case =
        Case { inputs, ..Case::sh("cat /deps/*/f | wc -c; echo x > /deps/d19/g; ls /deps | wc -l; ls /deps/d19") };
    for _ in 0..2 {
        let executed = scene.run(&case).await.expect("a result");
        assert_eq!(scene.stdout(&executed), "190\n20\nf\ng\n");
    }
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_belong_to_the_user_and_hosts_name_the_container() {
    for way in ways() {
        let scene = Scene::by(way).await;
        let mut case =
            nasty("stat -c '%u %g' . plain link empty /deps/go; touch new empty/new; cat /etc/hosts; hostname");
        let said = |user: u32, name: &str| {
            let owners = format!("{user} {user}\n").repeat(5);
            format!("{owners}127.0.0.1\tlocalhost {name}\n::1\tlocalhost ip6-localhost ip6-loopback\n{name}\n")
        };
        // Both users have the same trees; one after the other and back again.
        for (user, name) in [(1000, "rcrepro"), (54_321, "elsewhere"), (1000, "rcrepro"), (1000, "elsewhere")] {
            case.world.user = user;
            case.world.hostname = name.to_owned();
            let executed = scene.run(&case).await.expect("a result");
            assert_eq!(scene.text(executed.result.stderr), "", "{way:?}");
            assert_eq!(scene.stdout(&executed), said(user, name), "{way:?}");
        }
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_may_stand_elsewhere_with_a_home_beside_it() {
    for way in ways() {
        let scene = Scene::by(way).await;
        let file = |content: &str| Input::File(content.as_bytes().to_vec());
        let case = Case {
            inputs: vec![
                ("build/elsewhere/work/work/plain", file("plain")),
                ("build/elsewhere/home", Input::Folder),
                ("deps/go/x", file("x")),
            ],
            directory: "build/elsewhere/work/work",
            outputs: vec!["out", "plain"],
            ..Case::sh("pwd; touch ../../home/mine ../mine; cat plain /deps/go/x; echo made > out")
        };
        let executed = scene.run(&case).await.expect("a result");
        assert_eq!(scene.text(executed.result.stderr), "", "{way:?}");
        assert_eq!(scene.stdout(&executed), "/build/elsewhere/work/work\nplainx", "{way:?}");
        assert_eq!(executed.result.outputs.len(), 2, "{way:?}");
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_beside_a_moved_source_is_refused() {
    let scene = Scene::new().await;
    for (more, said) in [
        ("build/other/file", "the input root holds `build/other`, expected only `build/work` and `deps`"),
        ("build/file", "the input root holds `build/file`, which is not a directory"),
        ("work/file", "the input root holds `work`, expected only `build/work` and `deps`"),
        ("home/file", "the input root holds `home`, expected only `build/work` and `deps`"),
    ] {
        let inputs = vec![("build/work/x", Input::Folder), (more, Input::File(Vec::new()))];
        let case = Case { inputs, directory: "build/work", ..Case::sh("true") };
        let error = scene.run(&case).await.expect_err("refused").to_string();
        assert!(error.contains(said), "{error}");
    }
    scene.close().await;
}
