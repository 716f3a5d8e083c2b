//! Shell lines as people quote them, and the tools that they call.
//!
//! What a shell would make of a line is read by its lexer. What people write around lines is known here: prompts, output below
//! prompts, and places such as `<version>`, which a shell would take for redirections.

use std::collections::BTreeSet;

use rcrepro_shell::{DEEPEST, PartKind, ShellDialect, ShellToken, ShellTokenKind};

use crate::syntax::places::{self, is_place};

/// Programs that every guide calls in passing; that a plan begins a line with one makes no claim of theirs.
const ORDINARY: [&str; 26] = [
    "[", "awk", "cat", "cd", "chmod", "cp", "curl", "echo", "export", "false", "find", "git", "grep", "head", "ls",
    "mkdir", "mv", "printf", "rm", "sed", "set", "tail", "tar", "test", "touch", "true",
];

/// Words before a program that only change how it is run, or whether.
const BEFORE: [&str; 13] =
    ["!", "do", "elif", "else", "env", "exec", "if", "sudo", "then", "time", "until", "while", "{"];

/// Programs whose first argument is what is really run.
const RUNNERS: [&str; 4] = ["bash", "npx", "sh", "pnpx"];

/// Makes commands of a block's lines: prompts, output below prompts, comments and continuation marks are gone. Each comes
/// with the number of the line where it begins.
#[must_use]
pub fn commands(lines: &[(usize, String)]) -> Vec<(usize, String)> {
    let prompt = |line: &str| line.trim_start().strip_prefix("$ ").map(str::to_owned);
    let prompted = lines.iter().any(|(_, line)| prompt(line).is_some());
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in lines {
        let text = match prompt(line) {
            Some(text) => text,
            None if prompted && !goes_on => continue,
            None if prompted => line.trim_start().strip_prefix("> ").unwrap_or(line).to_owned(),
            None => line.clone(),
        };
        let (text, more) = without_end(&text);
        match found.last_mut().filter(|_| goes_on) {
            Some((_, before)) => {
                before.push(' ');
                before.push_str(text);
            }
            None => found.push((*number, text.to_owned())),
        }
        goes_on = more;
    }
    found.retain(|(_, text)| !text.is_empty());
    found
}

/// Makes commands of one text, such as a plan's line.
#[must_use]
pub fn lines_of(text: &str) -> Vec<String> {
    let lines: Vec<(usize, String)> = text.lines().map(|line| (0, line.to_owned())).collect();
    commands(&lines).into_iter().map(|(_, text)| text).collect()
}

/// Names the tools that a plan's line calls: what it begins with, after `cd DIR &&` and settings of variables. Both
/// a runner and what it runs, by their base names: `bash scripts/smoke.sh` gives `bash` and `smoke.sh`.
#[must_use]
pub fn tools_of_plan(line: &str) -> BTreeSet<String> {
    let first = segments(line).into_iter().map(tools).find(|tools| !tools.contains("cd"));
    first.unwrap_or_default().into_iter().filter(|tool| !ORDINARY.contains(&tool.as_str())).collect()
}

/// Names every tool that a quoted text calls.
#[must_use]
pub fn tools_of_quoted(text: &str) -> BTreeSet<String> {
    segments(text).into_iter().flat_map(tools).collect()
}

/// Whether a text in prose is a whole command, and not the name of a tool or of one of its subcommands: it has an
/// argument that is more than a plain word or a version (`go test`, `npm ci` and `go 1.26.8` are names), and leaves nothing
/// out (`go test …`).
#[must_use]
pub fn is_command_in_prose(text: &str) -> bool {
    let words = words(text);
    let left_out = words.iter().any(|word| ["…", "..."].contains(word));
    !left_out && words.iter().skip(1).any(|word| !is_plain(word))
}

/// Whether a quoted command is the plan's. A quoted word such as `<version>` matches any one word.
#[must_use]
pub fn same(quoted: &str, planned: &str) -> bool {
    if quoted == planned {
        return true;
    }
    let (quoted, planned) = (words(quoted), words(planned));
    quoted.iter().any(|word| is_place(word))
        && quoted.len() == planned.len()
        && quoted.iter().zip(&planned).all(|(quoted, planned)| quoted == planned || is_place(quoted))
}

fn is_plain(word: &str) -> bool {
    let number = word.strip_prefix('v').unwrap_or(word);
    let version = number.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-');
    version || (!word.starts_with('-') && word.bytes().all(plain))
}

/// Names the program of one simple command, and what a runner runs.
fn tools(segment: Vec<String>) -> BTreeSet<String> {
    let is_setting = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    let mut words = segment.into_iter().skip_while(|word| is_setting(word) || BEFORE.contains(&word.as_str()));
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(program) = words.next() else { return BTreeSet::new() };
    let mut tools = BTreeSet::from([base(&program)]);
    if RUNNERS.contains(&base(&program).as_str()) {
        tools.extend(words.find(|word| !word.starts_with('-')).map(|word| base(&word)));
    }
    tools
}

