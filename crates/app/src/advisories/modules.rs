//! Which Go modules the certified source is built from, by every `go.mod` and `go.sum` of its tree.

use std::collections::{BTreeMap, BTreeSet};

use rcrepro_format::go::go_mod;
use rcrepro_model::advisory::go_version::GoVersion;
use rcrepro_model::advisory::osv::{Modules, STDLIB, TOOLCHAIN};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::{Directory, TreeError, TreeNode};
use rcrepro_model::plan::Plan;
use rcrepro_store::{BlobStore, StoreError};

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
pub(crate) fn of_source(plan: &Plan, store: &dyn BlobStore, source: Digest) -> Result<Modules, ModulesError> {
    let mut modules = Modules::new();
    let mut go: BTreeSet<Option<GoVersion>> = BTreeSet::new();
    let mut open = vec![source];
    while let Some(at) = open.pop() {
        let (mut required, mut summed) = (BTreeMap::new(), BTreeMap::new());
        for (name, node) in Directory::decode(&store.get(at)?)?.entries {
            match (name.as_str(), node) {
                (folder, TreeNode::Directory { digest }) if !FOREIGN.contains(&folder) => open.push(digest),
                ("go.mod", TreeNode::File { digest, .. }) => {
                    let found = go_mod::decode(&String::from_utf8_lossy(&store.get(digest)?));
                    required = found.required;
                    go.insert(found.go);
                }
                ("go.sum", TreeNode::File { digest, .. }) => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_format::plan::plan_toml::parse;
    use rcrepro_model::content::tree::TreeBuilder;
    use rcrepro_store::memory::MemoryStore;

    const PLAN: &str = "version = 1\nname = \"x\"\n[images.go]\nbuild = \"go.toml\"\n[[sets.all]]\nid = \"x\"\nrun = \"true\"\n\
                        image = \"go\"\n[packets.RC-05]\ntitle = \"x\"\nsets = [\"all\"]\n";

    fn modules(pins: &str, files: &[(&str, &str)]) -> Modules {
        let store = MemoryStore::default();
        let mut builder = TreeBuilder::default();
        for (path, text) in files {
            let node = TreeNode::File { digest: store.put(text.as_bytes()).expect("stored"), executable: false };
            builder.insert(&path.parse().expect("a path"), node).expect("no path twice");
        }
        let root = builder.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored");
        of_source(&parse(&format!("{PLAN}{pins}"), &[]).expect("a plan"), &store, root).expect("modules")
    }

    fn versions(modules: &Modules, module: &str) -> Vec<String> {
        let text = |version: &Option<GoVersion>| version.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
        modules.get(module).into_iter().flatten().map(text).collect()
    }

    #[test]
    fn every_module_of_the_source_counts_and_foreign_ones_do_not() {
        let files = [
            ("go.mod", "module a\ngo 1.25.0\nrequire m v1.0.0\n"),
            ("go.sum", "m v1.5.0 h1:x=\nonly.sum v0.1.0 h1:x=\n"),
            ("tools/go.mod", "module b\ngo 1.26.0\nrequire m v2.0.0\n"),
            ("vendor/x/go.mod", "module c\nrequire vendored v1.0.0\n"),
            ("a/testdata/go.mod", "module d\nrequire tested v1.0.0\n"),
        ];
        let found = modules("", &files);
        assert_eq!(versions(&found, "m"), ["1.0.0", "2.0.0"], "what is required is used, not what has a checksum");
        assert_eq!(versions(&found, "only.sum"), ["0.1.0"]);
        assert_eq!(versions(&found, STDLIB), ["1.25.0", "1.26.0"]);
        assert!(!found.contains_key("vendored") && !found.contains_key("tested"));
        assert_eq!(versions(&modules("[pins.go]\nversion = \"1.26.8\"\n", &files), TOOLCHAIN), ["1.26.8"]);
        assert_eq!(versions(&modules("", &[("README.md", "x")]), STDLIB), ["?"], "nobody says which");
    }
}
