//! Calls that connect or send, as both of the machine's tables of calls write them.

use std::io;

use crate::process::Memory;
use crate::sys::Notification;
use crate::sys::calls::{self, NARROW, socketcall};

/// What a call about a socket asks for. Addresses are those of the caller's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketRequest {
    /// `connect`.
    Connect { descriptor: u64, address: u64, length: u64 },
    /// `sendto`; the address may be 0.
    Send { descriptor: u64, data: u64, size: u64, address: u64, length: u64 },
    /// `sendmsg` and `sendmmsg`: so many headers that follow each other.
    Messages { descriptor: u64, headers: u64, count: u64 },
}

/// The header of a message: where it goes, and its first part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub address: u64,
    pub length: u64,
    pub parts: u64,
    pub count: u64,
}

/// How wide the words of the caller's structures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Wide,
    Narrow,
}

impl Width {
    /// Returns the width of a call's words.
    #[must_use]
    pub fn of(call: &Notification) -> Self {
        if call.architecture == calls::ARCHITECTURE { Self::Wide } else { Self::Narrow }
    }

    const fn word(self) -> usize {
        match self {
            Self::Wide => 8,
            Self::Narrow => 4,
        }
    }

    /// Returns the size of `struct mmsghdr`, in bytes: a header, a number, and what makes it end with a word.
    #[must_use]
    pub const fn step(self) -> u64 {
        match self {
            Self::Wide => 64,
            Self::Narrow => 32,
        }
    }

    /// Reads words that follow each other.
    fn words<const N: usize>(self, memory: &Memory, address: u64) -> io::Result<[u64; N]> {
        let mut bytes = vec![0; N * self.word()];
        memory.read(address, &mut bytes)?;
        let mut words = [0; N];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(self.word())) {
            let mut wide = [0; 8];
            wide[..bytes.len()].copy_from_slice(bytes);
            *word = u64::from_le_bytes(wide);
        }
        Ok(words)
    }

    /// Reads `struct msghdr` up to the number of its parts.
    ///
    /// # Errors
    /// What the system says.
    pub fn header(self, memory: &Memory, address: u64) -> io::Result<Header> {
        let [address, length, parts, count] = self.words(memory, address)?;
        // A length is half a word on wide machines, and padding follows.
        Ok(Header { address, length: length & 0xffff_ffff, parts, count })
    }

    /// Reads `struct iovec`: where a part of a message is, and its size.
    ///
    /// # Errors
    /// What the system says.
    pub fn part(self, memory: &Memory, address: u64) -> io::Result<(u64, u64)> {
        let [at, size] = self.words(memory, address)?;
        Ok((at, size))
    }
}

/// Whether a call is one of those.
#[must_use]
pub fn is_one(call: &Notification) -> bool {
    let number = call.call.cast_unsigned();
    match Width::of(call) {
        Width::Wide => matches!(number, calls::CONNECT | calls::SENDTO | calls::SENDMSG | calls::SENDMMSG),
        Width::Narrow => {
            [NARROW.connect, NARROW.sendto, NARROW.sendmsg, NARROW.sendmmsg].contains(&number)
                || NARROW.socketcall == Some(number)
        }
    }
}

impl SocketRequest {
    /// Understands a call that [`is_one`] of those; `None` for what `socketcall` does else.
    ///
    /// # Errors
    /// What the system says when its arguments are in the caller's memory and cannot be read.
    pub fn of(call: &Notification, memory: &Memory) -> io::Result<Option<Self>> {
        let number = call.call.cast_unsigned();
        let width = Width::of(call);
        if width == Width::Narrow && NARROW.socketcall == Some(number) {
            let at = call.arguments[1];
            return Ok(match u32::try_from(call.arguments[0]).unwrap_or(u32::MAX) {
                socketcall::CONNECT => {
                    let [descriptor, address, length] = width.words(memory, at)?;
                    Some(Self::Connect { descriptor, address, length })
                }
                socketcall::SENDTO => {
                    let [descriptor, data, size, _, address, length] = width.words(memory, at)?;
                    Some(Self::Send { descriptor, data, size, address, length })
                }
                socketcall::SENDMSG => {
                    let [descriptor, headers] = width.words(memory, at)?;
                    Some(Self::Messages { descriptor, headers, count: 1 })
                }
                socketcall::SENDMMSG => {
                    let [descriptor, headers, count] = width.words(memory, at)?;
                    Some(Self::Messages { descriptor, headers, count })
                }
                _ => None,
            });
        }
        let [descriptor, first, second, _, address, length] = call.arguments;
        // The kernel takes half of the words that hold numbers, whatever the other half says.
        let half = |word: u64| word & 0xffff_ffff;
        let (descriptor, length) = (half(descriptor), half(length));
        let [connect, sendto, sendmsg] = match width {
            Width::Wide => [calls::CONNECT, calls::SENDTO, calls::SENDMSG],
            Width::Narrow => [NARROW.connect, NARROW.sendto, NARROW.sendmsg],
        };
        Ok(Some(match number {
            _ if number == connect => Self::Connect { descriptor, address: first, length: half(second) },
            _ if number == sendto => Self::Send { descriptor, data: first, size: second, address, length },
            _ if number == sendmsg => Self::Messages { descriptor, headers: first, count: 1 },
            _ => Self::Messages { descriptor, headers: first, count: half(second) },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structures_of_both_widths_are_read() {
        let memory = Memory::open(std::process::id()).expect("one's own");
        let narrow: [u32; 4] = [0x1000, 16, 0x2000, 2];
        let header = Width::Narrow.header(&memory, narrow.as_ptr() as u64).expect("readable");
        assert_eq!(header, Header { address: 0x1000, length: 16, parts: 0x2000, count: 2 });
        let wide: [u64; 4] = [0x1000, 0xdead_0000_0010, 0x2000, 2];
        assert_eq!(Width::Wide.header(&memory, wide.as_ptr() as u64).expect("readable"), header);
        assert_eq!(Width::Narrow.part(&memory, narrow.as_ptr() as u64).expect("readable"), (0x1000, 16));
        assert!(Width::Wide.part(&memory, 8).is_err());
    }
}
