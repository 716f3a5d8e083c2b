//! Test files that may end their own process: node then counts the tests that were reported until then, and exits with 0.
//!
//! The summary does not tell such a file from one that came to its end (node 20 to 24: what was not reported is in no count). Only
//! the file says that it calls `process.exit`, and which tests it names.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Token, tokens};
use crate::call::Call;
use crate::evidence::CommandEvidence;
use crate::inputs::{InputKind, Listing, Lookup};
use crate::outcome::Proof;
use rcrepro_model::plan::glob::PathGlob;

/// The files that node runs where the line names none. The last is for every file of a folder `test`.
const USUAL: [&str; 6] = ["**/*.test.*", "**/*-test.*", "**/*_test.*", "**/test-*.*", "**/test.*", "**/test/**"];
/// How many entries of folders are looked at.
const MOST: usize = 20_000;
/// Endings of scripts.
const SCRIPTS: [&str; 6] = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/// A file of tests.
#[derive(Default)]
struct Script {
    /// The first call that may end the process with 0: its line, and the call.
    ends: Option<(usize, String)>,
    /// Whether the file puts another function in the place of the one that ends the process.
    replaces: bool,
    /// How often each name is given to a test.
    names: BTreeMap<String, usize>,
    /// Whether a test has a name that is put together.
    has_made_names: bool,
}

/// Finds a file that may have ended its own process before its tests were reported.
pub(super) fn objection(call: &Call, evidence: &CommandEvidence<'_>, lines: &[String]) -> Option<Proof> {
    let scripts = scripts(call, evidence);
    scripts.values().find(|script| script.ends.is_some())?;
    let reported = reported(lines);
    let mut declared: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in scripts.values().flat_map(|script| &script.names) {
        *declared.entry(name).or_default() += count;
    }
    scripts.iter().find_map(|(file, script)| {
        let (line, ends) = script.ends.as_ref()?;
        let is_lost = |name: &&String| {
            let count = declared.get(name.as_str()).copied().unwrap_or_default();
            reported.get(name.as_str()).copied().unwrap_or_default() < count
        };
        let lost = match script.names.keys().find(is_lost) {
            Some(name) => format!("and its test `{name}` is not reported"),
            None if script.has_made_names && !script.replaces => {
                "and names tests by what is put together, so that nothing shows whether all were reported".to_owned()
            }
            None => return None,
        };
        Some(Proof::hollow(format!(
            "`{file}` calls `{ends}` in line {line}, which ends the process with 0, {lost}: let it end by itself, or by --test-force-exit"
        )))
    })
}

/// Reads the test files that node ran, by their paths below the call's folder, as far as they are there.
fn scripts(call: &Call, evidence: &CommandEvidence<'_>) -> BTreeMap<String, Script> {
    let mut found = BTreeMap::new();
    let Some(root) = call.path(".") else { return found };
    let wanted = Wanted::of(call);
    let mut open = vec![String::new()];
    let mut looked = 0;
    while let Some(folder) = open.pop() {
        let Listing::Folder(entries) = evidence.inputs.list(&format!("{root}/{folder}")) else { continue };
        for (name, kind) in entries {
            looked += 1;
            let path = format!("{folder}{name}");
            match kind {
                _ if looked > MOST => return found,
                InputKind::Folder if !["node_modules", ".git"].contains(&name.as_str()) => open.push(path + "/"),
                InputKind::File if wanted.has(&path) => {
                    if let Lookup::File(bytes) = evidence.inputs.look(&format!("{root}/{path}")) {
                        found.insert(path, read(&String::from_utf8_lossy(&bytes)));
                    }
                }
                _ => {}
            }
        }
    }
    found
}

/// The files that a call runs.
struct Wanted(Vec<String>);

impl Wanted {
    fn of(call: &Call) -> Self {
        let named = || call.arguments.iter().filter(|word| !word.starts_with('-') && !call.forced);
        let is_unknown = |word: &String| word.contains(['$', '`', '~']);
        // The value of a flag is a word, too, and names no script.
        let is_path = |word: &&String| word.contains(['/', '*']) || SCRIPTS.iter().any(|end| word.ends_with(end));
        let mut globs: Vec<String> = Vec::new();
        for word in named() {
            let path = word.trim_start_matches("./").trim_end_matches('/');
            globs.extend([path.to_owned(), format!("{path}/**")]);
        }
        if named().any(is_unknown) || !named().any(|word| is_path(&word)) {
            globs.extend(USUAL.map(str::to_owned));
        }
        Self(globs)
    }

    fn has(&self, path: &str) -> bool {
        let is_script = SCRIPTS.iter().any(|end| path.ends_with(end));
        is_script && self.0.iter().any(|glob| PathGlob::new(glob).is_ok_and(|glob| glob.matches(path)))
    }
}

