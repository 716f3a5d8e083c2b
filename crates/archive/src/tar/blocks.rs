//! An archive in memory, header by header: for what compares archives, and must see what readers pass over.

use super::{BLOCK, PaxRecords, TarHeader};

/// A header with the content that follows it. Long names and pax headers are blocks of their own, before the member's.
#[derive(Debug, Clone)]
pub struct TarBlock<'a> {
    /// Where the header begins, in bytes.
    pub at: usize,
    /// What its fields say.
    pub header: TarHeader,
    /// What follows it, without padding.
    pub data: &'a [u8],
}

impl TarBlock<'_> {
    /// Whether it is a member itself, and not a name or a pax header of the next one.
    #[must_use]
    pub fn is_member(&self) -> bool {
        !matches!(self.header.flag(), b'x' | b'L' | b'K')
    }

    /// Returns where the next header begins.
    #[must_use]
    pub fn end(&self) -> usize {
        self.at + BLOCK + self.data.len().next_multiple_of(BLOCK)
    }
}

/// Walks the headers up to the first empty block or the end of the bytes; an item is `None` where the archive is damaged, and
/// the last one.
#[derive(Debug, Clone)]
pub struct TarBlocks<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The size that a pax header gives the next member.
    size: Option<u64>,
    is_over: bool,
}

/// Walks an archive in memory.
#[must_use]
pub fn blocks(bytes: &[u8]) -> TarBlocks<'_> {
    TarBlocks { bytes, at: 0, size: None, is_over: false }
}

impl<'a> Iterator for TarBlocks<'a> {
    type Item = Option<TarBlock<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if self.is_over || rest.is_empty() || rest.get(..BLOCK).is_some_and(|block| block.iter().all(|byte| *byte == 0))
        {
            return None;
        }
        let block = self.block();
        self.is_over = block.is_none();
        Some(block)
    }
}

impl<'a> TarBlocks<'a> {
    fn block(&mut self) -> Option<TarBlock<'a>> {
        let start = self.at.checked_add(BLOCK)?;
        let header = TarHeader::of_block(self.bytes.get(self.at..start)?)?;
        let stated = header.size()?;
        let own = !matches!(header.flag(), b'x' | b'L' | b'K');
        let size = if own { self.size.take().unwrap_or(stated) } else { stated };
        let data = self.bytes.get(start..start.checked_add(usize::try_from(size).ok()?)?)?;
        if header.flag() == b'x' {
            let mut records = PaxRecords(data).flatten();
            let size = records.find(|(key, _)| *key == b"size");
            self.size = size.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok()).or(self.size);
        }
        let block = TarBlock { at: self.at, header, data };
        self.at = start.checked_add(data.len().checked_next_multiple_of(BLOCK)?)?;
        Some(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::MemberKind;
    use crate::tar::unchecked::{UncheckedMember, archive};

    fn member<'a>(flag: u8, name: &'a str, content: &'a [u8]) -> UncheckedMember<'a> {
        UncheckedMember { kind: MemberKind::Other(flag), name, mode: 0o644, link: "", content }
    }

    #[test]
    fn every_header_is_shown_with_its_content() {
        let bytes = archive(&[member(b'L', "x", b"long\0"), member(b'0', "a", &[7; 600]), member(b'0', "b", b"")]);
        let shown =
            |block: TarBlock<'_>| (block.at, block.is_member(), block.header.path().into_owned(), block.data.len());
        let found: Vec<_> = blocks(&bytes).map(|block| shown(block.expect("whole"))).collect();
        let expected = [(0, false, b"x".to_vec(), 5), (1024, true, b"a".to_vec(), 600), (2560, true, b"b".to_vec(), 0)];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_size_of_a_pax_header_counts_for_the_next_member_alone() {
        let mut bytes =
            archive(&[member(b'x', "x", b"9 size=4\n"), member(b'0', "a", b"abcd"), member(b'0', "b", b"xy")]);
        let sizes = |bytes: &[u8]| blocks(bytes).map(|block| block.map(|block| block.data.len())).collect::<Vec<_>>();
        assert_eq!(sizes(&bytes), [Some(9), Some(4), Some(2)]);
        bytes[1024 + 3] ^= 1;
        assert_eq!(sizes(&bytes), [Some(9), None], "a wrong sum");
        assert_eq!(sizes(&bytes[..700]), [Some(9)]);
        assert_eq!(sizes(&bytes[..520]), [None], "cut in a content");
    }
}
