//! `rcrepro image ls`.

use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::output::{print, print_json};
use super::table;
use crate::app::image::folder::ImageFolder;
use crate::app::image::list;
use crate::engine::docker::{DockerEngine, DockerOptions};
use crate::model::image_definition::Platform;

use crate::store::BlobStore;
use crate::store::fs::FsStore;

/// Lists the folder's images, what they are locked to, and whether the store and the engine have them.
pub async fn ls(context: &Context, folder: &ImageFolder, platform: Option<Platform>) -> Result<Exit, Failure> {
    // Looking makes no store, and no engine is needed.
    let store = if context.store.exists() { Some(FsStore::open(&context.store)?) } else { None };
    let engine = DockerEngine::connect(DockerOptions::new("ls", "ls")).await.ok();
    let store = store.as_ref().map(|store| store as &dyn BlobStore);
    let rows = list::list(folder, platform, store, engine.as_ref()).await?;
    if context.json {
        print_json(&table::json(&rows))?;
    } else {
        print(table::table(&rows))?;
    }
    Ok(Exit::Success)
}
