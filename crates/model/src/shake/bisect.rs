//! Finds what is responsible for a difference, by halving (binary splitting, and delta debugging for what needs company).
//!
//! The oracle answers from memory, or refuses with what has to be found out first. So the search is a pure function that
//! is asked again whenever more is known, and never waits: [`causes`] is a state machine whose state is the memory.
//!
//! What it promises: every set that it gives made the difference by itself; from a set of several none could be left out;
//! the sets have nothing in common; and what is left when all of them are taken away makes no difference any more. It does
//! not look for a second set that shares a member with a first one.

/// An oracle's answer about a set: how the runs under it compare with the baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOutcome {
    /// No run differed.
    Equal,
    /// Every run differed.
    Differs,
    /// Some did: chance plays a part. The search goes on as if all had; confirming the result will show it.
    Unsteady,
}

/// Finds the sets that are responsible, given that `all` together are.
///
/// # Errors
/// What the oracle refuses with.
pub fn causes<T: Clone + PartialEq, E>(
    all: &[T],
    oracle: &mut impl FnMut(&[T]) -> Result<SetOutcome, E>,
) -> Result<Vec<Vec<T>>, E> {
    let mut found = Vec::new();
    let mut rest = all.to_vec();
    // The first round needs no question: `all` are responsible.
    let mut responsible = !rest.is_empty();
    while responsible {
        let more = split(&rest, oracle)?;
        rest.retain(|item| !more.iter().flatten().any(|one| one == item));
        found.extend(more);
        responsible = !rest.is_empty() && oracle(&rest)? != SetOutcome::Equal;
    }
    Ok(found)
}

/// Halves a responsible set as long as a half is responsible too.
fn split<T: Clone + PartialEq, E>(
    set: &[T],
    oracle: &mut impl FnMut(&[T]) -> Result<SetOutcome, E>,
) -> Result<Vec<Vec<T>>, E> {
    if set.len() == 1 {
        return Ok(vec![set.to_vec()]);
    }
    let (left, right) = set.split_at(set.len() / 2);
    let mut found = Vec::new();
    for half in [left, right] {
        if oracle(half)? != SetOutcome::Equal {
            found.extend(split(half, oracle)?);
        }
    }
    if found.is_empty() {
        // Neither half alone: it takes something of both.
        found.push(minimize(set, oracle)?);
    }
    Ok(found)
}

