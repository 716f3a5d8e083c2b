//! The folder that a line has changed to, by its text alone.

/// Where the commands of a line run: below the folder in which it starts, or absolute; `None` when that cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folders {
    pub at: Option<String>,
    /// What `cd -` goes back to.
    before: Option<String>,
    /// What `popd` goes back to, the last one first.
    left: Vec<Option<String>>,
}

impl Folders {
    pub(super) const fn new() -> Self {
        Self { at: Some(String::new()), before: None, left: Vec::new() }
    }

    /// Gives up: what is next runs in a folder that cannot be told.
    pub(super) fn lose(&mut self) {
        *self = Self { at: None, before: None, left: Vec::new() };
    }

    /// Follows a command that changes the folder; false for any other.
    pub(super) fn follow(&mut self, words: &[String]) -> bool {
        let runs = |word: &&String| matches!(word.as_str(), "command" | "builtin") || assignment(word).is_some();
        let words = &words[words.iter().take_while(runs).count()..];
        let Some((command, arguments)) = words.split_first() else { return false };
        let is_flag = |word: &&String| matches!(word.as_str(), "-P" | "-L" | "-e" | "-n" | "--");
        let flags = arguments.iter().take_while(is_flag).count();
        let stays = arguments[..flags].iter().any(|word| word == "-n");
        match (command.as_str(), &arguments[flags..]) {
            ("cd", [to]) if to == "-" => self.change(self.before.clone()),
            ("cd", [to]) => self.change(enter(self.at.clone(), to)),
            ("pushd", [to]) if !stays && !to.starts_with(['+', '-']) => {
                self.left.push(self.at.clone());
                self.change(enter(self.at.clone(), to));
            }
            ("popd", []) if !stays => {
                let to = self.left.pop().flatten();
                self.change(to);
            }
            ("cd" | "pushd" | "popd", _) => self.lose(),
            _ => return false,
        }
        true
    }

    fn change(&mut self, to: Option<String>) {
        self.before = std::mem::replace(&mut self.at, to);
    }
}

/// Changes from one folder to another, unless the shell may make something else of the word.
pub(crate) fn enter(at: Option<String>, to: &str) -> Option<String> {
    at.filter(|_| is_literal(to)).map(|at| join(&at, to))
}

/// Whether the shell takes a word as it is written. Quotes are gone by now, so that some are doubted in vain.
pub(crate) fn is_literal(word: &str) -> bool {
    !word.starts_with('~') && !word.contains(['$', '`', '*', '?', '[', '{', '('])
}

/// Joins paths by text; an absolute one is returned as it is.
pub(crate) fn join(at: &str, to: &str) -> String {
    if to.starts_with('/') || at.is_empty() { to.to_owned() } else { format!("{at}/{to}") }
}

/// Takes a word `NAME=VALUE` apart.
pub(crate) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(good) && !name.starts_with(|c: char| c.is_ascii_digit()))
        .then_some((name, value))
}
