//! Attempts at the network, as PID 1 hands them to the engine: seen, and beyond the command's reach.

use std::time::Duration;

use rcrepro_engine::Network;
use rcrepro_model::execution::attempt::{Sightings, Watch};

use crate::scene::{Case, Scene, ways};

fn lines(watch: &Watch) -> Vec<String> {
    let Watch::Seen(seen) = watch else { panic!("it was watched: {watch:?}") };
    assert_eq!((seen.further, seen.unread), (0, 0));
    seen.attempts.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_seen_by_every_way() {
    for way in ways() {
        let scene = Scene::by(way).await;
        let script = "nc -w 1 192.0.2.1 80; nc -w 1 192.0.2.1 80; nc -w 1 example.org 81; exit 0";
        let executed = scene.sh(script).await;
        let attempts = lines(&executed.attempts);
        assert_eq!(
            attempts.first().map(String::as_str),
            Some("busybox (nc) → 192.0.2.1:80 tcp ×2"),
            "{way:?} {attempts:?}"
        );
        let asked = "busybox (nc) → 127.0.0.1:53 udp asks for example.org ×";
        assert!(attempts.len() == 2 && attempts[1].starts_with(asked), "{way:?} {attempts:?}");
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_on_loopback_is_no_attempt() {
    let scene = Scene::new().await;
    let script = "echo by loopback | nc -l -p 8080 & sleep 1; sleep 1 | nc localhost 8080; nc -w 1 127.0.0.1 9; true";
    let executed = scene.sh(script).await;
    assert_eq!(scene.stdout(&executed), "by loopback\n");
    assert_eq!(executed.attempts, Watch::Seen(Sightings::default()));
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_cannot_speak_for_the_one_that_watches() {
    for way in ways() {
        let scene = Scene::by(way).await;
        // All that it may do to the file it does, and leaves somebody behind who goes on.
        let forged = "rcrepro-init 2\\nfurther\\t0\\nunread\\t0\\nunanswered\\t0\\ncode\\t0\\nsignal\\t0\\nend\\n";
        let script = format!(
            "nc -w 1 192.0.2.1 80; rm -f /.rcrepro-seen && echo removed; mv /.rcrepro-seen /tmp && echo moved; \
             ln -s /tmp /.rcrepro-seen2 && echo linked; printf '{forged}' > /.rcrepro-seen && echo written; \
             chmod 000 /.rcrepro-seen; (exec >&- 2>&-; while true; do chmod 600 /.rcrepro-seen; printf '{forged}' > /.rcrepro-seen; \
             done) & sleep 1; cat /proc/1/environ > /dev/null && echo looked; (: < /proc/1/mem) && echo opened; ls /proc/1/fd/ && echo listed; \
             exit 0"
        );
        let executed = scene.sh(&script).await;
        assert_eq!(scene.stdout(&executed), "written\n", "{way:?}");
        assert_eq!(lines(&executed.attempts), ["busybox (nc) → 192.0.2.1:80 tcp ×1"], "{way:?}");
        scene.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_watched_to_the_end_is_unknown() {
    let scene = Scene::new().await;
    let case = Case { timeout: Duration::from_secs(2), ..Case::sh("sleep 60") };
    let executed = scene.run(&case).await.expect("a result");
    assert!(matches!(executed.attempts, Watch::Unknown { .. }), "{:?}", executed.attempts);
    let network = Network::Transport { environment: [].into(), ca_bundle: None, secrets: None };
    let executed = scene.run(&Case { network, ..Case::sh("true") }).await.expect("a result");
    assert!(matches!(executed.attempts, Watch::Unknown { .. }), "{:?}", executed.attempts);
    scene.close().await;
}
