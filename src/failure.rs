//! Errors as the user sees them: what went wrong, what caused it, and a command that mends it.

use std::error::Error;

use super::exit::Exit;
use super::output::{complain, has_printed, print_json};
use rcrepro_app::board::pins::PinsError;
use rcrepro_app::evidence::EvidenceError;
use rcrepro_app::evidence::recorded::RecordedError;
use rcrepro_app::frozen::FrozenError;
use rcrepro_app::frozen::failed_step::Cause;
use rcrepro_app::frozen::go_vulndb::VulndbError;
use rcrepro_app::frozen::mirror::MirrorError;
use rcrepro_app::frozen::npm_advisories::CassetteError;
use rcrepro_app::machine::config::ConfigError;
use rcrepro_app::machine::session::SessionError;
use rcrepro_app::run::actions::ActionError;
use rcrepro_app::run::execute::ExecuteError;
use rcrepro_app::run::prepare::PrepareError;
use rcrepro_app::run::replay::ReplayError;
use rcrepro_app::run::shake::ShakeError;
use rcrepro_app::toolchain::ImageError;
use rcrepro_app::toolchain::in_engine::ImagesError;
use rcrepro_app::toolchain::pull::PulledError;
use rcrepro_app::toolchain::push::PushError;
use rcrepro_app::toolchain::validate::ValidateImageError;
use rcrepro_app::why::WhyError;
use rcrepro_app::workspace::WorkspaceError;
use rcrepro_engine::EngineError;
use rcrepro_images::oci::OciError;
use rcrepro_images::packages::PackageError;
use rcrepro_images::packages::debian::DebianError;
use rcrepro_images::registry::RegistryError;
use rcrepro_model::plan::PacketId;
use rcrepro_report::json;
use rcrepro_store::StoreError;
use rcrepro_store::door::DoorError;
use rcrepro_store::ingest::GitError;

/// Is an error on its way to the terminal.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// Nobody is told: whom it concerns has gone.
    silent: bool,
}

impl Failure {
    /// Takes an error and everything that caused it.
    pub fn new(exit: Exit, error: &dyn Error, hint: Option<String>) -> Self {
        let message = error.to_string();
        let mut causes: Vec<String> = Vec::new();
        let (mut cause, mut refused) = (error.source(), None);
        while let Some(error) = cause {
            let text = error.to_string();
            // Many an error repeats its cause: what was said is not said again.
            if !message.contains(&text) && !causes.iter().any(|said| said.contains(&text)) {
                causes.push(text);
            }
            let refusal = error.downcast_ref::<std::io::Error>().and_then(DoorError::of);
            refused = refused.or(refusal.map(DoorError::hint));
            cause = error.source();
        }
        // What stands in a file's place is nearer than what the command makes of it.
        Self { exit, message, causes, hint: refused.or(hint), silent: false }
    }

    /// Says something that no error type says.
    pub fn plain(exit: Exit, message: impl Into<String>, hint: Option<String>) -> Self {
        Self { exit, message: message.into(), causes: Vec::new(), hint, silent: false }
    }

    /// Gives the error with all that caused it, in a line.
    pub fn words(&self) -> String {
        std::iter::once(&self.message).chain(&self.causes).cloned().collect::<Vec<_>>().join(": ")
    }

    /// Ends with an exit code and says nothing.
    pub fn silent(exit: Exit) -> Self {
        Self { silent: true, ..Self::plain(exit, "", None) }
    }

    /// Prints it and gives the exit code: on standard error for people, and on standard output as the one document where
    /// that is wanted.
    pub fn report(&self, json: bool) -> Exit {
        if self.silent {
            return self.exit;
        }
        if json && !has_printed() {
            let document =
                json::error(self.exit.as_str(), self.exit.code(), &self.message, &self.causes, self.hint.as_deref());
            // When nobody reads it, the exit code still says it.
            drop(print_json(&document));
        }
        // What goes on below is indented, so that no message can look like another one or like a hint.
        let whole = |text: &str| text.trim_end().replace('\n', "\n    ");
        let mut text = format!("error: {}\n", whole(&self.message));
        for cause in &self.causes {
            text.push_str(&format!("caused by: {}\n", whole(cause)));
        }
        if let Some(hint) = &self.hint {
            text.push_str(&format!("hint: {}\n", whole(hint)));
        }
        complain(&text);
        self.exit
    }
}

