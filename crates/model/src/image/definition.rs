//! What goes into a toolchain image, as its author wrote it; [`super::composition`] puts definitions together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::fingerprint::Fingerprint;
use crate::content::digest::serde_as_text;
use crate::content::name::TreePath;

/// The error for definitions that do not make an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// The name could not be a file name or an image name.
    #[error("invalid image name `{found}`: expected lower-case letters, digits and `-`, beginning with a letter")]
    Name {
        /// The text that was found.
        found: String,
    },
    /// The platform is not one that we know the packages' spelling of.
    #[error("invalid platform `{found}`: expected linux/amd64 or linux/arm64")]
    Platform {
        /// The text that was found.
        found: String,
    },
    /// A definition names itself, directly or through others.
    #[error("image `{name}` is composed of itself")]
    Circle {
        /// The one that leads back to itself.
        name: ImageName,
    },
    /// A definition that others are composed of was not given.
    #[error("image `{name}` is composed of `{part}`, which has no definition")]
    MissingPart {
        /// The composed one.
        name: ImageName,
        /// What it names in `from`.
        part: ImageName,
    },
    /// The image is not for the platform that is wanted.
    #[error("image `{name}` is not for {wanted}: its `platforms` are {}", known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    NotFor {
        /// The one that was asked for.
        name: ImageName,
        /// The platform that was asked for.
        wanted: ImagePlatform,
        /// The platforms that the definition names.
        known: BTreeSet<ImagePlatform>,
    },
    /// A required field is set neither by the definition nor by its parts.
    #[error("image `{name}` has no `{field}`, and neither does anything that it is composed of")]
    Unset {
        /// The one that cannot be built.
        name: ImageName,
        /// The missing field.
        field: &'static str,
    },
    /// Two definitions of one image disagree on what has to be one for the whole image.
    #[error(
        "image `{name}`: `{field}` differs between `{one}` and `{other}`: write the same in {one}.toml and {other}.toml; a `config` may also be \
         written in {name}.toml, and then replaces theirs"
    )]
    Disagree {
        /// The composed one.
        name: ImageName,
        /// The key of the definition, as TOML writes it.
        field: &'static str,
        /// The definition that set it first.
        one: ImageName,
        /// The definition that set it otherwise.
        other: ImageName,
    },
}

/// An image's name: lower-case letters, digits and `-`, beginning with a letter; at most 64.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageName(String);

impl ImageName {
    /// Returns the name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ImageName {
    type Err = DefinitionError;

    fn from_str(text: &str) -> Result<Self, DefinitionError> {
        let fits = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            return Err(DefinitionError::Name { found: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

/// Which machine an image is for; shown as `linux/amd64`. Debian, Go and OCI spell these architectures alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImagePlatform {
    /// 64-bit x86.
    LinuxAmd64,
    /// 64-bit ARM.
    LinuxArm64,
}

impl ImagePlatform {
    /// Every platform that we know.
    pub const ALL: [Self; 2] = [Self::LinuxAmd64, Self::LinuxArm64];

    /// Returns the platform of the machine that this program was compiled for; none when no image can be for it.
    #[must_use]
    pub const fn host() -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(Self::LinuxAmd64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::LinuxArm64)
        } else {
            None
        }
    }

    /// Returns the platform of a REAPI `ISA`.
    #[must_use]
    pub fn of_isa(isa: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.isa() == isa)
    }

    /// Returns the architecture as REAPI's `ISA` spells it.
    #[must_use]
    pub const fn isa(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "x86-64",
            Self::LinuxArm64 => "arm-a64",
        }
    }

    /// Returns the architecture as Debian, Go and OCI spell it.
    #[must_use]
    pub const fn architecture(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "amd64",
            Self::LinuxArm64 => "arm64",
        }
    }
}

impl fmt::Display for ImagePlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "linux/{}", self.architecture())
    }
}

impl FromStr for ImagePlatform {
    type Err = DefinitionError;

    fn from_str(text: &str) -> Result<Self, DefinitionError> {
        match text {
            "linux/amd64" => Ok(Self::LinuxAmd64),
            "linux/arm64" => Ok(Self::LinuxArm64),
            _ => Err(DefinitionError::Platform { found: text.to_owned() }),
        }
    }
}

