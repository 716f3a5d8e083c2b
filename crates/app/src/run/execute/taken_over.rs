//! A command that an earlier run executed and that passed: what came of it is taken over, once it is seen to be whole and judged by
//! the rules of today.

use std::io;

use super::{CommandRun, Executor};
use crate::run::prove::{Proved, prove};
use crate::run::{promised, quiet};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::manifest::{CommandEntry, OutputEntry};
use rcrepro_model::execution::action::Action;
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::plan::CommandSpec;
use rcrepro_model::standing::Standing;
use rcrepro_store::BlobStore;
use rcrepro_store::export::walk;

impl Executor<'_> {
    /// Takes a command over; none where it has to be executed. A blob that is missing or damaged is a reason to do so, and no error.
    pub(super) fn take_over(&self, spec: &CommandSpec, action: &Action) -> Option<CommandRun> {
        let earlier = self.earlier?;
        let store = &**self.context.store;
        if self.plan.quarantine.iter().any(|entry| entry.command == spec.id) {
            return None;
        }
        let found = earlier.find(action.digest(), spec)?;
        let world = self.world(spec);
        if world.clock() != found.entry.clock || !is_whole(store, &found.entry) {
            return None;
        }
        let result = found.entry.action_result();
        let entry = self.entry(spec, action, (found.entry.clock, found.entry.ending), &result).ok()?;
        let noise = quiet::streams(store, &spec.quiet, &entry).ok()?;
        let missing = promised::missing(spec, &entry, None);
        let Proved { proof, .. } = prove(self.plan, spec, &entry, store).ok()?;
        let passes = noise.is_empty() && missing.is_empty() && proof.standing() == Standing::Passed;
        passes.then(|| CommandRun {
            ended: self.ended(spec, &entry),
            limits: self.bounds(spec),
            entry,
            duration: found.duration,
            world,
            attempts: Watch::default(),
            findings: Vec::new(),
            earlier: Vec::new(),
            taken_over: Some(found.run.clone()),
        })
    }
}

/// Whether everything that a command left is in the store, each blob with the bytes that its name promises.
fn is_whole(store: &dyn BlobStore, entry: &CommandEntry) -> bool {
    let outputs = entry.outputs.values().all(|output| match output {
        OutputEntry::File { raw, .. } => holds(store, *raw),
        OutputEntry::Directory { raw, .. } => walk(store, *raw).is_ok_and(|nodes| {
            nodes.iter().all(|(_, node)| match node {
                TreeNode::File { digest, .. } => holds(store, *digest),
                // The walk has read it.
                TreeNode::Directory { .. } | TreeNode::Symlink { .. } => true,
            })
        }),
        OutputEntry::Symlink { .. } => true,
    });
    outputs && [entry.stdout.raw, entry.stderr.raw, entry.result].into_iter().all(|blob| holds(store, blob))
}

/// Reads a blob to its end, which checks it.
fn holds(store: &dyn BlobStore, blob: Digest) -> bool {
    store.reader(blob).is_ok_and(|mut reader| io::copy(&mut reader, &mut io::sink()).is_ok())
}
