//! Compressed bytes as streams. Each reader gives what all members or frames of its input hold, one after the other, and fails
//! where the last one is cut. None has a bound of its own: a few bytes may unpack to any number, so callers take no more than
//! they allow.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use flate2 as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

mod gzip_header;
pub mod pack;
mod zstd;

use std::io::{BufReader, Read};

pub use self::gzip_header::GzipHeader;

/// How much of the compressed bytes is read at once.
const BUFFER: usize = 128 << 10;

fn buffered<R: Read>(input: R) -> BufReader<R> {
    BufReader::with_capacity(BUFFER, input)
}

/// Unpacks gzip (RFC 1952).
pub fn gzip<R: Read>(input: R) -> impl Read + use<R> {
    flate2::bufread::MultiGzDecoder::new(buffered(input))
}

/// Unpacks xz.
pub fn xz<R: Read>(input: R) -> impl Read + use<R> {
    liblzma::bufread::XzDecoder::new_multi_decoder(buffered(input))
}

/// Unpacks Zstandard (RFC 8878). No bytes at all are an error, as they hold no frame.
pub fn zstd<R: Read>(input: R) -> impl Read + use<R> {
    zstd::Decoder::new(buffered(input))
}

/// Unpacks bare deflate (RFC 1951), as zip files hold it.
pub fn deflate<R: Read>(input: R) -> impl Read + use<R> {
    flate2::bufread::DeflateDecoder::new(buffered(input))
}