fn hint(text: &str) -> Option<String> {
    Some(text.to_owned())
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let advice = error.hint();
        Self::new(Exit::Engine, &error, advice)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let (exit, advice) = match &error {
            EngineError::Interrupted { .. } => (Exit::Interrupted, None),
            EngineError::Output { .. } => (Exit::Undecided, None),
            EngineError::ImageMismatch { .. } => (
                Exit::Engine,
                hint("restore the lock from git (`git checkout -- lockfiles`), or make it anew: rcrepro image lock"),
            ),
            _ => (Exit::Engine, error.hint().or_else(|| hint("rcrepro doctor"))),
        };
        Self::new(exit, &error, advice)
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        let exit = match &error {
            ImageError::StaleLock { .. }
            | ImageError::Definition(_)
            | ImageError::Path { .. }
            | ImageError::Toml { .. }
            | ImageError::File { .. }
            | ImageError::Key { .. }
            | ImageError::Package(PackageError::Debian(
                DebianError::Key { .. } | DebianError::Unsatisfied(_) | DebianError::Conflict { .. },
            )) => Exit::Plan,
            ImageError::Package(PackageError::Debian(DebianError::Refused { .. } | DebianError::List { .. })) => {
                Exit::Tampered
            }
            ImageError::Oci(OciError::Occupied { .. }) => Exit::Usage,
            _ => Exit::Engine,
        };
        let advice = error.hint().or_else(|| match &error {
            ImageError::Oci(error) => error.hint(),
            ImageError::Differs { .. } => {
                hint("restore the lock from git (`git checkout -- lockfiles`), or make it anew: rcrepro image lock")
            }
            _ => None,
        });
        Self::new(exit, &error, advice)
    }
}

impl From<ValidateImageError> for Failure {
    fn from(error: ValidateImageError) -> Self {
        match error {
            ValidateImageError::Image(error) => error.into(),
            ValidateImageError::Engine(error @ EngineError::ImageMissing { .. }) => {
                Self::new(Exit::Engine, &error, hint("rcrepro image build --load"))
            }
            ValidateImageError::Engine(error) => error.into(),
            ValidateImageError::NotStored { ref name } => {
                let advice = Some(format!("rcrepro image build {name}"));
                Self::new(Exit::Engine, &error, advice)
            }
            ValidateImageError::NotLoaded { .. } => Self::new(Exit::Engine, &error, hint("docker image ls")),
            ValidateImageError::Validate(_) => Self::new(Exit::Engine, &error, None),
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let exit = match error {
            RegistryError::Store(error) => return error.into(),
            RegistryError::NoDigest { .. } | RegistryError::Mirror { .. } => Exit::Usage,
            ref error if error.is_tampering() => Exit::Tampered,
            _ => Exit::Engine,
        };
        let advice = error.hint();
        Self::new(exit, &error, advice)
    }
}

impl From<PushError> for Failure {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Image(error) => error.into(),
            PushError::Registry(error) => error.into(),
        }
    }
}

