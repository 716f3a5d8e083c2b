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
use bollard::models::{ContainerCreateBody, Health, HealthConfig, HealthStatusEnum, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{StartContainerOptions, StopContainerOptions};
use tokio_util::sync::CancellationToken;

use crate::docker::DockerEngine;
use crate::docker::container::labels::DEADLINE_SLACK;
use crate::docker::container::lifecycle::{PATIENCE, kill, stop, wait};
use crate::docker::container::spec::ulimits;
use crate::docker::container::trash::Container;
use crate::docker::dialect::{Dialect, inspect_container};
use crate::docker::fault::{call, incomplete, limited, reason};
use crate::docker::outputs::drain::Drain;
use crate::{EngineError, ImageEnd, ImageHealth, ImageStart, RunningImage, STOP_GRACE, StartEnd};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::execution::world::HOSTNAME;
use rcrepro_store::BlobStore;

/// How long to wait between two health checks; images mostly name half a minute.
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait before the engine is asked for a container's health again.
const HEALTH_PAUSE: Duration = Duration::from_millis(200);
/// The most that a stream of an image's container may hold, in bytes.
pub(crate) const IMAGE_STREAM_LIMIT: u64 = crate::IMAGE_OUTPUT;
/// How many characters of a health check's output are shown.
const SHOWN: usize = 300;

/// The container of a started image; dropping it removes it.
struct Started {
    client: Docker,
    dialect: Dialect,
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
        let check = pump.dialect.health_check(start.health, HEALTH_INTERVAL);
        let container = match Container::create(pump, label, body(start, labels, check), Vec::new()).await {
            Err(error) if pump.dialect.is_refusal(&error) => return Ok(refused(&error)),
            created => created.map_err(call(label, "create the container"))?,
        };
        let prepared = async {
            match pump.dialect.prepare(&container.id).await {
                Err(error) if pump.dialect.is_refusal(&error) => Ok(Some(refused(&error))),
                prepared => prepared.map(|()| None),
            }
        };
        if let Some(refused) = limited(label, "prepare the container", prepared).await? {
            return Ok(refused);
        }
        let drain =
            Drain::attach(pump, label, &container.id, (false, IMAGE_STREAM_LIMIT), store, &self.spool_dir, None)
                .await?;
        let started = async {
            match self.client.start_container(&container.id, None::<StartContainerOptions>).await {
                Err(error) if pump.dialect.is_refusal(&error) => Ok(Some(refused(&error))),
                started => started.map(|()| None),
            }
        };
        if let Some(refused) = limited(label, "start the container", started).await? {
            return Ok(refused);
        }
        let (client, dialect) = (self.client.clone(), pump.dialect.clone());
        let (label, timeout) = (label.to_owned(), start.timeout);
        Ok(StartEnd::Running(Box::new(Started { client, dialect, label, container, drain, timeout })))
    }
}

#[async_trait]
impl RunningImage for Started {
    fn id(&self) -> &str {
        &self.container.id
    }

    async fn finish(self: Box<Self>, cancel: &CancellationToken) -> Result<ImageEnd, EngineError> {
        let Self { client, label, container, drain, timeout, .. } = *self;
        let exit_code = tokio::select! {
            code = wait(&client, &container.id, &label) => Some(code?),
            () = tokio::time::sleep(timeout) => {
                kill(&client, &container.id, &label).await?;
                None
            }
            () = drain.too_long().cancelled() => {
                kill(&client, &container.id, &label).await?;
                None
            }
            () = cancel.cancelled() => {
                stop(&client, &container.id).await;
                return Err(EngineError::Interrupted { label });
            }
        };
        ended(drain, &label, exit_code, None).await
    }

