//! `rcrepro image ls`.

use super::table;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json};
use rcrepro_app::toolchain::folder::ImageFolder;
use rcrepro_app::toolchain::list;
use rcrepro_engine::{ConnectOptions, connect};
use rcrepro_model::image::definition::ImagePlatform;

use rcrepro_store::BlobStore;
use rcrepro_store::fs::FsStore;

/// Lists the folder's images, what they are locked to, and whether the store and the engine have them.
pub async fn ls(context: &Context, folder: &ImageFolder, platform: Option<ImagePlatform>) -> Result<Exit, Failure> {
    // Looking makes no store, and no engine is needed.
    let store = if context.store.exists() { Some(FsStore::open(&context.store)?) } else { None };
    let engine = connect(ConnectOptions::new("ls", "ls")).await.ok().map(|connected| connected.engine);
    let store = store.as_ref().map(|store| store as &dyn BlobStore);
    let rows = list::list(folder, platform, store, engine.as_deref()).await?;
    if context.json {
        print_json(&table::json(&rows))?;
    } else {
        print(table::table(&rows))?;
    }
    Ok(Exit::Success)
}
