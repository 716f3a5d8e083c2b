//! Compressed files: gzip's header, and what is inside of gzip, xz and zstd.

use std::io::Read;

use rcrepro_compression::GzipHeader;

use crate::lines::instant::rfc3339;
use crate::{Hints, UNPACKED, within};
use rcrepro_model::text::plural::counted;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

/// Explains two compressed files of one format; `None` when one cannot be unpacked.
#[must_use]
pub fn explain_compressed(
    at: &str,
    left: &[u8],
    right: &[u8],
    hints: &Hints<'_>,
    depth: u32,
) -> Option<Vec<Explained>> {
    let (l, r) = (unpack(left)?, unpack(right)?);
    let mut found = Vec::new();
    if left.starts_with(b"\x1f\x8b") {
        found.extend(gzip_header(at, left, right)?);
    }
    found.extend(within(&format!("{at}!"), &l, &r, hints, depth));
    if found.is_empty() {
        let sizes = [counted(left.len(), "byte"), counted(right.len(), "byte")];
        let cause = "one content, compressed by another program, version or level";
        found.push(Explained::new(
            at,
            DifferenceClass::Environment,
            [&sizes[0], &sizes[1]],
            cause,
            Some("one level and one version of the compressor: gzip -9n in a locked image"),
        ));
    }
    Some(found)
}

fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    let reader: Box<dyn Read + '_> = match bytes.first()? {
        0x1f => Box::new(rcrepro_compression::gzip(bytes)),
        0xfd => Box::new(rcrepro_compression::xz(bytes)),
        _ => Box::new(rcrepro_compression::zstd(bytes)),
    };
    let mut unpacked = Vec::new();
    reader.take(UNPACKED + 1).read_to_end(&mut unpacked).ok()?;
    (unpacked.len() as u64 <= UNPACKED).then_some(unpacked)
}

/// Compares the fields of two gzip headers (RFC 1952).
fn gzip_header(at: &str, left: &[u8], right: &[u8]) -> Option<Vec<Explained>> {
    let (l, r) = (GzipHeader::read(left)?, GzipHeader::read(right)?);
    let mut found = Vec::new();
    let mut check = |what: &str, class, l: String, r: String, cause: &str, remedy| {
        if l != r {
            found.push(Explained::new(&format!("{at} gzip {what}"), class, [&l, &r], cause, Some(remedy)));
        }
    };
    let time = |mtime: u32| if mtime == 0 { "none".to_owned() } else { rfc3339(i64::from(mtime)) };
    check(
        "mtime",
        DifferenceClass::Clock,
        time(l.mtime),
        time(r.mtime),
        "when the file was written, or gzip ran",
        "gzip -n, or clamp-mtime = [\"PROGRAM\"] in the plan",
    );
    check("name", DifferenceClass::Path, l.name, r.name, "the name of the file that was compressed", "gzip -n");
    check("comment", DifferenceClass::Real, l.comment, r.comment, "another comment", "gzip -n");
    check(
        "system",
        DifferenceClass::Host,
        l.system.to_string(),
        r.system.to_string(),
        "the system that gzip ran on",
        "one platform for both",
    );
    check(
        "flags",
        DifferenceClass::Environment,
        l.level.to_string(),
        r.level.to_string(),
        "another level of compression",
        "one level: gzip -9",
    );
    Some(found)
}
