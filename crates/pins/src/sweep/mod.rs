//! The sweep over any text, for what no reader of a known format found: nothing that looks like a version is passed over
//! in silence.

pub mod candidates;
pub mod old;
pub mod patterns;

use std::collections::BTreeMap;

use super::class::{FileClass, in_comment};
use super::image;
use super::reference::{Mention, ReferencedTool, SourceKind, Use};
use crate::sweep::candidates::CandidateParts;
use crate::sweep::patterns::{PATTERNS, Pattern, PatternForm, demands, usage};
use rcrepro_format::syntax::lines::Lines;

/// Finds what looks like a version of a toolchain and is not among `known`.
#[must_use]
pub fn mentions(class: FileClass, kind: SourceKind, text: &str, known: &[Mention]) -> Vec<Mention> {
    let parts = CandidateParts::of(text);
    if parts.is_empty() {
        return Vec::new();
    }
    let mut sweep = Sweep { class, kind, lines: Lines::new(text), known: BTreeMap::new(), taken: BTreeMap::new() };
    for mention in known {
        sweep.known.entry(mention.line).or_default().push(mention);
    }
    let mut found: Vec<Mention> = Vec::new();
    for pattern in PATTERNS.iter() {
        for part in parts.for_tool(pattern.tool) {
            for captures in pattern.regex.captures_iter(&text[part.clone()]) {
                let Some(version) = captures.name("v") else { continue };
                let at = part.start + version.start();
                found.extend(sweep.hit(pattern, at, version.as_str(), captures.name("more").is_some()));
            }
        }
    }
    found
}

struct Sweep<'a> {
    class: FileClass,
    kind: SourceKind,
    lines: Lines<'a>,
    /// What the readers found, by line.
    known: BTreeMap<usize, Vec<&'a Mention>>,
    /// Places that an earlier pattern took: tool and first byte, with the end. None of them overlaps another.
    taken: BTreeMap<(ReferencedTool, usize), usize>,
}

impl Sweep<'_> {
    /// Judges what a pattern found at a byte, unless it is known.
    fn hit(&mut self, pattern: &Pattern, start: usize, version: &str, more: bool) -> Vec<Mention> {
        let (tool, end) = (pattern.tool, start + version.len());
        let before = self.taken.range(..(tool, end)).next_back();
        if before.is_some_and(|((of, _), taken_end)| *of == tool && start < *taken_end) {
            return Vec::new();
        }
        self.taken.insert((tool, start), end);
        let place = self.lines.place(start);
        let value = version.trim().trim_matches(['"', '\'']);
        let is_known = |mention: &&&Mention| {
            let same = mention.tool == tool || mention.tool == ReferencedTool::Image;
            same && (mention.value.contains(value) || value.contains(&mention.value))
        };
        if self.known.get(&place.0).is_some_and(|known| known.iter().any(|mention| is_known(&mention))) {
            return Vec::new();
        }
        let hit = Hit { tool, form: pattern.form, place, line: self.lines.line(place.0), value, more };
        hit.mentions(self.class, self.kind, &self.lines)
    }
}

/// How many characters around a version are read for the words that tell its use.
const REACH: usize = 70;

struct Hit<'a> {
    tool: ReferencedTool,
    form: PatternForm,
    place: (usize, usize),
    line: &'a str,
    value: &'a str,
    more: bool,
}

