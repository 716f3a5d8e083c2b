//! Makefiles: the lines behind `make TARGET`, where the file itself tells them.
//!
//! Source: GNU make manual, "Writing Rules" and "Writing Recipes in Rules".

use std::collections::{BTreeMap, BTreeSet};

use crate::seen::SeenText;
use crate::{TrackedFiles, joined};

/// How deep targets may need each other.
const DEPTH: usize = 8;
/// How often variables may hold variables.
const EXPANSIONS: usize = 4;

/// What a makefile runs for a file that is not tracked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRule {
    /// The makefile's folder.
    pub folder: String,
    /// The file, by its path from there.
    pub target: String,
    /// What it runs, what the file needs first.
    pub recipe: Vec<SeenText>,
}

impl FileRule {
    /// Finds the rule for a file among the makefiles of folders; none where nothing is run, or what is run builds a package or calls
    /// `make` again.
    #[must_use]
    pub fn of(files: &dyn TrackedFiles, folders: &[&str], path: &str) -> Option<Self> {
        let rule = |folder: &&str| {
            let target = match *folder {
                "" => path,
                folder => path.strip_prefix(folder)?.strip_prefix('/')?,
            };
            let recipe = Makefile::in_folder(files, folder)?.lines(target);
            Some(Self { folder: (*folder).to_owned(), target: target.to_owned(), recipe })
        };
        let is_plain =
            |rule: &Self| !rule.recipe.is_empty() && rule.programs().iter().all(|name| !CLIENTS.contains(name));
        folders.iter().filter_map(rule).find(is_plain)
    }

    /// Lists the programs that the recipe begins its lines with.
    #[must_use]
    pub fn programs(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self.recipe.iter().filter_map(|line| line.text.split_whitespace().next()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Programs that do what other commands of a plan do, or what no rule alone tells.
const CLIENTS: [&str; 9] = ["$(MAKE)", "${MAKE}", "bun", "cd", "docker", "make", "npm", "pnpm", "yarn"];

/// The targets of a makefile.
#[derive(Debug, Default)]
pub struct Makefile {
    targets: BTreeMap<String, Target>,
}

#[derive(Debug, Default)]
struct Target {
    needs: Vec<String>,
    lines: Vec<SeenText>,
}

impl Makefile {
    /// Reads the makefile that `make` takes in a folder.
    #[must_use]
    pub fn in_folder(files: &dyn TrackedFiles, folder: &str) -> Option<Self> {
        ["GNUmakefile", "makefile", "Makefile"].iter().find_map(|name| {
            let path = joined(folder, name);
            files.paths().contains(&path).then(|| files.text(&path).map(|text| Self::read(&text, &path))).flatten()
        })
    }

    fn read(text: &str, path: &str) -> Self {
        let mut variables: BTreeMap<&str, &str> = BTreeMap::new();
        let mut found = Self::default();
        let mut current: Vec<String> = Vec::new();
        let lines = logical_lines(text);
        for (_, line) in &lines {
            if let Some((name, value)) = assignment(line) {
                variables.insert(name, value);
            }
        }
        for (number, line) in &lines {
            if let Some(recipe) = line.strip_prefix('\t') {
                let recipe = expanded(recipe.trim_start_matches(['@', '-', '+', ' ', '\t']).trim(), &variables);
                for target in current.iter().filter(|_| !recipe.is_empty() && !recipe.starts_with('#')) {
                    let lines = &mut found.targets.entry(target.clone()).or_default().lines;
                    lines.push(SeenText::new(recipe.clone(), path, *number));
                }
            } else if assignment(line).is_none()
                && let Some((names, needs)) = line.split_once(':')
                && !line.starts_with('#')
            {
                let words = |text: &str| -> Vec<String> {
                    expanded(text, &variables).split_whitespace().map(str::to_owned).collect()
                };
                current = words(names);
                // A rule with two colons is one of several that a target may have.
                let needs = needs.strip_prefix(':').unwrap_or(needs);
                let needs = words(needs.split('|').next().unwrap_or_default());
                for target in &current {
                    found.targets.entry(target.clone()).or_default().needs.extend(needs.iter().cloned());
                }
            }
        }
        found
    }

    /// Lists what `make TARGET` runs, what the target needs first; nothing for a target that the file does not have.
    #[must_use]
    pub fn lines(&self, target: &str) -> Vec<SeenText> {
        let (mut found, mut known) = (Vec::new(), BTreeSet::new());
        self.collect(target, DEPTH, &mut known, &mut found);
        found
    }

    fn collect<'a>(&'a self, target: &'a str, depth: usize, known: &mut BTreeSet<&'a str>, found: &mut Vec<SeenText>) {
        let Some(rule) = self.targets.get(target).filter(|_| depth > 0 && known.insert(target)) else { return };
        for need in &rule.needs {
            self.collect(need, depth - 1, known, found);
        }
        found.extend(rule.lines.iter().cloned());
    }
}

/// Joins continued lines, each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut is_continued = false;
    for (number, line) in (1..).zip(text.lines()) {
        let (part, continues) = line.strip_suffix('\\').map_or((line, false), |part| (part.trim_end(), true));
        match lines.last_mut() {
            Some((_, last)) if is_continued => *last = format!("{last} {}", part.trim_start()),
            _ => lines.push((number, part.to_owned())),
        }
        is_continued = continues;
    }
    lines
}

/// Splits `NAME = value`, `:=`, `::=` and `?=`; none for anything else, and for recipes.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?']).trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (is_name && !line.starts_with('\t')).then(|| (name, value.trim()))
}

/// Puts the values of the file's own variables in; what else begins with `$` stays, so that the line is not plain.
fn expanded(text: &str, variables: &BTreeMap<&str, &str>) -> String {
    let mut text = text.to_owned();
    for _ in 0..EXPANSIONS {
        let Some(next) = expand_once(&text, variables) else { break };
        text = next;
    }
    text
}

fn expand_once(text: &str, variables: &BTreeMap<&str, &str>) -> Option<String> {
    variables.iter().find_map(|(name, value)| {
        [format!("$({name})"), format!("${{{name}}}")]
            .iter()
            .find(|reference| text.contains(reference.as_str()))
            // A value that holds itself would never end.
            .filter(|reference| !value.contains(reference.as_str()) && text.len() < 4096)
            .map(|reference| text.replace(reference.as_str(), value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_runs_what_it_needs_first() {
        let text = "WEB := web/app\nB = $(B)\n.PHONY: all web\nall: web test | order\n\t@echo done\nweb:\n\t# no\n\
                    \t-npm --prefix $(WEB) run \\\n\t  build\ntest:: test ; \n\tgo test $(FLAGS) ./...\n\tuse $(B)\n";
        let makefile = Makefile::read(text, "Makefile");
        let lines: Vec<String> =
            makefile.lines("all").iter().map(|line| format!("{} {}", line.place, line.text)).collect();
        let expected = [
            "Makefile:8 npm --prefix web/app run build",
            "Makefile:11 go test $(FLAGS) ./...",
            "Makefile:12 use $(B)",
            "Makefile:5 echo done",
        ];
        assert_eq!(lines, expected);
        assert!(makefile.lines("gone").is_empty());
    }

    #[test]
    fn targets_that_need_each_other_end() {
        let makefile = Makefile::read("a: b\n\tone\nb: a\n\ttwo\n", "Makefile");
        assert_eq!(makefile.lines("a").iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["two", "one"]);
    }
}
