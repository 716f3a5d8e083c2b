//! Stages inputs as overlay volumes: the tree once, below; what a command writes, above.
//!
//! A *lower* is one daemon volume for each distinct subtree of a session, filled once. A *slot* is an upper and a work
//! directory in a *scratch* volume. Each container mounts, for each subtree, an anonymous volume of the `local` driver
//! with `type=overlay` over the two, which costs a few milliseconds whatever the tree's size; the lower stays untouched.
//! All of it goes through the API, so a remote daemon works too. Where the volumes' directories are visible to us, they
//! are used directly.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::{Duration, SystemTime};

use bollard::models::{Mount, MountType, MountVolumeOptions, MountVolumeOptionsDriverConfig};
use bollard::query_parameters::ContainerArchiveInfoOptions;
use tokio::sync::{Mutex, OnceCell};

use super::slot::{Slot, make_slot};
use super::tar_in::{TarIn, TarInError};
use super::upload::{Target, never_started, put};
use crate::EngineError;
use crate::docker::blocking::blocking;
use crate::docker::container::init;
use crate::docker::container::labels::Owner;
use crate::docker::container::spec::{HOSTS_PATH, hosts};
use crate::docker::container::trash::Container;
use crate::docker::container::volume::DaemonVolume;
use crate::docker::fault::{call, limited, refuse};
use crate::docker::inputs::{StagingFor, Subtree};
use crate::docker::pump::PumpHandle;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::text::causes::with_causes;
use rcrepro_store::export::{self, CheckoutOptions, Contents, checkout};

/// How long staged trees are needed at most, for their labels: the longest session.
const LIFETIME: Duration = Duration::from_secs(48 * 3600);
/// Where a helper container sees the volume that it fills.
const FILL_AT: &str = "/rcrepro-fill";
/// How many slots one upload makes where the scratch volume's directory is out of our reach.
const SLOTS_BY_UPLOAD: u32 = 32;
/// What the hosts file is called in a scratch volume, beside the slots' numbers.
const HOSTS_NAME: &str = "hosts";
const DOING: &str = "stage the inputs";

/// A volume that is filled once, when it is first needed.
type Lower = Arc<OnceCell<Arc<DaemonVolume>>>;

/// A session's staged trees.
pub(crate) struct Overlay {
    pump: PumpHandle,
    owner: Owner,
    /// The lower volumes by tree, owner and time.
    lowers: SyncMutex<HashMap<(Digest, u32, u64), Lower>>,
    /// The scratch volumes by the slots' owner and the host name in the hosts file.
    scratch: Mutex<HashMap<(u32, String), Scratch>>,
    api_only: bool,
}

/// A volume of slots.
struct Scratch {
    volume: Arc<DaemonVolume>,
    /// Whether its directory is visible to us.
    local: bool,
    taken: u32,
    /// How many slots it was made with; those of a local one are made as they are taken.
    made: u32,
}

/// One subtree, ready to be mounted.
pub(crate) struct Staged {
    pub mount: Mount,
    /// Puts the fixed hosts file, which the scratch volume carries, into the container.
    pub hosts: Mount,
    /// Puts the program that is PID 1 into the container, in the same way.
    pub init: Mount,
    /// Puts an empty file for what that program says at its end into the container.
    pub report: Mount,
    pub slot: Slot,
    /// The upper directory, where it is visible to us.
    pub upper: Option<PathBuf>,
}

impl Overlay {
    pub fn new(pump: PumpHandle, owner: Owner, api_only: bool) -> Self {
        Self { pump, owner, lowers: SyncMutex::default(), scratch: Mutex::default(), api_only }
    }

