//! Compares two manifests of one packet, command by command. A mismatch is data.

use std::collections::BTreeSet;

use super::action::Output;
use super::manifest::{CommandEntry, OutputEntry, ReproManifest, StreamEntry};
use super::name::Name;
use super::plan::Requirement;

/// Ranks how two results compare; later is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Equality {
    /// Equal byte for byte.
    Bitwise,
    /// Equal after the named normalizers.
    Canonical,
    /// Not equal.
    Divergent,
    /// The command did not succeed.
    Failed,
    /// Nothing could be decided: the command did not run because one that it needs failed.
    Undecided,
}

impl Equality {
    /// Gives the word that reports use.
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
}

/// Names a part of a command's result.
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

/// Says how one command of two manifests compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandComparison {
    /// The command.
    pub id: Name,
    /// The worst of everything below.
    pub equality: Equality,
    /// Every stream and output, with how it compares.
    pub parts: Vec<(Part, Equality)>,
    /// Differences that are no part's: the inputs, the exit code, how it ended.
    pub differences: Vec<Difference>,
}

/// Is a difference outside the streams and outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What differs, such as `exit code`.
    pub what: String,
    /// What the first manifest says.
    pub expected: String,
    /// What the second one says.
    pub found: String,
}

impl Difference {
    fn new(what: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self { what: what.to_owned(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// Says how two manifests compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Differences of the plan, source, images, frozen inputs, platform and normalizers.
    pub inputs: Vec<Difference>,
    /// The commands in the recorded order.
    pub commands: Vec<CommandComparison>,
}

impl Comparison {
    /// Gives the worst of all commands and inputs.
    #[must_use]
    pub fn equality(&self) -> Equality {
        let inputs = if self.inputs.is_empty() { Equality::Bitwise } else { Equality::Divergent };
        self.commands.iter().map(|command| command.equality).fold(inputs, Equality::max)
    }

    /// Counts the commands with this equality.
    #[must_use]
    pub fn count(&self, equality: Equality) -> usize {
        self.commands.iter().filter(|command| command.equality == equality).count()
    }

    /// Counts the streams and outputs: those equal byte for byte, and all.
    #[must_use]
    pub fn bitwise_parts(&self) -> (usize, usize) {
        let parts: Vec<Equality> =
            self.commands.iter().flat_map(|command| command.parts.iter().map(|(_, equality)| *equality)).collect();
        (parts.iter().filter(|equality| **equality == Equality::Bitwise).count(), parts.len())
    }
}

/// Compares what was recorded with what a replay found.
///
/// A command that `replayed` lacks is undecided: it did not run. One that `recorded` lacks is divergent.
#[must_use]
pub fn compare(recorded: &ReproManifest, replayed: &ReproManifest) -> Comparison {
    let mut commands: Vec<CommandComparison> = recorded
        .commands
        .iter()
        .map(|expected| match replayed.commands.iter().find(|found| found.id == expected.id) {
            Some(found) => compare_command(expected, found),
            None => CommandComparison {
                id: expected.id.clone(),
                equality: Equality::Undecided,
                parts: Vec::new(),
                differences: vec![Difference::new("command", "a result", "it did not run")],
            },
        })
        .collect();
    let known: BTreeSet<&Name> = recorded.commands.iter().map(|command| &command.id).collect();
    for extra in replayed.commands.iter().filter(|command| !known.contains(&command.id)) {
        commands.push(CommandComparison {
            id: extra.id.clone(),
            equality: Equality::Divergent,
            parts: Vec::new(),
            differences: vec![Difference::new("command", "absent", "present")],
        });
    }
    Comparison { inputs: compare_inputs(recorded, replayed), commands }
}

fn compare_inputs(recorded: &ReproManifest, replayed: &ReproManifest) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut check = |what: &str, expected: String, found: String| {
        if expected != found {
            differences.push(Difference::new(what, expected, found));
        }
    };
    check("plan", recorded.plan.to_string(), replayed.plan.to_string());
    check("source tree", recorded.source.root.to_string(), replayed.source.root.to_string());
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
            differences.push(Difference::new(what, expected, found));
        }
    };
    check("line", expected.line.clone(), found.line.clone());
    check("input root", expected.input_root.to_string(), found.input_root.to_string());
    check("action", expected.action.to_string(), found.action.to_string());
    check("ending", format!("{:?}", expected.ending), format!("{:?}", found.ending));
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
    let demanded = if expected.require == Requirement::Bitwise && worst == Equality::Canonical {
        Equality::Divergent
    } else {
        worst
    };
    let equality = if !found.succeeded() {
        Equality::Failed
    } else if differences.is_empty() {
        demanded
    } else {
        demanded.max(Equality::Divergent)
    };
    CommandComparison { id: expected.id.clone(), equality, parts, differences }
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
