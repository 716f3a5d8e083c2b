//! Where actions are executed.
//!
//! [`Engine`] is the port. An adapter takes an action whose input tree is in the store, executes it, and puts the streams
//! and the declared outputs into the store. A result is a value whatever the exit code; `Err` means that nothing could be
//! decided, and then nothing is believed. [`ImageHost`] is the second port, of engines that keep images. [`connect()`] gives
//! both; other crates name no adapter.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_store as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_app as _;
//! ```

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "spools and sockets are the engine's own")]

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use rcrepro_model::content::digest::Sha256;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::execution::action::{Action, ActionResult, Ending};
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::limits::EngineMachine;
use rcrepro_model::execution::world::{ClockMode, World};
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::text::hint::Hint;
use rcrepro_store::{BlobStore, StoreError};

pub mod docker;
pub mod fake;

mod connect;
mod image_host;
mod lanes;
mod live;
mod secrets;
mod staging;

pub use self::connect::{ConnectOptions, Connected, address_hint, connect};
pub use self::image_host::{
    ArchiveStream, BuildEnd, BuildRequest, BuiltTarget, IMAGE_OUTPUT, ImageEnd, ImageHealth, ImageHost, ImageStart,
    RunningImage, STOP_GRACE, StartEnd, TaggedArchive,
};
pub use self::lanes::{Lanes, MemoryPool, Turn, TurnPermit};
pub use self::live::{LiveOutput, OutputTail, last_line};
pub use self::secrets::{SECRETS_PATH, StepSecrets};
pub use self::staging::Staging;

/// An action and what the engine has to know beside it. None of this but the action enters a digest.
#[derive(Debug, Clone)]
pub struct Execution<'a> {
    /// What is executed; its input root is in the store.
    pub action: &'a Action,
    /// The image that `action.command.platform` names, as locked.
    pub image: &'a ImageIdentity,
    /// A short name for labels and messages, such as `RC-05/go-test`.
    pub label: &'a str,
    /// What the container may use.
    pub limits: Limits,
    /// Whether there is a network, and how to get through it.
    pub network: Network,
    /// What it may do on the engine's machine.
    pub privilege: Privilege,
    /// What the command sees beside its inputs.
    pub world: &'a World,
    /// Its turn among others, for which everything can be made ready before; without it the command begins at once.
    pub turn: Option<Turn<'a>>,
    /// Where the engine says how the end of its output can be looked at while it runs.
    pub live: Option<&'a LiveOutput>,
}

impl<'a> Execution<'a> {
    /// Returns what its streams must not show.
    pub(crate) fn secrets(&self) -> Option<&StepSecrets> {
        match &self.privilege {
            Privilege::ImageBuilder { secrets } => secrets.as_ref(),
            Privilege::None => self.network.secrets(),
        }
    }

    /// Waits until there is room for it, and says that the command begins.
    ///
    /// # Errors
    /// [`EngineError::Interrupted`].
    pub async fn take_turn(
        &self,
        pool: &'a MemoryPool,
        cancel: &CancellationToken,
    ) -> Result<TurnPermit<'a>, EngineError> {
        let name = self.label.split_once('/').map_or(self.label, |(_, name)| name);
        let permit = pool.take((name, self.limits.memory), self.turn, cancel).await;
        permit.ok_or_else(|| EngineError::Interrupted { label: self.label.to_owned() })
    }
}

/// What a container may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run.
    pub time: Duration,
    /// Memory in bytes, swap included.
    pub memory: u64,
    /// The number of processes and threads.
    pub pids: u32,
    /// What each declared output may hold, in bytes.
    pub output: u64,
}

/// What a container may do on the engine's machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Privilege {
    /// Nothing: no capability, and none to be had. Every command has this.
    #[default]
    None,
    /// Makes containers of its own, with a scratch volume at [`BUILDER_STATE`]: it may mount file systems (`CAP_SYS_ADMIN`), and no
    /// filter of system calls holds it back; it has no device of the host. Only the program that builds images has this, never what it
    /// runs in its steps.
    ImageBuilder {
        /// What steps may be given, none of it recorded; none where nothing is secret.
        secrets: Option<StepSecrets>,
    },
}

