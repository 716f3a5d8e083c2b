//! Blobs on their way into the store.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use super::damage::is_equal;
use super::shared::Shared;
use super::staged::{Staged, Staging, fsync_directory, seal, stage};
use crate::{BlobWriter, StoreError};
use rcrepro_model::content::digest::{Digest, DigestHasher};

/// How much a writer gathers before it calls the kernel, in bytes.
const BUFFER: usize = 128 << 10;

/// Hashes what it writes.
pub(super) struct FsWriter<'a> {
    shared: Arc<Shared>,
    /// Where the blob waits for the others; alone it is published at once.
    batch: Option<&'a Staging>,
    file: BufWriter<File>,
    hasher: DigestHasher,
    staged: Staged,
}

impl<'a> FsWriter<'a> {
    pub(super) fn begin(shared: Arc<Shared>, batch: Option<&'a Staging>) -> Result<Self, StoreError> {
        let (file, staged) = stage(&shared.session)?;
        Ok(Self {
            shared,
            batch,
            file: BufWriter::with_capacity(BUFFER, file),
            hasher: DigestHasher::default(),
            staged,
        })
    }
}

impl Write for FsWriter<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl BlobWriter for FsWriter<'_> {
    fn commit(self: Box<Self>) -> Result<Digest, StoreError> {
        let Self { shared, batch, file, hasher, staged } = *self;
        let digest = hasher.finish();
        let there = match batch {
            Some(batch) => batch.holds(digest) || shared.contains(digest)?,
            None => shared.contains(digest)?,
        };
        if there && batch.is_some() {
            return Ok(digest);
        }
        let failed = StoreError::io("write", staged.path());
        file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| seal(&file)).map_err(failed)?;
        // The right bytes are at hand: what lies there under their name need not be believed.
        if there && is_equal(staged.path(), &shared.path(digest.hash)).unwrap_or(false) {
            return Ok(digest);
        }
        match batch {
            Some(batch) => batch.add(digest, staged),
            None => {
                staged.flush()?;
                fsync_directory(&shared.publish(staged.path(), digest.hash)?)?;
            }
        }
        Ok(digest)
    }
}
