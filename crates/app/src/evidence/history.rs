//! What the runs and replays of a store recorded of a packet.
//!
//! Everyone who asks for the newest run asks here, so that all mean the same one: the run with the highest number, whatever
//! clocks said, of those that pass a test. A record that cannot be read, was deleted or lies in a renamed folder is never taken
//! for absent: a failure would else be forgotten, and an older success be believed.

use std::path::{Path, PathBuf};

use super::currency::outdated;
use super::recorded::{self, PacketInRun, RecordedError};
use crate::workspace::Workspace;
use rcrepro_format::records::run_record_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::manifest::ReproManifest;
use rcrepro_model::evidence::run_record::RunRecord;
use rcrepro_model::plan::PacketId;
use rcrepro_store::BlobStore;
use rcrepro_store::runs::{RunFolderError, RunId, Runs};

/// The runs of a store.
#[derive(Debug, Clone)]
pub struct History {
    runs: Runs,
}

/// A run of a packet, with the manifest that it recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedRun {
    pub(crate) record: RunRecord,
    /// The manifest's bytes.
    pub(crate) bytes: Vec<u8>,
    pub(crate) manifest: ReproManifest,
}

/// A run that ended without a record of a packet that it worked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unrecorded {
    pub(crate) run: RunId,
    pub(crate) packet: PacketId,
}

/// Says what can be known of it, and the command that makes a newer record.
impl std::fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { run, packet } = self;
        write!(
            f,
            "run {run} left no record of {packet}: it was killed, or the record was deleted: rcrepro run {packet}"
        )
    }
}

impl History {
    /// Opens the history of a store by the store's folder.
    ///
    /// # Errors
    /// [`RunFolderError`] when the runs cannot be read.
    pub fn open(store: &Path) -> Result<Self, RunFolderError> {
        Ok(Self { runs: Runs::open(store)? })
    }

    /// Lists the runs of the store, the oldest first.
    ///
    /// # Errors
    /// [`RunFolderError`] when they cannot be read.
    pub(crate) fn runs(&self) -> Result<Vec<RunId>, RunFolderError> {
        self.runs.list()
    }

    /// Reads what one run recorded of a packet; `None` when it recorded nothing of it.
    ///
    /// # Errors
    /// [`RecordedError`] when there is a record and it cannot be read, or is that of another run or packet.
    pub(crate) fn record(&self, run: &RunId, packet: &PacketId) -> Result<Option<RunRecord>, RecordedError> {
        let path = self.runs.record_path(run, packet);
        let Some(bytes) = self.runs.record(run, packet)? else {
            // What became of the images is kept after the record alone.
            return match self.runs.images(run, packet)? {
                None => Ok(None),
                Some(_) => Err(RecordedError::Deleted(packet_in_run(run, packet), path)),
            };
        };
        let of = packet_in_run(run, packet);
        match run_record_json::decode(&bytes) {
            Err(source) => Err(RecordedError::Record(of, path, source)),
            Ok(found) if found.run != run.as_str() || found.packet != *packet => {
                let other = format!("{} of run {}", found.packet, found.run);
                Err(RecordedError::Another(of, path, other))
            }
            Ok(found) => Ok(Some(found)),
        }
    }

    /// Finds the newest run of a packet that passes a test.
    ///
    /// # Errors
    /// [`RecordedError`] when the runs cannot be listed, or one that is newer cannot be read.
    pub(crate) fn newest(
        &self,
        packet: &PacketId,
        wanted: impl Fn(&RunRecord) -> bool,
    ) -> Result<Option<RunRecord>, RecordedError> {
        self.newest_with(packet, |record| Ok(wanted(&record).then_some(record)))
    }

    /// Finds the newest run of a packet by a plan. Plans tell the packets of one name of several repositories apart.
    ///
    /// # Errors
    /// As [`Self::newest`].
    pub(crate) fn newest_of_plan(&self, packet: &PacketId, plan: Digest) -> Result<Option<RunRecord>, RecordedError> {
        self.newest(packet, |record| record.plan == plan)
    }

    /// Finds the newest run of a packet in which `look` finds something, and returns that.
    ///
    /// # Errors
    /// As [`Self::newest`], and whatever `look` returns.
    pub(crate) fn newest_with<T>(
        &self,
        packet: &PacketId,
        mut look: impl FnMut(RunRecord) -> Result<Option<T>, RecordedError>,
    ) -> Result<Option<T>, RecordedError> {
        let moved = self.moved(packet)?.pop();
        let refused = |at: Option<&RunId>| match &moved {
            Some((run, folder)) if at.is_none_or(|at| run >= at) => {
                Err(RecordedError::Moved(packet_in_run(run, packet), folder.clone()))
            }
            _ => Ok(()),
        };
        for run in self.runs.list()?.iter().rev() {
            refused(Some(run))?;
            let Some(record) = self.record(run, packet)? else { continue };
            if let Some(found) = look(record)? {
                return Ok(Some(found));
            }
        }
        refused(None)?;
        Ok(None)
    }

