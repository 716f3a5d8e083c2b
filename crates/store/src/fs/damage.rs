//! Blobs that turn out to be damaged when they are read.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::shared::Shared;
use crate::verify::VerifyingReader;
use rcrepro_model::content::digest::Digest;

/// Names a file, whatever its path: by device and inode.
pub(super) type FileName = (u64, u64);

impl Shared {
    /// Names an open file; `None` where this store does not mend, or the system does not say.
    pub(super) fn name_of(&self, file: &File) -> Option<FileName> {
        self.set_aside.as_ref()?;
        file.metadata().ok().map(|found| (found.dev(), found.ino()))
    }

    /// Moves a damaged blob out of the way, where this store mends; `read` names the file that was read at `path`.
    ///
    /// What cannot be moved stays, and is found again: the caller has an error to report already.
    pub(super) fn found_damaged(&self, digest: Digest, read: Option<FileName>, path: &Path) {
        let Some(set_aside) = &self.set_aside else { return };
        // Another process may have written it anew since it was opened.
        let still = path.symlink_metadata().is_ok_and(|there| read == Some((there.dev(), there.ino())));
        let folder = self.root.join("damaged");
        let moved = !still
            || std::fs::create_dir_all(&folder)
                .and_then(|()| std::fs::rename(path, folder.join(digest.hash.to_string())))
                .is_ok();
        if moved {
            set_aside.add(digest);
        }
    }
}

/// Reads a blob of the store, and tells the store when it is damaged.
pub(super) struct Watched {
    reader: VerifyingReader<File>,
    file: Option<FileName>,
    path: PathBuf,
    digest: Digest,
    told: bool,
    shared: Arc<Shared>,
}

impl Watched {
    pub(super) fn new(file: File, path: PathBuf, digest: Digest, shared: Arc<Shared>) -> Self {
        let name = shared.name_of(&file);
        Self { reader: VerifyingReader::new(file, digest), file: name, path, digest, told: false, shared }
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer);
        if read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidData) && !self.told {
            self.told = true;
            self.shared.found_damaged(self.digest, self.file, &self.path);
        }
        read
    }
}

/// Whether two files hold the same bytes.
pub(super) fn is_equal(left: &Path, right: &Path) -> io::Result<bool> {
    let (mut left, mut right) = (File::open(left)?, File::open(right)?);
    let (mut one, mut other) = (vec![0; 128 << 10], vec![0; 128 << 10]);
    loop {
        let count = left.read(&mut one)?;
        match right.read_exact(&mut other[..count]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            result => result?,
        }
        if one[..count] != other[..count] {
            return Ok(false);
        }
        if count == 0 {
            return Ok(right.read(&mut other[..1])? == 0);
        }
    }
}
