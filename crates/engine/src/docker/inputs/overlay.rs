//! Stages inputs as overlay volumes: the tree once, below; what a command writes, above.
//!
//! A *lower* is one daemon volume for each distinct subtree of a session, filled once. A *slot* is an upper and a work
//! directory in a *scratch* volume. Each container mounts, for each subtree, an anonymous volume of the `local` driver
//! with `type=overlay` over the two, which costs a few milliseconds whatever the tree's size; the lower stays untouched.
//! All of it goes through the API, so a remote daemon works too. Where the volumes' directories are visible to us, they
//! are used directly.

use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::{Duration, SystemTime};

use bollard::models::{Mount, MountType, MountVolumeOptions, MountVolumeOptionsDriverConfig};
use bollard::query_parameters::ContainerArchiveInfoOptions;
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;

use super::upload::{Target, blocking, never_started, put};
use crate::EngineError;
use crate::docker::container::init;
use crate::docker::container::labels::Owner;
use crate::docker::container::spec::{HOSTS_PATH, hosts};
use crate::docker::container::trash::{Container, DaemonVolume};
use crate::docker::fault::{call, chain, limited, refuse};
use crate::docker::inputs::{INPUT_MTIME, Subtree};
use crate::docker::pump::PumpHandle;
use rcrepro_model::content::digest::Digest;
use rcrepro_store::BlobStore;
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

/// Is a volume that is filled once, by whoever needs it first.
type Lower = Arc<OnceCell<Arc<DaemonVolume>>>;

/// Is a session's staged trees.
pub(crate) struct Overlay {
    pump: PumpHandle,
    owner: Owner,
    /// The lower volumes by tree and owner.
    lowers: SyncMutex<HashMap<(Digest, u32), Lower>>,
    /// The scratch volumes by the slots' owner and the host name in the hosts file.
    scratch: Mutex<HashMap<(u32, String), Scratch>>,
    api_only: bool,
}

/// Is a volume of slots, and how many of them are taken.
struct Scratch {
    volume: Arc<DaemonVolume>,
    local: bool,
    taken: u32,
    made: u32,
}

/// Is an upper and a work directory that one container writes to; dropping it frees them.
pub(crate) struct Slot {
    /// Keeps the volume, and the lower one, until the container is gone.
    _volumes: [Arc<DaemonVolume>; 2],
    /// The slot's directory, where it is visible to us.
    local: Option<PathBuf>,
    pump: PumpHandle,
}

