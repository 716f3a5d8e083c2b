//! What a command's evidence proves: its line, streams and inputs go from the store to [`crate::proof`].
//!
//! The run that records, the replay and the verifier all come through here, so that they cannot disagree.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::derive::frozen_environment;
use crate::model::digest::Digest;
use crate::model::manifest::{CommandEntry, EndingEntry};
use crate::model::plan::{CommandSpec, Plan};
use crate::model::tree::{Directory, Node};
use crate::proof::{self, Evidence, InputFiles, Lookup, Proof};
use crate::store::{BlobStore, StoreError};

/// Is a proof, with what it rests on beside the streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// What the evidence proves.
    pub proof: Proof,
    /// The blobs of the input tree that were read for it, directories among them.
    pub read: BTreeSet<Digest>,
}

/// Says what the evidence of a command that ran proves.
///
/// # Errors
/// [`StoreError`] when a stream is missing or damaged.
pub fn prove(
    plan: &Plan,
    spec: &CommandSpec,
    entry: &CommandEntry,
    store: &dyn BlobStore,
) -> Result<Proved, StoreError> {
    let nothing_read = |proof| Ok(Proved { proof, read: BTreeSet::new() });
    if entry.ending != EndingEntry::Exited {
        return nothing_read(Proof::Failed);
    }
    let [stdout, stderr] = if proof::reads_streams(&entry.line, spec.proof) {
        for (part, raw) in [("stdout", entry.stdout.raw), ("stderr", entry.stderr.raw)] {
            if raw.size > proof::MAX_INPUT {
                let reason = format!("{part} has {} bytes, too many to look for a proof in", raw.size);
                return nothing_read(Proof::Hollow { reason });
            }
        }
        [store.get(entry.stdout.raw)?, store.get(entry.stderr.raw)?]
    } else {
        [Vec::new(), Vec::new()]
    };
    let mut environment = BTreeMap::new();
    for name in &spec.frozen {
        environment.extend(plan.frozen.get(name).map(|input| frozen_environment(name, input.kind)).unwrap_or_default());
    }
    environment.extend(spec.environment.clone());
    let inputs = InputTree { store, root: entry.input_root, read: RefCell::default() };
    let evidence = Evidence {
        line: &entry.line,
        environment: &environment,
        exit_code: entry.exit_code,
        stdout: &stdout,
        stderr: &stderr,
        inputs: &inputs,
    };
    let proof = proof::assess(spec.proof, &evidence);
    Ok(Proved { proof, read: inputs.read.into_inner() })
}

/// Reads files of an input tree, and remembers what was read.
struct InputTree<'a> {
    store: &'a dyn BlobStore,
    root: Digest,
    read: RefCell<BTreeSet<Digest>>,
}

impl InputTree<'_> {
    fn get(&self, digest: Digest) -> Option<Vec<u8>> {
        let bytes = self.store.get(digest).ok()?;
        self.read.borrow_mut().insert(digest);
        Some(bytes)
    }
}

impl InputFiles for InputTree<'_> {
    fn look(&self, path: &str) -> Lookup {
        let mut at = Node::Directory { digest: self.root };
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let Node::Directory { digest } = at else { return Lookup::Absent };
            let Some(directory) = self.get(digest).and_then(|bytes| Directory::decode(&bytes).ok()) else {
                return Lookup::Unavailable;
            };
            let entry = directory.entries.into_iter().find(|(name, _)| name.as_str() == segment);
            let Some((_, node)) = entry else { return Lookup::Absent };
            at = node;
        }
        match at {
            Node::File { digest, .. } => self.get(digest).map_or(Lookup::Unavailable, Lookup::File),
            // Where a link leads depends on the container: nothing is said of it.
            Node::Symlink { .. } => Lookup::Unavailable,
            Node::Directory { .. } => Lookup::Absent,
        }
    }
}
