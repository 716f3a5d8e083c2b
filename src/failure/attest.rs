//! The exit codes of keys and signatures.

use super::Failure;
use crate::exit::Exit;
use rcrepro_app::attest::keys::KeyFileError;
use rcrepro_app::attest::sign::AttestError;

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        Self::new(Exit::Usage, &error)
    }
}

impl From<AttestError> for Failure {
    fn from(error: AttestError) -> Self {
        let exit = match error {
            AttestError::Evidence(error) => return error.into(),
            AttestError::Undecided { standing, .. } => standing.into(),
            AttestError::Write { .. } => Exit::Engine,
        };
        Self::new(exit, &error)
    }
}
