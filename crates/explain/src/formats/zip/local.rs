//! The local header before each member of a zip archive: programs that read from the front believe that, and not the directory
//! (APPNOTE 4.3.7).

use super::{end_record, u16_at, u32_at};
use crate::formats::members::Property;
use rcrepro_model::why::difference::DifferenceClass;

/// A flag: sizes and checksum are behind the content.
const BEHIND: usize = 1 << 3;
/// The greatest length of what is behind the content: a signature, the checksum and two sizes of 64 bits.
const DESCRIPTOR: usize = 24;

/// Returns what the local header says otherwise than the directory's entry at `central`; nothing where both agree.
pub(super) fn disagreement(bytes: &[u8], central: usize, local: usize) -> Option<Option<Property>> {
    let name = |at: usize, length: usize, from: usize| bytes.get(at + from..at + from + u16_at(bytes, at + length)?);
    let (known, found) = (name(central, 28, 46)?, name(local, 26, 30)?);
    let mut says = Vec::new();
    if known != found {
        says.push(format!("name {}", String::from_utf8_lossy(found)));
    }
    let (method, stated) = (u16_at(bytes, central + 10)?, u16_at(bytes, local + 8)?);
    if method != stated {
        says.push(format!("method {stated}"));
    }
    let behind = u16_at(bytes, local + 6)? & BEHIND != 0;
    for (what, offsets) in [("checksum", [16, 14]), ("packed size", [20, 18]), ("size", [24, 22])] {
        let (known, stated) = (u32_at(bytes, central + offsets[0])?, u32_at(bytes, local + offsets[1])?);
        // Sizes of more than 32 bits stand elsewhere.
        let elsewhere = (behind && stated == 0) || known == 0xffff_ffff || stated == 0xffff_ffff;
        if known != stated && !elsewhere {
            says.push(format!("{what} {stated:#x}"));
        }
    }
    Some((!says.is_empty()).then(|| Property {
        name: "local header",
        value: says.join(", "),
        class: DifferenceClass::Real,
        cause: "says otherwise than the directory, and readers differ in which they believe",
        remedy: "",
    }))
}

/// Collects what is before, between and behind the members that the directory names, and that belongs to none of them; `None` when the
/// directory cannot be followed.
pub(super) fn between(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = end_record(bytes)?;
    let (count, directory) = (u16_at(bytes, end + 10)?, u32_at(bytes, end + 16)?);
    let (mut members, mut at) = (Vec::new(), directory);
    for _ in 0..count {
        let local = u32_at(bytes, at + 42)?;
        let start = local + 30 + u16_at(bytes, local + 26)? + u16_at(bytes, local + 28)?;
        let behind = u16_at(bytes, local + 6)? & BEHIND != 0;
        members.push((local, start.checked_add(u32_at(bytes, at + 20)?)?, behind));
        at += 46 + u16_at(bytes, at + 28)? + u16_at(bytes, at + 30)? + u16_at(bytes, at + 32)?;
    }
    members.sort_unstable();
    let (mut found, mut from) = (Vec::new(), (0, false));
    for (local, end, behind) in members.into_iter().chain([(directory, directory, false)]) {
        let gap = bytes.get(from.0..local.max(from.0))?;
        let descriptor = from.1 && gap.len() <= DESCRIPTOR && !gap.get(4..).is_some_and(|rest| rest.starts_with(b"PK"));
        if !descriptor {
            found.extend_from_slice(gap);
        }
        from = (end, behind);
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hints;
    use crate::formats::zip::explain_zip;

    fn u16s(bytes: &mut Vec<u8>, numbers: &[u16]) {
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    }

    fn u32s(bytes: &mut Vec<u8>, numbers: &[u32]) {
        numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()));
    }

    /// Makes an archive of one stored member, whose local header may have another name, and bytes behind its content.
    fn archive(name: &str, local: &str, behind: &[u8]) -> Vec<u8> {
        let content = b"content\n";
        let size = u32::try_from(content.len()).expect("a few bytes");
        let length = |text: &str| u16::try_from(text.len()).expect("a short name");
        let mut bytes = b"PK\x03\x04".to_vec();
        u16s(&mut bytes, &[20, 0, 0, 0, 0x21]);
        u32s(&mut bytes, &[7, size, size]);
        u16s(&mut bytes, &[length(local), 0]);
        bytes.extend_from_slice(local.as_bytes());
        bytes.extend_from_slice(content);
        bytes.extend_from_slice(behind);
        let directory = u32::try_from(bytes.len()).expect("a small archive");
        bytes.extend_from_slice(b"PK\x01\x02");
        u16s(&mut bytes, &[20, 20, 0, 0, 0, 0x21]);
        u32s(&mut bytes, &[7, size, size]);
        u16s(&mut bytes, &[length(name), 0, 0, 0, 0]);
        u32s(&mut bytes, &[0, 0]);
        bytes.extend_from_slice(name.as_bytes());
        let end = u32::try_from(bytes.len()).expect("a small archive");
        bytes.extend_from_slice(b"PK\x05\x06");
        u16s(&mut bytes, &[0, 0, 1, 1]);
        u32s(&mut bytes, &[end - directory, directory]);
        u16s(&mut bytes, &[0]);
        bytes
    }

    fn real_differences(left: &[u8], right: &[u8]) -> Vec<String> {
        let found = explain_zip("a.zip", left, right, &Hints::default(), 0).expect("two archives");
        assert!(!found.is_empty() && found.iter().all(|one| one.class == DifferenceClass::Real), "{found:#?}");
        found.into_iter().map(|one| one.at).collect()
    }

    #[test]
    fn a_local_header_that_says_otherwise_is_real() {
        let plain = archive("safe", "safe", b"");
        assert_eq!(real_differences(&plain, &archive("safe", "evil", b"")), ["a.zip!/safe local header"]);
        assert_eq!(disagreement(&plain, plain.len() - 22 - 50, 0), Some(None));
    }

    #[test]
    fn members_that_the_directory_does_not_name_are_real() {
        let hidden = archive("safe", "safe", &archive("evil", "evil", b"")[..42]);
        assert_eq!(real_differences(&archive("safe", "safe", b""), &hidden), ["a.zip between"]);
    }
}
