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

    /// Whether every pattern means the same here as to BuildKit: names, `*`, `?`, and `**` for whole folders before a name.
    #[must_use]
    pub fn is_plain(text: &str) -> bool {
        let strange = |part: &str| part.contains("**") && part != "**" || part.contains(['[', ']', '{', '}', '\\']);
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        patterns
            .map(|line| line.trim_start_matches('!').trim_end_matches('/'))
            .all(|pattern| !pattern.ends_with("**") && !pattern.split('/').any(|part| strange(part) || part == ".."))
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

/// Finds the first pattern that BuildKit does not take: one that Go's `filepath.Match` calls malformed, or a `!` alone.
///
/// Source: `patternmatcher.New` and `ignorefile.ReadAll` of `github.com/moby/patternmatcher`.
#[must_use]
pub fn refused_by_buildkit(text: &str) -> Option<PatternError> {
    let lines = (1..).zip(text.trim_start_matches('\u{feff}').lines()).filter(|(_, line)| !line.starts_with('#'));
    let patterns = lines.map(|(line, pattern)| (line, pattern.trim())).filter(|(_, pattern)| !pattern.is_empty());
    let is_malformed = |pattern: &str| match pattern.strip_prefix('!') {
        Some(back) => back.trim().is_empty() || is_malformed(back.trim()),
        None => is_malformed(pattern),
    };
    let mut wrong = patterns.filter(|(_, pattern)| is_malformed(pattern));
    wrong.next().map(|(line, pattern)| PatternError { line, pattern: pattern.to_owned() })
}

/// Whether a class of characters does not end or has nothing in it, or a backslash escapes nothing.
fn is_malformed(pattern: &str) -> bool {
    // What `..` takes back is not looked at.
    if pattern.split('/').any(|part| part == "..") {
        return false;
    }
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.next().is_none() => return true,
            '[' => {
                rest.next_if_eq(&'^');
                let mut is_empty = true;
                loop {
                    if !is_empty && rest.next_if_eq(&']').is_some() {
                        break;
                    }
                    if !is_member(&mut rest) || rest.next_if_eq(&'-').is_some() && !is_member(&mut rest) {
                        return true;
                    }
                    is_empty = false;
                }
            }
            _ => {}
        }
    }
    false
}

/// Takes a character of a class, which may be escaped; what follows it has to be there, too.
fn is_member(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let is_there = match rest.next() {
        None | Some('-' | ']') => false,
        Some('\\') => rest.next().is_some(),
        Some(_) => true,
    };
    is_there && rest.peek().is_some()
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
    fn patterns_are_malformed_where_they_are_to_go() {
        for pattern in
            ["[", "[]a]", "[a", "a[-]", "[a-]", "[^]", "[a\\", "\\", "a/[b", "!", "! ", "![", "[-a]", "[a-b", "[a-b-c]"]
        {
            let found = refused_by_buildkit(&format!("ok\n# [\n{pattern}\n"));
            assert_eq!(found.map(|error| error.line), Some(3), "{pattern}");
        }
        for pattern in ["*", "**/a", "[a]", "[^a-z]x", "[\\]]", "\\[", "!a", "../x", "a]", "{a", "[[]"] {
            assert_eq!(refused_by_buildkit(&format!("{pattern}\n")), None, "{pattern}");
        }
    }

    #[test]
    fn patterns_that_others_may_read_otherwise_are_known() {
        assert!(Ignored::is_plain("# a[b]\n*.md\n!/a/b?\n**/node_modules/\na/**/b\n"));
        for strange in ["a/**", "a**b", "[a]", "a\\*", "{a,b}", "../x"] {
            assert!(!Ignored::is_plain(strange), "{strange}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        for wrong in ["a\n[", "a\n../x"] {
            assert_eq!(Ignored::read(wrong).expect_err("no pattern").line, 2, "{wrong}");
        }
    }
}
