//! What a text asks for: one version, a range, or whatever is newest.
//!
//! The grammar of ranges is npm's (`^ ~ >= <= > < = || x`, hyphens), which the actions that set up Go and Node share.
//! Source: npm, `node-semver` README, "Ranges"; actions/setup-go README, "go-version".

use super::reference::{ReferenceState, Use};
use rcrepro_model::plan::pins::ToolVersion;

/// What a text asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedVersion {
    /// This one and no other.
    Exact(ToolVersion),
    /// One version that is not a release, such as `1.26rc1`.
    PreRelease,
    /// All that lie in one of these ranges.
    Range(Vec<Span>),
    /// A word whose meaning changes with time, such as `stable` or `lts/*`.
    Moving,
    /// Nothing that we understand.
    Unknown,
}

/// A run of versions: from `low`, and up to but without `high` when there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    low: ToolVersion,
    high: Option<ToolVersion>,
}

const ZERO: ToolVersion = ToolVersion::new(0, 0, 0);

impl Span {
    fn holds(self, version: ToolVersion) -> bool {
        self.low <= version && self.high.is_none_or(|high| version < high)
    }

    fn meet(self, other: Self) -> Self {
        let high = match (self.high, other.high) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { low: self.low.max(other.low), high }
    }
}

/// Words that name no version but whatever is current. Codenames of Node's long-term lines are among them: a line moves.
const MOVING: [&str; 15] = [
    "stable",
    "oldstable",
    "latest",
    "current",
    "lts",
    "node",
    "nightly",
    "system",
    "default",
    "argon",
    "hydrogen",
    "iron",
    "jod",
    "krypton",
    "*",
];

/// Reads a text.
#[must_use]
pub fn wanted(text: &str) -> WantedVersion {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    let lower = text.to_ascii_lowercase();
    if MOVING.contains(&lower.as_str()) || lower.starts_with("lts/") || lower.starts_with("lts-") {
        return WantedVersion::Moving;
    }
    let bare = lower.strip_prefix("golang").or_else(|| lower.strip_prefix("go")).unwrap_or(&lower);
    // GOTOOLCHAIN=go1.26.8+auto and go1.26.8+path take this version or a newer one that go.mod asks for.
    if let Some((version, "auto" | "path")) = bare.split_once('+') {
        return match wanted(version) {
            WantedVersion::Exact(low) => WantedVersion::Range(vec![Span { low, high: None }]),
            other => other,
        };
    }
    let bare = without_platform(bare.trim_start_matches('v'));
    if let Ok(version) = bare.trim_start_matches('=').trim().trim_start_matches('v').parse() {
        return WantedVersion::Exact(version);
    }
    if is_pre_release(bare) {
        return WantedVersion::PreRelease;
    }
    let spans: Option<Vec<Span>> = bare.split("||").map(alternative).collect();
    match spans {
        Some(spans) if !spans.is_empty() => WantedVersion::Range(spans),
        _ => WantedVersion::Unknown,
    }
}

/// Compares what a place asks for with the pin.
#[must_use]
pub fn state(text: &str, usage: Use, pin: ToolVersion) -> ReferenceState {
    let admit = |good: bool| if good { ReferenceState::Admits } else { ReferenceState::Disagrees };
    match (wanted(text), usage) {
        (WantedVersion::Exact(version), _) if version == pin => ReferenceState::Agrees,
        (WantedVersion::Exact(version), Use::Minimum) => admit(version <= pin),
        (WantedVersion::Exact(_) | WantedVersion::PreRelease, _) => ReferenceState::Disagrees,
        (WantedVersion::Range(spans), Use::Minimum) => admit(spans.iter().any(|span| span.low <= pin)),
        (WantedVersion::Range(spans), usage) => {
            let holds = spans.iter().any(|span| span.holds(pin));
            match usage {
                Use::Selects if holds => ReferenceState::Floating,
                _ => admit(holds),
            }
        }
        (WantedVersion::Moving, Use::Selects) => ReferenceState::Floating,
        // What selects nothing and names no version leaves none out.
        (WantedVersion::Moving, Use::Allows) => ReferenceState::Admits,
        (WantedVersion::Moving, _) => ReferenceState::Undecidable("it says no version".into()),
        (WantedVersion::Unknown, _) => ReferenceState::Undecidable("it is no version that we understand".into()),
    }
}

/// Cuts off what a download's name has behind the version: `.linux-amd64.tar.gz`.
fn without_platform(text: &str) -> &str {
    let systems = [".linux-", ".darwin-", ".windows-", ".freebsd-", ".src", "-linux-", "-darwin-", "-win-"];
    systems.iter().find_map(|system| text.split_once(system)).map_or(text, |(version, _)| version)
}

/// Recognises `1.26rc1`, `1.26.0-rc.1` and `22.0.0-nightly2024…`.
fn is_pre_release(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (numbers, rest) = text.split_at(end);
    let word = rest.strip_prefix('-').unwrap_or(rest);
    let known = ["rc", "beta", "alpha", "nightly", "canary"].iter().any(|known| word.starts_with(known));
    known && numbers.split('.').all(|number| !number.is_empty()) && !text.contains(' ')
}