impl From<PulledError> for Failure {
    fn from(error: PulledError) -> Self {
        match error {
            PulledError::Registry(error) => error.into(),
            PulledError::Engine(error) => error.into(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let advice = hint("mend the file, or name another one: RCREPRO_CONFIG=FILE");
        Self::new(Exit::Usage, &error, advice)
    }
}

impl From<ImagesError> for Failure {
    fn from(error: ImagesError) -> Self {
        match error {
            ImagesError::Image(error) => error.into(),
            ImagesError::Engine(error) => error.into(),
            ImagesError::Store(error) => error.into(),
            ImagesError::Registry(error) => error.into(),
            ImagesError::Pulled(error) => error.into(),
            ImagesError::Published { ref name, .. } => {
                let advice =
                    "build and publish it anew: rcrepro image push NAME REFERENCE, and write its digest into the plan";
                let advice = advice.replace("NAME", name.as_str());
                Self::new(Exit::Plan, &error, Some(advice))
            }
            ImagesError::StalePull { ref name, .. } => {
                Self::new(Exit::Plan, &error, Some(format!("rcrepro image lock {name}")))
            }
            ImagesError::PullDiffers { .. } => Self::new(Exit::Tampered, &error, hint("git checkout -- lockfiles")),
            ImagesError::BadLock { .. } | ImagesError::Plan { .. } | ImagesError::Write { .. } => {
                Self::new(Exit::Plan, &error, None)
            }
            ImagesError::Platform { .. } => Self::new(Exit::Engine, &error, hint("rcrepro doctor")),
            ImagesError::Read { .. } => Self::new(Exit::Plan, &error, hint("rcrepro image lock")),
        }
    }
}

impl From<FrozenError> for Failure {
    fn from(error: FrozenError) -> Self {
        let lock = |name: &dyn std::fmt::Display| Some(format!("rcrepro lock {name}"));
        let (exit, advice) = match error {
            FrozenError::Engine(error) => return error.into(),
            FrozenError::Store(error) => return error.into(),
            // A lock that lies there and is not committed wants no other one.
            FrozenError::NoLock { ref path, .. } if path.exists() => {
                (Exit::Plan, Some(format!("git add {} && git commit", path.display())))
            }
            FrozenError::NoLock { ref name, .. } | FrozenError::Stale { ref name, .. } => (Exit::Plan, lock(name)),
            FrozenError::Mismatch { ref name, .. } => (
                Exit::Engine,
                Some(format!(
                    "the registry or mirror has other bytes than it had; if that is right: rcrepro lock {name}"
                )),
            ),
            FrozenError::Vulndb { source: VulndbError::Mirror(MirrorError::Missing { .. }), .. } => (
                Exit::Engine,
                hint("put the database there, or a link to it: a folder or a zip of it, with `index` and `ID`"),
            ),
            FrozenError::Vulndb { .. } => (Exit::Plan, hint("put the whole of a published database there")),
            FrozenError::Cassette { ref name, ref source } => {
                let exit = if matches!(source, CassetteError::Mirror(_)) { Exit::Engine } else { Exit::Plan };
                (exit, Some(format!("name an `image` for it in the plan and record it: rcrepro lock {name}")))
            }
            FrozenError::Step { cause: Cause::Project, .. } => (Exit::Plan, None),
            FrozenError::Step { cause: Cause::World, .. } => {
                (Exit::Engine, hint("rcrepro doctor says where packages come from"))
            }
            FrozenError::Tree(_) | FrozenError::Export(_) | FrozenError::Write { .. } => (Exit::Engine, None),
            FrozenError::Refused { ref faults, .. } => {
                let mut hints: Vec<&str> = Vec::new();
                for hint in faults.iter().filter_map(|fault| fault.hint.as_deref()) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
                (Exit::Plan, (!hints.is_empty()).then(|| hints.join("\nhint: ")))
            }
            FrozenError::LeftOut { .. } => (
                Exit::Plan,
                hint("package.json and its lock do not ask for the same: npm install --package-lock-only, and commit"),
            ),
            FrozenError::BadLock { .. } | FrozenError::NoImage { .. } | FrozenError::Path(_) => (Exit::Plan, None),
        };
        Self::new(exit, &error, advice)
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        let advice = match &error {
            WorkspaceError::NoPlan { .. } => hint("name the folder with rcrepro.toml: rcrepro -C DIR …"),
            WorkspaceError::Plan { mistake, .. } => mistake.hint.clone(),
            WorkspaceError::CommittedPlan { path, .. } | WorkspaceError::NotCommitted { path, .. } => {
                Some(format!("git add {} && git commit", path.display()))
            }
            WorkspaceError::NoPacket { known, .. } => Some(format!("known: {}", known.join(", "))),
            WorkspaceError::NoRepository { .. } => hint("git init && git add -A && git commit"),
            WorkspaceError::Source(error) => error.hint(),
        };
        let mut failure = Self::new(Exit::Plan, &error, advice);
        if matches!(&error, WorkspaceError::Source(GitError::NoCommit { .. })) {
            // What the library says of a name that it does not find helps nobody.
            failure.causes.truncate(1);
        }
        failure
    }
}

impl From<PinsError> for Failure {
    fn from(error: PinsError) -> Self {
        match error {
            PinsError::Workspace(error) => error.into(),
            PinsError::NoPins => {
                let advice = "write into rcrepro.toml: [pins.go] and below it version = \"1.26.8\"";
                Self::new(Exit::Plan, &error, hint(advice))
            }
        }
    }
}

impl From<PrepareError> for Failure {
    fn from(error: PrepareError) -> Self {
        match error {
            PrepareError::Workspace(error) => error.into(),
            PrepareError::Images(error) => error.into(),
            PrepareError::Frozen(error) => error.into(),
        }
    }
}

impl From<ExecuteError> for Failure {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Engine(error) => error.into(),
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Action(ActionError::Store(error)) => error.into(),
            ExecuteError::Action(_) => {
                let advice = hint("a declared output may not stand in the source: remove it there, or from `outputs`");
                Self::new(Exit::Plan, &error, advice)
            }
            ExecuteError::TooLargeToNormalize { .. } => Self::new(Exit::Undecided, &error, None),
            ExecuteError::NoFileToNormalize { .. } => {
                let advice = hint("name the files themselves as `outputs`, or take it out of `normalize.outputs`");
                Self::new(Exit::Plan, &error, advice)
            }
        }
    }
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        Self::new(Exit::Undecided, &error, None)
    }
}

