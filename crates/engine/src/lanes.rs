//! Which executions may run at the same time: as many as there are lanes, and as long as what they may use together is not more
//! than the machine's memory.
//!
//! Both are taken in one step, so that nobody holds a lane while it waits for memory. What fits goes, and may overtake one
//! that needs more: a packet's commands are finite, so that the large one has its turn.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use rcrepro_model::execution::event::Shortage;

/// The memory of an engine's machine, of which every execution takes what it may use before it begins.
#[derive(Debug, Default)]
pub struct MemoryPool {
    /// In bytes; without it nothing is bounded.
    total: Option<u64>,
    taken: Mutex<TakenMemory>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct TakenMemory {
    /// Tells executions of one name apart.
    next: u64,
    by: Vec<(u64, String, u64)>,
}

/// So many executions of one kind may run at the same time.
#[derive(Debug)]
pub struct Lanes {
    lanes: usize,
    taken: Mutex<Vec<(u64, String)>>,
}

/// An execution's turn among others. An engine makes everything ready, then takes the turn, and keeps it until the end.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// What bounds how many run at once.
    pub lanes: &'a Lanes,
    /// Called when the command begins.
    pub began: &'a (dyn Fn() + Sync),
    /// Cancelled when nothing begins any more; what has begun goes on.
    pub closed: &'a CancellationToken,
    /// Called when the command is ready and has to wait, and again when it waits for something else.
    pub waits: &'a (dyn Fn(Shortage) + Sync),
}

/// What an execution has taken, given back when it is dropped.
#[derive(Debug)]
pub struct TurnPermit<'a> {
    lanes: Option<&'a Lanes>,
    pool: &'a MemoryPool,
    ticket: u64,
}

impl MemoryPool {
    /// Holds the whole memory of a machine, in bytes; without it nothing is bounded.
    #[must_use]
    pub fn new(total: Option<u64>) -> Self {
        Self { total, ..Self::default() }
    }

    /// Takes memory and a lane, or says what is missing.
    fn try_take<'a>(&'a self, name: &str, bytes: u64, lanes: Option<&'a Lanes>) -> Result<TurnPermit<'a>, Shortage> {
        let mut in_lanes = lanes.map(|lanes| (lanes.lanes, lock(&lanes.taken)));
        let mut taken = lock(&self.taken);
        let in_use: u64 = taken.by.iter().map(|(.., bytes)| bytes).sum();
        // Who may use more than there is runs alone.
        let bytes = self.total.map_or(0, |total| bytes.min(total));
        if let Some(of) = self.total.filter(|total| in_use.saturating_add(bytes) > *total) {
            let taken_by = taken.by.iter().map(|(_, name, _)| name.clone()).collect();
            return Err(Shortage::Memory { taken: in_use, of, taken_by });
        }
        if let Some((lanes, in_lanes)) = &in_lanes
            && in_lanes.len() >= *lanes
        {
            let taken_by = in_lanes.iter().map(|(_, name)| name.clone()).collect();
            return Err(Shortage::Lane { lanes: *lanes, taken_by });
        }
        let ticket = taken.next;
        taken.next += 1;
        taken.by.push((ticket, name.to_owned(), bytes));
        if let Some((_, taken)) = &mut in_lanes {
            taken.push((ticket, name.to_owned()));
        }
        Ok(TurnPermit { lanes, pool: self, ticket })
    }
}

impl Lanes {
    /// Lets so many run at once, one at least.
    #[must_use]
    pub fn new(lanes: usize) -> Self {
        Self { lanes: lanes.max(1), taken: Mutex::default() }
    }
}

