//! Every file of an image, read once.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};

use super::ImageFault;
use super::layer::{Compression, Hashing, LayerScan, scan};
use rcrepro_model::content::digest::{Digest, DigestHasher};

/// The largest document that is kept: 4 MiB, which is what registries take of a manifest.
const MAX_DOCUMENT: u64 = 4 << 20;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyedFile {
    /// What its bytes hash to, and its size.
    pub digest: Digest,
    /// Its bytes, unless it looks like a layer or is too large for a document.
    pub document: Option<Vec<u8>>,
    /// What it is as a layer, when it looks like one.
    pub layer: Option<LayerScan>,
}

/// A thing in a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Surveyed {
    /// Its bytes, digested.
    File(SurveyedFile),
    /// Another name of the file at this path; `docker save` writes such for equal layers.
    Link(String),
}

/// Everything that is in a folder, an archive or a store, by its path in a layout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayoutSurvey {
    /// By path in the layout, such as `blobs/sha256/…` or `index.json`.
    pub things: BTreeMap<String, Surveyed>,
    /// What is wrong with the folder or archive itself.
    pub faults: Vec<ImageFault>,
}

impl LayoutSurvey {
    /// Finds a file, through links.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&SurveyedFile> {
        let mut path = path;
        // As many links as Linux follows in one path would be; a circle ends here.
        for _ in 0..40 {
            match self.things.get(path)? {
                Surveyed::File(file) => return Some(file),
                Surveyed::Link(target) => path = target,
            }
        }
        None
    }

    /// Adds up the bytes of the documents that are kept.
    pub(super) fn documents(&self) -> u64 {
        let document = |thing: &Surveyed| match thing {
            Surveyed::File(file) => file.document.as_ref().map_or(0, |bytes| bytes.len() as u64),
            Surveyed::Link(_) => 0,
        };
        self.things.values().map(document).sum()
    }
}

/// Reads a file to its end.
///
/// # Errors
/// When `reader` fails; what is wrong with the bytes is not an error.
pub fn survey_file(reader: &mut dyn Read) -> io::Result<SurveyedFile> {
    let mut raw = Hashing { inner: Failing { inner: reader, failed: None }, hasher: DigestHasher::default() };
    let mut head = Vec::new();
    (&mut raw).take(512).read_to_end(&mut head)?;
    let (mut document, mut layer) = (None, None);
    match Compression::sniff(&head) {
        Some(compression) => {
            let mut whole = Cursor::new(head).chain(&mut raw);
            layer = Some(scan(compression, &mut whole));
        }
        None => {
            (&mut raw).take(MAX_DOCUMENT + 1).read_to_end(&mut head)?;
            document = (head.len() as u64 <= MAX_DOCUMENT).then_some(head);
        }
    }
    io::copy(&mut raw, &mut io::sink())?;
    match raw.inner.failed.take() {
        // A decoder turned it into words of its own: the source broke off, not the layer.
        Some(error) => Err(error),
        None => Ok(SurveyedFile { digest: raw.hasher.finish(), document, layer }),
    }
}

/// Remembers that the source itself failed.
struct Failing<R> {
    inner: R,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Failing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).inspect_err(|error| {
            self.failed = Some(io::Error::new(error.kind(), error.to_string()));
        })
    }
}
