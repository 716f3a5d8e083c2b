//! What PID 1 tells the engine at the end: a file that the command could have written into, and can no longer.
//!
//! The file is in a folder of root's, so that the command cannot take its place; it is opened before the command
//! begins, and emptied and written when every other process of the container is gone. This process is out of the
//! command's reach (`hide`), so what is there afterwards is its word.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::network::attempts::{AttemptTable, End};
use crate::network::witness::Witness;
use crate::sys;

/// The file, open.
pub struct ReportFile {
    file: File,
}

impl ReportFile {
    /// Opens the file, which the engine has made.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().write(true).custom_flags(libc::O_NOFOLLOW).open(path).map(|file| Self { file })
    }

    /// Ends every other process of the container, then writes. Where this is not a container's first process, no
    /// process is ended.
    ///
    /// # Errors
    /// What the system says. The engine finds no whole report then, and knows nothing.
    pub fn write(&self, attempts: &mut AttemptTable, witness: &Witness, end: End) -> io::Result<()> {
        sys::end_all_others();
        attempts.compare(witness.end());
        self.file.set_len(0)?;
        self.file.write_all_at(attempts.render(end).as_bytes(), 0)
    }
}
