//! The commands that hints and reports show, so that they can be run as they are where the user is, who may have named the plan's
//! folder with `-C`.
//!
//! Whatever the program prints passes here, in [`super::output`]: hints whole, reports where they show a command and do not quote
//! one. What was asked for byte by byte does not.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

/// The folder that `-C` named, once the command line was read.
static NAMED: OnceLock<PathBuf> = OnceLock::new();

/// The commands of git that hints show.
const GIT: [&str; 11] =
    ["add", "branch", "checkout", "commit", "fetch", "init", "lfs", "mv", "rev-parse", "status", "tag"];

/// Programs that work in the folder in which they are started.
const OTHERS: [&str; 7] = ["mkdir ", "printf ", "ln ", "go ", "npm ", "pnpm ", "yarn "];

/// What precedes a command that a line of a report shows.
const BEFORE: [&str; 6] = [": ", "; ", "(", "&& ", ", then ", ", or "];

/// Remembers the folder; the first one stays.
pub fn name(directory: &Path) {
    drop(NAMED.set(directory.to_owned()));
}

/// Gives a hint with the folder in its commands.
pub fn hint(text: &str) -> String {
    named().map_or_else(|| text.to_owned(), |folder| Folder::of(folder).hint(text))
}

/// Gives the text of a report with the folder in the commands that it shows. Between backticks a command is named or quoted, and
/// stays as it is.
pub fn report(text: &str) -> String {
    named().map_or_else(|| text.to_owned(), |folder| Folder::of(folder).report(text))
}

/// Gives a document with the folder in its hints, in the next commands, and in the reasons that name one.
pub fn document(document: &Value) -> Value {
    named().map_or_else(|| document.clone(), |folder| Folder::of(folder).document(document, ""))
}

fn named() -> Option<&'static Path> {
    NAMED.get().map(PathBuf::as_path).filter(|folder| *folder != Path::new("."))
}

struct Folder {
    /// As a shell takes it.
    quoted: String,
    /// What a hint begins with that goes there first.
    entered: String,
    /// What a path in it begins with.
    inside: String,
    /// The names of the commands.
    commands: Vec<String>,
}

impl Folder {
    fn of(folder: &Path) -> Self {
        let text = folder.display().to_string();
        let is_plain = |c: char| c.is_alphanumeric() || "/._-+@%=:,".contains(c);
        let quoted =
            if text.chars().all(is_plain) { text.clone() } else { format!("'{}'", text.replace('\'', r"'\''")) };
        let entered = format!("cd {quoted} && ");
        Self {
            quoted,
            entered,
            inside: format!(" {}/", text.trim_end_matches('/')),
            commands: rcrepro_arguments::command_names(),
        }
    }

    fn hint(&self, text: &str) -> String {
        match OTHERS.iter().any(|program| text.starts_with(program)) {
            true if !text.starts_with("go to ") => format!("{}{text}", self.entered),
            _ => self.placed(text, true),
        }
    }

    /// What a report calls a hint is one.
    fn report(&self, text: &str) -> String {
        let line = |line: &str| match line.trim_start().strip_prefix("hint: ") {
            Some(hint) => format!("{}{}", &line[..line.len() - hint.len()], self.hint(hint)),
            None => self.placed(line, false),
        };
        text.split_inclusive('\n').map(line).collect()
    }

    /// Names the folder in every command of rcrepro and of git; `everywhere`, or only where a command is shown.
    fn placed(&self, text: &str, everywhere: bool) -> String {
        let mut out = String::new();
        let mut done = 0;
        while let Some((at, program)) = next_program(&text[done..]) {
            let start = done + at;
            let arguments = start + program.len() + 1;
            let word =
                text[arguments..].split(|c: char| !c.is_ascii_alphabetic() && c != '-').next().unwrap_or_default();
            let known =
                if program == "git" { GIT.contains(&word) } else { self.commands.iter().any(|name| name == word) };
            out.push_str(&text[done..arguments]);
            done = arguments;
            let line = text[..start].rsplit('\n').next().unwrap_or_default();
            let is_meant = is_begun(line) && !line.contains(&self.entered) && (everywhere || is_shown(line));
            if known && is_meant {
                let rest = &text[arguments..];
                let end = rest.find(['&', ';', '`', '(', ',', '\n']).unwrap_or(rest.len());
                // A path that is shown from where the user is lies in the folder for the command.
                out.push_str(&format!("-C {} {}", self.quoted, rest[..end].replace(&self.inside, " ")));
                done = arguments + end;
            }
        }
        out + &text[done..]
    }

    fn document(&self, value: &Value, key: &str) -> Value {
        match (value, key) {
            (Value::Object(pairs), _) => {
                Value::Object(pairs.iter().map(|(key, value)| (key.clone(), self.document(value, key))).collect())
            }
            (Value::Array(items), _) => items.iter().map(|item| self.document(item, key)).collect(),
            (Value::String(text), "hint" | "next") => self.hint(text).into(),
            (Value::String(text), "why" | "reasons" | "notes" | "conditions" | "remedy" | "says") => {
                self.placed(text, false).into()
            }
            _ => value.clone(),
        }
    }
}

