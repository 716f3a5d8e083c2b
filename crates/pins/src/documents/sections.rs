//! Sections of a document that are written by rcrepro: what is between two markers.
//!
//! ```markdown
//! <!-- rcrepro:begin board -->
//!
//! written
//!
//! <!-- rcrepro:end board -->
//! ```
//!
//! A marker is an HTML comment alone on its line; inside a code block it is text.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::Lines;
use rcrepro_difference::changed_lines;

/// How many lines of a difference are kept.
const LINES: usize = 10;

/// Why the sections of a document cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SectionsError {
    /// A section begins and does not end.
    #[error("line {line}: section `{name}` begins and never ends: expected `<!-- rcrepro:end {name} -->` below")]
    Unclosed {
        /// As the marker that opens it has it.
        name: String,
        /// The line of its beginning, from 1.
        line: usize,
    },
    /// A section ends that did not begin.
    #[error("line {line}: section `{name}` ends, but none of that name has begun")]
    Unopened {
        /// As the marker that closes it has it.
        name: String,
        /// The line of its end, from 1.
        line: usize,
    },
    /// A section begins inside another one.
    #[error("line {line}: section `{name}` begins inside section `{outer}`")]
    Nested {
        /// As the inner marker has it.
        name: String,
        /// The one around it.
        outer: String,
        /// The line of its beginning, from 1.
        line: usize,
    },
    /// A document has a section twice.
    #[error("line {line}: section `{name}` occurs twice in the document, first at line {first}")]
    Twice {
        /// As both markers have it.
        name: String,
        /// The line of the first one's beginning, from 1.
        first: usize,
        /// The line of the second one's beginning, from 1.
        line: usize,
    },
    /// Nobody writes a section of this name.
    #[error("line {line}: unknown section `{name}`: expected one of {known}")]
    Unknown {
        /// As the marker has it.
        name: String,
        /// The names that a marker may have.
        known: String,
        /// The line of its beginning, from 1.
        line: usize,
    },
}

/// A section whose text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StaleSection {
    /// As its markers have it.
    pub name: String,
    /// The line of its beginning, from 1.
    pub line: usize,
    /// The first lines that differ: `-` before what is there, `+` before what should.
    pub difference: Vec<String>,
}

/// A section as a document has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    name: String,
    line: usize,
    /// The bytes between the markers' lines.
    body: std::ops::Range<usize>,
}

/// Lists a document's sections by name; whether each holds anything.
///
/// # Errors
/// [`SectionsError`] when its markers do not fit.
pub fn names(document: &str) -> Result<BTreeMap<String, bool>, SectionsError> {
    let filled = |section: &Section| !document[section.body.clone()].trim().is_empty();
    Ok(sections(document)?.into_iter().map(|section| (section.name.clone(), filled(&section))).collect())
}

/// Takes out what is in the sections: what is left is the same however they are written.
///
/// # Errors
/// [`SectionsError`] when the markers do not fit.
pub fn emptied(document: &str) -> Result<String, SectionsError> {
    each(document, |_| Ok(String::new()))
}

/// Takes out what is in the sections, and leaves the lines: each other line keeps its number.
///
/// # Errors
/// [`SectionsError`] when the markers do not fit.
pub fn blanked(document: &str) -> Result<String, SectionsError> {
    each(document, |section| Ok("\n".repeat(document[section.body.clone()].matches('\n').count())))
}

/// Writes the sections of a document; the rest stays byte for byte. A text that the document has no section for is left.
///
/// # Errors
/// [`SectionsError`] when its markers do not fit, or `texts` holds no text for one of its sections.
pub fn replace(document: &str, texts: &BTreeMap<String, String>) -> Result<String, SectionsError> {
    each(document, |section| body(document, section, texts))
}

