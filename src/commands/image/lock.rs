//! `rcrepro image lock`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::with_images;
use crate::commands::setup::check::say_next;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{print, print_json, say};
use rcrepro_app::machine::config::registry_settings;
use rcrepro_app::toolchain::lock::request::{LockRequest, LockRequestError, Relocked};
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
    let documents = Mutex::new(Vec::new());
    let told = |name: String, path: &Path, unchanged: bool, changes: String| {
        say_state(unchanged, path);
        if !context.json {
            return print(changes);
        }
        let document =
            json!({ "name": name, "path": path.display().to_string(), "state": state(unchanged), "changes": changes });
        documents.lock().unwrap_or_else(PoisonError::into_inner).push(document);
        Ok(())
    };
    let pulled = request.pulled()?;
    let defined = request.defined(&pulled)?;
    if !pulled.is_empty() {
        let registry = Registry::new(registry_settings(&context.config()?))?;
        let store: Arc<dyn BlobStore> = Arc::new(FsStore::open(&context.store)?);
        let report = |lock: Relocked<Name, PulledLock>| {
            let changes = image_changes::pulled_markdown(&lock.name, lock.before.as_ref(), &lock.after);
            told(lock.name.to_string(), &lock.path, lock.before.as_ref() == Some(&lock.after), changes)
        };
        request.pin(&pulled, &registry, &store, report).await?;
    }
    let engine = request.needs_engine(&defined)?;
    with_images(context, engine, async |images| {
        let report = |lock: Relocked<ImageName, ImageLock>| {
            let changes = image_changes::markdown(lock.before.as_ref(), &lock.after);
            told(lock.name.to_string(), &lock.path, changes.is_empty(), changes)
        };
        request.lock(images, &pulled, &defined, report).await?;
        Ok(Exit::Success)
    })
    .await?;
    if context.json {
        print_json(&json!({ "locks": documents.into_inner().unwrap_or_else(PoisonError::into_inner) }))?;
    }
    // Definitions may be locked where there is no plan.
    if let Ok(workspace) = context.workspace() {
        say_next(&workspace);
    }
    Ok(Exit::Success)
}

const fn state(unchanged: bool) -> &'static str {
    if unchanged { "unchanged" } else { "locked" }
}

fn say_state(unchanged: bool, path: &Path) {
    say!("{:>10}  {}", state(unchanged), path.display());
}

/// Prints whether every lock is fresh, and which Debian packages their signed index proved.
pub fn check(context: &Context, request: &LockRequest<'_>) -> Result<Exit, Failure> {
    let store = FsStore::open(&context.store)?;
    let (mut exit, mut documents) = (Exit::Success, Vec::new());
    request.check(&store, |path: &Path, checked: Result<bool, LockRequestError>| {
        let shown = path.display().to_string();
        documents.push(match checked {
            Ok(proved) => {
                let state = if proved { "fresh, proved by its signed index" } else { "fresh" };
                if !context.json {
                    print(format!("{state}  {shown}\n"))?;
                }
                json!({ "path": shown, "fresh": true, "proved": proved })
            }
            Err(error) => {
                let failure = Failure::from(error);
                // A lock that was tampered with outranks one that is stale.
                let reported = crate::ending::report(&failure, false);
                exit = if exit == Exit::Tampered { exit } else { reported };
                json!({ "path": shown, "fresh": false, "kind": reported.as_str(), "error": failure.words() })
            }
        });
        Ok::<_, Failure>(())
    })?;
    if context.json {
        print_json(&json!({ "locks": documents }))?;
    }
    Ok(exit)
}