serde_as_text!(ImageName);
serde_as_text!(ImagePlatform);

/// What a container of the image starts with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ImageConfig {
    /// The environment, by variable.
    pub env: BTreeMap<String, String>,
    /// The command when none is given.
    pub cmd: Vec<String>,
}

/// Debian packages and where their files go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebSource {
    /// The code names of the suites that packages may come from; every other suite is shut out.
    pub suites: Vec<String>,
    /// The keys one of which has to have signed each suite's index.
    pub signed_by: BTreeSet<Fingerprint>,
    /// The packages; what they depend on is resolved into the lock.
    pub packages: BTreeSet<String>,
    /// The top folders that are links into `usr`, such as `bin`; what packages hold there is laid below `usr`.
    pub merged_usr: BTreeSet<TreePath>,
    /// Globs of paths that are left out.
    pub strip: Vec<String>,
    /// Globs of paths that are kept although `strip` names them.
    pub keep: Vec<String>,
    /// Whether dpkg knows of the packages, so that apt can install others beside them.
    pub database: bool,
}

/// A Go toolchain as the module proxy serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoSource {
    /// The version, such as `1.26.8`.
    pub toolchain: String,
    /// The folder that becomes GOROOT.
    pub into: TreePath,
}

/// A Go program that rcrepro compiles from modules, without a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoProgram {
    /// The module that holds the program, such as `golang.org/x/vuln`.
    pub module: String,
    /// The module's version.
    pub version: String,
    /// The folders of the programs in the module, at least one; `.` is the module's root.
    pub packages: Vec<String>,
    /// Whether it is compiled from within its module, which `go install` refuses to do for one whose `go.mod` excludes or replaces
    /// modules.
    pub main_module: bool,
    /// The image of the same folder that it is compiled in.
    pub image: ImageName,
    /// The folder that the program is laid into.
    pub into: TreePath,
    /// Flags of the linker.
    pub ldflags: Vec<String>,
    /// Build tags.
    pub tags: Vec<String>,
}

/// An npm package and where its parts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmSource {
    /// The package's name, with its scope.
    pub package: String,
    /// The exact version.
    pub version: String,
    /// The only platform that it is for; none for all.
    pub platform: Option<ImagePlatform>,
    /// Path in the package -> path in the image; `.` is the whole package. What is not named is left out.
    pub place: BTreeMap<String, TreePath>,
}

/// The parts that one definition file adds; each may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerSource {
    /// Debian packages.
    pub deb: Option<DebSource>,
    /// A Go toolchain.
    pub go: Option<GoSource>,
    /// npm packages, in the order of their names.
    pub npm: Vec<NpmSource>,
    /// A Go program to compile.
    pub program: Option<GoProgram>,
    /// Symbolic links: path -> target.
    pub links: BTreeMap<TreePath, String>,
    /// Folders: path -> permission bits.
    pub directories: BTreeMap<TreePath, u32>,
    /// Files with their whole content, mode 0644.
    pub files: BTreeMap<TreePath, String>,
    /// Files joined from all files that a glob matches, in the order of their paths: path -> glob.
    pub concat: BTreeMap<TreePath, String>,
}

impl LayerSource {
    /// Whether the definition adds nothing of its own, and so makes no layer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One definition file, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDefinition {
    /// The image's name: the file's stem.
    pub name: ImageName,
    /// The images whose layers lie below, lowest first.
    pub from: Vec<ImageName>,
    /// The machines that the image is for.
    pub platforms: Option<BTreeSet<ImagePlatform>>,
    /// The time of every file, in seconds since 1970.
    pub source_date_epoch: Option<u64>,
    /// What a container starts with.
    pub config: Option<ImageConfig>,
    /// What the definition itself adds.
    pub layer: LayerSource,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_the_folder_are_refused() {
        for wrong in ["", "../x", "Go", "1go", "a/b", "a.b"] {
            assert!(wrong.parse::<ImageName>().is_err(), "{wrong}");
        }
    }
}
