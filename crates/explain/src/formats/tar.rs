//! Tar archives, and images in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::image;
use super::members::{ArchiveMember, Format, Property, explain_members, mode_properties, unique};
use crate::Hints;
use crate::lines::instant::rfc3339;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

mod claims;

/// Whether bytes begin with a tar header.
#[must_use]
pub fn is_tar(bytes: &[u8]) -> bool {
    bytes.len() >= 512 && &bytes[257..262] == b"ustar"
}

/// Explains two tar archives; `None` when one cannot be read.
#[must_use]
pub fn explain_tar(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>, depth: u32) -> Option<Vec<Explained>> {
    let (l, r) = (members(left)?, members(right)?);
    if let Some(found) = image::explain_image(at, &l, &r, hints, depth) {
        return Some(found);
    }
    let mut found = explain_members(at, &l, &r, Format { sort: "tar --sort=name" }, hints, depth);
    let behind = [left, right].map(claims::behind);
    if behind[0] != behind[1] {
        let sizes = behind.map(|bytes| format!("{} bytes", bytes.len()));
        let cause = "other bytes behind the end of the archive, where some programs go on to read";
        found.push(Explained::real(&format!("{at} end"), [&sizes[0], &sizes[1]], cause));
    }
    if found.is_empty() {
        let sizes = [format!("{} bytes", left.len()), format!("{} bytes", right.len())];
        let cause = "equal members; other padding, or header fields that no program reads";
        found.push(Explained::new(
            at,
            DifferenceClass::Environment,
            [&sizes[0], &sizes[1]],
            cause,
            Some("one version of tar, tar --format=gnu -b 20"),
        ));
    }
    Some(found)
}

/// Reads all members; `None` when the archive is damaged.
fn members(bytes: &[u8]) -> Option<Vec<ArchiveMember<'_>>> {
    let mut archive = tar::Archive::new(bytes);
    let mut claims = claims::claims(bytes);
    let mut seen = BTreeMap::new();
    let mut found = Vec::new();
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        let header = entry.header().clone();
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
        let mut properties = header_properties(&header)?;
        properties.extend(link.map(|link| real("link", link, "another target")));
        properties.extend(claims.remove(&entry.raw_header_position())?.properties(&name, &header));
        if let Ok(Some(extensions)) = entry.pax_extensions() {
            properties.extend(extensions.flatten().filter_map(|extension| {
                let value = String::from_utf8_lossy(extension.value_bytes()).into_owned();
                extended(extension.key().unwrap_or(""), value)
            }));
        }
        let content = content(bytes, &mut entry)?;
        found.push(ArchiveMember { name: unique(&mut seen, name), properties, content });
    }
    Some(found)
}

/// Returns what a member's own header says, but for its name.
fn header_properties(header: &tar::Header) -> Option<Vec<Property>> {
    let owner = |name, value: String| Property {
        name,
        value,
        class: DifferenceClass::Environment,
        cause: "who wrote the file, or ran tar",
        remedy: "tar --owner=0 --group=0 --numeric-owner",
    };
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let mut properties = vec![
        clock("mtime", rfc3339(i64::try_from(header.mtime().ok()?).ok()?)),
        owner("uid", header.uid().ok()?.to_string()),
        owner("gid", header.gid().ok()?.to_string()),
        owner("user", text(header.username_bytes())),
        owner("group", text(header.groupname_bytes())),
        real("type", format!("{:?}", header.entry_type()), "another kind of member"),
    ];
    properties.extend(mode_properties(header.mode().ok()?, "umask 022, or tar --mode=u+rwX,go+rX-w"));
    Some(properties)
}

fn clock(name: &'static str, value: String) -> Property {
    Property {
        name,
        value,
        class: DifferenceClass::Clock,
        cause: "when the file was written",
        remedy: "tar --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime",
    }
}

fn real(name: &'static str, value: String, cause: &'static str) -> Property {
    Property { name, value, class: DifferenceClass::Real, cause, remedy: "" }
}

/// Returns what a record of an extended header says; `None` for names and sizes, which `claims` tells.
fn extended(key: &str, value: String) -> Option<Property> {
    const REMEDY: &str = "tar --pax-option=delete=atime,delete=ctime";
    match key {
        "mtime" => Some(clock("precise mtime", value)),
        "atime" => Some(Property { remedy: REMEDY, ..clock("atime", value) }),
        "ctime" => Some(Property { remedy: REMEDY, ..clock("ctime", value) }),
        "path" | "linkpath" | "size" => None,
        _ => Some(real("extended header", format!("{key}={value}"), "an extended header that no rule knows")),
    }
}

/// Returns a member's content, out of the archive's bytes where it is there in one piece.
fn content<'a>(bytes: &'a [u8], entry: &mut tar::Entry<'_, &'a [u8]>) -> Option<Cow<'a, [u8]>> {
    if matches!(entry.header().entry_type(), tar::EntryType::Regular | tar::EntryType::Continuous) {
        let start = usize::try_from(entry.raw_file_position()).ok()?;
        let length = usize::try_from(entry.size()).ok()?;
        return Some(Cow::Borrowed(bytes.get(start..start.checked_add(length)?)?));
    }
    let mut content = Vec::new();
    std::io::Read::read_to_end(entry, &mut content).ok()?;
    Some(Cow::Owned(content))
}