impl Privilege {
    /// Whether images are built.
    pub(crate) const fn is_builder(&self) -> bool {
        matches!(self, Self::ImageBuilder { .. })
    }
}

/// Where PID 1 lies in every container, root's and read-only.
pub const INIT_PATH: &str = docker::INIT_PATH;

/// Writes how a step of an image's build begins, up to its command: PID 1, which is found at `at`, and what it makes of the world.
#[must_use]
pub fn step_entry(world: &World, at: &str) -> Vec<String> {
    docker::step_entry(world, at)
}

/// Where [`Privilege::ImageBuilder`] finds an empty volume, which no overlay lies under.
pub const BUILDER_STATE: &str = "/var/lib/buildkit";

/// What the output of a step of the runner's own may hold, in bytes: 64 GiB.
pub const OWN_OUTPUT: u64 = 64 << 30;

/// Which network the container has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// Loopback only.
    None,
    /// The loopback of another container, which has no other network either.
    Beside {
        /// That container's id.
        container: String,
    },
    /// The engine's default network, for frozen-input steps; what is given here never enters a digest, because the locked
    /// output digest is what is relied on.
    Transport {
        /// Proxy and CA variables, every client's own.
        environment: BTreeMap<String, String>,
        /// The host's trusted CA certificates in PEM, put at [`CA_BUNDLE_PATH`].
        ca_bundle: Option<Vec<u8>>,
        /// What opens registries; none where nothing does.
        secrets: Option<StepSecrets>,
    },
}

impl Network {
    /// Returns what opens registries.
    pub(crate) fn secrets(&self) -> Option<&StepSecrets> {
        match self {
            Self::Transport { secrets, .. } => secrets.as_ref(),
            Self::None | Self::Beside { .. } => None,
        }
    }
}

/// Where a network step finds the host's trusted CA certificates.
pub const CA_BUNDLE_PATH: &str = "/etc/rcrepro/ca-bundle.pem";

/// A finished execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// What it produced.
    pub result: ActionResult,
    /// How it ended.
    pub ending: Ending,
    /// How long the command itself ran, by the engine's clock.
    pub duration: Duration,
    /// The wall clock that it saw: real where the engine cannot pin it, whatever was asked for.
    pub clock: ClockMode,
    /// The world that it saw: what was asked for, as far as the engine can make it.
    pub world: World,
    /// The attempts at the network that were seen.
    pub attempts: Watch,
    /// Declared outputs that were made and cannot be kept, with the reason; they are not among the result's outputs.
    pub unkept: BTreeMap<TreePath, String>,
}

impl Executed {
    /// Refuses an execution whose outputs could not all be kept.
    ///
    /// # Errors
    /// [`EngineError::Output`].
    pub fn whole(self, label: &str) -> Result<Self, EngineError> {
        match self.unkept.first_key_value() {
            Some((path, reason)) => {
                let (label, path, reason) = (label.to_owned(), path.to_string(), reason.clone());
                Err(EngineError::Output { label, path, reason })
            }
            None => Ok(self),
        }
    }
}

/// Describes the engine for the run record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The engine's name, such as `docker`.
    pub name: String,
    /// The version as the engine writes it, such as `28.0.1`.
    pub version: String,
    /// The version of the API that was agreed on.
    pub api_version: String,
    /// The machine's architecture as REAPI's `ISA` spells it.
    pub isa: String,
    /// The machine that it runs containers on.
    pub machine: EngineMachine,
    /// How inputs reach the container: `overlay` or `archive`, or `undecided` as long as none were staged.
    pub staging: String,
}

