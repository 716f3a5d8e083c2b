//! Images that shell lines run or pull: `docker run`, `podman pull` and their like, in scripts and wherever else shell lines are.
//!
//! A text is read line by line, continued lines as one: much of what is read here is not a script as a whole, and a quote that
//! is open at the end of a line says nothing about the next.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rcrepro_shell::{
    PartKind, ShellDialect, ShellParameter, ShellToken, ShellTokenKind, ShellWord, Substitution, WordPart,
    tokens_within,
};

use crate::image;
use crate::reference::{Mention, ReferencedTool, SourceKind};
use crate::syntax::{expand, places};

/// Options of `run` and `create` without a value; every other one takes one.
/// Source: Docker's reference, `docker container run`.
const ALONE: [&str; 22] = [
    "-d",
    "--detach",
    "-i",
    "--interactive",
    "-t",
    "--tty",
    "-it",
    "-ti",
    "-dit",
    "-itd",
    "--rm",
    "--init",
    "--privileged",
    "--read-only",
    "-P",
    "--publish-all",
    "-q",
    "--quiet",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--disable-content-trust",
    "-a",
];

const ENGINES: [&str; 3] = ["docker", "podman", "nerdctl"];

/// How deep commands in quotes and in substitutions are followed.
const DEEPEST: usize = 8;

/// Finds the images in lines of a shell; `tag`s that the same text builds are not images of others.
#[must_use]
pub fn mentions(text: &str, kind: SourceKind) -> Vec<Mention> {
    read(text, kind, ShellDialect::Shell)
}

/// As [`mentions`], for a file: make and pipelines of Azure take `$(NAME)` for a variable, a shell for a command.
#[must_use]
pub fn mentions_of_file(path: &str, text: &str, kind: SourceKind) -> Vec<Mention> {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_make = ["makefile", "gnumakefile"].contains(&name.as_str()) || name.starts_with("makefile.");
    let is_make = is_make || [".mk", ".mak"].iter().any(|ending| name.ends_with(ending));
    let is_make = is_make || kind == SourceKind::Pipeline;
    read(text, kind, if is_make { ShellDialect::Make } else { ShellDialect::Shell })
}

fn read(text: &str, kind: SourceKind, dialect: ShellDialect) -> Vec<Mention> {
    if !ENGINES.iter().any(|engine| text.contains(engine)) {
        return Vec::new();
    }
    // A line that goes on may end as lines do on Windows.
    let masked = places::masked(text).replace("\\\r\n", " \\\n");
    let lines = lines(&masked);
    let mut reader =
        Reader { text, masked: &masked, dialect, values: BTreeMap::new(), built: BTreeSet::new(), used: Vec::new() };
    for line in lines.iter().filter(|line| masked[(*line).clone()].contains('=')) {
        reader.assignments(line.clone());
    }
    for line in lines {
        if ENGINES.iter().any(|engine| masked[line.clone()].contains(engine)) {
            reader.line(line, 0);
        }
    }
    reader.mentions(kind)
}

/// Splits a text into its lines, continued ones as one, without those that are comments.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut at, mut goes_on) = (0, false);
    for line in text.split_inclusive('\n') {
        let begin = at;
        at += line.len();
        match found.last_mut() {
            Some(last) if goes_on => last.end = at,
            _ if line.trim_start().starts_with('#') => continue,
            _ => found.push(begin..at),
        }
        let line = line.trim_end_matches('\n');
        goes_on = (line.len() - line.trim_end_matches('\\').len()) % 2 == 1;
    }
    found
}

/// A word that names an image, and what it comes to if that can be told.
struct UsedImage {
    text: String,
    value: Option<String>,
    /// Where it begins in the text.
    at: usize,
}

struct Reader<'a> {
    text: &'a str,
    /// The text without places such as `<image>`, byte for byte as long.
    masked: &'a str,
    dialect: ShellDialect,
    values: BTreeMap<String, String>,
    built: BTreeSet<String>,
    used: Vec<UsedImage>,
}

