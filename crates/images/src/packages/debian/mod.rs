//! Debian packages through an archive's own signed index: no client of the machine has a say in what is chosen.
//!
//! The chain: a definition lists [keys](key), one of them [signed] a suite's `InRelease`, which [names](release) the
//! suite's list of packages by its hash; from the [list](index) a pure [resolver](resolve) takes a closure, whose packages are
//! named by their hashes. [`archive`] brings the files.

use rcrepro_model::image::fingerprint::Fingerprint;
use rcrepro_model::text::hint::Hint;

pub mod archive;
mod control;
pub mod database;
pub mod index;
pub mod key;
pub mod relation;
pub mod release;
pub mod repository;
pub mod resolve;
pub mod signed;
#[cfg(feature = "signing")]
pub mod signing;

/// Why an archive's index is not believed, or what is wanted is not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DebianError {
    /// A key file is not the key that its name says.
    #[error("the key file {expected}.asc is refused: {reason}")]
    Key {
        /// The fingerprint that the file is named after.
        expected: Fingerprint,
        /// What was expected and what was found.
        reason: String,
    },
    /// The file `InRelease` is not believed.
    #[error("InRelease of suite `{suite}` is refused: {reason}")]
    Refused {
        /// Its code name, such as `bookworm`.
        suite: String,
        /// What was expected and what was found.
        reason: String,
    },
    /// A list of packages is not of the form that it should have.
    #[error("the package list of suite `{suite}` is refused: {reason}")]
    List {
        /// Its code name, such as `bookworm`.
        suite: String,
        /// Which package, and what is wrong.
        reason: String,
    },
    /// The description of a package is not that of one.
    #[error("{package} is refused: {reason}")]
    Control {
        /// Its purl.
        package: String,
        /// What is missing or wrong.
        reason: String,
    },
    /// Something that is wanted is in no list.
    #[error("{0}")]
    Unsatisfied(String),
    /// Two packages that were chosen cannot be together.
    #[error("`{one}` and `{other}` are both chosen, but `{one}` has `{field}: {relation}`")]
    Conflict {
        /// The package that refuses the other.
        one: String,
        /// The package that is refused.
        other: String,
        /// `Conflicts` or `Breaks`.
        field: &'static str,
        /// The relation as the list writes it.
        relation: String,
    },
}

impl Hint for DebianError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Key { .. } => "git checkout -- images/keys, or export the key anew: gpg --armor --export FINGERPRINT",
            Self::Refused { .. } => {
                "if the archive changed its keys, compare its announcement with `signed_by` in the definition; \
                 if not, a mirror or a proxy serves something else: rcrepro doctor says which are asked"
            }
            Self::List { .. } | Self::Control { .. } => return None,
            Self::Unsatisfied(_) => "change `packages` or `suites` in the definition",
            Self::Conflict { .. } => {
                "where one of the two is only an alternative, name the right one in `packages` of the definition: \
                 what is named there is chosen before anything is looked for"
            }
        };
        Some(text.to_owned())
    }
}
