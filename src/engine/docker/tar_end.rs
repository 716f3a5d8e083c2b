//! Tells a whole tar from one that was cut at an entry boundary.
//!
//! A tar ends with blocks of zeros, and readers accept one that simply stops between two entries: a connection that broke
//! there gives fewer files and no error. [`WholeTar`] follows the structure (header, size, padding) of what passes through
//! it and knows whether the end mark was reached. Structure: POSIX.1-2017, `pax` interchange format, and GNU's base-256
//! sizes.

use std::io::{self, Read};

const BLOCK: usize = 512;

/// The most that a pax header may hold, in bytes; paths are at most 4 KiB long.
const PAX_LIMIT: u64 = 1 << 20;

/// Reads through to `inner` and follows the tar's structure.
pub(super) struct WholeTar<R> {
    inner: R,
    block: Vec<u8>,
    /// The bytes of the current entry's content and padding that are still to come.
    left: u64,
    /// The content of the pax header that is passing by.
    pax: Option<Vec<u8>>,
    pax_left: u64,
    /// The size that a pax header gave for the next entry.
    next_size: Option<u64>,
    ended: bool,
}

impl<R: Read> WholeTar<R> {
    /// Begins at the tar's first byte.
    pub fn new(inner: R) -> Self {
        let block = Vec::with_capacity(BLOCK);
        Self { inner, block, left: 0, pax: None, pax_left: 0, next_size: None, ended: false }
    }

    /// Reads what is left and checks that the end mark was there.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when the tar was cut.
    pub fn finish(mut self) -> io::Result<()> {
        let mut rest = [0; 16 * BLOCK];
        while self.read(&mut rest)? > 0 {}
        match self.ended {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive was cut before its end mark")),
        }
    }

    fn follow(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() && !self.ended {
            if self.left > 0 {
                let take = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
                if let Some(pax) = &mut self.pax {
                    let content = usize::try_from(self.pax_left).map_or(take, |left| left.min(take));
                    pax.extend_from_slice(&bytes[..content]);
                    self.pax_left -= content as u64;
                }
                self.left -= take as u64;
                bytes = &bytes[take..];
                if self.left == 0 {
                    self.next_size = self.pax.take().and_then(|pax| pax_size(&pax)).or(self.next_size);
                }
                continue;
            }
            let take = (BLOCK - self.block.len()).min(bytes.len());
            self.block.extend_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            if self.block.len() == BLOCK {
                self.header()?;
                self.block.clear();
            }
        }
        Ok(())
    }

    fn header(&mut self) -> io::Result<()> {
        if self.block.iter().all(|byte| *byte == 0) {
            self.ended = true;
            return Ok(());
        }
        let wrong = |what| io::Error::new(io::ErrorKind::InvalidData, format!("the archive has a header with {what}"));
        let size = number(&self.block[124..136]).ok_or_else(|| wrong("no readable size"))?;
        let kind = self.block[156];
        let is_meta = matches!(kind, b'x' | b'g' | b'L' | b'K');
        let size = if is_meta { size } else { self.next_size.take().unwrap_or(size) };
        // Only regular files and the headers that extend others carry content.
        let carries = is_meta || matches!(kind, 0 | b'0' | b'7');
        let size = if carries { size } else { 0 };
        if kind == b'x' {
            if size > PAX_LIMIT {
                return Err(wrong("too long an extension"));
            }
            self.pax = Some(Vec::new());
            self.pax_left = size;
        }
        self.left = size.div_ceil(BLOCK as u64) * BLOCK as u64;
        Ok(())
    }
}

impl<R: Read> Read for WholeTar<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buffer)?;
        self.follow(&buffer[..got])?;
        Ok(got)
    }
}

/// Reads a header's number: octal text, or base-256 when the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        return field[1..].iter().try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// Finds the `size` record of a pax header; each record is `LENGTH KEY=VALUE\n`.
fn pax_size(mut pax: &[u8]) -> Option<u64> {
    while let Some(space) = pax.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&pax[..space]).ok()?.parse().ok()?;
        let record = pax.get(space + 1..length)?;
        if let Some(value) = record.strip_prefix(b"size=") {
            return std::str::from_utf8(value).ok()?.trim_end().parse().ok();
        }
        pax = &pax[length..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in [("a", vec![0; 2048]), ("b", b"text".to_vec()), (&"long/".repeat(60), Vec::new())] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, content.as_slice()).expect("a good entry");
        }
        builder.append_pax_extensions([("path", b"x".as_slice())]).expect("a good record");
        let mut header = tar::Header::new_ustar();
        header.set_size(3);
        builder.append_data(&mut header, "x", b"pax".as_slice()).expect("a good entry");
        builder.into_inner().expect("a whole archive")
    }

    #[test]
    fn whole_archives_pass_and_every_cut_one_is_caught() {
        let whole = archive();
        assert!(WholeTar::new(whole.as_slice()).finish().is_ok());
        // The end mark is two blocks; its first one is enough for a reader.
        for blocks in 0..=(whole.len() / BLOCK - 2) {
            let cut = WholeTar::new(&whole[..blocks * BLOCK]).finish();
            let expected = blocks == whole.len() / BLOCK - 1;
            assert_eq!(cut.is_ok(), expected, "cut after {blocks} of {} blocks", whole.len() / BLOCK);
        }
        assert!(WholeTar::new(&whole[..700]).finish().is_err(), "cut inside a block");
    }

    #[test]
    fn zeros_in_a_file_are_no_end_mark() {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(4096);
        builder.append_data(&mut header, "zeros", vec![0; 4096].as_slice()).expect("a good entry");
        let whole = builder.into_inner().expect("a whole archive");
        assert!(WholeTar::new(&whole[..BLOCK + 4096]).finish().is_err());
        assert!(WholeTar::new(whole.as_slice()).finish().is_ok());
    }

    #[test]
    fn sizes_beyond_eight_gib_are_read() {
        let mut field = [0; 12];
        field[0] = 0x80;
        field[7] = 2;
        assert_eq!(number(&field), Some(2 << 32));
        assert_eq!(pax_size(b"12 path=abc\n20 size=8589934593\n"), Some(8_589_934_593));
    }
}
