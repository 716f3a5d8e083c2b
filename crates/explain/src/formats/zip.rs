//! Zip archives, jars and wheels: the central directory (APPNOTE 4.3.12) and the contents.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use super::members::{ArchiveMember, Format, Property, explain_members, mode_properties, unique};
use crate::lines::instant::rfc3339;
use crate::{Hints, UNPACKED};
use rcrepro_model::text::plural::counted;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

mod local;

/// Explains two zip archives; `None` when one cannot be read.
#[must_use]
pub fn explain_zip(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>, depth: u32) -> Option<Vec<Explained>> {
    let (l, r) = (members(left)?, members(right)?);
    let mut found = explain_members(
        at,
        &l,
        &r,
        Format { sort: "sorted names on the command line: find … | LC_ALL=C sort | zip -X -@" },
        hints,
        depth,
    );
    let comments = [left, right].map(|bytes| comment(bytes).unwrap_or_default());
    if comments[0] != comments[1] {
        let at = format!("{at} comment");
        found.push(Explained::real(&at, [&comments[0], &comments[1]], "another comment of the archive"));
    }
    let between = [left, right].map(|bytes| local::between(bytes).unwrap_or_default());
    if between[0] != between[1] {
        let sizes = between.map(|bytes| counted(bytes.len(), "byte"));
        let cause =
            "other bytes between the members, where programs that read from the front find members of their own";
        found.push(Explained::real(&format!("{at} between"), [&sizes[0], &sizes[1]], cause));
    }
    if found.is_empty() {
        let sizes = [counted(left.len(), "byte"), counted(right.len(), "byte")];
        let cause = "equal members; compressed or laid out by another program, version or level";
        found.push(Explained::new(
            at,
            DifferenceClass::Environment,
            [&sizes[0], &sizes[1]],
            cause,
            Some("one version of zip, in a locked image"),
        ));
    }
    Some(found)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()
}

/// Finds the end record; it is at most 65,557 bytes from the end.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(65_557);
    Some(from + bytes[from..].windows(4).rposition(|window| window == b"PK\x05\x06")?)
}

fn comment(bytes: &[u8]) -> Option<String> {
    let text = bytes.get(end_record(bytes)? + 22..)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn members(bytes: &[u8]) -> Option<Vec<ArchiveMember<'_>>> {
    let end = end_record(bytes)?;
    let (count, mut at) = (u16_at(bytes, end + 10)?, u32_at(bytes, end + 16)?);
    let (mut found, mut seen, mut left) = (Vec::new(), BTreeMap::new(), UNPACKED);
    for _ in 0..count {
        if bytes.get(at..at + 4)? != b"PK\x01\x02" {
            return None;
        }
        let [name_length, extra_length, comment_length] =
            [u16_at(bytes, at + 28)?, u16_at(bytes, at + 30)?, u16_at(bytes, at + 32)?];
        let after_name = at + 46 + name_length;
        let next = after_name + extra_length + comment_length;
        let name = bytes.get(at + 46..after_name)?;
        let extra = bytes.get(after_name..after_name + extra_length)?;
        let comment = bytes.get(after_name + extra_length..next)?;
        let local = u32_at(bytes, at + 42)?;
        let local_names = (u16_at(bytes, local + 26)?, u16_at(bytes, local + 28)?);
        let start = local + 30 + local_names.0 + local_names.1;
        let local_extra = bytes.get(local + 30 + local_names.0..start)?;
        let stored = bytes.get(start..start.checked_add(u32_at(bytes, at + 20)?)?)?;
        let content = unpacked(u16_at(bytes, at + 10)?, stored, &mut left)?;
        let mut properties = entry_properties(bytes, at, comment)?;
        properties.extend(local::disagreement(bytes, at, local)?);
        extras(extra, "in the directory", &mut properties);
        extras(local_extra, "", &mut properties);
        found.push(ArchiveMember {
            name: unique(&mut seen, String::from_utf8_lossy(name).into_owned()),
            properties,
            content,
        });
        at = next;
    }
    Some(found)
}

