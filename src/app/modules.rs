//! Which Go modules the certified source is built from, by every `go.mod` and `go.sum` of its tree.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::go_mod;
use crate::model::digest::Digest;
use crate::model::go_version::GoVersion;
use crate::model::osv::{Modules, STDLIB, TOOLCHAIN};
use crate::model::plan::Plan;
use crate::model::tree::{Directory, Node, TreeError};
use crate::store::{BlobStore, StoreError};

/// Folders whose modules are not the source's own.
const FOREIGN: [&str; 3] = ["vendor", "node_modules", "testdata"];

/// Says why the modules cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ModulesError {
    /// A directory of the source tree is malformed.
    #[error("the source tree is malformed")]
    Tree(#[from] TreeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gathers the modules of a source. Go itself has the version of the plan's pin, else those of every `go.mod`; without any,
/// one that is not known.
///
/// # Errors
/// [`ModulesError`].
pub fn of_source(plan: &Plan, store: &dyn BlobStore, source: Digest) -> Result<Modules, ModulesError> {
    let mut modules = Modules::new();
    let mut go: BTreeSet<Option<GoVersion>> = BTreeSet::new();
    let mut open = vec![source];
    while let Some(at) = open.pop() {
        let (mut required, mut summed) = (BTreeMap::new(), BTreeMap::new());
        for (name, node) in Directory::decode(&store.get(at)?)?.entries {
            match (name.as_str(), node) {
                (folder, Node::Directory { digest }) if !FOREIGN.contains(&folder) => open.push(digest),
                ("go.mod", Node::File { digest, .. }) => {
                    let found = go_mod::decode(&String::from_utf8_lossy(&store.get(digest)?));
                    required = found.required;
                    go.insert(found.go);
                }
                ("go.sum", Node::File { digest, .. }) => {
                    summed = go_mod::sums(&String::from_utf8_lossy(&store.get(digest)?));
                }
                _ => {}
            }
        }
        // What `go.mod` requires is what is used, whatever else has a checksum.
        let more = summed.into_iter().map(|(module, version)| (module, Some(version)));
        let more: Vec<_> = more.filter(|(module, _)| !required.contains_key(module)).collect();
        for (module, version) in required.into_iter().chain(more) {
            modules.entry(module).or_default().insert(version);
        }
    }
    if let Some(pin) = plan.pins.go.as_ref().and_then(|pin| pin.version.to_string().parse().ok()) {
        go = [Some(pin)].into();
    }
    if go.is_empty() {
        go.insert(None);
    }
    for name in [STDLIB, TOOLCHAIN] {
        modules.insert(name.to_owned(), go.clone());
    }
    Ok(modules)
}
