//! The repository that commands saw: made again from the commit, where the manifest lies in a checkout that has it.

use std::path::Path;

use crate::workspace;
use rcrepro_format::plan::plan_toml;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::finding::{Finding, FindingName, Note};
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::repository::RepositoryEntry;
use rcrepro_normalize as normalize;
use rcrepro_store::BlobStore;
use rcrepro_store::git::shallow::{ShallowChoice, ShallowSource, lay};
use rcrepro_store::ingest::{GitSource, IngestLimits, ingest_git};
use rcrepro_store::memory::MemoryStore;

/// Where the repository is in a manifest.
pub(crate) const AT: &str = "source.git";

/// Makes the source and the repository of a manifest again, from the repository that its file lies in, and compares. What cannot be
/// made is listed as unconfirmed. A manifest without a repository has neither.
pub(crate) fn verify(path: &Path, manifest: &ReproManifest, blobs: &dyn BlobStore) -> (Vec<Finding>, Vec<Note>) {
    let Some(git) = &manifest.source.git else { return (Vec::new(), Vec::new()) };
    match made_again(path, manifest, git, blobs) {
        Ok(findings) => (findings, Vec::new()),
        Err(why) => {
            let says = format!("that it is commit {} with its tags: {why}", git.commit);
            (Vec::new(), vec![Note { at: AT.to_owned(), says }])
        }
    }
}

/// Lists what differs.
///
/// # Errors
/// Why nothing can be compared, in words.
fn made_again(
    path: &Path,
    manifest: &ReproManifest,
    git: &RepositoryEntry,
    blobs: &dyn BlobStore,
) -> Result<Vec<Finding>, String> {
    let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
    let plan = blobs.get(manifest.plan).map_err(|error| error.to_string())?;
    let plan = plan_toml::parse(&String::from_utf8_lossy(&plan), &names).map_err(|error| error.to_string())?;
    let place = path.canonicalize().map_err(|error| error.to_string())?;
    let folder = place.parent().unwrap_or(&place);
    let (repository, _) = workspace::repository(folder).map_err(|_| "its file lies in no repository".to_owned())?;
    let exclude = workspace::excluded_by(&plan);
    let commit = git.commit.as_str();
    let unmade = |error: &dyn std::error::Error| {
        format!("{error} (git fetch --tags origin {commit}, in the project's repository)")
    };
    let source = GitSource { repository: &repository, revision: commit, folder: None, exclude: &exclude };
    let ingested =
        ingest_git(&MemoryStore::default(), &source, IngestLimits::default()).map_err(|error| unmade(&error))?;
    let choice = ShallowChoice { commit: git.commit.clone(), tags: git.tags.clone() };
    let shallow = ShallowSource { repository: &repository, exclude: &exclude };
    let root = lay(&MemoryStore::default(), &shallow, &choice).map_err(|error| unmade(&error))?;
    let differs = |at: &str, expected: String, found: String| {
        (expected != found).then(|| Finding {
            name: FindingName::RepositoryDiffers,
            at: format!("{AT}.{at}"),
            expected,
            found,
        })
    };
    let tree = |root: Digest| format!("the commit of the source {root}");
    let findings = [
        differs("commit", tree(ingested.root), tree(manifest.source.root)),
        differs("root", root.to_string(), git.root.to_string()),
    ];
    Ok(findings.into_iter().flatten().collect())
}
