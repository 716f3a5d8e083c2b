//! A command that failed is executed again in looser worlds, only to say which pin it fails by.
//!
//! Nothing here changes a verdict. [`next`] says, from the command's own world and every look so far, which world comes
//! next or what the looks come to; [`told`] has the sentence that reports print and the run record keeps.

use std::time::Duration;

use super::world::{ClockMode, WallClock, World};

/// How long the second looks of a packet may take in all.
pub const BUDGET: Duration = Duration::from_secs(15 * 60);

/// A world in which a failed command is executed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// Its own, with a wall clock that flows.
    Flows,
    /// Its own, with the machine's wall clock, and no time held still.
    RealClock,
    /// The machine's: nothing is pinned.
    Machine,
    /// Its own, once more.
    Own,
}

impl Look {
    /// Returns the words that progress and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flows => "a clock that flows",
            Self::RealClock => "the real clock",
            Self::Machine => "the machine's own world",
            Self::Own => "the same world",
        }
    }

    /// Returns the line of a plan that gives the command this world; none for the world that it has.
    #[must_use]
    pub const fn key(self) -> Option<&'static str> {
        match self {
            Self::Flows => Some("clock = \"starts\""),
            Self::RealClock => Some("clock = \"real\""),
            Self::Machine => Some("world = \"machine\""),
            Self::Own => None,
        }
    }

    /// Makes the world from the command's own.
    #[must_use]
    pub fn world(self, own: &World) -> World {
        match self {
            Self::Flows => {
                let wall = own.wall.epoch().map_or(WallClock::Real, WallClock::Starts);
                World { wall, ..own.clone() }
            }
            Self::RealClock => own.clone().with_real_clock(),
            Self::Machine => World::real(),
            Self::Own => own.clone(),
        }
    }
}

/// Lists the worlds in which a command of this world is looked at again, the strictest first. What is not pinned cannot be
/// let go: none for a command that has the machine's own world.
#[must_use]
pub fn ladder(own: &World) -> Vec<Look> {
    let mut looks = Vec::new();
    if own.clock() == ClockMode::Stands {
        looks.push(Look::Flows);
    }
    if own.clock() != ClockMode::Real {
        looks.push(Look::RealClock);
    }
    if Look::RealClock.world(own) != World::real() {
        looks.push(Look::Machine);
    }
    looks
}

/// One look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    /// The world.
    pub look: Look,
    /// Whether the command succeeded in it.
    pub passed: bool,
    /// The status that the command ended with in this look.
    pub exit_code: i32,
    /// How long it ran.
    pub took: Duration,
}

/// What comes after the looks so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// The command is executed in this world.
    Run(Look),
    /// All is known.
    Done(Account),
}

/// What the looks come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// It passed twice in this world, and failed in its own before and between.
    Pin(Look),
    /// It passed in its own world, too.
    Flaky,
    /// It passed and failed in this world.
    Unsteady(Look),
    /// It failed in every world.
    Everywhere,
    /// The looks ended before anything was known.
    Unfinished(Unfinished),
}

/// Why looks ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfinished {
    /// The command takes too long for another look.
    TookLong(Duration),
    /// A look could not be decided, with the reason.
    Broke(String),
}

/// Returns what comes after these looks. The first world in which the command passes is compared with its own world once more,
/// and then asked again, so that chance is not taken for a pin.
#[must_use]
pub fn next(own: &World, looked: &[Looked]) -> Next {
    let runs = |look| looked.iter().filter(move |one| one.look == look).map(|one| one.passed).collect::<Vec<_>>();
    let Some(first) = looked.iter().find(|one| one.passed && one.look != Look::Own) else {
        let open = ladder(own).into_iter().find(|look| runs(*look).is_empty());
        return open.map_or(Next::Done(Account::Everywhere), Next::Run);
    };
    match (runs(Look::Own).first(), runs(first.look).get(1)) {
        (None, _) => Next::Run(Look::Own),
        (Some(true), _) => Next::Done(Account::Flaky),
        (Some(false), None) => Next::Run(first.look),
        (Some(false), Some(true)) => Next::Done(Account::Pin(first.look)),
        (Some(false), Some(false)) => Next::Done(Account::Unsteady(first.look)),
    }
}

/// Whether one more look may be taken: the command took so long before, and so much of [`BUDGET`] is spent.
#[must_use]
pub fn is_affordable(spent: Duration, took: Duration) -> bool {
    spent.saturating_add(took) <= BUDGET
}

/// What was found about a command that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondLook {
    /// The looks, in their order.
    pub looked: Vec<Looked>,
    /// What they come to.
    pub account: Account,
}

#[cfg(test)]
mod tests;
pub mod told;
