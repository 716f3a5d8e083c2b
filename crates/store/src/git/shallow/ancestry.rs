//! A commit's history, and the least part of it by which `git describe` counts as it does in the whole.

use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};
use std::path::Path;

use gix::ObjectId;

use crate::ingest::GitError;
use crate::ingest::git::reading;

/// How many tags `git describe` compares.
const CANDIDATES: usize = 10;

/// Commits without the rest of their history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct History {
    /// All of them.
    pub(super) commits: BTreeSet<ObjectId>,
    /// Those whose parents are not among them: the lines of the file `shallow`.
    pub(super) shallow: BTreeSet<ObjectId>,
}

/// Gives a commit alone.
pub(super) fn alone(repository: &gix::Repository, path: &Path, commit: ObjectId) -> Result<History, GitError> {
    let known = known(repository, path, commit)?;
    let commits: BTreeSet<ObjectId> = [commit].into();
    let shallow = if known.parents.is_empty() { BTreeSet::new() } else { commits.clone() };
    Ok(History { commits, shallow })
}

/// What is known of a commit.
struct Known {
    parents: Vec<ObjectId>,
    /// When it was committed, in seconds since 1970.
    time: i64,
}

fn known(repository: &gix::Repository, path: &Path, id: ObjectId) -> Result<Known, GitError> {
    let failed = |error: gix::Error| reading(format!("read the commit {id}"), path)(error.into());
    let commit = repository.find_commit(id).map_err(failed)?;
    let parents = commit.decode().map_err(failed)?.parents().collect();
    Ok(Known { parents, time: commit.time().map_err(failed)?.seconds })
}

/// A commit with all that came before it.
pub(super) struct Ancestry {
    commits: HashMap<ObjectId, Known>,
}

impl Ancestry {
    /// Reads the history of a commit.
    ///
    /// # Errors
    /// [`GitError::Shallow`] where it ends before its beginning.
    pub(super) fn read(repository: &gix::Repository, path: &Path, commit: ObjectId) -> Result<Self, GitError> {
        let failed = |error: gix::Error| reading("read where the history ends".to_owned(), path)(error.into());
        let ends: HashSet<ObjectId> =
            repository.shallow_commits().map_err(failed)?.iter().flat_map(|ends| ends.iter().copied()).collect();
        let mut commits = HashMap::new();
        let mut open = vec![commit];
        while let Some(id) = open.pop() {
            if commits.contains_key(&id) {
                continue;
            }
            let known = known(repository, path, id)?;
            if ends.contains(&id) && !known.parents.is_empty() {
                return Err(GitError::Shallow { repository: path.to_owned(), commit: id.to_string() });
            }
            open.extend(&known.parents);
            commits.insert(id, known);
        }
        Ok(Self { commits })
    }

    /// Whether the commit or one before it is this one.
    pub(super) fn contains(&self, id: &ObjectId) -> bool {
        self.commits.contains_key(id)
    }

    fn parents(&self, id: &ObjectId) -> &[ObjectId] {
        self.commits.get(id).map_or(&[], |known| &known.parents)
    }

    fn time(&self, id: &ObjectId) -> i64 {
        self.commits.get(id).map_or(i64::MIN, |known| known.time)
    }

    /// Gives a commit and all before it.
    fn reach(&self, from: impl IntoIterator<Item = ObjectId>) -> HashSet<ObjectId> {
        let (mut reached, mut open) = (HashSet::new(), Vec::from_iter(from));
        while let Some(id) = open.pop() {
            if reached.insert(id) {
                open.extend(self.parents(&id));
            }
        }
        reached
    }

    /// Finds the tagged commit by which `git describe` names a commit: of the ten that come first, by date, the one with the fewest
    /// commits between.
    pub(super) fn nearest(&self, commit: ObjectId, tagged: &BTreeSet<ObjectId>) -> Option<ObjectId> {
        let (mut seen, mut candidates) = (HashSet::from([commit]), Vec::new());
        let mut open = BinaryHeap::from([(self.time(&commit), commit)]);
        while let Some((_, id)) = open.pop() {
            if tagged.contains(&id) {
                candidates.push(id);
                if candidates.len() == CANDIDATES {
                    break;
                }
            }
            for parent in self.parents(&id) {
                if seen.insert(*parent) {
                    open.push((self.time(parent), *parent));
                }
            }
        }
        // Every candidate is before the commit, so that most commits before it are fewest between.
        let mut best: Option<(usize, ObjectId)> = None;
        for candidate in candidates {
            let before = self.reach([candidate]).len();
            if best.is_none_or(|(most, _)| before > most) {
                best = Some((before, candidate));
            }
        }
        best.map(|(_, id)| id)
    }

    /// Gives the part of a commit's history by which as many commits are between it and each of the tagged ones as in the whole.
    ///
    /// git ends a history at a commit, and never at one parent of several. So the part holds, beside the commits between, those on
    /// every way from a tagged commit down to where the others branched off from what comes before it, and ends where all of these
    /// ways have met.
    pub(super) fn cut(&self, commit: ObjectId, tagged: &BTreeSet<ObjectId>) -> History {
        let whole = self.reach([commit]);
        let mut border = BTreeSet::new();
        for tag in tagged {
            let before = self.reach([*tag]);
            border.insert(*tag);
            let between = whole.difference(&before);
            border.extend(between.flat_map(|id| self.parents(id)).filter(|parent| before.contains(*parent)));
        }
        let shared = self.shared(&border);
        let (mut commits, mut ends, mut open) = (BTreeSet::new(), BTreeSet::new(), vec![commit]);
        while let Some(id) = open.pop() {
            if shared.contains(&id) {
                ends.insert(id);
            } else if commits.insert(id) {
                open.extend(self.parents(&id));
            }
        }
        let shallow = ends.iter().filter(|id| !self.parents(id).is_empty()).copied().collect();
        commits.extend(ends);
        History { commits, shallow }
    }

