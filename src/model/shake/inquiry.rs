//! One command's inquiry: from every run seen so far, what has to be run next, or what was found.
//!
//! The baseline is run `repeat` times and each world once. Where a part of the result differs from the baseline's first
//! run, [`bisect`] asks which variations are responsible, each question with `repeat` runs unless one of them differs at
//! once. What it blames is confirmed: [`CONFIRM`] runs of the culprits and as many of the baseline. A part that is
//! different by chance, with any probability, gets through that confirmation in 1 of 256 cases at most; in all others it
//! is told as a flake. As soon as runs of one world disagree, the baseline is run [`BASELINE`] times, and nothing counts
//! as equal before [`PATIENCE`] runs were.

use std::collections::{BTreeMap, BTreeSet};

use super::bisect::{self, Outcome};
use super::observation::{Facet, Level, Observation, Seen};
use super::variation::{Setup, Variation};

/// How many runs of a cause, and of the baseline, a finding rests on at least.
pub const CONFIRM: usize = 4;
/// How many runs have to be equal before a world counts as equal, once chance is known to have a hand in it.
pub const PATIENCE: usize = 8;
/// How many runs of the baseline there are then.
pub const BASELINE: usize = 16;

/// Holds every run seen so far, by the world it ran in; the empty setup is the baseline.
pub type History = BTreeMap<Setup, Vec<Observation>>;

/// Says what comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The command has to be run in this world once more.
    Run(Setup),
    /// All is known.
    Done(Inquiry),
}

/// Is what was found about one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// Every part that any run showed.
    pub facets: BTreeSet<Facet>,
    /// What differs: a part at most once in each form.
    pub findings: Vec<Finding>,
    /// The variations of the worlds.
    pub varied: BTreeSet<Variation>,
    /// Variations that were asked for and that the engine did not carry out.
    pub not_applied: BTreeSet<Variation>,
    /// How often the command ran.
    pub runs: usize,
}

/// Is a part that differs, in one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The part.
    pub facet: Facet,
    /// The form in which it was compared.
    pub level: Level,
    /// What is responsible; nothing when it differs in the baseline already.
    pub causes: Vec<Cause>,
    /// Where it differs between runs of one and the same world.
    pub flake: Option<Flake>,
}

/// Is a smallest set of variations that changes a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The variations with their settings.
    pub setup: Setup,
    /// How many runs under it differed from the baseline.
    pub differing: usize,
    /// How many runs under it there were.
    pub runs: usize,
    /// What the baseline showed.
    pub baseline: Seen,
    /// What the first differing run showed.
    pub found: Seen,
}

/// Is a part that differs between runs of one and the same world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flake {
    /// The world; the baseline when it is empty.
    pub setup: Setup,
    /// How many runs differed from the first one.
    pub differing: usize,
    /// How many runs of this world there were.
    pub runs: usize,
    /// What the first run showed, and the first one that differed from it.
    pub evidence: [Seen; 2],
}

impl Cause {
    /// Tells whether runs under it may differ among themselves because real time passes, and for no other reason.
    fn is_real_time(&self) -> bool {
        let real = self.setup.values().any(|setting| !setting.is_identical_every_time());
        real && (self.differing == self.runs || self.setup.len() == 1)
    }
}

impl Inquiry {
    /// Finds what was found about a part in one form.
    #[must_use]
    pub fn finding(&self, facet: &Facet, level: Level) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.facet == *facet && finding.level == level)
    }

    /// Tells whether anything differs after the normalizers.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Canonical)
    }
}

/// Says what comes next, given every run so far. The same history gives the same answer.
#[must_use]
pub fn step(worlds: &[Setup], repeat: usize, history: &History) -> Step {
    let asking = Asking { worlds, repeat: repeat.max(2), history };
    match asking.inquire() {
        Ok(inquiry) => Step::Done(inquiry),
        Err(setup) => Step::Run(setup),
    }
}

