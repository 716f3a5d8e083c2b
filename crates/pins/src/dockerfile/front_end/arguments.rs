//! What each instruction takes: how many words, in which form.
//!
//! Source: BuildKit, `frontend/dockerfile/parser/line_parsers.go` and `frontend/dockerfile/instructions/parse.go`.

use super::raw::{RawInstruction, list};
use rcrepro_model::text::unknown::UnknownName;

/// The instructions.
const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// What is wrong, and what mends it.
type Wrong = (String, String);

fn wrong(says: impl Into<String>, hint: impl Into<String>) -> Option<Wrong> {
    Some((says.into(), hint.into()))
}

/// Finds what the parser itself refuses, of an instruction that `ONBUILD` keeps, too.
pub(super) fn unreadable(instruction: &RawInstruction, name: &str) -> Option<Wrong> {
    match name {
        "ADD" | "CMD" | "COPY" | "ENTRYPOINT" | "RUN" | "SHELL" | "VOLUME" => {
            texts(name, instruction.list().is_err(), &instruction.rest)
        }
        "HEALTHCHECK" => {
            let command = instruction.rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
            texts(name, list(command).is_err(), command)
        }
        "ENV" | "LABEL" => pairs(instruction, name),
        "ONBUILD" => {
            let inner = instruction.trigger()?;
            unreadable(&inner, &inner.name.to_ascii_uppercase())
        }
        _ => None,
    }
}

fn texts(name: &str, is_other: bool, list: &str) -> Option<Wrong> {
    let says = || format!("`{name} {list}`: a list in JSON may hold texts only");
    is_other.then(|| (says(), format!("{name} [\"…\", \"…\"]")))
}

/// Finds what is wrong with `NAME=VALUE …`, or in the old form `NAME VALUE`.
fn pairs(instruction: &RawInstruction, name: &str) -> Option<Wrong> {
    let words = words(&instruction.rest, instruction.escape);
    let (first, rest) = words.split_first()?;
    let hint = format!("{name} NAME=VALUE, with quotes around a value that has spaces");
    if !first.contains('=') {
        let is_alone = instruction.words().len() < 2;
        return is_alone.then(|| (format!("`{name} {first}`: {name} must have two arguments"), hint));
    }
    let without = rest.iter().find(|word| !word.contains('='));
    without.map(|word| (format!("`{word}` of `{name}` has no `=`: must be of the form name=value"), hint))
}

/// Finds an instruction that there is not.
pub(super) fn unknown(instruction: &RawInstruction, name: &str) -> Option<Wrong> {
    if NAMES.contains(&name) {
        return None;
    }
    let near = UnknownName::new("", "", name, NAMES);
    let hint = match near.nearest() {
        Some(near) => format!("did you mean {near}?"),
        None => {
            "expected an instruction such as RUN or COPY; a line that goes on ends with the escape character".to_owned()
        }
    };
    wrong(format!("unknown instruction: {}", instruction.name), hint)
}

/// Finds words that an instruction does not take, or misses.
pub(super) fn wrong_words(instruction: &RawInstruction, name: &str) -> Option<Wrong> {
    let rest = instruction.rest.as_str();
    let at_least_one =
        || wrong(format!("{name} requires at least one argument"), format!("{name} …, or leave the line out"));
    match name {
        "ADD" | "COPY" => sources(instruction, name),
        "FROM" => from(&instruction.words()),
        "MAINTAINER" | "STOPSIGNAL" | "USER" | "WORKDIR" if rest.is_empty() => {
            wrong(format!("{name} requires exactly one argument"), format!("{name} …, or leave the line out"))
        }
        "EXPOSE" | "ONBUILD" | "HEALTHCHECK" | "SHELL" if rest.is_empty() => at_least_one(),
        "ONBUILD" => trigger(instruction),
        "HEALTHCHECK" => health(rest),
        "SHELL" => match instruction.list() {
            Ok(Some(words)) if words.is_empty() => at_least_one(),
            Ok(Some(_)) => None,
            _ => wrong(
                format!("`SHELL {rest}`: SHELL requires the arguments to be in JSON form"),
                "SHELL [\"/bin/sh\", \"-c\"]",
            ),
        },
        "VOLUME" => match instruction.list() {
            Ok(Some(words)) if words.iter().any(|word| word.trim().is_empty()) => {
                wrong("VOLUME specified can not be an empty string", "VOLUME [\"/PATH\"]")
            }
            Ok(Some(words)) if words.is_empty() => at_least_one(),
            _ if rest.is_empty() => at_least_one(),
            _ => None,
        },
        "ARG" | "ENV" | "LABEL" => {
            let words = words(rest, instruction.escape);
            if words.is_empty() {
                return at_least_one();
            }
            // `ENV NAME VALUE`, the old form, takes its value as it is.
            let is_old = name != "ARG" && !words[0].contains('=');
            let blank = !is_old && words.iter().any(|word| word.starts_with('='));
            blank.then(|| (format!("`{name} {rest}`: {name} names can not be blank"), format!("{name} NAME=VALUE")))
        }
        _ => None,
    }
}

