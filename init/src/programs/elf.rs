//! Numbers of 64-bit little-endian ELF files. What is beyond the end reads as zero.

/// The size of the file's header, in bytes.
pub const HEADER: usize = 64;

pub fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
}

pub fn half(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|half| half.try_into().ok()).map_or(0, u16::from_le_bytes)
}
