//! Judges an image's tree by what else is recorded of it: it ran, so there was something to run; each path has an owner.

#![warn(clippy::expect_used)]

use std::collections::BTreeMap;

use super::error::ReleaseError;
use super::step::finding;
use super::validation::dress::{self, RecordedDress};
use rcrepro_format::images::image_settings;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::release_record::{BuiltEntry, Parts};
use rcrepro_model::plan::release_image::ImageSettings;
use rcrepro_store::export::{self, read_directory};
use rcrepro_store::{BlobStore, StoreError};

/// How many paths are named that have no owner, or are not in the tree.
const NAMED: usize = 5;
/// What the root is called among the owners, where no path has that name.
pub(super) const ROOT: &str = ".";

/// Finds where tree, owners, settings and runs of an image contradict each other.
///
/// # Errors
/// [`ReleaseError`] when the evidence cannot be read.
pub fn contents(
    name: &Name,
    entry: &BuiltEntry,
    settings: Option<&ImageSettings>,
    store: &dyn BlobStore,
) -> Result<Vec<Finding>, ReleaseError> {
    let mut found = Vec::new();
    let tree = export::walk(store, entry.parts.tree)?;
    let has_run = !entry.runs.is_empty() || !entry.smoke.is_empty();
    if tree.is_empty() && has_run {
        let is = "an empty tree, of which nothing can have run";
        found.push(finding(FindingName::ImageFailed, name, "tree", "the files of an image that ran", is));
    }
    let program = settings.and_then(|settings| settings.entrypoint.first().or(settings.cmd.first()));
    // What an image of a later record starts is looked at more closely by its validation.
    if let Some(program) = program.filter(|_| has_run && !tree.is_empty() && entry.inspection.is_none())
        && !may_hold(store, entry.parts.tree, program)?
    {
        let expected = format!("`{program}`, which the image starts with");
        found.push(finding(FindingName::ImageFailed, name, "tree", expected, "no such file"));
    }
    found.extend(owners(name, &tree, &store.get(entry.parts.owners)?));
    Ok(found)
}

/// Gives the settings as this version reads them, where the image's configuration is in the evidence: those of records of older versions
/// say less.
///
/// # Errors
/// [`StoreError`] as the store gives it.
pub(super) fn settings_of(parts: Parts, store: &dyn BlobStore) -> Result<Digest, StoreError> {
    let Some(config) = parts.image_config else { return Ok(parts.config) };
    match store.get(config) {
        Ok(document) => image_settings::read(&document)
            .map_or(Ok(parts.config), |settings| store.put(&image_settings::encode(&settings))),
        Err(StoreError::Missing { .. }) => Ok(parts.config),
        Err(error) => Err(error),
    }
}

