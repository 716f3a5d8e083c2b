//! The folders that `go.mod` and `go.work` name: modules that a folder replaces, and the modules of a workspace.
//!
//! Source: Go Modules Reference, "replace directive" and "go.work files". A replacement is a folder when it begins with `./`,
//! `../` or `/`; it then has no version.

use std::collections::BTreeSet;

/// A module that a folder replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderReplace {
    /// The line, from 1.
    pub line: usize,
    /// The module's path, such as `example.org/a/b`.
    pub module: String,
    /// The folder as it is written.
    pub folder: String,
}

/// Lists the required modules that a folder replaces, in their order. What replaces a module that is not required, or another
/// version of it, does nothing.
#[must_use]
pub fn replaced(text: &str) -> Vec<FolderReplace> {
    let lines = directives(text);
    let required: BTreeSet<(&str, &str)> = lines
        .iter()
        .filter_map(|(_, words)| match &words[..] {
            [word, module, version] if word == "require" => Some((module.as_str(), version.as_str())),
            _ => None,
        })
        .collect();
    let is_used = |module: &str, only: Option<&String>| {
        required.iter().any(|(name, version)| *name == module && only.is_none_or(|only| only == version))
    };
    let mut found = Vec::new();
    for (line, words) in &lines {
        let Some(arrow) = words.iter().position(|word| word == "=>") else { continue };
        let ([word, module, only @ ..], [folder]) = (&words[..arrow], &words[arrow + 1..]) else { continue };
        let is_folder =
            ["./", "../", "/"].iter().any(|start| folder.starts_with(start)) || folder == "." || folder == "..";
        if word == "replace" && is_folder && is_used(module, only.first()) {
            found.push(FolderReplace { line: *line, module: module.clone(), folder: folder.clone() });
        }
    }
    found
}

/// Lists the folders that replace modules, whether or not those are required: what a `go.work` replaces, its modules require.
#[must_use]
pub fn folders(text: &str) -> Vec<String> {
    let folder = |(_, words): (usize, Vec<String>)| {
        let arrow = words.iter().position(|word| word == "=>")?;
        let target = words.get(arrow + 1).filter(|_| words.len() == arrow + 2 && words[0] == "replace")?;
        target.starts_with(['.', '/']).then(|| target.clone())
    };
    directives(text).into_iter().filter_map(folder).collect()
}

/// Lists the modules that have to come from somewhere else, because no folder replaces them.
#[must_use]
pub fn required_from_elsewhere(text: &str) -> BTreeSet<String> {
    let replaced: BTreeSet<String> = replaced(text).into_iter().map(|one| one.module).collect();
    let required = directives(text).into_iter().filter_map(|(_, words)| match &words[..] {
        [word, module, _] if word == "require" => Some(module.clone()),
        _ => None,
    });
    required.filter(|module| !replaced.contains(module)).collect()
}

/// Lists the folders that a `go.work` uses, each with its line.
#[must_use]
pub fn used(text: &str) -> Vec<(usize, String)> {
    let folder = |(line, words): (usize, Vec<String>)| match &words[..] {
        [word, folder] if word == "use" => Some((line, folder.clone())),
        _ => None,
    };
    directives(text).into_iter().filter_map(folder).collect()
}

/// Lists the directives, each with its line, those of a block with the block's word first.
pub(super) fn directives(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut block: Option<String> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.find("//").map_or(line, |at| &line[..at]);
        let mut words: Vec<String> =
            code.split_whitespace().map(|word| word.trim_matches(['"', '`']).to_owned()).collect();
        // Go needs no space before the parenthesis that begins a block.
        if let [word] = &words[..]
            && let Some(word) = word.strip_suffix('(').filter(|word| !word.is_empty())
        {
            words = vec![word.to_owned(), "(".to_owned()];
        }
        match (&block, &words[..]) {
            (_, []) => continue,
            (Some(_), [end, ..]) if end == ")" => {
                block = None;
                continue;
            }
            (Some(word), _) => words.insert(0, word.clone()),
            (None, [word, open]) if open == "(" => {
                block = Some(word.clone());
                continue;
            }
            _ => {}
        }
        found.push((number, words));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_replace_what_is_required_are_found_with_their_line() {
        let text = "module m\nrequire (\n\ta.example/a v1.0.0\n\tb.example/b v1.0.0 // indirect\n\tc.example/c v1.0.0\n)\n\
                    replace a.example/a => ../a // beside\nreplace (\n\tb.example/b v1.0.0 => ./b\n\tb.example/b v2.0.0 => ./no\n\
                    \tunused.example/u => ../u\n\tc.example/c => d.example/d v1.0.0\n)\n";
        let found: Vec<_> = replaced(text).into_iter().map(|one| (one.line, one.module, one.folder)).collect();
        let expected = [(7, "a.example/a", "../a"), (9, "b.example/b", "./b")];
        assert_eq!(found, expected.map(|(line, module, folder)| (line, module.to_owned(), folder.to_owned())));
        assert_eq!(required_from_elsewhere(text).into_iter().collect::<Vec<_>>(), ["c.example/c"]);
    }

    #[test]
    fn a_workspace_lists_its_modules() {
        let text = "go 1.26\n\nuse ./a\nuse (\n\t./b // two\n\t.\n)\n";
        assert_eq!(folders("use .\nreplace x.example/x => ../x\nreplace y => z v1.0.0\n"), ["../x"]);
        assert_eq!(used(text), [(3, "./a".to_owned()), (5, "./b".to_owned()), (6, ".".to_owned())]);
    }
}
