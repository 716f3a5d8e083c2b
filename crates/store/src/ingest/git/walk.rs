//! A walk over a commit's tree that meets its limit on the way: a few objects can name more entries than any memory holds.

use std::ops::ControlFlow;

use gix::bstr::BStr;
use gix::objs::tree::EntryRef;
use gix::traverse::tree::recorder::Entry;
use gix::traverse::tree::visit::Action;
use gix::traverse::tree::{Recorder, Visit};

use super::error::GitError;
use crate::ingest::{IngestLimits, Meter};

/// Records the entries that are not folders, in git's order, and stops at the first fault.
pub(super) struct Walk {
    recorder: Recorder,
    meter: Meter,
    fault: Option<GitError>,
    entries: usize,
}

impl Walk {
    /// Begins a walk that ends when there is more than `limits` allow; folders count, too.
    pub(super) fn new(limits: IngestLimits) -> Self {
        Self { recorder: Recorder::default(), meter: Meter::new(limits), fault: None, entries: 0 }
    }

    /// Returns what was recorded, or why the walk ended early.
    pub(super) fn finish(self) -> Result<Vec<Entry>, GitError> {
        self.fault.map_or(Ok(self.recorder.records), Err)
    }

    /// Whether the walk ended early.
    pub(super) const fn is_cut(&self) -> bool {
        self.fault.is_some()
    }

    fn take(&mut self, name: &BStr) -> Action {
        self.entries += 1;
        let fault = match self.meter.entry() {
            Err(source) => Some(GitError::Limit { source }),
            Ok(()) if is_malformed(name) => {
                Some(GitError::Malformed { path: self.recorder.path().to_vec().escape_ascii().to_string() })
            }
            Ok(()) => None,
        };
        self.fault = fault;
        if self.fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(true) }
    }
}

/// Whether no git would write an entry of this name: it would stand elsewhere, or in git's own folder.
pub(crate) fn is_malformed(name: &[u8]) -> bool {
    name.is_empty() || name.contains(&b'/') || name.contains(&0) || name.eq_ignore_ascii_case(b".git")
}

impl Visit for Walk {
    fn pop_back_tracked_path_and_set_current(&mut self) {
        self.recorder.pop_back_tracked_path_and_set_current();
    }

    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.recorder.pop_front_tracked_path_and_set_current();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.recorder.push_back_tracked_path_component(component);
    }

    fn push_path_component(&mut self, component: &BStr) {
        self.recorder.push_path_component(component);
    }

    fn pop_path_component(&mut self) {
        self.recorder.pop_path_component();
    }

    fn visit_tree(&mut self, entry: &EntryRef<'_>) -> Action {
        self.take(entry.filename)
    }

    fn visit_nontree(&mut self, entry: &EntryRef<'_>) -> Action {
        match self.take(entry.filename) {
            ControlFlow::Continue(_) => self.recorder.visit_nontree(entry),
            cut => cut,
        }
    }
}

#[cfg(test)]
mod tests {
    use gix::objs::tree::EntryKind;

    use super::*;

    fn see(walk: &mut Walk, name: &str) -> Action {
        let id = gix::ObjectId::null(gix::hash::Kind::Sha1);
        let entry = EntryRef { mode: EntryKind::Tree.into(), filename: name.into(), oid: &id };
        walk.visit_tree(&entry)
    }

    #[test]
    fn no_entry_beyond_the_limit_is_looked_at() {
        let mut walk = Walk::new(IngestLimits { entries: 3, ..IngestLimits::default() });
        let looks = (0..100).take_while(|_| see(&mut walk, "a").is_continue()).count();
        assert_eq!((looks, walk.entries, walk.is_cut()), (3, 4, true));
        assert!(matches!(walk.finish(), Err(GitError::Limit { .. })));
    }

    #[test]
    fn names_that_no_git_writes_are_malformed() {
        for name in ["a/b", ".git", ".GIT", "", "a\0b"] {
            assert!(is_malformed(name.as_bytes()), "{name:?}");
            assert!(see(&mut Walk::new(IngestLimits::default()), name).is_break());
        }
        for name in ["a", ".gitignore", ".github", "..."] {
            assert!(!is_malformed(name.as_bytes()), "{name:?}");
        }
    }
}
