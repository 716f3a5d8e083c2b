//! A registry that lies gets nothing into the store under a wrong name, and its lie is named.

use rcrepro_images::registry::{Registry, RegistryError};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_testkit::archives::gzip;
use rcrepro_testkit::published::{
    GZIP, INDEX, Kept, MANIFEST, Published, TAR, ZSTD, architecture, client, descriptor, settings,
};
use rcrepro_testkit::server::{Reply, ServedRequest, Server};
use serde_json::json;

fn platform() -> ImagePlatform {
    ImagePlatform::host().expect("a platform")
}

/// Pulls from a server that answers so, and expects a refusal; the store then holds nothing but `allowed`.
async fn refused(
    what: &str,
    registry: &Registry,
    image: &Published,
    allowed: &[Sha256],
    answer: impl Fn(&ServedRequest, Reply) -> Reply + Send + Sync + 'static,
) -> RegistryError {
    let honest = image.clone();
    let server = Server::start(move |request| answer(request, honest.answer(request)));
    let kept = Kept::new();
    let error = registry
        .pull(&image.reference(&server.authority), platform(), &kept.store, &|_| {})
        .await
        .expect_err(&format!("{what}: a lie"));
    for hash in kept.hashes() {
        assert!(allowed.contains(&hash), "{what}: {hash} was kept");
    }
    assert!(
        !kept.store.contains(image.manifest).expect("known"),
        "{what}: a manifest in the store means a whole image"
    );
    error
}

