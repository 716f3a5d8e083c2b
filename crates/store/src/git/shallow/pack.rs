//! A pack and its index, written whole and without deltas.
//!
//! Source: gitformat-pack(5), RFC 1950 and 1951. Each object is a zlib stream of stored blocks. Any compressor would be smaller, and
//! each of them gives other bytes by its version; a reader of git takes both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;

use super::sink::Sink;
use crate::BlobBatch;
use crate::ingest::GitError;
use crate::ingest::git::reading;
use rcrepro_model::content::digest::Digest;

/// A pack in the store.
pub(super) struct Packed {
    /// All objects, one after another.
    pub(super) pack: Digest,
    /// Where each object is, by id.
    pub(super) index: Digest,
    /// The pack's own checksum, by which it is named.
    pub(super) checksum: ObjectId,
    /// How many bytes each blob holds.
    pub(super) blob_sizes: BTreeMap<ObjectId, u64>,
}

/// The most bytes of a stored block.
const BLOCK: usize = 0xffff;
/// The first offset that the index's short table cannot hold.
const LONG: u64 = 1 << 31;

/// Gives a kind's place in a pack, which is also its number there.
pub(super) const fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    }
}

/// Writes a pack of these objects, by rank and id, and its index.
pub(super) fn write(
    batch: &dyn BlobBatch,
    repository: &gix::Repository,
    path: &Path,
    objects: &BTreeSet<(u8, ObjectId)>,
) -> Result<Packed, GitError> {
    let count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
    let mut out = Sink::new(batch, path)?;
    out.put(&[b"PACK".as_slice(), &2_u32.to_be_bytes(), &count.to_be_bytes()].concat())?;
    let mut places: BTreeMap<ObjectId, Place> = BTreeMap::new();
    let mut blob_sizes = BTreeMap::new();
    for (rank, id) in objects {
        let object = repository
            .find_object(*id)
            .map_err(|error| reading(format!("read the object {id}"), path)(error.into()))?;
        if self::rank(object.kind) != *rank {
            let found = format!("it is a {}", object.kind);
            return Err(reading(format!("use the object {id}"), path)(found.into()));
        }
        if object.kind == Kind::Blob {
            blob_sizes.insert(*id, object.data.len() as u64);
        }
        let offset = out.written();
        let bytes = entry(*rank, &object.data);
        places.insert(*id, Place { offset, crc: crc32(&bytes) });
        out.put(&bytes)?;
    }
    let (pack, checksum) = out.finish()?;
    let mut index = Sink::new(batch, path)?;
    index.put(&table(&places, checksum))?;
    let (index, _) = index.finish()?;
    Ok(Packed { pack, index, checksum, blob_sizes })
}

/// Where an object is in a pack.
struct Place {
    offset: u64,
    /// Of its header and stream.
    crc: u32,
}

/// Writes the index without its own checksum.
fn table(places: &BTreeMap<ObjectId, Place>, pack: ObjectId) -> Vec<u8> {
    let mut bytes = [b"\xfftOc".as_slice(), &2_u32.to_be_bytes()].concat();
    let mut counts = [0_u32; 256];
    for id in places.keys() {
        counts[usize::from(id.first_byte())] += 1;
    }
    let mut sum = 0;
    for count in counts {
        sum += count;
        bytes.extend(sum.to_be_bytes());
    }
    for id in places.keys() {
        bytes.extend(id.as_slice());
    }
    for place in places.values() {
        bytes.extend(place.crc.to_be_bytes());
    }
    let mut long: Vec<u64> = Vec::new();
    for place in places.values() {
        let short = if place.offset < LONG {
            place.offset as u32
        } else {
            long.push(place.offset);
            LONG as u32 | (long.len() - 1) as u32
        };
        bytes.extend(short.to_be_bytes());
    }
    for offset in long {
        bytes.extend(offset.to_be_bytes());
    }
    bytes.extend(pack.as_slice());
    bytes
}

/// Writes an object as a pack has it: its kind and size, and its bytes as a zlib stream.
fn entry(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len() + data.len() / BLOCK * 5 + 32);
    let mut size = data.len();
    let mut byte = kind << 4 | (size & 0xf) as u8;
    size >>= 4;
    while size > 0 {
        bytes.push(byte | 0x80);
        byte = (size & 0x7f) as u8;
        size >>= 7;
    }
    bytes.push(byte);
    bytes.extend([0x78, 0x01]);
    let mut blocks: Vec<&[u8]> = data.chunks(BLOCK).collect();
    if blocks.is_empty() {
        blocks.push(&[]);
    }
    let last = blocks.len() - 1;
    for (at, block) in blocks.into_iter().enumerate() {
        let length = block.len() as u16;
        bytes.push(u8::from(at == last));
        bytes.extend(length.to_le_bytes());
        bytes.extend((!length).to_le_bytes());
        bytes.extend(block);
    }
    bytes.extend(adler32(data).to_be_bytes());
    bytes
}

/// The checksum of a zlib stream.
fn adler32(data: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    // So many bytes can be summed before a sum outgrows 32 bits.
    const SUMMED: usize = 5552;
    let (mut low, mut high) = (1_u32, 0_u32);
    for piece in data.chunks(SUMMED) {
        for byte in piece {
            low += u32::from(*byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    high << 16 | low
}

/// The checksum of an entry of a pack, as in zip and PNG.
fn crc32(data: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut value = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 1 == 1 { value >> 1 ^ 0xedb8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[byte] = value;
            byte += 1;
        }
        table
    };
    !data.iter().fold(!0, |crc: u32, byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
        assert_eq!((adler32(b"Wikipedia"), adler32(b"")), (0x11e6_0398, 1));
        let ones = vec![0xff; 1 << 20];
        assert_eq!(adler32(&ones), 0x8e88_ef11, "sums are reduced before they overflow");
    }

    #[test]
    fn an_object_is_stored_in_blocks() {
        assert_eq!(entry(3, b""), [0x30, 0x78, 1, 1, 0, 0, 0xff, 0xff, 0, 0, 0, 1]);
        let long = vec![7; BLOCK + 1];
        let bytes = entry(3, &long);
        // 0x10000 bytes: four bits of the size in the first byte, seven in each of the others.
        assert_eq!(bytes[..3], [0xb0, 0x80, 0x20]);
        assert_eq!(bytes[5..10], [0, 0xff, 0xff, 0, 0]);
        assert_eq!(bytes[10 + BLOCK..16 + BLOCK], [1, 1, 0, 0xfe, 0xff, 7]);
    }

    #[test]
    fn offsets_beyond_two_gibibytes_are_in_a_table_of_their_own() {
        let id = |byte: &str| ObjectId::from_hex(byte.repeat(20).as_bytes()).expect("an id");
        let places = [
            (id("00"), Place { offset: 12, crc: 1 }),
            (id("01"), Place { offset: LONG + 5, crc: 2 }),
            (id("ff"), Place { offset: LONG + 9, crc: 3 }),
        ];
        let bytes = table(&places.into(), id("ee"));
        assert_eq!(bytes[8..20], [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2]);
        let short = 8 + 1024 + 3 * 24;
        assert_eq!(bytes[short..short + 12], [0, 0, 0, 12, 0x80, 0, 0, 0, 0x80, 0, 0, 1]);
        assert_eq!(bytes[short + 12..short + 20], (LONG + 5).to_be_bytes());
        assert_eq!(bytes.len(), short + 12 + 16 + 20);
    }
}
