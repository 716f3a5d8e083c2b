//! The lanes of a packet's commands, and who of those that are ready waits for memory.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use rcrepro_engine::Lanes;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::event::Shortage;

/// The lanes, and the commands that no lane can help.
pub(super) struct LaneQueue {
    pub(super) lanes: Lanes,
    /// How many lanes there are.
    count: usize,
    /// Once it is cancelled, no further command begins.
    pub(super) closed: CancellationToken,
    for_memory: Mutex<BTreeSet<Name>>,
    changed: Notify,
}

impl LaneQueue {
    /// Opens so many lanes, one at least, until `stop` is cancelled.
    pub(super) fn new(count: usize, stop: &CancellationToken) -> Self {
        let count = count.max(1);
        Self {
            lanes: Lanes::new(count),
            count,
            closed: stop.child_token(),
            for_memory: Mutex::default(),
            changed: Notify::new(),
        }
    }

    /// Notes what a command waits for.
    pub(super) fn waits(&self, id: &Name, shortage: &Shortage) {
        let mut waiting = self.for_memory();
        let changed = match shortage {
            Shortage::Memory { .. } => waiting.insert(id.clone()),
            Shortage::Lane { .. } => waiting.remove(id),
        };
        if changed {
            self.changed.notify_one();
        }
    }

    /// Notes that a command waits no longer.
    pub(super) fn began(&self, id: &Name) {
        self.for_memory().remove(id);
    }

    /// How many commands may be made ready at once: one more than there are lanes, so that its container is ready when a lane
    /// becomes free; and another one for each that waits for memory, as many as there are lanes at most.
    pub(super) fn room(&self) -> usize {
        self.count + 1 + self.for_memory().len().min(self.count)
    }

    /// Waits until there may be more room.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn for_memory(&self) -> MutexGuard<'_, BTreeSet<Name>> {
        self.for_memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
