//! The one clean-up path: whatever is created in the daemon is held by a value whose drop removes it.
//!
//! Success, error, time-out, Ctrl-C and a dropped future all end in the same `Drop`, which hands the removal to the
//! pump; `close` awaits it. What a killed process leaves is found by its labels ([`sweep`]).

use std::collections::HashMap;
use std::future::Future;
use std::time::{Duration, SystemTime};

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, VolumeCreateRequest};
use bollard::query_parameters::{
    ListContainersOptions, ListVolumesOptions, RemoveContainerOptions, RemoveVolumeOptions,
};
use tokio::sync::oneshot;

use super::labels::{Owner, STORE};
use crate::EngineError;
use crate::docker::dialect;
use crate::docker::fault::{call, status};
use crate::docker::inputs::overlay::Slot;
use crate::docker::pump::PumpHandle;

/// How often a refused removal is tried again, each time after [`PAUSE`]: a volume stays in use until the daemon has
/// really let go of the container. Three minutes suffice for a daemon that deletes large trees on a busy disk.
const ATTEMPTS: u32 = 600;
const PAUSE: Duration = Duration::from_millis(300);

/// Is a container of ours; dropping it removes it with its anonymous volumes.
pub(crate) struct Container {
    /// The engine's id.
    pub id: String,
    pump: PumpHandle,
    /// Upper directories that the container writes to; freed after it is gone.
    slots: Vec<Slot>,
}

impl Container {
    /// Creates a container. The call runs on the pump: when the caller is dropped in the middle of it, the container is
    /// removed as soon as it exists.
    pub async fn create(
        pump: &PumpHandle,
        label: &str,
        body: ContainerCreateBody,
        slots: Vec<Slot>,
    ) -> Result<Self, Error> {
        let (answer, created) = oneshot::channel();
        let inner = pump.clone();
        let _detached = pump.spawn(async move {
            let result = inner.dialect.create(&inner.client, body).await;
            let held = result.map(|id| Self { id, pump: inner.clone(), slots });
            // An answer that nobody takes is dropped here, and with it the container.
            drop(answer.send(held));
        });
        match created.await {
            Ok(result) => result,
            Err(_) => {
                Err(Error::IOError { err: std::io::Error::other(format!("{label}: the engine's threads ended")) })
            }
        }
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let (id, slots, pump) = (std::mem::take(&mut self.id), std::mem::take(&mut self.slots), self.pump.clone());
        let _detached = self.pump.spawn(async move {
            remove_container(&pump.client, &id).await;
            drop(slots);
        });
    }
}

/// Is a volume of ours; dropping it removes it.
pub(crate) struct DaemonVolume {
    /// The name that the daemon gave it.
    pub name: String,
    /// Where it is in the daemon's file system.
    pub mountpoint: String,
    pump: PumpHandle,
}

impl DaemonVolume {
    /// Creates an empty volume; as with containers, a dropped caller leaves nothing behind.
    pub async fn create(pump: &PumpHandle, labels: HashMap<String, String>) -> Result<Self, Error> {
        let (answer, created) = oneshot::channel();
        let inner = pump.clone();
        let _detached = pump.spawn(async move {
            let wanted = VolumeCreateRequest { labels: Some(labels), ..VolumeCreateRequest::default() };
            let result = inner.client.create_volume(wanted).await;
            let held = result.map(|made| Self { name: made.name, mountpoint: made.mountpoint, pump: inner.clone() });
            drop(answer.send(held));
        });
        match created.await {
            Ok(result) => result,
            Err(_) => Err(Error::IOError { err: std::io::Error::other("the engine's threads ended") }),
        }
    }
}

impl Drop for DaemonVolume {
    fn drop(&mut self) {
        let (name, pump) = (std::mem::take(&mut self.name), self.pump.clone());
        let _detached = self.pump.spawn(async move { remove_volume(&pump.client, &name).await });
    }
}

async fn remove_container(client: &Docker, id: &str) -> bool {
    persist(|| client.remove_container(id, Some(RemoveContainerOptions { v: true, force: true, link: false }))).await
}

async fn remove_volume(client: &Docker, name: &str) -> bool {
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

/// Removes containers and volumes that a dead run left behind; gives the names of what it removed.
pub(crate) async fn sweep(
    client: &Docker,
    owner: &Owner,
    is_alive: &(dyn Fn(&str, &str) -> bool + Sync),
) -> Result<Vec<String>, EngineError> {
    let ours = || Some(HashMap::from([("label".to_owned(), vec![STORE.to_owned()])]));
    let (now, mut removed) = (SystemTime::now(), Vec::new());
    let wanted = ListContainersOptions { all: true, filters: ours(), ..ListContainersOptions::default() };
    let containers = dialect::list_containers(client, wanted).await.map_err(call("sweep", "list the containers"))?;
    for container in containers {
        let (Some(id), Some(labels)) = (container.id, container.labels) else { continue };
        if owner.is_orphan(&labels, now, is_alive) && remove_container(client, &id).await {
            removed.push(format!("container {id}"));
        }
    }
    let listed = client.list_volumes(Some(ListVolumesOptions { filters: ours() })).await;
    for volume in listed.map_err(call("sweep", "list the volumes"))?.volumes.unwrap_or_default() {
        if owner.is_orphan(&volume.labels, now, is_alive) && remove_volume(client, &volume.name).await {
            removed.push(format!("volume {}", volume.name));
        }
    }
    Ok(removed)
}
