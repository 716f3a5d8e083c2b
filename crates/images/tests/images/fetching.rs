//! A server that lies, stalls or breaks off never gets a byte into the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcrepro_images::packages::PackageError;
use rcrepro_images::packages::fetch::{Fetcher, Promise, WantedFile};
use rcrepro_model::content::digest::Digest;
use rcrepro_store::BlobStore as _;
use rcrepro_store::memory::MemoryStore;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Answers each connection with the next of the given bytes, the last one again and again; counts the connections.
async fn serve(answers: Vec<Vec<u8>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let index = counter.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(&answers[index]).await;
            let _ = socket.shutdown().await;
        }
    });
    (format!("http://{address}/file"), count)
}

fn ok(length: usize, body: &[u8]) -> Vec<u8> {
    let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

fn wanted(urls: &[&str], promise: Promise) -> WantedFile {
    WantedFile { package: "pkg:npm/x@1".to_owned(), urls: urls.iter().map(ToString::to_string).collect(), promise }
}

const GOOD: &[u8] = b"the right bytes";

#[tokio::test(flavor = "multi_thread")]
async fn lies_are_refused_and_nothing_is_kept() {
    let fetcher = Fetcher::new().expect("a client");
    let expected = Digest::of(GOOD);
    for lie in [b"the wrong bytes".as_slice(), b"short", b"the right bytes and then some more", b""] {
        let (url, _) = serve(vec![ok(lie.len(), lie)]).await;
        let store = MemoryStore::default();
        let error = fetcher.fetch(&wanted(&[&url], Promise::Digest(expected)), &store).await.expect_err("a lie");
        assert!(error.to_string().contains(&expected.to_string()), "{error}");
        if let PackageError::Digest { found, .. } = &error {
            assert_eq!(*found, Digest::of(lie), "both digests are named");
        }
        assert!(!store.contains(expected).expect("known") && !store.contains(Digest::of(lie)).expect("known"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_is_tried_again_and_what_lacks_is_sought_elsewhere() {
    let fetcher = Fetcher::new().expect("a client");
    let expected = Digest::of(GOOD);
    let (flaky, flaky_count) = serve(vec![status("503 No"), ok(GOOD.len(), &GOOD[..4]), ok(GOOD.len(), GOOD)]).await;
    let (empty, empty_count) = serve(vec![status("404 No")]).await;
    let (liar, _) = serve(vec![ok(3, b"lie")]).await;
    let store = MemoryStore::default();
    let want = wanted(&[&empty, &liar, &flaky], Promise::Digest(expected));
    assert_eq!(fetcher.fetch(&want, &store).await.expect("found at last"), expected);
    assert_eq!(store.get(expected).expect("kept"), GOOD);
    assert_eq!((empty_count.load(Ordering::SeqCst), flaky_count.load(Ordering::SeqCst)), (1, 3));
    // What the store has is not asked for again.
    fetcher.fetch(&want, &store).await.expect("there");
    assert_eq!(flaky_count.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registrys_integrity_is_checked() {
    let fetcher = Fetcher::new().expect("a client");
    let (url, _) = serve(vec![ok(GOOD.len(), GOOD)]).await;
    let store = MemoryStore::default();
    let wrong = Promise::Sha512("sha512-AAAA".to_owned());
    let error = fetcher.fetch(&wanted(&[&url], wrong), &store).await.expect_err("a wrong integrity");
    assert!(error.to_string().contains("expected sha512-AAAA"), "{error}");
    assert!(!store.contains(Digest::of(GOOD)).expect("known"));
}
