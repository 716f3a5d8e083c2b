//! Compiled Python modules (PEP 552): magic, flags, then a source time and size, or a hash.

use super::binary;
use crate::Hints;
use crate::lines::instant::rfc3339;
use rcrepro_model::why::difference::{DifferenceClass, Explained};

const HEADER: usize = 16;

/// Whether bytes are a compiled module of Python 3.
#[must_use]
pub fn is_pyc(bytes: &[u8]) -> bool {
    let magic = bytes.get(..2).map(|two| u16::from_le_bytes([two[0], two[1]]));
    magic.is_some_and(|magic| (3360..4000).contains(&magic)) && bytes.get(2..4) == Some(b"\r\n") && bytes.len() > HEADER
}

/// Explains two compiled modules.
#[must_use]
#[expect(clippy::expect_used, reason = "the length of a slice is fixed")]
pub fn explain_pyc(at: &str, left: &[u8], right: &[u8], hints: &Hints<'_>) -> Vec<Explained> {
    let word = |bytes: &[u8], from: usize| u32::from_le_bytes(bytes[from..from + 4].try_into().expect("four bytes"));
    let mut found = Vec::new();
    if left[..4] != right[..4] {
        let sides = [binary::hex(&left[..4]), binary::hex(&right[..4])];
        let cause = "another version of Python";
        found.push(Explained::new(
            &format!("{at} magic"),
            DifferenceClass::Environment,
            [&sides[0], &sides[1]],
            cause,
            Some("one image for both"),
        ));
    }
    let timed = word(left, 4) == 0 && word(right, 4) == 0;
    if word(left, 4) != word(right, 4) {
        let sides = [word(left, 4).to_string(), word(right, 4).to_string()];
        let cause = "another way to tell whether the source has changed";
        found.push(Explained::new(
            &format!("{at} flags"),
            DifferenceClass::Environment,
            [&sides[0], &sides[1]],
            cause,
            Some("python -m compileall --invalidation-mode unchecked-hash"),
        ));
    }
    if timed && word(left, 8) != word(right, 8) {
        let sides = [left, right].map(|bytes| rfc3339(i64::from(word(bytes, 8))));
        let remedy =
            "SOURCE_DATE_EPOCH (py_compile then writes hashes), or compileall --invalidation-mode unchecked-hash";
        found.push(Explained::new(
            &format!("{at} source mtime"),
            DifferenceClass::Clock,
            [&sides[0], &sides[1]],
            "when the source was written",
            Some(remedy),
        ));
    }
    if timed && word(left, 12) != word(right, 12) {
        let sides = [word(left, 12).to_string(), word(right, 12).to_string()];
        found.push(Explained::real(&format!("{at} source size"), [&sides[0], &sides[1]], "another source"));
    }
    if left[HEADER..] != right[HEADER..] {
        found.extend(binary::explain_binary(&format!("{at} code"), &left[HEADER..], &right[HEADER..], hints));
    }
    found
}
