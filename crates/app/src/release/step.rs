//! What every piece of the work on a release's images takes, and the findings that come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::buildkit::FoldedImages;
use super::not_built::NotBuilt;
use crate::run::actions::Resolved;
use crate::run::context::RunContext;
use crate::workspace::Workspace;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::evidence::release_record::BuiltEntry;
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::release_image::ReleaseImage;

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
    /// The images that were built, each unpacked once.
    pub folded: &'a Arc<FoldedImages>,
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

/// What was found of images that are built and tried.
#[derive(Default)]
pub(super) struct Found {
    pub findings: Vec<Finding>,
    /// What failed trials wrote: it belongs to what their entries are found to be.
    pub words: Vec<Finding>,
    /// The images that were built a second time.
    pub twice: BTreeSet<Name>,
    /// What the builders of images that were not built said.
    pub outputs: BTreeMap<Name, String>,
}

impl Found {
    /// Takes why an image was not built.
    pub(super) fn not_built(&mut self, name: &Name, NotBuilt { finding, output }: NotBuilt) {
        self.findings.push(finding);
        self.outputs.extend(output.map(|output| (name.clone(), output)));
    }

    /// Leaves out that an entry is missing where it is found why.
    pub(super) fn drop_counts(
        &self,
        name: &Name,
        (image, entry): (&ReleaseImage, &BuiltEntry),
        judged: &mut Vec<Finding>,
    ) {
        let told = |at: &str| {
            let at = format!("images.{name}.{at}");
            self.findings
                .iter()
                .any(|one| one.at.strip_prefix(&at).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
        };
        let are_runs_told = entry.runs.len() < image.runs.len() && told("runs");
        let mut missing =
            image.smoke.iter().filter(|spec| !entry.smoke.iter().any(|smoke| smoke.id == spec.id)).peekable();
        let are_smoke_told = missing.peek().is_some() && missing.all(|spec| told(spec.id.as_str()));
        let planned = image.smoke.iter().map(|spec| spec.id.as_str()).collect::<Vec<_>>().join(", ");
        let is_count = |one: &Finding, key: &str| one.at == format!("images.{name}.{key}");
        judged.retain(|one| {
            !(are_runs_told && is_count(one, "runs")
                || are_smoke_told && is_count(one, "smoke") && one.expected == planned)
        });
    }

    /// Adds the words of trials to the first finding of the same trial, so that one fact is one finding.
    pub(super) fn with_words(&mut self, judged: &mut [Finding]) {
        let words = std::mem::take(&mut self.words);
        for Finding { name, at, expected, found } in words {
            let within = |one: &&mut Finding| one.at.strip_prefix(&at).is_some_and(|rest| rest.starts_with('.'));
            let of_trial = match judged.iter_mut().position(|one| one.at == at) {
                Some(index) => Some(&mut judged[index]),
                None => judged.iter_mut().find(within),
            };
            match of_trial {
                Some(one) => {
                    let separator = if found.starts_with('\n') { "" } else { "; " };
                    one.found.push_str(&format!("{separator}{found}"));
                }
                None => self.words.push(Finding { name, at, expected, found }),
            }
        }
    }
}

/// Places what was found of an image below one of its platforms.
pub(super) fn within(at: &str, name: &Name, platform: &str) -> String {
    let image = format!("images.{name}");
    at.strip_prefix(&image).map_or_else(|| at.to_owned(), |rest| format!("{image}.platforms.{platform}{rest}"))
}
