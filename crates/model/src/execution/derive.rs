//! From a plan's command to its action: one pure rule for the run that records, the replay, and the verifier.
//!
//! Input root: `work/` is the source tree with the outputs of needed commands and, where the plan asks for one, the repository
//! (`.git`) grafted in, `deps/NAME/` a frozen input. The
//! environment is the fixed part, what the frozen inputs ask for, and what the plan adds, the later one winning.

use std::collections::BTreeMap;

use super::action::{Action, ActionPlatform, Command};
use super::world::HOSTNAME;
use crate::content::digest::{Digest, Sha256};
use crate::content::name::{Name, TreePath};
use crate::content::tree::{Directory, TreeNode};
use crate::plan::{CommandSpec, FrozenInput, FrozenKind};

/// The home directory that images carry for the user that commands run as.
pub const HOME: &str = "/home/rcrepro";
/// The search path of every command; steps of a Dockerfile have that of their base.
pub const PATH: &str = "/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin";
/// Where the source is in the input root, and where commands run.
pub const WORK: &str = "work";

/// Returns the path `work` as a [`TreePath`].
#[must_use]
pub fn work_path() -> TreePath {
    WORK.parse().expect("a constant path")
}

/// Returns the path, below the source, of the repository that a command may see.
#[must_use]
pub fn git_path() -> TreePath {
    ".git".parse().expect("a constant path")
}

/// Returns the environment that every command has: the fixed one, and seeds for tools that draw the order of their hash
/// tables from the kernel and ask for a seed by a variable (`docs/guide/causes.md`).
#[must_use]
pub fn command_environment(date_epoch: i64) -> BTreeMap<String, String> {
    let seeds = ["PERL_HASH_SEED", "PYTHONHASHSEED"].map(|name| (name.to_owned(), "0".to_owned()));
    fixed_environment(date_epoch).into_iter().chain(seeds).collect()
}