/// Makes a responsible set as small as it gets: no member can be left out (Zeller's ddmin).
///
/// # Errors
/// What the oracle refuses with.
pub fn minimize<T: Clone + PartialEq, E>(
    set: &[T],
    oracle: &mut impl FnMut(&[T]) -> Result<SetOutcome, E>,
) -> Result<Vec<T>, E> {
    let mut set = set.to_vec();
    let mut pieces = 2;
    'smaller: while set.len() >= 2 {
        let length = set.len().div_ceil(pieces);
        let parts: Vec<Vec<T>> = set.chunks(length).map(<[T]>::to_vec).collect();
        for part in &parts {
            if oracle(part)? != SetOutcome::Equal {
                (set, pieces) = (part.clone(), 2);
                continue 'smaller;
            }
        }
        for part in &parts {
            let others: Vec<T> = set.iter().filter(|item| !part.contains(item)).cloned().collect();
            if !others.is_empty() && oracle(&others)? != SetOutcome::Equal {
                (set, pieces) = (others, pieces.saturating_sub(1).max(2));
                continue 'smaller;
            }
        }
        if pieces >= set.len() {
            break;
        }
        pieces = (pieces * 2).min(set.len());
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    const ALL: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

    /// A world in which each of these sets makes a difference; counts the questions.
    fn find(responsible: &[&[u8]]) -> (BTreeSet<Vec<u8>>, usize) {
        let mut asked = BTreeSet::new();
        let mut oracle = |set: &[u8]| {
            asked.insert(set.to_vec());
            let differs = responsible.iter().any(|cause| cause.iter().all(|item| set.contains(item)));
            Ok::<_, Infallible>(if differs { SetOutcome::Differs } else { SetOutcome::Equal })
        };
        let Ok(found) = causes(&ALL, &mut oracle);
        (found.into_iter().collect(), asked.len())
    }

    #[test]
    fn one_cause_is_found_with_few_questions() {
        for cause in ALL {
            let (found, asked) = find(&[&[cause]]);
            assert_eq!(found, BTreeSet::from([vec![cause]]));
            assert!(asked <= 9, "{cause}: {asked}");
        }
    }

    #[test]
    fn all_independent_causes_are_found() {
        let (found, _) = find(&[&[0], &[5], &[11]]);
        assert_eq!(found, BTreeSet::from([vec![0], vec![5], vec![11]]));
        let every: Vec<Vec<u8>> = ALL.iter().map(|item| vec![*item]).collect();
        let every: Vec<&[u8]> = every.iter().map(Vec::as_slice).collect();
        let (found, asked) = find(&every);
        assert_eq!(found.len(), ALL.len());
        assert!(asked <= 23, "a question for each node of the tree at most, not {asked}");
    }

    #[test]
    fn what_takes_two_or_three_is_found_as_a_whole() {
        assert_eq!(find(&[&[0, 11]]).0, BTreeSet::from([vec![0, 11]]));
        assert_eq!(find(&[&[4, 5]]).0, BTreeSet::from([vec![4, 5]]));
        assert_eq!(find(&[&[1, 6, 10]]).0, BTreeSet::from([vec![1, 6, 10]]));
        assert_eq!(find(&[&[2], &[0, 11]]).0, BTreeSet::from([vec![2], vec![0, 11]]));
    }

    #[test]
    fn an_unsteady_answer_counts_as_a_difference() {
        let mut oracle =
            |set: &[u8]| Ok::<_, Infallible>(if set.contains(&7) { SetOutcome::Unsteady } else { SetOutcome::Equal });
        assert_eq!(causes(&ALL, &mut oracle), Ok(vec![vec![7]]));
    }

    #[test]
    fn an_oracle_that_refuses_is_asked_again_until_all_is_known() {
        let mut memory: BTreeMap<Vec<u8>, SetOutcome> = BTreeMap::new();
        let mut rounds = 0;
        let found = loop {
            let mut oracle = |set: &[u8]| memory.get(set).copied().ok_or_else(|| set.to_vec());
            match causes(&ALL, &mut oracle) {
                Ok(found) => break found,
                Err(wanted) => {
                    let differs = wanted.contains(&3) && wanted.contains(&9);
                    memory.insert(wanted, if differs { SetOutcome::Differs } else { SetOutcome::Equal });
                }
            }
            rounds += 1;
        };
        assert_eq!(found, [[3, 9]]);
        assert_eq!(rounds, memory.len(), "every question is put once");
    }

    proptest! {
        #[test]
        fn what_is_found_is_responsible_minimal_and_disjoint(
            sets in prop::collection::vec(prop::collection::btree_set(0_u8..12, 1..4), 1..4)
        ) {
            let differs = |set: &[u8]| sets.iter().any(|cause| cause.iter().all(|item| set.contains(item)));
            let mut oracle = |set: &[u8]| {
                Ok::<_, Infallible>(if differs(set) { SetOutcome::Differs } else { SetOutcome::Equal })
            };
            let Ok(found) = causes(&ALL, &mut oracle);
            let mut rest = ALL.to_vec();
            for cause in &found {
                prop_assert!(differs(cause));
                for item in cause {
                    let fewer: Vec<u8> = cause.iter().copied().filter(|other| other != item).collect();
                    prop_assert!(!differs(&fewer));
                    prop_assert!(rest.contains(item), "disjoint");
                    rest.retain(|other| other != item);
                }
            }
            prop_assert!(!differs(&rest));
        }

        #[test]
        fn a_coin_for_an_oracle_ends_too(answers in prop::collection::vec(0_u8..3, 200)) {
            let mut next = 0;
            let mut oracle = |_: &[u8]| {
                next += 1;
                Ok::<_, Infallible>([SetOutcome::Equal, SetOutcome::Differs, SetOutcome::Unsteady][usize::from(answers[next % 200])])
            };
            let Ok(found) = causes(&ALL, &mut oracle);
            prop_assert!(!found.is_empty());
            prop_assert!(next < 500, "{next}");
        }
    }
}