struct Asking<'a> {
    worlds: &'a [Setup],
    repeat: usize,
    history: &'a History,
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
        Ok(Inquiry { facets, findings, varied, not_applied, runs: runs.count() })
    }

    fn finding(&self, facet: &Facet, level: Level) -> Known<Option<Finding>> {
        let at = Target { asking: self, facet, level };
        let baseline = Setup::new();
        let flaky = |flake| Ok(Some(Finding { facet: facet.clone(), level, causes: Vec::new(), flake: Some(flake) }));
        if at.flake(&baseline).is_none() && at.is_unsteady() {
            self.need(&baseline, BASELINE)?;
        }
        if at.flake(&baseline).is_some() && level == Level::Canonical {
            self.need(&baseline, CONFIRM)?;
        }
        if let Some(flake) = at.flake(&baseline) {
            return flaky(flake);
        }
        let mut causes: Vec<Cause> = Vec::new();
        for world in self.worlds {
            // What is known to be responsible is taken away first: only what is left can tell something new.
            let known = |variation: &Variation| causes.iter().any(|cause| cause.setup.contains_key(variation));
            let rest: Vec<Variation> = world.keys().copied().filter(|variation| !known(variation)).collect();
            let whole = rest.len() == world.len();
            let responsible = match at.counts(world) {
                (0, _) => false,
                _ => whole || at.outcome(&only(world, &rest))? != Outcome::Equal,
            };
            if rest.is_empty() || !responsible {
                continue;
            }
            for set in bisect::causes(&rest, &mut |set| at.outcome(&only(world, set)))? {
                let setup = only(world, &set);
                self.need(&setup, CONFIRM)?;
                self.need(&baseline, CONFIRM)?;
                if let Some(flake) = at.flake(&baseline) {
                    return flaky(flake);
                }
                causes.extend(at.cause(setup));
            }
        }
        let flake = causes.iter().filter(|cause| !cause.is_real_time()).find_map(|cause| at.flake(&cause.setup));
        Ok((!causes.is_empty()).then(|| Finding { facet: facet.clone(), level, causes, flake }))
    }

    fn need(&self, setup: &Setup, runs: usize) -> Known<()> {
        if self.runs(setup).len() < runs { Err(setup.clone()) } else { Ok(()) }
    }

    fn runs(&self, setup: &Setup) -> &[Observation] {
        self.history.get(setup).map_or(&[], Vec::as_slice)
    }
}

/// Is a part in one form.
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

    fn outcome(&self, setup: &Setup) -> Known<Outcome> {
        match self.counts(setup) {
            (0, _) => {
                let runs = if self.is_unsteady() { PATIENCE } else { self.asking.repeat };
                self.asking.need(setup, runs).map(|()| Outcome::Equal)
            }
            (differing, runs) if differing == runs => Ok(Outcome::Differs),
            _ => Ok(Outcome::Unsteady),
        }
    }

    /// Tells whether runs of one world disagree about being equal to the baseline.
    fn is_unsteady(&self) -> bool {
        let unsteady = |(differing, runs)| 0 < differing && differing < runs;
        self.asking.history.keys().any(|setup| unsteady(self.counts(setup)))
    }

    fn cause(&self, setup: Setup) -> Option<Cause> {
        let (differing, runs) = self.counts(&setup);
        let found = self.others(&setup, self.baseline()).next()?.clone();
        Some(Cause { setup, differing, runs, baseline: self.baseline().clone(), found })
    }

    /// Tells whether the runs of a world differ among themselves.
    fn flake(&self, setup: &Setup) -> Option<Flake> {
        let runs = self.asking.runs(setup);
        let first = runs.first()?.seen(self.facet);
        let other = self.others(setup, first).next()?;
        Some(Flake {
            setup: setup.clone(),
            differing: self.others(setup, first).count(),
            runs: runs.len(),
            evidence: [first.clone(), other.clone()],
        })
    }
}

/// Keeps of a world only these variations.
fn only(world: &Setup, variations: &[Variation]) -> Setup {
    world.iter().filter(|(variation, _)| variations.contains(variation)).map(|(v, setting)| (*v, *setting)).collect()
}

#[cfg(test)]
mod tests;
