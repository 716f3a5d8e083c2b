//! Makes a container with its inputs in it: by overlay volumes or by one upload.

use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use bollard::models::Mount;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::overlay::{Overlay, Staged};
use super::slot::Slot;
use super::tar_in::{TarIn, TarInError};
use super::upload::{Target, put};
use crate::docker::container::init;
use crate::docker::container::labels::{DEADLINE_SLACK, Owner, TURN_SLACK};
use crate::docker::container::spec::{self, Entry, HOSTS_PATH, hosts};
use crate::docker::container::trash::Container;
use crate::docker::fault::{call, refuse, status};
use crate::docker::images::Confirmed;
use crate::docker::inputs::{StagingFor, Subtree};
use crate::docker::pump::PumpHandle;
use crate::secrets::{SECRETS_PATH, StepSecrets};
use crate::staging::Staging;
use crate::{CA_BUNDLE_PATH, EngineError, EngineInfo, Execution, Network};
use rcrepro_store::BlobStore;

/// Where what a container writes is visible to us.
#[derive(Default)]
pub(crate) struct Places {
    /// The upper directory of each subtree.
    pub uppers: Vec<Option<PathBuf>>,
    /// What PID 1 says at its end.
    pub report: Option<PathBuf>,
}

/// What an overlay puts into a container's description: nothing where inputs are uploaded.
#[derive(Default)]
struct OverlayMounts {
    mounts: Vec<Mount>,
    slots: Vec<Slot>,
    places: Places,
}

/// Makes containers with their inputs in them, in the way that the daemon can do.
pub(crate) struct Stager {
    pump: PumpHandle,
    owner: Owner,
    /// What was asked for.
    staging: Staging,
    described: EngineInfo,
    /// The description once the way is decided.
    decided: OnceLock<EngineInfo>,
    deciding: Mutex<()>,
    overlay: Overlay,
}

impl Stager {
    /// Begins a session. With `api_only` the daemon's directories are never used directly.
    pub fn new(pump: PumpHandle, owner: Owner, staging: Staging, described: EngineInfo, api_only: bool) -> Self {
        let overlay = Overlay::new(pump.clone(), owner.clone(), api_only);
        let (decided, deciding) = (OnceLock::new(), Mutex::default());
        Self { pump, owner, staging, described, decided, deciding, overlay }
    }

    /// Describes the engine, with the way of staging as soon as that is decided.
    pub fn info(&self) -> &EngineInfo {
        self.decided.get().unwrap_or(&self.described)
    }

    /// Forgets every staged tree; each volume is removed when its last container is gone.
    pub async fn clear(&self) {
        self.overlay.clear().await;
    }

    /// Decides once whether overlays are used, by mounting one.
    async fn uses_overlay(&self, of: StagingFor<'_>, subtrees: &[Subtree]) -> Result<bool, EngineError> {
        let _one_at_a_time = self.deciding.lock().await;
        if let Some(info) = self.decided.get() {
            return Ok(info.staging == "overlay");
        }
        let able = self.pump.dialect.has_overlays();
        if self.staging == Staging::Overlay && !able {
            let reason = "Podman cannot stage by overlay volumes, only by archives";
            return Err(refuse(of.label, "stage the inputs", reason));
        }
        let overlay = match (self.staging, subtrees.first()) {
            _ if !able => false,
            (Staging::Archive, _) | (_, None) => false,
            (Staging::Overlay, _) => true,
            (Staging::Auto, Some(first)) => match self.overlay.stage(of, first).await {
                Ok(staged) => self.overlay.prove(of, staged).await.is_ok(),
                Err(error @ (EngineError::Store(_) | EngineError::Interrupted { .. })) => return Err(error),
                Err(_) => false,
            },
        };
        let staging = if overlay { "overlay" } else { "archive" };
        self.decided.get_or_init(|| EngineInfo { staging: staging.to_owned(), ..self.described.clone() });
        Ok(overlay)
    }

