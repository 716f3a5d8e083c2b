//! Globs over paths: `*` and `?` within a segment, `**` over segments, classes and braces.

use globset::{GlobBuilder, GlobMatcher};

/// The error for a text that is not a valid glob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing glob '{glob}': {reason}")]
pub struct GlobError {
    /// The text that was found.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A glob that is matched against whole paths; neither `*` nor `?` matches a slash.
#[derive(Debug, Clone)]
pub struct PathGlob(GlobMatcher);

impl PathGlob {
    /// Compiles a glob.
    ///
    /// # Errors
    /// [`GlobError`] for a class or a brace that is not closed, and the like.
    pub fn new(glob: &str) -> Result<Self, GlobError> {
        let built = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build();
        let built = built.map_err(|error| GlobError { glob: glob.to_owned(), reason: error.kind().to_string() })?;
        Ok(Self(built.compile_matcher()))
    }

    /// Whether the whole path matches.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Whether some path is matched by both globs: what a packet may change against what is protected.
///
/// Braces and classes count as `*`, so that an overlap is never missed, at the price of a false one.
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (simple(one), simple(other));
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    segments(&one, &other)
}

/// Writes `*` for every class and every brace.
fn simple(glob: &str) -> String {
    let mut text = String::new();
    let mut rest = glob.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '[' => text.push(rest.by_ref().find(|letter| *letter == ']').map_or('[', |_| '*')),
            '{' => text.push(rest.by_ref().find(|letter| *letter == '}').map_or('{', |_| '*')),
            other => text.push(other),
        }
    }
    text
}

fn segments(one: &[&str], other: &[&str]) -> bool {
    match (one, other) {
        ([], []) => true,
        (["**", rest @ ..], other) => segments(rest, other) || (!other.is_empty() && segments(one, &other[1..])),
        (_, ["**", ..]) => segments(other, one),
        ([a, one @ ..], [b, other @ ..]) => characters(a.as_bytes(), b.as_bytes()) && segments(one, other),
        _ => false,
    }
}

fn characters(one: &[u8], other: &[u8]) -> bool {
    match (one, other) {
        ([], []) => true,
        ([b'*', rest @ ..], other) => characters(rest, other) || (!other.is_empty() && characters(one, &other[1..])),
        (_, [b'*', ..]) => characters(other, one),
        ([a, one @ ..], [b, other @ ..]) => (a == b || *a == b'?' || *b == b'?') && characters(one, other),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn globs_overlap_when_a_path_matches_both() {
        for (one, other) in [
            ("internal/api/**", "internal/api/auth.go"),
            ("internal/**/auth*.go", "internal/api/a/auth_test.go"),
            ("**", "a/b/c"),
            ("**/rbac/**", "internal/**"),
            ("src/*.go", "src/auth.*"),
            ("src/{a,b}.go", "src/b.go"),
            ("src/[ab]?.go", "src/b1.go"),
        ] {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("internal/api/signup*.go", "internal/api/auth.go"),
            ("src/*.go", "src/a/b.go"),
            ("docs/**", "src/**"),
            ("a", "a/b"),
            ("*.md", "*.go"),
        ] {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }
}
