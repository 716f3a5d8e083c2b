//! `ar` archives: static libraries, Debian packages, Go's package archives.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::members::{ArchiveMember, Format, Property, explain_members, mode_properties, unique};
use crate::Hints;
use crate::lines::instant::rfc3339;
use rcrepro_model::why::difference::{DifferenceClass, Explained, settle};

const HEADER: usize = 60;

/// Explains two archives; `None` when one cannot be read.
#[must_use]
pub fn explain_ar(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>, depth: u32) -> Option<Vec<Explained>> {
    let (l, r) = (members(left)?, members(right)?);
    let mut found = explain_members(at, &l, &r, Format { sort: "ar rcsD with sorted names" }, hints, depth);
    // The table of symbols is made from the members.
    for one in found
        .iter_mut()
        .filter(|one| one.at.starts_with(&format!("{at}!/(symbols)")) && one.class == DifferenceClass::Real)
    {
        one.follows = true;
    }
    settle(&mut found);
    (!found.is_empty()).then_some(found)
}

fn members(bytes: &[u8]) -> Option<Vec<ArchiveMember<'_>>> {
    let mut rest = bytes.strip_prefix(b"!<arch>\n")?;
    let (mut found, mut seen, mut names) = (Vec::new(), BTreeMap::new(), &b""[..]);
    while !rest.is_empty() {
        let (header, after) = rest.split_at_checked(HEADER)?;
        let field =
            |from: usize, to: usize| std::str::from_utf8(&header[from..to]).ok().map(|text| text.trim_end_matches(' '));
        let number = |from: usize, to: usize, radix: u32| {
            let text = field(from, to)?;
            if text.is_empty() { Some(0) } else { u64::from_str_radix(text, radix).ok() }
        };
        let size = usize::try_from(number(48, 58, 10)?).ok()?;
        let content = after.get(..size)?;
        rest = after.get(size + size % 2..).unwrap_or_default();
        let raw = field(0, 16)?;
        let name = match raw {
            "/" | "/SYM64/" => "(symbols)".to_owned(),
            "//" => {
                names = content;
                continue;
            }
            raw => match raw.strip_prefix('/').and_then(|offset| offset.parse::<usize>().ok()) {
                Some(offset) => {
                    let name = names.get(offset..)?.split(|b| *b == b'\n').next()?;
                    String::from_utf8_lossy(name).trim_end_matches('/').to_owned()
                }
                None => raw.trim_end_matches('/').to_owned(),
            },
        };
        let property = |name, value: u64, cause| Property {
            name,
            value: value.to_string(),
            class: DifferenceClass::Environment,
            cause,
            remedy: "ar D (ar rcsD), and ranlib -D",
        };
        let clock = Property {
            name: "mtime",
            value: rfc3339(i64::try_from(number(16, 28, 10)?).ok()?),
            class: DifferenceClass::Clock,
            cause: "when the member was written",
            remedy: if bytes.get(8..21) == Some(b"debian-binary") {
                "SOURCE_DATE_EPOCH for dpkg-deb"
            } else {
                "ar D (ar rcsD), and ranlib -D; or clamp-mtime = [\"PROGRAM\"] in the plan"
            },
        };
        let mut properties = vec![
            clock,
            property("uid", number(28, 34, 10)?, "who wrote the member"),
            property("gid", number(34, 40, 10)?, "who wrote the member"),
        ];
        let mode = u32::try_from(number(40, 48, 8)?).ok()?;
        properties.extend(mode_properties(mode, "ar D (ar rcsD), or umask 022"));
        found.push(ArchiveMember { name: unique(&mut seen, name), properties, content: Cow::Borrowed(content) });
    }
    Some(found)
}
