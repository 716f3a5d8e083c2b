//! The sentences about a failure that reports print and the run record keeps.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Account, BUDGET, Look, Looked, SecondLook, Unfinished};
use crate::execution::attempt::{NetworkAttempt, Watch};
use crate::execution::world::{ClockMode, World};
use crate::plan::packet_id::PacketId;

/// How many attempts at the network a hint names.
const NAMED: usize = 3;

/// A second look as reports and the run record have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondLookEntry {
    /// `pin`, `flaky`, `everywhere` or `unfinished`.
    pub kind: String,
    /// The sentence.
    pub says: String,
    /// The line of the plan with which the command passes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// The looks, in their order.
    pub looks: Vec<LookEntry>,
}

/// One look as reports and the run record have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookEntry {
    /// The world, in words.
    pub world: String,
    /// Whether the command succeeded.
    pub passed: bool,
    /// The status that the command ended with in this look.
    pub exit_code: i32,
    /// How long it ran, in milliseconds by the engine's clock.
    pub duration_ms: u64,
}

/// What is shown beside a failure, or beside a pass that may not be what it seems.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailureNotes {
    /// What the second look found, where there was one.
    pub second_look: Option<SecondLookEntry>,
    /// What it tried to reach, where it did.
    pub network: Option<String>,
    /// What its calls of git came to, where there were any: it may have passed anyway.
    pub git: Option<String>,
    /// That it passes with the whole source, where it sees a part of it.
    pub sees: Option<String>,
    /// That declared outputs are as the source has them, where they are: it may have made nothing.
    pub unchanged: Option<String>,
}

impl FailureNotes {
    /// Lists the sentences.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        let look = self.second_look.iter().map(|look| look.says.as_str());
        look.chain(self.network.as_deref())
            .chain(self.git.as_deref())
            .chain(self.sees.as_deref())
            .chain(self.unchanged.as_deref())
    }
}

impl SecondLook {
    /// Puts it into words.
    #[must_use]
    pub fn entry(&self, own: &World, packet: &PacketId) -> SecondLookEntry {
        let (kind, key) = match &self.account {
            Account::Pin(look) => ("pin", look.key()),
            Account::Flaky | Account::Unsteady(_) => ("flaky", None),
            Account::Everywhere => ("everywhere", None),
            Account::Unfinished(_) => ("unfinished", None),
        };
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let look = |one: &Looked| LookEntry {
            world: one.look.as_str().to_owned(),
            passed: one.passed,
            exit_code: one.exit_code,
            duration_ms: ms(one.took),
        };
        SecondLookEntry {
            kind: kind.to_owned(),
            says: self.sentence(own, packet),
            key: key.map(str::to_owned),
            looks: self.looked.iter().map(look).collect(),
        }
    }

    fn sentence(&self, own: &World, packet: &PacketId) -> String {
        match &self.account {
            Account::Pin(Look::Flows) => "fails only if the clock stands still: clock = \"starts\"".to_owned(),
            Account::Pin(Look::RealClock) => "fails only with a pinned wall clock: clock = \"real\"".to_owned(),
            Account::Pin(Look::Machine | Look::Own) => {
                let clock = if own.clock() == ClockMode::Real { "" } else { "clock, " };
                format!(
                    "fails only in the pinned world ({clock}processors, order of directories, seeds): \
                     world = \"machine\"; rcrepro shake {packet} --propose finds which"
                )
            }
            Account::Flaky => "passed when it was run again in the same world: flaky by itself".to_owned(),
            Account::Unsteady(look) => format!("passes and fails with {}: flaky by itself", look.as_str()),
            Account::Everywhere => "fails with the machine's own world, too".to_owned(),
            Account::Unfinished(why) => self.unfinished(why, packet),
        }
    }

    fn unfinished(&self, why: &Unfinished, packet: &PacketId) -> String {
        let (why, advice) = match why {
            Unfinished::TookLong(took) => {
                let minutes = took.as_secs().div_ceil(60).max(1);
                let all = BUDGET.as_secs() / 60;
                let rest = if *took > BUDGET { String::new() } else { format!(" of the {all} for all second looks") };
                (format!("it took {minutes} min{rest}"), format!("; rcrepro shake {packet} --propose"))
            }
            Unfinished::Broke(reason) => (reason.clone(), String::new()),
        };
        match self.looked.last() {
            None => format!("not looked at again: {why}{advice}"),
            Some(last) => {
                let passed = self.looked.iter().find(|one| one.passed);
                let known = passed.map_or_else(
                    || format!("fails with {}, too", last.look.as_str()),
                    |one| format!("passed once with {}", one.look.as_str()),
                );
                format!("{known}; not looked at further: {why}{advice}")
            }
        }
    }
}

/// Returns what a failed command tried to reach; nothing where it tried nothing.
#[must_use]
pub fn network_hint(watch: &Watch) -> Option<String> {
    let attempts = watch.attempts();
    let one = |attempt: &NetworkAttempt| {
        let name = attempt.name.as_ref().map_or_else(String::new, |name| format!(", {name}"));
        format!("{} → {}{name}", attempt.process, attempt.address)
    };
    let mut named: Vec<String> = Vec::new();
    for text in attempts.iter().map(one) {
        if !named.contains(&text) {
            named.push(text);
        }
    }
    let more = named.len().saturating_sub(NAMED);
    named.truncate(NAMED);
    if more > 0 {
        named.push(format!("{more} more"));
    }
    (!named.is_empty()).then(|| format!("it also tried to reach the network ({}): that may be why", named.join("; ")))
}
