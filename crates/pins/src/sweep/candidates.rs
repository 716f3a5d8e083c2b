//! Where a text may hold a version of a toolchain: one quick look, so that the expressions, most of which search slowly, see a
//! few hundred bytes around each such place and not the whole text.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::reference::ReferencedTool;

/// How many bytes after a place its version may take, line ends and "or later" included.
const REACH: usize = 400;

/// Bytes that a white space of any alphabet may be made of.
const SPACE: &str = r"[\s\x80-\xff]";

/// What a match of any of the patterns has to hold, whichever pattern it is.
static CANDIDATES: LazyLock<Regex> = LazyLock::new(|| {
    let least = format!(r"(?:at least{SPACE}+|>=?{SPACE}*|\xe2\x89\xa5{SPACE}*)?");
    let words = |words: &str| format!(r"(?:{SPACE}+(?:{words}))?:?{SPACE}+\(?{least}\(?v?");
    let go = words("versions?|sdk|toolchain|compiler|runtime");
    let node = words("versions?|lts|runtime");
    let go = format!(r"go(?:lang)?(?:[_.-]?(?:version|semver)|toolchain|1\.|@v?1\.|_1_|-1\.|{go}1\.)|golang:");
    let node = format!(
        r"node(?:[._]?js)?(?:[_.-]?(?:version|semver)|-v\d|:(?:\d|lts|current|latest|alpine|slim)|@v?\d|_\d|\.org/|source\.com/|{node}\d)"
    );
    let managers = format!(r"\b(?:asdf|mise|goenv|gvm|nvm|fnm|nodenv){SPACE}");
    Regex::new(&format!("(?i-u){go}|{node}|{managers}")).expect("the expression is a constant that the tests compile")
});

/// The parts of a text that may hold a version, by tool; ascending, none touches another.
#[derive(Debug, Default)]
pub struct CandidateParts {
    go: Vec<Range<usize>>,
    node: Vec<Range<usize>>,
}

impl CandidateParts {
    /// Looks through a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut parts = Self::default();
        for found in CANDIDATES.find_iter(text.as_bytes()) {
            let name = found.as_bytes().to_ascii_lowercase();
            let node = ["node", "nvm", "fnm"].iter().any(|tool| name.starts_with(tool.as_bytes()));
            let either = ["asdf", "mise"].iter().any(|tool| name.starts_with(tool.as_bytes()));
            let is_assigned = name.ends_with(b"version");
            if node || either {
                add(&mut parts.node, text, found.range(), is_assigned);
            }
            if !node {
                add(&mut parts.go, text, found.range(), is_assigned);
            }
        }
        parts
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.go.is_empty() && self.node.is_empty()
    }

    /// Gives the parts for the patterns of a tool.
    #[must_use]
    pub fn for_tool(&self, tool: ReferencedTool) -> &[Range<usize>] {
        if tool == ReferencedTool::Node { &self.node } else { &self.go }
    }
}

/// Adds what lies around a place, joined to the part before if they touch. The line of an assignment is taken to its end: a
/// command may compute the version.
fn add(parts: &mut Vec<Range<usize>>, text: &str, found: Range<usize>, is_assigned: bool) {
    let bytes = text.as_bytes();
    let least = found.end.saturating_add(REACH).min(bytes.len());
    let line_end = || bytes[least..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| least + at);
    let inside = parts.last().filter(|last| found.start < last.end).map(|last| last.end);
    let is_line_end = |end: usize| bytes.get(end).is_none_or(|byte| *byte == b'\n');
    if inside.is_some_and(|end| least < end && (!is_assigned || is_line_end(end))) {
        return;
    }
    let end = match is_assigned {
        true => line_end(),
        // A token is not cut in two: the part of a version is another version.
        false => bytes[least..].iter().position(u8::is_ascii_whitespace).map_or(bytes.len(), |at| least + at),
    };
    if let Some(last) = parts.last_mut().filter(|_| inside.is_some()) {
        last.end = last.end.max(end);
        return;
    }
    let before = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./:".contains(byte) || !byte.is_ascii();
    // One more than the token: some patterns ask what comes before.
    let start = bytes[..found.start].iter().rposition(|byte| !before(byte)).unwrap_or(0);
    match parts.last_mut() {
        Some(last) if start <= last.end => last.end = last.end.max(end),
        _ => parts.push(start..end),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sweep::patterns::PATTERNS;

    /// What the patterns find in a whole text, and in its parts.
    fn both(text: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
        let parts = CandidateParts::of(text);
        let (mut whole, mut in_parts) = (Vec::new(), Vec::new());
        for pattern in PATTERNS.iter() {
            whole.extend(pattern.regex.captures_iter(text).filter_map(|found| Some(found.name("v")?.range())));
            for part in parts.for_tool(pattern.tool) {
                let found = pattern.regex.captures_iter(&text[part.clone()]);
                let moved = found.filter_map(|found| Some(found.name("v")?.range()));
                in_parts.extend(moved.map(|range| part.start + range.start..part.start + range.end));
            }
        }
        (whole, in_parts)
    }

    #[test]
    fn a_long_line_is_looked_at_in_parts() {
        let filler = "x = y; ".repeat(100_000);
        let text = format!("{filler}go1.26.8 {filler}\"goVersion\":\"1.25\"{filler}`a`\nnode@20 is \"node: 3\"");
        let (whole, in_parts) = both(&text);
        assert_eq!(whole, in_parts);
        assert!(CandidateParts::of(&text).for_tool(ReferencedTool::Node)[0].len() < 1000);
        assert!(CandidateParts::of("the good node of category:\n").is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn nothing_is_found_in_a_whole_text_that_is_not_found_in_its_parts(
            words in proptest::collection::vec(prop_oneof![
                Just("go"), Just("Go"), Just("GO_VERSION"), Just("golang"), Just("Golang"), Just("node"), Just("Node.js"),
                Just("nodejs"), Just("NODE_JS-version"), Just("goVersion"), Just("GOTOOLCHAIN"), Just("asdf"), Just("mise use"),
                Just("nvm install"), Just("fnm use"), Just("gvm install"), Just("nodejs.org/dist/"), Just("nodesource.com/setup_"),
                Just("1.26.8"), Just("1.26"), Just("20.x"), Just("20"), Just("v20.1.0"), Just("lts"), Just("latest"), Just("1_26"),
                Just("."), Just("-"), Just("_"), Just("@"), Just(":"), Just("="), Just(":="), Just("("), Just(")"), Just("\""),
                Just("'"), Just(" "), Just("  "), Just("\n"), Just("\r\n"), Just("\u{a0}"), Just("ü"), Just("≥"), Just(">="),
                Just("at least "), Just("version"), Just("versions"), Just("toolchain"), Just("or later"), Just("+"), Just("$("),
                Just("`"), Just(".linux-amd64"), Just("alpine"), Just("@sha256:"), Just("quay.io/a/"), Just("-g "), Just("x"),
            ], 0..40),
        ) {
            let text = words.concat();
            let (whole, in_parts) = both(&text);
            prop_assert_eq!(whole, in_parts, "{}", text);
        }
    }
}
