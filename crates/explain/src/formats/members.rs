//! Members of an archive, whatever its format: pairing by name, order, metadata, contents.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{Hints, within};
use rcrepro_model::text::plural::counted;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

/// One property of a member, such as its time, with what its difference means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Such as `mtime`.
    pub name: &'static str,
    /// As it is shown.
    pub value: String,
    /// What another value means.
    pub class: DifferenceClass,
    /// What makes such a property differ, for people.
    pub cause: &'static str,
    /// What would remove the difference.
    pub remedy: &'static str,
}

/// A file of an archive, as its reader hands it over.
#[derive(Debug, Clone)]
pub struct ArchiveMember<'a> {
    /// Its name; made unique by the archive's reader.
    pub name: String,
    /// Its properties, each name once.
    pub properties: Vec<Property>,
    /// The bytes, unpacked.
    pub content: Cow<'a, [u8]>,
}

/// A format's own remedy for an order.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What gives its members one order.
    pub sort: &'static str,
}

/// Explains two lists of members.
#[must_use]
pub fn explain_members(
    at: &str,
    left: &[ArchiveMember<'_>],
    right: &[ArchiveMember<'_>],
    format: Format,
    hints: &Hints<'_>,
    depth: u32,
) -> Vec<Explained> {
    let mut found = Vec::new();
    let by_name: BTreeMap<&str, (usize, &ArchiveMember<'_>)> =
        right.iter().enumerate().map(|(i, m)| (m.name.as_str(), (i, m))).collect();
    let mut places = Vec::new();
    for one in left {
        let place = format!("{at}!/{}", one.name);
        match by_name.get(one.name.as_str()) {
            None => found.push(Explained::real(&place, [&summary(one), ""], "a member of the first side only")),
            Some((index, other)) => {
                places.push(*index);
                found.extend(properties(&place, one, other));
                found.extend(within(&place, &one.content, &other.content, hints, depth));
            }
        }
    }
    for other in right.iter().filter(|other| !left.iter().any(|one| one.name == other.name)) {
        let place = format!("{at}!/{}", other.name);
        found.push(Explained::real(&place, ["", &summary(other)], "a member of the second side only"));
    }
    if places.windows(2).any(|pair| pair[0] > pair[1]) {
        let names = |members: &[ArchiveMember<'_>]| {
            members.iter().map(|member| member.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let sides = [names(left), names(right)];
        let cause = "the same members in another order, as a folder was read";
        found.push(Explained::new(at, DifferenceClass::Order, [&sides[0], &sides[1]], cause, Some(format.sort)));
    }
    found
}

fn summary(member: &ArchiveMember<'_>) -> String {
    counted(member.content.len(), "byte")
}

fn properties(place: &str, one: &ArchiveMember<'_>, other: &ArchiveMember<'_>) -> Vec<Explained> {
    let mut found = Vec::new();
    for property in &one.properties {
        let there = other.properties.iter().find(|there| there.name == property.name);
        let value = there.map_or("", |there| there.value.as_str());
        if value != property.value {
            let at = format!("{place} {}", property.name);
            let Property { class, cause, remedy, .. } = there.unwrap_or(property);
            let remedy = Some(*remedy).filter(|remedy| !remedy.is_empty());
            found.push(Explained::new(&at, *class, [&property.value, value], *cause, remedy));
        }
    }
    for property in other.properties.iter().filter(|there| !one.properties.iter().any(|p| p.name == there.name)) {
        let at = format!("{place} {}", property.name);
        let remedy = Some(property.remedy).filter(|remedy| !remedy.is_empty());
        found.push(Explained::new(&at, property.class, ["", &property.value], property.cause, remedy));
    }
    found
}

/// Returns the class of two modes: bits of group and others, or what a umask takes, are the surroundings'; the rest is real.
/// As a member's properties are made before its partner is known, the two kinds of bits are two properties.
#[must_use]
pub fn mode_properties(mode: u32, remedy: &'static str) -> [Property; 2] {
    // The bits that a umask of 077 or 027 takes are those of group and others.
    let masked = Property {
        name: "mode for group and others",
        value: format!("{:03o}", mode & 0o077),
        class: DifferenceClass::Environment,
        cause: "permissions of group and others only, as a umask has it",
        remedy,
    };
    let own = Property {
        name: "mode",
        value: format!("{:04o}", mode & 0o7700),
        class: DifferenceClass::Real,
        cause: "the owner's permissions, or a set-id bit",
        remedy: "",
    };
    [own, masked]
}

/// Makes names unique: the second `a` becomes `a (2)`.
pub fn unique(seen: &mut BTreeMap<String, usize>, name: String) -> String {
    let count = seen.entry(name.clone()).or_insert(0);
    *count += 1;
    if *count == 1 { name } else { format!("{name} ({count})") }
}
