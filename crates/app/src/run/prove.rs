//! What a command's evidence proves: its line, streams and inputs go from the store to [`rcrepro_proof`].
//!
//! The run that records, the replay and the verifier all come through here, so that they cannot disagree.

#![warn(clippy::expect_used)]

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::execute::{CommandRun, ExecuteError, ExecutedPacket, Executions};
use super::packet_run::PacketRun;
use super::record::{self, RecordedPacket};
use super::{RunError, StageInput};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry};
use rcrepro_model::execution::derive::frozen_environment;
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_proof as proof;
use rcrepro_proof::{CommandEvidence, InputFiles, InputKind, Listing, Lookup, Proof, Search};
use rcrepro_store::{BlobStore, GET_LIMIT, StoreError};

/// The fourth stage: judges every command by its evidence, and its retries by the plan's quarantine.
///
/// # Errors
/// [`RunError::Store`] when a stream is missing or damaged.
pub(crate) fn prove_packet(
    input: &StageInput<'_>,
    executed: ExecutedPacket,
    recorded: RecordedPacket,
) -> Result<PacketRun, RunError> {
    let StageInput { context, workspace, id, options, .. } = *input;
    let plan = &workspace.plan;
    let RecordedPacket { manifest, bytes, digest, record } = recorded;
    let ExecutedPacket { executions: Executions { commands, undecided }, notes } = executed;
    let (mut proofs, mut proof_inputs) = (BTreeMap::new(), BTreeSet::new());
    for spec in plan.commands(workspace.packet(id)?) {
        let Some(entry) = manifest.command(&spec.id) else { continue };
        let Proved { proof, read, .. } = prove(plan, spec, entry, &**context.store)?;
        proofs.insert(spec.id.clone(), proof);
        proof_inputs.extend(read);
    }
    Ok(PacketRun {
        network: commands.iter().map(|run| (run.entry.id.clone(), run.attempts.clone())).collect(),
        endings: commands.iter().map(|run| (run.entry.id.clone(), run.ended.clone())).collect(),
        taken_over: commands.iter().filter_map(|run| Some((run.entry.id.clone(), run.taken_over.clone()?))).collect(),
        flakes: flakes(plan, &commands, options.today),
        findings: findings(commands, &undecided),
        manifest,
        bytes,
        digest,
        record,
        proofs,
        notes,
        proof_inputs,
        images: None,
        written: None,
        failure: None,
    })
}

/// The commands that failed and passed when they were run again, as the plan's quarantine judges them.
fn flakes(plan: &Plan, commands: &[CommandRun], today: CivilDate) -> BTreeMap<Name, Flake> {
    let passed_later = commands.iter().filter(|run| !run.earlier.is_empty() && run.entry.succeeded());
    let judged = passed_later.map(|run| {
        let (id, attempts) = (&run.entry.id, record::attempts(run));
        let allowed = plan.command(id).map_or(0, |spec| spec.retries) + 1;
        (id.clone(), Flake::judge(id, attempts, allowed, &plan.quarantine, today))
    });
    judged.collect()
}

/// What was noticed of the commands that ran, and those of which nothing can be said.
fn findings(commands: Vec<CommandRun>, undecided: &[(Name, ExecuteError)]) -> Vec<Finding> {
    let undecided = undecided.iter().map(|(id, error)| Finding {
        name: FindingName::CommandUndecided,
        at: format!("commands.{id}"),
        expected: "a result".to_owned(),
        found: error.to_string(),
    });
    commands.into_iter().flat_map(|run| run.findings).chain(undecided).collect()
}

/// A proof, with what it rests on beside the streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// What the evidence proves.
    pub proof: Proof,
    /// The blobs of the input tree that were read for it, directories among them.
    pub read: BTreeSet<Digest>,
    /// The blobs of the input tree that would have been read for it, and are not there.
    pub(crate) lacking: BTreeSet<Digest>,
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
    let nothing_read = |proof| Ok(Proved { proof, read: BTreeSet::new(), lacking: BTreeSet::new() });
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
    let root = entry.input_root;
    let inputs = InputTree { store, root, read: RefCell::default(), lacking: RefCell::default() };
    let evidence = CommandEvidence {
        line: &entry.line,
        environment: &environment,
        exit_code: entry.exit_code,
        stdout: &stdout,
        stderr: &stderr,
        inputs: &inputs,
    };
    let proof = proof::assess(spec.proof, &evidence);
    Ok(Proved { proof, read: inputs.read.into_inner(), lacking: inputs.lacking.into_inner() })
}

/// Reads files of an input tree, and remembers what was read.
struct InputTree<'a> {
    store: &'a dyn BlobStore,
    root: Digest,
    read: RefCell<BTreeSet<Digest>>,
    lacking: RefCell<BTreeSet<Digest>>,
}

