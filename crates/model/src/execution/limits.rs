//! How long a command may run and how much memory it may use: as the plan says, else by the engine's machine.
//!
//! A default never enters a digest: an action says [`super::action::UNSET_TIMEOUT`] where the plan says nothing, whatever the
//! machine, and no action names memory. The default is what the executor applies, and what the run record says that it applied.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::text::amount::{GIB, memory};

/// The machine that the engine runs containers on, as far as the engine says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EngineMachine {
    /// Its memory, in bytes.
    pub memory: Option<u64>,
    /// How many processors it has.
    pub processors: Option<u64>,
}

/// A limit, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit<T> {
    /// How much it allows.
    pub amount: T,
    /// Decides which key a hint names.
    pub source: LimitSource,
}

/// The plan, or a default of the machine or of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitSource {
    /// A key of the plan.
    Plan,
    /// The engine's machine, because the plan has no such key.
    Machine,
}

/// The work that a default time is enough for, in processor seconds: eight hours of one processor.
const USUAL_WORK: u64 = 8 * 3600;
/// The shortest and the longest default time, in seconds.
const USUAL_TIMES: (u64, u64) = (3600, 4 * 3600);
/// The processors that are assumed where the engine does not say.
const USUAL_PROCESSORS: u64 = 4;
/// The least that a command may use by default, as far as the machine has it, in bytes: compilers and scanners of a large
/// project need that much.
const USUAL_LEAST: u64 = 4 * GIB;

impl EngineMachine {
    /// Returns how long a command may run: what the plan says, else what eight hours of one processor are on this machine, one
    /// hour at least and four at most.
    #[must_use]
    pub fn timeout(self, plan: Option<Duration>) -> Limit<Duration> {
        if let Some(amount) = plan {
            return Limit { amount, source: LimitSource::Plan };
        }
        let (least, most) = USUAL_TIMES;
        let seconds = USUAL_WORK / self.processors.unwrap_or(USUAL_PROCESSORS).max(1);
        Limit { amount: Duration::from_secs(seconds.clamp(least, most)), source: LimitSource::Machine }
    }

    /// Returns how much memory a command may use, in bytes: what the plan says, else a processor's share of three quarters of
    /// the machine's, and 4 GiB at least where three quarters are that much. The rest is for the engine and everything else.
    #[must_use]
    pub fn memory(self, plan: Option<u64>) -> Limit<u64> {
        if let Some(amount) = plan {
            return Limit { amount, source: LimitSource::Plan };
        }
        let amount = self.memory.map_or(USUAL_LEAST, |machine| {
            let most = machine / 4 * 3;
            (most / self.processors.unwrap_or(USUAL_PROCESSORS).max(1)).max(USUAL_LEAST.min(most))
        });
        Limit { amount, source: LimitSource::Machine }
    }

    /// Says where a default time comes from, to follow the limit.
    pub(super) fn source_of_timeout(self) -> String {
        self.processors.map_or_else(
            || ", the default where the engine does not say what its machine has".to_owned(),
            |_| format!(", the default on a machine with {}", self.processors()),
        )
    }

    /// Says where a default amount of memory comes from, to follow the limit.
    pub(super) fn source_of_memory(self) -> String {
        self.memory.map_or_else(
            || ", the default where the engine does not say what its machine has".to_owned(),
            |bytes| format!(", the default on a machine with {} and {}", memory(bytes), self.processors()),
        )
    }

    fn processors(self) -> String {
        match self.processors {
            Some(1) => "1 processor".to_owned(),
            Some(count) => format!("{count} processors"),
            None => "an unknown number of processors".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_may_use_a_processors_share_and_enough_for_a_compiler() {
        let usual = |memory: u64, processors| {
            EngineMachine { memory: Some(memory << 30), processors: Some(processors) }.memory(None).amount >> 30
        };
        assert_eq!([usual(24, 2), usual(16, 8), usual(4, 2), usual(512, 64)], [9, 4, 3, 6]);
        assert_eq!(EngineMachine::default().memory(None).amount, 4 << 30);
        let hours = |processors| EngineMachine { memory: None, processors }.timeout(None).amount.as_secs() / 3600;
        assert_eq!([hours(Some(1)), hours(Some(2)), hours(Some(4)), hours(Some(64)), hours(None)], [4, 4, 2, 1, 2]);
    }

    #[test]
    fn the_plan_wins_over_every_machine() {
        let machine = EngineMachine { memory: Some(8 << 30), processors: Some(2) };
        let by_plan = machine.memory(Some(6 << 20));
        assert_eq!(by_plan, Limit { amount: 6 << 20, source: LimitSource::Plan });
        assert_eq!(machine.timeout(Some(Duration::from_secs(5))).source, LimitSource::Plan);
        assert_eq!(machine.timeout(None).source, LimitSource::Machine);
    }
}
