//! One line of a step, as BuildKit's plain progress writes it.

use crate::syntax::token::{ELAPSED, digits, digits_at_end};

/// What a line behind its step's number says; each `text` has its line feed.
pub(super) enum Line<'a> {
    /// Another step's lines follow.
    Pause,
    /// The step ended well.
    Done,
    /// What the step printed, with the space before it.
    Printed(&'a [u8]),
    /// How far something has come that may still be `Complete` later.
    Progress { id: &'a [u8], text: &'a [u8] },
    /// Something that came to its end; `until` is the text before the time.
    Complete { id: &'a [u8], until: &'a [u8] },
    /// Anything else.
    Other(&'a [u8]),
}

impl<'a> Line<'a> {
    pub(super) fn read(text: &'a [u8]) -> Self {
        let Some(bare) = text.strip_suffix(b"\n") else { return Self::Other(text) };
        if bare == b"..." {
            Self::Pause
        } else if bare.strip_prefix(b"DONE ").is_some_and(|time| time == ELAPSED || tenths_at_end(time) == Some(b"")) {
            Self::Done
        } else if let Some(printed) = printed(text) {
            Self::Printed(printed)
        } else if let Some(timed) = bare.strip_suffix(b" done") {
            let until = without_time(timed);
            let id = without_amount(until);
            if id.is_empty() { Self::Other(text) } else { Self::Complete { id, until } }
        } else {
            Self::Progress { id: without_amount(without_time(bare)), text }
        }
    }

    /// Appends what the line is in canonical bytes; a pause is nothing.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let pieces: [&[u8]; 2] = match self {
            Self::Pause => [b"", b""],
            Self::Done => [b"DONE <elapsed>\n", b""],
            Self::Printed(text) => [ELAPSED, text],
            Self::Complete { until, .. } => [until, b" done\n"],
            Self::Progress { text, .. } | Self::Other(text) => [text, b""],
        };
        pieces.iter().for_each(|piece| out.extend_from_slice(piece));
    }
}

/// Splits `#N TEXT` into N and TEXT; a whole line has its line feed.
pub(super) fn number(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let counted = line.strip_prefix(b"#").filter(|_| line.ends_with(b"\n"))?;
    let rest = digits(counted)?;
    Some((&counted[..counted.len() - rest.len()], rest.strip_prefix(b" ")?))
}

/// Takes the time off the front of what a step printed; the space behind it stays.
pub(super) fn printed(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(ELAPSED).or_else(|| {
        let fraction = digits(text)?.strip_prefix(b".")?;
        let rest = digits(fraction)?;
        (fraction.len() - rest.len() == 3).then_some(rest)
    })?;
    rest.starts_with(b" ").then_some(rest)
}

/// Takes `DIGITS.DIGIT s` off the back.
fn tenths_at_end(text: &[u8]) -> Option<&[u8]> {
    let whole = text.strip_suffix(b"s")?;
    let (last, rest) = whole.split_last()?;
    last.is_ascii_digit().then(|| rest.strip_suffix(b".").and_then(digits_at_end)).flatten()
}

fn without_time(text: &[u8]) -> &[u8] {
    tenths_at_end(text).and_then(|rest| rest.strip_suffix(b" ")).unwrap_or(text)
}

/// Takes one size, or two with a slash between, off the back.
fn without_amount(text: &[u8]) -> &[u8] {
    let Some(before) = size_at_end(text) else { return text };
    before.strip_suffix(b" /").and_then(size_at_end).unwrap_or(before)
}

/// Takes a size and the space before it off the back.
fn size_at_end(text: &[u8]) -> Option<&[u8]> {
    let units: [&[u8]; 5] = [b"kB", b"MB", b"GB", b"TB", b"B"];
    let rest = digits_at_end(units.iter().find_map(|unit| text.strip_suffix(*unit))?)?;
    rest.strip_suffix(b".").and_then(digits_at_end).unwrap_or(rest).strip_suffix(b" ")
}
