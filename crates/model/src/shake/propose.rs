//! The strictest world in which a command passes, as keys of the plan.
//!
//! [`step`] says from every run so far in which world the command has to run next, or what is proposed. The world without
//! any key comes first, because most commands need none. Where that one fails, worlds follow by strictness: a clock that
//! stands, one that starts, other numbers of processors, the real clock, nothing pinned. Where it passes and parts differ
//! from run to run, a clock that stands is tried, and proposed when it makes them equal.

use std::collections::{BTreeMap, BTreeSet};

use super::observation::{Facet, Level, Observation};
use super::variation::Variation;
use crate::execution::world::{CPUS, ClockMode, WorldSettings};

mod candidate;
#[cfg(test)]
mod tests;

pub use candidate::{Candidate, WorldPin};

/// What is asked about one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The clock that its line has without a key.
    pub usual: ClockMode,
    /// What the plan asks for today.
    pub own: WorldSettings,
    /// How many processors the machine has.
    pub processors: u32,
    /// How often a world is run before it counts, and as often again when it is checked.
    pub repeat: usize,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What it showed.
    pub observation: Observation,
    /// Whether the command succeeded.
    pub passed: bool,
}

/// Every run so far.
pub type Trials = BTreeMap<Candidate, Vec<Trial>>;

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProposalStep {
    /// The command has to run in this world once more.
    Run(Candidate),
    /// All is known.
    Done(Proposed),
}

/// What is proposed for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// It passes in this world, in every run.
    World {
        /// The keys.
        candidate: Candidate,
        /// The parts that still differ from run to run.
        differing: BTreeSet<Facet>,
        /// What the engine left out of that world.
        left_out: BTreeSet<Variation>,
    },
    /// It passes and fails in one and the same world.
    Flaky(Candidate),
    /// It passes nowhere.
    Nowhere,
}

/// Returns what comes next, given every run so far. The same runs give the same answer.
#[must_use]
pub fn step(question: &Question, trials: &Trials) -> ProposalStep {
    let asking = Asking { question, trials };
    let proposed = asking.chosen().and_then(|proposed| asking.explained(proposed));
    proposed.map_or_else(ProposalStep::Run, ProposalStep::Done)
}

/// Counts the runs of a world that passed, and all.
#[must_use]
pub fn counts(runs: &[Trial]) -> (usize, usize) {
    (runs.iter().filter(|run| run.passed).count(), runs.len())
}

/// Lists the parts in which runs differ from the first one, after the normalizers.
#[must_use]
pub fn differing(runs: &[Trial]) -> BTreeSet<Facet> {
    let Some(first) = runs.first() else { return BTreeSet::new() };
    let facets: BTreeSet<&Facet> = runs.iter().flat_map(|run| run.observation.facets()).collect();
    let differs = |facet: &&Facet| {
        let seen = first.observation.seen(facet);
        runs.iter().any(|run| !run.observation.seen(facet).is_equal(seen, Level::Canonical))
    };
    facets.into_iter().filter(differs).cloned().collect()
}

struct Asking<'a> {
    question: &'a Question,
    trials: &'a Trials,
}

/// Either a value, or the world that has to be run before there is one.
type Known<T> = Result<T, Candidate>;

/// How a command fares in a world.
#[derive(Debug, PartialEq, Eq)]
enum Fares {
    Passes(BTreeSet<Facet>),
    Fails,
    Both,
}

