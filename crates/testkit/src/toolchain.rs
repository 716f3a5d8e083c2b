//! Two small toolchain images: their packages made here, and a folder with the definitions and locks that use them.

use std::path::Path;
use std::sync::Arc;

use rcrepro_app::toolchain::ImageContext;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::lock::lock_pinned;
use rcrepro_archive::tar::MemberKind;
use rcrepro_archive::tar::unchecked::UncheckedMember;
use rcrepro_images::packages::sources::PackageMirrors;
use rcrepro_model::content::base64;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::{ImageName, ImagePlatform};
use rcrepro_model::image::lock::{DebIndex, DebPin, GoPin, ImageLock, LayerPins, NpmPin};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::BlobStore;
use rcrepro_store::memory::MemoryStore;
use sha2::{Digest as _, Sha256, Sha512};
use tokio_util::sync::CancellationToken;

use crate::archives::{deb_of, file, link, tgz_of, zip_of};

/// The definition of the lower image: a Debian package.
pub const BASE: &str = r#"
version = 1
platforms = ["linux/amd64", "linux/arm64"]
source_date_epoch = 1767225600
config = { env = { PATH = "/usr/bin" }, cmd = ["/bin/sh"] }
[deb]
suites = ["bookworm"]
signed_by = ["0123456789ABCDEF0123456789ABCDEF01234567"]
packages = ["tool"]
merged_usr = ["bin"]
strip = ["usr/share/man/**"]
[links]
"usr/bin/t" = "tool"
[directories]
"home/user" = "1777"
[files]
"etc/hosts" = "127.0.0.1 localhost\n"
[concat]
"etc/bundle.pem" = "usr/share/certs/*.pem"
"#;

/// The definition of the upper image: a Go toolchain and an npm package.
pub const TOP: &str = r#"
version = 1
from = ["base"]
[go]
toolchain = "9.9.9"
into = "usr/local/go"
[npm.thing]
version = "1.0.0"
place = { "." = "usr/local/lib/thing" }
"#;

/// Makes the Debian package of the lower image.
pub fn tool_deb() -> Vec<u8> {
    let long = format!("./usr/share/{}deep.txt", "long-folder-name/".repeat(8));
    deb_of(&[
        link(MemberKind::Directory, "./", ""),
        UncheckedMember { kind: MemberKind::Directory, name: "./usr/", mode: 0o755, link: "", content: b"" },
        file("./bin/tool", 0o4755, b"#!/bin/sh\necho tool\n"),
        link(MemberKind::Hardlink, "./usr/bin/another", "./bin/tool"),
        link(MemberKind::Symlink, "./usr/bin/soft", "tool"),
        file("./usr/share/man/man1/tool.1", 0o644, b"manual"),
        file("./usr/share/certs/b.pem", 0o644, b"B"),
        file("./usr/share/certs/a-\u{151}.pem", 0o644, b"A\n"),
        file(&long, 0o640, b"deep"),
    ])
}

const GO_PREFIX: &str = "golang.org/toolchain@v0.0.1-go9.9.9.linux-amd64";

/// Makes the module zip of a Go toolchain.
pub fn toolchain_zip() -> Vec<u8> {
    let name = |inner: &str| format!("{GO_PREFIX}/{inner}");
    let (go, module, version) = (name("bin/go"), name("src/_go.mod"), name("VERSION"));
    zip_of(&[(&go, b"go"), (&module, b"module std\n"), (&version, b"go9.9.9\n")])
}

/// Computes `h1:` apart from the code under test, from the definition in `dirhash`.
fn toolchain_h1() -> String {
    let mut lines = String::new();
    for (inner, content) in [("VERSION", &b"go9.9.9\n"[..]), ("bin/go", b"go"), ("src/_go.mod", b"module std\n")] {
        lines.push_str(&format!(
            "{}  {GO_PREFIX}/{inner}\n",
            rcrepro_model::content::hex::encode(Sha256::digest(content))
        ));
    }
    format!("h1:{}", base64::encode(Sha256::digest(lines)))
}

/// Makes the npm package of the upper image.
pub fn thing_tgz() -> Vec<u8> {
    tgz_of(&[file("package/cli.js", 0o755, b"cli"), file("package/lib/x.js", 0o600, b"x")])
}

/// Parses an image's name.
pub fn name(text: &str) -> ImageName {
    text.parse().expect("a good name")
}

/// Makes a context that reaches no mirror and no engine.
pub fn context(store: &MemoryStore) -> ImageContext<'static> {
    let mirrors = PackageMirrors { exclusive: true, ..PackageMirrors::default() };
    let cancel = CancellationToken::new();
    let (store, engine, image_host) = (Arc::new(store.clone()), None, None);
    ImageContext { store, mirrors, engine, image_host, cancel, on_event: &|_| {} }
}

/// Writes the definitions of both images below `root`.
pub fn write_definitions(root: &Path) -> ImageFolder {
    std::fs::create_dir_all(root.join("images")).expect("a folder");
    std::fs::write(root.join("images/base.toml"), BASE).expect("written");
    std::fs::write(root.join("images/top.toml"), TOP).expect("written");
    ImageFolder::new(root, ImagePlatform::LinuxAmd64)
}

/// Pins `deb` for the lower image, and keeps it in the store.
pub fn base_pins(store: &MemoryStore, deb: &[u8]) -> LayerPins {
    let path = "pool/main/t/tool/tool_1.0+b1_amd64.deb".parse().expect("a path");
    let digest = store.put(deb).expect("stored");
    LayerPins {
        debs: vec![DebPin { purl: Purl::deb("tool", "1.0+b1", "amd64"), path, digest, suite: "bookworm".to_owned() }],
        indexes: vec![DebIndex {
            suite: "bookworm".to_owned(),
            architecture: "amd64".to_owned(),
            date: 1_767_225_600,
            in_release: Digest::of(b"InRelease"),
            packages: Digest::of(b"Packages.xz"),
            signed_by: "0123456789ABCDEF0123456789ABCDEF01234567".parse().expect("a fingerprint"),
        }],
        ..LayerPins::default()
    }
}

/// Pins the packages of the upper image, and keeps them in the store.
pub fn top_pins(store: &MemoryStore) -> LayerPins {
    let purl = Purl::go("golang.org/toolchain", "v0.0.1-go9.9.9.linux-amd64");
    let go = GoPin { purl, h1: toolchain_h1(), digest: store.put(&toolchain_zip()).expect("stored") };
    let tgz = thing_tgz();
    let integrity = format!("sha512-{}", base64::encode(Sha512::digest(&tgz)));
    let npm = NpmPin { purl: Purl::npm("thing", "1.0.0"), integrity, digest: store.put(&tgz).expect("stored") };
    LayerPins { go: vec![go], npm: vec![npm], ..LayerPins::default() }
}

/// Writes definitions and locks of both images, and keeps their packages in the store.
pub async fn lock_both(root: &Path, store: &MemoryStore) -> (ImageFolder, ImageLock, ImageLock) {
    let folder = write_definitions(root);
    let context = context(store);
    let base = lock_pinned(&context, &folder, &name("base"), base_pins(store, &tool_deb())).await.expect("locks");
    let top = lock_pinned(&context, &folder, &name("top"), top_pins(store)).await.expect("locks");
    (folder, base, top)
}
