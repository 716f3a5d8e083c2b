//! Declared outputs that are in the source already: a command that makes nothing leaves them where they are, and its output is there.
//!
//! A generated file that is committed and comes out equal is as it should be, so that this is a note and no failure.

use std::collections::{BTreeMap, BTreeSet};

use crate::run::execute::CommandRun;
use crate::workspace::PLAN_FILE;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::manifest::OutputEntry;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::Plan;
use rcrepro_store::export::{ExportError, lookup};
use rcrepro_store::{BlobStore, StoreError};

/// Collects the declared outputs that a commit has.
pub(super) struct StandingOutputs<'a> {
    declared: Vec<(&'a Name, &'a TreePath)>,
    found: BTreeSet<(&'a Name, &'a TreePath)>,
}

impl<'a> StandingOutputs<'a> {
    pub(super) fn of(plan: &'a Plan) -> Self {
        let specs = plan.sets.values().flatten();
        let declared = specs.flat_map(|spec| spec.outputs.iter().map(move |path| (&spec.id, path))).collect();
        Self { declared, found: BTreeSet::new() }
    }

    /// Looks at a tracked file. A file that only keeps a folder in git does not count.
    pub(super) fn look(&mut self, path: &str, bytes: &[u8]) {
        let is_placeholder = bytes.is_empty() || path.rsplit('/').next() == Some(".gitignore");
        let holds = |output: &TreePath| match path.strip_prefix(output.as_str()) {
            Some("") => true,
            Some(below) => below.starts_with('/') && !is_placeholder,
            None => false,
        };
        self.found.extend(self.declared.iter().filter(|(_, output)| holds(output)));
    }

    pub(super) fn notes(self) -> impl Iterator<Item = Fault> {
        self.found.into_iter().map(|(id, path)| {
            let says = format!(
                "the output `{path}` of `{id}` is in the source: it is there even if the command makes nothing"
            );
            let hint = format!(
                "rcrepro run says whether it comes out as it was; git rm -r --cached {path} takes it out of the source"
            );
            Fault::of_file(PLAN_FILE, says).hint(hint)
        })
    }
}

/// Says, by command, which declared outputs came out as the source has them.
///
/// # Errors
/// [`StoreError`] when the source cannot be read.
pub fn unchanged_at_run(
    ran: &[CommandRun],
    store: &dyn BlobStore,
    source: Digest,
) -> Result<BTreeMap<Name, String>, StoreError> {
    let mut found = BTreeMap::new();
    for ran in ran.iter().filter(|ran| ran.entry.succeeded()) {
        let mut same = Vec::new();
        for (path, output) in &ran.entry.outputs {
            let before = match lookup(store, source, path) {
                Err(ExportError::Store(error)) => return Err(error),
                before => before.ok().flatten(),
            };
            let is_same = match (output, before) {
                (OutputEntry::File { raw, .. }, Some(TreeNode::File { digest, .. }))
                | (OutputEntry::Directory { raw, .. }, Some(TreeNode::Directory { digest })) => *raw == digest,
                _ => false,
            };
            same.extend(is_same.then(|| format!("`{path}`")));
        }
        if !same.is_empty() {
            let (are, it) = if same.len() == 1 { ("is", "it") } else { ("are", "them") };
            let says =
                format!("{} {are} as the source has {it}: nothing shows that the command made {it}", same.join(", "));
            found.insert(ran.entry.id.clone(), says);
        }
    }
    Ok(found)
}