impl Asking<'_> {
    fn chosen(&self) -> Known<Proposed> {
        let own = self.own();
        for cpus in self.processors() {
            let [usual, other] = self.clocks(cpus);
            match self.fares(&usual)? {
                Fares::Both => return Ok(Proposed::Flaky(usual)),
                Fares::Passes(open) => {
                    // What the plan has already and is stricter stays; else a clock that stands has to be worth its key.
                    let asked = own == other && other.clock == Some(ClockMode::Stands);
                    let worth = self.usual_flows() && (asked || !open.is_empty());
                    if worth
                        && let Fares::Passes(left) = self.fares(&other)?
                        && left.is_subset(&open)
                        && (asked || left != open)
                        && let Fares::Passes(_) = self.checked(&other)?
                    {
                        return self.world(other);
                    }
                    return self.proposal(usual);
                }
                Fares::Fails => {}
            }
            match self.fares(&other)? {
                Fares::Both => return Ok(Proposed::Flaky(other)),
                Fares::Passes(_) => return self.proposal(other),
                Fares::Fails => {}
            }
        }
        let real = |cpus| Candidate { clock: Some(ClockMode::Real), cpus, ..Candidate::default() };
        let machine = Candidate { machine: true, ..Candidate::default() };
        for candidate in self.processors().into_iter().map(real).chain([machine]) {
            match self.fares(&candidate)? {
                Fares::Both => return Ok(Proposed::Flaky(candidate)),
                Fares::Passes(_) => return self.proposal(candidate),
                Fares::Fails => {}
            }
        }
        Ok(Proposed::Nowhere)
    }

    /// Asks for what names the cause: the plan's own world, and what no key lets go alone.
    fn explained(&self, proposed: Proposed) -> Known<Proposed> {
        let Proposed::World { candidate, .. } = &proposed else { return Ok(proposed) };
        self.need(&self.own(), 1)?;
        if candidate.machine {
            for pin in WorldPin::ALL {
                self.need(&Candidate { free: Some(pin), cpus: self.question.own.cpus, ..Candidate::default() }, 1)?;
            }
        }
        Ok(proposed)
    }

    /// Checks a world again before it is proposed, and the world without keys, which must not pass now.
    fn proposal(&self, candidate: Candidate) -> Known<Proposed> {
        if !matches!(self.checked(&candidate)?, Fares::Passes(_)) {
            return Ok(Proposed::Flaky(candidate));
        }
        let [usual, _] = self.clocks(self.question.own.cpus);
        if candidate != usual {
            self.need(&usual, 2)?;
            let (passed, runs) = counts(self.runs(&usual));
            if 0 < passed && passed < runs {
                return Ok(Proposed::Flaky(usual));
            }
        }
        self.world(candidate)
    }

    fn world(&self, candidate: Candidate) -> Known<Proposed> {
        let runs = self.runs(&candidate);
        let left_out = runs.iter().flat_map(|run| run.observation.left_out()).copied().collect();
        Ok(Proposed::World { differing: differing(runs), left_out, candidate })
    }

    fn checked(&self, candidate: &Candidate) -> Known<Fares> {
        self.need(candidate, 2 * self.question.repeat)?;
        self.fares(candidate)
    }

    /// One failure is enough for a world that fails at once; one that passed has to pass every time.
    fn fares(&self, candidate: &Candidate) -> Known<Fares> {
        self.need(candidate, 1)?;
        let runs = self.runs(candidate);
        match counts(runs) {
            (0, _) => Ok(Fares::Fails),
            (passed, all) if passed < all => Ok(Fares::Both),
            _ => self.need(candidate, self.question.repeat).map(|()| Fares::Passes(differing(runs))),
        }
    }

    /// Returns the worlds with these processors whose clock is ours: the one that the line has, and the other one.
    fn clocks(&self, cpus: Option<u32>) -> [Candidate; 2] {
        let other = if self.usual_flows() { ClockMode::Stands } else { ClockMode::Starts };
        let with = |clock| Candidate { clock, cpus, ..Candidate::default() };
        [with(None), with(Some(other))]
    }

    fn usual_flows(&self) -> bool {
        self.question.usual != ClockMode::Stands
    }

    /// Lists the numbers of processors that differ, the plan's first.
    fn processors(&self) -> Vec<Option<u32>> {
        let Question { own, processors, .. } = self.question;
        let told = |cpus: Option<u32>| cpus.unwrap_or(CPUS.min(*processors));
        let mut found: Vec<Option<u32>> = Vec::new();
        for cpus in [own.cpus, None, Some(*processors)] {
            if !found.iter().any(|other| told(*other) == told(cpus)) {
                found.push(cpus);
            }
        }
        found
    }

    /// Returns what the plan asks for today.
    fn own(&self) -> Candidate {
        let WorldSettings { clock, machine, cpus, .. } = self.question.own;
        let clock = clock.filter(|clock| clock.today() != self.question.usual);
        if machine {
            Candidate { machine, ..Candidate::default() }
        } else {
            Candidate { clock, cpus, ..Candidate::default() }
        }
    }

    fn need(&self, candidate: &Candidate, runs: usize) -> Known<()> {
        if self.runs(candidate).len() < runs { Err(candidate.clone()) } else { Ok(()) }
    }

    fn runs(&self, candidate: &Candidate) -> &[Trial] {
        self.trials.get(candidate).map_or(&[], Vec::as_slice)
    }
}

impl Question {
    /// Returns what the plan asks for today, as keys that differ from the default.
    #[must_use]
    pub fn today(&self) -> Candidate {
        Asking { question: self, trials: &Trials::new() }.own()
    }
}