/// Splits a text; a place is a word. The ranges are of the text itself.
fn tokens(text: &str) -> Vec<ShellToken> {
    rcrepro_shell::tokens(&places::masked(text), ShellDialect::Shell)
}

/// Cuts off a comment, and the mark by which a line goes on in the next; says whether there was one.
fn without_end(line: &str) -> (&str, bool) {
    let line = line.trim();
    let tokens = tokens(&format!("{line}\n"));
    if let Some(comment) = tokens.iter().find(|token| token.kind == ShellTokenKind::Comment) {
        return (line[..comment.range.start].trim_end(), false);
    }
    let goes_on = tokens.last().is_some_and(|last| match &last.kind {
        ShellTokenKind::Blank => true,
        ShellTokenKind::Word(word) => word.parts.last().is_some_and(|part| part.kind == PartKind::Continuation),
        _ => false,
    });
    let text = line.strip_suffix('\\').filter(|_| goes_on);
    text.map_or((line, false), |text| (text.trim_end(), true))
}

/// Splits a text into the words of its simple commands, without quotes and redirections; commands in substitutions come last.
fn segments(text: &str) -> Vec<Vec<String>> {
    let mut segments = Vec::new();
    add_segments(text, 0, &mut segments);
    segments.retain(|segment| !segment.is_empty());
    segments
}

fn add_segments(text: &str, depth: usize, segments: &mut Vec<Vec<String>>) {
    segments.push(Vec::new());
    let mut inside = Vec::new();
    // Where the last word ends, and whether a parenthesis is part of it: `f(x)` calls nothing that a shell knows.
    let (mut end, mut is_call) = (None, false);
    for token in tokens(text) {
        let opens = token.kind == ShellTokenKind::Operator("(") && end == Some(token.range.start);
        is_call = (is_call || opens) && !matches!(token.kind, ShellTokenKind::Blank | ShellTokenKind::Operator("\n"));
        let segment = segments.last_mut();
        match token.kind {
            _ if is_call => {
                if let Some(word) = segment.and_then(|segment| segment.last_mut()) {
                    word.push_str(&text[token.range]);
                }
            }
            ShellTokenKind::Operator(_) => segments.push(Vec::new()),
            ShellTokenKind::Word(word) => {
                end = Some(token.range.end);
                inside.extend(word.substitutions.iter().map(|found| found.line(text).into_owned()));
                segment.into_iter().for_each(|segment| segment.push(word.text.clone()));
            }
            ShellTokenKind::Redirection(to) => {
                inside.extend(to.target.substitutions.iter().map(|found| found.line(text).into_owned()));
            }
            ShellTokenKind::HereDocument { substitutions } => {
                inside.extend(substitutions.iter().map(|found| found.line(text).into_owned()));
            }
            ShellTokenKind::Blank | ShellTokenKind::Comment => {}
        }
    }
    for line in inside.iter().filter(|_| depth < DEEPEST) {
        add_segments(line, depth + 1, segments);
    }
}

