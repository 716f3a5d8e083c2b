//! Modules in the input tree: which folder an import path is, and what a module takes from folders of the tree.

use std::collections::BTreeMap;

use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::Lookup;

/// How many folders up a `go.mod` is looked for.
const DEEPEST: usize = 64;

/// A main module, as its `go.mod` and a `go.work` above it have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// The module paths whose sources are in the tree, by their folder: the main module, and the others of a workspace.
    pub own: BTreeMap<String, String>,
    /// The path of the module that the call runs in.
    pub path: String,
    /// Module paths that a `replace` takes from a folder, with that folder as it is written.
    pub replaced: BTreeMap<String, String>,
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
        let (at, text) = match upwards(&folder, "go.mod", evidence) {
            Ok(Some(found)) => found,
            Ok(None) => return unknown("there is no `go.mod` in its folder or above it"),
            Err(file) => return Place::Unknown { why: format!("`{file}` cannot be looked at here") },
        };
        let file = ModFile::parse(&text);
        let Some(path) = file.module.clone() else { return unknown("its `go.mod` has no `module` line") };
        let mut module = Self { own: [(path.clone(), at)].into(), path, replaced: file.replaced };
        let off = call.variable("GOWORK", evidence.environment) == Some("off");
        match if off { Ok(None) } else { upwards(&folder, "go.work", evidence) } {
            Ok(Some((at, text))) => module.join(&at, &ModFile::parse(&text), evidence),
            Ok(None) => {}
            Err(file) => return Place::Unknown { why: format!("`{file}` cannot be looked at here") },
        }
        Place::Found(module)
    }

    /// Adds what a workspace holds.
    fn join(&mut self, at: &str, workspace: &ModFile, evidence: &CommandEvidence<'_>) {
        self.replaced.extend(workspace.replaced.clone());
        for used in &workspace.used {
            let folder = folder_below(at, used);
            let Lookup::File(bytes) = evidence.inputs.look(&format!("{folder}/go.mod")) else { continue };
            let file = ModFile::parse(&String::from_utf8_lossy(&bytes));
            if let Some(path) = file.module {
                self.replaced.extend(file.replaced);
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
    replaced: BTreeMap<String, String>,
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
                if let Some(folder) = to.filter(|to| to.starts_with(['.', '/'])) {
                    self.replaced.insert(path.clone(), folder.clone());
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
                    \texample.org/d => example.org/e v1.2.3\n)\nuse (\n\t./x\n)\nuse ./y\n";
        let file = ModFile::parse(text);
        assert_eq!(file.module.as_deref(), Some("example.org/a"));
        let expected = [("example.org/b", "../b"), ("example.org/c", "/c")];
        assert_eq!(file.replaced, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
        assert_eq!(file.used, ["./x", "./y"]);
        assert_eq!(folder_below("/work/a", "../b/./c"), "/work/b/c");
    }

    #[test]
    fn a_package_is_of_the_longest_module() {
        let own = [("m".to_owned(), "/work".to_owned()), ("m/sub".to_owned(), "/work/other".to_owned())];
        let module = Module { own: own.into(), path: "m".into(), replaced: BTreeMap::new() };
        assert_eq!(module.folder("m/sub/x").as_deref(), Some("/work/other/x"));
        assert_eq!(module.folder("m/subway").as_deref(), Some("/work/subway"));
        assert_eq!(module.folder("m").as_deref(), Some("/work"));
        assert_eq!(module.folder("mm"), None);
    }
}
