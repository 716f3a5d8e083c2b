//! Executes actions in containers of Docker Engine, or of Podman through its Docker API.
//!
//! Goals: fresh container for each command, nothing from the host in it, complete streams, a result that is only believed
//! when streams, wait and inspect agree, nothing left behind after any end. It works over unix sockets, TCP and SSH
//! alike, because inputs and outputs travel through the API; on a local daemon the faster way is used, with the same
//! digests. This folder is the only one that knows bollard.
//!
//! Network steps ([`super::Network::Transport`]) use the engine's bridge. A proxy that listens on the host's loopback address
//! cannot be reached from there: its variables must name an address that the bridge reaches.
//!
//! Refused alternatives: log drivers (`json-file` breaks bytes that are not UTF-8, `local` drops some, and both are read
//! with a delay); binds of host directories (no remote daemon); hard links out of the store below an overlay (read-only
//! files of another owner are another tree to the command); a container that is kept and used again (not fresh).
//!
//! Not supported: a daemon behind TLS over TCP (use `ssh://`), and Podman behind `ssh://` (forward its socket).

mod address;
mod blocking;
mod connect;
mod container;
mod dialect;
mod fault;
mod images;
mod inputs;
mod libpod;
mod outputs;
mod pump;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use bollard::Docker;
use tokio_util::sync::CancellationToken;

use self::container::init;
use self::container::labels::Owner;
use self::container::lifecycle::{self, Created, Ended};
use self::container::spec::Entry;
use self::container::trash::{self, Container};
use self::fault::{incomplete, refuse};
use self::images::{Confirmed, held_tag, leftovers};
use self::inputs::Subtree;
use self::inputs::staging::{Places, Stager};
use self::outputs::{Collected, seen};
use self::pump::Pump;
use super::{Engine, EngineError, EngineInfo, Executed, Execution, ImageHost as _, MemoryPool, Network};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::execution::action::ActionResult;
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::world::{ClockMode, UMASK, World};
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_store::BlobStore;

pub(crate) use self::address::EngineAddress;
pub(crate) use self::container::init::{PATH as INIT_PATH, step_entry};
pub use self::container::labels::RUN;
pub use super::Staging;

/// Which engine is used, and for whom.
#[derive(Debug, Clone)]
pub struct DockerOptions {
    /// The daemon's address; without it `DOCKER_HOST`, then the default socket.
    pub docker_host: Option<String>,
    /// Names the store, in labels.
    pub store_id: String,
    /// Names this process's run, in labels.
    pub run_id: String,
    /// How inputs reach a container.
    pub staging: Staging,
    /// Where streams are spooled; a disk, because their size has no bound. The system's temporary folder by default.
    pub spool_dir: PathBuf,
    /// Never uses the daemon's directories directly, even where they are visible, as with a remote daemon.
    pub api_only: bool,
}

impl DockerOptions {
    /// Uses `DOCKER_HOST` or the default socket, and the best staging.
    #[must_use]
    pub fn new(store_id: impl Into<String>, run_id: impl Into<String>) -> Self {
        Self {
            docker_host: None,
            store_id: store_id.into(),
            run_id: run_id.into(),
            staging: Staging::Auto,
            spool_dir: std::env::temp_dir(),
            api_only: false,
        }
    }
}

/// Executes actions in containers.
pub struct DockerEngine {
    client: Docker,
    owner: Owner,
    stager: Stager,
    spool_dir: PathBuf,
    images: Mutex<HashMap<(Sha256, Sha256), (ImageIdentity, Confirmed)>>,
    /// Why worlds cannot be made on this engine, once that is known.
    unpinned: OnceLock<String>,
    pump: Pump,
    memory: MemoryPool,
}

impl DockerEngine {
    /// Connects to the engine and checks its version: Docker 20.10 or later, API 1.41 or later.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when nothing answers there, or something too old.
    pub async fn connect(options: DockerOptions) -> Result<Self, EngineError> {
        let address = EngineAddress::find(options.docker_host.as_deref())?;
        // Who named the address matters as much as the address.
        let told = |error| match error {
            EngineError::Unreachable { reason, .. } => {
                EngineError::Unreachable { address: address.to_string(), reason }
            }
            error => error,
        };
        let client = connect::client(&address.url).map_err(told)?;
        let (described, dialect) = connect::describe(&client, &address.url).await.map_err(told)?;
        let unreachable = |error: std::io::Error| EngineError::Unreachable {
            address: address.to_string(),
            reason: format!("cannot start the engine's threads: {error}"),
        };
        let pump = Pump::start(connect::client(&address.url).map_err(told)?, dialect).map_err(unreachable)?;
        let memory = MemoryPool::new(described.machine.memory);
        let owner = Owner { store_id: options.store_id, run_id: options.run_id };
        Ok(Self {
            client,
            stager: Stager::new(pump.handle().clone(), owner.clone(), options.staging, described, options.api_only),
            owner,
            unpinned: OnceLock::new(),
            spool_dir: options.spool_dir,
            images: Mutex::default(),
            pump,
            memory,
        })
    }

    /// Confirms an image, once a session: an id names its content.
    async fn confirmed(&self, image: &ImageIdentity) -> Result<Confirmed, EngineError> {
        let key = (image.config, image.manifest);
        let known = self.images.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((identity, confirmed)) = known
            && identity == *image
        {
            return Ok(confirmed);
        }
        let confirmed = images::confirm(&self.client, image).await?;
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        images.insert(key, (image.clone(), confirmed.clone()));
        Ok(confirmed)
    }