/// Why an engine could not decide.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No engine answers.
    #[error("no container engine answers at {address}: {reason}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What the client said.
        reason: String,
    },
    /// The engine's image is not the locked one.
    #[error("image `{name}` is not the locked one: {part} is {found}, the lock says {expected}")]
    ImageMismatch {
        /// Its name in the lock.
        name: String,
        /// Which digest differs: `image id` or `layer 2`.
        part: String,
        /// The locked digest.
        expected: String,
        /// The engine's digest.
        found: String,
    },
    /// The engine does not have the image.
    #[error("image `{name}` ({id}) is not in the engine")]
    ImageMissing {
        /// Its name in the lock.
        name: String,
        /// The config digest.
        id: Sha256,
    },
    /// The engine keeps no images, and one has to be loaded, read or built there.
    #[error("cannot {doing} `{image}`: the engine {engine} keeps no images")]
    NoImageHost {
        /// The engine's name.
        engine: String,
        /// What was wanted, as a verb.
        doing: &'static str,
        /// Its name, or its id.
        image: String,
    },
    /// The engine refused or broke off a call.
    #[error("{label}: the engine could not {doing}: {reason}")]
    Call {
        /// The execution's label.
        label: String,
        /// What was tried, as a verb.
        doing: &'static str,
        /// What the engine said.
        reason: String,
    },
    /// The evidence is not whole, so the result is not believed.
    #[error("{label}: the result is not believed: {reason}")]
    Incomplete {
        /// The execution's label.
        label: String,
        /// Which part is missing.
        reason: String,
    },
    /// An output cannot be read, or a step that needs it made one that a tree cannot hold: a device, a socket, a name that
    /// is not UTF-8.
    #[error("{label}: output `{path}` cannot be kept: {reason}")]
    Output {
        /// The execution's label.
        label: String,
        /// The path in the container.
        path: String,
        /// What cannot be kept about it, or why it cannot be read.
        reason: String,
    },
    /// The user stopped the run.
    #[error("{label}: interrupted")]
    Interrupted {
        /// The execution's label.
        label: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Hint for EngineError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Interrupted { .. } | Self::Output { .. } => None,
            Self::NoImageHost { .. } => {
                Some("set DOCKER_HOST to an engine that keeps images; rcrepro doctor says which one is used".to_owned())
            }
            Self::ImageMismatch { .. } => Some(
                "restore the lock from git (`git checkout -- lockfiles`), or make it anew: rcrepro image lock"
                    .to_owned(),
            ),
            _ => Some("rcrepro doctor".to_owned()),
        }
    }
}

/// Executes actions.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Describes the engine.
    fn info(&self) -> &EngineInfo;

    /// Returns why commands see nothing but the machine's own world, real clock and all; `None` as long as that is not known.
    fn unpinned(&self) -> Option<&str> {
        None
    }

    /// Confirms that the engine holds exactly the locked image.
    ///
    /// # Errors
    /// [`EngineError::ImageMissing`], [`EngineError::ImageMismatch`] or a failed call.
    async fn confirm_image(&self, image: &ImageIdentity) -> Result<(), EngineError>;

    /// Executes one action in a fresh container and removes every trace of it, whatever happens.
    ///
    /// # Errors
    /// [`EngineError`] when the result cannot be believed. A non-zero exit code, a signal, a time-out and memory that ran out
    /// are results.
    async fn execute(
        &self,
        execution: &Execution<'_>,
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<Executed, EngineError>;

    /// Removes what dead runs left in the engine: things of this store whose run `is_alive(store, run)` denies, and those of
    /// any store whose deadline passed more than an hour ago. Gives what it removed.
    ///
    /// # Errors
    /// [`EngineError::Call`] when they cannot be listed.
    async fn sweep_orphans(
        &self,
        is_alive: &(dyn for<'a, 'b> Fn(&'a str, &'b str) -> bool + Sync),
    ) -> Result<Vec<String>, EngineError>;

    /// Removes what was kept for the next execution, such as staged inputs. Called on every way out.
    async fn close(&self);
}
