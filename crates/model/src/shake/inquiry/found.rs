//! What an inquiry found: parts that differ, with what is responsible.

use std::collections::BTreeSet;

use super::standing;
use crate::execution::world::ClockMode;
use crate::shake::observation::{Facet, Level, Seen};
use crate::shake::variation::{Setup, Variation};

/// What was found about one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// The baseline's wall clock.
    pub clock: ClockMode,
    /// Every part that any run showed.
    pub facets: BTreeSet<Facet>,
    /// What differs: a part at most once in each form.
    pub findings: Vec<ShakeFinding>,
    /// The variations of the worlds.
    pub varied: BTreeSet<Variation>,
    /// Variations that were asked for and that the engine did not carry out.
    pub not_applied: BTreeSet<Variation>,
    /// How often the command ran.
    pub runs: usize,
}

/// A part that differs, in one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShakeFinding {
    /// The part.
    pub facet: Facet,
    /// The form in which it was compared.
    pub level: Level,
    /// What is responsible; nothing when it differs in the baseline already.
    pub causes: Vec<ShakeCause>,
    /// Where it differs between runs of one and the same world.
    pub flake: Option<UnsteadyPart>,
    /// Where it differs between runs because a clock flows, and for no other reason.
    pub flowing: Option<Flowing>,
}

/// A smallest set of variations that changes a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShakeCause {
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

/// A part that differs between runs of one and the same world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsteadyPart {
    /// The world; the baseline when it is empty.
    pub setup: Setup,
    /// How many runs differed from the first one.
    pub differing: usize,
    /// How many runs of this world there were.
    pub runs: usize,
    /// What the first run showed, and the first one that differed from it.
    pub evidence: [Seen; 2],
}

/// A part that differs between runs by a clock that flows: the command's, or, while that stands, the machine's in the times of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flowing {
    /// The runs that differed.
    pub flake: UnsteadyPart,
    /// How many runs there were with the other clock, all equal.
    pub equal: usize,
    /// The other clock.
    pub clock: ClockMode,
}

impl ShakeCause {
    /// Whether it is nothing but a clock that stands.
    #[must_use]
    pub fn is_standing_clock(&self) -> bool {
        self.setup == standing(&Setup::new())
    }

    /// Whether runs under it may differ among themselves because real time passes, and for no other reason.
    pub(super) fn is_real_time(&self) -> bool {
        let real = self.setup.values().any(|setting| !setting.is_identical_every_time());
        real && (self.differing == self.runs || self.setup.len() == 1)
    }
}

impl Inquiry {
    /// Finds what was found about a part in one form.
    #[must_use]
    pub fn finding(&self, facet: &Facet, level: Level) -> Option<&ShakeFinding> {
        self.findings.iter().find(|finding| finding.facet == *facet && finding.level == level)
    }

    /// Finds the command failing because its clock stands, while it passes with one that flows.
    #[must_use]
    pub fn fails_standing(&self) -> Option<&ShakeCause> {
        let ending = self.finding(&Facet::Ending, Level::Canonical)?;
        ending.causes.iter().find(|cause| cause.is_standing_clock() && cause.differing == cause.runs)
    }

    /// Whether anything differs after the normalizers.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Canonical)
    }
}
