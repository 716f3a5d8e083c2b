//! npm packages as a frozen input: a cache that `npm ci` installs from with no network.
//!
//! Kept of the network step: the tarballs that `package-lock.json` names by integrity. npm leaves out optional ones and those
//! of other platforms; any other that was not fetched is an error, because an install would miss it later. The registry's own
//! packuments are dropped, because they change with every release: [`cache_files`] makes others.

use std::collections::BTreeSet;

use super::lock::{self, LOCK_FILES, LockedPackage};
use crate::frozen::{Abridged, FrozenError, FrozenStep, prune};
use rcrepro_images::packages::npm_cache::{CachedPackage, cache_files};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};

/// The shell line of the network step.
pub const LINE: &str = "npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --cache /work/npm-cache";
/// What the step yields, relative to its working directory.
pub const OUTPUT: &str = "npm-cache/_cacache/content-v2";

impl FrozenStep<'_> {
    /// Makes the cache from what npm fetched; an error when that is not all that the lock wants on this platform.
    pub(in crate::frozen) fn npm_cache(&self, content: Option<Digest>) -> Result<Digest, FrozenError> {
        let fetched = content.map(|content| prune::files(self.store, content)).transpose()?.unwrap_or_default();
        let files = self.client_files()?;
        let file = files.iter().find(|file| file.name == LOCK_FILES[1]);
        let file = self.store.get(file.expect("client_files checked that it is there").digest)?;
        // It was judged before the step.
        let packages = lock::read(&file).unwrap_or_default().packages;
        let lacks = |package: &&LockedPackage| !fetched.contains_key(&package.content_path);
        let missing: Vec<String> = packages
            .iter()
            .filter(lacks)
            .filter(|package| !package.may_be_left_out)
            .map(|package| format!("`{}@{}`", package.name, package.version))
            .collect();
        if !missing.is_empty() {
            let (name, of) = (self.name.clone(), packages.len());
            return Err(FrozenError::LeftOut { name, client: "npm", packages: Abridged(missing), of });
        }
        let (mut present, mut laid) = (Vec::new(), BTreeSet::new());
        let mut builder = TreeBuilder::default();
        for LockedPackage { name, version, integrity, content_path, .. } in &packages {
            let Some(digest) = fetched.get(content_path) else { continue };
            // Two names may share one tarball.
            if laid.insert(content_path) {
                let path = format!("_cacache/content-v2/{content_path}").parse().expect("hex segments");
                builder.insert(&path, TreeNode::File { digest: *digest, executable: false })?;
            }
            present.push(CachedPackage { name, version, integrity, size: digest.size });
        }
        for (path, bytes) in cache_files(&present) {
            let digest = self.store.put(&bytes)?;
            let path = path.parse().expect("hex segments");
            builder.insert(&path, TreeNode::File { digest, executable: false })?;
        }
        Ok(builder.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }
}
