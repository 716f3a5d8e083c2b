//! An image in the real engine, read back through the engine's export.

use futures_util::StreamExt as _;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::validate::{ValidateImageError, loaded, path};
use rcrepro_engine::{ConnectOptions, connect};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_testkit::busybox::{self, TestImage};

#[tokio::test(flavor = "multi_thread")]
async fn a_loaded_image_is_whole_and_an_archive_of_it_is_checked_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let unique = folder.path().file_name().expect("it has a name").to_string_lossy().replace('.', "");
    let connected = connect(ConnectOptions::new(&*unique, &*unique)).await.expect("an engine");
    let engine = connected.engine;
    let host = connected.image_host.expect("an engine that keeps images");
    let TestImage { identity: image, archive } = busybox::image(&["PATH=/bin"]);
    if engine.confirm_image(&image).await.is_err() {
        let archive = futures_util::stream::once(async move { Ok(archive.into()) }).boxed();
        // Another test may load the same image at the same time, and the engine refuses one of the two.
        drop(host.load_image("test image", archive).await);
        engine.confirm_image(&image).await.expect("it is loaded");
    }
    let images = ImageFolder::new(folder.path(), ImagePlatform::LinuxAmd64);
    let id = image.config.to_oci();
    let validation = loaded(&images, &id, &*host).await.expect("the engine has it");
    assert!(validation.faults.is_empty(), "{:#?}", validation.faults);
    assert_eq!(validation.images.len(), 1);
    assert_eq!(validation.images[0].config, Some(image.config));
    let diff_ids: Vec<_> = image.diff_ids.iter().copied().map(Some).collect();
    assert_eq!(validation.images[0].diff_ids, diff_ids);
    assert!(validation.files >= 3 && validation.bytes > 1_000_000, "{validation:?}");

    let error = loaded(&images, "rcrepro-test/no-such-image", &*host).await.expect_err("not there");
    assert!(matches!(error, ValidateImageError::NotLoaded { .. }), "{error}");

    // The same export as a file, a byte of the busybox program flipped.
    let archive = folder.path().join("saved.tar");
    let mut bytes = Vec::new();
    let mut stream = host.export_image(&id);
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.expect("a piece"));
    }
    std::fs::write(&archive, &bytes).expect("written");
    let whole = path(&archive).await.expect("readable");
    assert_eq!((whole.faults.len(), &whole.images), (0, &validation.images), "{:#?}", whole.faults);
    let program = std::fs::read(busybox::program()).expect("the program");
    let at = bytes.windows(64).position(|window| window == &program[..64]).expect("the program is in there") + 4_096;
    bytes[at] ^= 1;
    std::fs::write(&archive, &bytes).expect("written");
    let spoiled = path(&archive).await.expect("readable");
    assert!(spoiled.faults.iter().any(|fault| fault.name.as_str() == "diff-id-differs"), "{:#?}", spoiled.faults);
    engine.close().await;
}
