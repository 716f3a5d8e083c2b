//! What the scans of a plan say, gathered from their evidence.

use std::collections::{BTreeMap, BTreeSet};

use super::rescan::ScanOutcome;
use super::scan::ScanFinding;
use crate::content::name::Name;
use crate::plan::packet_id::PacketId;
use crate::plan::proof::Condition;
use crate::standing::Standing;

/// One scan command of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The packet whose evidence holds the scan's output.
    pub packet: PacketId,
    /// The scan's command, by its id in the plan.
    pub command: Name,
    /// The exact line.
    pub line: String,
    /// Where the evidence is from: a run, a replay or the manifest; none without any.
    pub origin: Option<String>,
    /// What it says; none without evidence.
    pub outcome: Option<ScanOutcome>,
    /// What keeps it from saying more.
    pub conditions: Vec<Condition>,
}

/// The findings of a packet's scans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The scan commands, by packet.
    pub scans: Vec<Scan>,
    /// The findings, sorted, each with the commands that found it.
    pub found: BTreeMap<ScanFinding, BTreeSet<(PacketId, Name)>>,
    /// Who accepted a finding until when, and why, by the finding's name, without expired waivers.
    pub waived: BTreeMap<String, String>,
    /// Waivers of findings of these scans that do nothing, a line each.
    pub notes: Vec<String>,
    /// The packets whose evidence failed or was tampered with, as the board judges it.
    pub evidence: BTreeMap<PacketId, ScanBasis>,
}

/// What the evidence of a packet with scans came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanBasis {
    /// Failed or tampered.
    pub standing: Standing,
    /// The first reason.
    pub why: String,
}

impl Findings {
    /// Lists the findings without a waiver, with the commands that found them.
    #[must_use]
    pub fn open(&self) -> BTreeMap<ScanFinding, BTreeSet<(PacketId, Name)>> {
        let open = self.found.iter().filter(|(finding, _)| self.waiver(finding).is_none());
        open.map(|(finding, by)| (finding.clone(), by.clone())).collect()
    }

    /// Returns who accepted a finding until when, and why.
    #[must_use]
    pub fn waiver(&self, finding: &ScanFinding) -> Option<&str> {
        self.waived.get(&finding.name().to_string()).map(String::as_str)
    }

    /// Lists what each scan said, by packet and command.
    #[must_use]
    pub fn outcomes(&self) -> Vec<(String, Option<&ScanOutcome>)> {
        self.scans.iter().map(|scan| (format!("{}/{}", scan.packet, scan.command), scan.outcome.as_ref())).collect()
    }

    /// What the scans came to: an open finding is known, whatever another scan does not say; no scan at all says nothing. A scan that
    /// says nothing failed where its evidence did, and evidence that was tampered with outranks whatever it says.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let basis = |scan: &Scan| self.evidence.get(&scan.packet).map_or(Standing::Passed, |basis| basis.standing);
        let said = |scan: &Scan| match &scan.outcome {
            Some(ScanOutcome::Clean | ScanOutcome::Finds { .. }) if basis(scan) < Standing::Tampered => {
                Standing::Passed
            }
            _ => basis(scan).max(Standing::Undecided),
        };
        let open = self.open();
        let open = open.iter().map(|_| Standing::Failed);
        Standing::of_evidence(self.scans.iter().map(said).chain(open))
    }

    /// Says which evidence was tampered with, and how: nothing of it counts.
    #[must_use]
    pub fn tampered(&self) -> Option<(&PacketId, &str)> {
        let found = self.evidence.iter().find(|(_, basis)| basis.standing == Standing::Tampered);
        found.map(|(packet, basis)| (packet, basis.why.as_str()))
    }

    /// Names what kept a scan from saying anything, a line each.
    #[must_use]
    pub fn silent(&self) -> Vec<String> {
        let line = |scan: &Scan| {
            let why = match &scan.outcome {
                None => format!("no evidence of this source yet: rcrepro run {}", scan.packet),
                Some(ScanOutcome::Undecided { why }) => why.clone(),
                Some(_) => return None,
            };
            Some(format!("{}/{}: {why}", scan.packet, scan.command))
        };
        self.scans.iter().filter_map(line).collect()
    }
}