fn is_for(request: &ServedRequest, digest: Digest) -> bool {
    request.path.ends_with(&digest.hash.to_oci())
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_that_lie() {
    let image = Published::sample();
    let target = image.layers[0];
    let good = image.layers[1].hash;
    let record = kept_record(&image).await;
    let right = image.bytes(target).to_vec();
    let expected = target.hash.to_oci();
    type Twist = Box<dyn Fn(Reply, &ServedRequest) -> Reply + Send + Sync>;
    let wrong_bytes = {
        let mut bytes = right.clone();
        bytes[77] ^= 1;
        bytes
    };
    let other = Sha256::of(&wrong_bytes).to_oci();
    let longer = [right.clone(), b"more".to_vec()].concat();
    let size = right.len().to_string();
    let cases: Vec<(&str, Vec<String>, bool, Twist)> = vec![
        ("wrong bytes", vec![expected.clone(), other], true, {
            let bytes = wrong_bytes.clone();
            Box::new(move |reply, _| Reply { body: bytes.clone(), ..reply })
        }),
        ("shorter, and says so", vec![expected.clone(), format!("sends 7 bytes, expected {size}")], true, {
            Box::new(|_, _| Reply::new(200, "x", b"shorter"))
        }),
        ("longer, and says so", vec![expected.clone(), format!("expected {size}")], true, {
            let bytes = longer.clone();
            Box::new(move |_, _| Reply::new(200, "x", &bytes))
        }),
        ("longer without a length", vec![expected.clone(), format!("more than {size}")], true, {
            let bytes = longer.clone();
            Box::new(move |reply, _| Reply { body: bytes.clone(), length: None, ..reply })
        }),
        ("shorter without a length", vec![expected.clone(), format!("broke off after 1000 of {size}")], false, {
            Box::new(|reply, request| match request.from() {
                // It says nothing more, however often it is asked.
                Some(_) => Reply { body: Vec::new(), length: None, ..reply },
                None => Reply { body: reply.body[..1000].to_vec(), length: None, ..reply },
            })
        }),
        ("truncated against its length", vec![expected.clone(), "does not serve it".to_owned()], false, {
            Box::new(|reply, request| {
                let keep = if request.from().is_some() { 0 } else { 1000 };
                Reply { body: reply.body[..keep].to_vec(), ..reply }
            })
        }),
        ("a digest header that disagrees", vec![expected.clone(), "says that its digest is".to_owned()], true, {
            Box::new(|reply, _| reply.with("docker-content-digest", Sha256::of(b"other").to_oci()))
        }),
        ("a redirect to itself", vec![expected.clone(), "leads back to itself".to_owned()], false, {
            Box::new(|_, request| Reply::redirect(&request.path))
        }),
        ("redirects without an end", vec![expected.clone(), "more than 5 redirects".to_owned()], false, {
            Box::new(|_, request| Reply::redirect(&format!("{}/{}", request.path, "sha256:x")))
        }),
        (
            "a redirect to a plain host elsewhere",
            vec![expected.clone(), "neither TLS nor this machine".to_owned()],
            false,
            { Box::new(|_, _| Reply::redirect("http://192.0.2.1/blob")) },
        ),
        ("nothing", vec![format!("layer {expected} is not at 127.0.0.1")], false, Box::new(|_, _| Reply::status(404))),
    ];
    for (what, texts, tampering, twist) in cases {
        let answer = move |request: &ServedRequest, reply: Reply| {
            // The endless redirect goes on below the blob's own path.
            if is_for(request, target) || request.path.contains(&format!("{}/", target.hash.to_oci())) {
                return twist(reply, request);
            }
            reply
        };
        let error = refused(what, &client(), &image, &[good, record], answer).await;
        assert_eq!(error.is_tampering(), tampering, "{what}: {error}");
        for text in texts {
            assert!(error.to_string().contains(&text), "{what}: `{text}` in {error}");
        }
    }
}

/// Gives the blob by which a layer that was unpacked is known again.
async fn kept_record(image: &Published) -> Sha256 {
    let honest = image.clone();
    let server = Server::start(move |request| honest.answer(request));
    let kept = Kept::new();
    client()
        .pull(&image.reference(&server.authority), platform(), &kept.store, &|_| {})
        .await
        .expect("an honest registry");
    let mut extra: Vec<_> = kept.hashes().into_iter().filter(|hash| !image.blobs.contains_key(hash)).collect();
    assert_eq!(extra.len(), 1, "beside the image, one record for its one packed layer");
    extra.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn manifests_and_configs_that_lie() {
    let image = Published::sample();
    let (manifest, config) = (image.manifest, image.config);
    let other = gzip(b"x");
    for (what, digest, text, tampering) in [
        ("another manifest", manifest, Sha256::of(&other).to_oci(), true),
        ("another config", config, "expected".to_owned(), true),
    ] {
        let body = other.clone();
        let answer = move |request: &ServedRequest, reply: Reply| {
            if is_for(request, digest) { Reply::new(200, &reply.headers[0].1, &body) } else { reply }
        };
        let error = refused(what, &client(), &image, &[], answer).await;
        assert!(error.to_string().contains(&text) && error.is_tampering() == tampering, "{what}: {error}");
    }

    let answer = move |request: &ServedRequest, mut reply: Reply| {
        if is_for(request, manifest) {
            reply.headers[1].1 = Sha256::of(b"other").to_oci();
        }
        reply
    };
    let error = refused("a header that disagrees", &client(), &image, &[], answer).await;
    assert!(matches!(error, RegistryError::Header { .. }) && error.is_tampering(), "{error}");

    for (what, kind, text) in [
        ("a page", "text/html", "`text/html`"),
        ("an invalid index", INDEX, "as it was sent"),
        ("no type", "", "media type is ``"),
    ] {
        let answer = move |request: &ServedRequest, mut reply: Reply| {
            if is_for(request, manifest) {
                kind.clone_into(&mut reply.headers[0].1);
            }
            reply
        };
        let error = refused(what, &client(), &image, &[], answer).await;
        assert!(error.to_string().contains(text), "{what}: {error}");
    }

    let endless = vec![b' '; 5 << 20];
    let answer = move |request: &ServedRequest, reply: Reply| {
        if is_for(request, manifest) { Reply { body: endless.clone(), length: None, ..reply } } else { reply }
    };
    let error = refused("an endless manifest", &client(), &image, &[], answer).await;
    assert!(error.to_string().contains("at most 4194304"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn images_that_contradict_themselves() {
    let allowed = |image: &Published| image.layers.iter().map(|layer| layer.hash).collect::<Vec<_>>();
    let foreign = if architecture() == "amd64" { "arm64" } else { "amd64" };
    let config = |architecture: &str| json!({ "architecture": architecture, "os": "linux", "config": {} });

    let image = Published::of(&[(TAR, b"tar", b"tar")], config(foreign));
    let error = refused("another platform", &client(), &image, &[], |_, reply| reply).await;
    assert!(
        error.to_string().contains(&format!("it is for linux/{foreign}, expected linux/{}", architecture())),
        "{error}"
    );

    let packed = gzip(b"another tar");
    for (what, kind, blob, text) in [
        ("another DiffId", GZIP, packed.as_slice(), Sha256::of(b"another tar").to_oci()),
        ("no gzip", GZIP, b"no gzip", "unknown".to_owned()),
        ("no zstd", ZSTD, b"no zstd at all", "unknown".to_owned()),
        ("a cut gzip", GZIP, &packed[..packed.len() - 3], "unknown".to_owned()),
        ("a tar that is another", TAR, b"another", Sha256::of(b"another").to_oci()),
    ] {
        let image = Published::of(&[(kind, blob, b"the tar")], config(architecture()));
        let error = refused(what, &client(), &image, &allowed(&image), |_, reply| reply).await;
        assert!(matches!(error, RegistryError::DiffId { .. }) && error.is_tampering(), "{what}: {error}");
        assert!(
            error.to_string().contains(&text) && error.to_string().contains(&Sha256::of(b"the tar").to_oci()),
            "{error}"
        );
    }

    let bomb = vec![0; 64 << 20];
    let image = Published::of(&[(GZIP, &gzip(&bomb), &bomb)], config(architecture()));
    let mut small = settings();
    small.unpacked_limit = 1 << 20;
    let small = Registry::new(small).expect("a client");
    let error = refused("a bomb", &small, &image, &allowed(&image), |_, reply| reply).await;
    assert!(error.to_string().contains("unpacks to more than 1048576 bytes"), "{error}");

    let foreign_layer = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let image = Published::of(&[(foreign_layer, b"x", b"x")], config(architecture()));
    let error = refused("a layer kept elsewhere", &client(), &image, &[], |_, reply| reply).await;
    assert!(error.to_string().contains(foreign_layer), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_choose_and_are_checked() {
    let image = Published::sample();
    let foreign = Published::of(&[(TAR, b"t", b"t")], json!({ "architecture": "s390x", "os": "linux", "config": {} }));
    let index_of = |entries: Vec<(&Published, &str, &str)>| {
        let mut all = image.clone();
        let manifests = entries.iter().map(|(image, kind, architecture)| {
            let mut entry = descriptor(kind, image.bytes(image.manifest));
            entry["platform"] = json!({ "architecture": architecture, "os": "linux" });
            entry
        });
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests.collect::<Vec<_>>() });
        let index = serde_json::to_vec(&index).expect("JSON");
        all.blobs.extend(foreign.blobs.clone());
        all.blobs.insert(Sha256::of(&index), (INDEX.to_owned(), index.clone()));
        all.manifest = Digest::of(&index);
        all
    };

    let good = index_of(vec![(&foreign, MANIFEST, "s390x"), (&image, MANIFEST, architecture())]);
    let honest = good.clone();
    let server = Server::start(move |request| honest.answer(request));
    let kept = Kept::new();
    let pulled =
        client().pull(&good.reference(&server.authority), platform(), &kept.store, &|_| {}).await.expect("pulled");
    assert_eq!((pulled.index, pulled.manifest, pulled.config), (Some(good.manifest), image.manifest, image.config));
    let resolved = client().resolve(&good.reference(&server.authority)).await.expect("a tag");
    assert_eq!(resolved, good.manifest.hash);
    assert!(kept.store.contains(good.manifest).expect("known"));
    assert!(server.seen(&foreign.manifest.hash.to_oci()).is_empty(), "other platforms are left alone");

    let wrong = index_of(vec![(&foreign, MANIFEST, architecture())]);
    let error = refused("an index that points to another platform", &client(), &wrong, &[], |_, reply| reply).await;
    assert!(error.to_string().contains("it is for linux/s390x"), "{error}");
    let none = index_of(vec![(&foreign, MANIFEST, "s390x")]);
    let error = refused("an index without the platform", &client(), &none, &[], |_, reply| reply).await;
    assert!(error.to_string().contains("it is for linux/s390x"), "{error}");
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let typed = index_of(vec![(&image, docker, architecture())]);
    let error = refused("an index that errs in the type", &client(), &typed, &[], |_, reply| reply).await;
    assert!(error.to_string().contains("as the index says"), "{error}");
}

/// Puts an image below so many indexes, one in another; `platform` says whether the entries name it.
fn nested(image: &Published, depth: usize, named: bool) -> Published {
    let mut all = image.clone();
    for level in 0..depth {
        let kind = if level == 0 { MANIFEST } else { INDEX };
        let mut entry = descriptor(kind, all.bytes(all.manifest));
        if named || level == 0 {
            entry["platform"] = json!({ "architecture": architecture(), "os": "linux" });
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
        let index = serde_json::to_vec(&index).expect("JSON");
        all.blobs.insert(Sha256::of(&index), (INDEX.to_owned(), index.clone()));
        all.manifest = Digest::of(&index);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn indexes_in_indexes_are_gone_down_to_a_depth() {
    let image = Published::sample();
    for (depth, named) in [(2, true), (2, false), (4, true)] {
        let all = nested(&image, depth, named);
        let honest = all.clone();
        let server = Server::start(move |request| honest.answer(request));
        let kept = Kept::new();
        let pulled = client().pull(&all.reference(&server.authority), platform(), &kept.store, &|_| {}).await;
        let pulled = pulled.unwrap_or_else(|error| panic!("{depth} {named}: {error}"));
        assert_eq!((pulled.index, pulled.manifest), (Some(all.manifest), image.manifest));
    }
    let deep = nested(&image, 10, true);
    let error = refused("ten indexes", &client(), &deep, &[], |_, reply| reply).await;
    assert!(error.to_string().contains("index number 5 on the way down"), "{error}");
    assert!(error.to_string().contains("at most 4"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_without_end_are_refused_before_the_first_is_fetched() {
    let config = json!({ "architecture": architecture(), "os": "linux", "config": {} });
    let many = Published::of(&vec![(TAR, b"t".as_slice(), b"t".as_slice()); 513], config);
    let error = refused("513 layers", &client(), &many, &[], |_, reply| reply).await;
    assert!(error.to_string().contains("it has 513 layers, expected at most 512"), "{error}");
    let text = String::from_utf8(Published::sample().bytes(Published::sample().manifest).to_vec()).expect("JSON");
    let (size, huge) = ("\"size\":300000", "\"size\":70000000000");
    assert!(text.contains(size), "{text}");
    let manifest = text.replace(size, huge).into_bytes();
    let mut image = Published::sample();
    image.blobs.insert(Sha256::of(&manifest), (MANIFEST.to_owned(), manifest.clone()));
    image.manifest = Digest::of(&manifest);
    let error = refused("70 GB", &client(), &image, &[], |_, reply| reply).await;
    assert!(error.to_string().contains("bytes together, expected at most"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_found_by_tag_and_digest_and_its_blobs_are_asked_for() {
    let image = Published::sample();
    let all = nested(&image, 2, false);
    let honest = all.clone();
    let server = Server::start(move |request| honest.answer(request));
    let by_digest = all.reference(&server.authority);
    let by_tag = format!("{}/team/tool:1", server.authority).parse().expect("a reference");
    for reference in [&by_digest, &by_tag] {
        let found = client().find(reference, platform(), &|_| {}).await.expect("found");
        assert_eq!((found.asked, found.manifest), (all.manifest.hash, image.manifest));
        client().ask_for_blobs(reference, &found.blobs, &|_| {}).await.expect("there");
        assert_eq!(found.blobs.len(), image.layers.len() + 1);
    }
    let layer = image.layers[1];
    let mut without = all.clone();
    without.blobs.remove(&layer.hash);
    let server = Server::start(move |request| without.answer(request));
    let reference = all.reference(&server.authority);
    let error =
        client().ask_for_blobs(&reference, &[image.config, layer], &|_| {}).await.expect_err("a blob is missing");
    assert!(
        matches!(&error, RegistryError::NotFound { object, .. } if object.contains(&layer.hash.to_oci())),
        "{error}"
    );
    let short = all.clone();
    let server = Server::start(move |request| {
        let reply = short.answer(request);
        if is_for(request, layer) { Reply::new(200, TAR, b"short") } else { reply }
    });
    let reference = all.reference(&server.authority);
    let error = client().ask_for_blobs(&reference, &[layer], &|_| {}).await.expect_err("another size");
    assert!(error.is_tampering(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_for_people_is_told_as_one() {
    let image = Published::sample();
    let page = |_: &ServedRequest, _: Reply| Reply::new(200, "text/html; charset=utf-8", b"<html>Sign in</html>");
    let error = refused("a log-in page", &client(), &image, &[], page).await;
    assert!(matches!(error, RegistryError::Page { .. }), "{error}");
    assert!(!error.is_tampering(), "nobody tampered: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_digest_nothing_is_asked() {
    let image = Published::sample();
    let honest = image.clone();
    let server = Server::start(move |request| honest.answer(request));
    let kept = Kept::new();
    let tag = format!("{}/team/tool:1", server.authority).parse().expect("a reference");
    let error = client().pull(&tag, platform(), &kept.store, &|_| {}).await.expect_err("a tag");
    assert!(matches!(error, RegistryError::NoDigest { .. }), "{error}");
    assert!(server.seen("").is_empty());
    assert_eq!(client().resolve(&tag).await.expect("resolved"), image.manifest.hash);
}
