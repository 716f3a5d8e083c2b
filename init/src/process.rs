//! Another process, by way of `/proc`: no ptrace, so that another tracer stays in place.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::sys;

const WORD: usize = 8;
/// The most bytes of a path, with the zero byte at its end.
const PATH: usize = 4096;
/// How much is read at first: most paths are short.
const FIRST: usize = 256;
/// Numbers of the auxiliary vector.
const RANDOM: u64 = 25;
const SYSINFO_EHDR: u64 = 33;

/// A process's memory, open for reading and writing.
pub struct Memory {
    file: File,
}

impl Memory {
    /// Opens a process's memory.
    ///
    /// # Errors
    /// What the system says: a process that is gone, or that may not be looked into.
    pub fn open(pid: u32) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).open(format!("/proc/{pid}/mem")).map(|file| Self { file })
    }

    /// Reads to the buffer's end.
    ///
    /// # Errors
    /// What the system says.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, address)
    }

    /// Writes, also where the program itself may not.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(&self, address: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, address)
    }

    /// Reads one word.
    ///
    /// # Errors
    /// What the system says.
    pub fn word(&self, address: u64) -> io::Result<u64> {
        let mut bytes = [0; WORD];
        self.read(address, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// What the kernel told a program at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Auxiliary {
    /// Where the vDSO is; 0 when there is none.
    pub vdso: u64,
    /// Where sixteen random bytes are; 0 when there are none.
    pub random: u64,
}

impl Auxiliary {
    /// Reads a process's auxiliary vector.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(pid: u32) -> io::Result<Self> {
        std::fs::read(Path::new("/proc").join(pid.to_string()).join("auxv")).map(|bytes| Self::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        for pair in bytes.chunks_exact(2 * WORD) {
            let word = |at: usize| pair[at..at + WORD].try_into().map(u64::from_le_bytes).unwrap_or_default();
            match word(0) {
                RANDOM => found.random = word(WORD),
                SYSINFO_EHDR => found.vdso = word(WORD),
                _ => {}
            }
        }
        found
    }
}

/// Returns the process that a thread belongs to.
pub fn thread_group(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

/// Reads a path up to its zero byte; `None` for one that is too long. What follows its last page need not be there, so that a
/// read may come back short.
///
/// # Errors
/// What the system says.
pub fn read_path(pid: u32, address: u64) -> io::Result<Option<Vec<u8>>> {
    let mut path = vec![0; FIRST];
    let mut length = 0;
    loop {
        let read = sys::peek(pid, address.wrapping_add(length as u64), &mut path[length..])?;
        if let Some(end) = path[length..length + read].iter().position(|&byte| byte == 0) {
            path.truncate(length + end);
            return Ok(Some(path));
        }
        length += read;
        if read == 0 || length >= PATH {
            return Ok(None);
        }
        path.resize(PATH, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_auxiliary_vector_is_read() {
        let words: [u64; 8] = [6, 4096, SYSINFO_EHDR, 0x7000, RANDOM, 0x8000, 0, 0];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(Auxiliary::parse(&bytes), Auxiliary { vdso: 0x7000, random: 0x8000 });
        let own = Auxiliary::of(std::process::id()).expect("one's own can be read");
        assert!(own.vdso != 0 && own.random != 0);
    }

    #[test]
    fn paths_end_at_their_zero_byte() {
        let long = [b"x".repeat(700), b"\0".to_vec()].concat();
        let own = std::process::id();
        assert_eq!(read_path(own, long.as_ptr() as u64).expect("readable").as_deref(), Some(&long[..700]));
        assert_eq!(read_path(own, c"/a/b".as_ptr() as u64).expect("readable").as_deref(), Some(&b"/a/b"[..]));
        let endless = vec![b'x'; PATH + 1];
        assert_eq!(read_path(own, endless.as_ptr() as u64).expect("readable"), None);
    }
}