/// Puts other texts between the markers.
fn each(
    document: &str,
    mut text: impl FnMut(&Section) -> Result<String, SectionsError>,
) -> Result<String, SectionsError> {
    let mut written = String::with_capacity(document.len());
    let mut done = 0;
    for section in sections(document)? {
        written.push_str(&document[done..section.body.start]);
        written.push_str(&text(&section)?);
        done = section.body.end;
    }
    written.push_str(&document[done..]);
    Ok(written)
}

/// Lists the sections of a document that are not as `texts` says.
///
/// # Errors
/// As [`replace`].
pub fn check(document: &str, texts: &BTreeMap<String, String>) -> Result<Vec<StaleSection>, SectionsError> {
    let mut stale = Vec::new();
    for section in sections(document)? {
        let expected = body(document, &section, texts)?;
        let found = &document[section.body.clone()];
        if found != expected {
            let difference = difference(found, &expected);
            stale.push(StaleSection { name: section.name, line: section.line, difference });
        }
    }
    Ok(stale)
}

/// Writes what should be between the markers: the text between blank lines, with the document's line ends.
fn body(document: &str, section: &Section, texts: &BTreeMap<String, String>) -> Result<String, SectionsError> {
    let text = texts.get(&section.name).ok_or_else(|| SectionsError::Unknown {
        name: section.name.clone(),
        known: texts.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        line: section.line,
    })?;
    let text = text.trim_matches('\n');
    let body = if text.is_empty() { "\n".to_owned() } else { format!("\n{text}\n\n") };
    let returns = document[..section.body.start].ends_with("\r\n");
    Ok(if returns { body.replace('\n', "\r\n") } else { body })
}

fn difference(found: &str, expected: &str) -> Vec<String> {
    let lines = changed_lines(found, expected, LINES).into_iter();
    lines.map(|line| format!("{}{}", line.sign, line.text).trim_end().to_owned()).collect()
}

fn sections(document: &str) -> Result<Vec<Section>, SectionsError> {
    let mut found: Vec<Section> = Vec::new();
    let mut open: Option<Section> = None;
    for marker in markers(document) {
        let Marker { name, begins, line, lines } = marker;
        match (open.take(), begins) {
            (Some(outer), true) => return Err(SectionsError::Nested { name, outer: outer.name, line }),
            (None, true) => {
                if let Some(first) = found.iter().find(|section| section.name == name) {
                    return Err(SectionsError::Twice { name, first: first.line, line });
                }
                open = Some(Section { name, line, body: lines.end..lines.end });
            }
            (Some(section), false) if section.name == name => {
                found.push(Section { body: section.body.start..lines.start, ..section });
            }
            (_, false) => return Err(SectionsError::Unopened { name, line }),
        }
    }
    open.map_or(Ok(found), |section| Err(SectionsError::Unclosed { name: section.name, line: section.line }))
}

struct Marker {
    name: String,
    begins: bool,
    line: usize,
    /// The bytes of the marker's whole line, its end among them.
    lines: std::ops::Range<usize>,
}

fn markers(document: &str) -> Vec<Marker> {
    let places = Lines::new(document);
    let mut found = Vec::new();
    for (event, range) in Parser::new_ext(document, Options::ENABLE_TABLES).into_offset_iter() {
        if !matches!(event, Event::Start(Tag::HtmlBlock)) {
            continue;
        }
        // A block of HTML begins after the indentation of its first line and may hold several lines.
        let mut start = document[..range.start].rfind('\n').map_or(0, |at| at + 1);
        for text in document[start..range.end].split_inclusive('\n') {
            let end = start + text.len();
            if let Some((begins, name)) = marker(text) {
                found.push(Marker { name, begins, line: places.of(start), lines: start..end });
            }
            start = end;
        }
    }
    found
}

fn marker(line: &str) -> Option<(bool, String)> {
    let inside = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    let (word, name) = inside.split_once(char::is_whitespace)?;
    let begins = match word {
        "rcrepro:begin" => true,
        "rcrepro:end" => false,
        _ => return None,
    };
    Some((begins, name.trim().to_owned()))
}

#[cfg(test)]
mod tests;
