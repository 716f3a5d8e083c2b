//! Moments in RFC 3339, as files and archives have them.

use std::time::SystemTime;

/// Reads a moment such as `2026-07-11T10:16:37Z`; none for anything else.
#[must_use]
pub fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}
