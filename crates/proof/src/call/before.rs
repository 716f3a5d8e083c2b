//! Commands in front of a tool that may make or change files which it reads, and which the source does not show.

use rcrepro_model::plan::proof::Tool;

/// Commands that write no file, whatever their words are, as long as their output stays where it is.
const READS: [&str; 44] = [
    ":", "[", "[[", "basename", "cat", "cd", "cut", "date", "diff", "dirname", "du", "echo", "env", "exit", "export",
    "false", "file", "grep", "hash", "head", "hostname", "id", "jq", "local", "ls", "mkdir", "nproc", "printf", "pwd",
    "readlink", "readonly", "return", "set", "shopt", "sleep", "stat", "tail", "test", "true", "type", "ulimit",
    "umask", "uname", "which",
];
/// Subcommands of `go`, beside those that are known tools, that write no file of the source.
const GO: [&str; 3] = ["env", "list", "version"];
/// Subcommands of `git` that change no file of the source.
const GIT: [&str; 9] = ["config", "describe", "diff", "log", "ls-files", "rev-parse", "show", "status", "version"];

/// Names a command that is not known to leave the files of the source as they are: its first word, and what it does if it is `go` or
/// `git`. A known tool checks, unless it installs.
pub(super) fn makes(words: &[String], redirected: bool, known: Option<Tool>) -> Option<String> {
    let first = words.first()?;
    let name = first.rsplit('/').next().unwrap_or(first);
    let second = words.get(1).map(String::as_str).unwrap_or_default();
    let (leaves, says) = match name {
        "go" => (known.is_some() || GO.contains(&second), format!("go {second}")),
        "git" => (GIT.contains(&second), format!("git {second}")),
        "command" => (second.starts_with("-v") || second.starts_with("-V"), format!("command {second}")),
        name => (READS.contains(&name) || known.is_some_and(|tool| tool != Tool::NpmCi), name.to_owned()),
    };
    (redirected || !leaves).then_some(says)
}
