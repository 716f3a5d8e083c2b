//! A tree as a deterministic tar stream.

use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use super::{ExportError, Owner, walk};
use crate::BlobStore;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;

const BLOCK: u64 = 512;
/// How much is copied at once, in bytes.
const PIECE: usize = 128 << 10;

/// What an archive's headers hold beside what the tree says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TarStyle {
    /// Put before every path; its directories get entries too.
    pub prefix: Option<TreePath>,
    /// The owner of every entry.
    pub owner: Owner,
    /// The modification time of every entry, in seconds since 1970.
    pub mtime: u64,
}

/// Writes a tree as GNU tar, ready for the engine's archive call: sorted as [`walk()`] sorts, directories and executable files
/// 0755, other files 0644, symlinks 0777, no user or group names. The same tree and style give the same bytes.
///
/// An archive that was broken off by an error has no end mark.
///
/// # Errors
/// [`ExportError`] when the tree cannot be read or the writer fails.
pub fn export_tar(
    store: &dyn BlobStore,
    root: Digest,
    style: &TarStyle,
    writer: &mut dyn Write,
) -> Result<(), ExportError> {
    let mut archive = Archive { style, writer };
    for path in style.prefix.iter().flat_map(ancestry) {
        archive.header(EntryType::Directory, path.as_str(), "", 0, 0o755)?;
    }
    for (path, node) in walk(store, root)? {
        let name = style.prefix.as_ref().map_or_else(|| path.clone(), |prefix| prefix.join(&path));
        match node {
            TreeNode::Directory { .. } => archive.header(EntryType::Directory, name.as_str(), "", 0, 0o755)?,
            TreeNode::Symlink { target } => archive.header(EntryType::Symlink, name.as_str(), &target, 0, 0o777)?,
            TreeNode::File { digest, executable } => {
                let mode = if executable { 0o755 } else { 0o644 };
                archive.header(EntryType::Regular, name.as_str(), "", digest.size, mode)?;
                archive.contents(&mut *store.reader(digest)?, &path, digest.size)?;
            }
        }
    }
    archive.write(&[0; 2 * BLOCK as usize])?;
    archive.writer.flush().map_err(|source| ExportError::Write { source })
}

/// Returns every directory on the way to a path, and the path.
fn ancestry(path: &TreePath) -> Vec<TreePath> {
    let mut above: Vec<TreePath> = Vec::new();
    for name in path.segments() {
        above.push(super::child(above.last(), &name));
    }
    above
}

struct Archive<'a> {
    style: &'a TarStyle,
    writer: &'a mut dyn Write,
}

impl Archive<'_> {
    #[expect(clippy::expect_used, reason = "the header is our own")]
    fn header(&mut self, kind: EntryType, path: &str, target: &str, size: u64, mode: u32) -> Result<(), ExportError> {
        let path = if kind == EntryType::Directory { format!("{path}/") } else { path.to_owned() };
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_uid(self.style.owner.uid.into());
        header.set_gid(self.style.owner.gid.into());
        header.set_mtime(self.style.mtime);
        let fields = header.as_gnu_mut().expect("the header was made as GNU's");
        let path_fits = set_field(&mut fields.name, &path);
        let target_fits = set_field(&mut fields.linkname, target);
        header.set_cksum();
        if !target_fits {
            self.long(EntryType::GNULongLink, target)?;
        }
        if !path_fits {
            self.long(EntryType::GNULongName, &path)?;
        }
        self.write(header.as_bytes())
    }

    /// Writes a name that does not fit into a header as an entry of its own, in front of it.
    #[expect(clippy::expect_used, reason = "the header is our own")]
    fn long(&mut self, kind: EntryType, name: &str) -> Result<(), ExportError> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        set_field(&mut header.as_gnu_mut().expect("the header was made as GNU's").name, "././@LongLink");
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let size = name.len() as u64 + 1;
        header.set_size(size);
        header.set_cksum();
        self.write(header.as_bytes())?;
        self.write(name.as_bytes())?;
        self.write(&[0])?;
        self.pad(size)
    }

    fn contents(&mut self, reader: &mut dyn Read, path: &TreePath, size: u64) -> Result<(), ExportError> {
        let mut piece = vec![0; PIECE.min(usize::try_from(size).unwrap_or(PIECE)).max(1)];
        loop {
            // The store's reader fails rather than give more or fewer bytes than the digest says.
            match reader.read(&mut piece) {
                Ok(0) => return self.pad(size),
                Ok(count) => self.write(&piece[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(ExportError::Read { path: path.clone(), source }),
            }
        }
    }

    #[expect(clippy::expect_used, reason = "the header is our own")]
    fn pad(&mut self, size: u64) -> Result<(), ExportError> {
        let count = usize::try_from((BLOCK - size % BLOCK) % BLOCK).expect("less than a block");
        self.write(&[0; BLOCK as usize][..count])
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.writer.write_all(bytes).map_err(|source| ExportError::Write { source })
    }
}

/// Fills a header field with as much of the text as fits, and tells whether that was all of it.
fn set_field(field: &mut [u8], text: &str) -> bool {
    let fitting = text.len().min(field.len());
    field[..fitting].copy_from_slice(&text.as_bytes()[..fitting]);
    fitting == text.len()
}
