//! Files of keys: made, and read with their passphrases.

use std::io;
use std::path::{Path, PathBuf};

use crate::workspace::files::{write_new, write_new_private};
use rcrepro_model::text::hint::Hint;
use rcrepro_signing::algorithm::KeyAlgorithm;
use rcrepro_signing::error::KeyError;
use rcrepro_signing::private_key::PrivateKey;
use rcrepro_signing::public_key::PublicKey;
use rcrepro_signing::secret_text::SecretText;
use rcrepro_store::door;

/// The most bytes of a key's file.
const KEY_LIMIT: u64 = 64 << 10;

/// Why a file of a key cannot be used or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error("cannot {doing} the key `{}`", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// Where the key is or would be.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// What it holds is not such a key.
    #[error("`{}` is not a {kind} key that can be used: {source}", path.display())]
    Key {
        /// `public` or `private`.
        kind: &'static str,
        /// As the caller spelled it.
        path: PathBuf,
        /// What is there instead, or what it wants.
        source: KeyError,
    },
}

impl Hint for KeyFileError {
    fn hint(&self) -> Option<String> {
        let path = match self {
            Self::File { path, source, .. } if source.kind() == io::ErrorKind::AlreadyExists => {
                return Some(format!("a key is never replaced: name another file than `{}`", path.display()));
            }
            Self::File { .. } => return Some("rcrepro keygen FILE makes a key, and FILE.pub".to_owned()),
            Self::Key { path, .. } => path.display(),
        };
        match self {
            Self::Key { source: KeyError::Encrypted, .. } => {
                Some("RCREPRO_PASSPHRASE=…, or --passphrase-file FILE".to_owned())
            }
            Self::Key { source: KeyError::Label { found, .. }, kind: "private", .. } if found == "EC PRIVATE KEY" => {
                Some(format!("openssl pkcs8 -topk8 -in {path} -out {path}.pk8"))
            }
            Self::Key { kind: "public", source: KeyError::Label { found, .. }, .. } if found.contains("PRIVATE") => {
                Some(format!("openssl pkey -in {path} -pubout -out {path}.pub"))
            }
            _ => Some("rcrepro keygen FILE makes a key, and FILE.pub".to_owned()),
        }
    }
}

fn read(path: &Path) -> Result<SecretText, KeyFileError> {
    let text = door::read_text(path, KEY_LIMIT).map(SecretText::from);
    text.map_err(|source| KeyFileError::File { doing: "read", path: path.to_owned(), source })
}

/// A public key with the file that it was read from.
#[derive(Debug, Clone)]
pub struct NamedKey {
    /// As the caller spelled it.
    pub path: PathBuf,
    /// What it holds.
    pub key: PublicKey,
}

impl NamedKey {
    /// Reads a public key.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let key = PublicKey::from_pem(read(path)?.as_str());
        let key = key.map_err(|source| KeyFileError::Key { kind: "public", path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), key })
    }
}

/// Reads a private key.
///
/// # Errors
/// [`KeyFileError`].
pub fn read_private(path: &Path, passphrase: Option<&SecretText>) -> Result<PrivateKey, KeyFileError> {
    let wrong = |source| KeyFileError::Key { kind: "private", path: path.to_owned(), source };
    PrivateKey::from_pem(&read(path)?, passphrase).map_err(wrong)
}

/// Makes a key and writes it, readable by its owner alone, and its public key beside it with `.pub` behind the name. Replaces nothing.
///
/// # Errors
/// [`KeyFileError`].
pub fn generate(
    path: &Path,
    algorithm: KeyAlgorithm,
    passphrase: Option<&SecretText>,
) -> Result<NamedKey, KeyFileError> {
    let wrong = |source| KeyFileError::Key { kind: "private", path: path.to_owned(), source };
    let key = PrivateKey::generate(algorithm).map_err(wrong)?;
    let text = key.to_pem(passphrase).map_err(wrong)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let beside = PathBuf::from(beside);
    let unwritten = |path: &Path| {
        let path = path.to_owned();
        |source| KeyFileError::File { doing: "write", path, source }
    };
    if beside.symlink_metadata().is_ok() {
        return Err(unwritten(&beside)(io::ErrorKind::AlreadyExists.into()));
    }
    write_new_private(path, text.as_str().as_bytes()).map_err(unwritten(path))?;
    write_new(&beside, key.public().to_pem().as_bytes()).map_err(unwritten(&beside))?;
    Ok(NamedKey { path: beside, key: key.public() })
}
