//! Simple commands of a line, each with what hides its exit code behind the line's.

use rcrepro_shell::{DEEPEST, ShellDialect, ShellTokenKind};

use super::doubt::{self, Doubt, leads_away, unquoted};
use super::folder::Folders;

/// A simple command: no operator inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Simple {
    /// The words, assignments first, quotes removed.
    pub words: Vec<String>,
    /// What hides the command's exit code, for people; `None` when the line ends with 0 only if this does.
    pub hidden: Option<String>,
    /// Whether its output goes to a file or into a pipe.
    pub redirected: bool,
    /// The folder below the one where the line starts, by `cd` or `pushd` before it; `None` when that cannot be told.
    pub directory: Option<String>,
}

/// Lists a line's simple commands in their order.
pub(crate) fn simples(line: &str) -> Vec<Simple> {
    simples_within(line, 0)
}

/// As [`simples`], for a line within that many brackets.
fn simples_within(line: &str, depth: usize) -> Vec<Simple> {
    let mut reader = Reader {
        text: line,
        depth,
        found: Vec::new(),
        errexit: false,
        pipefail: false,
        shielded: false,
        folders: Folders::new(),
        compound: None,
        doubt: None,
        whole: None,
    };
    reader.list(&tokens(line), None, false);
    let Reader { mut found, whole, .. } = reader;
    found.iter_mut().for_each(|simple| simple.hidden = simple.hidden.take().or_else(|| whole.clone()));
    found
}

/// Splits a line into what this reader looks at: nothing between tokens, bodies of here-documents before the end of the line on
/// which they are asked for, and no line feed where a line goes on in the next.
fn tokens(line: &str) -> Vec<ShellTokenKind> {
    let mut found: Vec<ShellTokenKind> = Vec::new();
    for token in rcrepro_shell::tokens(line, ShellDialect::Shell) {
        let goes_on = matches!(found.last(), Some(ShellTokenKind::Operator("&&" | "||" | "|")));
        match token.kind {
            ShellTokenKind::Blank | ShellTokenKind::Comment => {}
            ShellTokenKind::Operator("\n") if goes_on => {}
            ShellTokenKind::Operator("|&") => found.push(ShellTokenKind::Operator("|")),
            ShellTokenKind::Operator(";;" | ";&" | ";;&") => found.push(ShellTokenKind::Operator(";")),
            body @ ShellTokenKind::HereDocument { .. } => found.insert(found.len().saturating_sub(1), body),
            other => found.push(other),
        }
    }
    found
}

struct Reader<'a> {
    text: &'a str,
    /// How many brackets are around what is read.
    depth: usize,
    found: Vec<Simple>,
    errexit: bool,
    pipefail: bool,
    /// Whether what is read stands where `set -e` has no effect: before `&&` or `||`, or behind `!`.
    shielded: bool,
    folders: Folders,
    compound: Option<String>,
    /// What was read that may keep the commands behind it from running, or change the exit code.
    doubt: Option<String>,
    /// The same, for all commands of the line.
    whole: Option<String>,
}

/// Words that begin or divide what this reader does not follow.
const COMPOUND: [&str; 15] = [
    "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "select", "function",
    "coproc",
];

