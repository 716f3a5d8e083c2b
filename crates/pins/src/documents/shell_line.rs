//! Shell lines as people quote them, and the tools that they call.
//!
//! This is not a shell: it knows quotes, comments, continuation marks, prompts and the marks between commands, which is what
//! it takes to tell whether two texts are one command.

use std::collections::BTreeSet;

/// Programs that every guide calls in passing; that a plan begins a line with one makes no claim of theirs.
const ORDINARY: [&str; 26] = [
    "[", "awk", "cat", "cd", "chmod", "cp", "curl", "echo", "export", "false", "find", "git", "grep", "head", "ls",
    "mkdir", "mv", "printf", "rm", "sed", "set", "tail", "tar", "test", "touch", "true",
];

/// Words before a program that only change how it is run.
const BEFORE: [&str; 4] = ["env", "exec", "sudo", "time"];

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
        let text = without_comment(&text).trim();
        let (text, more) = text.strip_suffix('\\').map_or((text, false), |text| (text.trim_end(), true));
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
    let segments = segments(line);
    let first = segments.iter().map(|segment| tools(segment)).find(|tools| !tools.contains("cd"));
    first.unwrap_or_default().into_iter().filter(|tool| !ORDINARY.contains(&tool.as_str())).collect()
}

/// Names every tool that a quoted text calls.
#[must_use]
pub fn tools_of_quoted(text: &str) -> BTreeSet<String> {
    segments(text).iter().flat_map(|segment| tools(segment)).collect()
}

/// Whether a text in prose is a whole command, and not the name of a tool or of one of its subcommands: it has an
/// argument that is more than a plain word or a version (`go test`, `npm ci` and `go 1.26.8` are names), and leaves nothing
/// out (`go test …`).
#[must_use]
pub fn is_command_in_prose(text: &str) -> bool {
    let words = words(text);
    let left_out = words.iter().any(|word| ["…", "..."].contains(&word.as_str()));
    !left_out && words.iter().skip(1).any(|word| !is_plain(word))
}

/// Whether a quoted command is the plan's. A quoted word such as `<version>` matches any one word.
#[must_use]
pub fn same(quoted: &str, planned: &str) -> bool {
    if quoted == planned {
        return true;
    }
    let is_place = |word: &str| word.len() > 2 && word.starts_with('<') && word.ends_with('>');
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
fn tools(segment: &str) -> BTreeSet<String> {
    let is_setting = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    let mut words = words(segment).into_iter().skip_while(|word| is_setting(word) || BEFORE.contains(&word.as_str()));
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(program) = words.next() else { return BTreeSet::new() };
    let mut tools = BTreeSet::from([base(&program)]);
    if RUNNERS.contains(&base(&program).as_str()) {
        tools.extend(words.find(|word| !word.starts_with('-')).map(|word| base(&word)));
    }
    tools
}

/// Walks the characters outside quotes; the flag says whether a character is quoted or escaped.
fn characters(text: &str) -> impl Iterator<Item = (usize, char, bool)> {
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().map(move |(at, letter)| {
        let was_quoted = quote.is_some() || escaped;
        if escaped {
            escaped = false;
        } else if letter == '\\' && quote != Some('\'') {
            escaped = true;
        } else if quote == Some(letter) {
            quote = None;
        } else if quote.is_none() && matches!(letter, '\'' | '"') {
            quote = Some(letter);
        }
        (at, letter, was_quoted)
    })
}

/// Cuts a comment off: an unquoted `#` at the beginning of a word.
fn without_comment(text: &str) -> &str {
    let comment = characters(text).find(|(at, letter, quoted)| {
        *letter == '#' && !quoted && text[..*at].chars().next_back().is_none_or(char::is_whitespace)
    });
    comment.map_or(text, |(at, ..)| &text[..at])
}

/// Splits at `&&`, `||`, `|` and `;` outside quotes.
fn segments(text: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    for (_, letter, quoted) in characters(text) {
        if !quoted && matches!(letter, '&' | '|' | ';' | '\n') {
            segments.push(String::new());
        } else if let Some(segment) = segments.last_mut() {
            segment.push(letter);
        }
    }
    segments.retain(|segment| !segment.trim().is_empty());
    segments
}

/// Splits at white space outside quotes; the quotes stay.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (_, letter, quoted) in characters(text) {
        if letter.is_whitespace() && !quoted {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(letter);
        }
    }
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
}