/// Finds the next name of a program with a space after it.
fn next_program(text: &str) -> Option<(usize, &'static str)> {
    let find = |program: &'static str| text.find(&format!("{program} ")).map(|at| (at, program));
    ["rcrepro", "git"].into_iter().filter_map(find).min_by_key(|(at, _)| *at)
}

/// Whether a word ends before: `./rcrepro` and `digit` are other words.
fn is_begun(before: &str) -> bool {
    !before.ends_with(|c: char| c.is_alphanumeric() || "/.-_$".contains(c))
}

/// Whether what follows is a command that a line shows, and not one that it quotes.
fn is_shown(line: &str) -> bool {
    let is_quoted = line.matches('`').count() % 2 == 1;
    // A list of commands is indented by two, what follows a label by more.
    let is_label =
        matches!(line.trim(), "hint" | "next") || (line.trim().is_empty() && (line.len() == 2 || line.len() >= 12));
    !is_quoted && (is_label || BEFORE.iter().any(|before| line.ends_with(before)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sub() -> Folder {
        Folder::of(Path::new("sub"))
    }

    #[test]
    fn the_commands_of_a_hint_work_in_the_folder_that_was_named() {
        for (text, expected) in [
            ("rcrepro run RC-05", "rcrepro -C sub run RC-05"),
            ("first rcrepro lock, then: rcrepro check", "first rcrepro -C sub lock, then: rcrepro -C sub check"),
            ("name the folder: rcrepro -C DIR …", "name the folder: rcrepro -C DIR …"),
            ("use the rcrepro that reads it", "use the rcrepro that reads it"),
            ("git add -A && git commit", "git -C sub add -A && git -C sub commit"),
            ("restore it (`git checkout -- lockfiles`)", "restore it (`git -C sub checkout -- lockfiles`)"),
            ("git -C sub/manifests checkout -- a", "git -C sub/manifests checkout -- a"),
            ("rcrepro verify sub/manifests/a.json", "rcrepro -C sub verify manifests/a.json"),
            ("printf x > a", "cd sub && printf x > a"),
            ("go mod tidy && git add go.sum", "cd sub && go mod tidy && git add go.sum"),
            ("the digit 5, ./rcrepro check", "the digit 5, ./rcrepro check"),
        ] {
            assert_eq!(sub().hint(text), expected);
            assert_eq!(sub().hint(&sub().placed(expected, true)), expected, "it is not named twice");
        }
        let odd = Folder::of(Path::new("a b's"));
        assert_eq!(odd.hint("rcrepro check"), r"rcrepro -C 'a b'\''s' check");
    }

    #[test]
    fn a_report_names_the_folder_where_it_shows_a_command_and_not_where_it_quotes_one() {
        for (text, expected) in [
            ("      next  rcrepro run RC-05\n", "      next  rcrepro -C sub run RC-05\n"),
            ("  stale: lock: rcrepro lock x\n", "  stale: lock: rcrepro -C sub lock x\n"),
            ("  git add -A && git commit  all\n", "  git -C sub add -A && git -C sub commit  all\n"),
            ("(no mutant was run: rcrepro check --mutate)", "(no mutant was run: rcrepro -C sub check --mutate)"),
            ("    hint: go mod tidy, and commit\n", "    hint: cd sub && go mod tidy, and commit\n"),
            ("2 findings (rcrepro pins)", "2 findings (rcrepro -C sub pins)"),
            ("stale  a.md:6: `rcrepro run RC-05`", "stale  a.md:6: `rcrepro run RC-05`"),
            ("a.sh:2: `git status` finds", "a.sh:2: `git status` finds"),
            ("        ok  a  exit code 0  git commit -m x", "        ok  a  exit code 0  git commit -m x"),
            ("`rcrepro replay` executes them again", "`rcrepro replay` executes them again"),
        ] {
            assert_eq!(sub().report(text), expected);
            assert_eq!(sub().report(expected), expected, "it is not named twice");
        }
    }

    #[test]
    fn a_document_names_it_in_hints_and_nowhere_else() {
        let document = json!({ "next": ["rcrepro run RC-05"], "line": "rcrepro run RC-05",
            "rows": [{ "why": "no evidence yet: rcrepro run RC-05", "hint": "git add a" }] });
        let expected = json!({ "next": ["rcrepro -C sub run RC-05"], "line": "rcrepro run RC-05",
            "rows": [{ "why": "no evidence yet: rcrepro -C sub run RC-05", "hint": "git -C sub add a" }] });
        assert_eq!(sub().document(&document, ""), expected);
    }
}
