//! vitest's default reporter where stdout is not a terminal: times, and the order of the files.
//!
//! Shapes from the source of vitest 3.2 and 4.1 (class `BaseReporter`) and recorded runs; since 4.0 a test is indented by the suites around it. Files end in any order when several
//! workers run them, and what they print is between them, so both are gathered by file. Two more things hang on
//! time alone and are taken away with it: a passing file names a test only when it took longer than `slowTestThreshold`
//! (a test near 300 ms comes and goes), and a slow test has two spaces before its time where a quick one has one.

use crate::normalizer::Normalizer;
use crate::syntax::token::{ELAPSED, TIME, digits, digits_at_end, seconds, split_once};

/// The normalizer `vitest`.
pub(crate) const NORMALIZER: Normalizer = Normalizer { name: "vitest", version: 2, rules: RULES, apply };

const RULES: &str = r#"The stream is cut into head, blocks and tail. The tail begins at the first line that begins with " Test Files  ",
"  Snapshots  " or seven U+23AF, together with one empty line before it; without such a line it is the last line if
that lacks its line feed, else nothing. The blocks are what stands before the tail from the first block-line on; each
block-line begins a block.
Blocks are sorted by FILE (bytes, stable). Nothing else is moved, and the head stays as it is.
block-line   = module-line | console-line
module-line  = SPACE SYMBOL SPACE [ "|" PROJECT "| " ] FILE " (" counts ")" [ SPACE MS ]
counts       = DIGITS SPACE ( "test" | "tests" ) { " | " DIGITS SPACE ( "failed" | "skipped" | "todo" ) }
console-line = ( "stdout" | "stderr" ) " | " FILE [ " > " TEXT ]
In module-line MS becomes "<elapsed>". Below a module-line, in its block, a line that fits test-line has the spaces
before its MS made one and its MS made "<elapsed>"; but where SYMBOL of the module-line is U+2713, the unbroken run of
test-lines directly below it loses those that fit slow-line, and further lines stay.
test-line    = INDENT ( U+2713 | U+00D7 ) SPACE NAME SPACE { SPACE } MS [ " (retry x" DIGITS ")" ] [ " (repeat x" DIGITS ")" ]
slow-line    = INDENT U+2713 SPACE NAME SPACE SPACE DIGITS "ms"
INDENT       = SPACE SPACE SPACE { SPACE SPACE }
In the tail two lines change: start-line has its time made "<time>", duration-line each SPAN made "<elapsed>".
start-line    = "   Start at  " 2 DIGIT ":" 2 DIGIT ":" 2 DIGIT
duration-line = "   Duration  " SPAN [ " (" WORD SPACE SPAN { ", " WORD SPACE SPAN } ")" ]
SYMBOL = U+2713 | U+276F | U+00D7 | U+2193
MS     = DIGITS "ms"
SPAN   = MS | DIGITS "." 2 DIGIT "s"
"#;

/// The mark before a test that passed.
pub(crate) const PASSED: &[u8] = "✓".as_bytes();
/// The mark before a test that failed.
pub(crate) const FAILED_TEST: &[u8] = "×".as_bytes();
/// The mark before a test that was skipped or is still to be written.
pub(crate) const SKIPPED: &[u8] = "↓".as_bytes();
const SYMBOLS: [&[u8]; 4] = [PASSED, "❯".as_bytes(), FAILED_TEST, SKIPPED];
const TAIL_BEGINS: [&[u8]; 3] = [b" Test Files  ", b"  Snapshots  ", "⎯⎯⎯⎯⎯⎯⎯".as_bytes()];

fn apply(stream: &[u8]) -> Vec<u8> {
    let (head, body, tail) = cut(stream, |line| Header::read(line).is_some());
    let mut blocks: Vec<(&[u8], Vec<u8>)> = Vec::new();
    let mut listing = Listing::None;
    for line in body {
        if let Some(header) = Header::read(line) {
            listing = header.listing;
            blocks.push((header.file, header.canonical(line)));
        } else if let Some((_, block)) = blocks.last_mut() {
            listing.push(line, block);
        }
    }
    blocks.sort_by_key(|(file, _)| *file);

    let mut out = Vec::with_capacity(stream.len());
    head.iter().for_each(|line| out.extend_from_slice(line));
    blocks.iter().for_each(|(_, block)| out.extend_from_slice(block));
    tail.iter().for_each(|line| push_tail_line(line, &mut out));
    out
}

