//! The exit codes of what the store, the engine and registries report.

use super::Failure;
use crate::exit::Exit;
use rcrepro_app::release::publish::error::PublishError;
use rcrepro_app::toolchain::ImageError;
use rcrepro_app::toolchain::in_engine::ImagesError;
use rcrepro_app::toolchain::in_engine::pull::PulledError;
use rcrepro_app::toolchain::lock::request::LockRequestError;
use rcrepro_app::toolchain::push::PushError;
use rcrepro_app::toolchain::validate::ValidateImageError;
use rcrepro_engine::EngineError;
use rcrepro_images::oci::OciError;
use rcrepro_images::packages::PackageError;
use rcrepro_images::packages::debian::DebianError;
use rcrepro_images::registry::RegistryError;
use rcrepro_store::StoreError;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        // A blob that is not there is evidence that is missing; a store that cannot be read is another thing.
        let exit = if matches!(error, StoreError::Missing { .. }) { Exit::Undecided } else { Exit::Engine };
        Self::new(exit, &error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let exit = match error {
            EngineError::Interrupted { .. } => Exit::Interrupted,
            EngineError::Output { .. } => Exit::Undecided,
            _ => Exit::Engine,
        };
        Self::new(exit, &error)
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
        Self::new(exit, &error)
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
            ImageError::Package(PackageError::Debian(
                DebianError::Refused { .. } | DebianError::List { .. } | DebianError::Control { .. },
            )) => Exit::Tampered,
            ImageError::Oci(OciError::Occupied { .. }) => Exit::Usage,
            _ => Exit::Engine,
        };
        Self::new(exit, &error)
    }
}

impl From<ValidateImageError> for Failure {
    fn from(error: ValidateImageError) -> Self {
        match error {
            ValidateImageError::Image(error) => error.into(),
            ValidateImageError::Engine(EngineError::ImageMissing { .. }) => Self::new(Exit::Engine, &error),
            ValidateImageError::Engine(error) => error.into(),
            _ => Self::new(Exit::Engine, &error),
        }
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

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        let exit = match error {
            PublishError::Unknown(error) => return error.into(),
            PublishError::Workspace(error) => return error.into(),
            PublishError::Release(error) => return error.into(),
            PublishError::Registry(error) => return error.into(),
            PublishError::Store(error) => return error.into(),
            PublishError::NotCertified { standing, .. } => standing.into(),
            PublishError::Ambiguous { .. } => Exit::Divergent,
            PublishError::NoPacket { .. }
            | PublishError::NoRecord { .. }
            | PublishError::NoEarlier { .. }
            | PublishError::Classic { .. } => Exit::Undecided,
            PublishError::OtherPlatform { .. } | PublishError::Which { .. } => Exit::Usage,
            PublishError::Manifest { .. } => Exit::Tampered,
            PublishError::NotHere { .. } => Exit::Engine,
        };
        Self::new(exit, &error)
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

impl From<ImagesError> for Failure {
    fn from(error: ImagesError) -> Self {
        let exit = match error {
            ImagesError::Image(error) => return error.into(),
            ImagesError::Engine(error) => return error.into(),
            ImagesError::Store(error) => return error.into(),
            ImagesError::Registry(error) => return error.into(),
            ImagesError::Pulled(error) => return error.into(),
            ImagesError::PullDiffers { .. } => Exit::Tampered,
            ImagesError::Platform { .. } => Exit::Engine,
            ImagesError::Published { .. }
            | ImagesError::StalePull { .. }
            | ImagesError::BadLock { .. }
            | ImagesError::Plan { .. }
            | ImagesError::Write { .. }
            | ImagesError::Read { .. } => Exit::Plan,
        };
        Self::new(exit, &error)
    }
}

impl From<LockRequestError> for Failure {
    fn from(error: LockRequestError) -> Self {
        match error {
            LockRequestError::Image(error) => error.into(),
            LockRequestError::Images(error) => error.into(),
            LockRequestError::NoPackage { .. } => Self::new(Exit::Usage, &error),
        }
    }
}
