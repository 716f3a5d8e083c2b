//! File contents on their way from a compressed package into a sorted layer: written once, read once, in any order.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;

/// Where in a spool a content lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    offset: u64,
    /// The length in bytes.
    pub len: u64,
}

/// Takes contents, one after the other, into an unnamed temporary file.
///
/// Nothing is extracted under its own name, so neither umask nor file system can leak into what is read back.
#[derive(Debug)]
pub struct SpoolWriter {
    file: BufWriter<File>,
    len: u64,
}

impl SpoolWriter {
    /// Begins a spool.
    ///
    /// # Errors
    /// When there is no room for temporary files.
    pub fn new() -> io::Result<Self> {
        Ok(Self { file: BufWriter::with_capacity(128 << 10, tempfile::tempfile()?), len: 0 })
    }

    /// Takes a content to its end.
    ///
    /// # Errors
    /// When the content cannot be read or the spool not written.
    pub fn add(&mut self, content: &mut dyn Read) -> io::Result<Content> {
        let len = io::copy(content, &mut self.file)?;
        let offset = self.len;
        self.len += len;
        Ok(Content { offset, len })
    }

    /// Returns the bytes taken so far.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was taken so far.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Ends the writing.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub fn finish(mut self) -> io::Result<Spool> {
        self.file.flush()?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Spool { file })
    }
}

/// Reads contents back, in any order and for several readers.
#[derive(Debug)]
pub struct Spool {
    file: File,
}

impl Spool {
    /// Reads a content from its beginning.
    #[must_use]
    pub const fn read(&self, content: Content) -> SpoolReader<'_> {
        SpoolReader { file: &self.file, position: content.offset, left: content.len }
    }
}

/// Reads one content.
#[derive(Debug)]
pub struct SpoolReader<'a> {
    file: &'a File,
    position: u64,
    left: u64,
}

impl Read for SpoolReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if want == 0 {
            return Ok(0);
        }
        let read = self.file.read_at(&mut buffer[..want], self.position)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.position += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}
