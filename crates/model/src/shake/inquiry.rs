//! One command's inquiry: from every run seen so far, what has to be run next, or what was found.
//!
//! The baseline is run `repeat` times and each world once. Where a part of the result differs from the baseline's first
//! run, [`bisect`] asks which variations are responsible, each question with `repeat` runs unless one of them differs at
//! once. What it blames is confirmed: [`CONFIRM`] runs of the culprits and as many of the baseline. A part that is
//! different by chance, with any probability, gets through that confirmation in 1 of 256 cases at most; in all others it
//! is told as a flake. As soon as runs of one world disagree, the baseline is run [`BASELINE`] times, and nothing counts
//! as equal before [`PATIENCE`] runs were.
//!
//! A world whose clock flows is never the same twice. So what differs between two runs of it is asked again with a clock
//! that stands, and is a flake only when it differs there, too. While a clock stands the times of files flow on, and the question is
//! asked the other way round.

use std::collections::{BTreeMap, BTreeSet};

use super::bisect::{self, SetOutcome};
use super::observation::{Facet, Level, Observation, Seen};
use super::variation::{ClockChange, Setting, Setup, Variation};
use crate::execution::world::ClockMode;

mod found;
#[cfg(test)]
mod tests;

pub use found::{Flowing, Inquiry, ShakeCause, ShakeFinding, UnsteadyPart};

/// How many runs of a cause, and of the baseline, a finding rests on at least.
pub const CONFIRM: usize = 4;
/// How many runs have to be equal before a world counts as equal, once chance is known to have a hand in it.
pub const PATIENCE: usize = 8;
/// How many runs of the baseline there are then.
pub const BASELINE: usize = 16;
/// One run in so many has to differ at least before a clock that stands can be told to take the difference away.
const SELDOM: usize = 4;

/// Every run seen so far, by the world it ran in; the empty setup is the baseline.
pub type ObservedRuns = BTreeMap<Setup, Vec<Observation>>;

/// The next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InquiryStep {
    /// The command has to be run in this world once more.
    Run(Setup),
    /// All is known.
    Done(Inquiry),
}

/// Returns what comes next, given the baseline's clock and every run so far. The same history gives the same answer.
#[must_use]
pub fn step(worlds: &[Setup], repeat: usize, clock: ClockMode, history: &ObservedRuns) -> InquiryStep {
    let asking = Asking { worlds, repeat: repeat.max(2), clock, history };
    match asking.inquire() {
        Ok(inquiry) => InquiryStep::Done(inquiry),
        Err(setup) => InquiryStep::Run(setup),
    }
}

struct Asking<'a> {
    worlds: &'a [Setup],
    repeat: usize,
    clock: ClockMode,
    history: &'a ObservedRuns,
}

/// Either a value, or the world that has to be run before there is one.
type Known<T> = Result<T, Setup>;

