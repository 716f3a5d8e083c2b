//! Removes containers and volumes from the daemon, with patience.

use std::future::Future;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{RemoveContainerOptions, RemoveVolumeOptions};

use crate::docker::fault::status;

/// How often a refused removal is tried again, each time after [`PAUSE`]: a volume stays in use until the daemon has
/// really let go of the container. Three minutes suffice for a daemon that deletes large trees on a busy disk.
const ATTEMPTS: u32 = 600;
const PAUSE: Duration = Duration::from_millis(300);

pub(crate) async fn remove_container(client: &Docker, id: &str) -> bool {
    persist(|| client.remove_container(id, Some(RemoveContainerOptions { v: true, force: true, link: false }))).await
}

pub(crate) async fn remove_volume(client: &Docker, name: &str) -> bool {
    persist(|| client.remove_volume(name, None::<RemoveVolumeOptions>)).await
}

/// Tries a removal until it is done or can never be. A daemon that is gone gets no second chance: the labels remain.
async fn persist<F: Future<Output = Result<(), Error>>>(attempt: impl Fn() -> F) -> bool {
    for _ in 0..ATTEMPTS {
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