    /// Refuses what this engine cannot confirm: another image than the action names, another machine.
    fn check_platform(&self, execution: &Execution<'_>) -> Result<(), EngineError> {
        let platform = &execution.action.command.platform;
        if platform.image_manifest != execution.image.manifest {
            return Err(EngineError::ImageMismatch {
                name: execution.image.name.clone(),
                part: "manifest".into(),
                expected: platform.image_manifest.to_oci(),
                found: execution.image.manifest.to_oci(),
            });
        }
        if platform.isa != self.stager.info().isa {
            let reason =
                format!("the action is for {}, the engine's machine is {}", platform.isa, self.stager.info().isa);
            return Err(refuse(execution.label, "execute the command", reason));
        }
        Ok(())
    }

    /// Leaves of a world what this engine can make.
    fn possible(&self, world: &World) -> World {
        if init::runs_on(&self.stager.info().isa) && self.unpinned.get().is_none() {
            return world.clone();
        }
        let umask = if init::runs_on(&self.stager.info().isa) { world.umask } else { UMASK };
        World { hostname: world.hostname.clone(), user: world.user, umask, ..World::real() }
    }

    /// Runs one container to its end.
    async fn run(
        &self,
        execution: &Execution<'_>,
        confirmed: &Confirmed,
        subtrees: &[Subtree],
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<(Ended, Container, Places), EngineError> {
        let pump = self.pump.handle();
        let command = &execution.action.command.arguments;
        let ours = init::runs_on(&self.stager.info().isa) && !command.is_empty();
        let gate = ours && execution.turn.is_some() && init::has_gate(&pump.dialect);
        // A builder's steps have a PID 1 of their own, and the kernel gives one listener to system calls, not two.
        let watches = execution.network == Network::None && !execution.privilege.is_builder();
        let watch = ours && watches && self.unpinned.get().is_none();
        let arguments = if ours { init::arguments(execution.world, watch, gate, command) } else { command.clone() };
        let entry = Entry { arguments, gate, watch, engines_init: !ours };
        let (container, places) = self.stager.prepare(execution, entry, confirmed, subtrees, store, cancel).await?;
        let created = Created {
            client: &self.client,
            pump,
            container: &container.id,
            spool_dir: &self.spool_dir,
            gated: gate,
            memory: &self.memory,
        };
        let ended = lifecycle::run_to_end(&created, execution, store, cancel).await?;
        Ok((ended, container, places))
    }
}

#[async_trait]
impl Engine for DockerEngine {
    fn info(&self) -> &EngineInfo {
        self.stager.info()
    }

    fn unpinned(&self) -> Option<&str> {
        if !init::runs_on(&self.stager.info().isa) {
            return Some("the program that pins it was not compiled for the engine's machine");
        }
        self.unpinned.get().map(String::as_str)
    }

    async fn confirm_image(&self, image: &ImageIdentity) -> Result<(), EngineError> {
        self.confirmed(image).await.map(|_| ())
    }

    async fn execute(
        &self,
        execution: &Execution<'_>,
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<Executed, EngineError> {
        if cancel.is_cancelled() {
            return Err(EngineError::Interrupted { label: execution.label.to_owned() });
        }
        self.check_platform(execution)?;
        let confirmed = self.confirmed(execution.image).await?;
        let subtrees = inputs::subtrees(execution, store)?;
        loop {
            let known = self.unpinned.get().is_some();
            let world = self.possible(execution.world);
            let execution = Execution { world: &world, ..execution.clone() };
            let (ended, container, places) = self.run(&execution, &confirmed, &subtrees, store, cancel).await?;
            if let Some(reason) = lifecycle::refused_world(&ended, &execution, store)? {
                // Nothing was executed. Once more as the machine is, and so from now on.
                if known {
                    return Err(refuse(execution.label, "start the command", reason));
                }
                self.unpinned.get_or_init(|| reason);
                continue;
            }
            let pump = self.pump.handle();
            let is_watched = execution.network == Network::None && !execution.privilege.is_builder();
            let attempts = match (is_watched, self.unpinned()) {
                (true, None) => {
                    let report = seen::collect(pump, &container.id, places.report.as_deref()).await;
                    seen::judge(report.as_ref(), ended.code, ended.ending)
                        .map_err(|reason| incomplete(execution.label, reason))?;
                    report.map_or_else(|reason| Watch::Unknown { reason }, |report| Watch::Seen(report.seen))
                }
                (true, Some(reason)) => Watch::Unknown { reason: reason.to_owned() },
                (false, _) if execution.network == Network::None => {
                    Watch::Unknown { reason: "it built images".to_owned() }
                }
                (false, _) => Watch::Unknown { reason: "it had a network".to_owned() },
            };
            let Collected { kept: outputs, unkept } =
                outputs::collect(pump, &container.id, &execution, &subtrees, &places.uppers, store).await?;
            let is_own = world.clock() != ClockMode::Real && execution.network == Network::None;
            let clock = if is_own && !attempts.confirms_clock() { ClockMode::Unconfirmed } else { world.clock() };
            return Ok(Executed {
                result: ActionResult { exit_code: ended.code, stdout: ended.stdout, stderr: ended.stderr, outputs },
                ending: ended.ending,
                duration: ended.duration,
                clock,
                world: world.clone(),
                attempts,
                unkept,
            });
        }
    }

    async fn sweep_orphans(
        &self,
        is_alive: &(dyn for<'a, 'b> Fn(&'a str, &'b str) -> bool + Sync),
    ) -> Result<Vec<String>, EngineError> {
        let mut removed = trash::sweep(&self.client, &self.owner, is_alive).await?;
        if self.cannot_build().is_none() {
            removed.extend(leftovers::sweep(&self.client, &self.owner, is_alive).await?);
        }
        removed.extend(held_tag::sweep(&self.client, &self.owner, is_alive).await?);
        Ok(removed)
    }

    async fn close(&self) {
        self.stager.clear().await;
        self.pump.idle().await;
    }
}
