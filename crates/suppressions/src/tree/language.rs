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

/// Tells whether a file that is not of a known language may hold scripts that a linter reads.
pub(super) fn holds_scripts(path: &str) -> bool {
    [".html", ".htm", ".hbs", ".mdx"].iter().any(|ending| path.ends_with(ending))
}
