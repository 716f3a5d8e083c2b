//! What a side may be: a packet (its committed manifest), a run of the store, `latest`, or a manifest file.

use std::path::{Path, PathBuf};

use super::error::WhyError;
use crate::evidence;
use crate::evidence::history::History;

use crate::evidence::recorded;
use crate::release;
use crate::run::replay::{judge_first, read_manifest};
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::release_record::ReleaseRecord;
use rcrepro_model::evidence::run_record::RunRecord;
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_model::why::Side;
use rcrepro_store::fs::FsStore;
use rcrepro_store::runs::RunId;

/// The word for the newest run or replay.
pub const LATEST: &str = "latest";

/// How many runs the error for an unknown one names.
const NAMED_RUNS: usize = 5;

/// Where sides are looked for. The workspace may be missing: manifest files need none.
pub struct Places<'a> {
    /// The plan and its folder, or why there are none.
    pub workspace: Result<&'a Workspace, &'a WorkspaceError>,
    /// Where the runs are kept.
    pub store: &'a FsStore,
    /// The folder that a relative path of a manifest file is relative to.
    pub directory: &'a Path,
    /// The day on which evidence is judged before anything is made of it.
    pub today: CivilDate,
}

impl Places<'_> {
    /// Finds both sides; without a second one, it is the latest replay of the first one.
    ///
    /// # Errors
    /// [`WhyError`].
    pub fn sides(&self, first: &str, second: Option<&str>) -> Result<[Side; 2], WhyError> {
        // The side that names its packet by itself says it for the other.
        let by_itself = |target: &str| self.find(target, None);
        let beside = |target: &str, other: &Side| self.find(target, Some(other));
        match second {
            None => {
                let left = by_itself(first)?;
                let packet = left.manifest.packet.clone();
                let right = self.history()?.newest(&packet, |record| record.recorded == Some(left.digest))?;
                // No run can be replayed, but its packet can.
                let target = first.parse::<RunId>().map_or_else(|_| first.to_owned(), |_| packet.to_string());
                match right {
                    Some(right) => Ok([left, self.recorded(right)?]),
                    // Its two builds of an image differ: there is something to explain without any other run.
                    None if left.images.as_ref().is_some_and(ReleaseRecord::differs_from_itself) => {
                        Ok([left.clone(), left])
                    }
                    None => Err(WhyError::NoRun { packet, target }),
                }
            }
            Some(second) => match by_itself(first) {
                Ok(left) => {
                    let right = beside(second, &left)?;
                    Ok([left, right])
                }
                Err(WhyError::WhichPacket { .. }) => {
                    let right = by_itself(second)?;
                    let left = beside(first, &right)?;
                    Ok([left, right])
                }
                Err(error) => Err(error),
            },
        }
    }

    /// Finds a side; the other one, where it is known, says which packet is meant.
    fn find(&self, target: &str, other: Option<&Side>) -> Result<Side, WhyError> {
        let packet = other.map(|side| &side.manifest.packet);
        if target == LATEST {
            let packet = packet.ok_or_else(|| WhyError::WhichPacket { target: target.to_owned() })?;
            // Another repository's packet of the same name may be in the same store: plans tell them apart, as far as they can.
            let ours =
                |record: &RunRecord| self.workspace.map_or(true, |workspace| record.plan == workspace.plan_digest());
            let newest = self.history()?.newest(packet, ours)?;
            let record =
                newest.ok_or_else(|| WhyError::NoRun { packet: packet.clone(), target: packet.to_string() })?;
            if record.recorded.is_none() && other.is_some_and(|side| side.digest == record.manifest) {
                return Err(WhyError::Itself { run: record.run, packet: packet.clone() });
            }
            return self.recorded(record);
        }
        if let Ok(run) = target.parse::<RunId>() {
            return self.of_run(&run, packet);
        }
        let path = match self.directory == Path::new(".") {
            true => PathBuf::from(target),
            false => self.directory.join(target),
        };
        match (target.parse::<PacketId>(), self.workspace) {
            (Ok(packet), Ok(workspace)) => {
                let path = workspace.manifest_path(&packet);
                // The manifest of a packet that the plan has no longer is one all the same.
                if !path.exists() && !workspace.plan.packets.contains_key(&packet) {
                    return Err(workspace.unknown_packet(&packet).into());
                }
                self.file(&path, &format!("{packet}, committed"))
            }
            // What is written as a file is one, there or not.
            _ if path.exists() || target.contains('/') || target.ends_with(".json") => self.file(&path, target),
            _ => Err(WhyError::NoTarget { target: target.to_owned() }),
        }
    }

    fn history(&self) -> Result<History, WhyError> {
        Ok(History::open(self.store.root())?)
    }

    fn file(&self, path: &Path, name: &str) -> Result<Side, WhyError> {
        judge_first(path, self.store.root(), self.today)?;
        let (manifest, digest) = read_manifest(path, self.store)?;
        let images = release::compare::read(path).map_err(Box::new)?.map(|(record, _)| record);
        if images.is_some() {
            evidence::import(&release::step::record_path(path), self.store)?;
        }
        Ok(Side { name: name.to_owned(), manifest, digest, images })
    }

    fn of_run(&self, run: &RunId, packet: Option<&PacketId>) -> Result<Side, WhyError> {
        let history = self.history()?;
        let runs = history.runs()?;
        if !runs.contains(run) {
            let newest = runs.iter().rev().take(NAMED_RUNS);
            return Err(UnknownName::new("the store", "run", run, newest).into());
        }
        let record = |packet: &PacketId| history.record(run, packet);
        let found: Option<RunRecord> = match (packet, self.workspace) {
            (Some(packet), _) => Some(
                record(packet)?.ok_or_else(|| WhyError::NoRecord { run: run.to_string(), packet: packet.clone() })?,
            ),
            (None, Ok(workspace)) => {
                let mut found = Vec::new();
                for packet in workspace.plan.packets.keys() {
                    found.extend(record(packet)?);
                }
                if found.len() > 1 { None } else { found.pop() }
            }
            (None, Err(_)) => None,
        };
        self.recorded(found.ok_or_else(|| WhyError::WhichPacket { target: run.to_string() })?)
    }

    fn recorded(&self, record: RunRecord) -> Result<Side, WhyError> {
        let (bytes, manifest) = recorded::manifest(&record, self.store)?;
        let name = format!(
            "{} {} on {} with {} processors, {} {}",
            record.kind, record.run, record.host.system, record.host.cpus, record.engine.name, record.engine.version
        );
        let images = release::latest::record(&self.history()?, &record, self.store)?;
        Ok(Side { name, manifest, digest: Digest::of(&bytes), images })
    }
}
