//! Binary files: the strings in them are explained as text, the rest is shown.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::Hints;
use crate::budget::of_alignment;
use crate::lines::context::LineContext;
use crate::lines::pair::explain_line;
use crate::lines::text;
use rcrepro_difference::fewest_changes;
use rcrepro_model::content::hex;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

/// The shortest run of printable bytes that counts as a string.
const STRING: usize = 4;
/// The most pieces that are aligned; beyond it, only the first differing bytes are shown.
const PIECES: usize = 60_000;
/// How many bytes are shown around a difference.
const WINDOW: usize = 24;
/// Which share of all pairs of pieces an alignment looks at, at worst.
const SHARE: u64 = 32;
/// How many pairs of folders are tried on other differences.
const FOLDERS: usize = 64;

/// How two blobs of bytes differ.
#[derive(Debug, Default)]
pub struct ComparedBytes {
    /// Strings that correspond and differ, with their offsets.
    pub strings: Vec<(Range<usize>, Range<usize>)>,
    /// Other bytes that differ; a range may be empty.
    pub raw: Vec<(Range<usize>, Range<usize>)>,
    /// By how much equal pieces have moved, where they have.
    pub shifts: BTreeSet<i64>,
}

/// Explains two blobs.
#[must_use]
pub fn explain_binary(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>) -> Vec<Explained> {
    let compared = compare(left, right, hints);
    let mut found = explain_strings(at, left, right, &compared, hints);
    found.extend(compared.raw.iter().map(|raw| explain_raw(at, left, right, raw)));
    same_folders(&mut found);
    found
}

/// Explains the strings of two compared blobs.
#[must_use]
pub fn explain_strings(
    at: &str,
    left: &[u8],
    right: &[u8],
    compared: &ComparedBytes,
    hints: &Hints<'_>,
) -> Vec<Explained> {
    let mut found = Vec::new();
    for (l, r) in &compared.strings {
        if found.last().is_some_and(Explained::is_cut) {
            break;
        }
        let place = format!("{at}+{:#x}", l.start);
        let (a, b) = (String::from_utf8_lossy(&left[l.clone()]), String::from_utf8_lossy(&right[r.clone()]));
        if a.contains('\n') || b.contains('\n') {
            found.extend(text::explain_text(&place, &a, &b, hints));
        } else {
            found.extend(explain_line(&place, &a, &b, LineContext { hints, key: None, heads: &[] }));
        }
    }
    found
}

/// Shows bytes that no rule explains.
#[must_use]
pub fn explain_raw(at: &str, left: &[u8], right: &[u8], (l, r): &(Range<usize>, Range<usize>)) -> Explained {
    let window = |bytes: &[u8], range: &Range<usize>| {
        let shown = hex(&bytes[range.start..range.end.min(range.start + WINDOW)]);
        if range.len() > WINDOW { format!("{shown}… ({} bytes)", range.len()) } else { shown }
    };
    let place = format!("{at}+{:#x}", l.start);
    Explained::real(&place, [&window(left, l), &window(right, r)], "bytes that no rule explains")
}

/// Finds where two blobs differ: by place when they are as long as each other, else piece by piece.
#[must_use]
pub fn compare(left: &[u8], right: &[u8], hints: &Hints<'_>) -> ComparedBytes {
    let mut compared = ComparedBytes::default();
    if left.len() == right.len() {
        by_place(left, right, 0..left.len(), 0..right.len(), &mut compared);
        return compared;
    }
    let (a, b) = (pieces(left), pieces(right));
    let slices =
        |bytes, pieces: &[Range<usize>]| pieces.iter().map(|p: &Range<usize>| slice(bytes, p)).collect::<Vec<&[u8]>>();
    let (slices_a, slices_b) = (slices(left, &a), slices(right, &b));
    if a.len().max(b.len()) > PIECES || !hints.spend(of_alignment(&slices_a, &slices_b, SHARE)) {
        let first = left.iter().zip(right).take_while(|(x, y)| x == y).count();
        compared.raw.push((first..left.len(), first..right.len()));
        return compared;
    }
    for stretch in fewest_changes(&slices_a, &slices_b) {
        let (l, r) = (&a[stretch.left], &b[stretch.right]);
        if stretch.is_equal {
            for (l, r) in l.iter().zip(r) {
                compared.shifts.insert(r.start as i64 - l.start as i64);
            }
            continue;
        }
        let both = l.len().min(r.len());
        for (l, r) in l.iter().zip(r) {
            match (is_string(slice(left, l)), is_string(slice(right, r))) {
                (true, true) => compared.strings.push((l.clone(), r.clone())),
                (false, false) if l.len() == r.len() => by_place(left, right, l.clone(), r.clone(), &mut compared),
                _ => compared.raw.push((l.clone(), r.clone())),
            }
        }
        let (end_l, end_r) = (l.last().or(a.last()).map_or(0, |p| p.end), r.last().or(b.last()).map_or(0, |p| p.end));
        compared.raw.extend(l[both..].iter().map(|l| (l.clone(), end_r..end_r)));
        compared.raw.extend(r[both..].iter().map(|r| (end_l..end_l, r.clone())));
    }
    compared.shifts.remove(&0);
    compared
}

fn slice<'a>(bytes: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    &bytes[range.clone()]
}

