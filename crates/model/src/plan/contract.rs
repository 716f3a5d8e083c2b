//! What a packet promises, and what each promise rests on.
//!
//! A plan's prose (goal, scope, checks, evidence, exit criteria, rollback) is kept word for word. Whatever can be decided is
//! a [`Criterion`]: a sentence, and the [`Basis`] from which it follows. Nothing is ticked by hand but approvals.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::documents::SectionName;
use crate::content::digest::serde_as_text;
use crate::content::name::{Name, TreePath};

/// What a packet's table says beside its commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contract {
    /// What the packet is for, a sentence each.
    pub goal: Vec<String>,
    /// What may be done.
    pub in_scope: Vec<String>,
    /// What may not be done.
    pub out_of_scope: Vec<String>,
    /// How its changes are taken back.
    pub rollback: Vec<String>,
    /// Globs, relative to the plan's folder, of the files that the packet's branch may change. None: whatever it likes.
    pub scope: Vec<String>,
    /// What must be checked.
    pub checks: Vec<Criterion>,
    /// What must be preserved.
    pub evidence: Vec<Criterion>,
    /// What must hold at the end.
    pub exit: Vec<Criterion>,
    /// The document that says which threats a change under a protected glob brings.
    pub threat_model: Option<TreePath>,
    /// The document that says how such a change is taken back.
    pub rollback_plan: Option<TreePath>,
}

impl Contract {
    /// Lists every criterion, as the plan orders them.
    pub fn criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.checks.iter().chain(&self.evidence).chain(&self.exit)
    }

    /// Whether any criterion rests on this.
    #[must_use]
    pub fn rests_on(&self, basis: &Basis) -> bool {
        self.criteria().any(|criterion| criterion.rests_on.contains(basis))
    }
}

/// One sentence of a plan that can be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion {
    /// The sentence.
    pub says: String,
    /// What it rests on; all of it must hold.
    pub rests_on: BTreeSet<Basis>,
}

/// What a criterion rests on.
///
/// As text: `commands`, `command:ID`, `image:NAME`, `approval`, `review`, `file:PATH`, `pins`, `scope`, `findings`, `risks`,
/// `documents`, `sections`, `section:NAME`, `gates`, `packets`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Every command of the packet succeeded, and its evidence is whole.
    Commands,
    /// This command of the packet succeeded, and its evidence is whole.
    Command(Name),
    /// This image of the release was built, twice the same, and does what the plan wants from it.
    Image(Name),
    /// Somebody approved the packet as the plan states it.
    Approval,
    /// Somebody reviewed the packet's evidence.
    Review,
    /// The file is tracked.
    File(TreePath),
    /// Every reference to a toolchain agrees with its pin.
    Pins,
    /// The packet's branch changes only what its scope allows.
    Scope,
    /// No P0 or P1 is open.
    Findings,
    /// Residual risks are P2, or accepted until a day.
    Risks,
    /// Named documents quote the plan's commands, and their written sections are current.
    Documents,
    /// Every document with written sections is there, and its sections are current.
    Sections,
    /// A document has this section, and it has been written. Whether it is current does not count here: a board that had to be
    /// current before the first packet would block every packet whose evidence changes it.
    Section(SectionName),
    /// Every gate that the plan's criteria rest on was proven able to fail, by a record of this source and plan.
    Gates,
    /// The packets that this one needs are done.
    Packets,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(id) => write!(f, "command:{id}"),
            Self::Image(name) => write!(f, "image:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Section(name) => write!(f, "section:{name}"),
            word => f.write_str(WORDS.iter().find(|(_, basis)| basis == word).map_or("", |(text, _)| text)),
        }
    }
}

const WORDS: [(&str, Basis); 11] = [
    ("commands", Basis::Commands),
    ("approval", Basis::Approval),
    ("review", Basis::Review),
    ("pins", Basis::Pins),
    ("scope", Basis::Scope),
    ("findings", Basis::Findings),
    ("risks", Basis::Risks),
    ("documents", Basis::Documents),
    ("sections", Basis::Sections),
    ("gates", Basis::Gates),
    ("packets", Basis::Packets),
];

/// The error for a text that is not a valid basis.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is nothing that a criterion can rest on: expected `command:ID`, `image:NAME`, `file:PATH`, `section:NAME` (`board`, \
     `checklist`, `risks`, `verdict`), `commands`, `approval`, `review`, `pins`, `scope`, `findings`, `risks`, `documents`, \
     `sections`, `gates` or `packets`"
)]
pub struct BasisError {
    /// The text that was found.
    pub found: String,
}

impl FromStr for Basis {
    type Err = BasisError;

    fn from_str(text: &str) -> Result<Self, BasisError> {
        let error = || BasisError { found: text.to_owned() };
        match text.split_once(':') {
            Some(("command", id)) => id.parse().map(Self::Command).map_err(|_| error()),
            Some(("section", name)) => name.parse().map(Self::Section).map_err(|_| error()),
            Some(("image", name)) => name.parse().map(Self::Image).map_err(|_| error()),
            Some(("file", path)) => path.parse().map(Self::File).map_err(|_| error()),
            Some(_) => Err(error()),
            None => WORDS.iter().find(|(word, _)| *word == text).map(|(_, basis)| basis.clone()).ok_or_else(error),
        }
    }
}

serde_as_text!(Basis);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_basis_has_one_text() {
        let texts = WORDS.iter().map(|(word, _)| *word).chain([
            "command:go-test",
            "image:runtime",
            "file:docs/plan.md",
            "section:board",
        ]);
        for text in texts {
            assert_eq!(text.parse::<Basis>().map(|basis| basis.to_string()), Ok(text.to_owned()));
        }
        for wrong in [
            "",
            "command",
            "command:",
            "command:a/b",
            "file:../x",
            "approved",
            "image:a/b",
            "section:",
            "section:gates",
        ] {
            assert!(wrong.parse::<Basis>().is_err(), "{wrong}");
        }
    }
}