    /// Makes a subtree ready to be mounted in one container.
    pub async fn stage(&self, of: StagingFor<'_>, subtree: &Subtree) -> Result<Staged, EngineError> {
        let cell = {
            let mut lowers = self.lowers.lock().unwrap_or_else(PoisonError::into_inner);
            lowers.entry((subtree.root, subtree.owner, subtree.mtime)).or_default().clone()
        };
        let lower = cell.get_or_try_init(|| self.fill(of, subtree)).await?.clone();
        let (scratch, index, local) = self.take_slot(of, subtree).await?;
        let slot = format!("{}/{index}", scratch.mountpoint);
        let mut options = String::new();
        for (name, path) in [
            ("lowerdir", format!("{}/tree", lower.mountpoint)),
            ("upperdir", format!("{slot}/upper")),
            ("workdir", format!("{slot}/work")),
        ] {
            if path.contains([',', ':', '\\']) {
                let reason = format!("the daemon's directory `{path}` cannot be written into a mount option");
                return Err(refuse(of.label, DOING, reason));
            }
            options += &format!("{name}={path},");
        }
        // As in a plain directory, directories can be renamed; and an upper file always holds its whole content.
        options += "redirect_dir=on,metacopy=off,index=off";
        let local = local.then(|| PathBuf::from(&slot));
        let bind = |name: &str, target: &str, read_only| Mount {
            target: Some(target.to_owned()),
            // A path of the daemon's own, inside our volume: it binds nothing of this machine.
            source: Some(format!("{}/{name}", scratch.mountpoint)),
            typ: Some(MountType::BIND),
            read_only: Some(read_only),
            ..Mount::default()
        };
        Ok(Staged {
            hosts: bind(HOSTS_NAME, HOSTS_PATH, true),
            init: bind(init::NAME, init::PATH, true),
            report: bind(&format!("{index}/{}", init::REPORT_NAME), init::REPORT, false),
            mount: volume_mount(&format!("/{}", subtree.at), None, Some((self.labels(of.label), options))),
            upper: local.as_ref().map(|slot| slot.join("upper")),
            slot: Slot::new([scratch, lower], local, self.pump.clone()),
        })
    }

    /// Mounts a staged subtree in a container that is never started: says whether the daemon can do overlays at all.
    pub async fn prove(&self, of: StagingFor<'_>, staged: Staged) -> Result<(), EngineError> {
        let path = staged.mount.target.clone().unwrap_or_default();
        let body = never_started(of.image_id, self.labels(of.label), vec![staged.mount]);
        let container = Container::create(&self.pump, of.label, body, vec![staged.slot]).await;
        let container = container.map_err(call(of.label, DOING))?;
        let options = ContainerArchiveInfoOptions { path };
        let asked = self.pump.client.get_container_archive_info(&container.id, Some(options));
        limited(of.label, "mount an overlay volume", asked).await.map(|_| ())
    }

    /// Forgets every staged tree; each volume is removed when its last container is gone.
    pub async fn clear(&self) {
        self.lowers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.scratch.lock().await.clear();
    }

    /// Whether a directory of the daemon is one that we may use directly. The volume's name is random and new, so a
    /// directory of that name here is the daemon's own.
    fn is_in_reach(&self, mountpoint: &Path) -> bool {
        !self.api_only && rustix::process::geteuid().is_root() && mountpoint.is_dir()
    }

    fn labels(&self, label: &str) -> HashMap<String, String> {
        self.owner.labels(label, SystemTime::now(), LIFETIME)
    }

    /// Fills a lower volume with a tree. The sentinel is put beside the tree, where no command sees it.
    async fn fill(
        &self,
        of: StagingFor<'_>,
        &Subtree { root, owner, mtime, .. }: &Subtree,
    ) -> Result<Arc<DaemonVolume>, EngineError> {
        let StagingFor { label, store, .. } = of;
        let volume = self.new_volume(label).await?;
        let mountpoint = Path::new(&volume.mountpoint);
        if self.is_in_reach(mountpoint) {
            let owner = export::Owner { uid: owner, gid: owner };
            // Copies, never links into the store: the command may change a file in place where it could not change a link.
            let mtime = mtime.cast_signed();
            let options = CheckoutOptions { owner: Some(owner), mtime, contents: Contents::Copy };
            blocking(|| checkout(store, root, &mountpoint.join("tree"), &options))
                .map_err(|error| refuse(label, DOING, with_causes(&error)))?;
        } else {
            self.put_into(of, &volume, |tar| tar.tree(label, "tree", root, (owner, mtime), store)).await?;
        }
        Ok(volume)
    }

    async fn new_volume(&self, label: &str) -> Result<Arc<DaemonVolume>, EngineError> {
        let volume = DaemonVolume::create(&self.pump, self.labels(label)).await;
        volume.map(Arc::new).map_err(call(label, DOING))
    }

