//! The place that one container writes to, above staged inputs.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::docker::container::init;
use crate::docker::container::volume::DaemonVolume;
use crate::docker::inputs::INPUT_MTIME;
use crate::docker::pump::PumpHandle;

/// An upper and a work directory that one container writes to; dropping it frees them.
pub(crate) struct Slot {
    /// Keeps the volume, and the lower one, until the container is gone.
    _volumes: [Arc<DaemonVolume>; 2],
    /// The slot's directory, where it is visible to us.
    local: Option<PathBuf>,
    pump: PumpHandle,
}

impl Slot {
    /// Takes the scratch and the lower volume, and the slot's directory where it is visible to us.
    pub(super) fn new(volumes: [Arc<DaemonVolume>; 2], local: Option<PathBuf>, pump: PumpHandle) -> Self {
        Self { _volumes: volumes, local, pump }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(local) = self.local.take() {
            let _detached = self.pump.spawn_blocking(move || drop(fs::remove_dir_all(local)));
        }
    }
}

/// Makes the directories of a slot, as the API makes them from a tar.
pub(super) fn make_slot(at: &Path, owner: u32) -> std::io::Result<()> {
    fs::create_dir(at)?;
    let report = at.join(init::REPORT_NAME);
    fs::write(&report, b"")?;
    fs::set_permissions(&report, Permissions::from_mode(0o600))?;
    chown(&report, Some(owner), Some(owner))?;
    for name in ["upper", "work"] {
        let path = at.join(name);
        fs::create_dir(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        chown(&path, Some(owner), Some(owner))?;
        fs::File::open(&path)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(INPUT_MTIME))?;
    }
    Ok(())
}
