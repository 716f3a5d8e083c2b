//! What a step has to fetch for pnpm and yarn: the tarballs of the lock, and the client.

use serde_json::{Value, json};

use super::client_program::{self, ClientProgram};
use super::tarball_lock::{LockedTarball, TarballLock, TargetPlatform};
use super::{pnpm_lock, yarn_lock};
use crate::frozen::read_source::ReadSource;
use rcrepro_model::execution::fault::{Fault, below};
use rcrepro_model::plan::{FrozenInput, FrozenKind};

/// Where the client's own tarball lies in what the step yields.
pub(super) const CLIENT: &str = "client.tgz";

/// A lock and the client that installs from it.
#[derive(Debug)]
pub(super) struct WantedTarballs {
    pub(super) lock: TarballLock,
    pub(super) client: ClientProgram,
}

/// Names the files of a client's lock.
#[must_use]
pub fn lock_files(kind: FrozenKind) -> [&'static str; 2] {
    if kind == FrozenKind::PnpmPackages { pnpm_lock::LOCK_FILES } else { yarn_lock::LOCK_FILES }
}

/// Reads what a lock and the project ask for, or why it cannot be had.
pub(super) fn wanted<E>(
    input: &FrozenInput,
    platform: TargetPlatform,
    read_file: ReadSource<'_, E>,
) -> Result<Result<WantedTarballs, Vec<Fault>>, E> {
    let folder = input.directory.as_ref().map_or("", |directory| directory.as_str());
    let [package, path] = lock_files(input.kind).map(|name| below(folder, name));
    let text = |path: &str| Ok(String::from_utf8_lossy(&read_file(path)?.unwrap_or_default()).into_owned());
    let bytes = text(&path)?;
    let read = if input.kind == FrozenKind::PnpmPackages {
        pnpm_lock::read(&bytes, platform, folder).map_err(|reason| {
            let says = format!("it is not a lock of pnpm 8 or later: {reason}");
            Fault::of_file(&path, says).hint("pnpm install --lockfile-only, with pnpm 8 or later")
        })
    } else {
        yarn_lock::read(&bytes, platform, folder).map_err(|reason| {
            let says = format!("it is not a lock of yarn: {reason}");
            Fault::of_file(&path, says).hint("yarn install, and commit what it writes")
        })
    };
    let lock = match read {
        Ok(lock) => lock,
        Err(fault) => return Ok(Err(vec![fault])),
    };
    let mut faults = lock.faults(&path);
    faults.sort();
    let manifest = text(&package)?;
    let client = client_program::choose(input.kind, &lock.form, input.client.as_deref(), (&package, &manifest));
    Ok(match client {
        Ok(client) if faults.is_empty() => Ok(WantedTarballs { lock, client }),
        Ok(_) => Err(faults),
        Err(fault) => {
            faults.push(fault);
            faults.sort();
            Err(faults)
        }
    })
}

/// Says what in the client's files keeps every step from succeeding: entries that no registry serves, a client that does not fit.
///
/// # Errors
/// What `read` fails with.
pub fn judge<E>(input: &FrozenInput, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    // What cannot be served cannot be served for any platform, but for optional packages of others.
    Ok(wanted(input, TargetPlatform::of_isa("x86-64"), read)?.err().unwrap_or_default())
}

impl WantedTarballs {
    /// Writes the list that the step is given.
    pub(super) fn list(&self) -> String {
        let entry = |one: &LockedTarball| {
            json!({ "name": one.name, "version": one.version, "integrity": one.integrity, "url": one.url,
                "file": format!("tarballs/{}", one.file) })
        };
        let ClientProgram { package, version, integrity, .. } = &self.client;
        let client =
            json!({ "name": package, "version": version, "integrity": integrity, "url": null, "file": CLIENT });
        let list: Vec<Value> = self.lock.tarballs.iter().map(entry).chain([client]).collect();
        Value::from(list).to_string()
    }
}
