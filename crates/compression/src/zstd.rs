//! Zstandard as a stream: every frame of the input, one after the other, and an error where the last one is cut.
//!
//! Source: RFC 8878. The library reads one frame at a time, and its own reader stops after the first.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Unpacks Zstandard frames.
pub(crate) struct Decoder<R> {
    input: R,
    frame: FrameDecoder,
    begun: bool,
    /// Why an earlier read failed: what follows cannot be read either.
    failed: Option<(io::ErrorKind, String)>,
}

impl<R: BufRead> Decoder<R> {
    /// Begins; nothing is read yet.
    pub(crate) fn new(input: R) -> Self {
        Self { input, frame: FrameDecoder::new(), begun: false, failed: None }
    }

    /// Begins the next frame, and returns whether there is one.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            self.begun = true;
            match self.frame.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let length = u64::from(length);
                    if io::copy(&mut (&mut self.input).take(length), &mut io::sink())? < length {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(invalid(&error)),
            }
        }
        // No bytes at all are not a frame.
        if self.begun { Ok(false) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

impl<R: BufRead> Decoder<R> {
    fn read_on(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.frame.can_collect() == 0 {
            if self.frame.is_finished() {
                if !self.next_frame()? {
                    return Ok(0);
                }
                continue;
            }
            let step = BlockDecodingStrategy::UptoBlocks(1);
            self.frame.decode_blocks(&mut self.input, step).map_err(|error| invalid(&error))?;
        }
        self.frame.read(buffer)
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, reason)) = &self.failed {
            return Err(io::Error::new(*kind, reason.clone()));
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        self.read_on(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failed = Some((error.kind(), error.to_string()));
            }
        })
    }
}

fn invalid(error: &FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack;

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        Decoder::new(bytes).read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn all_frames_are_read_and_skippable_ones_passed_over() {
        let (one, two) = (vec![b'a'; 300_000], b"two".to_vec());
        let frames = [&one, &two].map(|bytes| pack::zstd(bytes));
        let skippable = [&0x184D_2A50_u32.to_le_bytes()[..], &4_u32.to_le_bytes(), b"skip"].concat();
        let all = [&frames[0][..], &skippable, &frames[1]].concat();
        assert_eq!(read(&all).expect("frames"), [one, two].concat());
    }

    #[test]
    fn what_is_cut_or_no_frame_is_an_error() {
        let whole = pack::zstd(&vec![b'a'; 300_000]);
        for cut in [0, 3, 5, whole.len() / 2, whole.len() - 1] {
            assert!(read(&whole[..cut]).is_err(), "cut at {cut} of {}", whole.len());
        }
        assert!(read(b"not zstd").is_err());
        let with_tail = [&whole[..], b"tail"].concat();
        assert!(read(&with_tail).is_err());
        let mut decoder = Decoder::new(&with_tail[..]);
        assert!(io::copy(&mut decoder, &mut io::sink()).is_err());
        assert!(decoder.read(&mut [0]).is_err(), "an error is not followed by an end");
    }
}
