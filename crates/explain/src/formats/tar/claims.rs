//! What a tar archive records about a member in more than one place: readers differ in which of them they believe.
//!
//! A name is in the header itself, in a GNU long name (`L`), and in each `path` record of an extended header (pax, POSIX.1-2017
//! "pax Interchange Format"). Of two records the later one counts by the standard, and not with every reader; beside a long name either
//! may. So where there are several, all of them are compared, and a difference is never the surroundings'.

use crate::formats::members::Property;
use rcrepro_archive::tar::blocks::{TarBlock, blocks};
use rcrepro_archive::tar::{PaxRecords, TarHeader};
use rcrepro_model::why::difference::DifferenceClass;

/// Gathers the records about one member that precede its header.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The names, links and sizes in their order: where, which, and the value.
    said: Vec<(&'static str, &'static str, String)>,
    /// The other records of extended headers: key and value.
    others: Vec<(String, String)>,
}

/// Returns what is behind the two empty blocks that end an archive, without the padding.
pub(super) fn behind(bytes: &[u8]) -> &[u8] {
    let all = bytes.as_chunks::<512>().0;
    let empty = |block: &[u8; 512]| block.iter().all(|byte| *byte == 0);
    // A member may hold empty blocks itself: the end is behind the last one.
    let from = blocks(bytes).flatten().last().map_or(0, |block| block.end()) / 512;
    let rest = all.get(from..).unwrap_or_default();
    let Some(end) = rest.windows(2).position(|pair| pair.iter().all(empty)) else { return &[] };
    let rest = &bytes[(from + end) * 512..];
    let last = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &rest[..last]
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).trim_end_matches('\0').to_owned()
}

impl Claims {
    /// Takes what a long name or an extended header says.
    pub(super) fn add(&mut self, block: &TarBlock<'_>) {
        match block.header.flag() {
            b'L' => self.said.push(("long name", "path", text(block.data))),
            b'K' => self.said.push(("long link", "linkpath", text(block.data))),
            _ => PaxRecords(block.data).flatten().for_each(|(key, value)| self.record(key, value)),
        }
    }

    fn record(&mut self, key: &[u8], value: &[u8]) {
        let value = String::from_utf8_lossy(value).into_owned();
        let key = match key {
            b"path" => "path",
            b"linkpath" => "linkpath",
            b"size" => "size",
            other => return self.others.push((String::from_utf8_lossy(other).into_owned(), value)),
        };
        self.said.push(("extended header", key, value));
    }

    /// Returns a name or link as most readers take it: of a long name, or else of the first record.
    pub(super) fn first(&self, key: &str) -> Option<String> {
        let of_key = || self.said.iter().filter(|(_, found, _)| *found == key);
        let long = of_key().find(|(place, ..)| *place != "extended header");
        long.or_else(|| of_key().next()).map(|(.., value)| value.clone())
    }

    /// Returns what extended headers say beside names, links and sizes.
    pub(super) fn extended(&self) -> impl Iterator<Item = (&str, &str)> {
        self.others.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Returns what readers may differ in; nothing where one place says it, and the header says nothing else.
    pub(super) fn properties(&self, name: &str, header: &TarHeader) -> Vec<Property> {
        let mut found = Vec::new();
        for (key, property) in [("path", "names"), ("linkpath", "links"), ("size", "sizes")] {
            let all: Vec<String> = self
                .said
                .iter()
                .filter(|(_, found, _)| *found == key)
                .map(|(place, _, value)| format!("{value} ({place})"))
                .collect();
            if all.len() > 1 {
                found.push(real(
                    property,
                    all.join(", "),
                    "said several times, and readers differ in which they believe",
                ));
            }
        }
        let plain = String::from_utf8_lossy(&header.path()).into_owned();
        if !self.said.is_empty() && plain != name {
            found.push(real("plain name", plain, "another name for readers that know no extended headers"));
        }
        found
    }
}

fn real(name: &'static str, value: String, cause: &'static str) -> Property {
    Property { name, value, class: DifferenceClass::Real, cause, remedy: "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hints;
    use crate::formats::tar::explain_tar;
    use rcrepro_archive::tar::MemberKind;
    use rcrepro_archive::tar::unchecked::UncheckedMember;

    /// Makes a record of an extended header.
    fn record(key: &str, value: &str) -> String {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len() + 1;
        while length != rest.len() + length.to_string().len() {
            length = rest.len() + length.to_string().len();
        }
        format!("{length}{rest}")
    }

    /// Makes an archive of one member `plain`, with other headers before its own.
    fn archive(before: &[(u8, &str)], behind: &[u8]) -> Vec<u8> {
        let member = |kind, name, content| UncheckedMember { kind, name, mode: 0o644, link: "", content };
        let headers = before.iter().map(|(kind, data)| member(MemberKind::Other(*kind), "x", data.as_bytes()));
        let members = headers.chain([member(MemberKind::File, "plain", b"content\n")]);
        let mut bytes: Vec<u8> = members.flat_map(|member| member.bytes()).collect();
        bytes.resize(bytes.len() + 1024, 0);
        bytes.extend_from_slice(behind);
        bytes.resize(bytes.len().next_multiple_of(10_240), 0);
        bytes
    }

    /// Returns the places of what is found between two archives; each has to be real.
    fn real_differences(left: &[u8], right: &[u8]) -> Vec<String> {
        let found = explain_tar("a.tar", left, right, &Hints::default(), 0).expect("two archives");
        assert!(!found.is_empty() && found.iter().all(|one| one.class == DifferenceClass::Real), "{found:#?}");
        found.into_iter().map(|one| one.at).collect()
    }

    #[test]
    fn what_readers_disagree_about_is_real() {
        let (a, b) = (record("path", "a"), record("path", "b"));
        let texts = [[a.as_str(), &b].concat(), [b.as_str(), &a].concat(), b.clone()];
        let [ab, ba, only] = texts.map(|text| archive(&[(b'x', &text)], b""));
        assert_eq!(real_differences(&ba, &only), ["a.tar!/b names"], "one reader takes the first, another the last");
        assert!(!real_differences(&ab, &ba).is_empty());
        let long = archive(&[(b'L', "c\0")], b"");
        assert_eq!(real_differences(&archive(&[(b'L', "c\0"), (b'x', &b)], b""), &long), ["a.tar!/c names"]);
        let sizes = [record("size", "8"), record("size", "9")].concat();
        assert_eq!(
            real_differences(&archive(&[(b'x', &sizes)], b""), &archive(&[(b'x', &record("size", "8"))], b"")),
            ["a.tar!/plain sizes"]
        );
    }

    #[test]
    fn what_stands_behind_the_end_is_real() {
        let hidden = archive(&[], &archive(&[(b'L', "other\0")], b""));
        assert_eq!(real_differences(&hidden, &archive(&[], b"")), ["a.tar end"]);
    }
}
