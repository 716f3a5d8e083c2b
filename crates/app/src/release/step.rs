//! What every piece of the work on a release's images takes, and the findings that come of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::run::actions::Resolved;
use crate::run::context::RunContext;
use crate::workspace::Workspace;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::plan::PacketId;

/// What the images are built and tried with.
#[derive(Clone, Copy)]
pub(crate) struct ReleaseStep<'a> {
    /// What every stage works with.
    pub context: RunContext<'a>,
    /// The plan and its folder.
    pub workspace: &'a Workspace,
    /// The packet whose images are built.
    pub packet: &'a PacketId,
    /// What was resolved for its commands.
    pub resolved: &'a Resolved,
    /// What its commands did; smoke commands may need their outputs.
    pub results: &'a BTreeMap<Name, CommandEntry>,
    /// A folder for large temporary files.
    pub spool: &'a Path,
    /// Whether each image is built a second time.
    pub twice: bool,
    /// How many containers may run side by side; with one, the second build waits for the first.
    pub lanes: usize,
}

/// Gives the path of the record that belongs to a manifest file.
#[must_use]
pub(crate) fn record_path(manifest: &Path) -> PathBuf {
    manifest.with_extension("images.json")
}

/// Makes a finding of an image; `at` is a place in it.
pub(super) fn finding(
    name: FindingName,
    image: &Name,
    at: &str,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Finding {
    let at = if at.is_empty() { format!("images.{image}") } else { format!("images.{image}.{at}") };
    Finding { name, at, expected: expected.into(), found: found.into() }
}

/// Places what was found of an image below one of its platforms.
pub(super) fn within(at: &str, name: &Name, platform: &str) -> String {
    let image = format!("images.{name}");
    at.strip_prefix(&image).map_or_else(|| at.to_owned(), |rest| format!("{image}.platforms.{platform}{rest}"))
}
