//! The outer archive of Debian packages.
//!
//! Source: ar(5), in the plain form that deb(5) asks for: names of at most 16 bytes, no tables. Written here because the
//! format is one 60-byte header a member, and no maintained crate reads it.

use std::io::{self, Read};

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER: usize = 60;

/// Reads the members of an archive, one after another.
pub struct ArArchive<R> {
    input: R,
    /// The bytes of the current member that are left, with the padding that makes its size even.
    left: u64,
    padded: bool,
}

/// A member's content; what is not read of it is passed over.
pub struct ArMember<'a, R> {
    /// The name, without padding and the `/` that some writers end it with.
    pub name: String,
    archive: &'a mut ArArchive<R>,
}

impl<R: Read> ArArchive<R> {
    /// Reads the archive's first bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when they are not an archive's, or what reading gives.
    pub fn open(mut input: R) -> io::Result<Self> {
        let mut magic = [0; MAGIC.len()];
        input.read_exact(&mut magic)?;
        if &magic != MAGIC {
            return Err(invalid("it does not begin as an ar archive does"));
        }
        Ok(Self { input, left: 0, padded: false })
    }

    /// Returns the next member; `None` at the archive's end.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a bad header, [`io::ErrorKind::UnexpectedEof`] for a cut one.
    pub fn next(&mut self) -> io::Result<Option<ArMember<'_, R>>> {
        let rest = self.left + u64::from(self.padded);
        let skipped = io::copy(&mut (&mut self.input).take(rest), &mut io::sink())?;
        // The last member's padding byte may be missing.
        if skipped < self.left {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut header = [0; HEADER];
        let first = self.input.read(&mut header[..1])?;
        if first == 0 {
            self.left = 0;
            self.padded = false;
            return Ok(None);
        }
        self.input.read_exact(&mut header[1..])?;
        let field = |from: usize, to: usize| str::from_utf8(&header[from..to]).map(|text| text.trim_end_matches(' '));
        let size = field(48, 58).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let (Ok(name), Some(size), b"`\n") = (field(0, 16), size.and_then(|text| text.parse().ok()), &header[58..])
        else {
            return Err(invalid("a member's header is not one of an ar archive"));
        };
        let name = name.strip_suffix('/').unwrap_or(name).to_owned();
        self.left = size;
        self.padded = size % 2 == 1;
        Ok(Some(ArMember { name, archive: self }))
    }
}

impl<R: Read> Read for ArMember<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.archive.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let read = self.archive.input.read(&mut buffer[..want])?;
        if read == 0 && want > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.archive.left -= read as u64;
        Ok(read)
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes =
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 100_644, content.len()).into_bytes();
        bytes.extend_from_slice(content);
        if content.len() % 2 == 1 {
            bytes.push(b'\n');
        }
        bytes
    }

    fn read_all(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut archive = ArArchive::open(bytes)?;
        let mut found = Vec::new();
        while let Some(mut member) = archive.next()? {
            let mut content = Vec::new();
            member.read_to_end(&mut content)?;
            found.push((member.name, content));
        }
        Ok(found)
    }

    #[test]
    fn members_come_whole_and_unread_ones_are_passed_over() {
        let bytes = [&MAGIC[..], &member("odd/", b"abc"), &member("even", b"abcd"), &member("none", b"")].concat();
        let found = read_all(&bytes).expect("a good archive");
        let expected = [("odd", &b"abc"[..]), ("even", b"abcd"), ("none", b"")];
        assert_eq!(found, expected.map(|(name, content)| (name.to_owned(), content.to_vec())));
        let mut archive = ArArchive::open(&bytes[..]).expect("an archive");
        let names = std::iter::from_fn(|| archive.next().expect("a member").map(|member| member.name));
        assert_eq!(names.collect::<Vec<_>>(), ["odd", "even", "none"]);
    }

    #[test]
    fn what_is_cut_or_no_archive_is_an_error() {
        let whole = [&MAGIC[..], &member("a", b"abcd")].concat();
        for cut in [4, 30, 8 + 59, 8 + 62] {
            assert!(read_all(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(read_all(b"PK\x03\x04....").is_err());
        let bad_size = String::from_utf8(whole).expect("text").replacen("4         `", "x         `", 1);
        assert!(read_all(bad_size.as_bytes()).is_err());
    }
}
