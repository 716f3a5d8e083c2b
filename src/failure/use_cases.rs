//! The exit codes of what the use cases report.

use super::Failure;
use crate::exit::Exit;
use rcrepro_app::advisories::rescan::RescanError;
use rcrepro_app::advisories::rescan_record::RecordError;
use rcrepro_app::advisories::time_split::TimeSplitError;
use rcrepro_app::board::approve::ApproveError;
use rcrepro_app::board::documents::DocumentsError;
use rcrepro_app::board::pins::PinsError;
use rcrepro_app::board::scope::ScopeError;
use rcrepro_app::board::sections::SectionsIoError;
use rcrepro_app::board::status_error::StatusError;
use rcrepro_app::evidence::EvidenceError;
use rcrepro_app::evidence::evidence_set::EvidenceSetError;
use rcrepro_app::evidence::latest::LatestError;
use rcrepro_app::evidence::recorded::RecordedError;
use rcrepro_app::evidence::tampered::Tampered;
use rcrepro_app::frozen::FrozenError;
use rcrepro_app::frozen::failed_step::Blame;
use rcrepro_app::frozen::go::vulndb::VulndbError;
use rcrepro_app::frozen::mirror::MirrorError;
use rcrepro_app::frozen::npm::advisories::CassetteError;
use rcrepro_app::machine::config::ConfigError;
use rcrepro_app::machine::session::SessionError;
use rcrepro_app::mutants::MutateError;
use rcrepro_app::release::error::ReleaseError;
use rcrepro_app::run::RunError;
use rcrepro_app::run::actions::ActionError;
use rcrepro_app::run::execute::ExecuteError;
use rcrepro_app::run::prepare::PrepareError;
use rcrepro_app::run::replay::ReplayError;
use rcrepro_app::run::shake::ShakeError;
use rcrepro_app::toolchain::ImageError;
use rcrepro_app::why::error::WhyError;
use rcrepro_app::workspace::WorkspaceError;
use rcrepro_format::records::manifest_json::ManifestError;
use rcrepro_model::text::hint::Hint as _;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::door::DoorError;
use rcrepro_store::ingest::GitError;

/// What does not exist is a mistake on the command line, whatever it is.
impl From<UnknownName> for Failure {
    fn from(error: UnknownName) -> Self {
        Self::new(Exit::Usage, &error)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Usage, &error)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Store(error) => error.into(),
            SessionError::Engine(error) => error.into(),
            SessionError::Runs(_) => Self::with_hint(Exit::Engine, &error, None),
        }
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        Self::of_workspace(&error)
    }
}

impl Failure {
    /// Takes an error of the workspace. A source that cannot be read decides nothing, whatever was asked.
    pub fn of_workspace(error: &WorkspaceError) -> Self {
        let exit = match error {
            error if error.is_unknown_name() => Exit::Usage,
            error if error.is_unreadable() => Exit::Undecided,
            WorkspaceError::Source(GitError::Store(_)) => Exit::Engine,
            _ => Exit::Plan,
        };
        Self::new(exit, error)
    }
}

impl From<FrozenError> for Failure {
    fn from(error: FrozenError) -> Self {
        let exit = match error {
            FrozenError::Engine(error) => return error.into(),
            FrozenError::Store(error) => return error.into(),
            FrozenError::Definition(error) => return (*error).into(),
            FrozenError::Package(error) => return ImageError::Package(error).into(),
            FrozenError::Mismatch { .. }
            | FrozenError::Altered { .. }
            | FrozenError::Vulndb { source: VulndbError::Mirror(MirrorError::Missing { .. }), .. }
            | FrozenError::Cassette { source: CassetteError::Mirror(_), .. }
            | FrozenError::Step { blame: Blame::World, .. }
            | FrozenError::Tree(_)
            | FrozenError::Export(_)
            | FrozenError::Write { .. } => Exit::Engine,
            FrozenError::NoLock { .. }
            | FrozenError::Stale { .. }
            | FrozenError::OtherKind { .. }
            | FrozenError::Vulndb { .. }
            | FrozenError::Cassette { .. }
            | FrozenError::Step { blame: Blame::Project, .. }
            | FrozenError::Refused { .. }
            | FrozenError::LeftOut { .. }
            | FrozenError::NotWheel { .. }
            | FrozenError::BadLock { .. }
            | FrozenError::NoImage { .. }
            | FrozenError::NoArchive { .. }
            | FrozenError::NoPackages { .. }
            | FrozenError::NoModules { .. }
            | FrozenError::Path(_) => Exit::Plan,
        };
        Self::new(exit, &error)
    }
}