    /// Makes the container with its inputs in it.
    pub(crate) async fn prepare(
        &self,
        execution: &Execution<'_>,
        entry: Entry,
        confirmed: &Confirmed,
        subtrees: &[Subtree],
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<(Container, Places), EngineError> {
        let label = execution.label;
        let of = StagingFor { label, image_id: &confirmed.id, store, cancel };
        let overlay = self.uses_overlay(of, subtrees).await?;
        let (ours, watch) = (!entry.engines_init, entry.watch);
        let OverlayMounts { mounts, slots, mut places } = match overlay {
            true => self.stage_overlays(of, execution, &entry, subtrees).await?,
            false => OverlayMounts::default(),
        };
        let waits = if execution.turn.is_some() { TURN_SLACK } else { Duration::ZERO };
        let labels = self.owner.labels(label, SystemTime::now(), waits + execution.limits.time + DEADLINE_SLACK);
        let body = spec::container(execution, &confirmed.id, &confirmed.environment, labels, mounts, entry)?;
        let container = Container::create(&self.pump, label, body, slots).await;
        let container = container.map_err(|error| match status(&error) {
            Some(404) => EngineError::ImageMissing { name: execution.image.name.clone(), id: execution.image.config },
            _ => call(label, "create the container")(error),
        })?;
        let secrets = execution.secrets();
        let bundle = match &execution.network {
            Network::Transport { ca_bundle, .. } => ca_bundle.as_deref(),
            Network::None | Network::Beside { .. } => None,
        };
        if !overlay || bundle.is_some() || secrets.is_some() {
            // `/dev` is covered by a file system of its own when the container runs: the sentinel is not seen there.
            let target = Target { label, container: &container.id, directory: "/", sentinel: "dev/rcrepro-whole" };
            put(&self.pump, &target, cancel, |tar| {
                if let Some(bundle) = bundle {
                    tar.file(CA_BUNDLE_PATH.trim_start_matches('/'), 0, 0o644, bundle.len() as u64, bundle)?;
                }
                if let Some(StepSecrets { script, .. }) = secrets {
                    let path = SECRETS_PATH.trim_start_matches('/');
                    tar.file(path, execution.world.user, 0o600, script.len() as u64, script.as_slice())?;
                }
                match overlay {
                    true => Ok(()),
                    false => put_inputs(tar, execution, ours, watch, subtrees, store),
                }
            })
            .await?;
        }
        places.uppers.resize(subtrees.len(), None);
        Ok((container, places))
    }

    /// Makes every subtree ready to be mounted, and what is mounted beside the first of them.
    async fn stage_overlays(
        &self,
        of: StagingFor<'_>,
        execution: &Execution<'_>,
        entry: &Entry,
        subtrees: &[Subtree],
    ) -> Result<OverlayMounts, EngineError> {
        let mut made = OverlayMounts::default();
        for subtree in subtrees {
            let Staged { mount, hosts, init, report, slot, upper } = self.overlay.stage(of, subtree).await?;
            made.mounts.push(mount);
            // The first subtree is always there; with a network the engine makes a hosts file of its own.
            if made.slots.is_empty() {
                made.mounts.extend(is_isolated(execution).then_some(hosts));
                made.mounts.extend((!entry.engines_init).then_some(init));
                made.mounts.extend(entry.watch.then_some(report));
                made.places.report = upper.as_ref().map(|upper| upper.with_file_name(init::REPORT_NAME));
            }
            made.slots.push(slot);
            made.places.uppers.push(upper);
        }
        Ok(made)
    }
}

fn is_isolated(execution: &Execution<'_>) -> bool {
    spec::network_mode(&execution.network).is_some()
}

/// Writes everything that an overlay would mount: with `ours` the program that is PID 1, with `watch` its report.
fn put_inputs(
    tar: &mut TarIn<&mut dyn Write>,
    execution: &Execution<'_>,
    ours: bool,
    watch: bool,
    subtrees: &[Subtree],
    store: &dyn BlobStore,
) -> Result<(), TarInError> {
    let below_root = |path: &'static str| path.trim_start_matches('/');
    if ours {
        tar.file(below_root(init::PATH), 0, 0o755, init::PROGRAM.len() as u64, init::PROGRAM)?;
    }
    if watch {
        tar.file(below_root(init::REPORT), execution.world.user, 0o600, 0, std::io::empty())?;
    }
    if is_isolated(execution) {
        let hosts = hosts(&execution.world.hostname);
        tar.file(below_root(HOSTS_PATH), 0, 0o644, hosts.len() as u64, hosts.as_slice())?;
    }
    for subtree in subtrees {
        let marks = (subtree.owner, subtree.mtime);
        tar.tree(execution.label, subtree.at.as_str(), subtree.root, marks, store)?;
    }
    Ok(())
}
