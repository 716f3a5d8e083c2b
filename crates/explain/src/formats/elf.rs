//! Programs and libraries in ELF: section by section.

use std::collections::{BTreeMap, BTreeSet};

use object::{Object as _, ObjectSection as _, ObjectSegment as _};

use super::binary::{ComparedBytes, compare, explain_raw, explain_strings, hex, only_moved, same_folders};
use crate::Hints;
use crate::lines::paths;
use rcrepro_model::text::plural::counted;
use rcrepro_model::why::difference::{DifferenceClass, Explained, settle};

/// A section that differs.
struct Differing<'a> {
    place: String,
    name: String,
    left: &'a [u8],
    right: &'a [u8],
    compared: ComparedBytes,
}

/// Explains two files; `None` when one is not a valid ELF file or they differ outside of all sections.
#[must_use]
pub fn explain_elf(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>) -> Option<Vec<Explained>> {
    let (l, r) = (sections(left)?, sections(right)?);
    let mut found = Vec::new();
    let mut differing = Vec::new();
    let mut shifts = BTreeSet::new();
    for (name, (data, address)) in &l {
        let place = format!("{at}!{}", name.0);
        match r.get(name) {
            None => found.push(Explained::real(
                &place,
                [&counted(data.len(), "byte"), ""],
                "a section of the first side only",
            )),
            Some((other, there)) => {
                shifts.insert(*there as i64 - *address as i64);
                if data != other {
                    let compared = compare(data, other, hints);
                    shifts.extend(&compared.shifts);
                    differing.push(Differing { place, name: name.0.clone(), left: data, right: other, compared });
                }
            }
        }
    }
    for (name, (data, _)) in r.iter().filter(|(name, _)| !l.contains_key(*name)) {
        let place = format!("{at}!{}", name.0);
        found.push(Explained::real(&place, ["", &counted(data.len(), "byte")], "a section of the second side only"));
    }
    shifts.remove(&0);
    found.extend(headers(at, left, right)?);
    for section in &differing {
        found.extend(section.explain(&shifts, hints));
    }
    if found.is_empty() {
        return None;
    }
    same_folders(&mut found);
    settle(&mut found);
    Some(found)
}

type Sections<'a> = BTreeMap<(String, usize), (&'a [u8], u64)>;

fn sections(bytes: &[u8]) -> Option<Sections<'_>> {
    let file = object::File::parse(bytes).ok()?;
    let mut found = Sections::new();
    for section in file.sections() {
        let name = String::from_utf8_lossy(section.name_bytes().ok()?).into_owned();
        let count = found.keys().filter(|(other, _)| *other == name).count();
        found.insert((name, count), (section.data().ok()?, section.address()));
    }
    Some(found)
}

/// Compares what is outside of all sections: what kind of file it is for which machine, the flags of sections, what is loaded and
/// with which permissions. Addresses and sizes follow from the sections.
fn headers(at: &str, left: &[u8], right: &[u8]) -> Option<Vec<Explained>> {
    let mut found = Vec::new();
    let mut check = |what: &str, l: String, r: String| {
        if l != r {
            found.push(Explained::real(&format!("{at} {what}"), [&l, &r], "another kind of program"));
        }
    };
    let (l, r) = (object::File::parse(left).ok()?, object::File::parse(right).ok()?);
    let kind = |file: &object::File<'_>| {
        format!("{:?} {:?} {:?} {:?}", file.kind(), file.architecture(), file.flags(), file.endianness())
    };
    check("header", kind(&l), kind(&r));
    let sections = |file: &object::File<'_>| {
        let flags = file.sections().map(|section| format!("{} {:?}", section.name().unwrap_or("?"), section.flags()));
        flags.collect::<BTreeSet<_>>()
    };
    let (a, b) = (sections(&l), sections(&r));
    if l.sections().count() == r.sections().count() {
        let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>().join(", ");
        check("flags of sections", only(&a, &b), only(&b, &a));
    }
    let segments = |file: &object::File<'_>| {
        let flags: Vec<String> = file.segments().map(|segment| format!("{:?}", segment.flags())).collect();
        flags.join(", ")
    };
    check("permissions of segments", segments(&l), segments(&r));
    Some(found)
}

