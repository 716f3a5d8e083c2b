//! Not one digit of a lock can be another.

use rcrepro_app::toolchain::ImageError;
use rcrepro_app::toolchain::build::build;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_store::memory::MemoryStore;
use rcrepro_testkit::archives;
use rcrepro_testkit::toolchain::{base_pins, context, lock_both, name};

#[tokio::test]
async fn every_digit_of_every_hash_counts_even_when_all_is_in_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = MemoryStore::default();
    let (images, _, _) = lock_both(folder.path(), &store).await;
    build(&context(&store), &images, &name("top")).await.expect("builds untampered");
    let mut flipped = 0;
    for lock in ["base", "top"] {
        let path = images.lock_path(&name(lock));
        let text = std::fs::read_to_string(&path).expect("a lock");
        // Where packages were found does not say what the image is; `served.rs` has the tests of that.
        let of_image =
            |place: &usize| !text[..*place].rsplit("\n[").next().is_some_and(|table| table.starts_with("[index]]"));
        for place in hash_digits(&text).into_iter().filter(of_image) {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            std::fs::write(&path, &bytes).expect("written");
            let result = build(&context(&store), &images, &name("top")).await;
            let line = text[..place].lines().last().unwrap_or_default();
            let error = result.err().unwrap_or_else(|| panic!("{lock}: `{line}…` was flipped and nobody saw it"));
            let message = error.to_string();
            if let ImageError::Differs(difference) = &error {
                assert!(message.contains(&difference.expected.to_string()));
                assert!(message.contains(&difference.found.to_string()));
            }
            flipped += 1;
        }
        std::fs::write(&path, text).expect("written");
    }
    assert!(flipped > 60, "only {flipped} digits were tried");
    build(&context(&store), &images, &name("top")).await.expect("builds again");
}

/// Gives places in every run of 64 hex digits and in every base64 checksum: the first, the last and every seventh.
fn hash_digits(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for end in 0..=bytes.len() {
        if end == bytes.len() || !bytes[end].is_ascii_hexdigit() {
            if end - start == 64 {
                places.extend((start..end).filter(|at| (at - start) % 7 == 0 || at + 1 == end));
            }
            start = end + 1;
        }
    }
    for marker in ["h1:", "sha512-"] {
        places.extend(text.match_indices(marker).map(|(at, _)| at + marker.len() + 2));
    }
    places
}

#[tokio::test]
async fn a_purl_that_is_not_the_files_name_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = MemoryStore::default();
    let (images, _, _) = lock_both(folder.path(), &store).await;
    let path = images.lock_path(&name("base"));
    let text = std::fs::read_to_string(&path).expect("a lock");
    std::fs::write(&path, text.replace("tool@1.0%2Bb1", "tool@1.0%2Bb2")).expect("written");
    let error = build(&context(&store), &images, &name("base")).await.expect_err("another version");
    assert!(matches!(error, ImageError::Pins { .. }), "{error}");
}

#[tokio::test]
async fn a_changed_definition_makes_the_lock_stale_and_the_hint_mends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = MemoryStore::default();
    let (images, _, _) = lock_both(folder.path(), &store).await;
    let path = images.definition_path(&name("base"));
    let text = std::fs::read_to_string(&path).expect("a definition");
    std::fs::write(&path, text.replace("localhost", "otherhost")).expect("written");
    for image in ["base", "top"] {
        let error = build(&context(&store), &images, &name(image)).await.expect_err("stale");
        assert!(matches!(error, ImageError::StaleLock { .. }), "{error}");
        assert_eq!(error.hint(), Some(format!("rcrepro image lock {image}")));
    }
    std::fs::write(&path, text).expect("written");
    std::fs::remove_file(images.lock_path(&name("base"))).expect("removed");
    let error = build(&context(&store), &images, &name("top")).await.expect_err("no lock below");
    assert_eq!(error.hint().as_deref(), Some("rcrepro image lock base"));
}

#[tokio::test]
async fn a_base_that_was_locked_anew_makes_what_stands_on_it_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = MemoryStore::default();
    let (images, _, _) = lock_both(folder.path(), &store).await;
    let deb = archives::deb_of(&[archives::file("./usr/share/certs/a.pem", 0o644, b"newer")]);
    let pins = base_pins(&store, &deb);
    rcrepro_app::toolchain::lock::lock_pinned(&context(&store), &images, &name("base"), pins).await.expect("locks");
    let error = build(&context(&store), &images, &name("top")).await.expect_err("stale");
    assert!(error.to_string().contains("layer `base` is "), "{error}");
    assert_eq!(error.hint().as_deref(), Some("rcrepro image lock top"));
}

#[tokio::test]
async fn a_package_that_is_gone_everywhere_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (images, _, _) = lock_both(folder.path(), &MemoryStore::default()).await;
    let error = build(&context(&MemoryStore::default()), &images, &name("base")).await.expect_err("nowhere");
    assert!(error.to_string().starts_with("no place is known to fetch Debian packages from"), "{error}");
}
