//! Tar archives, and images in them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::image;
use super::members::{Format, Member, Property, explain_members, mode_properties, unique};
use crate::Hints;
use crate::lines::instant::rfc3339;
use rcrepro_model::why::difference::{Class, Explained};

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
            Class::Environment,
            [&sizes[0], &sizes[1]],
            cause,
            Some("one version of tar, tar --format=gnu -b 20"),
        ));
    }
    Some(found)
}

/// Reads all members; `None` when the archive is damaged.
fn members(bytes: &[u8]) -> Option<Vec<Member<'_>>> {
    let mut archive = tar::Archive::new(bytes);
    let mut claims = claims::claims(bytes);
    let mut seen = BTreeMap::new();
    let mut found = Vec::new();
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        let header = entry.header().clone();
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
        let mtime = entry.header().mtime().ok()?;
        let clock = |name, value: String| Property {
            name,
            value,
            class: Class::Clock,
            cause: "when the file was written",
            remedy: "tar --mtime=@$SOURCE_DATE_EPOCH --clamp-mtime",
        };
        let owner = |name, value: String| Property {
            name,
            value,
            class: Class::Environment,
            cause: "who wrote the file, or ran tar",
            remedy: "tar --owner=0 --group=0 --numeric-owner",
        };
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        let mut properties = vec![
            clock("mtime", rfc3339(i64::try_from(mtime).ok()?)),
            owner("uid", header.uid().ok()?.to_string()),
            owner("gid", header.gid().ok()?.to_string()),
            owner("user", text(header.username_bytes())),
            owner("group", text(header.groupname_bytes())),
            Property {
                name: "type",
                value: format!("{:?}", header.entry_type()),
                class: Class::Real,
                cause: "another kind of member",
                remedy: "",
            },
        ];
        properties.extend(mode_properties(header.mode().ok()?, "umask 022, or tar --mode=u+rwX,go+rX-w"));
        if let Some(link) = link {
            properties.push(Property {
                name: "link",
                value: link,
                class: Class::Real,
                cause: "another target",
                remedy: "",
            });
        }
        properties.extend(claims.remove(&entry.raw_header_position())?.properties(&name, &header));
        if let Ok(Some(extensions)) = entry.pax_extensions() {
            for extension in extensions.flatten() {
                let (key, value) = (
                    extension.key().unwrap_or("").to_owned(),
                    String::from_utf8_lossy(extension.value_bytes()).into_owned(),
                );
                match key.as_str() {
                    "mtime" => properties.push(clock("precise mtime", value)),
                    "atime" => properties.push(Property {
                        remedy: "tar --pax-option=delete=atime,delete=ctime",
                        ..clock("atime", value)
                    }),
                    "ctime" => properties.push(Property {
                        remedy: "tar --pax-option=delete=atime,delete=ctime",
                        ..clock("ctime", value)
                    }),
                    // Names and sizes are told above.
                    "path" | "linkpath" | "size" => {}
                    _ => properties.push(Property {
                        name: "extended header",
                        value: format!("{key}={value}"),
                        class: Class::Real,
                        cause: "an extended header that no rule knows",
                        remedy: "",
                    }),
                }
            }
        }
        let start = usize::try_from(entry.raw_file_position()).ok()?;
        let length = usize::try_from(entry.size()).ok()?;
        let plain = matches!(header.entry_type(), tar::EntryType::Regular | tar::EntryType::Continuous);
        let content = if plain {
            Cow::Borrowed(bytes.get(start..start.checked_add(length)?)?)
        } else {
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).ok()?;
            Cow::Owned(content)
        };
        found.push(Member { name: unique(&mut seen, name), properties, content });
    }
    Some(found)
}
