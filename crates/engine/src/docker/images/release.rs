//! Starts the release's own images, as whoever deploys them would, less the network.
//!
//! Nothing is put into such a container: its entry point, user and environment are the image's. Its root file system cannot be
//! written to, it has no capability and a network of its own in which only `lo` is up; its volumes are new ones, which go
//! with it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::StartContainerOptions;
use tokio_util::sync::CancellationToken;

use crate::docker::container::lifecycle::{PATIENCE, kill, stop, wait};
use crate::docker::container::trash::Container;
use crate::docker::dialect::inspect_container;
use crate::docker::fault::{call, incomplete, limited};
use crate::docker::outputs::drain::Drain;
use crate::docker::{DEADLINE_SLACK, DockerEngine};
use crate::{EngineError, Limits};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::execution::world::HOSTNAME;
use rcrepro_store::BlobStore;

/// Says how an image is started.
#[derive(Debug, Clone, Copy)]
pub struct ImageStart<'a> {
    /// A short name for labels and messages.
    pub label: &'a str,
    /// The image's id.
    pub image: &'a str,
    /// What follows the entry point; none for what the image itself says.
    pub arguments: Option<&'a [String]>,
    /// Paths that are file systems in memory.
    pub writable: &'a [String],
    /// What it may use.
    pub limits: Limits,
    /// How long it is needed.
    pub timeout: Duration,
}

/// Is a container of an image that runs; dropping it removes it.
pub struct Started {
    label: String,
    container: Container,
    drain: Drain,
    timeout: Duration,
}

/// Is how such a container ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageEnd {
    /// The exit code; none when it was still running, or was killed because its time was up.
    pub exit_code: Option<i64>,
    /// Its standard output.
    pub stdout: Digest,
    /// Its standard error.
    pub stderr: Digest,
}

impl Started {
    /// Gives the container's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.container.id
    }
}

impl DockerEngine {
    /// Starts an image.
    ///
    /// # Errors
    /// [`EngineError`] when the engine cannot start it.
    pub async fn start_image(&self, start: &ImageStart<'_>, store: &dyn BlobStore) -> Result<Started, EngineError> {
        let label = start.label;
        let labels = self.owner.labels(label, SystemTime::now(), start.timeout + DEADLINE_SLACK);
        let pump = self.pump.handle();
        let container = Container::create(pump, label, body(start, labels), Vec::new()).await;
        let container = container.map_err(call(label, "create the container"))?;
        let drain = Drain::attach(pump, label, &container.id, false, store, &self.spool_dir).await?;
        let started = self.client.start_container(&container.id, None::<StartContainerOptions>);
        limited(label, "start the container", started).await?;
        Ok(Started { label: label.to_owned(), container, drain, timeout: start.timeout })
    }

    /// Waits until a container of an image ends by itself, or kills it when its time is up.
    ///
    /// # Errors
    /// [`EngineError`] when its end cannot be believed, or the user stops the run.
    pub async fn finish_image(&self, started: Started, cancel: &CancellationToken) -> Result<ImageEnd, EngineError> {
        let Started { label, container, mut drain, timeout } = started;
        let exit_code = tokio::select! {
            code = wait(&self.client, &container.id, &label) => Some(code?),
            () = tokio::time::sleep(timeout) => {
                kill(&self.client, &container.id, &label).await?;
                None
            }
            () = cancel.cancelled() => {
                stop(&self.client, &container.id).await;
                return Err(EngineError::Interrupted { label });
            }
        };
        drain.end_within(&label, PATIENCE).await?;
        let (stdout, stderr) = drain.keep().await?;
        Ok(ImageEnd { exit_code, stdout, stderr })
    }

    /// Ends a container of an image that should still run; its exit code is none when it did.
    ///
    /// # Errors
    /// [`EngineError`] when the engine cannot tell, or its streams break off.
    pub async fn end_image(&self, started: Started) -> Result<ImageEnd, EngineError> {
        let Started { label, container, mut drain, .. } = started;
        let asked = inspect_container(&self.client, &container.id);
        let state = limited(&label, "inspect the container", asked).await?.state.unwrap_or_default();
        let exit_code = match state.running {
            Some(true) => {
                stop(&self.client, &container.id).await;
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
