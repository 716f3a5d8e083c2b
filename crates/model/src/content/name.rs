//! Names and relative paths that are safe to put into a tree.

use std::fmt;
use std::str::FromStr;

use super::digest::serde_as_text;

/// The error for an invalid name or path in a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name is empty, `.`, `..`, or holds `/` or NUL.
    #[error("invalid file name `{found}`: expected one path segment other than `.` and `..`, without `/` or NUL")]
    Segment {
        /// The text that was found.
        found: String,
    },
    /// The path is empty, absolute, or has a bad segment.
    #[error("invalid path in a tree `{found}`: expected segments joined by `/`, relative, without `.` or `..`")]
    Path {
        /// The text that was found.
        found: String,
    },
}

/// One path segment: UTF-8, not empty, not `.` or `..`, no `/`, no NUL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Returns the segment's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text == "." || text == ".." || text.contains(['/', '\0']) {
            return Err(NameError::Segment { found: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

/// A relative path of one or more [`Name`]s; shown with `/` between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(String);

impl TreePath {
    /// Returns the path's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Walks the segments from the top.
    pub fn segments(&self) -> impl Iterator<Item = Name> + '_ {
        self.0.split('/').map(|segment| Name(segment.to_owned()))
    }

    /// Appends a path below this one.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(format!("{}/{}", self.0, below.0))
    }

    /// Whether `self` is `other` or lies below it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TreePath {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.split('/').any(|segment| segment.parse::<Name>().is_err()) {
            return Err(NameError::Path { found: text.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }
}

serde_as_text!(Name);
serde_as_text!(TreePath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_could_leave_the_tree_are_refused() {
        for wrong in ["", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0b"] {
            assert!(wrong.parse::<TreePath>().is_err(), "{wrong:?}");
        }
        let path: TreePath = "a/b c/ü".parse().expect("a good path");
        assert_eq!(path.segments().map(|name| name.to_string()).collect::<Vec<_>>(), ["a", "b c", "ü"]);
    }

    #[test]
    fn within_is_by_segment_not_by_letter() {
        let path = |text: &str| text.parse::<TreePath>().expect("a good path");
        assert!(path("a/b").is_within(&path("a")));
        assert!(path("a").is_within(&path("a")));
        assert!(!path("ab").is_within(&path("a")));
    }
}
