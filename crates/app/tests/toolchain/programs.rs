//! The committed locks of compiled programs: every pin in them counts before anything is built.

use rcrepro_model::text::hint::Hint as _;
use std::path::Path;

use rcrepro_app::toolchain::ImageError;
use rcrepro_app::toolchain::build::locked::locked;
use rcrepro_app::toolchain::build::{build, needs_engine};
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::toolchain::{context, name};

/// Copies the repository's definitions and locks, so that they can be spoilt.
fn copy(to: &Path) -> ImageFolder {
    let root = rcrepro_testkit::repository();
    for folder in ["images", "lockfiles/images/amd64"] {
        std::fs::create_dir_all(to.join(folder)).expect("a folder");
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                std::fs::copy(&path, to.join(folder).join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    ImageFolder::new(to, ImagePlatform::LinuxAmd64)
}

/// Flips the first hex digit behind a text.
fn flip(text: &str, marker: &str) -> String {
    let at = text.find(marker).unwrap_or_else(|| panic!("no `{marker}`")) + marker.len();
    let other = if &text[at..=at] == "0" { "1" } else { "0" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}

#[test]
fn a_module_or_an_action_that_is_another_makes_the_lock_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let images = copy(folder.path());
    let path = images.lock_path(&name("govulncheck"));
    let good = std::fs::read_to_string(&path).expect("a lock");
    assert!(locked(&images, &name("govulncheck")).is_ok());
    let first_mod = format!("{}{}", "[[go_mod]]", &good[good.find("[[go_mod]]").expect("a go.mod") + 10..]);
    let in_mods = flip(&first_mod, "sha256 = \"");
    for spoilt in [flip(&good, "action = \""), flip(&good, "sha256 = \""), good.replace(&first_mod, &in_mods)] {
        assert_ne!(spoilt, good);
        std::fs::write(&path, spoilt).expect("written");
        let error = locked(&images, &name("govulncheck")).expect_err("another action");
        assert!(matches!(error, ImageError::StaleLock { .. }), "{error}");
        assert!(error.to_string().contains("compiled by another action"), "{error}");
        assert_eq!(error.hint().as_deref(), Some("rcrepro image lock govulncheck"));
    }
}

#[tokio::test]
async fn what_has_to_be_compiled_asks_for_an_engine_and_for_packages_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let images = copy(folder.path());
    let store = MemoryStore::default();
    assert!(needs_engine(&store, &images, &[name("gitleaks")]).expect("read"));
    assert!(!needs_engine(&store, &images, &[name("go-node")]).expect("read"));
    let error = build(&context(&store), &images, &name("gitleaks")).await.expect_err("neither packages nor engine");
    assert!(matches!(error, ImageError::Package(_)), "{error}");
}
