//! Removes containers, volumes and images from the daemon, with patience.

use std::future::Future;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{RemoveContainerOptions, RemoveImageOptions, RemoveVolumeOptions};

use crate::docker::fault::status;

/// How often a refused removal is tried again, each time after [`PAUSE`]: a volume stays in use until the daemon has
/// really let go of the container. Three minutes suffice for a daemon that deletes large trees on a busy disk.
const ATTEMPTS: u32 = 600;
/// The same for an image, which only the container of a build step uses.
const IMAGE_ATTEMPTS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(300);

pub(crate) async fn remove_container(client: &Docker, id: &str) -> bool {
    persist(ATTEMPTS, || {
        client.remove_container(id, Some(RemoveContainerOptions { v: true, force: true, link: false }))
    })
    .await
}

pub(crate) async fn remove_volume(client: &Docker, name: &str) -> bool {
    persist(ATTEMPTS, || client.remove_volume(name, None::<RemoveVolumeOptions>)).await
}

/// Removes an image, and none of the images below it.
pub(crate) async fn remove_image(client: &Docker, id: &str) -> bool {
    let options = || Some(RemoveImageOptions { noprune: true, ..RemoveImageOptions::default() });
    persist(IMAGE_ATTEMPTS, || async { client.remove_image(id, options(), None).await.map(drop) }).await
}

/// Tries a removal until it is done or can never be. A daemon that is gone gets no second chance: the labels remain.
async fn persist<F: Future<Output = Result<(), Error>>>(attempts: u32, attempt: impl Fn() -> F) -> bool {
    for _ in 0..attempts {
        match attempt().await {
            Ok(()) => return true,
            Err(error) => match status(&error) {
                Some(404) => return true,
                Some(409 | 500) => tokio::time::sleep(PAUSE).await,
                _ => return false,
            },
        }
    }
    false
}