    async fn healthy(&mut self, cancel: &CancellationToken) -> Result<ImageHealth, EngineError> {
        let began = tokio::time::Instant::now();
        loop {
            let checked = self.dialect.check_health(&self.container.id);
            let is_our_turn = limited(&self.label, "check the container's health", checked).await?;
            let asked = inspect_container(&self.client, &self.container.id);
            let state = limited(&self.label, "inspect the container", asked).await?.state.unwrap_or_default();
            let is_running = state.running == Some(true);
            let Some(health) = state.health.filter(|health| health.status.is_some_and(is_checked)) else {
                return Ok(ImageHealth::Unchecked);
            };
            let unhealthy = |what: &str| ImageHealth::Unhealthy { found: format!("{what}{}", last_words(&health)) };
            match health.status {
                Some(HealthStatusEnum::HEALTHY) => return Ok(ImageHealth::Healthy),
                Some(HealthStatusEnum::UNHEALTHY) => return Ok(unhealthy("unhealthy")),
                _ if !is_running => return Ok(unhealthy("the container ended before its check passed")),
                _ if began.elapsed() > self.timeout => {
                    return Ok(unhealthy(&format!("no check passed within {} s", self.timeout.as_secs())));
                }
                _ => {}
            }
            tokio::select! {
                () = tokio::time::sleep(if is_our_turn { HEALTH_INTERVAL } else { HEALTH_PAUSE }) => {}
                () = cancel.cancelled() => return Err(EngineError::Interrupted { label: self.label.clone() }),
            }
        }
    }

    async fn end(self: Box<Self>) -> Result<ImageEnd, EngineError> {
        let Self { client, label, container, drain, .. } = *self;
        let asked = inspect_container(&client, &container.id);
        let state = limited(&label, "inspect the container", asked).await?.state.unwrap_or_default();
        let (exit_code, stopped) = match state.running {
            Some(true) => (None, Some(stop_and_wait(&client, &container.id, &label).await?)),
            Some(false) => (state.exit_code, None),
            None => return Err(incomplete(&label, "the engine does not say whether the container runs")),
        };
        ended(drain, &label, exit_code, stopped).await
    }
}

/// Keeps the streams of a container that has ended; those that are too long are dropped.
async fn ended(
    mut drain: Drain,
    label: &str,
    exit_code: Option<i64>,
    stopped: Option<i64>,
) -> Result<ImageEnd, EngineError> {
    let whole = drain.end_within(label, PATIENCE).await;
    if drain.too_long().is_cancelled() {
        let nothing = Digest::of(b"");
        return Ok(ImageEnd { exit_code, stopped, too_long: true, stdout: nothing, stderr: nothing });
    }
    whole?;
    let (stdout, stderr) = drain.keep().await?;
    Ok(ImageEnd { exit_code, stopped, too_long: false, stdout, stderr })
}

/// Stops a container by its signal, kills it when it does not obey, and gives its exit code.
async fn stop_and_wait(client: &Docker, container: &str, label: &str) -> Result<i64, EngineError> {
    let seconds = i32::try_from(STOP_GRACE.as_secs()).unwrap_or(i32::MAX);
    let options = StopContainerOptions { t: Some(seconds), ..StopContainerOptions::default() };
    client.stop_container(container, Some(options)).await.map_err(call(label, "stop the container"))?;
    wait(client, container, label).await
}

fn is_checked(status: HealthStatusEnum) -> bool {
    !matches!(status, HealthStatusEnum::EMPTY | HealthStatusEnum::NONE)
}

/// Gives the exit code and the output of a container's last health check.
fn last_words(health: &Health) -> String {
    let Some(last) = health.log.as_ref().and_then(|log| log.last()) else { return String::new() };
    let output = last.output.as_deref().unwrap_or_default().trim();
    let said: String = output.chars().filter(|c| !c.is_control() || *c == '\n').take(SHOWN).collect();
    let code = last.exit_code.unwrap_or_default();
    if said.is_empty() { format!(": exit code {code}") } else { format!(": exit code {code}, `{said}`") }
}

fn body(start: &ImageStart<'_>, labels: HashMap<String, String>, check: HealthConfig) -> ContainerCreateBody {
    let memory = i64::try_from(start.limits.memory).unwrap_or(i64::MAX);
    let in_memory = |path: &String| (path.clone(), "rw,nosuid,nodev,mode=1777".to_owned());
    ContainerCreateBody {
        image: Some(start.image.to_owned()),
        // Commands beside it share it, and expect this name.
        hostname: Some(HOSTNAME.to_owned()),
        cmd: start.arguments.map(<[String]>::to_vec),
        // What is not set here is the image's own; an image without a check stays without one.
        healthcheck: Some(check),
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
            cap_add: Some(start.capabilities.to_vec()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            memory: Some(memory),
            memory_swap: Some(memory),
            pids_limit: Some(i64::from(start.limits.pids)),
            ulimits: Some(ulimits()),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