impl Hit<'_> {
    fn mentions(&self, class: FileClass, kind: SourceKind, lines: &Lines<'_>) -> Vec<Mention> {
        let value = self.value.replace('_', ".");
        let mention = Mention::new(self.place, self.tool, kind, value.clone());
        if in_comment(class, self.line, self.place.1) {
            return vec![self.named(mention).look_alike("comment")];
        }
        match class {
            FileClass::Source => {
                let constraint = self.line.trim_start().starts_with("//go:build") || self.line.contains("+build");
                return vec![self.named(mention).look_alike(if constraint {
                    "build constraint"
                } else {
                    "source code"
                })];
            }
            FileClass::Document => {
                let mention = self.named(mention).used(usage(self.line, self.more));
                if self.is_link() {
                    return vec![mention.look_alike("link to release notes")];
                }
                if self.form == PatternForm::Image && self.around().contains("e.g.") {
                    return vec![mention.look_alike("example")];
                }
                if self.is_output() {
                    return vec![mention.look_alike("example output")];
                }
                let firm = matches!(self.form, PatternForm::Firm | PatternForm::Image);
                let asked = firm || demands(self.around()) || heading(lines, self.place.0).is_some_and(demands);
                return vec![if asked { mention } else { mention.look_alike("prose") }];
            }
            FileClass::GoMod | FileClass::GoWork => return vec![mention.look_alike("setting of the language")],
            _ => {}
        }
        match self.form {
            PatternForm::Firm | PatternForm::Bare => {
                let least = self.line.to_ascii_lowercase().contains("min") && self.form == PatternForm::Firm;
                let minimum = self.more
                    || (least && super::keys::version_key(key(self.line)).is_some_and(|k| k.1 == Use::Minimum));
                vec![mention.used(if minimum { Use::Minimum } else { Use::Selects })]
            }
            PatternForm::Image => image::mentions(self.place, kind, self.value),
            PatternForm::Computed => vec![self.computed(mention)],
            PatternForm::Words if class == FileClass::Script || class == FileClass::Dockerfile => {
                vec![mention.used(usage(self.line, self.more))]
            }
            PatternForm::Words => vec![mention.look_alike("words in a configuration")],
        }
    }

    /// Names the version and not the image, where only the version counts.
    fn named(&self, mention: Mention) -> Mention {
        if self.form != PatternForm::Image {
            return mention;
        }
        let toolchain = image::mentions(self.place, mention.kind, self.value).into_iter().find(|m| m.tool == self.tool);
        toolchain.unwrap_or(mention)
    }

    /// Whether a document shows what a program prints: a line of JSON, or `key=go1.2`.
    fn is_output(&self) -> bool {
        let before: String = self.line.chars().take(self.place.1 - 1).collect();
        let before = before.strip_suffix("go").unwrap_or(&before);
        let small = before.to_ascii_lowercase();
        let json = self.line.trim_start().starts_with(['"', '{']) && before.ends_with('"');
        let version =
            small.ends_with("goversion: ") && (self.form == PatternForm::Bare || self.value.starts_with("go1"));
        let bare = before.ends_with(['=', '"']) || small.ends_with("go version ");
        json || version || (self.form == PatternForm::Bare && bare)
    }

    /// Whether it is the address of Go's release notes, such as `/doc/go1.12`.
    fn is_link(&self) -> bool {
        let before: String = self.line.chars().take(self.place.1 - 1).collect();
        ["/doc/go", "/blog/go"].iter().any(|link| before.ends_with(link))
    }

    /// Returns the words around the version: a line of a table may be as long as a page.
    fn around(&self) -> &str {
        let at = self.line.char_indices().nth(self.place.1 - 1).map_or(0, |(at, _)| at);
        let start = self.line[..at].char_indices().rev().nth(REACH).map_or(0, |(start, _)| start);
        let end = self.line[at..].char_indices().nth(REACH).map_or(self.line.len(), |(end, _)| at + end);
        &self.line[start..end]
    }

    /// Returns what a computed version comes to.
    fn computed(&self, mention: Mention) -> Mention {
        let has = |words: &[&str]| words.iter().any(|word| self.value.contains(word));
        if has(&["curl", "wget"]) {
            return Mention { value: "latest".into(), ..mention };
        }
        let local = [
            "go version",
            "go env",
            "node -v",
            "node --version",
            " version)",
            "$(GO)",
            "mod edit",
            "go.mod",
            ".go-version",
            ".nvmrc",
            "pinned",
            "package.json",
        ];
        if has(&local) {
            return mention.look_alike("read from what is there");
        }
        mention.unclear("a command computes it")
    }
}

/// Returns the name before the first `=` or `:`.
fn key(line: &str) -> &str {
    let name = line.split(['=', ':']).next().unwrap_or_default().trim().trim_end_matches(['?', '+']);
    name.rsplit([' ', '"', '\'']).find(|word| !word.is_empty()).unwrap_or_default()
}

/// Finds the heading above a line of a document.
fn heading<'a>(lines: &Lines<'a>, number: usize) -> Option<&'a str> {
    (1..number).rev().take(40).map(|number| lines.line(number)).find(|line| line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(class: FileClass, text: &str) -> Vec<(usize, String, Option<String>)> {
        let mentions = mentions(class, SourceKind::Text, text, &[]);
        mentions.into_iter().map(|m| (m.line, m.value, m.look_alike)).collect()
    }

    #[test]
    fn the_class_decides_what_counts() {
        let text = "needs go1.26.8 here";
        assert_eq!(found(FileClass::Script, text), [(1, "1.26.8".to_owned(), None)]);
        assert_eq!(found(FileClass::Source, text), [(1, "1.26.8".to_owned(), Some("source code".into()))]);
        assert_eq!(found(FileClass::Script, "# go1.2"), [(1, "1.2".to_owned(), Some("comment".into()))]);
        assert_eq!(
            found(FileClass::Source, "//go:build go1.21"),
            [(1, "1.21".to_owned(), Some("build constraint".into()))]
        );
        assert_eq!(
            found(FileClass::Document, "Since Go 1.21 it is so"),
            [(1, "1.21".to_owned(), Some("prose".into()))]
        );
        assert_eq!(found(FileClass::Document, "## Prerequisites\n\n- Go 1.25\n"), [(3, "1.25".to_owned(), None)]);
    }

    #[test]
    fn what_is_computed_is_said() {
        let unclear = |text: &str| mentions(FileClass::Script, SourceKind::Script, text, &[]).remove(0);
        assert_eq!(unclear("GO_VERSION=$(curl -s https://go.dev/VERSION?m=text)").value, "latest");
        assert!(unclear("GO_VERSION=$(make go-version)").unclear.is_some());
        assert!(unclear("GO_VERSION=$(go env GOVERSION)").look_alike.is_some());
    }

    #[test]
    fn what_a_reader_knew_is_not_said_twice() {
        let known = [Mention::new((1, 12), ReferencedTool::Go, SourceKind::Workflow, "1.26.8")];
        assert_eq!(
            mentions(FileClass::Yaml, SourceKind::Workflow, "go-version: 1.26.8\ngo_version: 1.25\n", &known).len(),
            1
        );
    }
}
