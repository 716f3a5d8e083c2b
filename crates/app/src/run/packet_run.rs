//! A packet that was executed and recorded in the store, with what was noticed and proved on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::evidence::failure::FailureRecord;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::Finding;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::release_record::Released;
use rcrepro_model::evidence::run_record::RunRecord;
use rcrepro_model::execution::attempt::Watch;
use rcrepro_model::execution::second_look::told::FailureNotes;
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::standing::Standing;
use rcrepro_proof::Proof;

/// A packet that was executed and recorded in the store.
#[derive(Debug, Clone)]
pub struct PacketRun {
    /// What must be equal everywhere.
    pub manifest: ReproManifest,
    /// The manifest's bytes.
    pub bytes: Vec<u8>,
    /// The manifest's digest.
    pub digest: Digest,
    /// What may differ.
    pub record: RunRecord,
    /// What was seen of each command's attempts at the network.
    pub network: BTreeMap<Name, Watch>,
    /// Where commands were not as quiet as the plan wants them, did not make what they promise, or could not be decided.
    pub findings: Vec<Finding>,
    /// What the evidence of each command that ran proves.
    pub proofs: BTreeMap<Name, Proof>,
    /// How each command that ran ended, in words.
    pub endings: BTreeMap<Name, String>,
    /// The commands that were not executed, with the run from which they were taken over.
    pub taken_over: BTreeMap<Name, String>,
    /// The commands that failed and passed when they were run again.
    pub flakes: BTreeMap<Name, Flake>,
    /// What is known beside the failures.
    pub notes: BTreeMap<Name, FailureNotes>,
    /// The blobs of the commands' inputs that the proofs rest on.
    pub proof_inputs: BTreeSet<Digest>,
    /// What became of the release's images, when the packet builds any and every command passed.
    pub images: Option<Released>,
    /// Where the manifest was written, when every command passed and the plan's folder was to have it.
    pub written: Option<PathBuf>,
    /// The record of the failure, when a command failed and the plan's folder was to have it.
    pub failure: Option<FailureRecord>,
}

impl PacketRun {
    /// Whether every command of the packet ran, succeeded, was as quiet as the plan wants it, and was neither a hollow pass
    /// nor a flake without quarantine.
    #[must_use]
    pub(crate) fn passed(&self, expected: usize) -> bool {
        self.manifest.commands.len() == expected && self.standing() == Standing::Passed
    }

    /// What became of the release's images; passed when there are none.
    #[must_use]
    pub(crate) fn images_standing(&self) -> Standing {
        Standing::worst(self.images.iter().flat_map(|images| &images.findings))
    }

    /// What the commands that ran came to.
    #[must_use]
    pub(crate) fn standing(&self) -> Standing {
        let noticed = Standing::worst(&self.findings).max(Standing::worst(self.flakes.values()));
        Standing::of_evidence(self.proofs.values()).max(noticed)
    }

    /// What all that was to be run came to, of a packet with `expected` commands in the plan: one that did not run decides
    /// nothing. Of a partial run, that is what was chosen; the packet's state is another question.
    #[must_use]
    pub fn outcome(&self, expected: usize) -> Standing {
        let expected = expected.saturating_sub(self.record.left_out.len());
        let unrun = (self.manifest.commands.len() < expected).then_some(Standing::Undecided);
        self.standing().max(self.images_standing()).max(Standing::worst(unrun))
    }
}
