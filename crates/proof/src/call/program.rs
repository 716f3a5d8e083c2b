//! The name of a program.

/// Returns the last part of a path.
pub(in super::super) fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}
