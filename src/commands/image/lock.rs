//! `rcrepro image lock`.

use std::path::Path;
use std::sync::Arc;

use super::with_images;
use crate::commands::setup::check::say_next;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, say};
use rcrepro_app::machine::config::registry_settings;
use rcrepro_app::toolchain::lock::request::{LockRequest, LockRequestError, Relocked};
use rcrepro_app::workspace::next::next_command;
use rcrepro_images::registry::Registry;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImageName;
use rcrepro_model::image::lock::ImageLock;
use rcrepro_model::image::pulled::PulledLock;
use rcrepro_report::image_changes;
use rcrepro_store::BlobStore;
use rcrepro_store::fs::FsStore;

/// Makes the locks fresh, lowest first, and prints what changed.
pub async fn lock(context: &Context, request: &LockRequest<'_>) -> Result<Exit, Failure> {
    let pulled = request.pulled()?;
    let defined = request.defined(&pulled)?;
    if !pulled.is_empty() {
        let registry = Registry::new(registry_settings(&context.config()?))?;
        let store: Arc<dyn BlobStore> = Arc::new(FsStore::open(&context.store)?);
        request.pin(&pulled, &registry, &store, print_pulled).await?;
    }
    let engine = request.needs_engine(&defined)?;
    with_images(context, engine, async |images| {
        request.lock(images, &pulled, &defined, print_defined).await?;
        Ok(Exit::Success)
    })
    .await?;
    // Definitions may be locked where there is no plan.
    if let Ok(workspace) = context.workspace() {
        say_next(next_command(&workspace));
    }
    Ok(Exit::Success)
}

fn print_pulled(lock: Relocked<Name, PulledLock>) -> Result<(), Failure> {
    say_state(lock.before.as_ref() == Some(&lock.after), &lock.path);
    print(image_changes::pulled_markdown(&lock.name, lock.before.as_ref(), &lock.after))?;
    Ok(())
}

fn print_defined(lock: Relocked<ImageName, ImageLock>) -> Result<(), Failure> {
    let changes = image_changes::markdown(lock.before.as_ref(), &lock.after);
    say_state(changes.is_empty(), &lock.path);
    print(changes)?;
    Ok(())
}

fn say_state(unchanged: bool, path: &Path) {
    let state = if unchanged { "unchanged" } else { "locked" };
    say!("{state:>10}  {}", path.display());
}

/// Prints whether every lock is fresh, and which Debian packages their signed index proved.
pub fn check(context: &Context, request: &LockRequest<'_>) -> Result<Exit, Failure> {
    let store = FsStore::open(&context.store)?;
    let mut exit = Exit::Success;
    request.check(&store, |path: &Path, checked: Result<bool, LockRequestError>| {
        match checked {
            Ok(true) => print(format!("fresh, proved by its signed index  {}\n", path.display()))?,
            Ok(false) => print(format!("fresh  {}\n", path.display()))?,
            Err(error) => {
                // A lock that was tampered with outranks one that is stale.
                let reported = crate::ending::report(&Failure::from(error), false);
                exit = if exit == Exit::Tampered { exit } else { reported };
            }
        }
        Ok::<_, Failure>(())
    })?;
    Ok(exit)
}
