//! The header of a member: one block of fields, with a sum over them.

use std::borrow::Cow;

use ::tar::{EntryType, Header};

use super::BLOCK;

/// The types that readers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A file, or a contiguous file, which POSIX lets readers take for one.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of an earlier member.
    Hardlink,
    /// A device that is read byte by byte.
    CharDevice,
    /// A device that is read in blocks.
    BlockDevice,
    /// A named pipe.
    Fifo,
    /// A file whose holes are left out, GNU's old way.
    Sparse,
    /// Anything else, by its type flag.
    Other(u8),
}

impl MemberKind {
    pub(super) fn of(kind: EntryType) -> Self {
        match kind {
            EntryType::Regular | EntryType::Continuous => Self::File,
            EntryType::Directory => Self::Directory,
            EntryType::Symlink => Self::Symlink,
            EntryType::Link => Self::Hardlink,
            EntryType::Char => Self::CharDevice,
            EntryType::Block => Self::BlockDevice,
            EntryType::Fifo => Self::Fifo,
            EntryType::GNUSparse => Self::Sparse,
            other => Self::Other(other.as_byte()),
        }
    }

    pub(super) fn entry_type(self) -> EntryType {
        match self {
            Self::File => EntryType::Regular,
            Self::Directory => EntryType::Directory,
            Self::Symlink => EntryType::Symlink,
            Self::Hardlink => EntryType::Link,
            Self::CharDevice => EntryType::Char,
            Self::BlockDevice => EntryType::Block,
            Self::Fifo => EntryType::Fifo,
            Self::Sparse => EntryType::GNUSparse,
            Self::Other(flag) => EntryType::new(flag),
        }
    }
}

/// A header with the right sum. Numbers are `None` where the field does not hold one.
#[derive(Debug, Clone)]
pub struct TarHeader(Header);

impl TarHeader {
    /// Takes a block of 512 bytes; `None` for another length or a wrong sum.
    #[must_use]
    pub fn of_block(block: &[u8]) -> Option<Self> {
        if block.len() != BLOCK {
            return None;
        }
        let mut header = Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        let sum: u32 = block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte)).sum();
        (header.cksum().ok() == Some(sum + 8 * u32::from(b' '))).then_some(Self(header))
    }

    pub(super) fn entry_type(&self) -> EntryType {
        self.0.entry_type()
    }

    /// Returns the type flag; NUL means a file, as `0` does.
    #[must_use]
    pub fn flag(&self) -> u8 {
        self.0.as_bytes()[156]
    }

    /// Names the type, for people: as different as the flags are, but for the two of a file.
    #[must_use]
    pub fn kind_name(&self) -> String {
        format!("{:?}", self.0.entry_type())
    }

    /// Returns the name in the header itself, which a long name or a pax record may replace.
    #[must_use]
    pub fn path(&self) -> Cow<'_, [u8]> {
        self.0.path_bytes()
    }

    /// Returns the target of a link in the header itself.
    #[must_use]
    pub fn link(&self) -> Option<Cow<'_, [u8]>> {
        self.0.link_name_bytes()
    }

    /// Returns the size of the content in the header itself, in bytes.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.0.entry_size().ok()
    }

    /// Returns the mode bits.
    #[must_use]
    pub fn mode(&self) -> Option<u32> {
        self.0.mode().ok()
    }

    /// Returns the time of the last change, in seconds since 1970.
    #[must_use]
    pub fn mtime(&self) -> Option<u64> {
        self.0.mtime().ok()
    }

    /// Returns the owner's number.
    #[must_use]
    pub fn uid(&self) -> Option<u64> {
        self.0.uid().ok()
    }

    /// Returns the group's number.
    #[must_use]
    pub fn gid(&self) -> Option<u64> {
        self.0.gid().ok()
    }

    /// Returns the owner's name; empty where there is none.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        self.0.username_bytes().unwrap_or_default()
    }

    /// Returns the group's name; empty where there is none.
    #[must_use]
    pub fn group(&self) -> &[u8] {
        self.0.groupname_bytes().unwrap_or_default()
    }
}

/// Whether a tar may begin with this block: a header with the right sum, or the end mark of an archive without members.
#[must_use]
pub fn begins_tar(block: &[u8]) -> bool {
    block.len() == BLOCK && (block.iter().all(|byte| *byte == 0) || TarHeader::of_block(block).is_some())
}
