//! Zip archives of whole files. Names, doubles and sizes are checked here, for every room that reads members.
//!
//! Source: APPNOTE 6.3.10, sections 4.3 (layout) and 4.4 (fields).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek as _, SeekFrom, Write as _};

use ::zip::result::ZipError as Fault;
use ::zip::write::SimpleFileOptions;
use ::zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Why a zip cannot be read, or a member of it is refused.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// It is not a zip, it is damaged, or the file cannot be read.
    #[error("cannot read the zip")]
    Read(#[source] io::Error),
    /// A name that is not text.
    #[error("the name of member `{}` is not UTF-8", name.escape_ascii())]
    NotUtf8 {
        /// The name's bytes.
        name: Vec<u8>,
    },
    /// Two members of one name, of which readers take one or the other.
    #[error("member `{}` occurs twice", name.escape_ascii())]
    Twice {
        /// The name's bytes.
        name: Vec<u8>,
    },
    /// The members unpack to more than they may together.
    #[error("member `{name}` takes the zip beyond the {limit} bytes that it may unpack to")]
    TooLarge {
        /// The member that went over.
        name: String,
        /// In bytes.
        limit: u64,
    },
}

impl From<ZipError> for io::Error {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Read(source) => source,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

fn failed(error: Fault) -> ZipError {
    ZipError::Read(error.into())
}

/// A member as the directory names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipMember {
    /// The path as the archive has it, which may be absolute or climb.
    pub name: String,
    /// Whether it is a plain file: not a folder, a link, a device or a pipe.
    pub is_file: bool,
}

/// A zip in which every name occurs once.
#[derive(Debug)]
pub struct ZipReader(ZipArchive<BufReader<File>>);

impl ZipReader {
    /// Reads the directory of a zip.
    ///
    /// # Errors
    /// [`ZipError::Read`] for what is not a zip, [`ZipError::Twice`].
    pub fn open(file: File) -> Result<Self, ZipError> {
        let archive = ZipArchive::new(BufReader::new(file)).map_err(failed)?;
        match archive.has_duplicate_names() {
            true => Err(ZipError::Twice { name: twice(archive).map_err(ZipError::Read)? }),
            false => Ok(Self(archive)),
        }
    }

    /// Shows each member with its content to `sink`, in the directory's order. What `sink` reads of them may not be more than
    /// `most` bytes together; `wrap` makes the caller's error of what is wrong with the zip itself.
    ///
    /// # Errors
    /// [`ZipError`] as `wrap` gives it, or what `sink` says.
    pub fn each<E>(
        mut self,
        most: u64,
        wrap: impl Fn(ZipError) -> E,
        sink: &mut dyn FnMut(&ZipMember, &mut dyn Read) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut left = most;
        for index in 0..self.0.len() {
            let mut file = self.0.by_index(index).map_err(|error| wrap(failed(error)))?;
            let name = String::from_utf8(file.name_raw().to_vec())
                .map_err(|error| wrap(ZipError::NotUtf8 { name: error.into_bytes() }))?;
            // Writers that know no Unix leave the kind out.
            let regular = file.unix_mode().is_none_or(|mode| matches!(mode & 0o170_000, 0 | 0o100_000));
            let is_file = file.is_file() && !file.is_symlink() && regular;
            let member = ZipMember { name, is_file };
            let mut content = Bounded { inner: &mut file, left, is_over: false };
            let taken = sink(&member, &mut content);
            if content.is_over {
                return Err(wrap(ZipError::TooLarge { name: member.name, limit: most }));
            }
            left = content.left;
            taken?;
        }
        Ok(())
    }
}

/// Fails with the first byte beyond what is left.
struct Bounded<'a> {
    inner: &'a mut dyn Read,
    left: u64,
    is_over: bool,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                self.is_over = true;
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        Ok(read)
    }
}

