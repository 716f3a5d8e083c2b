//! Streams arrive whole, raw and apart.

use std::process::Command;
use std::time::{Duration, Instant};

use rcrepro_model::content::digest::{Digest, DigestHasher};
use rcrepro_model::execution::action::{Ending, Output};

use crate::scene::{Case, Input, Scene};

const MIB: usize = 1 << 20;

/// Bytes without any order, hence no UTF-8, and none of them a newline at the end.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    *bytes.last_mut().expect("not empty") = 0xff;
    bytes
}

fn repeated(bytes: &[u8], times: usize) -> Digest {
    let mut hasher = DigestHasher::default();
    for _ in 0..times {
        hasher.update(bytes);
    }
    hasher.finish()
}

fn hundred_megabytes() -> (Case, Digest) {
    let noise = noise(MIB);
    let expected = repeated(&noise, 100);
    let script = "i=0; while [ $i -lt 100 ]; do cat noise; i=$((i+1)); done; printf 'to the other' >&2";
    (Case { inputs: vec![("work/noise", Input::File(noise))], ..Case::sh(script) }, expected)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_of_noise_are_byte_exact() {
    let scene = Scene::new().await;
    let (case, expected) = hundred_megabytes();
    let executed = scene.run(&case).await.expect("a result");
    assert_eq!(executed.ending, Ending::Exited { code: 0 });
    assert_eq!(executed.result.stdout, expected);
    assert_eq!(scene.text(executed.result.stderr), "to the other");
    scene.close().await;
}

#[test]
fn a_hundred_megabytes_need_little_memory() {
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "streams::child_with_a_hundred_megabytes", "--ignored", "--nocapture"])
        .output()
        .expect("this program runs again");
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{said}{}", String::from_utf8_lossy(&child.stderr));
    let peak: u64 = said
        .lines()
        .find_map(|line| line.strip_prefix("peak KiB: ")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("no figure in {said}"));
    println!("peak memory: {} MiB", peak / 1024);
    assert!(peak < 100 * 1024, "{peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs as a process of its own, started by the test above, because it reads its own peak memory"]
async fn child_with_a_hundred_megabytes() {
    let scene = Scene::new().await;
    let (case, expected) = hundred_megabytes();
    assert_eq!(scene.run(&case).await.expect("a result").result.stdout, expected);
    scene.close().await;
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
    println!("\npeak KiB: {}", peak.trim().trim_end_matches("kB"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stalls_across_the_exit_loses_nothing() {
    let mut scene = Scene::new().await;
    scene.store.stall = Duration::from_secs(8);
    let noise = noise(MIB);
    let expected = repeated(&noise, 8);
    let script = "i=0; while [ $i -lt 8 ]; do cat noise; i=$((i+1)); done";
    let case = Case { inputs: vec![("work/noise", Input::File(noise))], ..Case::sh(script) };
    let began = Instant::now();
    let executed = scene.run(&case).await.expect("a result");
    assert!(began.elapsed() >= Duration::from_secs(16), "the store did stall");
    assert!(executed.duration < Duration::from_secs(6), "the stall reached the command: {:?}", executed.duration);
    assert_eq!(executed.result.stdout, expected);
    scene.close().await;
}

#[tokio::test]
async fn a_blocked_runtime_loses_nothing() {
    // One thread, which a neighbour blocks for eight seconds. Meanwhile the command writes until every buffer between it
    // and its reader is full, and is killed in that state: whoever reads the streams on this runtime loses their end,
    // because the daemon closes them two seconds later.
    let scene = Scene::new().await;
    let chunk = noise(4096);
    let inputs = vec![("work/chunk", Input::File(chunk.clone()))];
    let script = "timeout -s KILL 4 sh -c 'while :; do cat chunk; echo >> count; done'; true";
    let case = Case { inputs, outputs: vec!["count"], ..Case::sh(script) };
    let neighbour = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        std::thread::sleep(Duration::from_secs(8));
    };
    let (executed, ()) = tokio::join!(scene.run(&case), neighbour);
    let result = executed.expect("a result").result;
    let count = result.outputs.values().next().expect("it was declared");
    let Output::File { digest: count, .. } = count else { panic!("{count:?} is not a file") };
    let received = result.stdout.size;
    assert!(count.size > 100, "{count:?} chunks");
    assert!(received >= count.size * 4096, "{received} bytes of {} chunks", count.size);
    let bytes = rcrepro_store::BlobStore::get(&scene.store, result.stdout).expect("the blob is in the store");
    assert!(bytes.chunks(4096).all(|part| chunk.starts_with(part)));
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_bytes_stay_as_they_are() {
    let scene = Scene::new().await;
    let executed = scene.sh(r"printf 'a\000b\377\376\r\n\001\000\000\000'; printf '\200' >&2").await;
    let bytes = |digest| rcrepro_store::BlobStore::get(&scene.store, digest).expect("the blob is in the store");
    assert_eq!(bytes(executed.result.stdout), b"a\0b\xff\xfe\r\n\x01\0\0\0");
    assert_eq!(bytes(executed.result.stderr), b"\x80");
    let silent = scene.sh("true").await;
    assert_eq!((silent.result.stdout, silent.result.stderr), (Digest::of(b""), Digest::of(b"")));
    scene.close().await;
}
