//! Reads a tar stream strictly: POSIX ustar and pax, and GNU's long names.
//!
//! The `tar` crate's reader is not used, for two reasons that were seen: it takes a stream that was cut between two entries
//! for a whole one, and it splits pax records at newlines, so that it cannot read a name that holds one. Its header type is.

use std::collections::BTreeMap;
use std::io::{self, Read};

use ::tar::EntryType;

use super::{BLOCK, MemberKind, PaxRecords, TarHeader};
use crate::fill;

/// Why a stream is not a whole tar archive. Names are shown with every byte that is not printable ASCII escaped.
#[derive(Debug, thiserror::Error)]
pub enum TarReadError {
    /// The stream failed.
    #[error("cannot read the archive")]
    Read {
        /// What the stream said.
        #[source]
        source: io::Error,
    },
    /// The stream ended inside an entry.
    #[error("the archive is cut in the middle, in or after `{after}`")]
    Cut {
        /// The last entry that was begun.
        after: String,
    },
    /// The stream ended between two entries.
    #[error("the archive ends after `{after}` without its end mark of two zero blocks: it was cut between two entries")]
    NoEnd {
        /// The last entry.
        after: String,
    },
    /// Something follows the end mark.
    #[error("the archive goes on after its end mark")]
    Trailing,
    /// A header that makes no sense.
    #[error("the archive is malformed after `{after}`: {reason}")]
    Malformed {
        /// The last entry whose name was read.
        after: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// How long a pax header or a GNU long name may be, in bytes; Linux takes no path beyond 4,096.
const META_LIMIT: u64 = 1 << 20;

/// What a pax record's key begins with that holds an extended attribute, as GNU tar, Go and the builders of images write it.
pub const XATTR: &[u8] = b"SCHILY.xattr.";

/// An entry's header with its long names resolved.
#[derive(Debug)]
pub struct TarEntry {
    /// The path as the archive spells it.
    pub path: Vec<u8>,
    /// A regular file whose path ends with `/` is a directory.
    pub kind: MemberKind,
    /// What a symlink says or a hard link repeats.
    pub link: Vec<u8>,
    /// Whether its owner may execute it.
    pub executable: bool,
    /// The permission bits as they are.
    pub mode: u32,
    /// The owner's number; `u64::MAX` for a field that is not a number.
    pub uid: u64,
    /// The group's number.
    pub gid: u64,
    /// How many bytes of data follow.
    pub size: u64,
    /// Its extended attributes, by name.
    pub attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Collects what precedes an entry and changes it.
#[derive(Default)]
struct Overrides {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    uid: Option<u64>,
    gid: Option<u64>,
    attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

/// Walks the entries; as a reader it gives the current entry's data.
pub struct TarReader<'a> {
    inner: &'a mut dyn Read,
    left: u64,
    padding: u64,
    /// The last entry's path, for messages.
    last: String,
}

impl<'a> TarReader<'a> {
    /// Reads the archive from its beginning.
    pub fn new(inner: &'a mut dyn Read) -> Self {
        Self { inner, left: 0, padding: 0, last: "the beginning".into() }
    }

    /// Passes over what is left of the current entry and reads the next header. `None` comes only after the end mark, with
    /// the stream read to its end.
    ///
    /// # Errors
    /// [`TarReadError`].
    pub fn next_entry(&mut self) -> Result<Option<TarEntry>, TarReadError> {
        self.finish_entry()?;
        let mut overrides = Overrides::default();
        loop {
            let Some(header) = self.header()? else { return Ok(None) };
            let size = header.size().ok_or_else(|| self.bad("its size is not a number"))?;
            match header.entry_type() {
                EntryType::XHeader => self.pax(size, &mut overrides)?,
                EntryType::XGlobalHeader => self.global_pax(size)?,
                EntryType::GNULongName => overrides.path = Some(self.long_name(size)?),
                EntryType::GNULongLink => overrides.link = Some(self.long_name(size)?),
                kind => return self.entry(&header, kind, size, overrides).map(Some),
            }
            self.finish_entry()?;
        }
    }

    fn entry(
        &mut self,
        header: &TarHeader,
        kind: EntryType,
        size: u64,
        overrides: Overrides,
    ) -> Result<TarEntry, TarReadError> {
        let path = overrides.path.unwrap_or_else(|| header.path().into_owned());
        let link = overrides.link.or_else(|| header.link().map(|link| link.into_owned())).unwrap_or_default();
        self.last = path.escape_ascii().to_string();
        let mode = header.mode().ok_or_else(|| self.bad("its mode is not a number"))?;
        let kind = match kind {
            EntryType::Regular if path.ends_with(b"/") => MemberKind::Directory,
            kind => MemberKind::of(kind),
        };
        // Only these carry data, whatever the size field says: so do Go's and GNU's readers have it.
        let size = match kind {
            MemberKind::File => overrides.size.unwrap_or(size),
            _ => 0,
        };
        let owner = |said: Option<u64>, header: Option<u64>| said.or(header).unwrap_or(u64::MAX);
        let (uid, gid) = (owner(overrides.uid, header.uid()), owner(overrides.gid, header.gid()));
        self.begin_data(size);
        Ok(TarEntry {
            path,
            kind,
            link,
            executable: mode & 0o100 != 0,
            mode,
            uid,
            gid,
            size,
            attributes: overrides.attributes,
        })
    }

    fn begin_data(&mut self, size: u64) {
        self.left = size;
        self.padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    }

    fn finish_entry(&mut self) -> Result<(), TarReadError> {
        let wanted = self.left + self.padding;
        let passed = io::copy(&mut (&mut *self.inner).take(wanted), &mut io::sink())
            .map_err(|source| TarReadError::Read { source })?;
        if passed < wanted {
            return Err(self.cut());
        }
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    /// Reads a header block and checks its sum; at the end mark it drains the stream.
    fn header(&mut self) -> Result<Option<TarHeader>, TarReadError> {
        let mut first = [0; BLOCK];
        self.block(&mut first)?;
        if first != [0; BLOCK] {
            let header = TarHeader::of_block(&first);
            return header.map(Some).ok_or_else(|| self.bad("its header has a wrong sum"));
        }
        let mut second = [0; BLOCK];
        self.block(&mut second)?;
        if second != [0; BLOCK] {
            return Err(self.bad("the end mark has one zero block, expected two"));
        }
        let mut rest = [0; 8192];
        loop {
            match fill(self.inner, &mut rest).map_err(|source| TarReadError::Read { source })? {
                0 => return Ok(None),
                count if rest[..count].iter().all(|byte| *byte == 0) => {}
                _ => return Err(TarReadError::Trailing),
            }
        }
    }

    fn block(&mut self, block: &mut [u8; BLOCK]) -> Result<(), TarReadError> {
        match fill(self.inner, block).map_err(|source| TarReadError::Read { source })? {
            BLOCK => Ok(()),
            0 => Err(TarReadError::NoEnd { after: self.last.clone() }),
            _ => Err(self.cut()),
        }
    }

    fn meta(&mut self, size: u64) -> Result<Vec<u8>, TarReadError> {
        if size > META_LIMIT {
            return Err(self.bad("its long name or pax header is larger than 1 MiB"));
        }
        self.begin_data(size);
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes).map_err(|_| self.cut())?;
        Ok(bytes)
    }

    fn long_name(&mut self, size: u64) -> Result<Vec<u8>, TarReadError> {
        let mut name = self.meta(size)?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        name.truncate(end);
        Ok(name)
    }

    fn pax(&mut self, size: u64, overrides: &mut Overrides) -> Result<(), TarReadError> {
        let bytes = self.meta(size)?;
        for record in PaxRecords(&bytes) {
            let (key, value) = record.ok_or_else(|| self.bad("its pax header is malformed"))?;
            match key {
                b"path" => overrides.path = Some(value.to_vec()),
                b"linkpath" => overrides.link = Some(value.to_vec()),
                b"size" | b"uid" | b"gid" => {
                    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    let number = Some(number.ok_or_else(|| self.bad("its pax size or owner is not a number"))?);
                    match key {
                        b"size" => overrides.size = number,
                        b"uid" => overrides.uid = number,
                        _ => overrides.gid = number,
                    }
                }
                key if key.starts_with(b"GNU.sparse.") => return Err(self.bad("it is sparse, which is not supported")),
                key => {
                    // Times count nowhere.
                    if let Some(name) = key.strip_prefix(XATTR) {
                        overrides.attributes.insert(name.to_vec(), value.to_vec());
                    }
                }
            }
        }
        Ok(())
    }

    /// Accepts comments, which `git archive` writes; anything else would change every entry.
    fn global_pax(&mut self, size: u64) -> Result<(), TarReadError> {
        let bytes = self.meta(size)?;
        match PaxRecords(&bytes).all(|record| matches!(record, Some((b"comment", _)))) {
            true => Ok(()),
            false => Err(self.bad("a global pax header says more than a comment")),
        }
    }

    fn bad(&self, reason: &'static str) -> TarReadError {
        TarReadError::Malformed { after: self.last.clone(), reason }
    }

    fn cut(&self) -> TarReadError {
        TarReadError::Cut { after: self.last.clone() }
    }
}

impl Read for TarReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..most])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}
