//! What a layer unpacks to, within a bound.

use std::io::{self, Read, Write};

use super::error::RegistryError;
use rcrepro_format::images::oci_document::Packing;
use rcrepro_model::content::digest::{Digest, DigestHasher};
use rcrepro_model::image::pulled::PulledLayer;
use rcrepro_store::{BlobStore, StoreError};

/// The most bytes that a layer may unpack to: 32 GiB.
pub const UNPACKED_LIMIT: u64 = 32 << 30;

/// Checks that a layer in the store unpacks to its DiffId.
///
/// What was found right is recorded by a small blob, so that it is unpacked once for all later pulls.
///
/// # Errors
/// [`RegistryError::DiffId`], [`RegistryError::TooLarge`] or a failing store.
pub(super) fn check(
    store: &dyn BlobStore,
    layer: &PulledLayer,
    packing: Packing,
    limit: u64,
) -> Result<(), RegistryError> {
    let object = format!("layer {}", layer.blob.hash.to_oci());
    let wrong = |found| RegistryError::DiffId { object: object.clone(), expected: layer.diff_id, found };
    if packing == Packing::Plain {
        // The blob's own digest has been checked when it came.
        let found = layer.blob.hash;
        return if found == layer.diff_id { Ok(()) } else { Err(wrong(found.to_oci())) };
    }
    let record = record(layer, packing);
    if store.contains(Digest::of(record.as_bytes()))? {
        return Ok(());
    }
    let mut hasher = HashWriter(DigestHasher::default());
    match unpack(store, layer.blob, packing, limit, &mut hasher)? {
        Unpacked::Whole => {}
        Unpacked::TooLarge => return Err(RegistryError::TooLarge { object, limit }),
        Unpacked::Broken(reason) => return Err(wrong(format!("unknown: {reason}"))),
    }
    let found = hasher.0.finish().hash;
    if found != layer.diff_id {
        return Err(wrong(found.to_oci()));
    }
    store.put(record.as_bytes())?;
    Ok(())
}

/// Puts a layer's uncompressed tar into the store, for engines that cannot unpack it themselves.
///
/// # Errors
/// As when the layer was pulled.
pub fn store_unpacked(store: &dyn BlobStore, layer: &PulledLayer) -> Result<Digest, RegistryError> {
    let object = format!("layer {}", layer.blob.hash.to_oci());
    let wrong = |found| RegistryError::DiffId { object: object.clone(), expected: layer.diff_id, found };
    let packing = Packing::of_media_type(&layer.media_type).unwrap_or(Packing::Plain);
    let mut writer = HashedBlob { hasher: DigestHasher::default(), blob: store.writer()? };
    match unpack(store, layer.blob, packing, UNPACKED_LIMIT, &mut writer)? {
        Unpacked::Whole => {}
        Unpacked::TooLarge => return Err(RegistryError::TooLarge { object, limit: UNPACKED_LIMIT }),
        Unpacked::Broken(reason) => return Err(wrong(format!("unknown: {reason}"))),
    }
    let found = writer.hasher.finish().hash;
    if found != layer.diff_id {
        return Err(wrong(found.to_oci()));
    }
    Ok(writer.blob.commit()?)
}

/// Opens a layer that was pulled as its uncompressed tar. That it unpacks to its DiffId, and to how much, was checked when it came.
///
/// # Errors
/// As the store gives it.
pub fn open_unpacked(store: &dyn BlobStore, layer: &PulledLayer) -> Result<Box<dyn Read + Send>, StoreError> {
    let packing = Packing::of_media_type(&layer.media_type).unwrap_or(Packing::Plain);
    Ok(unpacked(store.reader(layer.blob)?, packing))
}

/// How unpacking ended.
enum Unpacked {
    Whole,
    TooLarge,
    Broken(io::Error),
}

fn unpack(
    store: &dyn BlobStore,
    blob: Digest,
    packing: Packing,
    limit: u64,
    out: &mut dyn Write,
) -> Result<Unpacked, StoreError> {
    let mut unpacked = unpacked(store.reader(blob)?, packing);
    Ok(match io::copy(&mut (&mut unpacked).take(limit), out) {
        Err(error) => Unpacked::Broken(error),
        Ok(_) => match unpacked.read(&mut [0]) {
            Ok(0) => Unpacked::Whole,
            Ok(_) => Unpacked::TooLarge,
            Err(error) => Unpacked::Broken(error),
        },
    })
}

fn unpacked(packed: Box<dyn Read + Send>, packing: Packing) -> Box<dyn Read + Send> {
    match packing {
        Packing::Plain => packed,
        Packing::Gzip => Box::new(rcrepro_compression::gzip(packed)),
        Packing::Zstd => Box::new(rcrepro_compression::zstd(packed)),
    }
}

fn record(layer: &PulledLayer, packing: Packing) -> String {
    format!("rcrepro: a layer that was unpacked and met its DiffId\n{packing:?}\n{}\n{}\n", layer.blob, layer.diff_id)
}

struct HashWriter(DigestHasher);

impl Write for HashWriter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.update(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct HashedBlob<'a> {
    hasher: DigestHasher,
    blob: Box<dyn rcrepro_store::BlobWriter + 'a>,
}

impl Write for HashedBlob<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.blob.write(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.blob.flush()
    }
}
