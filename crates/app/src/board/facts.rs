//! What criteria rest on beside commands: pins, scope, risks, documents, approvals, files. Each is found out from the repository
//! as it is, and names the digest of what it follows from.

use super::approve;
use super::pins;
use super::promises;
use crate::advisories::findings;
use crate::board::fact_sources::FactSources;
use crate::mutants::record as gates;
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::advisory::rescan::ScanOutcome;
use rcrepro_model::advisory::scan::ScanFinding;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::decision::approval::ApprovalKind;
use rcrepro_model::decision::board::Fact;
use rcrepro_model::decision::risk;
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::contract::Basis;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::plural::counted;
use rcrepro_pins::documents::sections;
use rcrepro_pins::judge::PinFinding;
use rcrepro_pins::rows::{FindingRow, rows};
use rcrepro_store::door;
use rcrepro_store::export;

/// How many findings a fact names.
const NAMED: usize = 3;

impl FactSources<'_> {
    /// Finds out one thing that a criterion of a packet rests on; none for commands and packets, which the board knows.
    #[must_use]
    pub(crate) fn find(&self, id: &PacketId, basis: &Basis) -> Option<Fact> {
        Some(match basis {
            Basis::Image(name) => crate::release::fact::image(self, id, name),
            Basis::Approval => approve::fact(self.workspace, id, ApprovalKind::Approval),
            Basis::Review => approve::fact(self.workspace, id, ApprovalKind::Review),
            Basis::File(path) => self.file(path),
            Basis::Pins => self.pins(),
            Basis::Scope => promises::scope(self.workspace, id),
            Basis::Risks => promises::risks(self.workspace, self.today),
            Basis::Findings => self.findings(),
            Basis::Documents => promises::documents(self.workspace, self.revision),
            Basis::Sections | Basis::Section(_) => return self.written.fact(basis, None),
            Basis::Gates => gates::fact(self.workspace, self.source),
            Basis::Commands | Basis::Command(_) | Basis::Packets => return None,
        })
    }

    fn file(&self, path: &TreePath) -> Fact {
        // What rcrepro itself writes is evidence as soon as it lies there; anything else has to be committed.
        let written = self.workspace.is_written(path);
        let on_disk = || {
            let folder = &self.workspace.folder;
            let read = match written {
                true => door::read_below(self.workspace.records_folder(), path.as_str().as_ref()),
                false => self.workspace.files.read(&folder.join(path.as_str())),
            };
            read.ok()
        };
        let tracked = match export::lookup(self.store, self.source, path) {
            Ok(Some(TreeNode::File { digest, .. })) => Some(digest),
            _ => None,
        };
        // What rcrepro itself writes (boards, verdicts) is no part of the source, and a section that shows this digest may not
        // change it.
        let on_disk = || match self.workspace.plan.documents.generated.contains(path) {
            true => on_disk().map(|bytes| {
                let text = String::from_utf8_lossy(&bytes);
                sections::emptied(&text).map_or_else(|_| bytes.clone(), String::into_bytes)
            }),
            false => on_disk(),
        };
        match tracked.or_else(|| on_disk().map(|bytes| Digest::of(&bytes))) {
            Some(evidence) if evidence.size > 0 => Fact::Holds { evidence, says: counted(evidence.size, "byte") },
            Some(_) => Fact::Fails { why: format!("`{path}` is empty") },
            None if self.workspace.folder.join(path.as_str()).exists() => {
                Fact::Waits { why: format!("`{path}` is not committed: git add {path} && git commit") }
            }
            None => Fact::Waits { why: format!("`{path}` is not there") },
        }
    }

    fn pins(&self) -> Fact {
        let judgement = match pins::pins(self.workspace, self.revision, self.today) {
            Ok(pinned) => pinned.judgement,
            Err(error) => return Fact::Undecided { why: error.to_string() },
        };
        let open: Vec<PinFinding> =
            judgement.findings.iter().filter(|finding| finding.waived.is_none()).cloned().collect();
        let named: Vec<String> = rows(&open).iter().map(FindingRow::says).take(NAMED).collect();
        let why = format!("{}: rcrepro pins", named.join("; "));
        match judgement.standing() {
            Standing::Tampered => Fact::Tampered { why },
            Standing::Failed => Fact::Fails { why },
            Standing::Undecided => Fact::Undecided { why },
            Standing::Passed => {
                // Where lines stand in a document depends on what is written into its sections.
                let written = &self.workspace.plan.documents.generated;
                let counts = |file: &str| !written.iter().any(|path| path.as_str() == file);
                let references: Vec<_> = judgement.references.iter().filter(|found| counts(&found.file)).collect();
                let old: Vec<_> = judgement.old.iter().filter(|found| counts(&found.file)).collect();
                let findings: Vec<_> = judgement.findings.iter().filter(|found| counts(&found.file)).collect();
                let all = (references, old, findings);
                match canonical_json::to_vec(&all) {
                    Ok(bytes) => Fact::Holds { evidence: Digest::of(&bytes), says: counted(all.0.len(), "reference") },
                    Err(error) => Fact::Undecided { why: error.to_string() },
                }
            }
        }
    }

    /// Judges whether a P0 or P1 is open: among the risks that the plan lists, and among what its scans found. A finding whose
    /// class is not known counts as such; one that is waived does not.
    fn findings(&self) -> Fact {
        let plan = &self.workspace.plan;
        let open = risk::open(&plan.risks, self.today).into_iter();
        let mut named: Vec<String> = open
            .filter(|(risk, _)| !risk.class.may_stay())
            .map(|(risk, _)| format!("{} {}: {}", risk.class, risk.id, risk.says))
            .collect();
        let scans = match findings::findings(self.workspace, &[], self.source, self.store, self.today) {
            Ok(scans) => scans,
            Err(error) => return Fact::Undecided { why: error.to_string() },
        };
        let blocking = scans.found.keys().filter(|finding| finding.blocks() && scans.waiver(finding).is_none());
        named.extend(blocking.map(|found| format!("{} {}: {}", found.class_word(), found.name(), found.says)));
        if !named.is_empty() {
            return Fact::Fails { why: format!("{}: rcrepro findings", named.join("; ")) };
        }
        if let Some(line) = scans.silent().into_iter().next() {
            return match scans.scans.iter().any(|scan| matches!(scan.outcome, Some(ScanOutcome::Undecided { .. }))) {
                true => Fact::Undecided { why: format!("a scan says nothing: {line}") },
                false => Fact::Waits { why: format!("a scan says nothing: {line}") },
            };
        }
        // What the scans said is in the evidence of their packets; the list that follows from it is named with the plan.
        let list: Vec<(&ScanFinding, String)> =
            scans.found.keys().map(|finding| (finding, finding.name().to_string())).collect();
        match canonical_json::to_vec(&(self.workspace.plan_digest(), list, scans.outcomes())) {
            Ok(bytes) => Fact::Holds {
                evidence: Digest::of(&bytes),
                says: format!("no P0 or P1 is open, by the plan and {}", counted(scans.scans.len(), "scan")),
            },
            Err(error) => Fact::Undecided { why: error.to_string() },
        }
    }
}