fn alternative(text: &str) -> Option<Span> {
    let everything = Span { low: ZERO, high: None };
    let text = text.trim();
    if let Some((low, high)) = text.split_once(" - ") {
        let (low, high) = (partial(low)?, partial(high)?);
        return Some(Span { low: low.low, high: high.high });
    }
    // A space may separate an operator from its version.
    let mut joined = text.to_owned();
    for operator in [">=", "<=", "<", ">", "^", "~", "="] {
        while joined.contains(&format!("{operator} ")) {
            joined = joined.replace(&format!("{operator} "), operator);
        }
    }
    let parts: Vec<&str> = joined.split([' ', ',']).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return None;
    }
    parts.into_iter().try_fold(everything, |all, part| Some(all.meet(comparator(part)?)))
}

fn comparator(text: &str) -> Option<Span> {
    let end = text.find(|c: char| c.is_ascii_alphanumeric() || c == '*').unwrap_or(text.len());
    let (operator, version) = text.split_at(end);
    let span = partial(version)?;
    let high = span.high;
    Some(match operator {
        "" | "=" => span,
        ">=" => Span { low: span.low, high: None },
        ">" if span.is_one() => Span { low: next(span.low), high: None },
        ">" => Span { low: high?, high: None },
        "<" => Span { low: ZERO, high: Some(span.low) },
        "<=" => Span { low: ZERO, high },
        "~" | "~>" if span.is_one() => {
            Span { low: span.low, high: Some(ToolVersion::new(span.low.major, span.low.minor + 1, 0)) }
        }
        "~" | "~>" => span,
        "^" => Span { low: span.low, high: Some(ToolVersion::new(span.low.major + 1, 0, 0)) },
        _ => return None,
    })
}

impl Span {
    fn is_one(self) -> bool {
        self.high == Some(next(self.low))
    }
}

fn next(version: ToolVersion) -> ToolVersion {
    ToolVersion::new(version.major, version.minor, version.patch + 1)
}

/// Reads a version of which the end may be missing or `x`.
fn partial(text: &str) -> Option<Span> {
    let text = text.trim().trim_start_matches('v').trim_start_matches("go");
    let parts: Vec<&str> = text.split('.').collect();
    if text.is_empty() || parts.len() > 3 {
        return None;
    }
    let mut numbers = Vec::new();
    for part in parts {
        if matches!(part, "x" | "X" | "*") {
            break;
        }
        // The bound keeps the arithmetic on neighbours from running over.
        numbers.push(part.parse::<u32>().ok().filter(|number| *number < 1_000_000)?);
    }
    Some(match numbers[..] {
        [] => Span { low: ZERO, high: None },
        [major] => Span { low: ToolVersion::new(major, 0, 0), high: Some(ToolVersion::new(major + 1, 0, 0)) },
        [major, minor] => {
            Span { low: ToolVersion::new(major, minor, 0), high: Some(ToolVersion::new(major, minor + 1, 0)) }
        }
        [major, minor, patch, ..] => {
            let low = ToolVersion::new(major, minor, patch);
            Span { low, high: Some(next(low)) }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIN: ToolVersion = ToolVersion::new(1, 26, 8);

    fn word(text: &str, usage: Use) -> &'static str {
        state(text, usage, PIN).word()
    }

    #[test]
    fn a_place_that_selects_has_to_name_the_pin() {
        for (text, expected) in [
            ("1.26.8", "agrees"),
            ("go1.26.8", "agrees"),
            ("v1.26.8", "agrees"),
            ("=1.26.8", "agrees"),
            ("\"1.26.8\"", "agrees"),
            ("1.26.7", "disagrees"),
            ("go1.26.8.linux-amd64", "agrees"),
            ("v1.26.7-linux-x64", "disagrees"),
            ("1.26", "floating"),
            ("1.26.x", "floating"),
            ("1", "floating"),
            ("^1.20", "floating"),
            ("~1.26.0", "floating"),
            (">=1.25 <1.27", "floating"),
            (">= 1.25, < 1.27", "floating"),
            ("1.24 || 1.26", "floating"),
            ("1.25 - 1.26", "floating"),
            ("1.26.8+auto", "floating"),
            ("stable", "floating"),
            ("lts/*", "floating"),
            ("lts/iron", "floating"),
            ("1.25", "disagrees"),
            ("~1.25.0", "disagrees"),
            (">1.26", "disagrees"),
            (">1.26.8", "disagrees"),
            ("<=1.26.7", "disagrees"),
            ("1.26rc1", "disagrees"),
            ("1.26.0-rc.1", "disagrees"),
            ("tip", "undecidable"),
            ("bookworm", "undecidable"),
            ("", "undecidable"),
        ] {
            assert_eq!(word(text, Use::Selects), expected, "{text}");
        }
    }

    #[test]
    fn a_minimum_may_lie_below_the_pin_and_a_constraint_must_hold_it() {
        for (text, expected) in [("1.26.8", "agrees"), ("1.25.0", "admits"), ("1.26", "admits"), ("1.27", "disagrees")]
        {
            assert_eq!(word(text, Use::Minimum), expected, "{text}");
        }
        for (text, expected) in [
            (">=1.26.8 <2", "admits"),
            ("*", "admits"),
            ("latest", "admits"),
            (">=1.27", "disagrees"),
            ("1.25.x", "disagrees"),
        ] {
            assert_eq!(word(text, Use::Allows), expected, "{text}");
        }
    }
}
