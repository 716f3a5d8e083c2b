//! BuildKit's plain progress: times, and the order and numbers of steps that run side by side.
//!
//! Shapes from BuildKit's own source (`util/progress/progressui`) and builds recorded with the BuildKit of Docker Engine
//! 20.10 and `buildctl` 0.17. Every line of a step carries the step's number, so gathering the lines by number loses
//! nothing. The numbers count the steps as they came up, which hangs on time where stages run side by side; so steps are
//! sorted by their names and counted anew. A log that breaks this order anywhere is left alone from there on.

mod line;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::normalizer::Normalizer;
use crate::syntax::token::ELAPSED;

use line::{Line, number};

/// The normalizer `buildkit`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "buildkit", version: 2, rules: RULES, apply };

const RULES: &str = r##"The stream begins with sections, one empty line between two; what stands behind the last whole section (its empty line
included) is the tail. A section is a head-line and one or more further lines of the same N that end with a line feed.
head-line = "#" N SPACE NAME            ; N = DIGITS
line      = "#" N SPACE TEXT
Sections of one N are one step; a section whose N was seen with another NAME, or whose first TEXT is "...", is no section.
A further section with one line, "DONE " SECONDS1 "s", of a step whose last line so far fits that too, is dropped.
In a step's lines, below its first head-line:
- the head-lines of its further sections, and lines whose TEXT is "...", are dropped;
- in TEXT = SECONDS3 SPACE ANY (what the step printed), SECONDS3 becomes "<elapsed>";
- in TEXT = "DONE " SECONDS1 "s", SECONDS1 "s" becomes "<elapsed>";
- in TEXT = ID [ AMOUNT ] [ SPACE SECONDS1 "s" ] " done", SPACE SECONDS1 "s" is dropped;
- a line with TEXT = ID [ AMOUNT ] [ SPACE SECONDS1 "s" ] is dropped if a later line of the step is this ID's " done".
Then steps are sorted by NAME, those of one NAME by their lines (bytes); N becomes the place in that order, from 1.
The tail stays, but between a line "------", directly above one that fits " > " ANY ":", and the next line "------", in
lines that fit SECONDS3 SPACE ANY, SECONDS3 becomes "<elapsed>".
A stream whose form these rules would change once more, as a torn one may be, is left as it is.
AMOUNT   = SPACE SIZE [ " / " SIZE ]
SIZE     = DIGITS [ "." DIGITS ] ( "B" | "kB" | "MB" | "GB" | "TB" )
SECONDS1 = DIGITS "." DIGIT
SECONDS3 = DIGITS "." 3 DIGIT
ID, ANY  = any bytes but a line feed; an ID is not empty, begins with no SECONDS3, and takes in as little as it can
"##;

fn apply(stream: &[u8]) -> Vec<u8> {
    let once = rewritten(stream);
    // Steps of a torn log may come to stand so that they read as others.
    if rewritten(&once) == once { once } else { stream.to_vec() }
}

fn rewritten(stream: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let mut steps: BTreeMap<&[u8], Step<'_>> = BTreeMap::new();
    let mut read = 0;
    while let Some(length) = section(&lines[read..], read > 0, &mut steps) {
        read += length;
    }
    let mut steps: Vec<(&[u8], Vec<u8>)> =
        steps.values().map(|step| (step.name, canonical_lines(&step.lines))).collect();
    steps.sort();

    let mut out = Vec::with_capacity(stream.len());
    for (at, (name, texts)) in steps.iter().enumerate() {
        if at > 0 {
            out.push(b'\n');
        }
        let number = format!("#{} ", at + 1);
        for text in std::iter::once(*name).chain(texts.split_inclusive(|&byte| byte == b'\n')) {
            out.extend_from_slice(number.as_bytes());
            out.extend_from_slice(text);
        }
    }
    push_tail(&lines[read..], &mut out);
    out
}

/// A step with the texts of its lines, each with its line feed.
struct Step<'a> {
    name: &'a [u8],
    lines: Vec<&'a [u8]>,
}

/// Reads the section in front, with the empty line before it where there must be one; returns how many lines it has.
fn section<'a>(lines: &[&'a [u8]], after_another: bool, steps: &mut BTreeMap<&'a [u8], Step<'a>>) -> Option<usize> {
    let gap = usize::from(after_another);
    if after_another && *lines.first()? != b"\n" {
        return None;
    }
    let (number, name) = number(lines.get(gap)?)?;
    let texts: Vec<&[u8]> = lines[gap + 1..]
        .iter()
        .map_while(|line| line::number(line).filter(|(other, _)| *other == number))
        .map(|(_, text)| text)
        .collect();
    if texts.is_empty() || name == b"...\n" {
        return None;
    }
    let length = gap + 1 + texts.len();
    match steps.get_mut(number) {
        Some(step) if step.name != name => return None,
        Some(step) if matches!(texts[..], [text] if is_done(text)) && is_done(step.lines[step.lines.len() - 1]) => {}
        Some(step) => step.lines.extend(texts),
        None => drop(steps.insert(number, Step { name, lines: texts })),
    }
    Some(length)
}

fn is_done(text: &[u8]) -> bool {
    matches!(Line::read(text), Line::Done)
}

/// Writes what stays of a step's lines below its name.
fn canonical_lines(texts: &[&[u8]]) -> Vec<u8> {
    let lines: Vec<Line<'_>> = texts.iter().map(|text| Line::read(text)).collect();
    let mut ends: BTreeMap<&[u8], usize> = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        if let Line::Complete { id, .. } = line {
            ends.insert(id, at);
        }
    }
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let ended =
            |id| lines[at..].iter().any(|later| matches!(later, Line::Complete { id: other, .. } if *other == id));
        if !matches!(line, Line::Progress { id, .. } if ended(*id)) {
            line.write(&mut out);
        }
    }
    out
}

fn push_tail(lines: &[&[u8]], out: &mut Vec<u8>) {
    const RULE: &[u8] = b"------\n";
    let (mut inside, mut above) = (false, &b""[..]);
    for line in lines {
        let opens = above == RULE && line.starts_with(b" > ") && line.ends_with(b":\n");
        inside = (inside && *line != RULE) || (!inside && opens);
        match line::printed(line).filter(|_| inside && !opens) {
            Some(text) => {
                out.extend_from_slice(ELAPSED);
                out.extend_from_slice(text);
            }
            None => out.extend_from_slice(line),
        }
        above = line;
    }
}