/// Compares two ranges of one length byte by byte; differing bytes within strings count as the strings.
fn by_place(left: &[u8], right: &[u8], l: Range<usize>, r: Range<usize>, compared: &mut ComparedBytes) {
    let shift = r.start.wrapping_sub(l.start);
    let mut at = l.start;
    while at < l.end {
        if left[at] == right[at.wrapping_add(shift)] {
            at += 1;
            continue;
        }
        let there = at.wrapping_add(shift);
        let (string_l, string_r) = (string_around(left, at, &l), string_around(right, there, &r));
        if let (Some(one), Some(other)) = (string_l, string_r)
            && other.start == one.start.wrapping_add(shift)
        {
            at = one.end.max(other.end.wrapping_sub(shift));
            compared.strings.push((one, other));
            continue;
        }
        let begin = at;
        let mut last = at;
        while at < l.end && at - last < 8 {
            if left[at] != right[at.wrapping_add(shift)] {
                last = at;
            }
            at += 1;
        }
        at = last + 1;
        compared.raw.push((begin..at, begin.wrapping_add(shift)..at.wrapping_add(shift)));
    }
}

/// Returns the string that a byte is part of, within bounds.
fn string_around(bytes: &[u8], at: usize, bounds: &Range<usize>) -> Option<Range<usize>> {
    if !printable(bytes[at]) {
        return None;
    }
    let start = (bounds.start..at).rev().take_while(|i| printable(bytes[*i])).last().unwrap_or(at);
    let end = (at..bounds.end).take_while(|i| printable(bytes[*i])).last().unwrap_or(at) + 1;
    (end - start >= STRING).then_some(start..end)
}

fn printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n')
}

fn is_string(bytes: &[u8]) -> bool {
    bytes.len() >= STRING && bytes.iter().all(|byte| printable(*byte))
}

/// Cuts bytes into strings and what is between them.
fn pieces(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut raw = 0;
    while at < bytes.len() {
        let length = bytes[at..].iter().take_while(|byte| printable(**byte)).count();
        if length >= STRING {
            if raw < at {
                found.push(raw..at);
            }
            found.push(at..at + length);
            raw = at + length;
        }
        at += length.max(1);
    }
    if raw < bytes.len() {
        found.push(raw..bytes.len());
    }
    found
}

/// Whether every differing byte of two ranges of one length belongs to a little-endian number that grew by one of the
/// shifts: an offset or address of something that has moved.
#[must_use]
pub fn only_moved(left: &[u8], right: &[u8], (l, r): &(Range<usize>, Range<usize>), shifts: &BTreeSet<i64>) -> bool {
    if l.len() != r.len() || shifts.is_empty() {
        return false;
    }
    let delta = r.start as i64 - l.start as i64;
    let mut at = l.start;
    while at < l.end {
        let there = (at as i64 + delta) as usize;
        if left[at] == right[there] {
            at += 1;
            continue;
        }
        // The first differing byte is the lowest that a carry or difference reaches: the number begins at it or shortly before.
        let fits = (0..8usize).rev().chain([0]).find_map(|back| {
            [8usize, 4].into_iter().find_map(|width| {
                let (from, from_there) = (at.checked_sub(back)?, there.checked_sub(back)?);
                if back >= width {
                    return None;
                }
                let one = number(left.get(from..from + width)?);
                let other = number(right.get(from_there..from_there + width)?);
                shifts.contains(&other.wrapping_sub(one)).then_some(from + width)
            })
        });
        match fits {
            Some(end) => at = end,
            None => return false,
        }
    }
    true
}

#[expect(clippy::expect_used, reason = "the length of a slice is fixed")]
fn number(bytes: &[u8]) -> i64 {
    match bytes.len() {
        4 => i64::from(u32::from_le_bytes(bytes.try_into().expect("four bytes"))),
        _ => i64::from_le_bytes(bytes.try_into().expect("eight bytes")),
    }
}

/// Explains further pairs of texts by two folders that an explained pair has shown: what becomes equal when the one folder
/// is put in the place of the other.
pub fn same_folders(found: &mut [Explained]) {
    let mut folders: Vec<(String, String)> = Vec::new();
    for one in found.iter().filter(|one| one.class == DifferenceClass::Path) {
        let (a, b): (Vec<&str>, Vec<&str>) = (one.left.split('/').collect(), one.right.split('/').collect());
        let common = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
        let cut = |parts: &[&str]| parts[..parts.len() - common].join("/");
        let pair = (cut(&a), cut(&b));
        if folders.len() < FOLDERS
            && !folders.contains(&pair)
            && pair.0.len() > 1
            && pair.1.len() > 1
            && pair.0.starts_with('/')
            && pair.1.starts_with('/')
        {
            folders.push(pair);
        }
    }
    for one in found.iter_mut().filter(|one| one.class == DifferenceClass::Real && !one.follows) {
        if let Some((l, r)) =
            folders.iter().find(|(l, r)| one.left.contains(l.as_str()) && one.left.replace(l.as_str(), r) == one.right)
        {
            one.class = DifferenceClass::Path;
            one.cause = format!("folder `{l}` here, `{r}` there, as elsewhere in the file");
            one.remedy = Some(crate::lines::paths::remedy_of_compilers(false).to_owned());
        }
    }
}

/// Writes bytes as pairs of hex digits with a space between them.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| hex::encode([*byte])).collect::<Vec<_>>().join(" ")
}
