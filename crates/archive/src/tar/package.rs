//! Archives of packages, as dpkg, npm and others write them: read as the `tar` crate does, which also takes archives without an
//! end mark, within bounds on sizes, members, headers and the tail.

use std::cell::Cell;
use std::io::{self, Read};

use ::tar::{Archive, Entry, EntryType};

use super::{BLOCK, MemberKind};

/// The most bytes of one member's headers, which are held in memory, and of what follows the last member: 1 MiB.
const MAX_BETWEEN: u64 = 1 << 20;

/// How much an archive may hold, what is left out of it among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageLimits {
    /// The bytes of all members together.
    pub bytes: u64,
    /// The number of members.
    pub members: u64,
}

/// Why a package's archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PackedError {
    /// The stream failed, is cut, or is not a tar.
    #[error("cannot read the archive")]
    Read(#[source] io::Error),
    /// More bytes or members than may be.
    #[error("`{}` takes the archive beyond the {limit} {unit} that it may hold", member.escape_ascii())]
    TooLarge {
        /// The member that went over, as the archive spells it.
        member: Vec<u8>,
        /// In bytes or members, as `unit` says.
        limit: u64,
        /// What is limited.
        unit: &'static str,
    },
    /// Headers that go on and on.
    #[error("more than 1 MiB of headers follow `{}`", member.escape_ascii())]
    Headers {
        /// The member before them.
        member: Vec<u8>,
    },
    /// A tail that goes on and on.
    #[error("more than 1 MiB follows `{}`, the last member", member.escape_ascii())]
    Tail {
        /// The last member.
        member: Vec<u8>,
    },
}

/// A member, as the archive spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedMember {
    /// The path, which may be absolute, climb, or not be text.
    pub path: Vec<u8>,
    /// The type by its flag alone, a `/` at the end of the path notwithstanding.
    pub kind: MemberKind,
    /// The mode bits; `None` for a field that is not a number.
    pub mode: Option<u32>,
    /// The target of a link.
    pub link: Option<Vec<u8>>,
}

/// Reads an archive to its end and shows each member to `sink`, a file with its content; a content that is cut fails. `wrap` makes
/// the caller's error of what is wrong with the archive itself.
///
/// # Errors
/// [`PackedError`] as `wrap` gives it, or what `sink` says.
pub fn each<E>(
    input: impl Read,
    limits: PackageLimits,
    wrap: impl Fn(PackedError) -> E,
    sink: &mut dyn FnMut(&PackedMember, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let (position, limit) = (Cell::new(0), Cell::new(MAX_BETWEEN));
    let mut archive = Archive::new(Metered { inner: input, position: &position, limit: &limit });
    let (mut last, mut taken) = (Vec::new(), Taken { limits, bytes: 0, members: 0 });
    for entry in archive.entries().map_err(|error| wrap(PackedError::Read(error)))? {
        let mut entry = entry.map_err(|error| match position > limit {
            true => wrap(PackedError::Headers { member: last.clone() }),
            false => wrap(PackedError::Read(error)),
        })?;
        let member = member(&entry);
        // What is left out has to be unpacked too, to be passed over.
        taken.add(&member.path, entry.size()).map_err(&wrap)?;
        limit.set(position.get() + entry.size().next_multiple_of(BLOCK as u64) + MAX_BETWEEN);
        if entry.header().entry_type() != EntryType::XGlobalHeader {
            let size = if member.kind == MemberKind::File { entry.size() } else { 0 };
            sink(&member, &mut Whole { inner: (&mut entry).take(size), left: size })?;
        }
        last = member.path;
    }
    // A checksum at the end of the compressed stream was never looked at unless the end was reached.
    let drained = io::copy(&mut archive.into_inner(), &mut io::sink());
    drained.map(drop).map_err(|error| match position > limit {
        true => wrap(PackedError::Tail { member: last }),
        false => wrap(PackedError::Read(error)),
    })
}

fn member(entry: &Entry<'_, impl Read>) -> PackedMember {
    PackedMember {
        path: entry.path_bytes().into_owned(),
        kind: MemberKind::of(entry.header().entry_type()),
        mode: entry.header().mode().ok(),
        link: entry.link_name_bytes().map(|link| link.into_owned()),
    }
}

/// What an archive has shown so far.
struct Taken {
    limits: PackageLimits,
    bytes: u64,
    members: u64,
}

impl Taken {
    /// Counts one member more.
    fn add(&mut self, path: &[u8], size: u64) -> Result<(), PackedError> {
        self.members += 1;
        self.bytes = self.bytes.saturating_add(size);
        let too_large = |limit, unit| Err(PackedError::TooLarge { member: path.to_vec(), limit, unit });
        if self.bytes > self.limits.bytes {
            return too_large(self.limits.bytes, "bytes");
        }
        if self.members > self.limits.members {
            return too_large(self.limits.members, "members");
        }
        Ok(())
    }
}

/// Counts what is read, and ends beyond a limit that moves on with the members.
struct Metered<'a, R> {
    inner: R,
    position: &'a Cell<u64>,
    limit: &'a Cell<u64>,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.position.set(self.position.get() + read as u64);
        match self.position > self.limit {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(read),
        }
    }
}

/// Fails where the archive ends before the member does; the tar reader alone would give a shorter file.
struct Whole<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar::unchecked::{UncheckedMember, archive};

    const LIMITS: PackageLimits = PackageLimits { bytes: 10, members: 2 };

    fn file<'a>(name: &'a str, content: &'a [u8]) -> UncheckedMember<'a> {
        UncheckedMember { kind: MemberKind::File, name, mode: 0o644, link: "", content }
    }

    fn read(bytes: &[u8]) -> Result<Vec<(PackedMember, Vec<u8>)>, PackedError> {
        let mut found = Vec::new();
        each(bytes, LIMITS, |error| error, &mut |member, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).map_err(PackedError::Read)?;
            found.push((member.clone(), bytes));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn sizes_and_members_are_bounded() {
        let found = read(&archive(&[file("a", b"12345"), file("b", b"67890")])).expect("as much as may be");
        assert_eq!(found.iter().map(|(_, content)| content.len()).sum::<usize>(), 10);
        let error = read(&archive(&[file("a", b"12345"), file("b", b"678901")])).expect_err("too many bytes");
        assert_eq!(error.to_string(), "`b` takes the archive beyond the 10 bytes that it may hold");
        let error = read(&archive(&[file("a", b""), file("b", b""), file("c", b"")])).expect_err("too many members");
        assert_eq!(error.to_string(), "`c` takes the archive beyond the 2 members that it may hold");
    }

    #[test]
    fn tails_are_bounded_and_cuts_are_seen() {
        let whole = archive(&[file("a", b"12345")]);
        assert!(read(&whole[..1024]).is_ok(), "the end mark may be missing");
        assert!(matches!(read(&whole[..514]), Err(PackedError::Read(_))), "the content may not");
        let tail = [whole, vec![0; 2 << 20]].concat();
        assert!(matches!(read(&tail), Err(PackedError::Tail { member }) if member == b"a"));
    }
}