/// Some lines of a stream, each with its line feed.
type Lines<'a> = Vec<&'a [u8]>;

/// Cuts a stream into head, body and tail; the body begins at the first line that `begins_block` accepts.
pub(crate) fn cut(stream: &[u8], begins_block: impl Fn(&[u8]) -> bool) -> (Lines<'_>, Lines<'_>, Lines<'_>) {
    let mut head: Lines<'_> = stream.split_inclusive(|&byte| byte == b'\n').collect();
    let tail = head.split_off(tail_start(&head));
    let body = head.split_off(head.iter().position(|line| begins_block(line)).unwrap_or(head.len()));
    (head, body, tail)
}

/// Returns what the line above something printed says: the file, then perhaps the test.
pub(crate) fn console_name(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"stdout | ").or_else(|| text.strip_prefix(b"stderr | "))
}

/// Finds the index of the tail's first line.
fn tail_start(lines: &[&[u8]]) -> usize {
    match lines.iter().position(|line| TAIL_BEGINS.iter().any(|begin| line.starts_with(begin))) {
        Some(at) if at > 0 && lines[at - 1] == b"\n" => at - 1,
        Some(at) => at,
        // An unfinished line cannot be moved: the next block would be glued to it.
        None => lines.len() - usize::from(lines.last().is_some_and(|line| !line.ends_with(b"\n"))),
    }
}

/// A line that begins a block.
struct Header<'a> {
    file: &'a [u8],
    listing: Listing,
    /// The line up to its duration, where it has one.
    before_elapsed: Option<&'a [u8]>,
}

impl<'a> Header<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let text = line.strip_suffix(b"\n")?;
        Self::console(text).or_else(|| Self::module(text))
    }

    fn console(text: &'a [u8]) -> Option<Self> {
        let name = console_name(text)?;
        let file = split_once(name, b" > ").map_or(name, |(file, _)| file);
        Some(Self { file, listing: Listing::None, before_elapsed: None })
    }

    fn module(text: &'a [u8]) -> Option<Self> {
        let text_after_space = text.strip_prefix(b" ")?;
        let symbol = SYMBOLS.into_iter().find(|symbol| text_after_space.starts_with(symbol))?;
        let whole = text_after_space[symbol.len()..].strip_prefix(b" ")?;
        let untimed = milliseconds_at_end(whole).and_then(|before| before.strip_suffix(b" "));
        let before_elapsed = untimed.map(|title| &text[..text.len() - (whole.len() - title.len())]);
        let title = untimed.unwrap_or(whole);
        let (file, counts) = title.strip_suffix(b")").and_then(|title| {
            let open = title.windows(2).rposition(|window| window == b" (")?;
            Some((&title[..open], &title[open + 2..]))
        })?;
        let file = match file.strip_prefix(b"|").and_then(|project| split_once(project, b"| ")) {
            Some((_, file)) => file,
            None => file,
        };
        let listing = if symbol == PASSED { Listing::Passed } else { Listing::Other };
        fits_counts(counts).then_some(Self { file, listing, before_elapsed })
    }

    fn canonical(&self, line: &[u8]) -> Vec<u8> {
        self.before_elapsed.map_or_else(|| line.to_vec(), |before| [before, b" ", ELAPSED, b"\n"].concat())
    }
}

/// Whether a text is the content of a module line's parentheses.
fn fits_counts(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let mut parts = text.split(" | ").map(|part| digits(part.as_bytes()));
    matches!(parts.next().flatten(), Some(b" test" | b" tests"))
        && parts.all(|unit| matches!(unit, Some(b" failed" | b" skipped" | b" todo")))
}

/// The kind of lines below a block's first line.
#[derive(Clone, Copy)]
enum Listing {
    /// A console line's text, or what follows a passed file's list: nothing is touched.
    None,
    /// The unbroken list of tests directly below a passed file.
    Passed,
    /// A file that did not pass: its tests, with messages of any number of lines between them.
    Other,
}