/// Finds what is wrong with `FROM`.
fn from(words: &[&str]) -> Option<Wrong> {
    let says = match words {
        [_] => return None,
        [_, word, name] if word.eq_ignore_ascii_case("as") => {
            let name = name.to_ascii_lowercase();
            let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
            let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
            if begins && name.chars().all(is_good) {
                return None;
            }
            format!(
                "invalid name for build stage: `{name}`: it begins with a letter, and has letters, digits, `-`, `_` and `.`"
            )
        }
        _ => format!("`FROM {}`: FROM requires either one or three arguments", words.join(" ")),
    };
    wrong(says, "FROM IMAGE, or FROM IMAGE AS NAME; a comment has a line of its own")
}

/// Finds what is wrong with sources and destination.
fn sources(instruction: &RawInstruction, name: &str) -> Option<Wrong> {
    let words = match instruction.list() {
        Ok(Some(words)) => words,
        _ => instruction.words().into_iter().map(str::to_owned).collect(),
    };
    if words.len() < 2 {
        let says = format!("{name} requires at least two arguments, sources and a destination: found {}", words.len());
        return wrong(says, format!("{name} SOURCE… DESTINATION"));
    }
    let is_document = |word: &String| !super::documents::documents(word).is_empty();
    let says = || format!("{name} cannot accept a heredoc as a destination");
    words.last().filter(|word| is_document(word)).and_then(|_| wrong(says(), format!("{name} <<EOF /PATH")))
}

/// Finds what `ONBUILD` does not keep.
fn trigger(instruction: &RawInstruction) -> Option<Wrong> {
    let inner = instruction.trigger()?.name.to_ascii_uppercase();
    let says = match inner.as_str() {
        "ONBUILD" => "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned(),
        "FROM" | "MAINTAINER" => format!("{inner} isn't allowed as an ONBUILD trigger"),
        _ => return None,
    };
    wrong(says, "leave the line out")
}

/// Finds what is wrong with a health check, its flags apart.
fn health(rest: &str) -> Option<Wrong> {
    let (kind, command) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let command = command.trim_start();
    let hint = "HEALTHCHECK CMD …, or HEALTHCHECK NONE";
    match kind.to_ascii_uppercase().as_str() {
        "NONE" if !command.is_empty() => wrong("HEALTHCHECK NONE takes no arguments", hint),
        "NONE" => None,
        "CMD" if command.is_empty() || list(command).is_ok_and(|words| words.is_some_and(|words| words.is_empty())) => {
            wrong("missing command after HEALTHCHECK CMD", hint)
        }
        "CMD" => None,
        _ => wrong(format!("unknown type `{kind}` in HEALTHCHECK (try CMD)"), hint),
    }
}

/// Splits at white space outside of quotes, which stay; escapes stay, too.
fn words(rest: &str, escape: char) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let mut characters = rest.chars();
    while let Some(c) = characters.next() {
        match quote {
            None if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ if c == escape && quote != Some('\'') => {
                // One at the end escapes nothing.
                if let Some(next) = characters.next() {
                    word.extend([c, next]);
                }
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