impl InputTree<'_> {
    fn get(&self, digest: Digest) -> Option<Vec<u8>> {
        let bytes = self.store.get(digest).ok();
        let kept = if bytes.is_some() { &self.read } else { &self.lacking };
        kept.borrow_mut().insert(digest);
        bytes
    }
}

/// Where a path of the input tree leads.
enum Followed {
    Node(TreeNode),
    Absent,
    Unavailable,
}

/// How many bytes are searched for one command.
const SEARCHED: u64 = 512 * 1024 * 1024;
/// How many folders deep a search goes.
const DEEPEST: usize = 256;

impl InputTree<'_> {
    fn directory(&self, digest: Digest) -> Option<Directory> {
        self.get(digest).and_then(|bytes| Directory::decode(&bytes).ok())
    }

    fn follow(&self, path: &str) -> Followed {
        let mut at = TreeNode::Directory { digest: self.root };
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            let digest = match at {
                TreeNode::Directory { digest } => digest,
                // Where a link leads depends on the container: nothing is said of it.
                TreeNode::Symlink { .. } => return Followed::Unavailable,
                TreeNode::File { .. } => return Followed::Absent,
            };
            let Some(directory) = self.directory(digest) else { return Followed::Unavailable };
            let entry = directory.entries.into_iter().find(|(name, _)| name.as_str() == segment);
            let Some((_, node)) = entry else { return Followed::Absent };
            at = node;
        }
        Followed::Node(at)
    }

    /// Searches a folder; a file that has nothing of the text is read and does not travel with the evidence.
    fn search_below(&self, digest: Digest, folder: &str, text: &str, found: &mut Search, left: &mut u64, depth: usize) {
        let directory = if depth < DEEPEST { self.directory(digest) } else { None };
        let Some(directory) = directory else {
            found.unseen += 1;
            return;
        };
        for (name, node) in directory.entries {
            let path = if folder.is_empty() { name.to_string() } else { format!("{folder}/{name}") };
            match node {
                TreeNode::Directory { digest } => self.search_below(digest, &path, text, found, left, depth + 1),
                TreeNode::Symlink { .. } => {}
                TreeNode::File { digest, .. } => {
                    let bytes = (digest.size <= GET_LIMIT.min(*left)).then(|| self.store.get(digest).ok()).flatten();
                    let Some(bytes) = bytes else {
                        found.unseen += 1;
                        continue;
                    };
                    *left -= digest.size;
                    let lines = proof::lines_with(&bytes, text);
                    if lines > 0 {
                        self.read.borrow_mut().insert(digest);
                        found.found.insert(path, lines);
                    }
                }
            }
        }
    }
}

impl InputFiles for InputTree<'_> {
    fn look(&self, path: &str) -> Lookup {
        match self.follow(path) {
            Followed::Node(TreeNode::File { digest, .. }) => self.get(digest).map_or(Lookup::Unavailable, Lookup::File),
            Followed::Node(TreeNode::Symlink { .. }) | Followed::Unavailable => Lookup::Unavailable,
            Followed::Node(TreeNode::Directory { .. }) | Followed::Absent => Lookup::Absent,
        }
    }

    fn list(&self, path: &str) -> Listing {
        let directory = match self.follow(path) {
            Followed::Node(TreeNode::Directory { digest }) => self.directory(digest),
            Followed::Node(TreeNode::Symlink { .. }) | Followed::Unavailable => None,
            Followed::Node(TreeNode::File { .. }) | Followed::Absent => return Listing::Absent,
        };
        let Some(directory) = directory else { return Listing::Unavailable };
        let kind = |node: &TreeNode| match node {
            TreeNode::File { .. } => InputKind::File,
            TreeNode::Directory { .. } => InputKind::Folder,
            TreeNode::Symlink { .. } => InputKind::Link,
        };
        Listing::Folder(directory.entries.iter().map(|(name, node)| (name.to_string(), kind(node))).collect())
    }

    fn search(&self, folder: &str, text: &str) -> Search {
        let mut found = Search::default();
        match self.follow(folder) {
            Followed::Node(TreeNode::Directory { digest }) => {
                let mut left = SEARCHED;
                self.search_below(digest, "", text, &mut found, &mut left, 0);
            }
            Followed::Node(TreeNode::File { digest, .. }) => match self.store.get(digest) {
                Ok(bytes) => {
                    let lines = proof::lines_with(&bytes, text);
                    if lines > 0 {
                        self.read.borrow_mut().insert(digest);
                        found.found.insert(folder.rsplit('/').next().unwrap_or_default().to_owned(), lines);
                    }
                }
                Err(_) => found.unseen = 1,
            },
            Followed::Node(TreeNode::Symlink { .. }) | Followed::Unavailable => found.unseen = 1,
            Followed::Absent => {}
        }
        found
    }
}