impl From<PinsError> for Failure {
    fn from(error: PinsError) -> Self {
        match error {
            PinsError::Workspace(error) => error.into(),
            // Nothing at all is not a pass, and no mistake of the plan either.
            PinsError::NoPins => Self::new(Exit::Undecided, &error),
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
        let exit = match error {
            ExecuteError::Engine(error) => return error.into(),
            ExecuteError::Store(error) => return error.into(),
            ExecuteError::Action(ActionError::Store(error)) => return error.into(),
            ExecuteError::Added { .. } | ExecuteError::TooLargeToNormalize { .. } => Exit::Undecided,
            ExecuteError::Action(_) | ExecuteError::NoFileToNormalize { .. } => Exit::Plan,
        };
        Self::new(exit, &error)
    }
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        Self::new(Exit::Undecided, &error)
    }
}

impl From<RecordedError> for Failure {
    fn from(error: RecordedError) -> Self {
        let exit = if error.cure().is_some() { Exit::Undecided } else { Exit::Engine };
        Self::new(exit, &error)
    }
}

impl From<LatestError> for Failure {
    fn from(error: LatestError) -> Self {
        let exit = match error {
            LatestError::Recorded(error) => return error.into(),
            LatestError::Manifest(error) => return (*error).into(),
            LatestError::Runs(_) => Exit::Engine,
            LatestError::Nothing { .. } | LatestError::NoCommands { .. } => Exit::Undecided,
        };
        Self::new(exit, &error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let exit = match error {
            RunError::Workspace(error) => return error.into(),
            RunError::Prepare(error) => return error.into(),
            RunError::Execute(error) => return error.into(),
            RunError::Evidence(error) => return error.into(),
            RunError::Store(error) => return error.into(),
            RunError::Release(error) => return error.into(),
            RunError::Unbuildable { .. } => Exit::Plan,
            RunError::Runs(_) => Exit::Engine,
            RunError::NoCommands { .. } | RunError::Unknown(_) => Exit::Usage,
        };
        Self::new(exit, &error)
    }
}

impl From<ReplayError> for Failure {
    fn from(error: ReplayError) -> Self {
        let exit = match error {
            ReplayError::Run(error) => return (*error).into(),
            ReplayError::Evidence(error) => return error.into(),
            ReplayError::NoManifest { ref source, .. } => no_manifest(source),
            // A manifest of another version is only not understood here.
            ReplayError::Manifest { source: ManifestError::Version { .. }, .. } => Exit::Undecided,
            ReplayError::Tampered(_) | ReplayError::Manifest { .. } => Exit::Tampered,
            ReplayError::Runs(_) => Exit::Engine,
        };
        Self::new(exit, &error)
    }
}

/// Evidence that is missing, or cannot be read, decides nothing. No manifest is as large as the limit: such a file was tampered with.
fn no_manifest(error: &std::io::Error) -> Exit {
    match DoorError::of(error) {
        Some(DoorError::TooLarge { .. }) => Exit::Tampered,
        _ => Exit::Undecided,
    }
}

impl From<EvidenceSetError> for Failure {
    fn from(error: EvidenceSetError) -> Self {
        ReplayError::from(error).into()
    }
}

impl From<Tampered> for Failure {
    fn from(error: Tampered) -> Self {
        Self::new(Exit::Tampered, &error)
    }
}

impl From<ShakeError> for Failure {
    fn from(error: ShakeError) -> Self {
        let hint = error.hint();
        match error {
            ShakeError::Workspace(error) => error.into(),
            ShakeError::Prepare(error) => error.into(),
            ShakeError::Execute(error) => error.into(),
            ShakeError::Store(error) => error.into(),
            ShakeError::Unknown(error) => error.into(),
            ShakeError::World { command, world, source } => {
                let Self { exit, message, causes, .. } = (*source).into();
                let causes = std::iter::once(message).chain(causes).collect();
                Self { causes, ..Self::plain(exit, format!("command `{command}` with {world} gave no result"), hint) }
            }
            ShakeError::Export(_) => Self::new(Exit::Engine, &error),
        }
    }
}

impl From<WhyError> for Failure {
    fn from(error: WhyError) -> Self {
        let exit = match error {
            WhyError::Read(error) => return error.into(),
            WhyError::Evidence(error) => return error.into(),
            WhyError::Store(error) => return error.into(),
            WhyError::Recorded(error) => return error.into(),
            WhyError::Images(error) => return (*error).into(),
            WhyError::Unknown(_)
            | WhyError::NoTarget { .. }
            | WhyError::Packets { .. }
            | WhyError::WhichPacket { .. } => Exit::Usage,
            WhyError::NoRecord { .. } | WhyError::NoRun { .. } | WhyError::Itself { .. } => Exit::Undecided,
            WhyError::Runs(_) | WhyError::Tree(_) => Exit::Engine,
        };
        Self::new(exit, &error)
    }
}

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        let exit = match error {
            ReleaseError::Engine(error) => return error.into(),
            ReleaseError::Store(error) => return error.into(),
            ReleaseError::Evidence(error) => return error.into(),
            ReleaseError::Action(
                ActionError::Graft { .. } | ActionError::Unresolved { .. } | ActionError::NoRepository { .. },
            ) => Exit::Plan,
            ReleaseError::Tar { .. } => Exit::Undecided,
            ref error if error.is_tampering() => Exit::Tampered,
            ReleaseError::Record { .. } => Exit::Undecided,
            ReleaseError::Action(_)
            | ReleaseError::Export(_)
            | ReleaseError::Unbelievable { .. }
            | ReleaseError::Spool { .. }
            | ReleaseError::Folder(_)
            | ReleaseError::Read { .. } => Exit::Engine,
        };
        Self::new(exit, &error)
    }
}