/// Unpacks a member's content; `left` is how many bytes may still be unpacked.
fn unpacked<'a>(method: usize, stored: &'a [u8], left: &mut u64) -> Option<Cow<'a, [u8]>> {
    match method {
        0 => Some(Cow::Borrowed(stored)),
        8 => {
            let mut content = Vec::new();
            rcrepro_compression::deflate(stored).take(*left + 1).read_to_end(&mut content).ok()?;
            *left = left.checked_sub(content.len() as u64)?;
            Some(Cow::Owned(content))
        }
        _ => None,
    }
}

/// Returns what the directory's entry at `at` records about a member, except its name, sizes and extra fields.
fn entry_properties(bytes: &[u8], at: usize, comment: &[u8]) -> Option<Vec<Property>> {
    let mut properties = vec![
        Property {
            name: "mtime",
            value: dos_time(u16_at(bytes, at + 14)?, u16_at(bytes, at + 12)?),
            class: DifferenceClass::Clock,
            cause: "when the file was written, or the archive made",
            remedy: CLOCK,
        },
        Property {
            name: "made by",
            value: u16_at(bytes, at + 4)?.to_string(),
            class: DifferenceClass::Environment,
            cause: "the program or system that made the archive",
            remedy: "one version of zip, in a locked image",
        },
        Property {
            name: "method",
            value: format!("{} flags {:#x}", u16_at(bytes, at + 10)?, u16_at(bytes, at + 8)?),
            class: DifferenceClass::Environment,
            cause: "compressed in another way",
            remedy: "one version and one level of zip, in a locked image",
        },
    ];
    if !comment.is_empty() {
        let value = String::from_utf8_lossy(comment).into_owned();
        let cause = "another comment";
        properties.push(Property { name: "comment", value, class: DifferenceClass::Real, cause, remedy: "" });
    }
    // The upper half is the Unix mode where a Unix made the archive.
    if bytes.get(at + 5) == Some(&3) {
        let mode = u32::try_from(u32_at(bytes, at + 38)? >> 16).ok()? & 0o7777;
        properties.extend(mode_properties(mode, "umask 022"));
    }
    Some(properties)
}

const CLOCK: &str = "clamp-mtime = [\"PROGRAM\"] in the plan; jar --date; strip-nondeterminism afterwards";

/// Reads extra fields: the extended times of `UT`, the owner of `ux`.
fn extras(mut extra: &[u8], place: &str, properties: &mut Vec<Property>) {
    while let (Some(id), Some(size)) = (extra.get(..2), u16_at(extra, 2)) {
        let Some(data) = extra.get(4..4 + size) else { return };
        let number = |at: usize| u32_at(data, at).and_then(|seconds| i64::try_from(seconds).ok());
        match id {
            b"UT" if place.is_empty() => {
                for (index, name) in ["precise mtime", "atime", "ctime"].into_iter().enumerate() {
                    if let Some(seconds) = number(1 + 4 * index) {
                        let cause =
                            if index == 1 { "when the file was last read" } else { "when the file was written" };
                        properties.push(Property {
                            name,
                            value: rfc3339(seconds),
                            class: DifferenceClass::Clock,
                            cause,
                            remedy: "zip -X",
                        });
                    }
                }
            }
            // The directory repeats the first time.
            b"UT" => {}
            b"ux" => {
                if place.is_empty() {
                    let value = super::binary::hex(data);
                    properties.push(Property {
                        name: "owner",
                        value,
                        class: DifferenceClass::Environment,
                        cause: "who wrote the file",
                        remedy: "zip -X",
                    });
                }
            }
            _ => {
                let name = if place.is_empty() { "extra field" } else { "extra field in the directory" };
                let value = format!("{} {}", super::binary::hex(id), super::binary::hex(data));
                properties.push(Property {
                    name,
                    value,
                    class: DifferenceClass::Real,
                    cause: "an extra field that no rule knows",
                    remedy: "zip -X",
                });
            }
        }
        extra = &extra[4 + size..];
    }
}

fn dos_time(date: usize, time: usize) -> String {
    let (year, month, day) = (1980 + (date >> 9), date >> 5 & 15, date & 31);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", time >> 11, time >> 5 & 63, (time & 31) * 2)
}