    /// Takes a slot that no container has had; says whether its directory is visible to us.
    async fn take_slot(
        &self,
        of: StagingFor<'_>,
        subtree: &Subtree,
    ) -> Result<(Arc<DaemonVolume>, u32, bool), EngineError> {
        let mut all = self.scratch.lock().await;
        let key = (subtree.owner, subtree.hostname.clone());
        // Out of our reach nothing in a volume can be deleted but the volume: begin a new one, and the old one goes with
        // its last container.
        let held = all.remove(&key).filter(|scratch| scratch.local || scratch.taken < scratch.made);
        let mut scratch = match held {
            Some(scratch) => scratch,
            None => self.new_scratch(of, subtree).await?,
        };
        let index = scratch.taken;
        if scratch.local {
            let at = Path::new(&scratch.volume.mountpoint).join(index.to_string());
            make_slot(&at, subtree.owner)
                .map_err(|error| refuse(of.label, DOING, format!("cannot make `{}`: {error}", at.display())))?;
        }
        scratch.taken += 1;
        let slot = (scratch.volume.clone(), index, scratch.local);
        all.insert(key, scratch);
        Ok(slot)
    }

    /// Makes a volume for slots, with what it holds beside them; where it is out of our reach, with the slots, too.
    async fn new_scratch(
        &self,
        of: StagingFor<'_>,
        &Subtree { owner, ref hostname, .. }: &Subtree,
    ) -> Result<Scratch, EngineError> {
        let volume = self.new_volume(of.label).await?;
        let hosts = hosts(hostname);
        let common = [(HOSTS_NAME, 0o644, hosts.as_slice()), (init::NAME, 0o755, init::PROGRAM)];
        if self.is_in_reach(Path::new(&volume.mountpoint)) {
            for (name, mode, content) in common {
                let at = Path::new(&volume.mountpoint).join(name);
                fs::write(&at, content)
                    .and_then(|()| fs::set_permissions(&at, Permissions::from_mode(mode)))
                    .map_err(|error| refuse(of.label, DOING, format!("cannot write `{}`: {error}", at.display())))?;
            }
            return Ok(Scratch { volume, local: true, taken: 0, made: 0 });
        }
        self.put_into(of, &volume, |tar| {
            for (name, mode, content) in common {
                tar.file(name, 0, mode, content.len() as u64, content)?;
            }
            for index in 0..SLOTS_BY_UPLOAD {
                tar.directory(&index.to_string(), 0)?;
                tar.directory(&format!("{index}/upper"), owner)?;
                tar.directory(&format!("{index}/work"), owner)?;
                tar.file(&format!("{index}/{}", init::REPORT_NAME), owner, 0o600, 0, std::io::empty())?;
            }
            Ok(())
        })
        .await?;
        Ok(Scratch { volume, local: false, taken: 0, made: SLOTS_BY_UPLOAD })
    }

    async fn put_into(
        &self,
        StagingFor { label, image_id, cancel, .. }: StagingFor<'_>,
        volume: &Arc<DaemonVolume>,
        fill: impl FnOnce(&mut TarIn<&mut dyn Write>) -> Result<(), TarInError> + Send,
    ) -> Result<(), EngineError> {
        let mount = volume_mount(FILL_AT, Some(volume.name.clone()), None);
        let body = never_started(image_id, self.labels(label), vec![mount]);
        // The helper holds the volume through its slot-less container; the volume's removal waits for it.
        let helper = Container::create(&self.pump, label, body, Vec::new()).await.map_err(call(label, DOING))?;
        let target = Target { label, container: &helper.id, directory: FILL_AT, sentinel: "whole" };
        put(&self.pump, &target, cancel, fill).await
    }
}

/// Describes a volume mount: a named volume, or an anonymous overlay with labels and mount options.
fn volume_mount(target: &str, source: Option<String>, overlay: Option<(HashMap<String, String>, String)>) -> Mount {
    let (labels, options) = overlay.unzip();
    let driver_config = options.map(|options| MountVolumeOptionsDriverConfig {
        name: Some("local".to_owned()),
        options: Some(
            [("type", "overlay".to_owned()), ("device", "overlay".to_owned()), ("o", options)]
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        ),
    });
    Mount {
        target: Some(target.to_owned()),
        source,
        typ: Some(MountType::VOLUME),
        // Without this the daemon would copy what the image has at the target into the volume.
        volume_options: Some(MountVolumeOptions { no_copy: Some(true), labels, driver_config, subpath: None }),
        ..Mount::default()
    }
}
