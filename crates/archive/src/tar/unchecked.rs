//! Members with any name, type and size: what tests give to the readers of strangers' archives.

use ::tar::Header;

use super::writer::long_name;
use super::{BLOCK, MemberKind};

/// One member, written as it is told, however bad that is.
#[derive(Debug, Clone, Copy)]
pub struct UncheckedMember<'a> {
    /// The header's type flag.
    pub kind: MemberKind,
    /// Its path; more than 100 bytes go into a GNU long name.
    pub name: &'a str,
    /// Its mode bits.
    pub mode: u32,
    /// Where a link leads, at most 100 bytes.
    pub link: &'a str,
    /// The bytes of a file.
    pub content: &'a [u8],
}

impl UncheckedMember<'_> {
    /// Makes its header, for a content of `size` bytes that may not be there.
    #[must_use]
    pub fn header(&self, size: u64) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.set_entry_type(self.kind.entry_type());
        header.set_mode(self.mode);
        header.set_uid(4711);
        header.set_gid(4712);
        header.set_mtime(1_234_567);
        header.set_size(size);
        let fields = header.as_old_mut();
        let shown = self.name.floor_char_boundary(fields.name.len());
        fields.name[..shown].copy_from_slice(&self.name.as_bytes()[..shown]);
        fields.linkname[..self.link.len()].copy_from_slice(self.link.as_bytes());
        header.set_cksum();
        let long = if shown < self.name.len() {
            long_name(::tar::EntryType::GNULongName, self.name.as_bytes())
        } else {
            Vec::new()
        };
        [&*long, header.as_bytes()].concat()
    }

    /// Makes its header and its content, padded to whole blocks.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.header(self.content.len() as u64);
        bytes.extend_from_slice(self.content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        bytes
    }
}

/// Makes an archive of members, with its end mark.
#[must_use]
pub fn archive(members: &[UncheckedMember<'_>]) -> Vec<u8> {
    let mut bytes: Vec<u8> = members.iter().flat_map(UncheckedMember::bytes).collect();
    bytes.resize(bytes.len() + 2 * BLOCK, 0);
    bytes
}