/// Splits at white space outside quotes and brackets; the words are as they are written.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    let mut begin: Option<usize> = None;
    for token in tokens(text) {
        let range = token.range;
        match token.kind {
            ShellTokenKind::Blank | ShellTokenKind::Operator("\n") => {
                words.extend(begin.take().map(|begin| &text[begin..range.start]));
            }
            ShellTokenKind::Redirection(to) => {
                // The target may be behind a blank.
                let begun = begin.take().unwrap_or(range.start);
                let target = to.target.parts.first().map_or(range.end, |part| part.range.start);
                let operator = text[begun..target].trim_end();
                let is_apart = begun + operator.len() < target;
                words.extend(is_apart.then_some(operator));
                begin = Some(if is_apart { target } else { begun });
            }
            _ => begin = begin.or(Some(range.start)),
        }
    }
    words.extend(begin.map(|begin| &text[begin..]));
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(tools: BTreeSet<String>) -> Vec<String> {
        tools.into_iter().collect()
    }

    #[test]
    fn the_tools_of_a_plan_are_what_its_lines_begin_with() {
        for (line, expected) in [
            ("go build ./...", &["go"][..]),
            ("cd frontend-modern && npx vitest run", &["npx", "vitest"]),
            ("CGO_ENABLED=0 env A=b go run .", &["go"]),
            ("frontend-modern/node_modules/.bin/tsc --noEmit", &["tsc"]),
            ("bash scripts/smoke.sh", &["bash", "smoke.sh"]),
            ("scripts/validate-release.sh 1.4.0 --skip-docker", &["validate-release.sh"]),
            ("git --version && bash --version", &[]),
            ("mkdir /tmp/cgo && cd /tmp/cgo && go mod init x", &[]),
            ("", &[]),
        ] {
            assert_eq!(list(tools_of_plan(line)), expected, "{line}");
        }
        assert_eq!(list(tools_of_quoted("mkdir x && go build | tee 'a; b'")), ["go", "mkdir", "tee"]);
    }

    #[test]
    fn in_prose_names_are_no_commands() {
        for text in [
            "go test",
            "npm ci",
            "go 1.26.8",
            "go v1.26",
            "go.mod",
            "npx vitest run",
            "go test …",
            "go test ./a ...",
            "go",
            "",
        ] {
            assert!(!is_command_in_prose(text), "{text}");
        }
        for text in ["go test ./...", "npm audit --omit=dev", "bash scripts/smoke.sh", "docker build .", "go run 'a b'"]
        {
            assert!(is_command_in_prose(text), "{text}");
        }
    }

    #[test]
    fn prompts_output_comments_and_continuations_are_gone() {
        let block = |text: &str| -> Vec<(usize, String)> {
            commands(&text.lines().enumerate().map(|(at, line)| (at + 1, line.to_owned())).collect::<Vec<_>>())
        };
        let expected = |found: &[(usize, &str)]| found.iter().map(|(n, t)| (*n, (*t).to_owned())).collect::<Vec<_>>();
        assert_eq!(
            block("$ go test \\\n>   ./... # all\nok\n$ npm ci"),
            expected(&[(1, "go test ./..."), (4, "npm ci")])
        );
        assert_eq!(
            block("# comment\ngo test '#1' \\\n  -count=1\n\n  npm ci  # install"),
            expected(&[(2, "go test '#1' -count=1"), (5, "npm ci")])
        );
        assert_eq!(lines_of("a \\\n b\nc"), ["a b", "c"]);
    }

    #[test]
    fn a_place_stands_for_one_word() {
        assert!(same("validate.sh <version> --skip-docker", "validate.sh 1.4.0 --skip-docker"));
        assert!(!same("validate.sh <version>", "validate.sh 1.4.0 --skip-docker"));
        assert!(!same("validate.sh <version> --docker", "validate.sh 1.4.0 --skip-docker"));
        assert!(!same("go  test", "go test"));
    }

    #[test]
    fn lines_are_read_as_a_shell_reads_them() {
        for (text, expected) in [
            ("go test ./... 2>&1", &["go"][..]),
            ("go test >log 2>&1 && npm ci", &["go", "npm"]),
            ("(cd web && npx vitest run)", &["cd", "npx", "vitest"]),
            ("echo \"$(go version)\" `npm -v`", &["echo", "go", "npm"]),
            ("if go vet .; then echo 'a; b'; fi", &["echo", "fi", "go"]),
            ("go build # then npm ci; tsc", &["go"]),
            ("'go' test a\\;b", &["go"]),
            ("diff <(go list) x", &["diff", "go"]),
            ("cat <<E\nnpm ci\nE\ngo vet .", &["cat", "go"]),
            ("require(vitest) && go vet .", &["go", "require(vitest)"]),
            ("validate.sh <version> && go vet .", &["go", "validate.sh"]),
        ] {
            assert_eq!(list(tools_of_quoted(text)), expected, "{text}");
        }
        assert_eq!(list(tools_of_plan("(cd web && npx vitest run)")), ["npx", "vitest"]);
        assert!(!is_command_in_prose("require(vitest)"));
        let deep = format!("{}go{}", "$(".repeat(50_000), ")".repeat(50_000));
        assert!(list(tools_of_quoted(&deep)).len() < 200);
    }

    #[test]
    fn comments_and_continuations_end_where_a_shell_ends_them() {
        assert_eq!(lines_of("go test $'it\\'s # one' # two"), ["go test $'it\\'s # one'"]);
        assert_eq!(lines_of("go test;# two\nx <a> # b"), ["go test;", "x <a>"]);
        assert_eq!(lines_of("echo a\\\\\nb"), ["echo a\\\\", "b"], "an escaped backslash continues nothing");
        assert_eq!(lines_of("go test \\\n'a \\\n b'"), ["go test 'a \\", "b'"], "nor does one in single quotes");
    }

    #[test]
    fn a_place_may_be_the_target_of_a_redirection() {
        assert!(same("go test $(a b) > <file>", "go test $(a b) > log"));
        assert!(same("go test \"a <b>\" <c>", "go test \"a <b>\" d"));
        assert!(!same("go test 'a' <c>", "go test a d"), "letter for letter");
    }
}
