//! The folders below `deps` in which a builder finds locked images and named contexts: derived from the plan alone, so that `verify` comes to the
//! same names.

use std::collections::{BTreeMap, BTreeSet};

use super::target::BuildkitTarget;
use rcrepro_model::content::name::Name;

/// The folder of each named context, below `deps` and after an `@`, by the image and the context's name.
pub(super) type ContextFolders<'a> = BTreeMap<(&'a Name, &'a str), String>;

/// Names the folder of each locked image that a builder is given, below `deps` and after an `@`.
pub(super) fn layout_folders(targets: &[BuildkitTarget<'_>]) -> BTreeMap<Name, String> {
    let of = |target: &BuildkitTarget<'_>| {
        let own = target.buildkit.images().skip(1).chain(target.image.builders.values());
        own.cloned().collect::<Vec<Name>>()
    };
    let wanted: BTreeSet<Name> = targets.iter().flat_map(of).collect();
    wanted.into_iter().enumerate().map(|(number, name)| (name, format!("image{number}"))).collect()
}

/// Names the folder of each named context that a builder is given.
pub(super) fn context_folders<'a>(targets: &[BuildkitTarget<'a>]) -> ContextFolders<'a> {
    let of = |target: &BuildkitTarget<'a>| {
        let BuildkitTarget { name, buildkit, .. } = *target;
        buildkit.contexts.keys().map(move |called| (name, called.as_str()))
    };
    let mut folders = ContextFolders::new();
    for context in targets.iter().flat_map(of) {
        let number = folders.len();
        folders.entry(context).or_insert_with(|| format!("named{number}"));
    }
    folders
}
