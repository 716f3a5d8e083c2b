//! Tar archives, and images in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::image;
use super::members::{ArchiveMember, Format, Property, explain_members, mode_properties, unique};
use crate::Hints;
use crate::lines::instant::rfc3339;
use rcrepro_archive::tar::TarHeader;
use rcrepro_archive::tar::blocks::blocks;
use rcrepro_model::text::plural::counted;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

mod claims;

use claims::Claims;

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
        let sizes = behind.map(|bytes| counted(bytes.len(), "byte"));
        let cause = "other bytes behind the end of the archive, where some programs go on to read";
        found.push(Explained::real(&format!("{at} end"), [&sizes[0], &sizes[1]], cause));
    }
    if found.is_empty() {
        let sizes = [counted(left.len(), "byte"), counted(right.len(), "byte")];
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
    let (mut open, mut seen) = (Claims::default(), BTreeMap::new());
    let mut found = Vec::new();
    for block in blocks(bytes) {
        let block = block?;
        if !block.is_member() {
            open.add(&block);
            continue;
        }
        let claims = std::mem::take(&mut open);
        let (header, shown) = (&block.header, |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned());
        let name = claims.first("path").unwrap_or_else(|| shown(&header.path()));
        let link = claims.first("linkpath").or_else(|| header.link().map(|link| shown(&link)));
        let mut properties = header_properties(header)?;
        properties.extend(link.map(|link| real("link", link, "another target")));
        properties.extend(claims.properties(&name, header));
        properties.extend(claims.extended().filter_map(|(key, value)| extended(key, value)));
        let content = Cow::Borrowed(block.data);
        found.push(ArchiveMember { name: unique(&mut seen, name), properties, content });
    }
    Some(found)
}

/// Returns what a member's own header says, but for its name.
fn header_properties(header: &TarHeader) -> Option<Vec<Property>> {
    let owner = |name, value: String| Property {
        name,
        value,
        class: DifferenceClass::Environment,
        cause: "who wrote the file, or ran tar",
        remedy: "tar --owner=0 --group=0 --numeric-owner",
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut properties = vec![
        clock("mtime", rfc3339(i64::try_from(header.mtime()?).ok()?)),
        owner("uid", header.uid()?.to_string()),
        owner("gid", header.gid()?.to_string()),
        owner("user", text(header.user())),
        owner("group", text(header.group())),
        real("type", header.kind_name(), "another kind of member"),
    ];
    properties.extend(mode_properties(header.mode()?, "umask 022, or tar --mode=u+rwX,go+rX-w"));
    Some(properties)
}

fn clock(name: &'static str, value: String) -> Property {
    Property {
        name,
        value,
        class: DifferenceClass::Clock,
        cause: "when the file was written",
        remedy: "tar --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime, or clamp-mtime = [\"PROGRAM\"] in the plan",
    }
}

fn real(name: &'static str, value: String, cause: &'static str) -> Property {
    Property { name, value, class: DifferenceClass::Real, cause, remedy: "" }
}

/// Returns what a record of an extended header says; `None` for names and sizes, which `claims` tells.
fn extended(key: &str, value: &str) -> Option<Property> {
    const REMEDY: &str = "tar --pax-option=delete=atime,delete=ctime";
    let value = value.to_owned();
    match key {
        "mtime" => Some(clock("precise mtime", value)),
        "atime" => Some(Property { remedy: REMEDY, ..clock("atime", value) }),
        "ctime" => Some(Property { remedy: REMEDY, ..clock("ctime", value) }),
        "path" | "linkpath" | "size" => None,
        _ => Some(real("extended header", format!("{key}={value}"), "an extended header that no rule knows")),
    }
}
