//! Readers of the certified source: one file in, what it suppresses out. What the whole tree holds decides afterwards whether an
//! entry still silences anything.

mod audits;
mod code;
mod configuration;
mod encoding;
mod eslint;
mod flow;
mod gitleaks;
mod golangci;
mod ignore_files;
mod places;
mod script_config;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use self::configuration::Configuration;
use self::whole::WholeTree;

use crate::found::FoundSuppression;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionSource};

/// The largest file that is read: 64 MiB. Larger ones are data, unless they are named as code or configuration.
pub const MAX_FILE: u64 = 64 << 20;

/// The kind of code that cannot be read.
const UNREAD_CODE: &str = "code-unread";

/// What one file of a tree holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReading {
    /// How many lines it has.
    lines: u32,
    found: Vec<FoundSuppression>,
}

/// Reads a file. Nothing in it can make this fail: configuration that cannot be read as what its name says is told as such.
#[must_use]
pub fn read(path: &str, bytes: &[u8]) -> FileReading {
    if bytes.len() as u64 > MAX_FILE {
        return too_large(path);
    }
    let bytes = &*encoding::utf8(bytes);
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let lines = u32::try_from(ends).unwrap_or(u32::MAX).saturating_add(u32::from(!bytes.ends_with(b"\n")));
    let mut found = code::found(path, bytes);
    if let Some(configuration) = Configuration::of(path).filter(|_| !code::is_set_aside(path)) {
        found.extend(configuration.found(path, bytes));
    }
    FileReading { lines, found }
}

/// Returns the reading of a file of more than [`MAX_FILE`] bytes.
#[must_use]
pub fn too_large(path: &str) -> FileReading {
    unread(path, "it is larger than 64 MiB; split it, or delete it if no tool reads it")
}

/// Returns the reading of a link that leads to no tracked file.
#[must_use]
pub fn lost_link(path: &str, target: &str) -> FileReading {
    unread(path, &format!("a link to `{target}`, which is not a tracked file; commit the file itself"))
}

/// Returns the reading of a link that is not followed, because others lead to so much already.
#[must_use]
pub fn costly_link(path: &str) -> FileReading {
    unread(path, "the tracked links lead to more than 256 MiB together; commit the file itself")
}

/// Returns the reading of code or configuration that cannot be read; data suppresses nothing.
fn unread(path: &str, why: &str) -> FileReading {
    let kind = Configuration::of(path).map(|configuration| configuration.kind);
    let kind = kind.or_else(|| code::is_code(path).then_some(UNREAD_CODE)).filter(|_| !code::is_set_aside(path));
    let found = kind.map(|kind| FoundSuppression::unread(kind, 0, why));
    FileReading { lines: u32::MAX, found: found.into_iter().collect() }
}

/// Tells whether a link of this name is followed: tools open it as the code or the configuration that its name says.
#[must_use]
pub fn follows(path: &str) -> bool {
    (Configuration::of(path).is_some() || code::is_code(path)) && !code::is_set_aside(path)
}

/// Puts together what the files of a tree suppress. `files` has every file of it that was read, `paths` those of everything in it.
#[must_use]
pub fn suppressions(files: &BTreeMap<String, FileReading>, paths: &BTreeSet<String>) -> Vec<Suppression> {
    let whole = WholeTree::of(files, paths);
    let silenced = |found: &FoundSuppression| match &found.about {
        _ if found.in_use => Silenced::Something,
        Some(place) if !whole.may_have(place) => Silenced::Nothing,
        _ => Silenced::Undecided,
    };
    let entry = |path: &str, found: &FoundSuppression| Suppression {
        kind: found.kind.to_owned(),
        at: path.to_owned(),
        line: found.line,
        silences: found.silences.clone(),
        reason: found.reason.clone(),
        source: SuppressionSource::Tree,
        silenced: silenced(found),
    };
    files.iter().flat_map(|(path, read)| read.found.iter().map(|found| entry(path, found))).collect()
}
