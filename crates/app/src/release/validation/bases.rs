//! What the locked images hold that an image is built with: a file that comes from there as it is was decided with their locks.

use std::collections::BTreeMap;

use super::dress::RecordedDress;
use crate::release::error::ReleaseError;
use rcrepro_format::images::{lock_toml, pulled_toml};
use rcrepro_images::registry::open_unpacked;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_store::ingest::{RootTree, TarError, hash_layers};
use rcrepro_store::{BlobStore, export};

/// The files of a locked image, with their modes and owners.
pub(super) struct BaseTree {
    pub name: Name,
    files: BTreeMap<String, (Digest, RecordedDress)>,
}

impl BaseTree {
    /// Takes the files of a recorded image for those of a base.
    #[cfg(test)]
    pub fn of_parts(name: Name, parts: rcrepro_model::evidence::release_record::Parts, store: &dyn BlobStore) -> Self {
        let owners = super::dress::texts(&store.get(parts.owners).expect("stored")).expect("texts");
        let file = |(path, node)| match node {
            TreeNode::File { digest, .. } => {
                let path: String = rcrepro_model::content::name::TreePath::to_string(&path);
                let dress = RecordedDress::parse(&owners[&path]).expect("a dress");
                Some((path, (digest, dress)))
            }
            _ => None,
        };
        let files = export::walk(store, parts.tree).expect("walked").into_iter().filter_map(file).collect();
        Self { name, files }
    }

    /// Whether it has the same file at the same path, with the same mode and owner.
    pub fn has(&self, path: &str, digest: Digest, dress: Option<RecordedDress>) -> bool {
        self.files.get(path).is_some_and(|(file, of)| *file == digest && Some(*of) == dress)
    }
}

/// Unpacks locked images, each named with its lock, as far as this machine's store has their layers.
///
/// # Errors
/// [`ReleaseError`] when the store fails.
pub(super) fn base_trees(locks: &[(Name, Digest)], store: &dyn BlobStore) -> Result<Vec<BaseTree>, ReleaseError> {
    let mut trees: Vec<BaseTree> = Vec::new();
    for (name, lock) in locks {
        if trees.iter().any(|tree| tree.name == *name) || !store.contains(*lock)? {
            continue;
        }
        let text = String::from_utf8_lossy(&store.get(*lock)?).into_owned();
        if let Some(tree) = folded(name, &text, store)? {
            trees.push(base_tree(name, &tree, store)?);
        }
    }
    Ok(trees)
}

/// Lays an image's layers over each other; none where the lock cannot be read, or a layer is not in the store or not whole.
fn folded(name: &Name, lock: &str, store: &dyn BlobStore) -> Result<Option<RootTree>, ReleaseError> {
    let folded = if pulled_toml::is_pulled(lock) {
        let Ok(lock) = pulled_toml::parse(lock) else { return Ok(None) };
        for layer in &lock.image.layers {
            if !store.contains(layer.blob)? {
                return Ok(None);
            }
        }
        hash_layers(store, lock.image.layers.iter().map(|layer| open_unpacked(store, layer)))
    } else {
        let Some(lock) = name.as_str().parse().ok().and_then(|image| lock_toml::parse(image, lock).ok()) else {
            return Ok(None);
        };
        for layer in &lock.layers {
            if !store.contains(layer.digest)? {
                return Ok(None);
            }
        }
        hash_layers(store, lock.layers.iter().map(|layer| store.reader(layer.digest)))
    };
    match folded {
        Ok(tree) => Ok(Some(tree)),
        Err(TarError::Store(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

fn base_tree(name: &Name, tree: &RootTree, store: &dyn BlobStore) -> Result<BaseTree, ReleaseError> {
    let mut files = BTreeMap::new();
    for (path, node) in export::walk(store, tree.root)? {
        if let (TreeNode::File { digest, .. }, Some(dress)) = (node, tree.dress.get(&path)) {
            let dress = RecordedDress::of(dress);
            files.insert(path.to_string(), (digest, dress));
        }
    }
    Ok(BaseTree { name: name.clone(), files })
}
