//! A reader that cannot be used without checking what it reads.

#![warn(clippy::expect_used)]

use std::io::{self, Read};

use super::{GET_LIMIT, StoreError};
use rcrepro_model::content::digest::{Digest, DigestHasher};

/// Passes bytes on while it hashes them, and fails when they are not the expected blob.
///
/// The check happens on the read that completes the expected size, before its bytes are handed out: a caller who reads
/// exactly `size` bytes and never asks for the end is protected too. More bytes than expected, or fewer, fail as well.
pub struct VerifyingReader<R> {
    inner: R,
    expected: Digest,
    hasher: DigestHasher,
    read: u64,
    checked: bool,
}

impl<R: Read> VerifyingReader<R> {
    /// Begins to read `inner`, which should yield the blob `expected`.
    pub fn new(inner: R, expected: Digest) -> Self {
        Self { inner, expected, hasher: DigestHasher::default(), read: 0, checked: false }
    }

    fn mismatch(&self, what: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("blob {} is damaged: {what}", self.expected))
    }

    fn check(&mut self) -> io::Result<()> {
        let found = std::mem::take(&mut self.hasher).finish();
        if found != self.expected {
            return Err(self.mismatch(&format!("its bytes hash to {found}")));
        }
        self.checked = true;
        Ok(())
    }
}

impl<R: Read> Read for VerifyingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        self.read += count as u64;
        if self.read > self.expected.size {
            return Err(self.mismatch("it is longer than its name says"));
        }
        self.hasher.update(&buffer[..count]);
        if !self.checked && (count == 0 || self.read == self.expected.size) {
            self.check()?;
        }
        Ok(count)
    }
}

/// Reads a blob whole from a reader that is not yet checked.
///
/// # Errors
/// [`StoreError::TooLarge`] when `expected` is larger than [`GET_LIMIT`], [`StoreError::Damaged`] when the bytes do not
/// match, and what `failed` makes of an I/O error.
#[expect(clippy::expect_used, reason = "the limit was compared on the line above")]
pub(super) fn read_whole(
    inner: &mut dyn Read,
    expected: Digest,
    failed: impl Fn(io::Error) -> StoreError,
) -> Result<Vec<u8>, StoreError> {
    if expected.size > GET_LIMIT {
        return Err(StoreError::TooLarge { digest: expected, limit: GET_LIMIT });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected.size).expect("GET_LIMIT fits into memory"));
    inner.take(expected.size).read_to_end(&mut bytes).map_err(&failed)?;
    let mut hasher = DigestHasher::default();
    hasher.update(&bytes);
    // Whatever is behind the expected size is hashed but not kept: the error shall name what the blob really is.
    let mut rest = [0; 8192];
    loop {
        match inner.read(&mut rest) {
            Ok(0) => break,
            Ok(count) => hasher.update(&rest[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    let found = hasher.finish();
    if found == expected { Ok(bytes) } else { Err(StoreError::Damaged { expected, found }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], expected: Digest) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        VerifyingReader::new(bytes, expected).read_to_end(&mut out).map(|_| out)
    }

    #[test]
    fn whole_blobs_pass_and_every_kind_of_damage_fails() {
        let digest = Digest::of(b"beacon");
        assert_eq!(read(b"beacon", digest).expect("undamaged"), b"beacon");
        assert_eq!(read(b"", Digest::of(b"")).expect("undamaged"), b"");
        for wrong in [&b"bXacon"[..], b"beaco", b"beacon!", b""] {
            let error = read(wrong, digest).expect_err("damaged");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{wrong:?}");
        }
        assert!(read(b"x", Digest::of(b"")).is_err());
    }

    #[test]
    fn a_caller_who_stops_at_the_size_is_protected() {
        let mut reader = VerifyingReader::new(&b"bXacon"[..], Digest::of(b"beacon"));
        assert!(reader.read_exact(&mut [0; 6]).is_err());
    }
}