/// Tells whether an absolute path can be a file of the tree; what links lead to is not followed.
fn may_hold(store: &dyn BlobStore, root: Digest, program: &str) -> Result<bool, ReleaseError> {
    let Some(path) = program.strip_prefix('/').and_then(|path| path.parse::<TreePath>().ok()) else { return Ok(true) };
    let mut here = root;
    for segment in path.segments() {
        match read_directory(store, here)?.entries.remove(&segment) {
            Some(TreeNode::Directory { digest }) => here = digest,
            Some(_) => return Ok(true),
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// Holds the owners against the tree: every file and link has one, no other path has, and the executable bits agree.
fn owners(name: &Name, tree: &[(TreePath, TreeNode)], bytes: &[u8]) -> Vec<Finding> {
    let wrong = |at: &str, expected: &str, is: String| finding(FindingName::ImageFailed, name, at, expected, is);
    let Some(owners) = dress::texts(bytes) else {
        let expected = "the mode and owner of each path, as canonical JSON";
        return vec![wrong("owners", expected, "something else".to_owned())];
    };
    let nodes: BTreeMap<&str, &TreeNode> = tree.iter().map(|(path, node)| (path.as_str(), node)).collect();
    let without = tree.iter().filter(|(path, node)| {
        // A folder that no layer names comes into being with what is in it.
        !matches!(node, TreeNode::Directory { .. }) && !owners.contains_key(path.as_str())
    });
    let mut found: Vec<Finding> = without
        .take(NAMED)
        .map(|(path, _)| wrong(&format!("owners:/{path}"), "a mode and an owner", "none".to_owned()))
        .collect();
    let mut named = 0;
    for (path, dress) in &owners {
        let executable = RecordedDress::parse(dress).map(|dress| dress.mode & 0o100 != 0);
        let (expected, is) = match (nodes.get(path.as_str()), executable) {
            (_, None) => {
                ("a mode, an owner and extended attributes, such as `0755 0:0 security.capability=0100`", dress.clone())
            }
            (None, Some(_)) if path == ROOT => continue,
            (None, _) => ("a path of the image's tree", "none of its paths".to_owned()),
            (Some(TreeNode::File { executable: held, .. }), Some(executable)) if *held != executable => {
                ("the executable bit of the image's tree", dress.clone())
            }
            _ => continue,
        };
        if named < NAMED {
            found.push(wrong(&format!("owners:/{path}"), expected, is));
        }
        named += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::content::tree::TreeBuilder;
    use rcrepro_model::evidence::release_record::RunEntry;
    use rcrepro_store::memory::MemoryStore;

    fn found(files: &[(&str, bool)], owners: &str, entrypoint: &str) -> Vec<String> {
        let store = MemoryStore::default();
        let mut builder = TreeBuilder::default();
        for (path, executable) in files {
            let node = TreeNode::File { digest: Digest::of(b"x"), executable: *executable };
            builder.insert(&path.parse().expect("a path"), node).expect("new");
        }
        let tree = builder.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored");
        let parts = Parts {
            tree,
            config: Digest::of(b""),
            owners: store.put(owners.as_bytes()).expect("stored"),
            manifest: None,
            image_config: None,
        };
        let run = RunEntry {
            arguments: Vec::new(),
            exit_code: 0,
            stdout: Digest::of(b""),
            stderr: Digest::of(b""),
            result: None,
        };
        let entry = BuiltEntry {
            target: "t".into(),
            arguments: BTreeMap::new(),
            builders: BTreeMap::new(),
            builder: None,
            parts,
            again: parts,
            inspection: None,
            platforms: BTreeMap::new(),
            runs: vec![run],
            smoke: Vec::new(),
        };
        let settings = ImageSettings { entrypoint: vec![entrypoint.to_owned()], ..ImageSettings::default() };
        let name = "app".parse().expect("a name");
        let found = contents(&name, &entry, Some(&settings), &store).expect("judged");
        found.into_iter().map(|finding| format!("{}: {}", finding.at, finding.found)).collect()
    }

    #[test]
    fn an_image_that_ran_has_what_it_starts_with() {
        let good = r#"{"bin":"0755 0:0","bin/app":"0755 0:0"}"#;
        assert_eq!(found(&[("bin/app", true)], good, "/bin/app"), Vec::<String>::new());
        assert_eq!(found(&[("bin/app", true)], good, "app"), Vec::<String>::new());
        assert_eq!(found(&[("bin/app", true)], good, "/app"), ["images.app.tree: no such file"]);
        assert_eq!(found(&[], "{}", "/app"), ["images.app.tree: an empty tree, of which nothing can have run"]);
    }

    #[test]
    fn the_root_may_have_an_owner() {
        assert_eq!(found(&[("a", true)], r#"{".":"0700 0:0","a":"0755 0:0"}"#, "a"), Vec::<String>::new());
        assert_eq!(found(&[("a", true)], r#"{".":"no","a":"0755 0:0"}"#, "a"), ["images.app.owners:/.: no"]);
    }

    #[test]
    fn owners_are_those_of_the_tree() {
        for (owners, expected) in [
            (r#"{"a":"0755 0:0"}"#, "images.app.owners:/a: 0755 0:0"),
            ("{}", "images.app.owners:/a: none"),
            (r#"{"a":"0644 0:0","b":"0644 0:0"}"#, "images.app.owners:/b: none of its paths"),
            (r#"{"a":"644 0:0"}"#, "images.app.owners:/a: 644 0:0"),
            (r#"{"a":"0644 0:"}"#, "images.app.owners:/a: 0644 0:"),
            (r#"{"a":"0644 0:0 user.a"}"#, "images.app.owners:/a: 0644 0:0 user.a"),
            (r#"{"a":"0644 0:0 user.a=6G"}"#, "images.app.owners:/a: 0644 0:0 user.a=6G"),
            (r#"{ "a":"0644 0:0"}"#, "images.app.owners: something else"),
        ] {
            assert_eq!(found(&[("a", false)], owners, "a"), [expected], "{owners}");
        }
    }
}
