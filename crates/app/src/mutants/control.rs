//! The verdict of each gate on the unchanged source: by committed evidence that counts, else by exercising it once.

use std::collections::{BTreeMap, BTreeSet};

use super::gauge::{Gauge, narrowed, streams};
use super::plant::in_scope;
use super::reading::{GateVerdict, Reading};
use super::scratch::ScratchClone;
use super::seeds::{SeededChange, SourceFiles as _};
use super::{MutateError, reasons};
use crate::board::status;
use crate::evidence::evidence_set::EvidenceSet;
use crate::workspace::Workspace;
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::mutant::MutationGate;

impl Gauge<'_> {
    /// Reads each gate without any mutant; the reason where that was not possible.
    ///
    /// # Errors
    /// [`MutateError`] when the user stopped it.
    pub(super) async fn controls(
        &self,
        user: &Workspace,
        base: &ScratchClone,
        gates: &BTreeSet<MutationGate>,
    ) -> Result<BTreeMap<MutationGate, Result<Reading, String>>, MutateError> {
        let mut controls: BTreeMap<MutationGate, Result<Reading, String>> = BTreeMap::new();
        let (mut open, mut read) = (BTreeSet::new(), BTreeSet::new());
        let recorded = self.recorded(user, base);
        for gate in gates {
            match gate {
                MutationGate::Command(id) => match recorded.get(id) {
                    Some(reading) => {
                        controls.insert(gate.clone(), Ok(reading.clone()));
                        read.insert(id.clone());
                    }
                    None => {
                        open.insert(id.clone());
                    }
                },
                MutationGate::Scope(packet) => {
                    controls
                        .insert(gate.clone(), self.scope(user, base, packet).await.map_err(|error| reasons(&error)));
                }
                MutationGate::Pins | MutationGate::Documents => {
                    let reading = self.read(&base.workspace, gate, &base.base(), &base.base()).await;
                    controls.insert(gate.clone(), reading.map_err(|error| reasons(&error)));
                }
            }
        }
        // A mutant that needs what cannot be had says so itself.
        if let Err(error) = self.prepare(base, &read).await
            && self.context.cancel.is_cancelled()
        {
            return Err(error);
        }
        if open.is_empty() {
            return Ok(controls);
        }
        let ran = self.commands(&base.workspace, &base.base(), &open).await;
        match ran {
            Ok(readings) => {
                controls.extend(readings.into_iter().map(|(id, reading)| (MutationGate::Command(id), Ok(reading))));
            }
            Err(error) if self.context.cancel.is_cancelled() => return Err(error),
            Err(error) => {
                let why = reasons(&error);
                controls.extend(open.into_iter().map(|id| (MutationGate::Command(id), Err(why.clone()))));
            }
        }
        Ok(controls)
    }

    /// Brings into the store what commands need whose evidence counts, so that nothing is ever fetched for the source of a mutant: a
    /// client that is given a wrong file would be the first to complain, and not the gate.
    async fn prepare(&self, base: &ScratchClone, commands: &BTreeSet<Name>) -> Result<(), MutateError> {
        if commands.is_empty() {
            return Ok(());
        }
        let (narrow, _, packet) = narrowed(&base.workspace, commands);
        self.preparation(&narrow).packet(&packet, &base.base(), None).await?;
        Ok(())
    }

    /// Holds an edit of a file that lies in a packet's scope against it: the scope has to allow something.
    async fn scope(&self, user: &Workspace, base: &ScratchClone, packet: &PacketId) -> Result<Reading, MutateError> {
        let Some((path, text)) = base
            .paths()
            .iter()
            .filter(|path| in_scope(base, packet, path))
            .find_map(|path| Some((path, base.text(path)?)))
        else {
            let says = "no tracked file that lies in the scope could be edited".to_owned();
            return Ok(Reading { verdict: GateVerdict::Broken, says, evidence: BTreeMap::new() });
        };
        let mut change = SeededChange::default();
        let path = path.parse().map_err(super::seeds::SeedError::from)?;
        change.files.insert(path, format!("{text}\n").into_bytes());
        let mut scratch = ScratchClone::new(user, &base.base())?;
        // An edit that breaks the plan itself would keep it from being read again.
        let head = scratch.apply(&change, &BTreeMap::new())?;
        self.read(&scratch.workspace, &MutationGate::Scope(packet.clone()), &scratch.base(), &head).await
    }

    /// Takes commands from committed manifests that are whole and of this source, plan and locks. What cannot be read is run.
    fn recorded(&self, user: &Workspace, base: &ScratchClone) -> BTreeMap<Name, Reading> {
        let mut readings = BTreeMap::new();
        if user.plan_bytes != base.workspace.plan_bytes {
            return readings;
        }
        let store = self.context.store.root();
        let Ok(board) = status(user, &base.base(), store, self.today) else { return readings };
        for row in board.rows.iter().filter(|row| row.manifest.is_some()) {
            let Ok(set) = EvidenceSet::open(&user.manifest_path(&row.id), Some(store)) else { continue };
            let Ok(manifest) = set.manifest() else { continue };
            for entry in manifest.commands {
                let Ok(evidence) = streams(set.blobs(), entry.stdout.raw, entry.stderr.raw) else { continue };
                let says = format!("exit code 0 in {}", row.id);
                readings.insert(entry.id, Reading { verdict: GateVerdict::Green, says, evidence });
            }
        }
        readings
    }
}