impl Listing {
    /// Appends what becomes of a line.
    fn push(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let test = if matches!(self, Self::None) { None } else { line.strip_suffix(b"\n").and_then(TestLine::read) };
        match (test, &self) {
            (Some(test), Self::Passed) if test.slow => {}
            (Some(test), _) => {
                for piece in [test.before, b" ", ELAPSED, test.after, b"\n"] {
                    out.extend_from_slice(piece);
                }
            }
            (None, _) => {
                if matches!(self, Self::Passed) {
                    *self = Self::None;
                }
                out.extend_from_slice(line);
            }
        }
    }
}

/// A line that names one test with its duration.
struct TestLine<'a> {
    before: &'a [u8],
    after: &'a [u8],
    slow: bool,
}

impl<'a> TestLine<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        let rest = text.trim_ascii_start();
        let indent = text.len() - rest.len();
        if indent < 3 || indent.is_multiple_of(2) || text[..indent].iter().any(|byte| *byte != b' ') {
            return None;
        }
        let passed = rest.strip_prefix(PASSED);
        let name = passed.or_else(|| rest.strip_prefix(FAILED_TEST))?.strip_prefix(b" ")?;
        let timed = without_times(without_times(name, b" (repeat x"), b" (retry x");
        let after = &name[timed.len()..];
        let spaced = milliseconds_at_end(timed)?;
        let before = spaced.trim_ascii_end();
        if before.is_empty() || before.len() == spaced.len() {
            return None;
        }
        let slow = passed.is_some() && after.is_empty() && spaced.ends_with(b"  ") && !timed.ends_with(ELAPSED);
        Some(Self { before: &text[..text.len() - name.len() + before.len()], after, slow })
    }
}

/// Takes ` (retry xN)` or ` (repeat xN)` off the end if it is there; `open` is the text before N.
fn without_times<'a>(text: &'a [u8], open: &[u8]) -> &'a [u8] {
    let inner = text.strip_suffix(b")").and_then(digits_at_end).and_then(|text| text.strip_suffix(open));
    inner.unwrap_or(text)
}

/// Takes `DIGITS ms`, or the mark that replaces it, off the back.
pub(crate) fn milliseconds_at_end(text: &[u8]) -> Option<&[u8]> {
    text.strip_suffix(ELAPSED).or_else(|| text.strip_suffix(b"ms").and_then(digits_at_end))
}

/// Appends a line of the tail, without its time of day or its spans where it is one of the two that have them.
pub(crate) fn push_tail_line(line: &[u8], out: &mut Vec<u8>) {
    let (text, end) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |text| (text, b"\n"));
    if let Some(before) = start_line(text) {
        out.extend_from_slice(before);
        out.extend_from_slice(TIME);
    } else if duration_line(text, out).is_none() {
        out.extend_from_slice(text);
    }
    out.extend_from_slice(end);
}

/// Returns the text before the time of day.
fn start_line(text: &[u8]) -> Option<&[u8]> {
    const START: &[u8] = b"   Start at  ";
    let time = text.strip_prefix(START)?;
    let clock = time.len() == 8
        && time.iter().enumerate().all(|(at, byte)| if at % 3 == 2 { *byte == b':' } else { byte.is_ascii_digit() });
    clock.then_some(START)
}

/// Appends a duration line without its spans, and nothing for any other line.
fn duration_line(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    const START: &[u8] = b"   Duration  ";
    let mut rest = span(text.strip_prefix(START)?)?;
    let mut canonical = [START, ELAPSED].concat();
    if let Some(parts) = rest.strip_prefix(b" (") {
        canonical.extend_from_slice(b" (");
        rest = parts;
        loop {
            let word = rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
            let after = span(rest[word..].strip_prefix(b" ")?)?;
            canonical.extend_from_slice(&rest[..word]);
            canonical.extend_from_slice(b" ");
            canonical.extend_from_slice(ELAPSED);
            if let Some(next) = after.strip_prefix(b", ") {
                canonical.extend_from_slice(b", ");
                rest = next;
            } else {
                canonical.extend_from_slice(b")");
                rest = after.strip_prefix(b")")?;
                break;
            }
        }
    }
    rest.is_empty().then(|| out.extend_from_slice(&canonical))
}

/// Takes one of the summary's spans off the front: milliseconds, or seconds with two places.
fn span(text: &[u8]) -> Option<&[u8]> {
    seconds(text, 2).or_else(|| digits(text)?.strip_prefix(b"ms"))
}

#[cfg(test)]
mod tests;
