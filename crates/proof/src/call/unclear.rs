//! The name of a known tool on a line, where nothing shows that the tool runs and ends the line with its exit code.

use super::{assignment, base, nested, tool, unwrapped};
use crate::shell::simples;

/// Commands that run none of their words, or whose own words are not calls of the tools that are known here.
const QUIET: [&str; 59] = [
    ":", ".", "[", "[[", "alias", "apk", "apt", "apt-get", "basename", "bun", "cat", "cd", "chmod", "command", "cp",
    "curl", "cut", "declare", "diff", "dirname", "echo", "egrep", "exit", "export", "false", "fgrep", "file", "git",
    "go", "grep", "hash", "head", "jq", "ln", "local", "ls", "mkdir", "mv", "npm", "pip", "pnpm", "printf", "readlink",
    "readonly", "return", "rg", "rm", "sed", "sort", "stat", "tail", "tar", "tee", "test", "touch", "true", "type",
    "which", "yarn",
];

/// How deep lines in lines are followed.
const DEEPEST: u8 = 8;

/// Returns the known tool that a line names without calling it in a way that is read here.
pub(crate) fn unclear(line: &str) -> Option<String> {
    of_line(line, 0)
}

fn of_line(line: &str, depth: u8) -> Option<String> {
    let simples = simples(line);
    let assigned: Vec<String> = simples
        .iter()
        .flat_map(|simple| simple.words.iter().filter_map(|word| assignment(word)))
        .map(|(_, value)| value.to_owned())
        .collect();
    simples.into_iter().find_map(|simple| of_words(simple.words, &assigned, depth))
}

fn of_words(mut words: Vec<String>, assigned: &[String], depth: u8) -> Option<String> {
    loop {
        let assignments = words.iter().take_while(|word| assignment(word).is_some()).count();
        words.drain(..assignments);
        let first = words.first()?;
        if let Some(line) = nested(&words).filter(|_| depth < DEEPEST) {
            // The words behind the line are its parameters.
            let at = words.iter().position(|word| line.ends_with(word.as_str()) && !word.starts_with('-'));
            let behind = words.get(at.map_or(words.len(), |at| at + 1)..).unwrap_or_default();
            return of_line(&line, depth + 1).or_else(|| named(behind).map(|tool| says(&tool, first)));
        }
        match unwrapped(&words) {
            Some(inner) => words = inner,
            None => break,
        }
    }
    let (first, rest) = words.split_first()?;
    if tool(&words).is_some() {
        return None;
    }
    if first.contains(['$', '`']) {
        // The value of a variable that the line sets, or the last word of a substitution.
        let inside = parts(first);
        let values = assigned.iter().map(|value| parts(value)).chain((0..inside.len()).map(|at| inside[at..].to_vec()));
        let expanded = values.map(|value| value.into_iter().chain(rest.iter().cloned()).collect::<Vec<_>>());
        if let Some((_, name, _)) = expanded.into_iter().find_map(|words| tool(&words)) {
            return Some(says(&name, first));
        }
    }
    if QUIET.contains(&base(first)) {
        return None;
    }
    named(&words).map(|tool| says(&tool, first))
}

/// Names the known tool that stands among words, or in one that is a line itself.
fn named(words: &[String]) -> Option<String> {
    let parts: Vec<String> = words.iter().flat_map(|word| parts(word)).collect();
    (0..parts.len()).find_map(|at| tool(&parts[at..]).map(|(_, name, _)| name))
}

fn parts(word: &str) -> Vec<String> {
    let apart = |c: char| c.is_whitespace() || ";&|(){}<>'\"`$!=".contains(c);
    word.split(apart).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn says(tool: &str, first: &str) -> String {
    let first = first.split_whitespace().next().unwrap_or(first);
    format!(
        "`{tool}` is on the line behind `{first}`, and whether it ran and how it ended cannot be seen: write `{tool}` as a \
         command of its own, or set `proof`"
    )
}
