//! What a gzip file says about itself.

/// The first member's header (RFC 1952, section 2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GzipHeader {
    /// When the file was written, in seconds since 1970; 0 for no time.
    pub mtime: u32,
    /// The name of the file that was compressed, as far as it is UTF-8; empty if there is none.
    pub name: String,
    /// Empty if there is none.
    pub comment: String,
    /// The number of the operating system that the compressor ran on.
    pub system: u8,
    /// The compressor's word on its level: 2 for the best, 4 for the fastest.
    pub level: u8,
}

impl GzipHeader {
    /// Reads the header at the beginning of a file; `None` when there is none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let decoder = flate2::bufread::GzDecoder::new(bytes);
        let header = decoder.header()?;
        let text =
            |part: Option<&[u8]>| part.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
        Some(Self {
            mtime: header.mtime(),
            name: text(header.filename()),
            comment: text(header.comment()),
            system: header.operating_system(),
            level: *bytes.get(8)?,
        })
    }
}
