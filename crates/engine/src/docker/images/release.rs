//! Starts the release's own images as they are deployed, but without a network.
//!
//! Nothing is put into such a container: its entry point, user and environment are the image's. Its root file system cannot be
//! written to, it has no capability and a network of its own in which only `lo` is up; its volumes are new ones, which go
//! with it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::StartContainerOptions;
use tokio_util::sync::CancellationToken;

use crate::docker::DockerEngine;
use crate::docker::container::labels::DEADLINE_SLACK;
use crate::docker::container::lifecycle::{PATIENCE, kill, stop, wait};
use crate::docker::container::trash::Container;
use crate::docker::dialect::inspect_container;
use crate::docker::fault::{call, incomplete, limited, reason, status};
use crate::docker::outputs::drain::Drain;
use crate::{EngineError, ImageEnd, ImageStart, RunningImage, StartEnd};
use rcrepro_model::execution::world::HOSTNAME;
use rcrepro_store::BlobStore;

/// The container of a started image; dropping it removes it.
struct Started {
    client: Docker,
    label: String,
    container: Container,
    drain: Drain,
    timeout: Duration,
}

impl DockerEngine {
    /// Starts an image. What the daemon refuses as a bad request is the image's own fault.
    ///
    /// # Errors
    /// [`EngineError`] when the engine cannot start it.
    pub(crate) async fn start(&self, start: &ImageStart<'_>, store: &dyn BlobStore) -> Result<StartEnd, EngineError> {
        let refused = |error: &Error| StartEnd::Refused { reason: reason(error) };
        let label = start.label;
        let labels = self.owner.labels(label, SystemTime::now(), start.timeout + DEADLINE_SLACK);
        let pump = self.pump.handle();
        let container = match Container::create(pump, label, body(start, labels), Vec::new()).await {
            Err(error) if status(&error) == Some(400) => return Ok(refused(&error)),
            created => created.map_err(call(label, "create the container"))?,
        };
        let drain = Drain::attach(pump, label, &container.id, false, store, &self.spool_dir, None).await?;
        let started = async {
            match self.client.start_container(&container.id, None::<StartContainerOptions>).await {
                Err(error) if status(&error) == Some(400) => Ok(Some(refused(&error))),
                started => started.map(|()| None),
            }
        };
        if let Some(refused) = limited(label, "start the container", started).await? {
            return Ok(refused);
        }
        let (client, label, timeout) = (self.client.clone(), label.to_owned(), start.timeout);
        Ok(StartEnd::Running(Box::new(Started { client, label, container, drain, timeout })))
    }
}

#[async_trait]
impl RunningImage for Started {
    fn id(&self) -> &str {
        &self.container.id
    }

    async fn finish(self: Box<Self>, cancel: &CancellationToken) -> Result<ImageEnd, EngineError> {
        let Self { client, label, container, mut drain, timeout } = *self;
        let exit_code = tokio::select! {
            code = wait(&client, &container.id, &label) => Some(code?),
            () = tokio::time::sleep(timeout) => {
                kill(&client, &container.id, &label).await?;
                None
            }
            () = cancel.cancelled() => {
                stop(&client, &container.id).await;
                return Err(EngineError::Interrupted { label });
            }
        };
        drain.end_within(&label, PATIENCE).await?;
        let (stdout, stderr) = drain.keep().await?;
        Ok(ImageEnd { exit_code, stdout, stderr })
    }

    async fn end(self: Box<Self>) -> Result<ImageEnd, EngineError> {
        let Self { client, label, container, mut drain, .. } = *self;
        let asked = inspect_container(&client, &container.id);
        let state = limited(&label, "inspect the container", asked).await?.state.unwrap_or_default();
        let exit_code = match state.running {
            Some(true) => {
                stop(&client, &container.id).await;
                None
            }
            Some(false) => state.exit_code,
            None => return Err(incomplete(&label, "the engine does not say whether the container runs")),
        };
        drain.end_within(&label, PATIENCE).await?;
        let (stdout, stderr) = drain.keep().await?;
        Ok(ImageEnd { exit_code, stdout, stderr })
    }
}

fn body(start: &ImageStart<'_>, labels: HashMap<String, String>) -> ContainerCreateBody {
    let memory = i64::try_from(start.limits.memory).unwrap_or(i64::MAX);
    let in_memory = |path: &String| (path.clone(), "rw,nosuid,nodev,mode=1777".to_owned());
    ContainerCreateBody {
        image: Some(start.image.to_owned()),
        // Commands beside it share it, and expect this name.
        hostname: Some(HOSTNAME.to_owned()),
        cmd: start.arguments.map(<[String]>::to_vec),
        network_disabled: Some(true),
        attach_stdin: Some(false),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        labels: Some(labels),
        host_config: Some(HostConfig {
            network_mode: Some("none".to_owned()),
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            readonly_rootfs: Some(true),
            tmpfs: Some(start.writable.iter().map(in_memory).collect()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            memory: Some(memory),
            memory_swap: Some(memory),
            pids_limit: Some(i64::from(start.limits.pids)),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