impl MemoryPool {
    /// Waits until there is room for an execution of this name that may use so many bytes, and says that its command begins;
    /// none when that was cancelled, or nothing begins any more.
    pub async fn take<'a>(
        &'a self,
        (name, bytes): (&str, u64),
        turn: Option<Turn<'a>>,
        cancel: &CancellationToken,
    ) -> Option<TurnPermit<'a>> {
        let mut said = None;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            if turn.is_some_and(|turn| turn.closed.is_cancelled()) {
                return None;
            }
            let shortage = match self.try_take(name, bytes, turn.map(|turn| turn.lanes)) {
                Ok(permit) => {
                    if let Some(turn) = turn {
                        (turn.began)();
                    }
                    return Some(permit);
                }
                Err(shortage) => shortage,
            };
            if said.as_ref() != Some(&shortage) {
                if let Some(turn) = turn {
                    (turn.waits)(shortage.clone());
                }
                said = Some(shortage);
            }
            tokio::select! {
                () = changed => {}
                () = cancel.cancelled() => return None,
                () = closed(turn) => return None,
            }
        }
    }
}

impl Drop for TurnPermit<'_> {
    fn drop(&mut self) {
        if let Some(lanes) = self.lanes {
            lock(&lanes.taken).retain(|(ticket, _)| *ticket != self.ticket);
        }
        lock(&self.pool.taken).by.retain(|(ticket, ..)| *ticket != self.ticket);
        self.pool.changed.notify_waiters();
    }
}

impl std::fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Turn({:?})", self.lanes)
    }
}

/// Waits until nothing begins any more.
async fn closed(turn: Option<Turn<'_>>) {
    match turn {
        Some(turn) => turn.closed.cancelled().await,
        None => std::future::pending().await,
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Lists of plain values, whole at every moment.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_six_never_share_eight() {
        let pool = MemoryPool::new(Some(8 << 30));
        let lanes = Lanes::new(4);
        let first = pool.try_take("go-test", 6 << 30, Some(&lanes)).expect("all is free");
        let missing = pool.try_take("vitest", 6 << 30, Some(&lanes)).expect_err("no room");
        assert_eq!(missing.to_string(), "waits for memory: 6 GiB of 8 GiB taken by go-test");
        let small = pool.try_take("lint", 2 << 30, Some(&lanes)).expect("the rest");
        let missing = pool.try_take("tsc", 1, Some(&lanes)).expect_err("no room");
        assert_eq!(missing.to_string(), "waits for memory: 8 GiB of 8 GiB taken by go-test, lint");
        drop((first, small));
        pool.try_take("vitest", 6 << 30, Some(&lanes)).expect("all is free again");
    }

    #[test]
    fn who_waits_for_memory_holds_no_lane() {
        let pool = MemoryPool::new(Some(8 << 30));
        let lanes = Lanes::new(2);
        let _first = pool.try_take("a", 1 << 30, Some(&lanes)).expect("free");
        pool.try_take("large", 8 << 30, Some(&lanes)).expect_err("no room");
        let second = pool.try_take("b", 1 << 30, Some(&lanes)).expect("the lane was not kept");
        let missing = pool.try_take("c", 1, Some(&lanes)).expect_err("no lane");
        assert_eq!(missing.to_string(), "waits for a lane: 2 of 2 taken by a, b");
        pool.try_take("step", 1, None).expect("a step without a turn needs no lane");
        drop(second);
        pool.try_take("c", 1, Some(&lanes)).expect("a lane");
    }

    #[test]
    fn who_may_use_more_than_there_is_runs_alone() {
        let pool = MemoryPool::new(Some(8 << 30));
        let large = pool.try_take("large", 32 << 30, None).expect("alone");
        pool.try_take("small", 1, None).expect_err("no room beside it");
        drop(large);
        let _small = pool.try_take("small", 1, None).expect("free");
        pool.try_take("large", 32 << 30, None).expect_err("not alone");
        let unknown = MemoryPool::new(None);
        let _one = unknown.try_take("one", u64::MAX, None).expect("nothing is bounded");
        unknown.try_take("other", u64::MAX, None).expect("nothing is bounded");
    }
}
