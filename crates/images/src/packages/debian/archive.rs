//! Brings a suite's signed index and its list of packages, and names packages by them.

use super::DebianError;
use super::index::{self, MAX_LIST_BYTES};
use super::key::TrustedKey;
use super::release::Release;
use super::resolve::{self, List, SuitePackage};
use crate::packages::PackageError;
use crate::packages::fetch::{Fetcher, Promise, WantedFile, join};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::definition::{DebSource, ImagePlatform};
use rcrepro_model::image::lock::{DebIndex, DebPin};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::BlobStore;

/// Where an archive may be and what is believed of it.
#[derive(Debug, Clone, Copy)]
pub struct DebianArchive<'a> {
    /// The bases above `dists/` and `pool/`, the first choice first.
    pub bases: &'a [String],
    /// The keys that count.
    pub keys: &'a [TrustedKey],
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// Fetches the index of each suite and the list that it names, checked from the signature on; both stay in the store.
///
/// # Errors
/// [`PackageError::Fetch`] when no base has a file, [`PackageError::Debian`] for an index that is not believed,
/// [`PackageError::Digest`] for a list that is not the one that the index names.
pub async fn fetch_indexes(
    source: &DebSource,
    platform: ImagePlatform,
    archive: DebianArchive<'_>,
    store: &dyn BlobStore,
) -> Result<Vec<DebIndex>, PackageError> {
    let fetcher = Fetcher::new()?;
    let mut indexes = Vec::new();
    for suite in &source.suites {
        indexes.push(fetch_index(&fetcher, suite, platform.architecture(), archive, store).await?);
    }
    Ok(indexes)
}

async fn fetch_index(
    fetcher: &Fetcher,
    suite: &str,
    architecture: &str,
    archive: DebianArchive<'_>,
    store: &dyn BlobStore,
) -> Result<DebIndex, PackageError> {
    let (file, release) = fetch_release(fetcher, suite, archive).await?;
    let (path, expected) = list_of(&release, architecture)?;
    let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
    let by_hash = format!("dists/{suite}/{folder}/by-hash/SHA256/{}", expected.hash);
    let plain = format!("dists/{suite}/{path}");
    // By its hash a list can still be had while the archive changes the plain name under us.
    let by_hash = release.by_hash.then_some(by_hash);
    let urls = by_hash.iter().chain([&plain]).flat_map(|path| archive.bases.iter().map(|base| join(base, path)));
    let package = format!("the package list of suite `{suite}` for {architecture}");
    let wanted = WantedFile { package, urls: urls.collect(), promise: Promise::Digest(expected) };
    let packages = fetcher.fetch(&wanted, store).await?;
    Ok(DebIndex {
        suite: suite.to_owned(),
        architecture: architecture.to_owned(),
        date: release.date,
        in_release: store.put(&file)?,
        packages,
        signed_by: release.signed_by,
    })
}

/// Returns the first `InRelease` that is believed; where none is, what is wrong with the first that could be had.
async fn fetch_release(
    fetcher: &Fetcher,
    suite: &str,
    archive: DebianArchive<'_>,
) -> Result<(Vec<u8>, Release), PackageError> {
    let suite_path: Result<TreePath, _> = suite.parse();
    let refuse = |reason: &str| DebianError::Refused { suite: suite.to_owned(), reason: reason.to_owned() };
    let path = suite_path.map_err(|_| refuse("its name is not a path below `dists`"))?;
    let package = format!("InRelease of suite `{suite}`");
    let (mut refused, mut failures) = (None, Vec::new());
    for base in archive.bases {
        let url = join(base, &format!("dists/{path}/InRelease"));
        match fetcher.document(&package, &[url]).await {
            Ok(file) => match Release::read(&file, suite, archive.keys, archive.now) {
                Ok(release) => return Ok((file, release)),
                Err(error) => refused = refused.or(Some(error)),
            },
            Err(PackageError::Fetch { reason, .. }) => failures.push(reason),
            Err(error) => return Err(error),
        }
    }
    Err(refused.map_or_else(|| PackageError::Fetch { package, reason: failures.join("; ") }, PackageError::Debian))
}

/// Resolves a definition's packages by lists that are in the store, in the order of their purls.
///
/// # Errors
/// [`PackageError::Debian`] when they cannot be resolved, or whatever reading the store gives.
pub fn choose(
    source: &DebSource,
    platform: ImagePlatform,
    indexes: &[DebIndex],
    store: &dyn BlobStore,
) -> Result<Vec<DebPin>, PackageError> {
    let mut texts = Vec::new();
    for index in indexes {
        texts.push(index::unpack(&index.suite, store.reader(index.packages)?, MAX_LIST_BYTES)?);
    }
    let mut lists = Vec::new();
    for (index, text) in indexes.iter().zip(&texts) {
        lists.push(List { suite: &index.suite, packages: index::parse(&index.suite, text)? });
    }
    let chosen = resolve::resolve(&lists, &source.packages, platform.architecture())?;
    let mut pins: Vec<_> = chosen.into_iter().map(pin).collect();
    pins.sort_by(|one, other| one.purl.cmp(&other.purl));
    Ok(pins)
}

/// Checks a lock's Debian packages once more by the index that it names, without a network: the signature as of the day of
/// the index, the list's hash in it, and that the same packages are chosen.
///
/// # Errors
/// [`PackageError::Store`] when index or list are not in the store, [`PackageError::Debian`] when anything is otherwise.
pub fn recheck(
    source: &DebSource,
    platform: ImagePlatform,
    indexes: &[DebIndex],
    pins: &[DebPin],
    keys: &[TrustedKey],
    store: &dyn BlobStore,
) -> Result<(), PackageError> {
    for index in indexes {
        let release = Release::read(&store.get(index.in_release)?, &index.suite, keys, index.date)?;
        let (_, packages) = list_of(&release, platform.architecture())?;
        let architecture = platform.architecture().to_owned();
        let found =
            DebIndex { packages, architecture, date: release.date, signed_by: release.signed_by, ..index.clone() };
        if found != *index {
            let reason = "the lock's entry for it differs from its content".to_owned();
            return Err(DebianError::Refused { suite: index.suite.clone(), reason }.into());
        }
    }
    let found = choose(source, platform, indexes, store)?;
    let other = found.iter().find(|pin| !pins.contains(pin)).or_else(|| pins.iter().find(|pin| !found.contains(pin)));
    match other {
        None => Ok(()),
        Some(pin) => {
            let reason = format!("{} is chosen by either the list or the lock, not by both", pin.purl);
            Err(DebianError::List { suite: pin.suite.clone(), reason }.into())
        }
    }
}

fn list_of(release: &Release, architecture: &str) -> Result<(TreePath, Digest), DebianError> {
    let path = format!("main/binary-{architecture}/Packages.xz");
    let path: TreePath = path.parse().expect("an architecture is a name");
    let reason = || format!("it does not list `{path}`");
    let digest = release.file(&path);
    let digest = digest.ok_or_else(|| DebianError::Refused { suite: release.suite.clone(), reason: reason() })?;
    Ok((path, digest))
}

fn pin(listed: SuitePackage<'_>) -> DebPin {
    let package = listed.package;
    DebPin {
        purl: Purl::deb(package.name, package.version, package.architecture),
        path: package.path.clone(),
        digest: package.digest,
        suite: listed.suite.to_owned(),
    }
}
