//! Writes tar archives: the same members with the same attributes give the same bytes.
//!
//! A name or target that does not fit into a header goes into a GNU long-name entry before it. The order is the caller's.

use std::io::{self, Read, Write};

use ::tar::{EntryType, Header};

use super::{BLOCK, MemberKind};
use crate::fill;

/// How much of a content is copied at once, in bytes.
const PIECE: usize = 128 << 10;

/// The form of headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TarFormat {
    /// POSIX ustar, which splits a long path into two fields.
    Ustar,
    /// GNU tar's own.
    Gnu,
}

/// What a header holds beside the name and what the member is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemberAttributes {
    /// The mode bits.
    pub mode: u32,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The time of the last change, in seconds since 1970.
    pub mtime: u64,
}

/// Why an archive cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum TarWriteError {
    /// A content failed, or has another size than its header says.
    #[error("cannot read `{path}`")]
    Content {
        /// The member.
        path: String,
        /// The failed read.
        #[source]
        source: io::Error,
    },
    /// The writer failed, or a name cannot be in a header.
    #[error("cannot write the archive")]
    Write(#[from] io::Error),
}

impl From<TarWriteError> for io::Error {
    fn from(error: TarWriteError) -> Self {
        match error {
            TarWriteError::Content { source, .. } | TarWriteError::Write(source) => source,
        }
    }
}

/// Writes one archive. One that is broken off by an error has no end mark.
#[derive(Debug)]
pub struct TarWriter<W> {
    inner: W,
    format: TarFormat,
    piece: Vec<u8>,
}

impl<W: Write> TarWriter<W> {
    /// Begins an archive.
    pub fn new(inner: W, format: TarFormat) -> Self {
        Self { inner, format, piece: Vec::new() }
    }

    /// Adds a folder; its name gets a `/` at its end.
    ///
    /// # Errors
    /// [`TarWriteError::Write`].
    pub fn directory(&mut self, path: &str, attributes: MemberAttributes) -> Result<(), TarWriteError> {
        let mut header = self.header(MemberKind::Directory, attributes);
        self.named(&mut header, &format!("{path}/"))
    }

    /// Adds a file. The content is read to its end, where a reader that checks a digest says so.
    ///
    /// # Errors
    /// [`TarWriteError::Content`] when it fails or does not have `size` bytes, [`TarWriteError::Write`].
    pub fn file(
        &mut self,
        path: &str,
        attributes: MemberAttributes,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), TarWriteError> {
        let mut header = self.header(MemberKind::File, attributes);
        header.set_size(size);
        self.named(&mut header, path)?;
        let failed = |source| TarWriteError::Content { path: path.to_owned(), source };
        let wanted = PIECE.min(usize::try_from(size).unwrap_or(PIECE)).max(1);
        self.piece.resize(self.piece.len().max(wanted), 0);
        let mut left = size;
        loop {
            let count = fill(content, &mut self.piece[..wanted]).map_err(failed)?;
            let Some(rest) = left.checked_sub(count as u64) else {
                let longer = format!("`{path}` is longer than {size} bytes");
                return Err(failed(io::Error::new(io::ErrorKind::InvalidData, longer)));
            };
            if count == 0 && left > 0 {
                let shorter = format!("`{path}` ends {left} bytes before its {size} bytes");
                return Err(failed(io::Error::new(io::ErrorKind::UnexpectedEof, shorter)));
            }
            if count == 0 {
                return Ok(self.pad(size)?);
            }
            self.inner.write_all(&self.piece[..count])?;
            left = rest;
        }
    }

    /// Adds a symbolic link whose target stays as it is.
    ///
    /// # Errors
    /// [`TarWriteError::Write`].
    pub fn symlink(&mut self, path: &str, target: &str, attributes: MemberAttributes) -> Result<(), TarWriteError> {
        let mut header = self.header(MemberKind::Symlink, attributes);
        let field = &mut header.as_old_mut().linkname;
        let fitting = target.len().min(field.len());
        field[..fitting].copy_from_slice(&target.as_bytes()[..fitting]);
        if fitting < target.len() {
            self.long(EntryType::GNULongLink, target.as_bytes())?;
        }
        self.named(&mut header, path)
    }

    /// Adds a link whose target is tidied up: `./a//b` becomes `a/b`. Layers have it so, and their digests with them.
    ///
    /// # Errors
    /// [`TarWriteError::Write`], also for an empty target.
    pub fn tidied_link(
        &mut self,
        kind: MemberKind,
        path: &str,
        target: &str,
        attributes: MemberAttributes,
    ) -> Result<(), TarWriteError> {
        let mut header = self.header(kind, attributes);
        self.set_path(&mut header, path)?;
        if let Err(error) = header.set_link_name(target) {
            if target.len() < header.as_old().linkname.len() {
                return Err(error.into());
            }
            self.long(EntryType::GNULongLink, target.as_bytes())?;
        }
        self.end_header(&mut header)
    }

    /// Writes the end mark.
    ///
    /// # Errors
    /// [`TarWriteError::Write`].
    pub fn finish(mut self) -> Result<W, TarWriteError> {
        self.inner.write_all(&[0; 2 * BLOCK])?;
        self.inner.flush()?;
        Ok(self.inner)
    }

    fn header(&self, kind: MemberKind, attributes: MemberAttributes) -> Header {
        let mut header = match self.format {
            TarFormat::Ustar => Header::new_ustar(),
            TarFormat::Gnu => Header::new_gnu(),
        };
        header.set_entry_type(kind.entry_type());
        header.set_mode(attributes.mode);
        header.set_uid(attributes.uid.into());
        header.set_gid(attributes.gid.into());
        header.set_mtime(attributes.mtime);
        header.set_size(0);
        header
    }