/// Is one subtree, ready to be mounted.
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
    pub async fn stage(
        &self,
        label: &str,
        image_id: &str,
        subtree: &Subtree,
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<Staged, EngineError> {
        let cell = {
            let mut lowers = self.lowers.lock().unwrap_or_else(PoisonError::into_inner);
            lowers.entry((subtree.root, subtree.owner)).or_default().clone()
        };
        let lower = cell.get_or_try_init(|| self.fill(label, image_id, subtree, store, cancel)).await?.clone();
        let (scratch, index, local) = self.take_slot(label, image_id, subtree, cancel).await?;
        let slot = format!("{}/{index}", scratch.mountpoint);
        let mut options = String::new();
        for (name, path) in [
            ("lowerdir", format!("{}/tree", lower.mountpoint)),
            ("upperdir", format!("{slot}/upper")),
            ("workdir", format!("{slot}/work")),
        ] {
            if path.contains([',', ':', '\\']) {
                return Err(refuse(
                    label,
                    DOING,
                    format!("the daemon's directory `{path}` can stand in no mount option"),
                ));
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
            mount: volume_mount(&format!("/{}", subtree.at), None, Some((self.labels(label), options))),
            upper: local.as_ref().map(|slot| slot.join("upper")),
            slot: Slot { _volumes: [scratch, lower], local, pump: self.pump.clone() },
        })
    }

    /// Mounts a staged subtree in a container that is never started: says whether the daemon can do overlays at all.
    pub async fn prove(&self, label: &str, image_id: &str, staged: Staged) -> Result<(), EngineError> {
        let path = staged.mount.target.clone().unwrap_or_default();
        let body = never_started(image_id, self.labels(label), vec![staged.mount]);
        let container =
            Container::create(&self.pump, label, body, vec![staged.slot]).await.map_err(call(label, DOING))?;
        let options = ContainerArchiveInfoOptions { path };
        let asked = self.pump.client.get_container_archive_info(&container.id, Some(options));
        limited(label, "mount an overlay volume", asked).await.map(|_| ())
    }

    /// Forgets every staged tree; each volume is removed when its last container is gone.
    pub async fn clear(&self) {
        self.lowers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.scratch.lock().await.clear();
    }

    /// Tells whether a directory of the daemon is one that we may use directly. The volume's name is random and new, so a
    /// directory of that name here is the daemon's own.
    fn is_in_reach(&self, mountpoint: &Path) -> bool {
        !self.api_only && rustix::process::geteuid().is_root() && mountpoint.is_dir()
    }

    fn labels(&self, label: &str) -> HashMap<String, String> {
        self.owner.labels(label, SystemTime::now(), LIFETIME)
    }

    /// Fills a lower volume with a tree. The sentinel stands beside the tree, where no command sees it.
    async fn fill(
        &self,
        label: &str,
        image_id: &str,
        &Subtree { root, owner, .. }: &Subtree,
        store: &dyn BlobStore,
        cancel: &CancellationToken,
    ) -> Result<Arc<DaemonVolume>, EngineError> {
        let volume = DaemonVolume::create(&self.pump, self.labels(label)).await.map_err(call(label, DOING))?;
        let volume = Arc::new(volume);
        let mountpoint = Path::new(&volume.mountpoint);
        if self.is_in_reach(mountpoint) {
            let owner = export::Owner { uid: owner, gid: owner };
            // Copies, never links into the store: the command may change a file in place where it could not change a link.
            let options =
                CheckoutOptions { owner: Some(owner), mtime: INPUT_MTIME.cast_signed(), contents: Contents::Copy };
            blocking(|| checkout(store, root, &mountpoint.join("tree"), &options))
                .map_err(|error| refuse(label, DOING, chain(&error)))?;
        } else {
            self.put_into(label, image_id, &volume, "whole", cancel, |tar| tar.tree(label, "tree", root, owner, store))
                .await?;
        }
        Ok(volume)
    }

    /// Takes a slot that no container has had; says whether its directory is visible to us.
    async fn take_slot(
        &self,
        label: &str,
        image_id: &str,
        &Subtree { owner, ref hostname, .. }: &Subtree,
        cancel: &CancellationToken,
    ) -> Result<(Arc<DaemonVolume>, u32, bool), EngineError> {
        let mut all = self.scratch.lock().await;
        let key = (owner, hostname.clone());
        let mut held = all.remove(&key);
        // Out of our reach nothing in a volume can be deleted but the volume: begin a new one, and the old one goes with
        // its last container.
        if held.as_ref().is_some_and(|scratch| !scratch.local && scratch.taken == scratch.made) {
            held.take();
        }
        if held.is_none() {
            let volume = DaemonVolume::create(&self.pump, self.labels(label)).await.map_err(call(label, DOING))?;
            let local = self.is_in_reach(Path::new(&volume.mountpoint));
            let volume = Arc::new(volume);
            let mut made = 0;
            let hosts = hosts(hostname);
            // What the volume holds beside its slots: name, mode, content.
            let common = [(HOSTS_NAME, 0o644, hosts.as_slice()), (init::NAME, 0o755, init::PROGRAM)];
            if local {
                for (name, mode, content) in common {
                    let at = Path::new(&volume.mountpoint).join(name);
                    let written =
                        fs::write(&at, content).and_then(|()| fs::set_permissions(&at, Permissions::from_mode(mode)));
                    written
                        .map_err(|error| refuse(label, DOING, format!("cannot write `{}`: {error}", at.display())))?;
                }
            } else {
                self.put_into(label, image_id, &volume, "whole", cancel, |tar| {
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
                made = SLOTS_BY_UPLOAD;
            }
            held = Some(Scratch { volume, local, taken: 0, made });
        }
        let mut scratch = held.ok_or_else(|| refuse(label, DOING, "there is no scratch volume"))?;
        let index = scratch.taken;
        if scratch.local {
            let at = Path::new(&scratch.volume.mountpoint).join(index.to_string());
            make_slot(&at, owner)
                .map_err(|error| refuse(label, DOING, format!("cannot make `{}`: {error}", at.display())))?;
        }
        scratch.taken += 1;
        let slot = (scratch.volume.clone(), index, scratch.local);
        all.insert(key, scratch);
        Ok(slot)
    }

    async fn put_into(
        &self,
        label: &str,
        image_id: &str,
        volume: &Arc<DaemonVolume>,
        sentinel: &str,
        cancel: &CancellationToken,
        fill: impl FnOnce(&mut super::tar_in::TarIn<&mut dyn std::io::Write>) -> Result<(), super::tar_in::TarInError>
        + Send,
    ) -> Result<(), EngineError> {
        let mount = volume_mount(FILL_AT, Some(volume.name.clone()), None);
        let body = never_started(image_id, self.labels(label), vec![mount]);
        // The helper holds the volume through its slot-less container; the volume's removal waits for it.
        let helper = Container::create(&self.pump, label, body, Vec::new()).await.map_err(call(label, DOING))?;
        let target = Target { label, container: &helper.id, directory: FILL_AT, sentinel };
        put(&self.pump, &target, cancel, fill).await
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(local) = self.local.take() {
            let _detached = self.pump.spawn_blocking(move || drop(fs::remove_dir_all(local)));
        }
    }
}

fn make_slot(at: &Path, owner: u32) -> std::io::Result<()> {
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
