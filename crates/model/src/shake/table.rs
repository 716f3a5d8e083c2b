//! The table of a command: part by variation.

use std::collections::BTreeMap;

use super::inquiry::{Inquiry, ShakeFinding};
use super::observation::{Facet, Level};
use super::variation::Variation;

/// What a variation did to a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// It made no difference.
    Equal,
    /// It changed bytes that the named normalizers take away.
    Canonical,
    /// It changed what is compared.
    Differs,
    /// The part differs without any variation, so that nothing can be said.
    Unknown,
    /// The engine did not carry it out.
    NotApplied,
    /// It was not asked for, or the plan pins it itself.
    NotVaried,
}

impl Cell {
    /// Returns the word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Canonical => "canonical",
            Self::Differs => "differs",
            Self::Unknown => "unknown",
            Self::NotApplied => "not-applied",
            Self::NotVaried => "not-varied",
        }
    }
}

/// One part's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetRow {
    /// The part.
    pub facet: Facet,
    /// How it fared when nothing was varied: anything but [`Cell::Equal`] is a flake.
    pub nothing: Cell,
    /// How it fared under each variation.
    pub cells: BTreeMap<Variation, Cell>,
}

impl FacetRow {
    /// Whether the part differed anywhere, in any form.
    #[must_use]
    pub fn has_difference(&self) -> bool {
        let bad = |cell: &Cell| matches!(cell, Cell::Canonical | Cell::Differs | Cell::Unknown);
        bad(&self.nothing) || self.cells.values().any(bad)
    }
}

/// Makes a command's lines.
#[must_use]
pub fn rows(inquiry: &Inquiry) -> Vec<FacetRow> {
    let row = |facet: &Facet| {
        let [canonical, raw] = [Level::Canonical, Level::Raw].map(|level| inquiry.finding(facet, level));
        let nothing = match (differs_by_itself(canonical), differs_by_itself(raw)) {
            (true, _) => Cell::Differs,
            (false, true) => Cell::Canonical,
            (false, false) => Cell::Equal,
        };
        let cell = |variation: Variation| {
            let blamed = |finding: Option<&ShakeFinding>| {
                finding.is_some_and(|finding| {
                    let flows = variation == Variation::Clock && finding.flowing.is_some();
                    flows || finding.causes.iter().any(|cause| cause.setup.contains_key(&variation))
                })
            };
            if !inquiry.varied.contains(&variation) {
                Cell::NotVaried
            } else if inquiry.not_applied.contains(&variation) {
                Cell::NotApplied
            } else if blamed(canonical) {
                Cell::Differs
            } else if nothing == Cell::Differs {
                Cell::Unknown
            } else if nothing == Cell::Canonical || blamed(raw) {
                Cell::Canonical
            } else {
                Cell::Equal
            }
        };
        let cells = Variation::ALL.into_iter().map(|variation| (variation, cell(variation))).collect();
        FacetRow { facet: facet.clone(), nothing, cells }
    };
    inquiry.facets.iter().map(row).collect()
}

fn differs_by_itself(finding: Option<&ShakeFinding>) -> bool {
    let Some(finding) = finding else { return false };
    let flowing = finding.flowing.iter().map(|flowing| &flowing.flake);
    finding.flake.iter().chain(flowing).any(|flake| flake.setup.is_empty())
}
