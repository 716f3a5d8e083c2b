//! Compares two manifests of one packet, command by command. A mismatch is data.

use std::collections::BTreeSet;

use super::manifest::{CommandEntry, OutputEntry, ReproManifest, StreamEntry};
use crate::content::name::Name;
use crate::execution::action::Output;
use crate::plan::command::Requirement;
use crate::standing::Standing;

/// How two results compare; later is worse, in the order of [`Standing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Equality {
    /// Equal byte for byte.
    Bitwise,
    /// Equal after the named normalizers.
    Canonical,
    /// Nothing could be decided: the command did not run, or its result proves nothing.
    Undecided,
    /// Not equal.
    Divergent,
    /// The command did not succeed.
    Failed,
}

impl Equality {
    /// All of them, in their order.
    pub const ALL: [Self; 5] = [Self::Bitwise, Self::Canonical, Self::Undecided, Self::Divergent, Self::Failed];

    /// Returns the word that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bitwise => "bitwise",
            Self::Canonical => "canonical",
            Self::Divergent => "divergent",
            Self::Failed => "failed",
            Self::Undecided => "undecided",
        }
    }

    /// Whether the two are equal, byte for byte or after the named normalizers.
    #[must_use]
    pub const fn is_equal(self) -> bool {
        matches!(self, Self::Bitwise | Self::Canonical)
    }
}

impl From<Equality> for Standing {
    fn from(equality: Equality) -> Self {
        match equality {
            Equality::Bitwise | Equality::Canonical => Self::Passed,
            Equality::Undecided => Self::Undecided,
            Equality::Divergent | Equality::Failed => Self::Failed,
        }
    }
}

/// A part of a command's result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A declared output, by path.
    Output(String),
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdout => f.write_str("stdout"),
            Self::Stderr => f.write_str("stderr"),
            Self::Output(path) => f.write_str(path),
        }
    }
}

/// How one command of two manifests compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandComparison {
    /// The command, by its id in the plan.
    pub id: Name,
    /// The worst of everything below.
    pub equality: Equality,
    /// Every stream and output, with how it compares.
    pub parts: Vec<(Part, Equality)>,
    /// Differences outside the parts: the inputs, the exit code, how it ended.
    pub differences: Vec<ManifestDifference>,
    /// Whether everything is as it was recorded, a failure among it.
    pub as_recorded: bool,
    /// Whether it counts as divergent only because the plan demands bitwise equality of it.
    pub wanted_bitwise: bool,
}

/// A difference outside the streams and outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestDifference {
    /// What differs, such as `exit code`.
    pub what: String,
    /// What the first manifest says.
    pub expected: String,
    /// What the second one says.
    pub found: String,
}

