//! Globs over paths: `*` and `?` within a segment, `**` over segments, classes and braces.

use std::path::Path;

use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet};

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
        Ok(Self(parse(glob)?.compile_matcher()))
    }

    /// Whether the whole path matches.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Globs that are matched together, each as [`PathGlob`] does; an empty set matches nothing.
#[derive(Debug, Clone, Default)]
pub struct PathGlobSet(GlobSet);

impl PathGlobSet {
    /// Compiles globs.
    ///
    /// # Errors
    /// [`GlobError`] for the first that is not a valid glob.
    pub fn new<T: AsRef<str>>(globs: impl IntoIterator<Item = T>) -> Result<Self, GlobError> {
        let mut all = Vec::new();
        let mut parsed = GlobSet::builder();
        for glob in globs {
            parsed.add(parse(glob.as_ref())?);
            all.push(glob.as_ref().to_owned());
        }
        let set = parsed.build();
        set.map(Self).map_err(|error| GlobError { glob: all.join(", "), reason: error.kind().to_string() })
    }

    /// Whether there is no glob, so that nothing is matched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a glob matches the whole path.
    #[must_use]
    pub fn matches(&self, path: impl AsRef<Path>) -> bool {
        self.0.is_match(path)
    }

    /// Whether a glob matches the path or a folder above it.
    #[must_use]
    pub fn matches_within(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        !self.0.is_empty() && ends.map(|end| &path[..end]).any(|above| self.matches(above))
    }
}

fn parse(glob: &str) -> Result<Glob, GlobError> {
    let built = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build();
    built.map_err(|error| GlobError { glob: glob.to_owned(), reason: error.kind().to_string() })
}

/// Says why a glob matches no path below the folder that it is relative to, whatever is there; none when it may match one.
#[must_use]
pub fn matches_nothing(glob: &str) -> Option<&'static str> {
    if glob.is_empty() {
        return Some("it is empty");
    }
    if glob.starts_with('/') {
        return Some("it begins with `/`, and paths are relative to the plan's folder");
    }
    if glob.starts_with('!') {
        return Some("it begins with `!`, and no glob takes away what another one matches");
    }
    if glob.ends_with('/') {
        return Some("it ends with `/`: a folder is named without it, and is all that is below it");
    }
    let is_odd = |part: &str| matches!(part, "" | "." | "..");
    glob.split('/').any(is_odd).then_some("it has a part `.` or `..`, or `//`, which no path has")
}

/// Writes a path as a glob that matches this path alone.
#[must_use]
pub fn escape(path: &str) -> String {
    globset::escape(path)
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
    use super::{PathGlob, PathGlobSet, escape, matches_nothing, overlap};

    #[test]
    fn what_can_match_no_path_is_known_by_its_text() {
        for glob in ["", "/a", "!a", "a/", "**/", "../a", "a/../b", "./a", "a//b", ".."] {
            assert!(matches_nothing(glob).is_some(), "{glob}");
        }
        for glob in ["a", "**", "a/**/b", "[!a]b", "{a,b}/c", "..a", "a..", ".github/**", "a!"] {
            assert_eq!(matches_nothing(glob), None, "{glob}");
        }
    }

    #[test]
    fn a_set_matches_as_its_globs_do() {
        let globs = ["*.go", "docs/**", "a?c", "[x]*"];
        let set = PathGlobSet::new(globs).expect("globs");
        let single = globs.map(|glob| PathGlob::new(glob).expect("a glob"));
        for path in ["main.go", "cmd/main.go", "docs/a/b", "docs", "a/c", "abc", "xy", "x/y"] {
            assert_eq!(set.matches(path), single.iter().any(|glob| glob.matches(path)), "{path}");
        }
        assert!(!set.matches("cmd/main.go") && set.matches("docs/a/b"));
        let wrong = PathGlobSet::new(["*.go", "[x"]).expect_err("a class without an end");
        assert_eq!(wrong.to_string(), "error parsing glob '[x': unclosed character class; missing ']'");
    }

    #[test]
    fn what_lies_below_a_matched_folder_is_within() {
        let set = PathGlobSet::new(["vendor", "*/gen"]).expect("globs");
        for (path, within) in [("vendor/a/b", true), ("a/gen/b", true), ("a/vendor", false), ("gen", false)] {
            assert_eq!((set.matches_within(path), set.matches(path)), (within, false), "{path}");
        }
        assert!(!PathGlobSet::default().matches_within("a/b"));
    }

    #[test]
    fn an_escaped_path_matches_itself_alone() {
        let set = PathGlobSet::new([escape("a/[b]*.md")]).expect("a glob");
        assert!(set.matches("a/[b]*.md") && !set.matches("a/bc.md"));
    }

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