/// Returns the environment of every container. `HOSTNAME` is here because the engine sets it anyway.
#[must_use]
pub fn fixed_environment(date_epoch: i64) -> BTreeMap<String, String> {
    [
        ("HOME", HOME.to_owned()),
        ("HOSTNAME", HOSTNAME.to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("LC_ALL", "C.UTF-8".to_owned()),
        ("PATH", PATH.to_owned()),
        ("SOURCE_DATE_EPOCH", date_epoch.to_string()),
        ("TZ", "UTC".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Returns the variables that make a client find its frozen input at `/deps/NAME` and ask no network for more.
#[must_use]
pub fn frozen_environment(name: &Name, kind: FrozenKind) -> BTreeMap<String, String> {
    let at = format!("/deps/{name}");
    let variables: Vec<(&str, String)> = match kind {
        FrozenKind::GoModules => vec![
            ("GOMODCACHE", at),
            ("GOPROXY", "off".to_owned()),
            ("GOSUMDB", "off".to_owned()),
            ("GOTOOLCHAIN", "local".to_owned()),
        ],
        FrozenKind::NpmPackages => vec![
            ("npm_config_audit", "false".to_owned()),
            ("npm_config_cache", at),
            ("npm_config_fund", "false".to_owned()),
            ("npm_config_offline", "true".to_owned()),
            ("npm_config_registry", OFFLINE_REGISTRY.to_owned()),
            ("npm_config_update_notifier", "false".to_owned()),
        ],
        // For these a program in the tree, first in the search path, says where the data is. govulncheck 1.9 does not read
        // the variable; whoever wants to know which database a command had does.
        FrozenKind::GoVulndb => vec![("GOVULNDB", format!("file://{at}/db"))],
        FrozenKind::DebianPackages => vec![("APT_CONFIG", format!("{at}/apt.conf"))],
        // Caches of pip and uv would stay in an image's layer. Older Pythons write sets into `.pyc` files in the order of their hashes.
        FrozenKind::PythonPackages => vec![
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1".to_owned()),
            ("PIP_FIND_LINKS", at.clone()),
            ("PIP_NO_CACHE_DIR", "1".to_owned()),
            ("PIP_NO_INDEX", "1".to_owned()),
            ("PIP_ROOT_USER_ACTION", "ignore".to_owned()),
            ("PYTHONHASHSEED", "0".to_owned()),
            ("UV_FIND_LINKS", at),
            ("UV_NO_CACHE", "1".to_owned()),
            ("UV_OFFLINE", "1".to_owned()),
            ("UV_PYTHON_DOWNLOADS", "never".to_owned()),
        ],
        FrozenKind::NpmAdvisories | FrozenKind::PnpmPackages | FrozenKind::YarnPackages => Vec::new(),
        FrozenKind::GoStd | FrozenKind::GoBuildCache => vec![("GOCACHE", at), ("GOTOOLCHAIN", "local".to_owned())],
    };
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The variables by which clients are told where packages come from, in capitals: where a step of an image's build has a frozen input that says so,
/// it counts and not what the Dockerfile says. npm reads its own in any case.
pub const PACKAGE_SOURCES: [&str; 3] = ["GOPROXY", "NPM_CONFIG_OFFLINE", "NPM_CONFIG_REGISTRY"];

/// Returns the variables of a frozen input in a step of an image's build, which has no date unless something gives it one. With a date,
/// pip writes `.pyc` files by the hash of their sources; without one, by the time at which it unpacked them. Go finds its modules also where a
/// Dockerfile has a module cache of its own.
#[must_use]
pub fn build_environment(name: &Name, kind: FrozenKind, date_epoch: i64) -> BTreeMap<String, String> {
    let own = match kind {
        FrozenKind::PythonPackages => Some(("SOURCE_DATE_EPOCH", date_epoch.to_string())),
        FrozenKind::GoModules => Some(("GOPROXY", format!("file:///deps/{name}/cache/download"))),
        _ => None,
    };
    let own = own.map(|(name, value)| (name.to_owned(), value));
    frozen_environment(name, kind).into_iter().chain(own).collect()
}

/// Returns the search path of a command that uses these frozen inputs: programs that replace their clients come first.
#[must_use]
pub fn search_path<'a>(frozen: impl Iterator<Item = (&'a Name, FrozenKind)>) -> String {
    let fronts = frozen.filter(|(_, kind)| kind.front().is_some()).map(|(name, _)| format!("/deps/{name}/bin"));
    fronts.chain([PATH.to_owned()]).collect::<Vec<_>>().join(":")
}

/// The registry that a sandboxed npm believes in: a name that can never resolve (RFC 6761), served from the frozen cache.
pub const OFFLINE_REGISTRY: &str = "http://registry.invalid/";

/// What a command's inputs were resolved to.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// The `Directory` at `work`, outputs of needed commands grafted in.
    pub work: Digest,
    /// Each frozen input that the command names, with its locked root.
    pub frozen: BTreeMap<&'a Name, (&'a FrozenInput, Digest)>,
    /// The image's manifest digest.
    pub image_manifest: Sha256,
    /// REAPI's `ISA`.
    pub isa: &'a str,
    /// `SOURCE_DATE_EPOCH` in seconds.
    pub date_epoch: i64,
}

/// Makes the `Directory` messages above `work` and `deps/NAME`; the last one is the input root.
#[must_use]
pub fn input_root(work: Digest, frozen: impl IntoIterator<Item = (Name, Digest)>) -> Vec<Vec<u8>> {
    let directory = |digest| TreeNode::Directory { digest };
    let deps = Directory { entries: frozen.into_iter().map(|(name, root)| (name, directory(root))).collect() };
    let mut root = Directory::default();
    root.entries.insert(WORK.parse().expect("a constant name"), directory(work));
    let mut messages = Vec::new();
    if !deps.entries.is_empty() {
        let bytes = deps.encode();
        root.entries.insert("deps".parse().expect("a constant name"), directory(Digest::of(&bytes)));
        messages.push(bytes);
    }
    messages.push(root.encode());
    messages
}

/// Derives a command's action, with the `Directory` messages that its input root adds to those already stored.
#[must_use]
pub fn action(spec: &CommandSpec, inputs: &Inputs<'_>) -> (Action, Vec<Vec<u8>>) {
    let messages = input_root(inputs.work, inputs.frozen.iter().map(|(name, (_, root))| ((*name).clone(), *root)));
    let input_root = Digest::of(messages.last().expect("the root is always there"));
    let mut environment = command_environment(inputs.date_epoch);
    for (name, (frozen, _)) in &inputs.frozen {
        environment.extend(frozen_environment(name, frozen.kind));
    }
    environment
        .insert("PATH".to_owned(), search_path(inputs.frozen.iter().map(|(name, (input, _))| (*name, input.kind))));
    environment.extend(spec.environment.clone());
    let command = Command {
        arguments: vec!["/bin/bash".to_owned(), "-c".to_owned(), spec.line.clone()],
        environment,
        output_paths: spec.outputs.clone(),
        working_directory: work_path(),
        platform: ActionPlatform {
            image_name: spec.image.to_string(),
            image_manifest: inputs.image_manifest,
            isa: inputs.isa.to_owned(),
        },
    };
    (Action { command, input_root, timeout: spec.timeout }, messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_installs_wheels_gets_a_date_in_a_build() {
        let name: Name = "py".parse().expect("a name");
        let python = build_environment(&name, FrozenKind::PythonPackages, 7);
        assert_eq!(python["SOURCE_DATE_EPOCH"], "7");
        assert_eq!((python["PIP_FIND_LINKS"].as_str(), python["PIP_NO_INDEX"].as_str()), ("/deps/py", "1"));
        assert_eq!(build_environment(&name, FrozenKind::GoModules, 7)["GOPROXY"], "file:///deps/py/cache/download");
        for kind in [FrozenKind::NpmPackages, FrozenKind::DebianPackages] {
            assert_eq!(build_environment(&name, kind, 7), frozen_environment(&name, kind));
        }
    }

    #[test]
    fn programs_of_frozen_inputs_come_first_and_others_change_nothing() {
        let names: Vec<Name> = ["a", "b", "c"].map(|name| name.parse().expect("a name")).into();
        let path = |kinds: &[FrozenKind]| search_path(names.iter().zip(kinds.iter().copied()));
        assert_eq!(path(&[FrozenKind::GoModules, FrozenKind::NpmPackages]), PATH);
        let both = path(&[FrozenKind::NpmAdvisories, FrozenKind::GoModules, FrozenKind::GoVulndb]);
        assert_eq!(both, format!("/deps/a/bin:/deps/c/bin:{PATH}"));
    }
}
