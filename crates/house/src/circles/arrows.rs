//! Which files use which, as far as names tell.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Found, lookup_path};
use super::tree::Tree;

/// Which names lead from one file to another, by their places in [`crate::sources::Repository::rust`].
pub(super) type Arrows = BTreeMap<(usize, usize), BTreeSet<String>>;

/// Every use of an item by another file.
pub(super) fn arrows(tree: &Tree) -> Arrows {
    let mut arrows = Arrows::new();
    for (index, module) in tree.modules.iter().enumerate() {
        for path in module.uses.paths() {
            if let Some(Found::Item(file)) = lookup_path(tree, index, path)
                && file != module.file
            {
                let name = path.iter().rev().find(|name| name.as_str() != "self").cloned().unwrap_or_default();
                arrows.entry((module.file, file)).or_default().insert(name);
            }
        }
    }
    arrows
}

/// From each file to the files of the modules around it.
pub(super) fn upwards(tree: &Tree) -> BTreeSet<(usize, usize)> {
    let mut upwards = BTreeSet::new();
    for module in &tree.modules {
        let mut around = module.parent;
        while let Some(parent) = around {
            let parent = &tree.modules[parent];
            upwards.insert((module.file, parent.file));
            around = parent.parent;
        }
    }
    upwards
}
