//! What was read in the files of a release image when it was built: what names, modes and digests alone do not say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::content::name::Name;
use crate::image::purl::Purl;

/// What an image's files hold, as far as its validation asks. Contents do not travel with a record, so this does.
///
/// Paths are those of the image's tree, without a `/` before them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageInspection {
    /// Files that need a reason to be there, and the locked image that has the same file at the same path.
    pub of_locked: BTreeMap<String, Name>,
    /// Files that hold a key or a credential.
    pub keys: BTreeMap<String, KeyKind>,
    /// The programs that the image starts, and those that interpret them.
    pub programs: BTreeMap<String, StartedProgram>,
    /// The packages that its package managers and Go programs name.
    pub packages: BTreeSet<FoundPackage>,
    /// Whom a container runs as; none for a name that the image does not know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<RunningUser>,
}

/// A package, and the file that says that it is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FoundPackage {
    /// Its name and version.
    pub purl: Purl,
    /// The database, the package's own file, or the program.
    pub path: String,
}

/// What the first bytes of a program say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StartedProgram {
    /// A script's first line without `#!`, or the path of the loader.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub interpreter: Option<String>,
    /// The machine that it is compiled for, as Go names it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub machine: Option<String>,
}

/// A user by number, with the groups that it is in, its own first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RunningUser {
    /// The user's number.
    pub user: u64,
    /// The groups' numbers.
    pub groups: Vec<u64>,
}

/// What a file was found to hold. None of it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// A private key in PEM, OpenSSH's or PGP's form.
    PrivateKey,
    /// A token of an npm registry.
    NpmToken,
    /// The login of a registry of images.
    RegistryLogin,
    /// A user's access to a cluster, in a kubeconfig.
    ClusterLogin,
}

impl KeyKind {
    /// Names it for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::PrivateKey => "a private key",
            Self::NpmToken => "a token of an npm registry",
            Self::RegistryLogin => "the login of a registry of images",
            Self::ClusterLogin => "the login of a cluster",
        }
    }
}