/// Finds a name that the central directory has twice: the zip crate keeps the last entry of a name and no trace of the
/// others.
fn twice(archive: ZipArchive<BufReader<File>>) -> io::Result<Vec<u8>> {
    let start = archive.central_directory_start();
    let mut input = archive.into_inner();
    input.seek(SeekFrom::Start(start))?;
    let mut seen = BTreeSet::new();
    loop {
        let mut header = [0; 46];
        input.read_exact(&mut header)?;
        let length = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let mut rest = vec![0; length(28) + length(30) + length(32)];
        input.read_exact(&mut rest)?;
        rest.truncate(length(28));
        if seen.contains(&rest) {
            return Ok(rest);
        }
        seen.insert(rest);
    }
}

/// Packs files in the order in which they are given, uncompressed and without times.
///
/// # Errors
/// What the zip crate says, of names or sizes that no zip can hold.
pub fn stored<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> io::Result<Vec<u8>> {
    packed(CompressionMethod::Stored, files)
}

/// As [`stored`], with deflate.
///
/// # Errors
/// As [`stored`].
pub fn deflated<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> io::Result<Vec<u8>> {
    packed(CompressionMethod::Deflated, files)
}

fn packed<'a>(method: CompressionMethod, files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> io::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in files {
        archive.start_file(name, options)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(bytes: &[u8]) -> Result<ZipReader, ZipError> {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        file.rewind().expect("rewinds");
        ZipReader::open(file)
    }

    /// Reads every member whole; no more than `most` bytes.
    fn read(bytes: &[u8], most: u64) -> Result<Vec<(String, bool, Vec<u8>)>, ZipError> {
        let mut found = Vec::new();
        opened(bytes)?.each(most, |error| error, &mut |member, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(ZipError::Read)?;
            found.push((member.name.clone(), member.is_file, bytes));
            Ok(())
        })?;
        Ok(found)
    }

    fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
        for at in 0..=bytes.len() - from.len() {
            if bytes[at..].starts_with(from) {
                bytes[at..at + from.len()].copy_from_slice(to);
            }
        }
        bytes
    }

    #[test]
    fn what_is_packed_is_read_again_and_packed_alike() {
        let files = [("b/x", &b"one"[..]), ("a", &[7; 3000])];
        type Files = [(&'static str, &'static [u8]); 2];
        type Pack = fn(Files) -> io::Result<Vec<u8>>;
        for pack in [stored as Pack, deflated] {
            let bytes = pack(files).expect("a zip");
            assert_eq!(pack(files).expect("a zip"), bytes);
            let expected = files.map(|(name, content)| (name.to_owned(), true, content.to_vec()));
            assert_eq!(read(&bytes, 3003).expect("a zip"), expected);
        }
    }

    #[test]
    fn more_than_may_be_is_refused_wherever_it_is() {
        let bytes = deflated([("a", &[0; 3000][..]), ("b", &[0; 3000])]).expect("a zip");
        assert!(read(&bytes, 6000).is_ok());
        for (most, member) in [(5999, "b"), (3000, "b"), (2999, "a"), (0, "a")] {
            let error = read(&bytes, most).expect_err("too large");
            assert!(
                matches!(&error, ZipError::TooLarge { name, limit } if name == member && *limit == most),
                "{error}"
            );
        }
    }

    #[test]
    fn doubles_odd_names_and_other_files_are_refused() {
        let two = stored([("aa", &b"1"[..]), ("ab", b"2")]).expect("a zip");
        let error = opened(&replaced(two.clone(), b"ab", b"aa")).expect_err("twice");
        assert_eq!(error.to_string(), "member `aa` occurs twice");
        let error = read(&replaced(two, b"ab", b"\xff\xfe"), 9).expect_err("no text");
        assert_eq!(error.to_string(), "the name of member `\\xff\\xfe` is not UTF-8");
        assert!(matches!(opened(b"no zip at all"), Err(ZipError::Read(_))));
    }
}