impl Reader<'_> {
    /// Reads `and-or { ( ; | & | LF ) and-or }`.
    fn list(&mut self, tokens: &[ShellTokenKind], hidden: Option<&str>, redirected: bool) {
        let parts = split(tokens, &[";", "&", "\n"]);
        let last = parts.iter().rposition(|(part, _)| !part.is_empty()).unwrap_or(0);
        for (index, (part, terminator)) in parts.iter().enumerate().filter(|(_, (part, _))| !part.is_empty()) {
            let by_list = match *terminator {
                "&" => Some("`&`"),
                _ if index < last && !self.stops() => Some("what follows it after `;` or on a further line"),
                _ => None,
            };
            // In `A && B; C` a failing A ends nothing, whatever `set -e` says.
            let by_chain =
                (index < last && self.stops()).then_some("its chain of `&&`, which may break without ending the line");
            let before = (*terminator == "&").then(|| self.folders.clone());
            self.and_or(part, hidden.or(by_list), hidden.or(by_list).or(by_chain), redirected);
            // What runs in the background is a shell of its own.
            self.folders = before.unwrap_or_else(|| self.folders.clone());
        }
    }

    /// Whether a failure ends the line, as `set -e` has it.
    const fn stops(&self) -> bool {
        self.errexit && !self.shielded
    }

    /// Reads `pipeline { ( && | || ) pipeline }`; `hidden` holds for the last one, `inner` for those before.
    fn and_or(&mut self, tokens: &[ShellTokenKind], hidden: Option<&str>, inner: Option<&str>, redirected: bool) {
        let parts = split(tokens, &["&&", "||"]);
        let before = (self.errexit, self.pipefail, self.shielded);
        let (start, mut forked) = (self.folders.clone(), false);
        for (index, (part, operator)) in parts.iter().enumerate() {
            let rescued = parts[index..].iter().zip(parts.iter().skip(index + 1));
            let rescued = rescued.filter(|((_, operator), _)| *operator == "||").any(|(_, (next, _))| !fails(next));
            let alternative = index > 0 && parts[index - 1].1 == "||";
            let by_or = if alternative {
                Some("`||`, which may never have come to it")
            } else if rescued {
                Some("`||`")
            } else {
                None
            };
            // In `A && B; C` B may never run, and C be all that is seen.
            let outer = if operator.is_empty() && index == 0 { hidden } else { inner };
            let reached = self.folders.clone();
            if alternative && reached != start {
                self.folders.lose();
            }
            self.shielded = before.2 || !operator.is_empty();
            self.pipeline(part, by_or.or(outer), redirected);
            if alternative {
                self.keep(before.0, before.1);
                // Where the alternative ends the line, what follows it runs where the chain before it led.
                match ends(part) {
                    true => self.folders = reached,
                    false => forked = true,
                }
            }
        }
        self.shielded = before.2;
        if forked && self.folders != start {
            self.folders.lose();
        }
        if parts.len() > 1 && !always(parts[0].0) {
            self.keep(before.0, before.1);
        }
    }

    /// Takes back what was switched on where it may not have happened.
    const fn keep(&mut self, errexit: bool, pipefail: bool) {
        self.errexit = self.errexit && errexit;
        self.pipefail = self.pipefail && pipefail;
    }

    fn pipeline(&mut self, tokens: &[ShellTokenKind], hidden: Option<&str>, redirected: bool) {
        let negated = tokens.first().and_then(unquoted) == Some("!");
        let tokens = &tokens[usize::from(negated)..];
        let hidden = if negated { Some("`!`") } else { hidden };
        let stages = split(tokens, &["|"]);
        let (before, shielded) = (self.state(), self.shielded);
        self.shielded |= negated;
        for (index, (stage, _)) in stages.iter().enumerate() {
            let piped = index + 1 < stages.len();
            let by_pipe = (piped && !self.pipefail).then_some("the pipe behind it");
            // `tee` and `cat` hand on what they get.
            let kept = stages[index + 1..].iter().all(|(next, _)| hands_on(next));
            self.command(stage, by_pipe.or(hidden), redirected || (piped && !kept));
            // Each stage is a shell of its own.
            if stages.len() > 1 {
                self.reset(before.clone());
            }
        }
        self.shielded = shielded;
    }

    fn state(&self) -> State {
        (self.folders.clone(), self.errexit, self.pipefail, self.doubt.clone())
    }

    fn reset(&mut self, state: State) {
        (self.folders, self.errexit, self.pipefail, self.doubt) = state;
    }

    /// Reads the list of a group that ends at a token.
    fn group(&mut self, tokens: &[ShellTokenKind], end: usize, hidden: Option<&str>, redirected: bool) {
        if self.depth >= DEEPEST {
            return self.unread();
        }
        let behind = tokens.get(end + 1..).unwrap_or_default();
        self.substitutions(behind);
        let is_read = |token| matches!(token, &ShellTokenKind::Redirection(_) | &ShellTokenKind::HereDocument { .. });
        if !behind.iter().all(is_read) {
            self.whole.get_or_insert_with(doubt::unread);
        }
        let before = self.state();
        let arithmetic = tokens.starts_with(&[ShellTokenKind::Operator("("), ShellTokenKind::Operator("(")]);
        let hidden = if arithmetic { Some("`((` around it") } else { hidden };
        self.depth += 1;
        self.list(&tokens[1..end], hidden, redirected || tokens[end..].iter().any(leads_away));
        self.depth -= 1;
        if tokens[0] == ShellTokenKind::Operator("(") {
            self.reset(before);
        }
    }

    fn command(&mut self, tokens: &[ShellTokenKind], hidden: Option<&str>, redirected: bool) {
        if let Some(end) = group(tokens) {
            return self.group(tokens, end, hidden, redirected);
        }
        let redirected = redirected || tokens.iter().any(leads_away);
        let (mut words, mut splits) = (Vec::new(), Vec::new());
        self.substitutions(tokens);
        for token in tokens {
            let ShellTokenKind::Word(word) = token else { continue };
            if words.is_empty() && !word.quoted && COMPOUND.contains(&word.text.as_str()) {
                self.compound = Some(word.text.clone());
            } else {
                words.push(word.text.clone());
                splits.push(word.splits);
            }
        }
        let compound = self.compound.as_ref().map(|word| format!("the shell's `{word}` around it"));
        let hidden = compound.or(hidden.map(ToOwned::to_owned)).or_else(|| self.doubt.clone());
        let mut itself = None;
        match doubt::of_command(tokens, &words, &splits) {
            Some(Doubt::Whole(why)) => {
                self.whole.get_or_insert(why);
            }
            Some(Doubt::Itself(why)) => {
                itself = Some(why.clone());
                self.doubt.get_or_insert(why);
            }
            Some(Doubt::Behind(why)) => {
                self.doubt.get_or_insert(why);
            }
            None => {}
        }
        match words.first().map(String::as_str) {
            None => {}
            Some(_) if doubt::array(tokens) => {}
            Some("set") => self.set(&words[1..]),
            Some(_) if self.folders.follow(&words) => {}
            Some(_) => {
                let directory = self.folders.at.clone();
                self.found.push(Simple { words, hidden: hidden.or(itself), redirected, directory });
            }
        }
    }

    /// Reads the lines inside of substitutions, whose exit codes are nobody's.
    fn substitutions(&mut self, tokens: &[ShellTokenKind]) {
        for token in tokens {
            let substitutions = match token {
                ShellTokenKind::Word(word) => &word.substitutions,
                ShellTokenKind::Redirection(redirection) => &redirection.target.substitutions,
                ShellTokenKind::HereDocument { substitutions } => substitutions,
                _ => continue,
            };
            for substitution in substitutions {
                if self.depth >= DEEPEST {
                    return self.unread();
                }
                let mut inner = simples_within(&substitution.line(self.text), self.depth + 1);
                inner.iter_mut().for_each(|simple| simple.hidden = Some("the substitution around it".to_owned()));
                self.found.append(&mut inner);
            }
        }
    }

    /// Takes what is in too many brackets for a command that is not known.
    fn unread(&mut self) {
        let (why, words) = (doubt::unread(), vec![self.text.to_owned()]);
        self.found.push(Simple { words, hidden: Some(why.clone()), redirected: false, directory: None });
        self.whole.get_or_insert(why);
    }

    fn set(&mut self, options: &[String]) {
        for (index, option) in options.iter().enumerate() {
            let Some(on) = option.chars().next().and_then(|sign| match sign {
                '-' => Some(true),
                '+' => Some(false),
                _ => None,
            }) else {
                // The name behind `-o`; anything else is a positional parameter, and so is all behind it.
                if index > 0 && options[index - 1].starts_with(['-', '+']) && options[index - 1].ends_with('o') {
                    continue;
                }
                return;
            };
            if matches!(option.as_str(), "-" | "--") {
                return;
            }
            if option[1..].contains('e') {
                self.errexit = on;
            }
            match (option[1..].ends_with('o'), options.get(index + 1).map(String::as_str)) {
                (true, Some("pipefail")) => self.pipefail = on,
                (true, Some("errexit")) => self.errexit = on,
                _ => {}
            }
        }
    }
}

