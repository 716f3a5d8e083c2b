//! The one clean-up path: whatever is created in the daemon is held by a value whose drop removes it.
//!
//! Success, error, time-out, Ctrl-C and a dropped future all end in the same `Drop`, which hands the removal to the
//! pump; `close` awaits it. What a killed process leaves is found by its labels ([`sweep`]).

use std::collections::HashMap;
use std::time::SystemTime;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{ListContainersOptions, ListVolumesOptions};
use tokio::sync::oneshot;

use super::labels::{Owner, STORE};
use super::removal::{remove_container, remove_volume};
use crate::EngineError;
use crate::docker::dialect;
use crate::docker::fault::call;
use crate::docker::inputs::slot::Slot;
use crate::docker::pump::PumpHandle;

/// A container that this process made; dropping it removes it with its anonymous volumes.
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
            // An answer that is not taken is dropped here, and with it the container.
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
