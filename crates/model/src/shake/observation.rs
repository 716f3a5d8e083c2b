//! What one run of a command showed, part by part, and how two runs compare in a part.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::variation::Variation;
use super::vary::left_out;
use crate::content::digest::Digest;
use crate::evidence::compare::Part;
use crate::evidence::manifest::{CommandEntry, OutputEntry};
use crate::execution::ending;
use crate::execution::world::World;

/// What is compared: how the command ended, or a part of its result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// How it ended, and its exit code.
    Ending,
    /// A stream or an output.
    Part(Part),
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ending => f.write_str("exit code"),
            Self::Part(part) => part.fmt(f),
        }
    }
}

/// In which form two runs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// After the normalizers that the plan names.
    Canonical,
    /// As the bytes came.
    Raw,
}

/// What a run showed in one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// How the command ended.
    Ending(String),
    /// A stream before and after its normalizers.
    Stream {
        /// The bytes as they came.
        raw: Digest,
        /// The bytes after the normalizers.
        canonical: Digest,
    },
    /// A declared output.
    Output(OutputEntry),
    /// A declared output that was not made.
    Absent,
}

impl Seen {
    /// Whether two are equal in a form.
    #[must_use]
    pub fn is_equal(&self, other: &Self, level: Level) -> bool {
        self == other || (level == Level::Canonical && self.canonical() == other.canonical())
    }

    /// Takes away what normalizers took away.
    fn canonical(&self) -> Self {
        match self {
            Self::Stream { canonical, .. } => Self::Stream { raw: *canonical, canonical: *canonical },
            Self::Output(OutputEntry::File { canonical, executable, .. }) => Self::Output(OutputEntry::File {
                raw: *canonical,
                canonical: *canonical,
                executable: *executable,
                normalizers: Vec::new(),
            }),
            Self::Output(OutputEntry::Directory { canonical, .. }) => {
                Self::Output(OutputEntry::Directory { raw: *canonical, canonical: *canonical })
            }
            other => other.clone(),
        }
    }

    /// Names it for evidence: a blob, or a text.
    #[must_use]
    pub fn evidence(&self, level: Level) -> String {
        let pick = |raw: &Digest, canonical: &Digest| match level {
            Level::Raw => raw.to_string(),
            Level::Canonical => canonical.to_string(),
        };
        match self {
            Self::Ending(text) => text.clone(),
            Self::Stream { raw, canonical }
            | Self::Output(OutputEntry::File { raw, canonical, .. } | OutputEntry::Directory { raw, canonical }) => {
                pick(raw, canonical)
            }
            Self::Output(OutputEntry::Symlink { target }) => format!("link to {target}"),
            Self::Absent => "absent".to_owned(),
        }
    }
}

/// What one run of a command showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    facets: BTreeMap<Facet, Seen>,
    /// What the engine left out of the world that was asked for.
    left_out: BTreeSet<Variation>,
}

impl Observation {
    /// Takes a run's result, with the world that was asked for and the one that the engine gave it.
    #[must_use]
    pub fn of(entry: &CommandEntry, asked: &World, given: &World) -> Self {
        let stream = |stream: &crate::evidence::manifest::StreamEntry| Seen::Stream {
            raw: stream.raw,
            canonical: stream.canonical,
        };
        let mut facets: BTreeMap<Facet, Seen> = [
            (Facet::Ending, Seen::Ending(ending::without_limits(entry.ending, entry.exit_code))),
            (Facet::Part(Part::Stdout), stream(&entry.stdout)),
            (Facet::Part(Part::Stderr), stream(&entry.stderr)),
        ]
        .into();
        let output = |(path, output): (&_, &OutputEntry)| {
            (Facet::Part(Part::Output(ToString::to_string(path))), Seen::Output(output.clone()))
        };
        facets.extend(entry.outputs.iter().map(output));
        Self { facets, left_out: left_out(asked, given) }
    }

    /// Lists the parts that it has.
    pub fn facets(&self) -> impl Iterator<Item = &Facet> {
        self.facets.keys()
    }

    /// Returns what a part showed.
    #[must_use]
    pub fn seen(&self, facet: &Facet) -> &Seen {
        self.facets.get(facet).unwrap_or(&Seen::Absent)
    }

    /// Lists what the engine left out of the world that was asked for.
    #[must_use]
    pub const fn left_out(&self) -> &BTreeSet<Variation> {
        &self.left_out
    }

    /// Makes one out of the ending alone, for tests.
    #[must_use]
    pub fn of_ending(text: &str) -> Self {
        Self { facets: [(Facet::Ending, Seen::Ending(text.to_owned()))].into(), left_out: BTreeSet::new() }
    }

    /// Makes one out of standard output alone, for tests.
    #[cfg(test)]
    pub(super) fn of_stdout(raw: &str, canonical: &str, left_out: &[Variation]) -> Self {
        let seen = Seen::Stream { raw: Digest::of(raw.as_bytes()), canonical: Digest::of(canonical.as_bytes()) };
        Self { facets: [(Facet::Part(Part::Stdout), seen)].into(), left_out: left_out.iter().copied().collect() }
    }
}
