//! `rcrepro image push` and `pull` as a user runs them, with the environment that decides on TLS and on credentials.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::image::lock::ImageLock;
use rcrepro_store::BlobStore as _;
use rcrepro_store::fs::FsStore;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::archives::gzip;
use rcrepro_testkit::docker_registry::{
    DockerRegistry, HTPASSWD, PASSWORD, TlsFiles, USER, certificate, docker_config,
};
use rcrepro_testkit::published::{GZIP, Published, ZSTD, architecture};
use rcrepro_testkit::server::{Reply, Server};
use rcrepro_testkit::{archives, toolchain};

/// A folder with the fixture's images, and a home of its own.
struct Home {
    folder: tempfile::TempDir,
    base: ImageLock,
}

impl Home {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (images, base, _) = toolchain::lock_both(folder.path(), &MemoryStore::default()).await;
        assert_eq!(Some(images.platform()), ImagePlatform::host(), "the fixture is for the usual machine");
        let home = Self { folder, base };
        home.refill();
        home
    }

    /// Puts the one package of the image into the store, and nothing else.
    fn refill(&self) {
        let store = FsStore::open(&self.path("store")).expect("a store");
        store.put(&toolchain::tool_deb()).expect("stored");
    }

    fn forget(&self) {
        std::fs::remove_dir_all(self.path("store")).expect("removed");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rcrepro"));
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command.env("RCREPRO_STORE", self.path("store")).args(arguments);
        for name in ["PATH", "DOCKER_HOST"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    fn ok(&self, arguments: &[&str]) -> String {
        succeeded(&self.command(arguments).output().expect("it starts"))
    }

    fn pinned(&self, registry: &DockerRegistry) -> String {
        format!("{}/team/base:1@{}", registry.authority, self.base.manifest_digest.hash.to_oci())
    }
}

fn succeeded(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

/// Expects an exit code and texts on standard error.
fn failed(output: &Output, code: i32, texts: &[&str]) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    for text in texts {
        assert!(said.contains(text), "`{text}` in\n{said}");
    }
    said
}

fn docker(arguments: &[&str]) -> Output {
    Command::new("docker").args(arguments).output().expect("the docker client is installed")
}

/// Removes an image from the engine when the test ends, however it ends.
struct Loaded(String);

impl Drop for Loaded {
    fn drop(&mut self) {
        drop(docker(&["image", "rm", "--force", &self.0]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn built_pushed_deleted_and_pulled_it_is_the_same_image() {
    let (home, registry) = (Home::new().await, DockerRegistry::open());
    let to = format!("{}/team/base:1", registry.authority);
    let pinned = home.pinned(&registry);
    assert_eq!(home.ok(&["image", "push", "base", &to]), format!("base  {pinned}\n"));
    home.ok(&["image", "build", "base", "--load"]);
    let id = home.base.config_digest.hash.to_oci();
    let _loaded = Loaded(id.clone());

    home.forget();
    assert!(docker(&["image", "rm", "--force", &id]).status.success());
    assert!(!docker(&["image", "inspect", &id]).status.success(), "it is gone");

    let line = home.ok(&["image", "pull", &pinned, "--load"]);
    assert_eq!(line, format!("{pinned}  {}  {id}\n", home.base.manifest_digest.hash.to_oci()));
    let inspected = docker(&["image", "inspect", "--format", "{{json .}}", &id]);
    let inspected: serde_json::Value = serde_json::from_slice(&inspected.stdout).expect("JSON");
    let layers: Vec<_> = home.base.layers.iter().map(|layer| layer.digest.hash.to_oci()).collect();
    assert_eq!((&inspected["Id"], &inspected["RootFS"]["Layers"]), (&id.into(), &layers.into()));
    let store = FsStore::open(&home.path("store")).expect("a store");
    for blob in [home.base.manifest_digest, home.base.config_digest, home.base.layers[0].digest] {
        assert!(store.contains(blob).expect("known"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packed_layers_load_as_they_were_published() {
    let home = Home::new().await;
    let tar = archives::tar_of(&[archives::file("hello", 0o644, b"hello\n")]);
    for (kind, layer) in [(GZIP, gzip(&tar)), (ZSTD, zstd(&tar))] {
        let config = serde_json::json!({ "architecture": architecture(), "os": "linux", "config": {}, "author": kind });
        let image = Published::of(&[(kind, &layer, &tar)], config);
        let (honest, id) = (image.clone(), image.config.hash.to_oci());
        let server = Server::start(move |request| honest.answer(request));
        let _loaded = Loaded(id.clone());
        let line = home.ok(&["image", "pull", &image.reference(&server.authority).to_string(), "--load"]);
        assert!(line.ends_with(&format!("{id}\n")), "{line}");
        assert!(docker(&["image", "inspect", &id]).status.success(), "{kind}");
    }
}

/// Compresses in two frames, with one between them that readers have to pass over, as lazy pullers' images have.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let frame = archives::zstd;
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let skipped = [&0x184D_2A50_u32.to_le_bytes()[..], &5_u32.to_le_bytes(), b"index"].concat();
    [frame(first), skipped, frame(second)].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_digest_the_hint_has_it() {
    let (home, registry) = (Home::new().await, DockerRegistry::open());
    let to = format!("{}/team/base:1", registry.authority);
    home.ok(&["image", "push", "base", &to]);
    let refused = home.command(&["image", "pull", &to]).output().expect("it starts");
    let pinned = home.pinned(&registry);
    let said = failed(&refused, 2, &["has no digest", &format!("hint: rcrepro image pull {pinned}\n")]);
    let hint = said.lines().find_map(|line| line.strip_prefix("hint: rcrepro ")).expect("a hint");
    home.ok(&hint.split(' ').collect::<Vec<_>>());
    let nobody = home.command(&["image", "pull", "127.0.0.1:1/team/base:1"]).output().expect("it starts");
    failed(&nobody, 2, &["rcrepro image pull 127.0.0.1:1/team/base:1@sha256:…", "could not be asked"]);
    let nonsense = home.command(&["image", "pull", "a@b"]).output().expect("it starts");
    failed(&nonsense, 2, &["invalid image reference"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lies_and_who_does_not_serve_are_told_apart() {
    let home = Home::new().await;
    let image = Published::sample();
    let (honest, target) = (image.clone(), image.layers[0]);
    let liar = Server::start(move |request| {
        let mut reply = honest.answer(request);
        if request.path.ends_with(&target.hash.to_oci()) {
            reply.body[5] ^= 1;
        }
        reply
    });
    let lied =
        home.command(&["image", "pull", &image.reference(&liar.authority).to_string()]).output().expect("starts");
    failed(&lied, 6, &[&target.hash.to_oci(), "what 127.0.0.1", "hint: "]);
    let empty = Server::start(|request| Reply::status(if request.path == "/v2/" { 200 } else { 404 }));
    let gone =
        home.command(&["image", "pull", &image.reference(&empty.authority).to_string()]).output().expect("starts");
    failed(&gone, 4, &[&format!("manifest {} is not at", image.manifest.hash.to_oci())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_trusted_as_the_platform_says() {
    let home = Home::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    certificate(folder.path(), "registry");
    certificate(folder.path(), "other");
    let (right, other) = (home.path("right.crt"), home.path("other.crt"));
    std::fs::copy(folder.path().join("registry-ca.crt"), &right).expect("copied");
    std::fs::copy(folder.path().join("other-ca.crt"), &other).expect("copied");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let tls = format!("  tls:\n    certificate: {}\n    key: {}\n", at("registry.crt"), at("registry.key"));
    let registry = DockerRegistry::start(folder, &tls, "");
    let to = format!("{}/team/base:1", registry.authority);
    let push =
        |ca: &Path| home.command(&["image", "push", "base", &to]).env("SSL_CERT_FILE", ca).output().expect("it starts");
    failed(&push(&other), 4, &["no TLS connection to 127.0.0.1", "hint: set SSL_CERT_FILE"]);
    succeeded(&push(&right));
    home.forget();
    let pinned = home.pinned(&registry);
    let pull =
        |ca: &Path| home.command(&["image", "pull", &pinned]).env("SSL_CERT_FILE", ca).output().expect("it starts");
    failed(&pull(&other), 4, &["no TLS connection to 127.0.0.1"]);
    succeeded(&pull(&right));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_leads_out_of_tls() {
    let (home, image) = (Home::new().await, Published::sample());
    let folder = tempfile::tempdir().expect("a folder");
    certificate(folder.path(), "registry");
    // OpenSSL's own server sends files as whole answers, and a folder as a success, which serves as the greeting.
    let manifests = folder.path().join("v2/team/tool/manifests");
    std::fs::create_dir_all(&manifests).expect("made");
    let honest = image.clone();
    let plain = Server::start(move |request| honest.answer(request));
    // It takes no `:` in a file's name, so a tag is asked for, whose digest a pull would need.
    let answer = format!(
        "HTTP/1.1 307 X\r\nconnection: close\r\ncontent-length: 0\r\nlocation: http://{}/v2/team/tool/manifests/1\r\n\r\n",
        plain.authority
    );
    std::fs::write(manifests.join("1"), answer).expect("written");
    let server = TlsFiles::start(folder.path());
    let mut pull = home.command(&["image", "pull", &format!("{}/team/tool:1", server.authority)]);
    let refused = pull.env("SSL_CERT_FILE", folder.path().join("registry-ca.crt")).output().expect("it starts");
    failed(&refused, 2, &["redirects to a place that is not followed: from TLS to `http://127.0.0.1"]);
    assert!(plain.seen("").is_empty(), "it was not even asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_dockers_configuration_and_from_helpers() {
    let home = Home::new().await;
    let folder = tempfile::tempdir().expect("a folder");
    let users = folder.path().join("htpasswd");
    std::fs::write(&users, format!("{HTPASSWD}\n")).expect("written");
    let auth = format!("auth:\n  htpasswd:\n    realm: tests\n    path: {}\n", users.display());
    let registry = DockerRegistry::start(folder, "", &auth);
    let to = format!("{}/team/base:1", registry.authority);
    let push = |config: &Path, path: &str| {
        let mut command = home.command(&["image", "push", "base", &to]);
        command.env("DOCKER_CONFIG", config).env("PATH", path).output().expect("it starts")
    };
    let path = std::env::var("PATH").expect("a PATH");
    let folder = |name: &str| {
        let folder = home.path(name);
        std::fs::create_dir(&folder).expect("made");
        folder
    };
    let nobody = folder("nobody");
    failed(
        &push(&nobody, &path),
        4,
        &["asks for a user and a password", &format!("docker login {}", registry.authority)],
    );

    let written = folder("written");
    docker_config(&written, &registry.authority);
    succeeded(&push(&written, &path));

    let helped = folder("helped");
    let bin = folder("bin");
    let helper = bin.join("docker-credential-test");
    let script = format!(
        "#!/bin/sh\nread -r host\n[ \"$1 $host\" = 'get {}' ] || {{ echo 'credentials not found in native keychain'; exit 1; }}\necho '{{\"ServerURL\":\"x\",\"Username\":\"{USER}\",\"Secret\":\"{PASSWORD}\"}}'\n",
        registry.authority
    );
    std::fs::write(&helper, script).expect("written");
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let with_helper = format!("{}:{path}", bin.display());
    for config in [
        format!(r#"{{"credHelpers": {{"{}": "test"}}}}"#, registry.authority),
        r#"{"credsStore": "test"}"#.to_owned(),
        format!(r#"{{"auths": {{"{}": {{}}}}, "credsStore": "test"}}"#, registry.authority),
    ] {
        std::fs::write(helped.join("config.json"), config).expect("written");
        succeeded(&push(&helped, &with_helper));
    }
    failed(&push(&helped, &path), 4, &["credentials for 127.0.0.1", "DOCKER_CONFIG"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_configuration_names_mirrors() {
    let (home, registry) = (Home::new().await, DockerRegistry::open());
    home.ok(&["image", "push", "base", &format!("{}/proxy/team/base:1", registry.authority)]);
    home.forget();
    let elsewhere = format!("registry.invalid/team/base@{}", home.base.manifest_digest.hash.to_oci());
    let config = home.path(".config/rcrepro/config.toml");
    std::fs::create_dir_all(config.parent().expect("a folder")).expect("made");
    let write = |text: &str| std::fs::write(&config, text).expect("written");
    write(&format!("[mirrors.registry]\n\"registry.invalid\" = [\"http://{}/proxy\"]\n", registry.authority));
    home.ok(&["image", "pull", &elsewhere]);

    home.forget();
    let deb = toolchain::tool_deb();
    let archive = Server::start(move |request| match request.path.ends_with("tool_1.0%2bb1_amd64.deb") {
        true => Reply::new(200, "application/octet-stream", &deb),
        false => Reply::status(404),
    });
    write(&format!("[mirrors]\ndeb = [\"http://{}/debian\"]\nexclusive = true\n", archive.authority));
    home.ok(&["image", "build", "base"]);
    assert_eq!(archive.seen("/debian/pool/").len(), 1);
    let shut = home.command(&["image", "pull", &elsewhere]).output().expect("it starts");
    failed(&shut, 2, &["registry.invalid", "[mirrors.registry]"]);

    write("[mirrors]\ngo = [\"nowhere\"]\n");
    let wrong = home.command(&["image", "build", "base"]).output().expect("it starts");
    failed(&wrong, 2, &["config.toml:2:7: invalid mirror `nowhere`", "RCREPRO_CONFIG"]);
    let named = home.path("named.toml");
    let missing = home.command(&["image", "build", "base"]).env("RCREPRO_CONFIG", &named).output().expect("it starts");
    failed(&missing, 2, &["named.toml"]);
    std::fs::write(&named, "").expect("written");
    succeeded(&home.command(&["image", "build", "base"]).env("RCREPRO_CONFIG", &named).output().expect("it starts"));
}
