//! Entries of Go's vulnerability database: which versions of which modules they are about.
//!
//! Sources: the OSV schema 1.6, "affected[].ranges[].events"; `internal/semver/affects.go` of `golang.org/x/vuln`, whose answers
//! these are, so that nothing that the scanner would look for counts as unrelated here.

use std::collections::{BTreeMap, BTreeSet};

use super::go_version::GoVersion;

/// The module name of Go's standard library.
pub const STDLIB: &str = "stdlib";

/// The module name of Go's own commands.
pub const TOOLCHAIN: &str = "toolchain";

/// An advisory of the Go vulnerability database, in the fields of the OSV schema that decide whether it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsvEntry {
    /// The database's id, such as `GO-2026-0001`.
    pub id: String,
    /// What it is, in a line; may be empty.
    pub summary: String,
    /// When it was last changed, as RFC 3339 writes it; may be empty.
    pub modified: String,
    /// Whether it was taken back.
    pub withdrawn: bool,
    /// What it is about.
    pub affected: Vec<Affected>,
}

/// One module, and which versions of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Affected {
    /// The module's path, [`STDLIB`] or [`TOOLCHAIN`].
    pub module: String,
    /// The ranges; none means every version.
    pub ranges: Vec<OsvRange>,
    /// The packages that it is about; none means all of the module.
    pub imports: Vec<OsvImport>,
}

/// One package, and what in it is vulnerable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsvImport {
    /// The import path of a Go package.
    pub path: String,
    /// The vulnerable functions and methods (`Function`, `Type.Method`); none means all of the package.
    pub symbols: Vec<String>,
    /// Whether it is so on every system and processor.
    pub everywhere: bool,
}

/// One range of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsvRange {
    /// Whether its events are semantic versions; others cannot be compared.
    pub semver: bool,
    /// The events, as written.
    pub events: Vec<OsvEvent>,
}

/// Where a range begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OsvEvent {
    /// From this version on; `0` is before every other.
    Introduced(String),
    /// Up to this version, which is mended.
    Fixed(String),
    /// Anything else.
    Other,
}

/// Which versions of modules a source uses, more than one where it has several `go.mod`; `None` is a version that is
/// not known.
pub type Modules = BTreeMap<String, BTreeSet<Option<GoVersion>>>;

impl OsvEntry {
    /// Finds the module of a source that this entry is about, in the entry's order, with its version. What cannot be compared
    /// counts; what was withdrawn does not.
    #[must_use]
    pub fn concerns<'a>(&'a self, modules: &'a Modules) -> Option<(&'a str, Option<&'a GoVersion>)> {
        let used = |affected: &'a Affected| {
            let versions = modules.get(&affected.module)?;
            let hit = versions.iter().find(|version| version.as_ref().is_none_or(|version| affected.contains(version)));
            hit.map(|version| (affected.module.as_str(), version.as_ref()))
        };
        self.affected.iter().filter(|_| !self.withdrawn).find_map(used)
    }

    /// Returns the least version of a module, above one, that mends it.
    #[must_use]
    pub fn fixed(&self, module: &str, version: Option<&GoVersion>) -> Option<GoVersion> {
        let affected = self.affected.iter().filter(|affected| affected.module == module);
        let events = affected.flat_map(|affected| &affected.ranges).flat_map(|range| &range.events);
        let fixes = events.filter_map(|event| match event {
            OsvEvent::Fixed(text) => text.parse::<GoVersion>().ok(),
            _ => None,
        });
        fixes.filter(|fix| version.is_none_or(|version| fix > version)).min()
    }
}

impl Affected {
    /// Whether a version is one of those.
    #[must_use]
    pub fn contains(&self, version: &GoVersion) -> bool {
        let mut ranges = self.ranges.iter().filter(|range| range.semver).peekable();
        ranges.peek().is_none() || ranges.any(|range| range.contains(version))
    }
}

