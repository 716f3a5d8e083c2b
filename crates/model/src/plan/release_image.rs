//! The release's own images: Docker targets of the certified source, how they are built, and what they must do.

use std::collections::{BTreeMap, BTreeSet};

use crate::content::name::{Name, TreePath};
use crate::plan::command::CommandSpec;

/// What smoke commands find the image's own file system under, as if it were a frozen input of this name.
pub const IMAGE_INPUT: &str = "image";

/// One target of a Dockerfile, as the plan states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseImage {
    /// The Dockerfile, relative to the source's root, which is the context.
    pub dockerfile: TreePath,
    /// The stage that is built.
    pub target: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// Build arguments that name an image of the plan: each is passed as the id of an image built on it.
    pub builders: BTreeMap<String, Name>,
    /// The frozen inputs that `RUN` steps find at `/deps/NAME` of every builder.
    pub frozen: BTreeSet<Name>,
    /// What its configuration must say.
    pub expect: Expectation,
    /// Absolute paths that a container of it may write to beside its volumes, each a file system in memory.
    pub writable: Vec<String>,
    /// How it is run by itself.
    pub runs: Vec<ImageRun>,
    /// What is run beside a container of it, in that container's network.
    pub smoke: Vec<CommandSpec>,
}

/// What an image's configuration must say; a field that is `None` or empty is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Whether it may run as root, which it may not when the plan is silent.
    pub may_be_root: bool,
    /// The user, exactly as the image names it.
    pub user: Option<String>,
    /// The ports that it exposes, such as `8080/tcp`; exactly these.
    pub ports: Option<BTreeSet<String>>,
    /// The paths that are volumes; exactly these.
    pub volumes: Option<BTreeSet<String>>,
}

/// How an image is run by itself, and what it must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRun {
    /// What follows the image's entry point.
    pub arguments: Vec<String>,
    /// Its whole standard output.
    pub stdout: String,
    /// The status that the container has to end with.
    pub exit_code: i32,
}

/// What an image's configuration says to an engine; times, histories and the ids of parents do not belong to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageSettings {
    /// The machine, as Go names it.
    pub architecture: String,
    /// The operating system.
    pub os: String,
    /// The user, and the group after a colon; empty is root.
    pub user: String,
    /// The working directory; empty is the root.
    pub working_dir: String,
    /// What a container starts with.
    pub entrypoint: Vec<String>,
    /// What follows it when nothing else is said.
    pub cmd: Vec<String>,
    /// The environment, as written.
    pub env: Vec<String>,
    /// Exposed ones, such as `8080/tcp`.
    pub ports: BTreeSet<String>,
    /// Paths at which an engine mounts volumes.
    pub volumes: BTreeSet<String>,
    /// The labels, without those that rcrepro itself sets.
    pub labels: BTreeMap<String, String>,
    /// The signal that ends a container; empty is SIGTERM.
    pub stop_signal: String,
    /// The command that checks a container's health; empty without one.
    pub healthcheck: Vec<String>,
}

impl ImageSettings {
    /// Whether a container of it runs as root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        let user = self.user.split(':').next().unwrap_or_default();
        user == "root" || user.bytes().all(|byte| byte == b'0')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_many_names() {
        for (user, root) in [
            ("", true),
            ("0", true),
            ("0:65532", true),
            ("root", true),
            ("00", true),
            ("root:x", true),
            ("65532:0", false),
            ("app", false),
            ("10", false),
        ] {
            assert_eq!(ImageSettings { user: user.to_owned(), ..ImageSettings::default() }.is_root(), root, "{user}");
        }
    }
}