impl From<RecordedError> for Failure {
    fn from(error: RecordedError) -> Self {
        match error.cure() {
            Some(cure) => Self::new(Exit::Undecided, &error, Some(format!("run it again: {cure}"))),
            None => Self::new(Exit::Engine, &error, None),
        }
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Tampered { ref path, .. } => {
                Self::new(Exit::Tampered, &error, Some(format!("rcrepro verify {}", path.display())))
            }
            ReplayError::Run(error) => (*error).into(),
            ReplayError::Evidence(error) => error.into(),
            ReplayError::Runs(_) => Self::new(Exit::Engine, &error, None),
            ReplayError::NoManifest { ref path, .. } => {
                // `manifests/RC-05.json` is that of RC-05; any other file has to be named rightly.
                let stem = path.file_stem().and_then(|stem| stem.to_str());
                let packet = stem.and_then(|stem| stem.parse::<PacketId>().ok());
                let advice = packet.map_or_else(
                    || "name a packet, or the file of a manifest".to_owned(),
                    |packet| {
                        format!("rcrepro run {packet} records it; what a run that failed printed: rcrepro log {packet}")
                    },
                );
                Self::new(Exit::Undecided, &error, Some(advice))
            }
            ReplayError::Manifest { .. } => Self::new(Exit::Tampered, &error, hint("git checkout -- manifests")),
        }
    }
}

impl From<WhyError> for Failure {
    fn from(error: WhyError) -> Self {
        let (exit, advice) = match error {
            WhyError::Read(error) => return error.into(),
            WhyError::Evidence(error) => return error.into(),
            WhyError::Store(error) => return error.into(),
            WhyError::Recorded(error) => return error.into(),
            WhyError::NoTarget { .. } => {
                (Exit::Usage, hint("name two of: a packet, a run's id, `latest`, a manifest file"))
            }
            WhyError::Packets { .. } => (Exit::Usage, None),
            WhyError::WhichPacket { ref target } => (
                Exit::Usage,
                Some(format!("name the packet first: rcrepro why PACKET {target}; its name: rcrepro status")),
            ),
            WhyError::NoRecord { .. } => (Exit::Undecided, None),
            WhyError::NoRun { ref packet, .. } => (Exit::Undecided, Some(format!("rcrepro replay {packet}"))),
            WhyError::Itself { ref packet, .. } => (Exit::Undecided, Some(format!("rcrepro replay {packet}"))),
            WhyError::Runs(_) | WhyError::Tree(_) => (Exit::Engine, None),
        };
        Self::new(exit, &error, advice)
    }
}

impl From<ShakeError> for Failure {
    fn from(error: ShakeError) -> Self {
        match error {
            ShakeError::Workspace(error) => error.into(),
            ShakeError::Prepare(error) => error.into(),
            ShakeError::Execute(error) => error.into(),
            ShakeError::Store(error) => error.into(),
            ShakeError::NoCommand { ref known, .. } => {
                let advice = Some(format!("known: {}", known.join(", ")));
                Self::new(Exit::Usage, &error, advice)
            }
            ShakeError::World { command, world, source } => {
                let Self { exit, message, causes, .. } = (*source).into();
                let causes = std::iter::once(message).chain(causes).collect();
                let advice = hint("leave out what the engine cannot do: rcrepro shake --vary WHAT,… PACKET");
                Self { causes, ..Self::plain(exit, format!("command `{command}` with {world} gave no result"), advice) }
            }
            ShakeError::Export(_) => Self::new(Exit::Engine, &error, None),
        }
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::Engine(error) => error.into(),
            SessionError::Runs(_) => Self::new(Exit::Engine, &error, None),
        }
    }
}
