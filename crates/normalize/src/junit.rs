//! JUnit XML reports: times, dates, host names, and the order of the test suites.
//!
//! No standard binds this format; the shapes are those of vitest 3.2, `node --test` of Node 20 and jest-junit 16, which
//! were recorded, and the attributes that they share with the reports of other tools. The XML reader is asked only where
//! the tags are. The bytes between the touched attribute values are handed on as they came, so quotes, white space,
//! entities and line ends survive. A document that is not well-formed to its end is handed on whole.

use crate::normalizer::Normalizer;
use rcrepro_format::syntax::xml::{self, Attribute, Tag, XmlToken};

/// The normalizer `junit`.
pub(super) const NORMALIZER: Normalizer = Normalizer { name: "junit", version: 1, rules: RULES, apply };

const RULES: &str = r#"The stream is one well-formed XML document in UTF-8 without a document type, whose root is "testsuites" or
"testsuite"; any other stream stays. SUITE is the root, or a "testsuite" in a SUITE. CASE is a "testcase" in a SUITE. What
stands in a CASE, and in any element of a SUITE that is neither, stays.
Values of attributes (between their quotes) change by name:
time      of SUITE or CASE, where it fits NUMBER, becomes "&lt;elapsed&gt;"
timestamp of SUITE or CASE, where it fits DATE, becomes "&lt;time&gt;"
hostname  of SUITE becomes "&lt;host&gt;"
A comment directly in the root that fits duration-comment, and before which stands, but for white space, a comment that
fits todo-comment, has its NUMBER made "&lt;elapsed&gt;".
Where the root is "testsuites" and every element directly in it is a "testsuite", these elements, once so changed, are
sorted (bytes of the whole element, stable); what stands between them keeps its place. Nothing else is moved.
NUMBER = DIGITS { "," DIGITS } [ "." DIGITS ] [ ( "e" | "E" ) [ "+" | "-" ] DIGITS ]
DATE   = 4 DIGIT "-" 2 DIGIT "-" 2 DIGIT "T" 2 DIGIT ":" 2 DIGIT ":" 2 DIGIT [ "." DIGITS ] [ "Z" | ( "+" | "-" ) 2 DIGIT ":" 2 DIGIT ]
todo-comment     = "<!-- todo " DIGITS " -->"
duration-comment = "<!-- duration_ms " NUMBER " -->"
"#;

const ELAPSED: &[u8] = b"&lt;elapsed&gt;";
const TIME: &[u8] = b"&lt;time&gt;";
const HOST: &[u8] = b"&lt;host&gt;";

fn apply(stream: &[u8]) -> Vec<u8> {
    canonical(stream).unwrap_or_else(|| stream.to_vec())
}

/// Rewrites a report; `None` when the stream is not a report.
fn canonical(stream: &[u8]) -> Option<Vec<u8>> {
    let tokens = xml::tokens(stream)?;
    let mut report = Report { stream, out: Vec::with_capacity(stream.len()), copied: 0 };
    let mut open: Vec<Place> = Vec::new();
    let mut suites = Suites::default();
    let mut after_todo = false;
    for token in &tokens {
        match token {
            XmlToken::Start(tag) | XmlToken::Empty(tag) => {
                let place = Place::of(tag.name, open.last().copied());
                if open.is_empty() && place == Place::Other {
                    return None;
                }
                if open.len() == 1 {
                    suites.begin(tag.name, report.length_before(tag.span.start));
                }
                report.rewrite(tag, place);
                if matches!(token, XmlToken::Start(_)) {
                    open.push(place);
                } else if open.len() == 1 {
                    suites.end(report.length_before(tag.span.end));
                }
            }
            XmlToken::End(span) => {
                open.pop();
                if open.len() == 1 {
                    suites.end(report.length_before(span.end));
                }
            }
            XmlToken::Comment(span) => {
                let text = &stream[span.clone()];
                if let Some(number) = duration_comment(text).filter(|_| after_todo && open.len() == 1) {
                    report.replace(span.start + number.start..span.start + number.end, ELAPSED);
                }
                after_todo = is_todo_comment(text);
                continue;
            }
            XmlToken::Space => continue,
            XmlToken::Text => {}
        }
        after_todo = false;
    }
    let rooted_in_many = tokens.iter().find_map(XmlToken::tag).is_some_and(|root| root.name == b"testsuites");
    let out = report.finish();
    Some(if rooted_in_many { suites.sorted(out) } else { out })
}

/// What an element is to these rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Suite,
    Case,
    Other,
}

impl Place {
    fn of(name: &[u8], parent: Option<Self>) -> Self {
        match (name, parent) {
            (b"testsuites", None) | (b"testsuite", None | Some(Self::Suite)) => Self::Suite,
            (b"testcase", Some(Self::Suite)) => Self::Case,
            _ => Self::Other,
        }
    }

