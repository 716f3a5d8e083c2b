//! Volumes that are gone with the value that holds them.

use std::collections::HashMap;

use bollard::errors::Error;
use bollard::models::VolumeCreateRequest;
use tokio::sync::oneshot;

use super::removal::remove_volume;
use crate::docker::pump::PumpHandle;

/// A volume that this process made; dropping it removes it.
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
