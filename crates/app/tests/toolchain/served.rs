//! A served Debian archive: only what a listed key signed becomes a lock.

use rcrepro_model::text::hint::Hint as _;
use std::sync::Arc;

use rcrepro_app::toolchain::build::build;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::lock::lock;
use rcrepro_app::toolchain::{ImageContext, ImageError};
use rcrepro_format::images::lock_toml;
use rcrepro_images::packages::PackageError;
use rcrepro_images::packages::debian::archive::recheck;
use rcrepro_images::packages::debian::signing::OpenPgpKey;
use rcrepro_images::packages::sources::PackageMirrors;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::lock::ImageLock;
use rcrepro_store::memory::MemoryStore;
use tempfile::TempDir;

use super::archive_server::{Files, IN_RELEASE, LIST, archive};
use rcrepro_testkit::toolchain::{BASE, context, name};
use tokio_util::sync::CancellationToken;

/// A folder with one definition that lists one key, and a store.
struct Scene {
    folder: TempDir,
    images: ImageFolder,
    store: MemoryStore,
}

impl Scene {
    fn new(key: &OpenPgpKey) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("images/keys");
        std::fs::create_dir_all(&keys).expect("a folder");
        let definition = BASE.replace("0123456789ABCDEF0123456789ABCDEF01234567", &key.fingerprint());
        std::fs::write(folder.path().join("images/base.toml"), definition).expect("written");
        std::fs::write(keys.join(format!("{}.asc", key.fingerprint())), key.public()).expect("written");
        let images = ImageFolder::new(folder.path(), ImagePlatform::LinuxAmd64);
        Self { folder, images, store: MemoryStore::default() }
    }

    async fn lock(&self, files: &Files) -> Result<ImageLock, ImageError> {
        self.lock_at(&[files.serve().await]).await
    }

    async fn lock_at(&self, bases: &[String]) -> Result<ImageLock, ImageError> {
        let mirrors = PackageMirrors { deb: bases.to_vec(), exclusive: true, ..PackageMirrors::default() };
        let context = ImageContext {
            store: Arc::new(self.store.clone()),
            mirrors,
            engine: None,
            image_host: None,
            cancel: CancellationToken::new(),
            on_event: &|_| {},
        };
        lock(&context, &self.images, &name("base")).await
    }

    async fn refusal(&self, files: &Files) -> String {
        let error = self.lock(files).await.expect_err("nothing to believe");
        assert!(!self.images.lock_path(&name("base")).exists(), "a lock was written: {error}");
        error.to_string()
    }

    fn recheck(&self, lock: &ImageLock) -> Result<(), PackageError> {
        let composition = self.images.compose(&name("base")).expect("composes");
        let source = composition.own().layer.deb.as_ref().expect("Debian packages");
        let keys = self.images.keys(source).expect("keys");
        recheck(source, ImagePlatform::LinuxAmd64, &lock.pins.indexes, &lock.pins.debs, &keys, &self.store)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_listed_key_signed_becomes_a_lock() {
    let key = OpenPgpKey::ed25519();
    let (files, release) = archive();
    for signed in [key.sign(&release), key.sign_with_subkey(&release)] {
        let scene = Scene::new(&key);
        files.put(IN_RELEASE, signed.clone());
        let lock = scene.lock(&files).await.expect("locks");
        let purls: Vec<_> = lock.pins.debs.iter().map(|pin| pin.purl.to_string()).collect();
        assert_eq!(purls, ["pkg:deb/debian/lib@2.1?arch=amd64", "pkg:deb/debian/tool@1.0%2Bb1?arch=amd64"]);
        let [index] = &lock.pins.indexes[..] else { panic!("one suite") };
        assert_eq!(index.in_release, Digest::of(signed.as_bytes()));
        assert_eq!(index.packages, Digest::of(&files.get(LIST).expect("a list")));
        assert_eq!((index.suite.as_str(), index.date), ("bookworm", 1_783_764_997));
        assert_eq!(index.signed_by.to_string(), key.fingerprint(), "the primary key, whichever of its keys signed");
        // From here on nothing is asked of the archive.
        build(&context(&scene.store), &scene.images, &name("base")).await.expect("builds");
        scene.recheck(&lock).expect("the kept index says the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_by_the_listed_key_is_refused() {
    let (key, other, rsa) = (OpenPgpKey::ed25519(), OpenPgpKey::ed25519(), OpenPgpKey::rsa());
    let (files, release) = archive();
    let good = key.sign(&release);
    let end = "-----END PGP SIGNATURE-----";
    let both = good.replace("bookworm", "bookwurm");
    for (signed, reason) in [
        (
            release.clone(),
            "it is not signed: expected `-----BEGIN PGP SIGNED MESSAGE-----` in its first line".to_owned(),
        ),
        (
            other.sign(&release),
            format!("no listed key signed it: {} is not among the listed keys", other.fingerprint()),
        ),
        (good.replace("oldstable", "stable"), "is bad: the text is not what was signed".to_owned()),
        (both, "is bad: the text is not what was signed".to_owned()),
        (good[..good.find(end).expect("an end")].to_owned(), format!("it is cut off: `{end}` is missing")),
        (good[..good.len() / 2].to_owned(), format!("it is cut off: `{end}` is missing")),
        (format!("Codename: bookworm\n{good}"), "it is not signed".to_owned()),
        (format!("{good}Codename: bookworm\n"), "lies outside of the signed text".to_owned()),
        (format!("{good}{good}"), "lies outside of the signed text".to_owned()),
        (good.replacen("\n\n", "\nCodename: bookworm\n\n", 1), "its signature cannot be read".to_owned()),
        (key.sign(&release.replace("bookworm", "trixie")), "it is of `trixie` (suite `oldstable`)".to_owned()),
        (
            key.sign(&release.replace("SHA256:", "Valid-Until: Sun, 12 Jul 2026 10:16:37 UTC\nSHA256:")),
            "it was valid until Sun, 12 Jul 2026 10:16:37 UTC".to_owned(),
        ),
        (key.sign(&release.replace("SHA256:", "SHA1:")), "it has no SHA256 section".to_owned()),
        (key.sign(&release.replace("amd64", "s390x")), "it does not list `main/binary-amd64/Packages.xz`".to_owned()),
    ] {
        files.put(IN_RELEASE, signed);
        let message = Scene::new(&key).refusal(&files).await;
        assert!(message.starts_with("InRelease of suite `bookworm` is refused: "), "{message}");
        assert!(message.contains(&reason), "{reason}: {message}");
    }
    // Good as far as the arithmetic goes, with a listed key.
    files.put(IN_RELEASE, rsa.sign_over_sha1(&release));
    let message = Scene::new(&rsa).refusal(&files).await;
    assert!(message.contains("is made over SHA1, expected SHA256 or better"), "{message}");
    files.put(IN_RELEASE, rsa.sign(&release));
    Scene::new(&rsa).lock(&files).await.expect("the same key over SHA-256");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_or_a_package_that_is_not_the_named_one_is_refused() {
    let key = OpenPgpKey::ed25519();
    let (files, release) = archive();
    files.put(IN_RELEASE, key.sign(&release));
    let good = files.get(LIST).expect("a list");
    let by_hash = format!("dists/bookworm/main/binary-amd64/by-hash/SHA256/{}", Digest::of(&good).hash);
    // By its hash it is still there, whatever lies under the plain name, and the other way round.
    files.put(LIST, b"newer".as_slice());
    Scene::new(&key).lock(&files).await.expect("by its hash");
    files.remove(&by_hash);
    let message = Scene::new(&key).refusal(&files).await;
    let (expected, found) = (Digest::of(&good), Digest::of(b"newer"));
    assert!(message.starts_with("the package list of suite `bookworm` for amd64: "), "{message}");
    assert!(message.contains(&expected.to_string()) && message.contains(&found.to_string()), "{message}");
    files.put(LIST, good.clone());
    Scene::new(&key).lock(&files).await.expect("by its name");
    files.put(LIST, &good[..good.len() - 1]);
    assert!(Scene::new(&key).refusal(&files).await.contains(&expected.to_string()));
    files.put(LIST, good);
    files.put("pool/main/lib_2.1_amd64.deb", b"evil".as_slice());
    let message = Scene::new(&key).refusal(&files).await;
    assert!(message.starts_with("pkg:deb/debian/lib@2.1?arch=amd64: "), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_lacks_the_suite_is_passed_over_and_a_lying_one_is_no_hindrance() {
    let key = OpenPgpKey::ed25519();
    let (files, release) = archive();
    let liar = files.serve().await;
    files.put(IN_RELEASE, release.clone());
    let (honest, _) = archive();
    honest.put(IN_RELEASE, key.sign(&release));
    let bases = [Files::default().serve().await, liar.clone(), honest.serve().await];
    Scene::new(&key).lock_at(&bases).await.expect("the third one is good");
    let error = Scene::new(&key).lock_at(&bases[..2]).await.expect_err("none is good");
    assert!(error.to_string().contains("it is not signed"), "{error}");
    let error = Scene::new(&key).lock_at(&bases[..1]).await.expect_err("none has it").to_string();
    assert!(error.starts_with("InRelease of suite `bookworm` cannot be fetched: ") && error.contains("404"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_missing_or_not_what_they_are_named_after() {
    let (key, other) = (OpenPgpKey::ed25519(), OpenPgpKey::ed25519());
    let (files, release) = archive();
    files.put(IN_RELEASE, key.sign(&release));
    let scene = Scene::new(&key);
    let path = scene.folder.path().join(format!("images/keys/{}.asc", key.fingerprint()));
    for (content, reason) in [
        (other.public(), format!("the key in it has the fingerprint {}", other.fingerprint())),
        (format!("{}{}", key.public(), other.public()), "it holds more than one block".to_owned()),
        ("no key".to_owned(), "it is not an armored OpenPGP key".to_owned()),
        (key.public().replacen("\n\n", "\n\nAAAA", 1), "".to_owned()),
    ] {
        std::fs::write(&path, content).expect("written");
        let message = scene.refusal(&files).await;
        let expected = format!("the key file {}.asc is refused: {reason}", key.fingerprint());
        assert!(message.starts_with(&expected), "{expected}: {message}");
    }
    std::fs::remove_file(&path).expect("removed");
    let error = scene.lock(&files).await.expect_err("no key");
    assert!(error.to_string().contains(&key.fingerprint()), "{error}");
    let hint = format!(" --armor --export {} > {}", key.fingerprint(), path.display());
    assert!(error.hint().is_some_and(|found| found.ends_with(&hint)), "{:?}", error.hint());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_resolved_is_named_with_its_chain() {
    let key = OpenPgpKey::ed25519();
    let (files, release) = archive();
    files.put(IN_RELEASE, key.sign(&release));
    let scene = Scene::new(&key);
    let path = scene.folder.path().join("images/base.toml");
    let definition = std::fs::read_to_string(&path).expect("a definition");
    std::fs::write(&path, definition.replace("[\"tool\"]", "[\"tool\", \"other\"]")).expect("written");
    assert_eq!(scene.refusal(&files).await, "other depends on nothing, which nothing provides");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kept_index_tells_what_was_changed_in_a_lock() {
    let key = OpenPgpKey::ed25519();
    let (files, release) = archive();
    files.put(IN_RELEASE, key.sign(&release));
    let scene = Scene::new(&key);
    let good = scene.lock(&files).await.expect("locks");
    let text = lock_toml::write(&good);
    let of_packages = &text[text.find("[[index]]").expect("an index")..];
    let mut tried = 0;
    for line in of_packages.lines().filter(|line| line.contains(" = ")) {
        let mut other = line.replace("bookworm", "bookwurm");
        if let Some(digit) = line.rfind(|c: char| c.is_ascii_digit()) {
            other.replace_range(digit..=digit, if line.as_bytes()[digit] == b'0' { "1" } else { "0" });
        }
        if let Ok(lock) = lock_toml::parse(name("base"), &text.replacen(line, &other, 1)) {
            assert!(scene.recheck(&lock).is_err(), "nobody saw `{other}`");
            tried += 1;
        }
    }
    assert!(tried > 8, "only {tried} lines were tried");
}