    /// Hands out what at most so many runs recorded of some packets, the newest first, until `look` wants no more. It ends before a
    /// record that was moved away from its run: of what is older nothing is known then.
    ///
    /// # Errors
    /// As [`Self::newest`], for the first record that cannot be read; those before it have been handed out.
    pub(crate) fn newest_first(
        &self,
        packets: &[&PacketId],
        most: usize,
        mut look: impl FnMut(RunRecord) -> bool,
    ) -> Result<(), RecordedError> {
        let mut moved = None;
        for packet in packets {
            moved = moved.max(self.moved(packet)?.pop().map(|(run, _)| run));
        }
        for run in self.runs.list()?.into_iter().rev().take(most) {
            if moved.as_ref().is_some_and(|moved| *moved >= run) {
                break;
            }
            for packet in packets {
                if let Some(record) = self.record(&run, packet)?
                    && !look(record)
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Finds the newest run whose evidence counts now: it is of this source, and of the packet and the locks as they are.
    ///
    /// # Errors
    /// As [`Self::newest`], and when the manifest or the plan of such a run is damaged or gone.
    pub(crate) fn newest_current(
        &self,
        packet: &PacketId,
        workspace: &Workspace,
        source: Digest,
        store: &dyn BlobStore,
    ) -> Result<Option<RecordedRun>, RecordedError> {
        self.newest_with(packet, |record| {
            // A part of a packet neither passes it nor takes away what a whole run found.
            if record.is_partial() {
                return Ok(None);
            }
            let (bytes, manifest) = match recorded::manifest(&record, store) {
                Ok(found) => found,
                // The plan is a part of the source: another plan is another source.
                Err(_) if record.plan != workspace.plan_digest() => return Ok(None),
                Err(error) => return Err(error),
            };
            let plan = match recorded::plan(&manifest, store) {
                Some(plan) => plan,
                // One that is damaged in the store is the very one at hand when the digests are equal.
                None if manifest.plan == workspace.plan_digest() => workspace.plan.clone(),
                None if manifest.source.root != source => return Ok(None),
                None => return Err(RecordedError::Plan(PacketInRun { run: record.run, packet: packet.clone() })),
            };
            let is_current =
                manifest.packet == *packet && outdated(workspace, &manifest, &plan, source, store).is_none();
            Ok(is_current.then_some(RecordedRun { record, bytes, manifest }))
        })
    }

    /// Reads what a run kept of the release's images, with the run's id and the file; `None` when it built none.
    ///
    /// # Errors
    /// [`RecordedError`] when the run's id or what it kept cannot be read.
    pub(crate) fn images(&self, record: &RunRecord) -> Result<Option<(RunId, PathBuf, Vec<u8>)>, RecordedError> {
        let run: RunId = record.run.parse()?;
        let path = self.runs.images_path(&run, &record.packet);
        Ok(self.runs.images(&run, &record.packet)?.map(|bytes| (run, path, bytes)))
    }

    /// Tells whether a live run works at a packet of this plan's folder.
    ///
    /// # Errors
    /// [`RunFolderError`] when the runs cannot be read.
    pub(crate) fn is_running(&self, packet: &PacketId, folder: &Path) -> Result<bool, RunFolderError> {
        for run in self.runs.list()?.iter().rev() {
            let announced = self.runs.is_announced(run, packet, folder);
            if announced && self.runs.record(run, packet)?.is_none() && self.runs.is_alive(run)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Finds the newest run of a packet of this plan's folder when it ended without a record: it was killed, or its record was
    /// deleted. A run that ends by an error or by Ctrl-C takes its announcement back and is not such a run.
    ///
    /// # Errors
    /// [`RunFolderError`] when the runs cannot be read.
    pub(crate) fn unrecorded(&self, packet: &PacketId, folder: &Path) -> Result<Option<Unrecorded>, RunFolderError> {
        let runs = self.runs.list()?.into_iter().rev();
        for run in runs.filter(|run| self.runs.is_announced(run, packet, folder)) {
            if self.runs.record_path(&run, packet).symlink_metadata().is_ok() {
                return Ok(None);
            }
            if !self.runs.is_alive(&run)? {
                return Ok(Some(Unrecorded { run, packet: packet.clone() }));
            }
        }
        Ok(None)
    }

    /// Lists the records of a packet that lie in folders that are not named as runs, the oldest first. A record whose run has it,
    /// too, is a copy, and one that cannot be read does not count as moved.
    fn moved(&self, packet: &PacketId) -> Result<Vec<(RunId, PathBuf)>, RecordedError> {
        let mut moved = Vec::new();
        for folder in self.runs.strays()? {
            let bytes = self.runs.stray_record(&folder, packet).unwrap_or_default().unwrap_or_default();
            let Ok(record) = run_record_json::decode(&bytes) else { continue };
            let Ok(run) = record.run.parse::<RunId>() else { continue };
            if record.packet == *packet && self.runs.record(&run, packet)?.is_none() {
                moved.push((run, folder));
            }
        }
        moved.sort();
        Ok(moved)
    }
}

fn packet_in_run(run: &RunId, packet: &PacketId) -> PacketInRun {
    PacketInRun { run: run.to_string(), packet: packet.clone() }
}

#[cfg(test)]
pub(crate) mod tests;
