//! Makes a container with its inputs in it: by overlay volumes or by one upload.

use std::path::PathBuf;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use super::overlay::Staged;
use super::upload::{Target, put};
use crate::docker::container::init;
use crate::docker::container::spec::{self, Entry, HOSTS_PATH, hosts};
use crate::docker::container::trash::Container;
use crate::docker::fault::{call, status};
use crate::docker::images::Confirmed;
use crate::docker::inputs::Subtree;
use crate::docker::{DEADLINE_SLACK, DockerEngine, Staging, refuse};
use crate::{CA_BUNDLE_PATH, EngineError, EngineInfo, Execution, Network};
use rcrepro_store::BlobStore;

/// Says where what a container writes is visible to us.
pub(crate) struct Places {
    /// The upper directory of each subtree.
    pub uppers: Vec<Option<PathBuf>>,
    /// What PID 1 says at its end.
    pub report: Option<PathBuf>,
}

impl DockerEngine {
    /// Decides once whether overlays are used, by mounting one.
    async fn uses_overlay(
        &self,
        label: &str,
        image_id: &str,
        subtrees: &[Subtree],
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<bool, EngineError> {
        let _one_at_a_time = self.deciding.lock().await;
        if let Some(info) = self.decided.get() {
            return Ok(info.staging == "overlay");
        }
        let able = self.pump.handle().dialect.has_overlays();
        if self.staging == Staging::Overlay && !able {
            return Err(refuse(label, "stage the inputs", "Podman cannot stage by overlay volumes, only by archives"));
        }
        let overlay = match (self.staging, subtrees.first()) {
            _ if !able => false,
            (Staging::Archive, _) | (_, None) => false,
            (Staging::Overlay, _) => true,
            (Staging::Auto, Some(first)) => match self.overlay.stage(label, image_id, first, store, cancel).await {
                Ok(staged) => self.overlay.prove(label, image_id, staged).await.is_ok(),
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
        let isolated = spec::network_mode(&execution.network).is_some();
        let overlay = self.uses_overlay(label, &confirmed.id, subtrees, store, cancel).await?;
        let (mut mounts, mut slots, mut uppers, mut report) = (Vec::new(), Vec::new(), Vec::new(), None);
        if overlay {
            for subtree in subtrees {
                let Staged { mount, hosts, init, report: said, slot, upper } =
                    self.overlay.stage(label, &confirmed.id, subtree, store, cancel).await?;
                mounts.push(mount);
                // The first subtree is always there; with a network the engine makes a hosts file of its own.
                if slots.is_empty() {
                    mounts.extend(isolated.then_some(hosts));
                    mounts.extend((!entry.engines_init).then_some(init));
                    mounts.extend(entry.watch.then_some(said));
                    report = upper.as_ref().map(|upper: &PathBuf| upper.with_file_name(init::REPORT_NAME));
                }
                slots.push(slot);
                uppers.push(upper);
            }
        }
        let lifetime = execution.action.timeout + DEADLINE_SLACK;
        let labels = self.owner.labels(label, SystemTime::now(), lifetime);
        let (ours, watch) = (!entry.engines_init, entry.watch);
        let body = spec::container(execution, &confirmed.id, &confirmed.environment, labels, mounts, entry)?;
        let container = Container::create(self.pump.handle(), label, body, slots).await;
        let container = container.map_err(|error| match status(&error) {
            Some(404) => EngineError::ImageMissing { name: execution.image.name.clone(), id: execution.image.config },
            _ => call(label, "create the container")(error),
        })?;
        let bundle = match &execution.network {
            Network::Transport { ca_bundle, .. } => ca_bundle.as_deref(),
            Network::None | Network::Beside { .. } => None,
        };
        if !overlay || bundle.is_some() {
            // `/dev` is covered by a file system of its own when the container runs: nobody sees the sentinel there.
            let target = Target { label, container: &container.id, directory: "/", sentinel: "dev/rcrepro-whole" };
            put(self.pump.handle(), &target, cancel, |tar| {
                if let Some(bundle) = bundle {
                    tar.file(CA_BUNDLE_PATH.trim_start_matches('/'), 0, 0o644, bundle.len() as u64, bundle)?;
                }
                if !overlay && ours {
                    let program = init::PROGRAM;
                    tar.file(init::PATH.trim_start_matches('/'), 0, 0o755, program.len() as u64, program)?;
                }
                if !overlay && watch {
                    let at = init::REPORT.trim_start_matches('/');
                    tar.file(at, execution.world.user, 0o600, 0, std::io::empty())?;
                }
                if !overlay && isolated {
                    let hosts = hosts(&execution.world.hostname);
                    tar.file(HOSTS_PATH.trim_start_matches('/'), 0, 0o644, hosts.len() as u64, hosts.as_slice())?;
                }
                for subtree in subtrees.iter().filter(|_| !overlay) {
                    tar.tree(label, subtree.at.as_str(), subtree.root, subtree.owner, store)?;
                }
                Ok(())
            })
            .await?;
        }
        uppers.resize(subtrees.len(), None);
        Ok((container, Places { uppers, report }))
    }
}
