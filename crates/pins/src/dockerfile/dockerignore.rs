//! `.dockerignore`: what a client leaves out of a build's context. The engine leaves that to the client.
//!
//! Source: Docker reference, ".dockerignore file": a pattern a line, `#` comments, `!` takes back in, the last match wins, a
//! pattern that matches a folder matches all that is in it, `**` matches any number of folders.

use rcrepro_model::content::name::TreePath;
use rcrepro_model::plan::glob::PathGlob;

/// A read file.
#[derive(Debug, Default)]
pub struct Ignored {
    rules: Vec<(bool, PathGlob)>,
}

/// The error for a pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: invalid pattern `{pattern}`: expected a glob as Docker reads it")]
pub struct PatternError {
    /// The line, from 1.
    pub line: usize,
    /// As the file has it, with its `!`.
    pub pattern: String,
}

impl Ignored {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`PatternError`].
    pub fn read(text: &str) -> Result<Self, PatternError> {
        let mut rules = Vec::new();
        for (line, pattern) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let pattern = pattern.trim();
            if pattern.is_empty() || pattern.starts_with('#') {
                continue;
            }
            let (back, glob) = pattern.strip_prefix('!').map_or((false, pattern), |rest| (true, rest.trim()));
            let parts: Vec<&str> = glob.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
            let error = || PatternError { line, pattern: pattern.to_owned() };
            if parts.contains(&"..") {
                return Err(error());
            }
            if parts.is_empty() {
                continue;
            }
            rules.push((back, PathGlob::new(&parts.join("/")).map_err(|_| error())?));
        }
        Ok(Self { rules })
    }

    /// Whether a path is left out.
    #[must_use]
    pub fn leaves_out(&self, path: &TreePath) -> bool {
        let text = path.as_str();
        let whole_and_above = || text.match_indices('/').map(|(at, _)| &text[..at]).chain([text]);
        let matches = |glob: &PathGlob| whole_and_above().any(|part| glob.matches(part));
        self.rules.iter().rev().find(|(_, glob)| matches(glob)).is_some_and(|(back, _)| !back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str, paths: &[&str]) -> Vec<String> {
        let ignored = Ignored::read(text).expect("patterns");
        let path = |text: &&str| text.parse::<TreePath>().expect("a path");
        paths.iter().map(path).filter(|path| !ignored.leaves_out(path)).map(|path| path.to_string()).collect()
    }

    #[test]
    fn the_last_match_wins_and_folders_bring_what_is_in_them() {
        let paths = ["go.mod", "cmd/a/main.go", "scripts/lib.sh", "scripts/other.sh", "README.md"];
        let text = "# only these\n*\n!go.mod\n!/cmd\n!scripts/lib.sh\n";
        assert_eq!(kept(text, &paths), ["go.mod", "cmd/a/main.go", "scripts/lib.sh"]);
        assert_eq!(kept("", &paths), paths);
        assert_eq!(
            kept("scripts/\n!scripts/lib.sh\nscripts/lib.sh\n", &paths),
            ["go.mod", "cmd/a/main.go", "README.md"]
        );
        assert_eq!(kept("**/*.go\n*.md\n", &paths), ["go.mod", "scripts/lib.sh", "scripts/other.sh"]);
        assert_eq!(
            kept("*.go\n?o.mod\n", &paths),
            ["cmd/a/main.go", "scripts/lib.sh", "scripts/other.sh", "README.md"]
        );
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for wrong in ["a\n[", "a\n../x"] {
            assert_eq!(Ignored::read(wrong).expect_err("no pattern").line, 2, "{wrong}");
        }
    }
}
