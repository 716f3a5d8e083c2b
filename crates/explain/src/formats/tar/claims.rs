//! What a tar archive records about a member in more than one place: readers differ in which of them they believe.
//!
//! A name is in the header itself, in a GNU long name (`L`), and in each `path` record of an extended header (pax, POSIX.1-2017
//! "pax Interchange Format"). Of two records the later one counts by the standard, and not with every reader; beside a long name either
//! may. So where there are several, all of them are compared, and a difference is never the surroundings'.

use std::collections::BTreeMap;

use crate::formats::members::Property;
use rcrepro_model::why::difference::DifferenceClass;

/// Gathers the records about one member that precede its header.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// The names, links and sizes in their order: where, which, and the value.
    said: Vec<(&'static str, &'static str, String)>,
}

/// Reads the extended headers of every member, by where its own header begins.
pub(super) fn claims(bytes: &[u8]) -> BTreeMap<u64, Claims> {
    let (mut found, mut open, mut at) = (BTreeMap::new(), Claims::default(), 0_usize);
    while let Some(block) = bytes.get(at..at + 512).filter(|block| block.iter().any(|byte| *byte != 0)) {
        let header = tar::Header::from_byte_slice(block);
        let Ok(stated) = header.entry_size() else { break };
        let kind = block[156];
        let own = !matches!(kind, b'x' | b'L' | b'K');
        let size = if own { open.size().unwrap_or(stated) } else { stated };
        let Some(end) = usize::try_from(size).ok().and_then(|size| (at + 512).checked_add(size)) else { break };
        let Some(data) = bytes.get(at + 512..end) else { break };
        match kind {
            b'x' => open.extended(data),
            b'L' => open.said.push(("long name", "path", text(data))),
            b'K' => open.said.push(("long link", "linkpath", text(data))),
            _ => drop(found.insert(at as u64, std::mem::take(&mut open))),
        }
        let Some(next) = end.checked_next_multiple_of(512) else { break };
        at = next;
    }
    found
}

/// Returns what is behind the two empty blocks that end an archive, without the padding.
pub(super) fn behind(bytes: &[u8]) -> &[u8] {
    let blocks = bytes.as_chunks::<512>().0;
    let empty = |block: &[u8; 512]| block.iter().all(|byte| *byte == 0);
    // A member may hold empty blocks itself: the end is behind the last header.
    let from = claims(bytes).keys().last().and_then(|at| usize::try_from(*at / 512).ok()).unwrap_or(0);
    let size = blocks.get(from).and_then(|block| tar::Header::from_byte_slice(block).entry_size().ok()).unwrap_or(0);
    let from = from.saturating_add(1).saturating_add(usize::try_from(size.div_ceil(512)).unwrap_or(usize::MAX));
    let rest = blocks.get(from..).unwrap_or_default();
    let Some(end) = rest.windows(2).position(|pair| pair.iter().all(empty)) else { return &[] };
    let rest = &bytes[(from + end) * 512..];
    let last = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &rest[..last]
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).trim_end_matches('\0').to_owned()
}

impl Claims {
    fn extended(&mut self, data: &[u8]) {
        for record in tar::PaxExtensions::new(data).flatten() {
            let key = match record.key_bytes() {
                b"path" => "path",
                b"linkpath" => "linkpath",
                b"size" => "size",
                _ => continue,
            };
            self.said.push(("extended header", key, String::from_utf8_lossy(record.value_bytes()).into_owned()));
        }
    }

    fn size(&self) -> Option<u64> {
        self.said.iter().find(|(_, key, _)| *key == "size").and_then(|(.., value)| value.parse().ok())
    }

    /// Returns what readers may differ in; nothing where one place says it, and the header says nothing else.
    pub(super) fn properties(&self, name: &str, header: &tar::Header) -> Vec<Property> {
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
        let plain = String::from_utf8_lossy(&header.path_bytes()).into_owned();
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
        let mut bytes = Vec::new();
        let mut add = |kind: u8, name: &str, data: &[u8]| {
            let mut header = tar::Header::new_ustar();
            header.set_path(name).expect("a short name");
            header.set_entry_type(tar::EntryType::new(kind));
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_uid(0);
            header.set_gid(0);
            header.set_cksum();
            bytes.extend_from_slice(header.as_bytes());
            bytes.extend_from_slice(data);
            bytes.resize(bytes.len().next_multiple_of(512), 0);
        };
        before.iter().for_each(|(kind, data)| add(*kind, "x", data.as_bytes()));
        add(b'0', "plain", b"content\n");
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
