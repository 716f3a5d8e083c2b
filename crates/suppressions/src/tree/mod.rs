//! Readers of the certified source: one file in, what it suppresses out. What the whole tree holds decides afterwards whether an
//! entry still silences anything.

mod audits;
mod comments;
mod gitleaks;
mod golangci;
mod ignore_files;
mod language;
mod places;
mod script_config;
mod tests_of_code;
mod word;

use std::collections::BTreeMap;

use crate::found::FoundSuppression;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionSource};

/// The largest file that is read; larger ones are data, which no tool heeds as configuration: 4 MiB.
pub const MAX_FILE: u64 = 4 << 20;

/// Reads a file by its path, its name and its text.
type Reader = fn(&str, &str, &str) -> Vec<FoundSuppression>;

/// How many bytes tell whether a file is binary, as git does it.
const SNIFF: usize = 8000;

/// What one file of a tree holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReading {
    /// How many lines it has.
    lines: u32,
    found: Vec<FoundSuppression>,
}

impl FileReading {
    /// Returns the reading of a file that is too large to be read.
    #[must_use]
    pub const fn of_data() -> Self {
        Self { lines: u32::MAX, found: Vec::new() }
    }
}

/// Reads a file. Nothing in it can make this fail: what cannot be read as what its name says suppresses nothing there.
#[must_use]
pub fn read(path: &str, bytes: &[u8]) -> FileReading {
    if bytes.len() as u64 > MAX_FILE {
        return FileReading::of_data();
    }
    let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
    let lines = u32::try_from(ends).unwrap_or(u32::MAX).saturating_add(u32::from(!bytes.ends_with(b"\n")));
    if bytes[..bytes.len().min(SNIFF)].contains(&0) {
        return FileReading { lines, found: Vec::new() };
    }
    let mut found = comments::found(path, bytes);
    let name = path.rsplit('/').next().unwrap_or_default();
    let readers: [Reader; 5] =
        [ignore_files::found, gitleaks::found, golangci::found, script_config::found, audits::found];
    if readers_want(name) && !language::is_set_aside(path) {
        let text = String::from_utf8_lossy(bytes);
        found.extend(readers.iter().flat_map(|reader| reader(path, name, &text)));
    }
    FileReading { lines, found }
}

/// Tells whether a file may be the configuration of a tool, so that the text of all others is not looked at twice.
fn readers_want(name: &str) -> bool {
    let endings = [".toml", ".yml", ".yaml", ".json", ".jsonc", ".json5"];
    name.starts_with('.') || name.contains(".config.") || endings.iter().any(|ending| name.ends_with(ending))
}

/// Puts together what the files of a tree suppress. `files` has every file of it that was read; `has` knows of every path whether
/// the tree has them.
#[must_use]
pub fn suppressions(files: &BTreeMap<String, FileReading>, has: &dyn Fn(&str) -> bool) -> Vec<Suppression> {
    let silenced = |found: &FoundSuppression| match &found.about {
        _ if found.in_use => Silenced::Something,
        Some((file, line)) => match (files.get(file), line) {
            (None, _) if !has(file) => Silenced::Nothing,
            (Some(read), Some(line)) if *line > read.lines => Silenced::Nothing,
            _ => Silenced::Undecided,
        },
        None => Silenced::Undecided,
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
