//! The test files of packages whose `ok` names no test.

use std::collections::{BTreeMap, BTreeSet};

use super::super::constraint::wanted_tags;
use super::super::reach::{Packages, Reach};
use super::super::source::GoFile;
use super::super::test_main::{objection, skips};
use super::super::{Module, Place};
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::{InputFiles, InputKind, Listing, Lookup};
use rcrepro_model::plan::proof::Condition;

/// How many bytes of source files are read for one command.
const SOURCES: usize = 32 * 1024 * 1024;
/// The words of which a package without any needs no closer look.
const TELLING: [&str; 3] = ["TestMain", "Exit", "Exec"];

/// Reads the test files of packages.
pub(super) struct Sources<'a, 'b> {
    call: &'a Call,
    evidence: &'a CommandEvidence<'b>,
    /// How many bytes may yet be read.
    left: usize,
    /// The build tags that the line sets.
    tags: Vec<&'a str>,
    /// Whether the output does not tell skipped tests from others.
    text: bool,
    /// What the files that were looked at leave out.
    pub(super) conditions: Vec<Condition>,
}

impl<'a, 'b> Sources<'a, 'b> {
    pub(super) const fn new(call: &'a Call, evidence: &'a CommandEvidence<'b>, tags: Vec<&'a str>, text: bool) -> Self {
        Self { call, evidence, left: SOURCES, tags, text, conditions: Vec::new() }
    }

    /// Returns why the `ok` of one of these packages proves nothing.
    pub(super) fn objection(&mut self, packages: &[&str]) -> Option<String> {
        let names = |why: String| Some(format!("{why}; `-v` and `-json` name the tests that ran"));
        if packages.is_empty() {
            return None;
        }
        let module = match Module::of(self.call, self.evidence) {
            Place::Found(module) => module,
            Place::Unknown { why } => return names(format!("`ok` does not say that a test ran, and {why}")),
        };
        // What the line itself made is not in the source.
        self.conditions.extend(self.call.before.iter().map(|command| {
            let says = format!(
                "`{command}` runs before `go test` and may make or change its test files, which are read as the source has them; \
                 `-v` and `-json` name the tests that ran"
            );
            Condition::new("go-test-made", command, says)
        }));
        packages.iter().find_map(|package| {
            let why = match module.folder(package) {
                Some(folder) => self.of_package(&module, &folder)?,
                None => "is of no module of the source, so that its test files cannot be looked at".to_owned(),
            };
            names(format!("package `{package}` {why}"))
        })
    }

    fn of_package(&mut self, module: &Module, folder: &str) -> Option<String> {
        let unseen = || Some("says `ok`, and its test files cannot be looked at here".to_owned());
        let names = match self.evidence.inputs.list(folder) {
            Listing::Folder(names) => names,
            Listing::Absent => return Some("says `ok`, and its folder is not in the source".to_owned()),
            Listing::Unavailable => return unseen(),
        };
        let (mut count, mut files) = (0, Vec::new());
        for name in of_build(&names, true) {
            count += 1;
            let Lookup::File(bytes) = self.evidence.inputs.look(&format!("{folder}/{name}")) else { return unseen() };
            let Some(left) = self.left.checked_sub(bytes.len()) else {
                return Some("and others have more test files than are looked at".to_owned());
            };
            self.left = left;
            let source = String::from_utf8_lossy(&bytes).into_owned();
            let wanted = wanted_tags(&source, &self.tags);
            self.leaves_out(&format!("{folder}/{name}"), &wanted, skips(&source));
            if wanted.is_empty() {
                files.push((name, source));
            }
        }
        if count == 0 {
            return Some("says `ok`, and has no test files in the source".to_owned());
        }
        let tells = |(_, source): &(&str, String)| TELLING.iter().any(|word| source.contains(word));
        if !files.iter().any(tells) {
            return None;
        }
        let files = files.into_iter().map(|(name, source)| GoFile::parse(folder, name, source)).collect();
        let (inputs, tags) = (self.evidence.inputs, &self.tags);
        let mut own = OwnPackages { module, inputs, tags, left: &mut self.left };
        let mut reach = Reach::new(files, &mut own);
        let objection = objection(&mut reach);
        let unseen = std::mem::take(&mut reach.unseen);
        self.outside(folder, &unseen);
        objection.map(|what| format!("has {what}"))
    }

    /// Names a function of another's package that a `TestMain` comes to.
    fn outside(&mut self, folder: &str, unseen: &BTreeSet<String>) {
        let Some(first) = unseen.first() else { return };
        let folder = folder.strip_prefix("/work").unwrap_or(folder).trim_start_matches('/');
        let folder = if folder.is_empty() { "." } else { folder };
        let more = if unseen.len() > 1 { format!(" and {} more", unseen.len() - 1) } else { String::new() };
        let says = format!(
            "the `TestMain` of `{folder}` comes to `{first}`{more}, which is not looked into and could end the process; `-v` and \
             `-json` name the tests that ran"
        );
        self.conditions.push(Condition::new("go-test-main", folder, says));
    }

    /// Names what a test file leaves out.
    fn leaves_out(&mut self, path: &str, wanted: &[String], skips: usize) {
        let file = path.strip_prefix("/work/").unwrap_or(path);
        if !wanted.is_empty() {
            let says = format!("`{file}` is left out of this build: it wants the build tag `{}`", wanted.join("`, `"));
            self.conditions.push(Condition::new("go-test-tags", file, says));
        } else if skips > 0 && self.text {
            let says = format!("`{file}` has tests that may skip themselves, and only `-v` and `-json` say which did");
            self.conditions.push(Condition::new("go-test-skips", file, says));
        }
    }
}

/// Lists the Go files of a folder, tests or others. The go command leaves out those that begin with `_` or `.`, whatever is in them.
fn of_build(names: &BTreeMap<String, InputKind>, tests: bool) -> impl Iterator<Item = &str> {
    let is_part = move |name: &str| {
        let fits =
            if tests { name.ends_with("_test.go") } else { name.ends_with(".go") && !name.ends_with("_test.go") };
        fits && !name.starts_with(['_', '.'])
    };
    let files = names.iter().filter(|(_, kind)| **kind != InputKind::Folder).map(|(name, _)| name.as_str());
    files.filter(move |name| is_part(name))
}

/// The packages of the modules in the source.
struct OwnPackages<'a> {
    module: &'a Module,
    inputs: &'a dyn InputFiles,
    tags: &'a [&'a str],
    left: &'a mut usize,
}

impl Packages for OwnPackages<'_> {
    fn folder(&self, import_path: &str) -> Option<String> {
        self.module.folder(import_path)
    }

    fn files(&mut self, folder: &str) -> Option<Vec<GoFile>> {
        let Listing::Folder(names) = self.inputs.list(folder) else { return None };
        let mut files = Vec::new();
        for name in of_build(&names, false) {
            let Lookup::File(bytes) = self.inputs.look(&format!("{folder}/{name}")) else { return None };
            *self.left = self.left.checked_sub(bytes.len())?;
            let source = String::from_utf8_lossy(&bytes).into_owned();
            if wanted_tags(&source, self.tags).is_empty() {
                files.push(GoFile::parse(folder, name, source));
            }
        }
        Some(files)
    }
}
