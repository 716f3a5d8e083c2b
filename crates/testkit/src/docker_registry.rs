//! Debian's `docker-registry`, started for one test on a port of its own, with what belongs to signing in and to TLS.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A running registry; it ends with the test.
pub struct DockerRegistry {
    /// Host and port.
    pub authority: String,
    folder: tempfile::TempDir,
    child: Child,
}

impl DockerRegistry {
    /// Starts one without TLS and without authentication.
    pub fn open() -> Self {
        Self::start(tempfile::tempdir().expect("a folder"), "", "")
    }

    /// Starts one with more lines in its configuration: below `http:`, and at the top.
    pub fn start(folder: tempfile::TempDir, http: &str, more: &str) -> Self {
        let authority = free();
        let storage = folder.path().join("storage");
        let config = format!(
            "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {authority}\n{http}{more}",
            storage.display()
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config).expect("written");
        let mut child = Command::new(program())
            .arg("serve")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry can be started");
        listens(&mut child, &authority);
        Self { authority, folder, child }
    }

    /// Returns where the registry keeps a blob.
    pub fn blob_path(&self, hash: rcrepro_model::content::digest::Sha256) -> PathBuf {
        let hex = hash.to_string();
        self.folder.path().join("storage/docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// OpenSSL's server over a folder's files, with the folder's `registry.crt` and `registry.key`.
pub struct TlsFiles {
    /// Host and port.
    pub authority: String,
    child: Child,
}

impl TlsFiles {
    /// Starts it over a folder.
    pub fn start(folder: &Path) -> Self {
        let authority = free();
        let serve =
            ["s_server", "-quiet", "-HTTP", "-cert", "registry.crt", "-key", "registry.key", "-accept", &authority];
        let mut command = Command::new("openssl");
        command.args(serve).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("openssl is installed");
        listens(&mut child, &authority);
        Self { authority, child }
    }
}

impl Drop for TlsFiles {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Gives an address that nobody listens at.
fn free() -> String {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    format!("127.0.0.1:{port}")
}

/// Waits until a server that was just started listens.
fn listens(child: &mut Child, authority: &str) {
    let begin = Instant::now();
    while TcpStream::connect(authority).is_err() {
        if let Some(status) = child.try_wait().expect("our own child") {
            panic!("the server for {authority} ended with {status}");
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "nothing listens at {authority}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Finds the registry's program: kept from an earlier run, or fetched by `apt-get download`.
///
/// The package is not installed, because that would start a service for everybody on port 5000.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let target = crate::kept();
        let kept = target.join(format!("docker-registry-{}", std::env::consts::ARCH));
        if !kept.exists() {
            let scratch = tempfile::tempdir_in(&target).expect("a folder in target/");
            let download = "apt-get download -q docker-registry && dpkg-deb -x docker-registry_*.deb root";
            let output = Command::new("sh").args(["-c", download]).current_dir(&scratch).output().expect("sh");
            assert!(output.status.success(), "{download}: {}", String::from_utf8_lossy(&output.stderr));
            std::fs::rename(scratch.path().join("root/usr/bin/docker-registry"), &kept).expect("a rename in target/");
        }
        kept
    })
}

/// The user of the tests' registries.
pub const USER: &str = "user";
/// The password that belongs to [`USER`].
pub const PASSWORD: &str = "open sesame";
/// `USER:PASSWORD` in base64, as Docker's configuration keeps it.
pub const AUTH: &str = "dXNlcjpvcGVuIHNlc2FtZQ==";

/// Gives a line of an `htpasswd` file, in bcrypt, which is the only form that the registry takes.
pub const HTPASSWD: &str = "user:$2b$04$NEQuYeZgsSAWff6mry1za.BLhewGKgIzAO4FTjptp26oaY86Mq2gy";

/// Writes a Docker configuration with the credentials for a registry and gives its file.
pub fn docker_config(folder: &Path, authority: &str) -> PathBuf {
    let file = folder.join("config.json");
    std::fs::write(&file, format!(r#"{{"auths": {{"{authority}": {{"auth": "{AUTH}"}}}}}}"#)).expect("written");
    file
}

/// Runs `openssl` in a folder.
pub fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Makes `NAME.crt` and `NAME.key` in a folder, for this machine's loopback address, and `NAME-ca.crt`, which signed it.
///
/// A certificate that is its own authority would be refused: it may not be a server's.
pub fn certificate(folder: &Path, name: &str) {
    let file = |end: &str| format!("{name}{end}");
    let (authority, subject) = (format!("/CN={name} authority"), format!("/CN={name}"));
    let new = ["req", "-newkey", "rsa:2048", "-nodes"];
    let (ca, ca_key) = (file("-ca.crt"), file("-ca.key"));
    openssl(
        folder,
        &[&new[..], &["-x509", "-days", "2", "-subj", &authority, "-keyout", &ca_key, "-out", &ca]].concat(),
    );
    let (key, request, certificate) = (file(".key"), file(".csr"), file(".crt"));
    openssl(folder, &[&new[..], &["-subj", &subject, "-keyout", &key, "-out", &request]].concat());
    let extensions = file(".ext");
    std::fs::write(folder.join(&extensions), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").expect("written");
    let sign =
        ["x509", "-req", "-days", "2", "-CAcreateserial", "-CA", &ca, "-CAkey", &ca_key, "-extfile", &extensions];
    openssl(folder, &[&sign[..], &["-in", &request, "-out", &certificate]].concat());
}