impl From<RescanError> for Failure {
    fn from(error: RescanError) -> Self {
        match error {
            RescanError::Prepare(error) => error.into(),
            RescanError::Frozen(error) => error.into(),
            RescanError::Execute(error) => error.into(),
            RescanError::Status(error) => error.into(),
            RescanError::Store(error) => error.into(),
            RescanError::Nothing => Self::new(Exit::Undecided, &error),
            RescanError::Write { .. } => Self::new(Exit::Engine, &error),
        }
    }
}

impl From<StatusError> for Failure {
    fn from(error: StatusError) -> Self {
        match error {
            StatusError::Workspace(error) if error.is_shallow() => Self::new(Exit::Undecided, &error),
            StatusError::Workspace(error) => error.into(),
            StatusError::Evidence(error) => error.into(),
            StatusError::Store(error) => error.into(),
            StatusError::Runs(_) => Self::with_hint(Exit::Engine, &error, None),
            StatusError::Recorded(error) => error.into(),
            StatusError::NoManifest { .. } => Self::with_hint(Exit::Undecided, &error, None),
        }
    }
}

impl From<TimeSplitError> for Failure {
    fn from(error: TimeSplitError) -> Self {
        let exit = match error {
            TimeSplitError::Frozen(error) => return error.into(),
            TimeSplitError::Modules(_) => Exit::Engine,
            TimeSplitError::Rescan(RecordError::Read { .. }) => Exit::Undecided,
            TimeSplitError::Rescan(RecordError::Record { .. }) => Exit::Tampered,
        };
        Self::new(exit, &error)
    }
}

impl From<ApproveError> for Failure {
    fn from(error: ApproveError) -> Self {
        let exit = match error {
            ApproveError::Workspace(error) => return error.into(),
            ApproveError::NoManifest { .. } => Exit::Undecided,
            ApproveError::Name { .. } => Exit::Usage,
            ApproveError::Io { .. } => Exit::Engine,
        };
        Self::new(exit, &error)
    }
}

impl From<DocumentsError> for Failure {
    fn from(error: DocumentsError) -> Self {
        let exit = match error {
            DocumentsError::Workspace(error) => return error.into(),
            DocumentsError::Sections { .. } => Exit::Divergent,
            DocumentsError::NotUtf8 { .. }
            | DocumentsError::Io { .. }
            | DocumentsError::Manifest { source: ManifestError::Version { .. }, .. } => Exit::Undecided,
            DocumentsError::Manifest { .. } => Exit::Tampered,
        };
        Self::new(exit, &error)
    }
}

impl From<SectionsIoError> for Failure {
    fn from(error: SectionsIoError) -> Self {
        let exit = match error {
            SectionsIoError::Io { .. } => Exit::Undecided,
            SectionsIoError::Gone { .. } | SectionsIoError::Sections { .. } => Exit::Divergent,
        };
        Self::new(exit, &error)
    }
}

impl From<ScopeError> for Failure {
    fn from(error: ScopeError) -> Self {
        let exit = match error {
            ScopeError::Workspace(error) => return error.into(),
            ScopeError::NotAncestor { .. }
            | ScopeError::Hollow { .. }
            | ScopeError::NoRules { .. }
            | ScopeError::Io { .. }
            | ScopeError::Gone { .. } => Exit::Undecided,
            ScopeError::Malformed { .. } | ScopeError::Differs { .. } => Exit::Tampered,
            ScopeError::Stale { .. } => Exit::Plan,
        };
        Self::new(exit, &error)
    }
}

impl From<MutateError> for Failure {
    fn from(error: MutateError) -> Self {
        let exit = match error {
            MutateError::Workspace(error) => return error.into(),
            MutateError::Prepare(error) => return error.into(),
            MutateError::Frozen(error) => return error.into(),
            MutateError::Execute(error) => return error.into(),
            MutateError::Pins(error) => return error.into(),
            MutateError::Scope(error) => return error.into(),
            MutateError::Documents(error) => return error.into(),
            MutateError::Store(error) => return error.into(),
            MutateError::Unknown(error) => return error.into(),
            MutateError::Scratch(_) | MutateError::Io { .. } | MutateError::Export(_) | MutateError::Tree(_) => {
                Exit::Engine
            }
            MutateError::Seed(_) => Exit::Undecided,
        };
        Self::new(exit, &error)
    }
}
