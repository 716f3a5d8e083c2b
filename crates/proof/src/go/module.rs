//! Modules in the input tree: which folder an import path is, and what a module takes from folders of the tree.

use std::collections::BTreeMap;

use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::{Lookup, named};

/// How many folders up a `go.mod` is looked for.
const DEEPEST: usize = 64;

/// A main module, as its `go.mod` and a `go.work` above it have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// The module paths whose sources are in the tree, by their folder: the main module, and the others of a workspace.
    pub own: BTreeMap<String, String>,
    /// The path of the module that the call runs in.
    pub path: String,
    /// What takes the place of other modules.
    pub replaced: Replacements,
}

/// The modules that a `replace` takes from elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Replacements {
    /// Those that come from a folder, with that folder as it is written.
    pub by_folder: BTreeMap<String, String>,
    /// Those that come from a module of another path, with that path.
    pub by_module: BTreeMap<String, String>,
}

impl Replacements {
    fn extend(&mut self, more: &Self) {
        self.by_folder.extend(more.by_folder.clone());
        self.by_module.extend(more.by_module.clone());
    }
}

/// Where a main module is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The `go.mod` that holds for the folder.
    Found(Module),
    /// It cannot be told.
    Unknown {
        /// Why not.
        why: String,
    },
}

impl Module {
    /// Finds the module that a call runs in, from its folder upwards.
    pub(crate) fn of(call: &Call, evidence: &CommandEvidence<'_>) -> Place {
        let unknown = |why: &str| Place::Unknown { why: why.to_owned() };
        let folder = match call.forced {
            true => Some("/work".to_owned()),
            false => call.path("."),
        };
        let Some(folder) = folder else { return unknown("the folder that it runs in cannot be told from the line") };
        let unseen = |file: &str| Place::Unknown { why: format!("`{file}` cannot be looked at here") };
        let workspace = match workspace(call, &folder, evidence) {
            Ok(found) => found,
            Err(file) => return unseen(&file),
        };
        let mut module = match upwards(&folder, "go.mod", evidence) {
            Ok(Some((at, text))) => {
                let text = match mod_file(call, evidence) {
                    Some(Ok(other)) => other,
                    Some(Err(file)) => return unseen(&file),
                    None => text,
                };
                match Self::parse(at, &text) {
                    Some(module) => module,
                    None => return unknown("its `go.mod` has no `module` line"),
                }
            }
            // A workspace has modules, wherever it is used from.
            Ok(None) if workspace.is_some() => {
                Self { own: BTreeMap::new(), path: String::new(), replaced: Replacements::default() }
            }
            Ok(None) => return unknown("there is no `go.mod` in its folder or above it"),
            Err(file) => return unseen(&file),
        };
        if let Some((at, text)) = workspace {
            module.join(&at, &ModFile::parse(&text), evidence);
        }
        Place::Found(module)
    }

    /// Lists every main module and every workspace of the source, and counts the files and folders that could not be looked into.
    pub(crate) fn everywhere(evidence: &CommandEvidence<'_>) -> (Vec<Self>, usize) {
        let (files, mut unseen) = named(evidence.inputs, "/work", &["go.mod", "go.work"]);
        let mut found = Vec::new();
        for file in files {
            let Lookup::File(bytes) = evidence.inputs.look(&file) else {
                unseen += 1;
                continue;
            };
            let (at, name) = file.rsplit_once('/').unwrap_or(("", &file));
            let text = String::from_utf8_lossy(&bytes);
            // The modules that a workspace uses are found by themselves.
            let workspace =
                || Self { own: BTreeMap::new(), path: String::new(), replaced: ModFile::parse(&text).replaced };
            found.extend(if name == "go.work" { Some(workspace()) } else { Self::parse(at.to_owned(), &text) });
        }
        (found, unseen)
    }

    fn parse(at: String, text: &str) -> Option<Self> {
        let ModFile { module, replaced, .. } = ModFile::parse(text);
        module.map(|path| Self { own: [(path.clone(), at)].into(), path, replaced })
    }

    /// Adds what a workspace holds.
    fn join(&mut self, at: &str, workspace: &ModFile, evidence: &CommandEvidence<'_>) {
        self.replaced.extend(&workspace.replaced);
        for used in &workspace.used {
            let folder = folder_below(at, used);
            let Lookup::File(bytes) = evidence.inputs.look(&format!("{folder}/go.mod")) else { continue };
            let file = ModFile::parse(&String::from_utf8_lossy(&bytes));
            if let Some(path) = file.module {
                self.replaced.extend(&file.replaced);
                self.own.insert(path, folder);
            }
        }
    }

    /// Returns the folder of a package of the tree's own; `None` for one of another module.
    pub(crate) fn folder(&self, package: &str) -> Option<String> {
        let below = |(module, folder): (&String, &String)| {
            let rest = package.strip_prefix(module.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (module.len(), format!("{folder}{rest}")))
        };
        self.own.iter().filter_map(below).max().map(|(_, folder)| folder)
    }
}

/// Reads the file that `-modfile` in `GOFLAGS` puts in the place of `go.mod`; the error names one that cannot be looked at here.
fn mod_file(call: &Call, evidence: &CommandEvidence<'_>) -> Option<Result<String, String>> {
    let flags = call.variable("GOFLAGS", evidence.environment)?;
    let file = flags.split_whitespace().rev().find_map(|flag| flag.trim_start_matches('-').strip_prefix("modfile="))?;
    Some(match call.path(file).map(|path| evidence.inputs.look(&path)) {
        Some(Lookup::File(bytes)) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        _ => Err(file.to_owned()),
    })
}