impl ManifestDifference {
    fn new(what: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self { what: what.to_owned(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// How two manifests compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Differences of the plan, source, images, frozen inputs, platform and normalizers.
    pub inputs: Vec<ManifestDifference>,
    /// The commands in the recorded order.
    pub commands: Vec<CommandComparison>,
    /// Where a failure was recorded: whether the packet failed the same way. None where the recorded packet passed.
    pub failed_alike: Option<bool>,
}

impl Comparison {
    /// Returns the worst of all commands and inputs. Of a recorded failure it is never equality.
    #[must_use]
    pub fn equality(&self) -> Equality {
        let failure = match self.failed_alike {
            Some(true) => Equality::Failed,
            Some(false) => Equality::Divergent,
            None => Equality::Bitwise,
        };
        let inputs = if self.inputs.is_empty() { failure } else { failure.max(Equality::Divergent) };
        self.commands.iter().map(|command| command.equality).fold(inputs, Equality::max)
    }

    /// Whether the inputs and all commands are as they were recorded, failures among them.
    #[must_use]
    pub fn is_as_recorded(&self) -> bool {
        self.inputs.is_empty() && self.commands.iter().all(|command| command.as_recorded)
    }

    /// Counts the commands with this equality.
    #[must_use]
    pub fn count(&self, equality: Equality) -> usize {
        self.commands.iter().filter(|command| command.equality == equality).count()
    }

    /// Counts the streams and outputs of all commands by how they compare.
    #[must_use]
    pub fn part_counts(&self) -> PartCounts {
        let mut counts = PartCounts::default();
        for (_, equality) in self.commands.iter().flat_map(|command| &command.parts) {
            match equality {
                Equality::Bitwise => counts.bitwise += 1,
                Equality::Canonical => counts.canonical += 1,
                Equality::Undecided => counts.undecided += 1,
                Equality::Divergent | Equality::Failed => counts.divergent += 1,
            }
        }
        counts
    }
}

/// Counts streams and outputs by how they compare. A stream that only normalizers make equal is canonical here even where
/// the plan demands more of its command: the count says what the bytes are, the verdict what the plan makes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartCounts {
    /// Equal byte for byte.
    pub bitwise: usize,
    /// Equal after the named normalizers.
    pub canonical: usize,
    /// Not equal.
    pub divergent: usize,
    /// Of commands that did not run this time.
    pub undecided: usize,
}

impl PartCounts {
    /// Returns the sum of all four.
    #[must_use]
    pub const fn all(&self) -> usize {
        self.bitwise + self.canonical + self.divergent + self.undecided
    }
}

impl std::fmt::Display for PartCounts {
    /// Writes the line of every report: `17 streams and outputs: 13 bitwise, 4 canonical, 0 divergent`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bitwise, canonical, divergent, undecided } = self;
        let all = self.all();
        let all = if all == 1 { "1 stream or output".to_owned() } else { format!("{all} streams and outputs") };
        write!(f, "{all}: {bitwise} bitwise, {canonical} canonical, {divergent} divergent")?;
        match undecided {
            0 => Ok(()),
            some => write!(f, ", {some} undecided"),
        }
    }
}

/// Compares what was recorded with what a replay found.
///
/// A command that is missing in `replayed` is undecided: it did not run. One that is missing in `recorded` is divergent.
#[must_use]
pub fn compare(recorded: &ReproManifest, replayed: &ReproManifest) -> Comparison {
    let mut commands: Vec<CommandComparison> = recorded
        .commands
        .iter()
        .map(|expected| match replayed.command(&expected.id) {
            Some(found) => compare_command(expected, found),
            None => CommandComparison {
                id: expected.id.clone(),
                equality: Equality::Undecided,
                parts: parts_of(expected).map(|part| (part, Equality::Undecided)).collect(),
                differences: vec![ManifestDifference::new("command", "a result", "it did not run")],
                as_recorded: false,
                wanted_bitwise: false,
            },
        })
        .collect();
    let known: BTreeSet<&Name> = recorded.commands.iter().map(|command| &command.id).collect();
    for extra in replayed.commands.iter().filter(|command| !known.contains(&command.id)) {
        commands.push(CommandComparison {
            id: extra.id.clone(),
            equality: Equality::Divergent,
            parts: parts_of(extra).map(|part| (part, Equality::Divergent)).collect(),
            differences: vec![ManifestDifference::new("command", "absent", "present")],
            as_recorded: false,
            wanted_bitwise: false,
        });
    }
    Comparison { inputs: compare_inputs(recorded, replayed), commands, failed_alike: None }
}

/// Names the streams and outputs that a command has.
fn parts_of(entry: &CommandEntry) -> impl Iterator<Item = Part> {
    let outputs = entry.outputs.keys().map(|path| Part::Output(path.to_string()));
    [Part::Stdout, Part::Stderr].into_iter().chain(outputs)
}

fn compare_inputs(recorded: &ReproManifest, replayed: &ReproManifest) -> Vec<ManifestDifference> {
    let mut differences = Vec::new();
    let mut check = |what: &str, expected: String, found: String| {
        if expected != found {
            differences.push(ManifestDifference::new(what, expected, found));
        }
    };
    check("plan", recorded.plan.to_string(), replayed.plan.to_string());
    check("source tree", recorded.source.root.to_string(), replayed.source.root.to_string());
    let git = |manifest: &ReproManifest| {
        manifest.source.git.as_ref().map_or_else(|| "absent".to_owned(), |git| git.root.to_string())
    };
    check("source git", git(recorded), git(replayed));
    check("source dirty", recorded.source.dirty.to_string(), replayed.source.dirty.to_string());
    check("platform", recorded.platform.isa.clone(), replayed.platform.isa.clone());
    let absent = || "absent".to_owned();
    for name in recorded.images.keys().chain(replayed.images.keys()).collect::<BTreeSet<_>>() {
        let show = |manifest: &ReproManifest, part: fn(&super::manifest::ImageEntry) -> String| {
            manifest.images.get(name).map_or_else(absent, part)
        };
        for (part, text) in [
            ("manifest", (|image| image.manifest.to_oci()) as fn(&super::manifest::ImageEntry) -> String),
            ("config", |image| image.config.to_oci()),
            ("lock", |image| image.lock.to_string()),
        ] {
            check(&format!("image {name} {part}"), show(recorded, text), show(replayed, text));
        }
    }
    for name in recorded.frozen.keys().chain(replayed.frozen.keys()).collect::<BTreeSet<_>>() {
        let show = |manifest: &ReproManifest| manifest.frozen.get(name).map_or_else(absent, |f| f.root.to_string());
        check(&format!("frozen input {name}"), show(recorded), show(replayed));
    }
    for name in recorded.normalizers.keys().chain(replayed.normalizers.keys()).collect::<BTreeSet<_>>() {
        let show = |manifest: &ReproManifest| {
            manifest.normalizers.get(name).map_or_else(absent, |n| format!("version {} {}", n.version, n.rules))
        };
        check(&format!("normalizer {name}"), show(recorded), show(replayed));
    }
    differences
}

/// Compares one command's two results.
#[must_use]
pub fn compare_command(expected: &CommandEntry, found: &CommandEntry) -> CommandComparison {
    let mut differences = Vec::new();
    let mut check = |what: &str, expected: String, found: String| {
        if expected != found {
            differences.push(ManifestDifference::new(what, expected, found));
        }
    };
    check("line", expected.line.clone(), found.line.clone());
    check("input root", expected.input_root.to_string(), found.input_root.to_string());
    check("action", expected.action.to_string(), found.action.to_string());
    check("ending", expected.ending.as_str().to_owned(), found.ending.as_str().to_owned());
    check("exit code", expected.exit_code.to_string(), found.exit_code.to_string());
    let mut parts = vec![
        (Part::Stdout, compare_stream(&expected.stdout, &found.stdout)),
        (Part::Stderr, compare_stream(&expected.stderr, &found.stderr)),
    ];
    for path in expected.outputs.keys().chain(found.outputs.keys()).collect::<BTreeSet<_>>() {
        let equality = compare_output(expected.outputs.get(path), found.outputs.get(path));
        parts.push((Part::Output(path.to_string()), equality));
    }
    let worst = parts.iter().map(|(_, equality)| *equality).fold(Equality::Bitwise, Equality::max);
    let wanted_bitwise = falls_short(expected.require, worst);
    let demanded = if wanted_bitwise { Equality::Divergent } else { worst };
    let equality = if !found.succeeded() {
        Equality::Failed
    } else if differences.is_empty() {
        demanded
    } else {
        demanded.max(Equality::Divergent)
    };
    let as_recorded = differences.is_empty() && demanded.is_equal();
    CommandComparison { id: expected.id.clone(), equality, parts, differences, as_recorded, wanted_bitwise }
}

/// Whether a comparison is good enough for a plan that does not demand bitwise equality, and for this one not.
const fn falls_short(require: Requirement, worst: Equality) -> bool {
    matches!((require, worst), (Requirement::Bitwise, Equality::Canonical))
}

fn compare_stream(expected: &StreamEntry, found: &StreamEntry) -> Equality {
    if expected.raw == found.raw {
        Equality::Bitwise
    } else if expected.canonical == found.canonical && expected.normalizers == found.normalizers {
        Equality::Canonical
    } else {
        Equality::Divergent
    }
}

fn compare_output(expected: Option<&OutputEntry>, found: Option<&OutputEntry>) -> Equality {
    match (expected, found) {
        (Some(expected), Some(found)) if Output::from(expected) == Output::from(found) => Equality::Bitwise,
        (
            Some(OutputEntry::File { canonical: expected, normalizers: these, executable: x, .. }),
            Some(OutputEntry::File { canonical: found, normalizers: those, executable: y, .. }),
        ) if expected == found && these == those && x == y => Equality::Canonical,
        (
            Some(OutputEntry::Directory { canonical: expected, .. }),
            Some(OutputEntry::Directory { canonical: found, .. }),
        ) if expected == found => Equality::Canonical,
        _ => Equality::Divergent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(equalities: &[Equality]) -> String {
        let command = CommandComparison {
            id: "c".parse().expect("a name"),
            equality: Equality::Bitwise,
            parts: equalities.iter().map(|equality| (Part::Stdout, *equality)).collect(),
            differences: Vec::new(),
            as_recorded: false,
            wanted_bitwise: false,
        };
        Comparison { inputs: Vec::new(), commands: vec![command], failed_alike: None }.part_counts().to_string()
    }

    #[test]
    fn all_three_numbers_are_always_said() {
        use Equality::{Bitwise, Canonical, Divergent, Undecided};
        assert_eq!(counts(&[Bitwise]), "1 stream or output: 1 bitwise, 0 canonical, 0 divergent");
        let mixed = counts(&[Bitwise, Canonical, Divergent, Canonical, Undecided]);
        assert_eq!(mixed, "5 streams and outputs: 1 bitwise, 2 canonical, 1 divergent, 1 undecided");
    }

    #[test]
    fn canonical_falls_short_only_where_bitwise_is_demanded() {
        assert!(falls_short(Requirement::Bitwise, Equality::Canonical));
        for (require, worst) in [
            (Requirement::Bitwise, Equality::Bitwise),
            (Requirement::Bitwise, Equality::Divergent),
            (Requirement::Canonical, Equality::Canonical),
        ] {
            assert!(!falls_short(require, worst));
        }
    }
}
