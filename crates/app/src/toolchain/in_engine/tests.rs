use super::*;
use crate::toolchain::list::{Presence, list};
use crate::toolchain::lock::lock_pinned;
use crate::toolchain::validate;
use rcrepro_engine::fake::{FakeEngine, FakeImageHost};
use rcrepro_images::packages::sources::PackageMirrors;
use rcrepro_model::image::lock::LayerPins;
use rcrepro_store::BlobStore;

/// An image of files alone, which needs no package.
const DEFINITION: &str = r#"
version = 1
platforms = ["linux/amd64"]
source_date_epoch = 1767225600
config = { env = { PATH = "/usr/bin" }, cmd = ["/bin/sh"] }
[files]
"etc/hosts" = "127.0.0.1 localhost\n"
"#;

struct Scene {
    folder: tempfile::TempDir,
    images: ImageFolder,
    store: Arc<FsStore>,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("images")).expect("a folder");
        std::fs::write(folder.path().join("images/base.toml"), DEFINITION).expect("written");
        let images = ImageFolder::new(folder.path(), ImagePlatform::LinuxAmd64);
        let store = Arc::new(FsStore::open(&folder.path().join("store")).expect("a store"));
        let context = ImageContext {
            store: store.clone(),
            mirrors: PackageMirrors { exclusive: true, ..PackageMirrors::default() },
            engine: None,
            image_host: None,
            cancel: CancellationToken::new(),
            on_event: &|_| {},
        };
        let name = "base".parse().expect("a name");
        lock_pinned(&context, &images, &name, LayerPins::default()).await.expect("locks");
        Self { folder, images, store }
    }

    async fn ensure(&self, engine: &FakeEngine, host: Option<&FakeImageHost>) -> Result<String, ImagesError> {
        let using = ImageUse {
            folder: self.folder.path(),
            files: &PlanFiles::WorkingCopy,
            store: &self.store,
            engine,
            image_host: host.map(|host| host as &dyn ImageHost),
            config: &UserConfig::default(),
            cancel: &CancellationToken::new(),
            on_event: &|_| {},
        };
        let source = ImageSource::Build { definition: "images/base.toml".into(), published: None };
        using.ensure(&"base".parse().expect("a name"), &source).await.map(|(_, how)| how)
    }

    async fn presence(&self, engine: &FakeEngine) -> Presence {
        let mut rows = list(&self.images, None, Some(&*self.store), Some(engine)).await.expect("listed");
        rows.pop().expect("one image").state.expect("a good lock").engine
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_image_is_built_loaded_and_confirmed_and_the_second_time_only_confirmed() {
    let scene = Scene::new().await;
    let host = FakeImageHost::default();
    let engine = FakeEngine::default().with_images(&host);
    assert_eq!(scene.presence(&engine).await, Presence::Absent);
    let how = scene.ensure(&engine, Some(&host)).await.expect("loaded");
    assert!(how.starts_with("loaded and confirmed, sha256:"), "{how}");
    let how = scene.ensure(&engine, Some(&host)).await.expect("confirmed");
    assert!(how.starts_with("confirmed, sha256:"), "{how}");
    assert_eq!(host.loads(), ["image base"], "once");
    assert_eq!(scene.presence(&engine).await, Presence::Present);
    let validation = validate::loaded(&scene.images, "base", &host).await.expect("the host has it");
    assert!(validation.faults.is_empty(), "{:#?}", validation.faults);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_keeps_no_images_runs_what_it_confirms_and_says_what_it_cannot_load() {
    let scene = Scene::new().await;
    let host = FakeImageHost::default();
    let engine = FakeEngine::default().with_images(&host);
    let error = scene.ensure(&engine, None).await.expect_err("nowhere to load it");
    assert_eq!(error.to_string(), "cannot load `base`: the engine fake keeps no images");
    let ImagesError::Image(error) = error else { panic!("{error:?}") };
    assert!(error.hint().is_some_and(|hint| hint.contains("DOCKER_HOST")), "{error:?}");
    scene.ensure(&engine, Some(&host)).await.expect("loaded");
    let how = scene.ensure(&engine, None).await.expect("it is there already");
    assert!(how.starts_with("confirmed, "), "{how}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_image_with_a_damaged_layer_is_loaded() {
    let scene = Scene::new().await;
    let lock = build::locked::locked(&scene.images, &"base".parse().expect("a name")).expect("a lock");
    // The build finds the layer by its note, so that only the way into the engine reads it.
    build::made::note_made(&*scene.store, &lock).expect("noted");
    let layer = lock.layers[0].digest;
    let path = scene.store.local_path(layer).expect("it is a file");
    let mut bytes = std::fs::read(&path).expect("it is there");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, bytes).expect("written");
    let host = FakeImageHost::default();
    let engine = FakeEngine::default().with_images(&host);
    let error = scene.ensure(&engine, Some(&host)).await.expect_err("it is damaged").to_string();
    assert!(error.starts_with("image base: the engine could not load the image: "), "{error}");
    assert_eq!(host.loads(), Vec::<String>::new());
    assert_eq!(scene.presence(&engine).await, Presence::Absent);
}