impl Asking<'_> {
    fn inquire(&self) -> Known<Inquiry> {
        self.need(&Setup::new(), self.repeat)?;
        for world in self.worlds {
            self.need(world, 1)?;
        }
        let runs = self.history.values().flatten();
        let facets: BTreeSet<Facet> = runs.clone().flat_map(Observation::facets).cloned().collect();
        let mut findings = Vec::new();
        for facet in &facets {
            for level in [Level::Canonical, Level::Raw] {
                findings.extend(self.finding(facet, level)?);
            }
        }
        let varied: BTreeSet<Variation> = self.worlds.iter().flat_map(|world| world.keys().copied()).collect();
        // Of the baseline too: without its world there is nothing that a variation could be told from.
        let left_out: BTreeSet<Variation> = runs.clone().flat_map(Observation::left_out).copied().collect();
        let not_applied = varied.intersection(&left_out).copied().collect();
        Ok(Inquiry { clock: self.clock, facets, findings, varied, not_applied, runs: runs.count() })
    }

    fn finding(&self, facet: &Facet, level: Level) -> Known<Option<ShakeFinding>> {
        let at = Target { asking: self, facet, level };
        let baseline = Setup::new();
        let unsteady = |flake| {
            let (flake, flowing) = at.by_itself(flake)?;
            Ok(Some(ShakeFinding { facet: facet.clone(), level, causes: Vec::new(), flake, flowing }))
        };
        if at.flake(&baseline).is_none() && at.is_unsteady() {
            self.need(&baseline, BASELINE)?;
        }
        if at.flake(&baseline).is_some() && level == Level::Canonical {
            self.need(&baseline, CONFIRM)?;
        }
        if let Some(flake) = at.flake(&baseline) {
            return unsteady(flake);
        }
        let mut causes: Vec<ShakeCause> = Vec::new();
        for world in self.worlds {
            // What is known to be responsible is taken away first: only what is left can tell something new.
            let known = |variation: &Variation| causes.iter().any(|cause| cause.setup.contains_key(variation));
            let rest: Vec<Variation> = world.keys().copied().filter(|variation| !known(variation)).collect();
            let whole = rest.len() == world.len();
            let responsible = match at.counts(world) {
                (0, _) => false,
                _ => whole || at.outcome(&only(world, &rest))? != SetOutcome::Equal,
            };
            if rest.is_empty() || !responsible {
                continue;
            }
            for set in bisect::causes(&rest, &mut |set| at.outcome(&only(world, set)))? {
                let setup = only(world, &set);
                self.need(&setup, CONFIRM)?;
                self.need(&baseline, CONFIRM)?;
                if let Some(flake) = at.flake(&baseline) {
                    return unsteady(flake);
                }
                causes.extend(at.cause(setup));
            }
        }
        let (mut flake, mut flowing) = (None, None);
        for found in causes.iter().filter(|cause| !cause.is_real_time()).filter_map(|cause| at.flake(&cause.setup)) {
            let (chance, time) = at.by_itself(found)?;
            (flake, flowing) = (flake.or(chance), flowing.or(time));
        }
        Ok((!causes.is_empty()).then(|| ShakeFinding { facet: facet.clone(), level, causes, flake, flowing }))
    }

    fn need(&self, setup: &Setup, runs: usize) -> Known<()> {
        if self.runs(setup).len() < runs { Err(setup.clone()) } else { Ok(()) }
    }

    /// Returns the clock of a world.
    fn clock(&self, setup: &Setup) -> ClockMode {
        match setup.get(&Variation::Clock) {
            Some(Setting::Clock(ClockChange::Mode(mode))) => *mode,
            _ => self.clock,
        }
    }

    fn runs(&self, setup: &Setup) -> &[Observation] {
        self.history.get(setup).map_or(&[], Vec::as_slice)
    }
}

/// A part in one form.
struct Target<'a> {
    asking: &'a Asking<'a>,
    facet: &'a Facet,
    level: Level,
}

