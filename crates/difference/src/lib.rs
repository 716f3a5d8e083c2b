//! Where two sequences differ: lines, tokens, pieces of bytes. Pure.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use similar as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_model as _;
//! ```

use std::hash::Hash;
use std::ops::Range;

use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices};

/// A stretch of two sequences: equal elements, or elements of the left that those of the right replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Indices on the left; empty where something was added.
    pub left: Range<usize>,
    /// Indices on the right; empty where something was removed.
    pub right: Range<usize>,
    /// Whether the elements of both ranges are equal, one by one.
    pub is_equal: bool,
}

/// Aligns two sequences by the fewest changes (Myers); the stretches cover both from beginning to end.
///
/// The time grows with the product of the lengths at worst; callers bound it.
#[must_use]
pub fn fewest_changes<T: Hash + Eq + Ord>(left: &[T], right: &[T]) -> Vec<Stretch> {
    align(Algorithm::Myers, left, right)
}

/// Aligns two sequences by the elements that occur once on each side, and what is between them by the fewest changes
/// (patience); otherwise as [`fewest_changes`].
#[must_use]
pub fn unique_first<T: Hash + Eq + Ord>(left: &[T], right: &[T]) -> Vec<Stretch> {
    align(Algorithm::Patience, left, right)
}

fn align<T: Hash + Eq + Ord>(algorithm: Algorithm, left: &[T], right: &[T]) -> Vec<Stretch> {
    let stretch = |op: &DiffOp| {
        let is_equal = matches!(op, DiffOp::Equal { .. });
        Stretch { left: op.old_range(), right: op.new_range(), is_equal }
    };
    capture_diff_slices(algorithm, left, right).iter().map(stretch).collect()
}

/// A line that only one of two texts has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedLine {
    /// `-` for a line of the left text, `+` for one of the right.
    pub sign: char,
    /// Its number in its text, from 1.
    pub number: usize,
    /// The line with its end.
    pub text: String,
}

/// Lists the first lines that differ, at most `most`, in their order; lines that occur once on each side are aligned first.
#[must_use]
pub fn changed_lines(left: &str, right: &str, most: usize) -> Vec<ChangedLine> {
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(left, right);
    let changed = diff.iter_all_changes().filter_map(|change| {
        let (sign, index) = match change.tag() {
            ChangeTag::Delete => ('-', change.old_index()?),
            ChangeTag::Insert => ('+', change.new_index()?),
            ChangeTag::Equal => return None,
        };
        Some(ChangedLine { sign, number: index + 1, text: change.value().to_owned() })
    });
    changed.take(most).collect()
}

/// Returns how much two texts have in common, character by character: 0 for nothing, 1 for equal ones.
#[must_use]
pub fn likeness(left: &str, right: &str) -> f32 {
    TextDiff::from_chars(left, right).ratio()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts the right side together from the left one and what the stretches take from the right.
    fn patched(stretches: &[Stretch], left: &[u8], right: &[u8]) -> Vec<u8> {
        let of = |stretch: &Stretch| match stretch.is_equal {
            true => left[stretch.left.clone()].to_vec(),
            false => right[stretch.right.clone()].to_vec(),
        };
        stretches.iter().flat_map(of).collect()
    }

    #[test]
    fn stretches_cover_both_sides() {
        for (left, right) in [("abcabba", "cbabac"), ("", "abc"), ("abc", ""), ("same", "same"), ("axb", "ayb")] {
            let (left, right) = (left.as_bytes(), right.as_bytes());
            for stretches in [fewest_changes(left, right), unique_first(left, right)] {
                assert_eq!(patched(&stretches, left, right), right);
                assert_eq!(patched(&swapped(&stretches), right, left), left);
            }
        }
        let replaced = Stretch { left: 1..2, right: 1..2, is_equal: false };
        assert_eq!(fewest_changes(b"axb", b"ayb")[1], replaced);
    }

    fn swapped(stretches: &[Stretch]) -> Vec<Stretch> {
        let swap = |one: &Stretch| Stretch { left: one.right.clone(), right: one.left.clone(), ..one.clone() };
        stretches.iter().map(swap).collect()
    }

    #[test]
    fn what_occurs_once_is_aligned_first() {
        // The fewest changes would keep the two repeated elements and move the unique one.
        let moved = |stretches: Vec<Stretch>| {
            let equal = stretches.into_iter().filter(|stretch| stretch.is_equal);
            equal.map(|stretch| b"-u--"[stretch.left].to_vec()).collect::<Vec<_>>().concat()
        };
        assert!(moved(unique_first(b"-u--", b"---u")).contains(&b'u'));
        assert_eq!(moved(fewest_changes(b"-u--", b"---u")), b"---");
    }

    #[test]
    fn changed_lines_have_their_numbers() {
        let shown = |left, right, most| {
            let lines = changed_lines(left, right, most).into_iter();
            lines.map(|line| format!("{}{} {}", line.sign, line.number, line.text.trim_end())).collect::<Vec<_>>()
        };
        assert_eq!(shown("a\nb\nc\n", "a\nx\nc\nd\n", 10), ["-2 b", "+2 x", "+4 d"]);
        assert_eq!(shown("a\nb\nc\n", "a\nx\nc\nd\n", 2), ["-2 b", "+2 x"]);
        assert!(shown("same", "same", 10).is_empty());
    }

    #[test]
    fn likeness_goes_from_nothing_to_equal() {
        assert_eq!([likeness("abc", "xyz"), likeness("abcd", "abxy"), likeness("abc", "abc")], [0.0, 0.5, 1.0]);
    }
}