impl Reader<'_> {
    fn tokens(&self, range: Range<usize>) -> Vec<ShellToken> {
        tokens_within(self.masked, range, self.dialect)
    }

    /// Reads the commands of a part of the text, and those in its substitutions and quotes.
    fn line(&mut self, range: Range<usize>, depth: usize) {
        let tokens = self.tokens(range);
        for command in commands(&tokens) {
            self.command(&command);
        }
        if depth >= DEEPEST {
            return;
        }
        for token in &tokens {
            let word = match &token.kind {
                ShellTokenKind::Word(word) => word,
                ShellTokenKind::Redirection(redirection) => &redirection.target,
                _ => continue,
            };
            for Substitution { inside, .. } in &word.substitutions {
                self.line(inside.clone(), depth + 1);
            }
            // A shell within the shell: `sh -c "docker run …"`.
            if let Some(inside) = self.quoted(word) {
                self.line(inside, depth + 1);
            }
        }
    }

    /// Returns what begins behind a quote of a word and holds a command of its own. Where the quotes are not the word's last
    /// part, it goes on to the end of the word, as in `'docker run '"$IMAGE"`.
    fn quoted(&self, word: &ShellWord) -> Option<Range<usize>> {
        let end = word.parts.last()?.range.end;
        let holds = |range: &Range<usize>| {
            let text = &self.masked[range.clone()];
            ["docker run ", "docker pull ", "podman run ", "podman pull "].iter().any(|command| text.contains(command))
        };
        let mut open: Option<usize> = None;
        let mut inside = Vec::new();
        for WordPart { range, kind, .. } in &word.parts {
            let (begin, close) = match (kind, open.take()) {
                (PartKind::SingleQuotes, _) => (range.start + 1, range.end),
                (PartKind::DoubleQuote, Some(begin)) => (begin, range.end),
                (PartKind::DoubleQuote, None) => {
                    open = Some(range.end);
                    continue;
                }
                (_, before) => {
                    open = before;
                    continue;
                }
            };
            let is_closed = close == end && close > begin && self.masked[..close].ends_with(['\'', '"']);
            let own = begin..close.saturating_sub(1).max(begin);
            inside.push(if is_closed { own } else { begin..end });
        }
        inside.extend(open.map(|begin| begin..end));
        inside.into_iter().find(holds)
    }

    fn command(&mut self, words: &[&ShellWord]) {
        let engine = |text: &str| {
            let name = text.trim_start_matches(['@', '-', '+']).rsplit('/').next().unwrap_or_default();
            ENGINES.contains(&name)
        };
        for at in (0..words.len()).filter(|at| engine(&words[*at].text)) {
            let rest = &words[at + 1..];
            let verb = rest
                .iter()
                .position(|word| !word.text.starts_with('-') && word.text != "container" && word.text != "image");
            let Some(verb) = verb else { continue };
            let arguments = &rest[verb + 1..];
            match rest[verb].text.as_str() {
                "pull" if arguments.is_empty() => {
                    let (text, at) = ("$(standard input)".to_owned(), begin(rest[verb]));
                    self.used.push(UsedImage { text, value: None, at });
                }
                "run" | "create" | "pull" => {
                    // What comes to nothing outside of quotes is not there: `${CI:+--quiet}`.
                    let is_there = |word: &&&ShellWord| !word.splits || self.value(word).as_deref() != Some("");
                    let arguments: Vec<&ShellWord> = arguments.iter().filter(is_there).copied().collect();
                    let image = image(&arguments);
                    self.used.extend(image.map(|word| UsedImage {
                        text: word.text.clone(),
                        value: self.value(word),
                        at: begin(word),
                    }));
                }
                verb @ ("build" | "buildx" | "tag" | "import" | "load") => self.built(verb, arguments),
                _ => {}
            }
        }
    }

    fn built(&mut self, verb: &str, arguments: &[&ShellWord]) {
        let name = |word: &ShellWord| self.value(word).unwrap_or_else(|| word.text.clone());
        let pairs = arguments.windows(2).filter(|pair| matches!(pair[0].text.as_str(), "-t" | "--tag"));
        let mut built: Vec<String> = pairs.map(|pair| name(pair[1])).collect();
        built.extend(arguments.iter().filter_map(|word| name(word).strip_prefix("--tag=").map(str::to_owned)));
        built.extend(arguments.last().filter(|_| verb == "tag" && arguments.len() > 1).map(|word| name(word)));
        self.built.extend(built);
    }

    /// Returns what a word comes to; `None` if something in it cannot be told.
    fn value(&self, word: &ShellWord) -> Option<String> {
        let mut value = String::new();
        for part in &word.parts {
            let source = &self.masked[part.range.clone()];
            match part.kind {
                PartKind::Literal => value.push_str(source),
                PartKind::Escape => value.extend(source.chars().nth(1)),
                PartKind::Continuation | PartKind::DoubleQuote => {}
                PartKind::SingleQuotes => value.push_str(source.trim_matches('\'')),
                PartKind::Parameter => value.push_str(&self.parameter(source)?),
                PartKind::AnsiQuotes | PartKind::Substitution => return None,
            }
        }
        Some(value)
    }

    fn parameter(&self, source: &str) -> Option<String> {
        expand::value(ShellParameter::parse(source)?, &self.values, self.dialect)
    }

    /// Gathers what a line assigns, once and plainly.
    fn assignments(&mut self, range: Range<usize>) {
        let tokens = self.tokens(range);
        for (name, word, value) in commands(&tokens).iter().flat_map(|command| assigned(command)) {
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_name && word.substitutions.is_empty() && !value.contains(' ') {
                self.values.entry(name.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
    }

    /// Whether the same text builds an image of this name: by that name, or by one that has a variable in place of the tag, as
    /// `--tag "app:$target"` in a loop.
    fn is_built(&self, name: &str) -> bool {
        let of_variable = |built: &String| {
            built.split_once('$').is_some_and(|(before, _)| before.ends_with(':') && name.starts_with(before))
        };
        self.built.contains(name) || self.built.iter().any(of_variable)
    }

    fn mentions(self, kind: SourceKind) -> Vec<Mention> {
        let starts: Vec<usize> = self.text.match_indices('\n').map(|(at, _)| at + 1).collect();
        let place = |at: usize| {
            let line = starts.partition_point(|start| *start <= at);
            let start = line.checked_sub(1).map_or(0, |before| starts[before]);
            (line + 1, self.text[start..at].chars().count() + 1)
        };
        let mut found = Vec::new();
        for used in &self.used {
            let place = place(used.at);
            let own = self.is_built(used.value.as_ref().unwrap_or(&used.text));
            let mentions = match &used.value {
                Some(text) => image::mentions(place, kind, text),
                None => {
                    let why = "it holds a variable that nothing here sets";
                    vec![Mention::new(place, ReferencedTool::Image, kind, used.text.as_str()).unclear(why)]
                }
            };
            let own = |mention: Mention| if own { mention.look_alike("names what is built here") } else { mention };
            found.extend(mentions.into_iter().map(own));
        }
        found
    }
}

/// Splits tokens into the words of simple commands.
fn commands(tokens: &[ShellToken]) -> Vec<Vec<&ShellWord>> {
    let mut commands = vec![Vec::new()];
    for token in tokens {
        match (&token.kind, commands.last_mut()) {
            (ShellTokenKind::Word(word), Some(command)) => command.push(word),
            (ShellTokenKind::Operator(_), _) => commands.push(Vec::new()),
            _ => {}
        }
    }
    commands.retain(|command| !command.is_empty());
    commands
}

/// Returns names, the words with their values, and the values: `NAME=VALUE` of a shell, `NAME ?= VALUE` of make. What is before a
/// command is set for this one alone, which does not see it on its own line.
fn assigned<'a>(words: &[&'a ShellWord]) -> Vec<(&'a str, &'a ShellWord, &'a str)> {
    let declares = |word: &&ShellWord| matches!(word.text.as_str(), "export" | "local" | "readonly");
    let words = &words[usize::from(words.first().is_some_and(declares))..];
    if let [name, sign, value] = words
        && ["=", ":=", "::=", "?="].contains(&sign.text.as_str())
    {
        return vec![(&name.text, value, &value.text)];
    }
    let pair = |word: &&'a ShellWord| {
        let (name, value) = word.text.split_once('=')?;
        Some((name.trim_end_matches([':', '?']), *word, value))
    };
    words.iter().map(pair).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Returns where a word begins, behind the quote that opens it.
fn begin(word: &ShellWord) -> usize {
    let first = word.parts.iter().find(|part| part.kind != PartKind::DoubleQuote);
    first.map_or(0, |part| part.range.start + usize::from(part.kind == PartKind::SingleQuotes))
}

/// Finds the first word that is neither an option nor an option's value.
fn image<'a>(arguments: &[&'a ShellWord]) -> Option<&'a ShellWord> {
    let mut arguments = arguments.iter();
    loop {
        let word = arguments.next()?;
        let text = word.text.as_str();
        // A variable of options comes before the image.
        let upper = text.to_ascii_uppercase();
        if text.starts_with('$') && ["OPT", "ARGS", "FLAGS"].iter().any(|part| upper.contains(part)) {
            continue;
        }
        if !text.starts_with('-') {
            let looks = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '$' | '`'));
            return looks.then_some(*word);
        }
        let alone = ALONE.contains(&text) || text.contains('=');
        if !alone {
            arguments.next()?;
        }
    }
}
