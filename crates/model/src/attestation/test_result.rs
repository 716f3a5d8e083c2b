//! How the commands of a packet ended, as its manifest and evidence show it.

use std::collections::BTreeMap;

use super::resource::ResourceDescriptor;
use crate::content::digest::Sha256;
use crate::content::name::Name;
use crate::evidence::finding::Finding;
use crate::evidence::manifest::ReproManifest;
use crate::plan::quarantine::Flake;
use crate::standing::Standing;

/// The result of a packet, as in-toto's test-result predicate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// What it came to.
    pub result: TestOutcome,
    /// What it was run with, by digest.
    pub configuration: Vec<ResourceDescriptor>,
    /// The ids of commands that passed.
    pub passed: Vec<String>,
    /// The ids of commands that failed first and then passed, as the plan's quarantine allows.
    pub warned: Vec<String>,
    /// The ids of commands that failed.
    pub failed: Vec<String>,
}

/// What a packet came to, the worst of its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TestOutcome {
    /// Every command passed at once.
    Passed,
    /// Every command passed, one of them not at once.
    Warned,
    /// Something failed.
    Failed,
}

impl TestOutcome {
    /// All outcomes with the words that in-toto uses.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Passed, "PASSED"), (Self::Warned, "WARNED"), (Self::Failed, "FAILED")];

    /// Returns the word that in-toto uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "PASSED",
            Self::Warned => "WARNED",
            Self::Failed => "FAILED",
        }
    }
}

impl TestResult {
    /// Derives what a manifest shows; `findings` are everything that is wrong with it, `flakes` what the quarantine covers, `images` the hash of
    /// the record of the release's images beside it. Commands of which nothing can be said are in none of the lists; none where nothing can be said of the packet, or where something was tampered with.
    #[must_use]
    pub fn of(
        manifest: &ReproManifest,
        findings: &[Finding],
        flakes: &BTreeMap<Name, Flake>,
        images: Option<Sha256>,
    ) -> Option<Self> {
        let standing = Standing::worst(findings);
        if !matches!(standing, Standing::Passed | Standing::Failed) {
            return None;
        }
        let (mut passed, mut warned, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for command in &manifest.commands {
            let at = format!("commands.{}", command.id);
            let is_of = |finding: &&Finding| {
                finding.at.strip_prefix(&at).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            let list = match (findings.iter().any(|finding| is_of(&finding)), flakes.contains_key(&command.id)) {
                (true, _) => &mut failed,
                (false, true) => &mut warned,
                (false, false) => &mut passed,
            };
            list.push(command.id.to_string());
        }
        let result = match (standing, warned.is_empty()) {
            (Standing::Passed, true) => TestOutcome::Passed,
            (Standing::Passed, false) => TestOutcome::Warned,
            _ => TestOutcome::Failed,
        };
        Some(Self { result, configuration: configuration(manifest, images), passed, warned, failed })
    }
}

/// Lists what decided the results, by digest: the plan's bytes, the root of the source, images by their OCI manifests, frozen inputs by their
/// roots; and the record of release images, which names all that they came to.
#[must_use]
pub fn configuration(manifest: &ReproManifest, record: Option<Sha256>) -> Vec<ResourceDescriptor> {
    let own = [("plan", manifest.plan.hash), ("source", manifest.source.root.hash)];
    let own = own.into_iter().map(|(name, hash)| ResourceDescriptor::new(name, hash));
    let images =
        manifest.images.iter().map(|(name, image)| ResourceDescriptor::new(format!("image:{name}"), image.manifest));
    let frozen =
        manifest.frozen.iter().map(|(name, input)| ResourceDescriptor::new(format!("frozen:{name}"), input.root.hash));
    let record = record.map(|hash| ResourceDescriptor::new("release-images", hash));
    own.chain(images).chain(frozen).chain(record).collect()
}
