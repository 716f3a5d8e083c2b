//! The labels that every container and volume carries that rcrepro makes, and what they say about an orphan.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Names the store that the process worked for.
pub(crate) const STORE: &str = "org.rcrepro.store";
/// Names the run, which is one process.
pub const RUN: &str = "org.rcrepro.run";
/// Names the execution, such as `RC-05/go-test`.
pub(crate) const LABEL: &str = "org.rcrepro.label";
/// The Unix time in seconds after which the thing is no longer needed.
pub(crate) const DEADLINE: &str = "org.rcrepro.deadline";

/// How long after its deadline a thing of any store counts as an orphan: clocks of a remote daemon's users may differ.
const DEADLINE_MARGIN: Duration = Duration::from_secs(3600);

/// How long beyond its time-out a container may be needed, for its deadline.
pub(crate) const DEADLINE_SLACK: Duration = Duration::from_secs(600);
/// How long a container may wait for its turn, with everything in it, before others may think that nobody comes back for it.
pub(crate) const TURN_SLACK: Duration = Duration::from_secs(24 * 3600);

/// The store and the run that a container or a volume is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    pub store_id: String,
    pub run_id: String,
}

impl Owner {
    /// Writes the labels of a thing that is needed for `lifetime` from `now` on.
    pub fn labels(&self, label: &str, now: SystemTime, lifetime: Duration) -> HashMap<String, String> {
        let deadline = seconds(now).saturating_add(lifetime.as_secs());
        [
            (STORE, self.store_id.clone()),
            (RUN, self.run_id.clone()),
            (LABEL, label.into()),
            (DEADLINE, deadline.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Decides whether a labelled thing is an orphan: one of this store whose run is dead, or one of any store whose
    /// deadline has passed by an hour. A thing without our labels is never one.
    pub fn is_orphan(
        &self,
        labels: &HashMap<String, String>,
        now: SystemTime,
        is_alive: &dyn Fn(&str, &str) -> bool,
    ) -> bool {
        let (Some(store), Some(run)) = (labels.get(STORE), labels.get(RUN)) else { return false };
        if *store == self.store_id {
            return *run != self.run_id && !is_alive(store, run);
        }
        let deadline = labels.get(DEADLINE).and_then(|text| text.parse::<u64>().ok());
        deadline.is_some_and(|deadline| deadline.saturating_add(DEADLINE_MARGIN.as_secs()) < seconds(now))
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(store: &str, run: &str) -> Owner {
        Owner { store_id: store.into(), run_id: run.into() }
    }

    #[test]
    fn orphans_are_the_dead_of_this_store_and_the_long_expired_of_any() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let me = owner("store", "me");
        let decide = |of: &Owner, lifetime: u64, later: u64| {
            let labels = of.labels("x", now, Duration::from_secs(lifetime));
            me.is_orphan(&labels, now + Duration::from_secs(later), &|_, run| run == "alive")
        };
        assert!(decide(&owner("store", "dead"), 60, 0));
        assert!(!decide(&owner("store", "alive"), 60, 100_000));
        assert!(!decide(&me, 60, 100_000), "my own things are removed by me");
        assert!(!decide(&owner("other", "dead"), 60, 100));
        assert!(decide(&owner("other", "dead"), 60, 3_700));
        assert!(!me.is_orphan(&HashMap::new(), now, &|_, _| false), "what is not ours");
    }
}