/// Finds the calls in a script that end the process, and the names of its tests.
fn read(text: &str) -> Script {
    let tokens = tokens(text);
    let at = |place: usize| tokens.get(place).map(|(_, token)| token);
    let is_mark = |place: usize, mark: char| at(place).is_some_and(|token| token.is_mark(mark));
    let imported = exits_by_name(&tokens);
    let mut script = Script::default();
    for (place, (line, token)) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        let is_member = place > 0 && is_mark(place - 1, '.');
        // The place behind the function that ends the process, and its name.
        let exit = match word.as_str() {
            "process" => match (at(place + 1), at(place + 2)) {
                (Some(Token::Mark('.')), Some(Token::Word(name))) => Some((place + 3, name.clone())),
                (Some(Token::Mark('[')), Some(Token::Text(Some(name)))) => Some((place + 4, name.clone())),
                (Some(Token::Mark(',')), Some(Token::Text(Some(name)))) => {
                    script.replaces |= ["exit", "reallyExit"].contains(&name.as_str());
                    None
                }
                _ => None,
            },
            name if !is_member && imported.contains(name) && is_mark(place + 1, '(') => {
                Some((place + 1, name.to_owned()))
            }
            _ => None,
        };
        if let Some((behind, name)) = exit.filter(|(_, name)| ["exit", "reallyExit"].contains(&name.as_str())) {
            let assigned = is_mark(behind, '=') && !is_mark(behind + 1, '=');
            script.replaces |= assigned;
            let handed = place > 0 && (is_mark(place - 1, ',') || is_mark(place - 1, '('));
            let called = is_mark(behind, '(') && !is_failure(at(behind + 1), at(behind + 2));
            if script.ends.is_none() && (called || handed && (is_mark(behind, ',') || is_mark(behind, ')'))) {
                let name = if word == "process" { format!("process.{name}") } else { name };
                script.ends = Some((*line, name));
            }
        }
        let of_context = is_member && place > 1 && at(place - 2).is_some_and(|before| before.is_word("t"));
        if ["test", "it"].contains(&word.as_str()) && (!is_member || of_context) && is_mark(place + 1, '(') {
            match at(place + 2) {
                Some(Token::Text(Some(name))) if !is_mark(place + 3, '+') => {
                    *script.names.entry(name.clone()).or_default() += 1
                }
                _ => script.has_made_names = true,
            }
        }
    }
    script
}

/// Whether the only argument is a number above 0.
fn is_failure(argument: Option<&Token>, behind: Option<&Token>) -> bool {
    let number = |token: &Token| matches!(token, Token::Word(word) if word.parse::<u8>().is_ok_and(|code| code > 0));
    argument.is_some_and(number) && behind.is_some_and(|token| token.is_mark(')'))
}

/// Finds the names by which a script takes functions out of `process`: `import { exit } from 'node:process'`.
fn exits_by_name(tokens: &[(usize, Token)]) -> BTreeSet<&'static str> {
    let is_process = |token: &Token| {
        token.is_word("process") || token.text().is_some_and(|text| ["process", "node:process"].contains(&text))
    };
    let mut found = BTreeSet::new();
    for (at, (_, token)) in tokens.iter().enumerate() {
        // `} from 'process'`, `} = process`, `} = require('process')`.
        if !token.is_mark('}') || !tokens[at + 1..].iter().take(4).any(|(_, token)| is_process(token)) {
            continue;
        }
        let inside = tokens[..at].iter().rev().take_while(|(_, token)| !token.is_mark('{'));
        for (_, token) in inside {
            found.extend(["exit", "reallyExit"].into_iter().filter(|name| token.is_word(name)));
        }
    }
    found
}

/// Counts the names of the tests and suites that are reported, by the spec, tap and junit reporters.
fn reported(lines: &[String]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for line in lines {
        let line = line.trim_start();
        let spec = ['\u{2714}', '\u{2716}', '\u{fe63}', '\u{25b6}', '\u{26a0}'].iter().find_map(|mark| {
            let (name, time) = line.strip_prefix(*mark)?.trim_start().rsplit_once(" (")?;
            time.contains("ms)").then(|| name.to_owned())
        });
        let tap = || {
            let rest = line.strip_prefix("not ").unwrap_or(line).strip_prefix("ok ")?;
            let (_, name) = rest.split_once(" - ")?;
            let name = [" # SKIP", " # TODO"].iter().fold(name, |name, mark| name.split(mark).next().unwrap_or(name));
            Some(name.replace("\\#", "#").replace("\\\\", "\\"))
        };
        let junit = || {
            let rest = line.strip_prefix("<testcase ").or_else(|| line.strip_prefix("<testsuite "))?;
            let (name, _) = rest.split_once("name=\"")?.1.split_once('"')?;
            let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
            Some(plain.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to)))
        };
        if let Some(name) = spec.or_else(tap).or_else(junit) {
            *found.entry(name).or_default() += 1;
        }
    }
    found
}
