//! What breaks is gone on with; what a mirror lacks, the next place has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rcrepro_http::ATTEMPTS;
use rcrepro_images::registry::{Registry, RegistryEvent};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_testkit::published::{Kept, Published, client, settings};
use rcrepro_testkit::server::{Reply, ServedRequest, Server};

fn platform() -> ImagePlatform {
    ImagePlatform::host().expect("a platform")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_goes_on_from_where_it_stopped() {
    let image = Published::sample();
    let (honest, target) = (image.clone(), image.layers[0]);
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let mut reply = honest.answer(request);
        if request.path.ends_with(&target.hash.to_oci()) && count.fetch_add(1, Ordering::SeqCst) < 3 {
            reply.body.truncate(70_000);
        }
        reply
    });
    let kept = Kept::new();
    let pulled =
        client().pull(&image.reference(&server.authority), platform(), &kept.store, &|_| {}).await.expect("pulled");
    assert_eq!(pulled.layers.iter().map(|layer| layer.diff_id).collect::<Vec<_>>(), image.diff_ids);
    let starts: Vec<_> = server.seen(&target.hash.to_oci()).iter().map(ServedRequest::from).collect();
    assert_eq!(starts, [None, Some(70_000), Some(140_000), Some(210_000)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_without_ranges_begin_anew() {
    let image = Published::sample();
    for mode in 0..3 {
        let (honest, target) = (image.clone(), image.layers[0]);
        let count = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            let mut reply = honest.answer(request);
            if request.path.ends_with(&target.hash.to_oci()) {
                let whole = ServedRequest { headers: Vec::new(), ..request.clone() };
                match (count.fetch_add(1, Ordering::SeqCst), mode) {
                    (0, _) => reply.body.truncate(70_000),
                    // All of it, as if no range had been asked for.
                    (_, 0) => reply = honest.answer(&whole),
                    // Another part than the one that was asked for.
                    (1, 1) => {
                        reply = honest.answer(&whole);
                        reply.status = 206;
                        reply = reply.with("content-range", "bytes 0-299999/300000");
                    }
                    (1, 2) => reply = Reply::status(416),
                    _ => {}
                }
            }
            reply
        });
        let kept = Kept::new();
        let reference = image.reference(&server.authority);
        client()
            .pull(&reference, platform(), &kept.store, &|_| {})
            .await
            .unwrap_or_else(|error| panic!("{mode}: {error}"));
        assert_eq!(kept.store.get(target).expect("kept"), image.bytes(target), "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_does_not_fit_is_asked_for_again_as_a_whole() {
    let image = Published::sample();
    let (honest, target) = (image.clone(), image.layers[0]);
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        let mut reply = honest.answer(request);
        if request.path.ends_with(&target.hash.to_oci()) {
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => reply.body.truncate(70_000),
                1 => reply.body[5] ^= 1,
                _ => {}
            }
        }
        reply
    });
    let kept = Kept::new();
    client().pull(&image.reference(&server.authority), platform(), &kept.store, &|_| {}).await.expect("pulled");
    let starts: Vec<_> = server.seen(&target.hash.to_oci()).iter().map(ServedRequest::from).collect();
    assert_eq!(starts, [None, Some(70_000), None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_faults_pass_and_a_wish_to_wait_is_kept() {
    let image = Published::sample();
    let (honest, manifest) = (image.clone(), image.manifest);
    let count = AtomicUsize::new(0);
    let server = Server::start(move |request| {
        if request.path.ends_with(&manifest.hash.to_oci()) {
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => return Reply::status(503),
                1 => return Reply::status(429).with("retry-after", 1),
                _ => {}
            }
        }
        honest.answer(request)
    });
    let kept = Kept::new();
    let begin = Instant::now();
    let retries = std::sync::Mutex::new(Vec::new());
    let on_event = |event| {
        if let RegistryEvent::Retrying { reason, .. } = event {
            retries.lock().expect("no panic").push(reason);
        }
    };
    client().pull(&image.reference(&server.authority), platform(), &kept.store, &on_event).await.expect("pulled");
    assert!(begin.elapsed().as_millis() >= 1000, "Retry-After was kept to");
    let retries = retries.into_inner().expect("no panic");
    assert!(retries.len() == 2 && retries[0].contains("503") && retries[1].contains("429"), "{retries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_have_an_end() {
    let image = Published::sample();
    let honest = image.clone();
    let server = Server::start(move |request| match request.path.contains("/manifests/") {
        true => Reply::new(500, "application/json", br#"{"errors":[{"code":"UNKNOWN","message":"on fire"}]}"#),
        false => honest.answer(request),
    });
    let kept = Kept::new();
    let pull = client();
    let error =
        pull.pull(&image.reference(&server.authority), platform(), &kept.store, &|_| {}).await.expect_err("broken");
    assert!(error.to_string().contains("answers 500: UNKNOWN on fire"), "{error}");
    assert_eq!(server.seen("/manifests/").len(), ATTEMPTS as usize);
    let gone = "127.0.0.1:1";
    let error = pull.pull(&image.reference(gone), platform(), &kept.store, &|_| {}).await.expect_err("nobody");
    assert!(error.to_string().contains(gone), "{error}");
    assert_eq!(kept.hashes(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_not_asked_for_again() {
    let image = Published::sample();
    let honest = image.clone();
    let server = Server::start(move |request| honest.answer(request));
    let kept = Kept::new();
    for _ in 0..2 {
        client().pull(&image.reference(&server.authority), platform(), &kept.store, &|_| {}).await.expect("pulled");
    }
    assert_eq!(server.seen("/blobs/").len(), image.layers.len() + 1, "every blob once");
}

#[tokio::test(flavor = "multi_thread")]
async fn mirrors_come_first_and_cannot_lie() {
    let image = Published::sample();
    let (honest, target) = (image.clone(), image.layers[0]);
    let own = Server::start(move |request| honest.answer(request));
    let honest = image.clone();
    // The first mirror has the image but lies about one layer; a second one does not answer at all.
    let mirror = Server::start(move |request| {
        let mut reply = honest.answer(request);
        if request.path.ends_with(&target.hash.to_oci()) {
            reply.body[9] ^= 1;
        }
        reply
    });
    let mut with = settings();
    let urls = vec![format!("http://{}/proxy", mirror.authority), "http://127.0.0.1:1".to_owned()];
    with.mirrors.by_registry.insert(own.authority.clone(), urls);
    let kept = Kept::new();
    let elsewhere = AtomicUsize::new(0);
    let on_event = |event| {
        if matches!(event, RegistryEvent::Elsewhere { .. }) {
            elsewhere.fetch_add(1, Ordering::SeqCst);
        }
    };
    let registry = Registry::new(with.clone()).expect("a client");
    registry.pull(&image.reference(&own.authority), platform(), &kept.store, &on_event).await.expect("pulled");
    assert_eq!(mirror.seen("/v2/proxy/team/tool/manifests/").len(), 1);
    let asked: Vec<_> = own.seen("/team/").into_iter().map(|request| request.path).collect();
    assert_eq!(asked, [format!("/v2/team/tool/blobs/{}", target.hash.to_oci())], "only what the mirror lied about");
    assert_eq!(elsewhere.load(Ordering::SeqCst), 2, "both places that did not serve were named");

    with.mirrors.exclusive = true;
    let kept = Kept::new();
    let registry = Registry::new(with).expect("a client");
    registry.pull(&image.reference(&own.authority), platform(), &kept.store, &|_| {}).await.expect_err("mirrors only");
    assert!(!kept.store.contains(target).expect("known"));
    assert_eq!(own.seen("/team/").len(), 1, "it was not asked again");
}
