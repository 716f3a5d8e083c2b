//! What a command sees of the world: only what its action says.

use std::collections::BTreeSet;

use rcrepro_engine::docker::DockerOptions;
use rcrepro_engine::{CA_BUNDLE_PATH, EngineError, Limits, Network, SECRETS_PATH, StepSecrets};
use rcrepro_testkit::busybox;

use crate::scene::{Case, Scene, is_podman, unique};

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_exactly_the_commands() {
    let options = DockerOptions::new(unique("store"), unique("run"));
    let image = busybox::image(&["PATH=/bin:/from/the/image", "FROM_THE_IMAGE=1", "LANG=xx"]);
    let scene = Scene::load(options, image).await;
    let mut case = Case { arguments: vec!["/bin/env".into()], ..Case::sh("") };
    case.environment = [("HOME", "/tmp"), ("LANG", "C.UTF-8"), ("ODD", "a=b c\n'\"")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let executed = scene.run(&case).await.expect("a result");
    // Podman names the host, which is the same everywhere, and nothing can take that away.
    let more = if is_podman() { "HOSTNAME=rcrepro\n" } else { "" };
    let said = scene.stdout(&executed);
    assert!(said.contains(more) && said.contains("ODD=a=b c\n'\"\n"), "{said}");
    let sorted: BTreeSet<&str> = said.lines().filter(|line| *line != more.trim()).collect();
    assert_eq!(sorted, BTreeSet::from(["HOME=/tmp", "LANG=C.UTF-8", "ODD=a=b c", "'\""]));

    case.environment.remove("HOME");
    let error = scene.run(&case).await.expect_err("HOME would be set by the runtime");
    assert!(matches!(error, EngineError::Call { .. }) && error.to_string().contains("HOME"), "{error}");
    case.environment.insert("HOME".into(), "/tmp".into());
    case.environment.insert("A=B".into(), "c".into());
    assert!(scene.run(&case).await.is_err(), "a name with =");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_network_but_loopback() {
    let scene = Scene::new().await;
    let script = "ls /sys/class/net; wc -l < /proc/net/route; nc -w 2 192.0.2.1 80 2>&1; \
                  echo by loopback | nc -l -p 8080 & sleep 1; sleep 1 | nc localhost 8080; \
                  cat /etc/hosts; cat /etc/resolv.conf 2>/dev/null";
    let executed = scene.sh(script).await;
    let expected = "lo\n1\nnc: can't connect to remote host (192.0.2.1): Network is unreachable\nby loopback\n\
                    127.0.0.1\tlocalhost rcrepro\n::1\tlocalhost ip6-localhost ip6-loopback\n";
    assert_eq!(scene.stdout(&executed), expected);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_privilege_is_left() {
    let scene = Scene::new().await;
    let script = "grep -E '^(Cap|NoNewPrivs|Seccomp:|Groups|Uid|Gid)' /proc/self/status | tr -s '\\t ' ' '; \
                  hostname; umask; id -u; id -g; touch /etc/x 2>/dev/null || echo refused; cat /proc/1/comm";
    let executed = scene.sh(script).await;
    let none = "0000000000000000";
    let expected = format!(
        "Uid: 1000 1000 1000 1000\nGid: 1000 1000 1000 1000\nGroups: 1000 \nCapInh: {none}\nCapPrm: {none}\n\
         CapEff: {none}\nCapBnd: {none}\nCapAmb: {none}\nNoNewPrivs: 1\nSeccomp: 2\n\
         rcrepro\n0022\n1000\n1000\nrefused\n.rcrepro-init\n"
    );
    let said = scene.stdout(&executed);
    // The list of supplementary groups is empty or the user's own, depending on the runtime.
    assert_eq!(said.replace("Groups: \n", "Groups: 1000 \n"), expected);
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold() {
    let scene = Scene::new().await;
    let case = Case {
        limits: Limits { time: std::time::Duration::from_secs(120), memory: 48 << 20, pids: 20, output: 1 << 30 },
        ..Case::sh("")
    };
    let script = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; \
                  cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; ulimit -n; ulimit -c; ulimit -s";
    let executed = scene.run(&Case { limits: case.limits, ..Case::sh(script) }).await.expect("a result");
    assert_eq!(scene.stdout(&executed), "50331648\n20\n16384\n0\n8192\n");
    let forks = "i=0; while [ $i -lt 40 ]; do sleep 30 & i=$((i+1)); done; echo all";
    let executed = scene.run(&Case { limits: case.limits, ..Case::sh(forks) }).await.expect("a result");
    assert_ne!(scene.stdout(&executed), "all\n");
    assert!(scene.text(executed.result.stderr).contains("fork"), "{}", scene.text(executed.result.stderr));
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_image_mixes_into_the_argv() {
    let scene = Scene::new().await;
    let case = Case { arguments: ["/bin/echo", "a b", "", "$HOME"].map(String::from).to_vec(), ..Case::sh("") };
    let executed = scene.run(&case).await.expect("a result");
    assert_eq!(scene.stdout(&executed), "a b  $HOME\n");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn network_steps_get_their_transport() {
    let scene = Scene::new().await;
    let network = Network::Transport {
        environment: [("https_proxy", "http://proxy:1"), ("HOME", "/of/the/transport")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ca_bundle: Some(b"-----BEGIN CERTIFICATE-----\n".to_vec()),
        secrets: None,
    };
    let script = format!(
        "ls /sys/class/net; echo $https_proxy $HOME; stat -c '%A %u' {CA_BUNDLE_PATH}; cat {CA_BUNDLE_PATH}; grep -c localhost /etc/hosts"
    );
    let case = Case { network, ..Case::sh(&script) };
    let (with, without) = (scene.action(&case), scene.action(&Case::sh(&script)));
    assert_eq!(with.digest(), without.digest(), "the transport is not in the action");
    let executed = scene.run(&case).await.expect("a result");
    assert_eq!(scene.text(executed.result.stderr), "");
    let said = scene.stdout(&executed);
    assert!(said.starts_with("eth0\nlo\n"), "{said}");
    assert!(said.contains("http://proxy:1 /tmp\n-rw-r--r-- 0\n-----BEGIN CERTIFICATE-----\n"), "{said}");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_reach_the_step_and_nothing_that_is_kept() {
    let scene = Scene::new().await;
    let script = b"export TOKEN='hunter2 of the test'\n( umask 077; printf 'pass word' > /dev/shm/rc )\n: > \"$BASH_ENV\"\nunset BASH_ENV\n";
    let words = ["hunter2 of the test", "pass word"].map(|word| word.as_bytes().to_vec()).to_vec();
    let network = Network::Transport {
        environment: [].into(),
        ca_bundle: None,
        secrets: Some(StepSecrets { script: script.to_vec(), words }),
    };
    let line = format!(
        ". \"$BASH_ENV\"; echo \"$TOKEN\" | sed s/hunter/HUNTER/; echo \"to $TOKEN\"; cat /dev/shm/rc >&2; stat -c '%a %s' {SECRETS_PATH} /dev/shm/rc; \
         tr '\\0' ' ' < /proc/1/cmdline | grep -c 'hunter[2]'; umask"
    );
    let case = Case { network, ..Case::sh(&line) };
    let executed = scene.run(&case).await.expect("a result");
    let said = scene.stdout(&executed);
    assert_eq!(said, "HUNTER2 of the test\nto (hidden)\n600 0\n600 9\n0\n0022\n");
    assert_eq!(scene.text(executed.result.stderr), "(hidden)");
    scene.close().await;
}