impl OsvRange {
    fn contains(&self, version: &GoVersion) -> bool {
        // The beginning of time comes first, and is no version: pseudo-versions come before 0.0.0.
        let mut events: Vec<(Option<GoVersion>, &OsvEvent)> = Vec::new();
        for event in &self.events {
            let at = match event {
                OsvEvent::Introduced(text) if text == "0" => None,
                OsvEvent::Introduced(text) | OsvEvent::Fixed(text) => match text.parse() {
                    Ok(at) => Some(at),
                    // An end that cannot be read ends nothing, and a beginning may have been long ago.
                    Err(_) if matches!(event, OsvEvent::Introduced(_)) => None,
                    Err(_) => continue,
                },
                OsvEvent::Other => continue,
            };
            events.push((at, event));
        }
        if events.is_empty() {
            return true;
        }
        events.sort_by(|a, b| a.0.cmp(&b.0));
        let mut affected = false;
        for (at, event) in events {
            let reached = at.is_none_or(|at| *version >= at);
            affected = match event {
                OsvEvent::Introduced(_) => affected || reached,
                _ => affected && !reached,
            };
        }
        affected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(module: &str, events: &[(&str, &str)]) -> OsvEntry {
        let event = |(word, at): &(&str, &str)| match *word {
            "introduced" => OsvEvent::Introduced((*at).to_owned()),
            "fixed" => OsvEvent::Fixed((*at).to_owned()),
            _ => OsvEvent::Other,
        };
        let range = OsvRange { semver: true, events: events.iter().map(event).collect() };
        let affected = vec![Affected { module: module.into(), ranges: vec![range], imports: Vec::new() }];
        let (summary, modified) = (String::new(), String::new());
        OsvEntry { id: "GO-2026-0001".into(), summary, modified, withdrawn: false, affected }
    }

    fn concerned(entry: &OsvEntry, module: &str, version: &str) -> bool {
        entry.concerns(&[(module.to_owned(), [version.parse().ok()].into())].into()).is_some()
    }

    #[test]
    fn ranges_begin_and_end_as_their_events_say() {
        let twice = entry("m", &[("fixed", "1.3.0"), ("introduced", "0"), ("introduced", "1.5.0"), ("fixed", "1.5.2")]);
        for (version, expected) in [
            ("v0.0.0-20200101000000-abcdef012345", true),
            ("v1.2.9", true),
            ("v1.3.0-rc.1", true),
            ("v1.3.0", false),
            ("v1.4.9", false),
            ("v1.5.0", true),
            ("v1.5.1", true),
            ("v1.5.2", false),
        ] {
            assert_eq!(concerned(&twice, "m", version), expected, "{version}");
        }
        assert_eq!(twice.fixed("m", "1.5.0".parse().ok().as_ref()).map(|v| v.to_string()), Some("1.5.2".into()));
        assert_eq!(twice.fixed("n", None), None);
        let open = entry("stdlib", &[("introduced", "1.26.0-0")]);
        assert!(concerned(&open, "stdlib", "go1.26rc1") && !concerned(&open, "stdlib", "go1.25.9"));
    }

    #[test]
    fn what_cannot_be_compared_counts_and_what_is_not_there_does_not() {
        let known = entry("m", &[("introduced", "0"), ("fixed", "1.0.0")]);
        assert!(!concerned(&known, "other", "v0.1.0"));
        assert!(known.concerns(&[("m".to_owned(), [None].into())].into()).is_some(), "the version is not known");
        assert!(concerned(&entry("m", &[]), "m", "v9.0.0"), "no event");
        assert!(concerned(&entry("m", &[("introduced", "0"), ("fixed", "soon")]), "m", "v9.0.0"));
        let mut git = known.clone();
        git.affected[0].ranges[0].semver = false;
        assert!(concerned(&git, "m", "v9.0.0"), "no range of versions");
        git.affected[0].ranges.clear();
        assert!(concerned(&git, "m", "v9.0.0"), "no range");
        let versions = ["v2.0.0", "v0.5.0"].map(|version| version.parse().ok());
        let two: Modules = [("m".to_owned(), versions.into())].into();
        assert_eq!(known.concerns(&two).and_then(|(_, version)| Some(version?.to_string())), Some("0.5.0".into()));
        let withdrawn = OsvEntry { withdrawn: true, ..known };
        assert!(!concerned(&withdrawn, "m", "v0.1.0"));
    }
}
