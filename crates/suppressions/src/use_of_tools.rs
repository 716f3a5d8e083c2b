//! Which tools a packet's commands run, so that a comment for a linter that nobody runs limits no pass.

use std::collections::BTreeSet;

use crate::kinds;
use crate::words::{base, commands};

/// Programs whose line does not say what they run.
const OPAQUE: [&str; 18] = [
    "make",
    "gmake",
    "just",
    "task",
    "mage",
    "bash",
    "sh",
    "zsh",
    "pre-commit",
    "lefthook",
    "husky",
    "earthly",
    "dagger",
    "bazel",
    "turbo",
    "nx",
    "lerna",
    "act",
];
/// Package managers, whose scripts a line only names.
const MANAGERS: [&str; 4] = ["npm", "pnpm", "yarn", "bun"];
/// Subcommands of package managers that run no script of the project.
const PLAIN: [&str; 9] = ["audit", "ci", "install", "exec", "dlx", "x", "i", "clean-install", "ic"];

/// The tools that lines run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolsInUse {
    named: BTreeSet<String>,
    /// Whether a line runs something that it does not name, such as a target of make.
    is_opaque: bool,
}

impl ToolsInUse {
    /// Reads the lines of commands.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tools = Self::default();
        for words in lines.into_iter().flat_map(commands) {
            tools.is_opaque |= is_opaque(&words);
            tools.named.extend(words.iter().map(|word| base(word).to_owned()));
        }
        tools
    }

    /// Whether commands may run what a kind of suppression silences.
    #[must_use]
    pub fn heeds(&self, kind: &str) -> bool {
        let Some(kind) = kinds::by_id(kind) else { return true };
        self.is_opaque || kind.called.is_empty() || kind.called.iter().any(|name| self.named.contains(*name))
    }
}

fn is_opaque(words: &[String]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let name = base(word);
        let next = words[at + 1..].iter().find(|word| !word.starts_with('-')).map(String::as_str);
        match name {
            // The lines behind `-c` are read themselves.
            "bash" | "sh" | "zsh" => !words[at + 1..].iter().any(|word| word == "-c"),
            "go" => matches!(next, Some("run" | "generate" | "tool")),
            name if OPAQUE.contains(&name) => true,
            name if MANAGERS.contains(&name) => next.is_some_and(|next| !PLAIN.contains(&next)),
            _ => at == 0 && (word.starts_with("./") || name.ends_with(".sh")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_counts_only_for_tools_that_a_line_may_run() {
        let heeds = |line: &str, kind: &str| ToolsInUse::of([line]).heeds(kind);
        assert!(heeds("cd web && npx eslint src", "eslint-disable"));
        assert!(heeds("node_modules/.bin/tsc --noEmit", "ts-comment"));
        assert!(heeds("bash -c 'gitleaks dir .'", "gitleaks-ignored"));
        assert!(!heeds("bash -c 'gitleaks dir .'", "nolint"));
        assert!(!heeds("go test ./...", "eslint-disable") && heeds("go test ./...", "go-test-skips"));
        for line in ["make lint", "npm run lint", "npm test", "./scripts/check", "bash lint.sh", "go run ./tools/lint"]
        {
            assert!(heeds(line, "nolint"), "{line}");
        }
        for line in ["npm ci", "npm audit --omit=dev", "echo made"] {
            assert!(!heeds(line, "nolint"), "{line}");
        }
        assert!(heeds("echo", "waiver") && !heeds("echo", "nosec"));
    }
}