/// The folder, `set -e`, `set -o pipefail` and the doubt.
type State = (Folders, bool, bool, Option<String>);

/// Whether a command succeeds whatever happens: `set` is all that switches something on.
fn always(tokens: &[ShellTokenKind]) -> bool {
    matches!(tokens.first(), Some(ShellTokenKind::Word(word)) if word.text == "set")
}

/// Returns where a group ends that begins here: `( … )` or `{ … }`.
fn group(tokens: &[ShellTokenKind]) -> Option<usize> {
    let end = match tokens.first()? {
        ShellTokenKind::Operator("(") => tokens.iter().rposition(|token| *token == ShellTokenKind::Operator(")")),
        first if unquoted(first) == Some("{") => tokens.iter().rposition(|token| unquoted(token) == Some("}")),
        _ => return None,
    };
    Some(end.unwrap_or(tokens.len()))
}

/// Splits at operators outside of groups; each part comes with the operator behind it.
fn split<'a, 'b>(tokens: &'a [ShellTokenKind], operators: &[&'b str]) -> Vec<(&'a [ShellTokenKind], &'b str)> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0_i32, 0);
    for (at, token) in tokens.iter().enumerate() {
        match (token, unquoted(token)) {
            (_, Some("[[")) if at == begin => depth += 1,
            (_, Some("]]")) if matches!(&tokens[begin], ShellTokenKind::Word(word) if word.text == "[[") => depth -= 1,
            (ShellTokenKind::Operator("("), _) | (_, Some("{")) => depth += 1,
            (ShellTokenKind::Operator(")"), _) | (_, Some("}")) => depth -= 1,
            (ShellTokenKind::Operator(found), _) if depth <= 0 => {
                if let Some(operator) = operators.iter().find(|operator| *operator == found) {
                    parts.push((&tokens[begin..at], *operator));
                    begin = at + 1;
                }
            }
            _ => {}
        }
    }
    parts.push((&tokens[begin..], ""));
    parts
}

