//! A bound on the work of an explanation: bytes and lines are bounded elsewhere, and hostile ones make work that grows with
//! their square.

use std::cell::Cell;

/// The work that one explanation may take: looks at a byte of a line, at a line of a list or at an element, 200 million.
pub const WORK: u64 = 200_000_000;

/// The work that is left. It is spent before the work is done.
#[derive(Debug)]
pub struct Budget {
    left: Cell<u64>,
}

impl Budget {
    /// Allows so much work.
    #[must_use]
    pub const fn new(work: u64) -> Self {
        Self { left: Cell::new(work) }
    }

    /// Takes work off, and tells whether there was enough. Once there was not, nothing is left.
    pub fn spend(&self, work: u64) -> bool {
        let left = self.left.get().checked_sub(work);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Returns how much work may still be spent.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.get()
    }
}

/// Returns the work of aligning two lists in which equal ends cost nothing, as a share of all pairs.
pub(super) fn of_alignment<T: PartialEq>(a: &[T], b: &[T], share: u64) -> u64 {
    let start = a.iter().zip(b).take_while(|(l, r)| l == r).count();
    let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(l, r)| l == r).count();
    let rest = |list: &[T]| (list.len() - start - end) as u64;
    rest(a).saturating_mul(rest(b)) / share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_leaves_nothing() {
        let budget = Budget::new(10);
        assert!(budget.spend(4) && budget.spend(6) && budget.spend(0));
        assert!(!budget.spend(1));
        let budget = Budget::new(10);
        assert!(!budget.spend(11) && !budget.spend(1));
        assert_eq!(budget.left(), 0);
    }

    #[test]
    fn only_the_middle_is_aligned() {
        assert_eq!(of_alignment(b"same", b"same", 1), 0);
        assert_eq!(of_alignment(b"aaXXaa", b"aaYaa", 1), 2);
    }
}
