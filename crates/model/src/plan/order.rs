//! Things in the order of their needs.

use std::collections::{BTreeMap, BTreeSet};

/// Orders things so that each comes after all that it needs, the smallest first where that leaves a choice. Needs that are not
/// among the things count for nothing. The work grows with the number of needs, however long their chains are.
///
/// # Errors
/// The smallest thing that is part of a cycle, or waits for one.
pub fn in_order<'a, T: Ord>(graph: &BTreeMap<&'a T, &'a BTreeSet<T>>) -> Result<Vec<&'a T>, &'a T> {
    let mut waits: BTreeMap<&T, usize> = BTreeMap::new();
    let mut wanted_by: BTreeMap<&T, Vec<&'a T>> = BTreeMap::new();
    for (id, needs) in graph {
        let open = needs.iter().filter(|need| graph.contains_key(need));
        waits.insert(id, open.clone().count());
        open.for_each(|need| wanted_by.entry(need).or_default().push(id));
    }
    let mut free: BTreeSet<&'a T> = graph.keys().copied().filter(|id| waits.get(id) == Some(&0)).collect();
    let mut order = Vec::with_capacity(graph.len());
    while let Some(id) = free.pop_first() {
        order.push(id);
        waits.remove(id);
        for by in wanted_by.remove(id).unwrap_or_default() {
            let open = waits.get_mut(by).expect("what waits is not taken away before what it needs");
            *open -= 1;
            if *open == 0 {
                free.insert(by);
            }
        }
    }
    match graph.keys().find(|id| waits.contains_key(*id)) {
        Some(stuck) => Err(stuck),
        None => Ok(order),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that counts how often it is compared.
    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Counted(usize);

    thread_local! {
        static COMPARED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    impl PartialOrd for Counted {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }

    impl Ord for Counted {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            COMPARED.set(COMPARED.get() + 1);
            self.0.cmp(&other.0)
        }
    }

    #[test]
    fn a_long_chain_of_needs_costs_no_more_than_its_length() {
        let length = 30_000;
        // Each needs the next, so that one is free at a time.
        let chain = |last: Option<usize>| -> BTreeMap<Counted, BTreeSet<Counted>> {
            let needs = |id: usize| if id + 1 < length { Some(id + 1) } else { last };
            (0..length).map(|id| (Counted(id), needs(id).map(Counted).into_iter().collect())).collect()
        };
        let (open, closed) = (chain(None), chain(Some(7)));
        COMPARED.set(0);
        assert_eq!(in_order(&open.iter().collect()).map(|order| order.len()), Ok(length));
        assert_eq!(in_order(&closed.iter().collect()), Err(&Counted(0)));
        // A look into a map of that size takes some 80 comparisons; a look at every pair would be 450 million.
        assert!(COMPARED.get() < length * 1_000, "{} comparisons", COMPARED.get());
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let needs: BTreeMap<&str, BTreeSet<&str>> =
            [("a", ["c", "x"].into()), ("b", [].into()), ("c", ["b"].into())].into();
        assert_eq!(in_order(&needs.iter().collect()), Ok(vec![&"b", &"c", &"a"]));
    }
}
