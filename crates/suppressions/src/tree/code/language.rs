//! Which comments a file can hold.

/// A family of languages that share their comments and their tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Go,
    /// TypeScript and what embeds it among it.
    JavaScript,
    Python,
    Other,
}

impl Language {
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or_default();
        match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "go" => Self::Go,
            "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts" | "vue" | "svelte" | "astro" => {
                Self::JavaScript
            }
            "py" | "pyi" => Self::Python,
            _ => Self::Other,
        }
    }
}

/// Tells whether a file is a page that scripts are embedded in, which no lexer of scripts reads.
pub(super) fn embeds_scripts(path: &str) -> bool {
    [".vue", ".svelte", ".astro"].iter().any(|ending| path.ends_with(ending))
}

/// Tells whether a file is code of a language whose comments are known.
pub fn is_code(path: &str) -> bool {
    Language::of(path) != Language::Other
}

/// Tells whether a file that is not of a known language may hold scripts that a linter reads.
pub(super) fn holds_scripts(path: &str) -> bool {
    [".html", ".htm", ".hbs", ".mdx"].iter().any(|ending| path.ends_with(ending))
}

/// Tells whether a file is not the project's own code, which linters and test runners leave alone.
pub fn is_set_aside(path: &str) -> bool {
    let folders = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folders.split('/').any(|name| matches!(name, "vendor" | "node_modules" | "third_party" | "testdata"))
}