    fn named(&mut self, header: &mut Header, path: &str) -> Result<(), TarWriteError> {
        self.set_path(header, path)?;
        self.end_header(header)
    }

    /// Puts a path into a header, or its beginning and the whole into an entry before it.
    fn set_path(&mut self, header: &mut Header, path: &str) -> Result<(), TarWriteError> {
        let Err(error) = header.set_path(path) else { return Ok(()) };
        let length = header.as_old().name.len();
        if path.len() < length {
            return Err(error.into());
        }
        let beginning = &path.as_bytes()[..path.floor_char_boundary(length)];
        header.as_old_mut().name = [0; 100];
        header.as_old_mut().name[..beginning.len()].copy_from_slice(beginning);
        self.long(EntryType::GNULongName, path.as_bytes())
    }

    fn end_header(&mut self, header: &mut Header) -> Result<(), TarWriteError> {
        header.set_cksum();
        Ok(self.inner.write_all(header.as_bytes())?)
    }

    fn long(&mut self, kind: EntryType, name: &[u8]) -> Result<(), TarWriteError> {
        Ok(self.inner.write_all(&long_name(kind, name))?)
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let over = (size % BLOCK as u64) as usize;
        self.inner.write_all(&[0; BLOCK][..(BLOCK - over) % BLOCK])
    }
}

/// Makes the entry before a header whose name or target does not fit, with the NUL that GNU tar writes.
pub(super) fn long_name(kind: EntryType, name: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"././@LongLink";
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..NAME.len()].copy_from_slice(NAME);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(name.len() as u64 + 1);
    header.set_cksum();
    let mut bytes = [header.as_bytes(), name, &[0]].concat();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: MemberAttributes = MemberAttributes { mode: 0o644, uid: 3, gid: 4, mtime: 5 };

    fn written(format: TarFormat, add: impl Fn(&mut TarWriter<Vec<u8>>) -> Result<(), TarWriteError>) -> Vec<u8> {
        let mut tar = TarWriter::new(Vec::new(), format);
        add(&mut tar).expect("written");
        tar.finish().expect("ended")
    }

    /// Writes the same by the builder of the `tar` crate, as it was before there was a writer of our own.
    fn built(header: Header, add: impl Fn(&mut ::tar::Builder<Vec<u8>>, &mut Header) -> io::Result<()>) -> Vec<u8> {
        let mut header = header;
        header.set_mode(0o644);
        header.set_uid(3);
        header.set_gid(4);
        header.set_mtime(5);
        header.set_size(0);
        let mut tar = ::tar::Builder::new(Vec::new());
        add(&mut tar, &mut header).expect("built");
        tar.into_inner().expect("ended")
    }

    #[test]
    fn the_bytes_are_those_of_the_builder() {
        let deep = "folder/".repeat(20);
        let odd = format!("{}{}", "a".repeat(99), "\u{151}".repeat(30));
        let split = format!("{}/{}", "a".repeat(60), "b".repeat(120));
        for path in ["a", "a/b", &*"x".repeat(100), &*"x".repeat(101), &*format!("{deep}file"), &*odd, &*split] {
            for (format, header) in [(TarFormat::Ustar, Header::new_ustar()), (TarFormat::Gnu, Header::new_gnu())] {
                let ours = written(format, |tar| tar.file(path, PLAIN, 3, &mut &b"abc"[..]));
                let theirs = built(header.clone(), |tar, header| {
                    header.set_entry_type(EntryType::Regular);
                    header.set_size(3);
                    tar.append_data(header, path, &b"abc"[..])
                });
                assert!(ours == theirs, "{path} as a file, {format:?}");
                let ours = written(format, |tar| tar.directory(path, PLAIN));
                let theirs = built(header.clone(), |tar, header| {
                    header.set_entry_type(EntryType::Directory);
                    tar.append_data(header, format!("{path}/"), io::empty())
                });
                assert!(ours == theirs, "{path} as a folder, {format:?}");
                for target in ["b", "./a//b", "../..", &*"t/".repeat(60), &*"t".repeat(100)] {
                    let ours = written(format, |tar| tar.tidied_link(MemberKind::Symlink, path, target, PLAIN));
                    let theirs = built(header.clone(), |tar, header| {
                        header.set_entry_type(EntryType::Symlink);
                        tar.append_link(header, path, target)
                    });
                    assert!(ours == theirs, "{path} to {target}, {format:?}");
                }
            }
        }
    }

    #[test]
    fn a_symlink_keeps_its_target() {
        let long = "x//".repeat(50);
        for target in ["./a//b", &*long] {
            let bytes = written(TarFormat::Gnu, |tar| tar.symlink("l", target, PLAIN));
            let mut stream = bytes.as_slice();
            let mut reader = crate::tar::reader::TarReader::new(&mut stream);
            let entry = reader.next_entry().expect("whole").expect("an entry");
            assert_eq!((entry.kind, entry.link.as_slice()), (MemberKind::Symlink, target.as_bytes()));
            assert!(reader.next_entry().expect("whole").is_none());
        }
    }

    #[test]
    fn a_content_of_another_size_breaks_the_archive_off() {
        for (content, reason) in [(&b"ab"[..], "ends 1 bytes before its 3 bytes"), (b"abcd", "is longer than 3 bytes")]
        {
            let mut bytes = Vec::new();
            let mut tar = TarWriter::new(&mut bytes, TarFormat::Gnu);
            let error = tar.file("f", PLAIN, 3, &mut &*content).expect_err(reason);
            assert!(io::Error::from(error).to_string().contains(reason));
            drop(tar);
            assert!(bytes.len() < 3 * BLOCK, "no end mark");
        }
    }
}
