//! How errors of the release's images end.

use crate::exit::Exit;
use crate::failure::Failure;
use rcrepro_app::release::ReleaseError;
use rcrepro_app::run::actions::ActionError;

impl From<ReleaseError> for Failure {
    fn from(error: ReleaseError) -> Self {
        let (exit, advice) = match error {
            ReleaseError::Engine(error) => return error.into(),
            ReleaseError::Store(error) => return error.into(),
            ReleaseError::Evidence(error) => return error.into(),
            ReleaseError::Action(ActionError::Graft { .. } | ActionError::Unresolved { .. }) => (Exit::Plan, None),
            ReleaseError::Tar { .. } => (Exit::Undecided, None),
            ReleaseError::Record { .. } => (Exit::Tampered, Some("git checkout -- manifests".to_owned())),
            ReleaseError::Action(_)
            | ReleaseError::Export(_)
            | ReleaseError::Unbelievable { .. }
            | ReleaseError::Spool { .. }
            | ReleaseError::Read { .. } => (Exit::Engine, None),
        };
        Self::new(exit, &error, advice)
    }
}
