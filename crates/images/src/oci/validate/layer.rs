//! One layer in one pass: its DiffId, and whether its tar is one that every reader unpacks alike.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{self, Read};

use super::FaultName;
use rcrepro_archive::tar::reader::{TarEntry, TarReader};
use rcrepro_archive::tar::{MemberKind, begins_tar};
use rcrepro_model::content::digest::{Digest, DigestHasher, Sha256};
use rcrepro_model::content::hex;

/// The most bytes that a layer may unpack to: 64 GiB.
const MAX_LAYER: u64 = 64 << 30;
/// The most faults of one layer that are listed.
const MAX_FAULTS: usize = 1_000;

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// A plain tar.
    None,
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Compression {
    /// Returns the words of reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "an uncompressed tar",
            Self::Gzip => "a gzip-compressed tar",
            Self::Zstd => "a zstd-compressed tar",
        }
    }

    /// Whether a file may be a layer, by its first bytes.
    pub(super) fn sniff(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            block => begins_tar(block).then_some(Self::None),
        }
    }
}

/// What one pass over a layer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerScan {
    /// How it is packed.
    pub compression: Compression,
    /// The digest of the uncompressed tar, unless it could not be uncompressed.
    pub diff_id: Option<Digest>,
    /// Why it cannot be read to its end.
    pub error: Option<String>,
    /// What is wrong with entries: the name of the fault, the entry, what was found.
    pub entries: Vec<(FaultName, String, String)>,
}

/// Reads a layer to its end; `raw` is at its beginning.
pub(super) fn scan(compression: Compression, raw: &mut dyn Read) -> LayerScan {
    let mut scan = LayerScan { compression, diff_id: None, error: None, entries: Vec::new() };
    let decoded: Box<dyn Read + '_> = match compression {
        Compression::None => Box::new(raw),
        Compression::Gzip => Box::new(rcrepro_compression::gzip(raw)),
        Compression::Zstd => Box::new(rcrepro_compression::zstd(raw)),
    };
    let mut hashing = Hashing { inner: decoded.take(MAX_LAYER + 1), hasher: DigestHasher::default() };
    if let Err(error) = scan_tar(&mut hashing, &mut scan.entries) {
        scan.error = Some(error);
    }
    // What follows a tar that is broken counts in the DiffId all the same.
    let drained = io::copy(&mut hashing, &mut io::sink());
    let digest = hashing.hasher.finish();
    match drained {
        Err(error) => scan.error = Some(error.to_string()),
        Ok(_) if digest.size > MAX_LAYER => scan.error = Some(format!("it unpacks to more than {MAX_LAYER} bytes")),
        Ok(_) => scan.diff_id = Some(digest),
    }
    scan
}

fn scan_tar(reader: &mut dyn Read, faults: &mut Vec<(FaultName, String, String)>) -> Result<(), String> {
    let mut tar = TarReader::new(reader);
    // Half a hash a path: enough to tell paths apart, and a layer of a million paths fits into memory.
    let mut seen: HashSet<[u8; 16]> = HashSet::new();
    let mut links: HashSet<u64> = HashSet::new();
    while let Some(entry) = tar.next_entry().map_err(|error| words(&error))? {
        for (name, found) in entry_faults(&entry, &mut seen, &mut links) {
            if faults.len() < MAX_FAULTS {
                faults.push((name, entry.path.escape_ascii().to_string(), found.to_owned()));
            }
        }
    }
    Ok(())
}

fn entry_faults(
    entry: &TarEntry,
    seen: &mut HashSet<[u8; 16]>,
    links: &mut HashSet<u64>,
) -> Vec<(FaultName, &'static str)> {
    let mut faults = Vec::new();
    if let Some(found) = leaves(&entry.path) {
        faults.push((FaultName::EntryName, found));
    }
    if entry.kind == MemberKind::Hardlink && leaves(&entry.link).is_some() {
        faults.push((FaultName::EntryLink, "a hard link to a path outside"));
    }
    let path = Sha256::of(plain(&entry.path)).to_string();
    let half = hex::decode(&path[..32]).expect("a hash has 64 digits");
    if !seen.insert(half) {
        faults.push((FaultName::DuplicateEntry, "the path occurs twice"));
    }
    let mut ways = ways(&entry.path);
    let own = ways.pop();
    if ways.iter().any(|way| links.contains(way)) {
        faults.push((FaultName::EntryBelowLink, "a path through a symbolic link of the same layer"));
    }
    match entry.kind {
        MemberKind::Symlink => links.extend(own),
        MemberKind::BlockDevice | MemberKind::CharDevice => faults.push((FaultName::Device, "a device node")),
        MemberKind::Fifo => faults.push((FaultName::Device, "a FIFO")),
        _ => {}
    }
    faults
}

/// Returns a hash for every folder on the way to a path, and for the path itself; `./` and `//` count for nothing. The work grows
/// with the length of the path alone.
fn ways(path: &[u8]) -> Vec<u64> {
    let mut hasher = DefaultHasher::new();
    let segments = path.split(|byte| *byte == b'/').filter(|segment| !matches!(segment, [] | [b'.']));
    let way = |segment: &[u8]| {
        hasher.write(segment);
        hasher.write_u8(b'/');
        hasher.finish()
    };
    segments.map(way).collect()
}

/// Returns why a path is not one inside a layer, as readers that join it to a folder would see it.
pub(super) fn leaves(path: &[u8]) -> Option<&'static str> {
    match path {
        [] => Some("an empty path"),
        [b'/', ..] => Some("an absolute path"),
        _ if path.contains(&0) => Some("a path with a NUL in it"),
        _ if path.split(|byte| *byte == b'/').any(|segment| segment == b"..") => Some("a path that climbs"),
        _ => None,
    }
}

/// Leaves out what does not count in a path: `./` before it and `/` after it.
pub(super) fn plain(mut path: &[u8]) -> &[u8] {
    while let [b'.', b'/', rest @ ..] = path {
        path = rest;
    }
    while let [rest @ .., b'/'] = path {
        path = rest;
    }
    path
}

/// Formats an error with its causes.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Hashes what passes.
pub(super) struct Hashing<R> {
    pub inner: R,
    pub hasher: DigestHasher,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