/// Whether an alternative behind `||` fails whatever happened before it.
fn fails(tokens: &[ShellTokenKind]) -> bool {
    let words: Vec<&str> = tokens
        .iter()
        .filter_map(|token| match token {
            ShellTokenKind::Word(word) => Some(word.text.as_str()),
            _ => None,
        })
        .collect();
    match words.as_slice() {
        ["false"] | ["exit"] => true,
        ["exit", code] => code.parse::<u8>().is_ok_and(|code| code != 0),
        _ => false,
    }
}

/// Whether a part ends the line: `exit`, or a group of which that is the last command.
fn ends(tokens: &[ShellTokenKind]) -> bool {
    let inner = group(tokens).filter(|_| tokens.first().and_then(unquoted) == Some("{"));
    let inner = inner.map_or(tokens, |end| &tokens[1..end.max(1)]);
    let last = split(inner, &[";", "\n", "&"]).into_iter().rfind(|(part, _)| !part.is_empty());
    last.is_some_and(|(part, _)| matches!(part.first().and_then(unquoted), Some("exit" | "return")))
}

fn hands_on(tokens: &[ShellTokenKind]) -> bool {
    matches!(tokens.first(), Some(ShellTokenKind::Word(word)) if matches!(word.text.as_str(), "tee" | "cat"))
        && !tokens.iter().any(leads_away)
}