    /// Returns what replaces an attribute's value.
    fn mark(self, Attribute { name, value, .. }: &Attribute<'_>) -> Option<&'static [u8]> {
        match (*name, self) {
            (b"time", Self::Suite | Self::Case) => number(value).is_some_and(<[u8]>::is_empty).then_some(ELAPSED),
            (b"timestamp", Self::Suite | Self::Case) => is_date(value).then_some(TIME),
            (b"hostname", Self::Suite) => Some(HOST),
            _ => None,
        }
    }
}

/// The report on its way out.
struct Report<'a> {
    stream: &'a [u8],
    out: Vec<u8>,
    /// How much of the stream is in `out`.
    copied: usize,
}

impl Report<'_> {
    fn replace(&mut self, span: std::ops::Range<usize>, mark: &[u8]) {
        self.out.extend_from_slice(&self.stream[self.copied..span.start]);
        self.out.extend_from_slice(mark);
        self.copied = span.end;
    }

    fn rewrite(&mut self, tag: &Tag<'_>, place: Place) {
        for attribute in &tag.attributes {
            if let Some(mark) = place.mark(attribute) {
                self.replace(attribute.span.clone(), mark);
            }
        }
    }

    /// Computes where in the output the byte `at` of the stream will be; nothing at or after it is replaced yet.
    fn length_before(&self, at: usize) -> usize {
        self.out.len() + at - self.copied
    }

    fn finish(mut self) -> Vec<u8> {
        self.out.extend_from_slice(&self.stream[self.copied..]);
        self.out
    }
}

/// Where the elements directly in the root are in the output.
#[derive(Default)]
struct Suites {
    spans: Vec<std::ops::Range<usize>>,
    mixed: bool,
}

impl Suites {
    fn begin(&mut self, name: &[u8], at: usize) {
        self.mixed |= name != b"testsuite";
        self.spans.push(at..at);
    }

    fn end(&mut self, at: usize) {
        if let Some(last) = self.spans.last_mut() {
            last.end = at;
        }
    }

    fn sorted(&self, report: Vec<u8>) -> Vec<u8> {
        if self.mixed {
            return report;
        }
        let mut elements: Vec<&[u8]> = self.spans.iter().map(|span| &report[span.clone()]).collect();
        elements.sort();
        let mut out = Vec::with_capacity(report.len());
        let mut copied = 0;
        for (span, element) in self.spans.iter().zip(elements) {
            out.extend_from_slice(&report[copied..span.start]);
            out.extend_from_slice(element);
            copied = span.end;
        }
        out.extend_from_slice(&report[copied..]);
        out
    }
}

/// Finds the number in Node's closing comment.
fn duration_comment(comment: &[u8]) -> Option<std::ops::Range<usize>> {
    const OPEN: &[u8] = b"<!-- duration_ms ";
    let rest = number(comment.strip_prefix(OPEN)?)?;
    (rest == b" -->").then(|| OPEN.len()..comment.len() - rest.len())
}

fn is_todo_comment(comment: &[u8]) -> bool {
    comment.strip_prefix(b"<!-- todo ").and_then(crate::syntax::token::digits) == Some(b" -->")
}

/// Takes a number off the front, whether it has groups, a fraction or an exponent.
fn number(text: &[u8]) -> Option<&[u8]> {
    use crate::syntax::token::digits;
    let mut rest = digits(text)?;
    while let Some(after) = rest.strip_prefix(b",").and_then(digits) {
        rest = after;
    }
    rest = rest.strip_prefix(b".").and_then(digits).unwrap_or(rest);
    let exponent = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E"));
    let exponent = exponent.map(|text| text.strip_prefix(b"+").or_else(|| text.strip_prefix(b"-")).unwrap_or(text));
    Some(exponent.and_then(digits).unwrap_or(rest))
}

/// Whether a text is a date with a time of day, as ISO 8601 writes it.
fn is_date(text: &[u8]) -> bool {
    let fits = |text: &[u8], form: &[u8]| {
        text.len() == form.len()
            && text
                .iter()
                .zip(form)
                .all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form })
    };
    let date = text.split_at_checked(19).filter(|(date, _)| fits(date, b"0000-00-00T00:00:00"));
    let Some((_, rest)) = date else {
        return false;
    };
    let zone = rest.strip_prefix(b".").and_then(crate::syntax::token::digits).unwrap_or(rest);
    zone.is_empty() || zone == b"Z" || fits(zone, b"+00:00") || fits(zone, b"-00:00")
}

#[cfg(test)]
mod tests;