impl Target<'_> {
    fn baseline(&self) -> &Seen {
        self.asking.runs(&Setup::new())[0].seen(self.facet)
    }

    /// Lists what the runs of a world showed that is not equal to this.
    fn others<'a>(&'a self, setup: &Setup, than: &'a Seen) -> impl Iterator<Item = &'a Seen> {
        let seen = self.asking.runs(setup).iter().map(|run| run.seen(self.facet));
        seen.filter(|seen| !seen.is_equal(than, self.level))
    }

    /// Counts the runs of a world that differ from the baseline, and all.
    fn counts(&self, setup: &Setup) -> (usize, usize) {
        (self.others(setup, self.baseline()).count(), self.asking.runs(setup).len())
    }

    fn outcome(&self, setup: &Setup) -> Known<SetOutcome> {
        match self.counts(setup) {
            (0, _) => {
                let runs = if self.is_unsteady() { PATIENCE } else { self.asking.repeat };
                self.asking.need(setup, runs).map(|()| SetOutcome::Equal)
            }
            (differing, runs) if differing == runs => Ok(SetOutcome::Differs),
            _ => Ok(SetOutcome::Unsteady),
        }
    }

    /// Whether runs of one world disagree about being equal to the baseline.
    fn is_unsteady(&self) -> bool {
        let unsteady = |(differing, runs)| 0 < differing && differing < runs;
        self.asking.history.keys().any(|setup| unsteady(self.counts(setup)))
    }

    fn cause(&self, setup: Setup) -> Option<ShakeCause> {
        let (differing, runs) = self.counts(&setup);
        let found = self.others(&setup, self.baseline()).next()?.clone();
        Some(ShakeCause { setup, differing, runs, baseline: self.baseline().clone(), found })
    }

    /// Tells chance from the clock: what differs while it flows has to be equal while it stands, and the command has to end there
    /// as it does in the baseline. While it stands the times of files are the machine's, which flow: what differs by them is equal
    /// where it starts, for there they are the command's.
    fn by_itself(&self, flake: UnsteadyPart) -> Known<(Option<UnsteadyPart>, Option<Flowing>)> {
        let others: &[ClockMode] = match self.asking.clock(&flake.setup) {
            ClockMode::Starts => &[ClockMode::Stands],
            ClockMode::Real | ClockMode::Unconfirmed => &[ClockMode::Stands, ClockMode::Starts],
            ClockMode::Stands | ClockMode::Pinned => &[ClockMode::Starts],
        };
        let always = self.is_never_the_same(&flake.setup);
        let mut flake = flake;
        if !always {
            // What differs seldom is equal often, standing or not: then nothing can be said of the clock.
            self.asking.need(&flake.setup, BASELINE)?;
            flake = self.flake(&flake.setup).unwrap_or(flake);
            if flake.differing * SELDOM < flake.runs {
                return Ok((Some(flake), None));
            }
        }
        for clock in others {
            // The times of files go on; what comes back is none of them.
            if *clock == ClockMode::Starts && self.goes_back(&flake.setup) {
                continue;
            }
            let (runs, other) = (if always { CONFIRM } else { BASELINE }, with_clock(&flake.setup, *clock));
            let Some(equal) = self.equal_runs(&other, runs)? else { continue };
            // On the command's own clock files have times of their own; what was seen before is chance.
            let known = |seen: &Seen| self.others(&other, seen).next().is_none();
            let mut before = self.asking.runs(&flake.setup).iter().map(|run| run.seen(self.facet));
            if *clock == ClockMode::Starts && before.any(known) {
                continue;
            }
            return Ok((None, Some(Flowing { flake, equal, clock: *clock })));
        }
        Ok((Some(flake), None))
    }

    /// Counts the runs of a world when there are so many, all are equal, and they end as the baseline does in a clock that was made.
    fn equal_runs(&self, setup: &Setup, runs: usize) -> Known<Option<usize>> {
        self.asking.need(setup, 1)?;
        let ending = self.asking.runs(&Setup::new())[0].seen(&Facet::Ending);
        let is_made =
            |run: &Observation| run.seen(&Facet::Ending) == ending && !run.left_out().contains(&Variation::Clock);
        if !self.asking.runs(setup).iter().all(is_made) || self.flake(setup).is_some() {
            return Ok(None);
        }
        self.asking.need(setup, runs)?;
        Ok(Some(self.asking.runs(setup).len()))
    }

    /// Whether a run of a world showed again what another one showed before something else.
    fn goes_back(&self, setup: &Setup) -> bool {
        let seen: Vec<&Seen> = self.asking.runs(setup).iter().map(|run| run.seen(self.facet)).collect();
        let equal = |one: &Seen, other: &Seen| one.is_equal(other, self.level);
        (1..seen.len())
            .any(|at| !equal(seen[at - 1], seen[at]) && seen[..at].iter().any(|before| equal(before, seen[at])))
    }

    /// Whether no two runs of a world showed the same.
    fn is_never_the_same(&self, setup: &Setup) -> bool {
        let seen: Vec<&Seen> = self.asking.runs(setup).iter().map(|run| run.seen(self.facet)).collect();
        let others = |index: usize| seen.iter().skip(index + 1);
        seen.iter().enumerate().all(|(index, one)| others(index).all(|other| !one.is_equal(other, self.level)))
    }

    /// Whether the runs of a world differ among themselves.
    fn flake(&self, setup: &Setup) -> Option<UnsteadyPart> {
        let runs = self.asking.runs(setup);
        let first = runs.first()?.seen(self.facet);
        let other = self.others(setup, first).next()?;
        Some(UnsteadyPart {
            setup: setup.clone(),
            differing: self.others(setup, first).count(),
            runs: runs.len(),
            evidence: [first.clone(), other.clone()],
        })
    }
}

/// Makes the clock of a world stand.
fn standing(setup: &Setup) -> Setup {
    with_clock(setup, ClockMode::Stands)
}

/// Returns a world another clock.
fn with_clock(setup: &Setup, mode: ClockMode) -> Setup {
    let mut setup = setup.clone();
    setup.insert(Variation::Clock, Setting::Clock(ClockChange::Mode(mode)));
    setup
}

/// Keeps of a world only these variations.
fn only(world: &Setup, variations: &[Variation]) -> Setup {
    world.iter().filter(|(variation, _)| variations.contains(variation)).map(|(v, setting)| (*v, *setting)).collect()
}