    /// Gives the commits that all of these have in their histories; each is in its own.
    fn shared(&self, all: &BTreeSet<ObjectId>) -> HashSet<ObjectId> {
        let mut by_time: Vec<ObjectId> = all.iter().copied().collect();
        by_time.sort_by_key(|id| (self.time(id), *id));
        let mut ids = by_time.into_iter();
        let Some(oldest) = ids.next() else { return HashSet::new() };
        // Everything that is shared comes from these.
        let mut tops: BTreeSet<ObjectId> = [oldest].into();
        let mut shared = self.reach([oldest]);
        for id in ids {
            let (mut seen, mut hits, mut open) = (HashSet::new(), BTreeSet::new(), vec![id]);
            while let Some(at) = open.pop() {
                if shared.contains(&at) {
                    hits.insert(at);
                } else if seen.insert(at) {
                    open.extend(self.parents(&at));
                }
            }
            if !tops.is_subset(&hits) {
                shared = self.reach(hits.iter().copied());
                tops = hits;
            }
        }
        shared
    }

    /// Makes one of commits with their parents and times.
    #[cfg(test)]
    fn of(commits: impl IntoIterator<Item = (ObjectId, Vec<ObjectId>, i64)>) -> Self {
        Self { commits: commits.into_iter().map(|(id, parents, time)| (id, Known { parents, time })).collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Counts the commits of a history that are not in that of a tagged one, as git does with the file `shallow`.
    fn counted(history: &History, parents: &BTreeMap<ObjectId, Vec<ObjectId>>, from: ObjectId, tag: ObjectId) -> usize {
        let reach = |from: ObjectId| {
            let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(id) = open.pop() {
                assert!(history.commits.contains(&id), "a commit that is not there is asked for");
                if reached.insert(id) && !history.shallow.contains(&id) {
                    open.extend(&parents[&id]);
                }
            }
            reached
        };
        reach(from).difference(&reach(tag)).count()
    }

    fn id(number: usize) -> ObjectId {
        ObjectId::from_hex(format!("{number:040x}").as_bytes()).expect("an id")
    }

    fn graph(parents: &[Vec<usize>]) -> (Ancestry, BTreeMap<ObjectId, Vec<ObjectId>>) {
        let of = |at: usize| parents[at].iter().map(|parent| id(*parent)).collect::<Vec<_>>();
        let times = |at: usize| i64::try_from(at).expect("a small number");
        (
            Ancestry::of((0..parents.len()).map(|at| (id(at), of(at), times(at)))),
            (0..parents.len()).map(|at| (id(at), of(at))).collect(),
        )
    }

    #[test]
    fn a_straight_history_ends_at_the_tag() {
        let (ancestry, _) = graph(&[vec![], vec![0], vec![1], vec![2], vec![3]]);
        let history = ancestry.cut(id(4), &[id(2)].into());
        assert_eq!(history.commits, [id(2), id(3), id(4)].into());
        assert_eq!(history.shallow, [id(2)].into());
        assert_eq!(ancestry.nearest(id(4), &[id(0), id(2)].into()), Some(id(2)));
    }

    #[test]
    fn what_branched_off_before_the_tag_is_not_counted_twice() {
        // 0 ← 1 ← 2 (tag) ← 4 (merges 3), 3 branched off at 1.
        let (ancestry, parents) = graph(&[vec![], vec![0], vec![1], vec![1], vec![2, 3]]);
        let history = ancestry.cut(id(4), &[id(2)].into());
        assert_eq!(history.shallow, [id(1)].into());
        assert_eq!(counted(&history, &parents, id(4), id(2)), 2);
    }

    proptest! {
        #[test]
        fn the_part_counts_as_the_whole(
            shape in prop::collection::vec(prop::collection::vec(0_usize..64, 0..3), 2..40),
            tags in prop::collection::vec(0_usize..64, 1..3),
        ) {
            let shape: Vec<Vec<usize>> = shape.into_iter().enumerate().map(|(at, parents)| {
                let below: BTreeSet<usize> = parents.into_iter().filter(|_| at > 0).map(|parent| parent % at.max(1)).collect();
                below.into_iter().collect()
            }).collect();
            let (ancestry, parents) = graph(&shape);
            let head = id(shape.len() - 1);
            let whole = ancestry.reach([head]);
            let tagged: BTreeSet<ObjectId> =
                tags.into_iter().map(|tag| id(tag % shape.len())).filter(|tag| *tag != head && whole.contains(tag)).collect();
            let history = ancestry.cut(head, &tagged);
            for tag in tagged {
                let expected = whole.difference(&ancestry.reach([tag])).count();
                prop_assert_eq!(counted(&history, &parents, head, tag), expected);
            }
            for end in &history.shallow {
                prop_assert!(!parents[end].is_empty());
            }
        }
    }
}
