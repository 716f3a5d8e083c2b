//! The folder that a call runs in, as far as its own words change it.

use super::program::base;
use crate::shell::enter;
use rcrepro_model::plan::proof::Tool;

/// Follows a wrapper that changes the folder before it runs what is behind it: `env -C FOLDER`.
pub(super) fn of_wrapper(words: &[String], at: Option<String>) -> Option<String> {
    if words.first().is_none_or(|word| base(word) != "env") {
        return at;
    }
    let mut words = words[1..].iter();
    let mut to: Option<String> = None;
    while let Some(word) = words.next().filter(|word| word.starts_with('-') && *word != "--") {
        match word.as_str() {
            "-C" | "--chdir" => to = words.next().cloned(),
            "-u" | "--unset" => drop(words.next()),
            word => {
                let joined = word.strip_prefix("--chdir=").or_else(|| word.strip_prefix("-C"));
                to = joined.map(str::to_owned).or(to);
            }
        }
    }
    match to {
        Some(to) => enter(at, &to),
        None => at,
    }
}

/// Follows the flag by which a tool changes the folder itself. Those of package managers only say which project is meant, and are
/// read where their files are looked up.
pub(super) fn of_tool(tool: Tool, words: &[String], at: Option<String>) -> Option<String> {
    let to = match tool {
        // It has to be the first flag, before or behind the subcommand (`go help build`).
        Tool::GoTest | Tool::GoBuild | Tool::GoVet => (1..=2).find_map(|at| flag(words, at)),
        Tool::Govulncheck => {
            let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
            (1..end).rev().find_map(|at| flag(words, at))
        }
        _ => None,
    };
    match to {
        Some(to) => enter(at, to),
        None => at,
    }
}

/// Returns the value of `-C` at a place.
fn flag(words: &[String], at: usize) -> Option<&str> {
    match words.get(at)?.as_str() {
        "-C" | "--C" => words.get(at + 1).map(String::as_str),
        word => word.strip_prefix("--C=").or_else(|| word.strip_prefix("-C=")),
    }
}
