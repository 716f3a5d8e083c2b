//! An image in the real engine, read back through the engine's export.

use futures_util::StreamExt as _;
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::validate::{ValidateImageError, loaded, path};
use rcrepro_engine::docker::{DockerEngine, DockerOptions};
use rcrepro_model::image::definition::Platform;

use crate::busybox;
use crate::scene::{Scene, unique};

#[tokio::test(flavor = "multi_thread")]
async fn a_loaded_image_is_whole_and_an_archive_of_it_is_checked_alike() {
    let scene = Scene::new().await;
    let engine = DockerEngine::connect(DockerOptions::new(unique("store"), unique("run"))).await.expect("an engine");
    let folder = tempfile::tempdir().expect("a folder");
    let images = ImageFolder::new(folder.path(), Platform::LinuxAmd64);
    let id = scene.image.config.to_oci();
    let validation = loaded(&images, &id, &engine).await.expect("the engine has it");
    assert!(validation.faults.is_empty(), "{:#?}", validation.faults);
    assert_eq!(validation.images.len(), 1);
    assert_eq!(validation.images[0].config, Some(scene.image.config));
    let diff_ids: Vec<_> = scene.image.diff_ids.iter().copied().map(Some).collect();
    assert_eq!(validation.images[0].diff_ids, diff_ids);
    assert!(validation.files >= 3 && validation.bytes > 1_000_000, "{validation:?}");

    let error = loaded(&images, "rcrepro-test/no-such-image", &engine).await.expect_err("not there");
    assert!(matches!(error, ValidateImageError::NotLoaded { .. }), "{error}");

    // The same export as a file, a byte of the busybox program flipped.
    let archive = folder.path().join("saved.tar");
    let mut bytes = Vec::new();
    let mut stream = Box::pin(engine.export_image(&id));
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
    scene.close().await;
}