impl Differing<'_> {
    fn explain(&self, shifts: &BTreeSet<i64>, hints: &Hints<'_>) -> Vec<Explained> {
        let Self { place, name, left, right, compared } = self;
        if let Some(known) = self.known_section(hints) {
            return vec![known];
        }
        let mut found = explain_strings(place, left, right, compared, hints);
        for one in &mut found {
            let rooted = one.left.starts_with('/') && one.right.starts_with('/');
            if one.class == DifferenceClass::Real && rooted && name.starts_with(".debug") {
                one.class = DifferenceClass::Path;
                "folders in the debug information: where it was compiled".clone_into(&mut one.cause);
            }
            if one.class == DifferenceClass::Path {
                one.remedy = Some(paths::remedy_of_compilers(hints.runs(&["go"])).to_owned());
            }
            if one.class == DifferenceClass::Clock {
                one.remedy = Some(
                    "SOURCE_DATE_EPOCH, which gcc and clang take for __DATE__ and __TIME__; -Wdate-time finds them"
                        .to_owned(),
                );
            }
        }
        for raw in &compared.raw {
            let mut one = explain_raw(place, left, right, raw);
            if only_moved(left, right, raw, shifts) {
                one.follows = true;
                "offsets and addresses of what has moved".clone_into(&mut one.cause);
            }
            found.push(one);
        }
        found
    }

    /// Explains a section whose name says what it holds.
    fn known_section(&self, hints: &Hints<'_>) -> Option<Explained> {
        let Self { place, name, left, right, .. } = self;
        let following = |sides: [String; 2], cause| Some(Explained::following(place, [&sides[0], &sides[1]], cause));
        match name.as_str() {
            ".note.gnu.build-id" => Some(self.build_id(hints)),
            ".note.go.buildid" => {
                let id = |bytes: &[u8]| String::from_utf8_lossy(&bytes[bytes.len().min(16)..]).into_owned();
                following([id(left), id(right)], "Go's build id is a hash over what differs elsewhere")
            }
            ".gnu_debuglink" => {
                following([hex(left), hex(right)], "a checksum over the file with the debug information")
            }
            ".comment" => {
                let sides = [left, right].map(|bytes| String::from_utf8_lossy(bytes).replace('\0', " "));
                let (cause, remedy) = ("another compiler or version of it", "one image for both; strip -R .comment");
                Some(Explained::new(place, DifferenceClass::Environment, [&sides[0], &sides[1]], cause, Some(remedy)))
            }
            name if name.starts_with(".rela.debug") && other_addends_only(left, right) => {
                let sides = [left.len(), right.len()].map(|size| format!("{size} bytes of relocations"));
                following(sides, "offsets into the debug information's strings; the same symbols and places")
            }
            _ => None,
        }
    }

    /// A build id is a hash over what was linked, unless the linker was told to draw it.
    fn build_id(&self, hints: &Hints<'_>) -> Explained {
        let id = |bytes: &[u8]| hex(bytes.get(16..).unwrap_or_default());
        let (l, r) = (id(self.left), id(self.right));
        if hints.line.contains("build-id=uuid") && self.left.len() == 32 {
            let remedy = "-Wl,--build-id=sha1 (a hash) or -Wl,--build-id=none";
            let cause = "16 random bytes, as the command line asks for";
            return Explained::new(&self.place, DifferenceClass::Randomness, [&l, &r], cause, Some(remedy));
        }
        Explained::following(&self.place, [&l, &r], "the build id is a hash over what was linked, which differs")
    }
}

/// Whether two tables of relocations (24 bytes each: place, symbol and kind, addend) differ in addends only.
fn other_addends_only(left: &[u8], right: &[u8]) -> bool {
    const ENTRY: usize = 24;
    let pairs = left.chunks(ENTRY).zip(right.chunks(ENTRY));
    left.len() == right.len() && left.len().is_multiple_of(ENTRY) && pairs.into_iter().all(|(l, r)| l[..16] == r[..16])
}
