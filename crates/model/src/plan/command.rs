//! A command of the plan: what is run, in which world, and how its result must compare.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::content::name::{Name, TreePath};
use crate::execution::attempt::Quiet;
use crate::execution::world::WorldSettings;
use crate::plan::proof::ProofRule;

/// A command of a set, as the plan states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// The command's id, unique in the plan.
    pub id: Name,
    /// The exact shell line that a person would type.
    pub line: String,
    /// The image it runs in.
    pub image: Name,
    /// The frozen inputs it needs.
    pub frozen: BTreeSet<Name>,
    /// Globs of the files of the source that it sees; all of them when there is none.
    pub sees: Vec<String>,
    /// Commands whose outputs are laid into this one's input tree.
    pub needs: BTreeSet<Name>,
    /// Paths below the source root that are collected; they may not exist in the source.
    pub outputs: BTreeSet<TreePath>,
    /// Whether a repository lies in its source: `.git` with the commit that the source is of.
    pub git: bool,
    /// Environment variables on top of the fixed ones.
    pub environment: BTreeMap<String, String>,
    /// Normalizers of standard output, in order.
    pub normalize_stdout: Vec<String>,
    /// Normalizers of standard error, in order.
    pub normalize_stderr: Vec<String>,
    /// Normalizers of output files, in order, by path; each path is one of `outputs`.
    pub normalize_outputs: BTreeMap<TreePath, Vec<String>>,
    /// How long it may run; none for the default of the engine's machine.
    pub timeout: Option<Duration>,
    /// Memory in bytes that it may use; none for the default of the engine's machine.
    pub memory: Option<u64>,
    /// What each of its outputs may hold, in bytes.
    pub max_output: u64,
    /// What it sees beside its inputs.
    pub world: WorldSettings,
    /// How a replay must compare.
    pub require: Requirement,
    /// How quiet it must be.
    pub quiet: Quiet,
    /// How it is proved that the command did its work.
    pub proof: ProofRule,
    /// How often it is run again when it fails, each time in a fresh container.
    pub retries: u32,
}

/// How a replay must compare with what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// Equal after the named normalizers.
    Canonical,
    /// Equal byte for byte: what is equal only after normalizers counts as divergent.
    Bitwise,
}

impl Requirement {
    /// Returns the word that plans, manifests and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Canonical => "canonical",
            Self::Bitwise => "bitwise",
        }
    }
}