/// Finds the `go.work` that holds for a folder, with the folder that it is in; the error names what cannot be looked at here.
fn workspace(call: &Call, folder: &str, evidence: &CommandEvidence<'_>) -> Result<Option<(String, String)>, String> {
    match call.variable("GOWORK", evidence.environment) {
        Some("off") => Ok(None),
        None | Some("" | "auto") => upwards(folder, "go.work", evidence),
        Some(file) => match evidence.inputs.look(file) {
            Lookup::File(bytes) => {
                let at = file.rsplit_once('/').map_or("", |(at, _)| at);
                Ok(Some((at.to_owned(), String::from_utf8_lossy(&bytes).into_owned())))
            }
            // Such as one that the shell puts together.
            Lookup::Absent | Lookup::Unavailable => Err(format!("GOWORK={file}")),
        },
    }
}

/// Looks for a file in a folder and above it; the error names a file whose content is not available here.
fn upwards(folder: &str, name: &str, evidence: &CommandEvidence<'_>) -> Result<Option<(String, String)>, String> {
    let mut at = folder.trim_end_matches('/').to_owned();
    for _ in 0..DEEPEST {
        let file = format!("{at}/{name}");
        match evidence.inputs.look(&file) {
            Lookup::File(bytes) => return Ok(Some((at, String::from_utf8_lossy(&bytes).into_owned()))),
            Lookup::Unavailable => return Err(file),
            Lookup::Absent => {}
        }
        match at.rsplit_once('/') {
            Some((above, _)) => at = above.to_owned(),
            None => return Ok(None),
        }
    }
    Ok(None)
}

/// Joins a folder and a path relative to it, by text.
fn folder_below(at: &str, path: &str) -> String {
    let mut parts: Vec<&str> = at.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The lines of a `go.mod` or `go.work` that are asked about here (`go help modfile`).
#[derive(Debug, Default, PartialEq, Eq)]
struct ModFile {
    module: Option<String>,
    replaced: Replacements,
    used: Vec<String>,
}

impl ModFile {
    fn parse(text: &str) -> Self {
        let mut file = Self::default();
        let mut block: Option<String> = None;
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default();
            let mut words: Vec<String> = line.split_whitespace().map(unquoted).collect();
            match (block.clone(), words.as_slice()) {
                (_, []) => continue,
                (Some(_), [end]) if end == ")" => block = None,
                (Some(verb), _) => file.line(&verb, &words),
                (None, [verb, open]) if open == "(" => block = Some(verb.clone()),
                (None, [verb]) if verb.ends_with('(') => block = Some(verb.trim_end_matches('(').to_owned()),
                (None, _) => {
                    let verb = words.remove(0);
                    file.line(&verb, &words);
                }
            }
        }
        file
    }

    fn line(&mut self, verb: &str, words: &[String]) {
        match (verb, words) {
            ("module", [path]) => self.module = Some(path.clone()),
            ("use", [folder]) => self.used.push(folder.clone()),
            ("replace", [path, rest @ ..]) => {
                let to = rest.iter().skip_while(|word| *word != "=>").nth(1);
                // A path of a folder begins with a dot or a slash; another module has a version.
                match to {
                    Some(to) if to.starts_with(['.', '/']) => {
                        self.replaced.by_folder.insert(path.clone(), to.clone());
                    }
                    Some(to) if to != path => {
                        self.replaced.by_module.insert(path.clone(), to.clone());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

fn unquoted(word: &str) -> String {
    word.trim_matches(['"', '`']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_blocks_are_read_alike() {
        let text = "module \"example.org/a\" // ours\n\ngo 1.26\nreplace example.org/b v1.0.0 => ../b\nreplace (\n\texample.org/c => /c // x\n\
                    \texample.org/d => example.org/e v1.2.3\n\texample.org/f => example.org/f v1.2.3\n)\nuse (\n\t./x\n)\nuse ./y\n";
        let file = ModFile::parse(text);
        assert_eq!(file.module.as_deref(), Some("example.org/a"));
        let expected = [("example.org/b", "../b"), ("example.org/c", "/c")];
        assert_eq!(file.replaced.by_folder, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
        let expected = ("example.org/d".to_owned(), "example.org/e".to_owned());
        assert_eq!(file.replaced.by_module, [expected].into(), "a module that only has another version keeps its name");
        assert_eq!(file.used, ["./x", "./y"]);
        assert_eq!(folder_below("/work/a", "../b/./c"), "/work/b/c");
    }

    #[test]
    fn a_package_is_of_the_longest_module() {
        let own = [("m".to_owned(), "/work".to_owned()), ("m/sub".to_owned(), "/work/other".to_owned())];
        let module = Module { own: own.into(), path: "m".into(), replaced: Replacements::default() };
        assert_eq!(module.folder("m/sub/x").as_deref(), Some("/work/other/x"));
        assert_eq!(module.folder("m/subway").as_deref(), Some("/work/subway"));
        assert_eq!(module.folder("m").as_deref(), Some("/work"));
        assert_eq!(module.folder("mm"), None);
    }
}
