//! A tiny image for tests, made from Debian's `busybox-static` without anything but `apt-get` and `dpkg-deb`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

use rcrepro_archive::tar::writer::{MemberAttributes, TarFormat, TarWriter};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::identity::ImageIdentity;

/// The label by which test images can be found and removed.
pub const LABEL: &str = "org.rcrepro.test";

const APPLETS: &[&str] = &[
    "awk",
    "cat",
    "chmod",
    "cp",
    "dd",
    "echo",
    "env",
    "false",
    "find",
    "grep",
    "head",
    "hostname",
    "id",
    "ip",
    "kill",
    "ln",
    "ls",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mv",
    "nc",
    "printf",
    "ps",
    "readlink",
    "rm",
    "sed",
    "sh",
    "sha256sum",
    "sleep",
    "sort",
    "stat",
    "tail",
    "tar",
    "test",
    "timeout",
    "touch",
    "tr",
    "true",
    "ulimit",
    "uname",
    "wc",
    "yes",
];

/// An image as a docker-loadable tar, with its identity.
pub struct TestImage {
    /// How the engine knows it.
    pub identity: ImageIdentity,
    /// The tar.
    pub archive: Vec<u8>,
}

/// Makes the image; every call, on every machine with the same busybox, gives the same bytes.
///
/// `environment` is the image's own, such as `PATH=/bin`.
pub fn image(environment: &[&str]) -> TestImage {
    let busybox = fs::read(program()).expect("the busybox program");
    let layer = layer(&busybox);
    let diff_id = Sha256::of(&layer);
    let config = serde_json::json!({
        "architecture": architecture(),
        "os": "linux",
        "config": { "Env": environment, "Labels": { LABEL: "1" }, "Entrypoint": ["/bin/false"], "Cmd": ["from-the-image"] },
        "rootfs": { "type": "layers", "diff_ids": [diff_id.to_oci()] },
    });
    let config = serde_json::to_vec(&config).expect("a JSON value");
    let config_id = Sha256::of(&config);
    let descriptor = |kind: &str, bytes: &[u8]| {
        let media_type = format!("application/vnd.oci.image.{kind}");
        serde_json::json!({ "mediaType": media_type, "digest": Sha256::of(bytes).to_oci(), "size": bytes.len() })
    };
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": descriptor("config.v1+json", &config),
        "layers": [descriptor("layer.v1.tar", &layer)],
    });
    let manifest = serde_json::to_vec(&manifest).expect("a JSON value");
    let index = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [descriptor("manifest.v1+json", &manifest)],
    });
    // An OCI layout, from which the containerd store takes the manifest as it is, with what the classic store wants.
    let mut archive = TarWriter::new(Vec::new(), TarFormat::Gnu);
    let blob = |bytes: &[u8]| format!("blobs/sha256/{}", Sha256::of(bytes));
    for bytes in [&config, &layer, &manifest] {
        file(&mut archive, &blob(bytes), 0o644, bytes);
    }
    let classic = serde_json::json!([{ "Config": blob(&config), "RepoTags": null, "Layers": [blob(&layer)] }]);
    for (name, document) in [
        ("index.json", index),
        ("oci-layout", serde_json::json!({ "imageLayoutVersion": "1.0.0" })),
        ("manifest.json", classic),
    ] {
        file(&mut archive, name, 0o644, &serde_json::to_vec(&document).expect("a JSON value"));
    }
    TestImage {
        identity: ImageIdentity {
            name: "busybox".into(),
            manifest: Sha256::of(&manifest),
            config: config_id,
            diff_ids: vec![diff_id],
        },
        archive: archive.finish().expect("a tar in memory"),
    }
}

fn layer(busybox: &[u8]) -> Vec<u8> {
    let mut layer = TarWriter::new(Vec::new(), TarFormat::Gnu);
    for (path, mode) in [("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777), ("work", 0o755), ("deps", 0o755)] {
        layer.directory(path, attributes(mode)).expect("a tar in memory");
    }
    file(&mut layer, "bin/busybox", 0o755, busybox);
    for applet in APPLETS {
        layer.symlink(&format!("bin/{applet}"), "busybox", attributes(0o777)).expect("a tar in memory");
    }
    file(&mut layer, "etc/hosts", 0o644, b"127.0.0.1 localhost\n::1 localhost\n");
    file(&mut layer, "etc/passwd", 0o644, b"root:x:0:0::/:/bin/sh\nrunner:x:1000:1000::/nowhere:/bin/sh\n");
    layer.finish().expect("a tar in memory")
}

fn attributes(mode: u32) -> MemberAttributes {
    MemberAttributes { mode, ..MemberAttributes::default() }
}

fn file(archive: &mut TarWriter<Vec<u8>>, path: &str, mode: u32, mut content: &[u8]) {
    archive.file(path, attributes(mode), content.len() as u64, &mut content).expect("a tar in memory");
}

fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Finds the busybox program: kept from an earlier run, or fetched by `apt-get download`.
pub fn program() -> PathBuf {
    let kept = crate::kept().join("busybox-static").join(env::consts::ARCH);
    if !kept.exists() {
        let scratch = tempfile::tempdir_in(crate::kept()).expect("a folder in target/");
        run(Command::new("apt-get").args(["download", "-q", "busybox-static"]).current_dir(&scratch));
        let package = fs::read_dir(&scratch)
            .expect("the folder just made")
            .map(|entry| entry.expect("an entry").path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .expect("apt-get leaves the package here");
        run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(scratch.path().join("root")));
        let bytes = fs::read(scratch.path().join("root/bin/busybox"))
            .or_else(|_| fs::read(scratch.path().join("root/usr/bin/busybox")))
            .expect("the package holds busybox");
        fs::create_dir_all(kept.parent().expect("it has a parent")).expect("a folder in target/");
        // Through a rename, because other tests may read it at the same time.
        let mut whole = tempfile::NamedTempFile::new_in(crate::kept()).expect("a file in target/");
        whole.write_all(&bytes).expect("room in target/");
        whole.persist(&kept).expect("a rename in target/");
    }
    kept
}

fn run(command: &mut Command) {
    let output = command.output().expect("the program is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
