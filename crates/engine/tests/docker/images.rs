//! Nothing runs in an image that is not the locked one.

use rcrepro_engine::{Engine as _, EngineError};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::identity::ImageIdentity;

use crate::scene::{Case, Scene, leftovers};

async fn refused(scene: &mut Scene, image: ImageIdentity) -> EngineError {
    assert!(scene.engine.confirm_image(&image).await.is_err());
    scene.image = image;
    scene.run(&Case::sh("true")).await.expect_err("it is not the locked image")
}

#[tokio::test(flavor = "multi_thread")]
async fn other_images_are_refused_with_both_digests() {
    let mut scene = Scene::new().await;
    let good = scene.image.clone();
    let other = Sha256::of(b"other");

    let missing = refused(&mut scene, ImageIdentity { config: other, manifest: other, ..good.clone() }).await;
    assert!(matches!(missing, EngineError::ImageMissing { .. }), "{missing}");

    let layer = refused(&mut scene, ImageIdentity { diff_ids: vec![other], ..good.clone() }).await;
    let EngineError::ImageMismatch { part, expected, found, .. } = &layer else { panic!("{layer}") };
    assert_eq!((part.as_str(), expected, found), ("layer 0", &other.to_oci(), &good.diff_ids[0].to_oci()));

    let more = vec![good.diff_ids[0], other];
    let more = refused(&mut scene, ImageIdentity { diff_ids: more, ..good.clone() }).await;
    assert!(more.to_string().contains("layer 1"), "{more}");
    let fewer = refused(&mut scene, ImageIdentity { diff_ids: Vec::new(), ..good.clone() }).await;
    assert!(fewer.to_string().contains("layer 0"), "{fewer}");

    assert_eq!(leftovers(&scene.run_id).await, Vec::<String>::new(), "nothing was even created");
    scene.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_actions_own_image_and_machine_count() {
    let scene = Scene::new().await;
    let case = Case::sh("true");
    let execution = |action| rcrepro_engine::Execution {
        action,
        image: &scene.image,
        label: "test/platform",
        limits: case.limits,
        network: rcrepro_engine::Network::None,
        world: &case.world,
        privilege: rcrepro_engine::Privilege::None,
        turn: None,
        live: None,
    };
    let mut action = scene.action(&case);
    action.command.platform.image_manifest = Sha256::of(b"other");
    let error = scene.engine.execute(&execution(&action), &scene.store, &scene.cancel).await;
    assert!(matches!(error, Err(EngineError::ImageMismatch { .. })), "{error:?}");
    let mut action = scene.action(&case);
    action.command.platform.isa = "riscv".into();
    let error = scene.engine.execute(&execution(&action), &scene.store, &scene.cancel).await;
    assert!(matches!(error, Err(EngineError::Call { .. })), "{error:?}");
    scene.close().await;
}
