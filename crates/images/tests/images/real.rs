//! Debian's registry: what was pushed comes back, without and with signing in.

use rcrepro_model::text::hint::Hint as _;
use std::sync::Arc;

use rcrepro_images::registry::{Registry, RegistryError};
use rcrepro_model::content::base64;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::BlobStore;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::archives::gzip;
use rcrepro_testkit::docker_registry::{DockerRegistry, HTPASSWD, PASSWORD, USER, certificate, docker_config, openssl};
use rcrepro_testkit::published::{CONFIG, Kept, Published, architecture, client, descriptor, settings};
use rcrepro_testkit::server::{Reply, ServedRequest, Server};
use serde_json::json;

fn platform() -> ImagePlatform {
    ImagePlatform::host().expect("a platform")
}

fn reference(registry: &DockerRegistry, rest: &str) -> ImageReference {
    format!("{}/team/{rest}", registry.authority).parse().expect("a reference")
}

/// Pushes, forgets and pulls; every digest has to be the same.
async fn round_trip(registry: &DockerRegistry, client: &Registry, image: &Published) {
    let to = reference(registry, "tool:1");
    let store: Arc<dyn BlobStore> = Arc::new(MemoryStore::default());
    let push = image.keep_in(&*store);
    let pushed = client.push(&push, &to, &store, &|_| {}).await.expect("pushed");
    let total: u64 = push.blobs.iter().map(|blob| blob.size).sum();
    assert_eq!((pushed.manifest, pushed.uploaded, pushed.skipped), (image.manifest.hash, total, 0));
    let again = client.push(&push, &to, &store, &|_| {}).await.expect("pushed again");
    assert_eq!((again.uploaded, again.skipped), (0, total), "what is there is not sent again");
    assert_eq!(client.resolve(&to).await.expect("resolved"), image.manifest.hash);

    let kept = Kept::new();
    let pulled = client.pull(&to.with_digest(pushed.manifest), platform(), &kept.store, &|_| {}).await.expect("pulled");
    let identity = pulled.identity("tool");
    assert_eq!((identity.manifest, identity.config), (image.manifest.hash, image.config.hash));
    assert_eq!(identity.diff_ids, image.diff_ids);
    for blob in pulled.blobs() {
        assert_eq!(kept.store.get(blob).expect("kept"), image.bytes(blob), "byte for byte");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_pushed_comes_back() {
    round_trip(&DockerRegistry::open(), &client(), &Published::sample()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dockers_own_forms_come_back_too() {
    let tar = vec![7; 5000];
    let layer = gzip(&tar);
    let mut image = Published::of(
        &[("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer, &tar)],
        json!({ "architecture": architecture(), "os": "linux", "config": {} }),
    );
    let kind = "application/vnd.docker.distribution.manifest.v2+json";
    let mut config = descriptor(CONFIG, image.bytes(image.config));
    config["mediaType"] = json!("application/vnd.docker.container.image.v1+json");
    let manifest = serde_json::to_vec_pretty(&json!({
        "schemaVersion": 2, "mediaType": kind, "config": config,
        "layers": [descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", &layer)],
    }))
    .expect("JSON");
    image.blobs.remove(&image.manifest.hash);
    image.manifest = Digest::of(&manifest);
    image.blobs.insert(image.manifest.hash, (kind.to_owned(), manifest));
    image.manifest_type = kind.to_owned();
    round_trip(&DockerRegistry::open(), &client(), &image).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_tag_the_digest_is_the_name() {
    let registry = DockerRegistry::open();
    let image = Published::sample();
    let store: Arc<dyn BlobStore> = Arc::new(MemoryStore::default());
    let push = image.keep_in(&*store);
    let to = reference(&registry, "tool");
    let pushed = client().push(&push, &to, &store, &|_| {}).await.expect("pushed");
    let kept = Kept::new();
    let by_digest = to.clone().with_digest(pushed.manifest);
    client().pull(&by_digest, platform(), &kept.store, &|_| {}).await.expect("pulled");
    let error = client().resolve(&to).await.expect_err("no tag");
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
    let other = to.with_digest(image.config.hash);
    let error = client().push(&push, &other, &store, &|_| {}).await.expect_err("another digest");
    assert!(error.to_string().contains(&image.config.hash.to_oci()), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rotted_in_the_registry_is_refused() {
    let registry = DockerRegistry::open();
    let image = Published::sample();
    let store: Arc<dyn BlobStore> = Arc::new(MemoryStore::default());
    let to = reference(&registry, "tool:1");
    client().push(&image.keep_in(&*store), &to, &store, &|_| {}).await.expect("pushed");
    let file = registry.blob_path(image.layers[0].hash);
    let mut bytes = std::fs::read(&file).expect("the registry's own file");
    bytes[1000] ^= 1;
    std::fs::write(&file, bytes).expect("written");
    let kept = Kept::new();
    let pinned = to.with_digest(image.manifest.hash);
    let error = client().pull(&pinned, platform(), &kept.store, &|_| {}).await.expect_err("rotten");
    assert!(error.is_tampering() && error.to_string().contains(&image.layers[0].hash.to_oci()), "{error}");
    assert!(!kept.store.contains(image.layers[0]).expect("known"));

    // A store that rotted on our side is not pushed either.
    let damaged = Kept::new();
    let push = image.keep_in(&*damaged.store);
    let path = damaged.store.local_path(image.layers[1]).expect("a file");
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, vec![0; usize::try_from(image.layers[1].size).expect("small")]).expect("written");
    let fresh = DockerRegistry::open();
    let to = reference(&fresh, "tool:1");
    let error = client().push(&push, &to, &damaged.store, &|_| {}).await.expect_err("damaged");
    assert!(matches!(error, RegistryError::Store(_)), "{error}");
    assert!(client().resolve(&to).await.is_err(), "the manifest goes last");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_password() {
    let folder = tempfile::tempdir().expect("a folder");
    let users = folder.path().join("htpasswd");
    std::fs::write(&users, format!("{HTPASSWD}\n")).expect("written");
    let auth = format!("auth:\n  htpasswd:\n    realm: tests\n    path: {}\n", users.display());
    let registry = DockerRegistry::start(folder, "", &auth);
    signed_in(&registry).await;
}

/// Expects that nobody gets in without credentials or with wrong ones, and that the right ones do.
async fn signed_in(registry: &DockerRegistry) {
    let image = Published::sample();
    let store: Arc<dyn BlobStore> = Arc::new(MemoryStore::default());
    let push = image.keep_in(&*store);
    let to = reference(registry, "tool:1");
    let error = client().push(&push, &to, &store, &|_| {}).await.expect_err("nobody");
    assert!(matches!(error, RegistryError::Denied { .. }), "{error}");
    assert_eq!(error.hint(), Some(format!("docker login {}", registry.authority)));

    let folder = tempfile::tempdir().expect("a folder");
    let mut with = settings();
    let file = docker_config(folder.path(), &registry.authority);
    with.docker_config = Some(file.clone());
    let known = Registry::new(with.clone()).expect("a client");
    round_trip(registry, &known, &image).await;

    std::fs::write(&file, std::fs::read_to_string(&file).expect("text").replace("dXNlcjpv", "dXNlcjpV"))
        .expect("written");
    let error = known.push(&push, &to, &store, &|_| {}).await.expect_err("a wrong password");
    assert!(matches!(error, RegistryError::Denied { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_a_scope() {
    let folder = tempfile::tempdir().expect("a folder");
    certificate(folder.path(), "issuer");
    let keys = folder.path().to_owned();
    let tokens = Server::start(move |request| token(&keys, request));
    let auth = format!(
        "auth:\n  token:\n    realm: http://{}/token\n    service: tests\n    issuer: tests\n    rootcertbundle: {}\n",
        tokens.authority,
        folder.path().join("issuer-ca.crt").display()
    );
    let registry = DockerRegistry::start(folder, "", &auth);
    signed_in(&registry).await;
    let asked: Vec<_> = tokens.seen("/token?").into_iter().map(|request| request.path).collect();
    let scope = |actions: &str| format!("repository%3Ateam%2Ftool%3A{actions}");
    assert!(asked.iter().any(|path| path.contains(&scope("pull%2Cpush"))), "{asked:?}");
    assert!(
        asked.iter().any(|path| path.ends_with(&scope("pull")) || path.contains(&(scope("pull") + "&"))),
        "{asked:?}"
    );
}

/// Answers as a token server does: with a signed token for the scope that is asked for, to the one user there is.
///
/// Source: distribution project, "Token Authentication Implementation".
fn token(keys: &std::path::Path, request: &ServedRequest) -> Reply {
    let expected = format!("Basic {}", base64::encode(format!("{USER}:{PASSWORD}")));
    if request.header("authorization") != Some(&expected) {
        let refusal = br#"{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}"#;
        return Reply::new(401, "application/json", refusal);
    }
    let query = request.path.split_once('?').map_or("", |(_, query)| query);
    let scope = query.split('&').find_map(|pair| pair.strip_prefix("scope=")).unwrap_or("");
    let scope = scope.replace("%3A", ":").replace("%2F", "/").replace("%2C", ",");
    let mut parts = scope.split(':');
    let (kind, name, actions) = (parts.next(), parts.next(), parts.next().unwrap_or(""));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let pem = std::fs::read_to_string(keys.join("issuer.crt")).expect("a certificate");
    let der: String = pem.lines().filter(|line| !line.starts_with("---")).collect();
    let head = json!({ "typ": "JWT", "alg": "RS256", "x5c": [der] });
    let claims = json!({
        "iss": "tests", "sub": USER, "aud": "tests", "exp": now + 60, "nbf": now - 60, "iat": now, "jti": "1",
        "access": [{ "type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>() }],
    });
    let signed = [head, claims].map(|part| base64url(part.to_string().as_bytes())).join(".");
    let work = tempfile::tempdir().expect("a folder");
    std::fs::write(work.path().join("signed"), &signed).expect("written");
    let key = keys.join("issuer.key");
    openssl(work.path(), &["dgst", "-sha256", "-sign", key.to_str().expect("UTF-8"), "-out", "signature", "signed"]);
    let signature = std::fs::read(work.path().join("signature")).expect("a signature");
    let token = format!("{signed}.{}", base64url(&signature));
    Reply::new(200, "application/json", json!({ "token": token }).to_string().as_bytes())
}

/// Writes base64 as JSON Web Tokens have it: the URL-safe alphabet, not padded.
fn base64url(bytes: &[u8]) -> String {
    base64::encode(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}
