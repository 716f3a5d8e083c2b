//! Words after which the exit code of a line no longer says what its commands did.
//!
//! `exit 0` ends the line before they run, `trap` and functions change what they do, `eval` runs what is not read here. What is
//! not known to be harmless is doubted, so that a line that is not understood is never proven.

use rcrepro_shell::{ShellTokenKind, ShellWord};

/// How far a doubt reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubt {
    /// All commands of the line.
    Whole(String),
    /// The commands behind it, in the same shell.
    Behind(String),
    /// The command itself, and those behind it.
    Itself(String),
}

/// Variables from which a shell takes options, functions or a script that it runs first.
const VARIABLES: [&str; 3] = ["BASH_ENV", "SHELLOPTS", "BASHOPTS"];

/// Options of `set` that neither keep commands from running nor change their exit codes unseen.
const LETTERS: &str = "abefhuvxBCEHPT";
const NAMES: [&str; 14] = [
    "allexport",
    "braceexpand",
    "errexit",
    "errtrace",
    "functrace",
    "hashall",
    "histexpand",
    "noclobber",
    "noglob",
    "notify",
    "nounset",
    "pipefail",
    "verbose",
    "xtrace",
];

/// Options of `shopt` that change which files a word names, and no more.
const SHOPT: [&str; 7] = ["dotglob", "extglob", "failglob", "globstar", "inherit_errexit", "nocaseglob", "nullglob"];

/// Marks a part of the line as not understood.
pub(super) fn unread() -> String {
    "brackets on the line that are not understood here: write it without them, or as a script with its own `proof`"
        .to_owned()
}

/// Names the variable when a shell takes from it what cannot be seen on the line.
pub(crate) fn variable(word: &str) -> Option<String> {
    let name = word.split('=').next().unwrap_or(word);
    let name = name.strip_suffix('+').unwrap_or(name);
    (VARIABLES.contains(&name) || name.starts_with("BASH_FUNC_"))
        .then(|| format!("`{name}`, through which a shell runs what the line does not show: take it away"))
}

/// Returns the text of a word without quotes, which may be one of the shell's own.
pub(super) fn unquoted(token: &ShellTokenKind) -> Option<&str> {
    match token {
        ShellTokenKind::Word(ShellWord { text, quoted: false, .. }) => Some(text),
        _ => None,
    }
}

/// Whether it is a redirection of an output stream to elsewhere.
pub(super) fn leads_away(token: &ShellTokenKind) -> bool {
    matches!(token, ShellTokenKind::Redirection(redirection) if redirection.leads_output_away())
}

/// Whether a command does nothing but fill an array: `name=( … )`.
pub(super) fn array(tokens: &[ShellTokenKind]) -> bool {
    let [ShellTokenKind::Word(word), ShellTokenKind::Operator("("), inner @ .., ShellTokenKind::Operator(")")] = tokens
    else {
        return false;
    };
    word.text.ends_with('=') && inner.iter().all(|token| matches!(token, ShellTokenKind::Word(_)))
}

/// Returns what a simple command makes of the exit code. `splits` says for each word whether it may become several.
pub(super) fn of_command(tokens: &[ShellTokenKind], words: &[String], splits: &[bool]) -> Option<Doubt> {
    if let [ShellTokenKind::Word(word), ShellTokenKind::Operator("("), ShellTokenKind::Operator(")"), ..] = tokens {
        return Some(Doubt::Whole(unseen(&format!("{}()", word.text), "the body of the function in its place")));
    }
    if tokens.first().and_then(unquoted) == Some("function") {
        return Some(Doubt::Whole(unseen("function", "the body of the function in its place")));
    }
    if let Some(why) = words.iter().find_map(|word| variable(word)) {
        return Some(Doubt::Whole(why));
    }
    let test = words.first().is_some_and(|word| word == "[[");
    if !test && !array(tokens) && tokens.iter().any(|token| matches!(token, ShellTokenKind::Operator(_))) {
        return Some(Doubt::Whole(unread()));
    }
    let mut at = words.iter().take_while(|word| is_assignment(word)).count();
    let mut asks = false;
    // These run what is behind them in the same shell.
    while matches!(words.get(at)?.as_str(), "command" | "builtin" | "time" | "!") {
        at += 1;
        while let Some(flag) = words.get(at).filter(|word| word.starts_with('-')) {
            asks |= flag.contains(['v', 'V']);
            at += 1;
        }
    }
    if asks {
        return None;
    }
    let (head, rest) = (words.get(at)?.as_str(), &words[at + 1..]);
    if head.contains(['$', '`']) || splits[at] {
        // A word that stays one and has a slash is a file: no word of the shell.
        let file = head.contains('/') && !splits[at];
        let bracket = matches!(head, "[" | "[[" | "{");
        return (!file && !bracket).then(|| Doubt::Itself(unseen(head, "the command's name as it is")));
    }
    of_builtin(head, rest, tokens)
}

/// Returns what a command of the shell's own makes of the exit code.
fn of_builtin(head: &str, rest: &[String], tokens: &[ShellTokenKind]) -> Option<Doubt> {
    match head {
        "exit" | "return" => {
            let fails = matches!(rest, [code] if code.parse::<u8>().is_ok_and(|code| code != 0));
            (!fails).then(|| Doubt::Behind(ends(head)))
        }
        "exec" => {
            let leads_away = tokens.iter().any(leads_away);
            let why = || unseen("exec", "the command without it, and a redirection behind the command that it is for");
            (leads_away || !rest.is_empty()).then(|| Doubt::Behind(why()))
        }
        "trap" => Some(Doubt::Whole(unseen("trap", "the line without it"))),
        "eval" => Some(Doubt::Behind(unseen(head, "its words as a command"))),
        "source" | "." => Some(Doubt::Behind(unseen(head, "the variables that the file sets as the command's `env`"))),
        "alias" | "enable" => Some(Doubt::Whole(unseen(head, "the line without it"))),
        "hash" if rest.iter().any(|word| word.starts_with('-')) => {
            Some(Doubt::Whole(unseen("hash", "the line without it")))
        }
        "mapfile" | "readarray" if rest.iter().any(|word| word.starts_with("-C")) => {
            Some(Doubt::Behind(unseen(head, "the line without `-C`")))
        }
        "shopt" if !rest.iter().all(|word| ["-s", "-u", "-q"].contains(&&**word) || SHOPT.contains(&&**word)) => {
            Some(Doubt::Whole(unseen("shopt", "the line without it")))
        }
        "set" => option(rest).map(|option| Doubt::Whole(unseen(&format!("set {option}"), "the line without it"))),
        _ => None,
    }
}

fn is_assignment(word: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(good))
}

/// Returns the first option of `set` that is not known to be harmless.
fn option(words: &[String]) -> Option<&str> {
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix(['-', '+']).filter(|letters| !letters.is_empty() && *letters != "-")
        else {
            // An expansion may be an option; all else is a positional parameter, or ends the options.
            return word.contains(['$', '`']).then_some(word);
        };
        let (letters, named) = letters.strip_suffix('o').map_or((letters, false), |letters| (letters, true));
        if !letters.chars().all(|letter| LETTERS.contains(letter)) {
            return Some(word);
        }
        if named && words.next().is_some_and(|name| !NAMES.contains(&name)) {
            return Some(word);
        }
    }
    None
}

fn unseen(word: &str, instead: &str) -> String {
    format!("`{word}`, whose effect on it cannot be seen: write {instead}")
}

fn ends(word: &str) -> String {
    format!("`{word}` before it, which may end the line first: write `{word} 1`, or another status that is not 0")
}
