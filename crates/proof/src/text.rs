//! Lines of a tool's report, without colours.

/// Splits streams into lines, one stream after the other, as text without escape sequences; bytes that are not UTF-8 become
/// U+FFFD.
pub(super) fn lines(streams: [&[u8]; 2]) -> Vec<String> {
    let split = |stream: &[u8]| -> Vec<String> {
        let text = plain(&String::from_utf8_lossy(stream));
        text.lines().map(ToOwned::to_owned).collect()
    };
    streams.into_iter().flat_map(split).collect()
}

/// Removes control sequences (`ESC [ … final byte`, ECMA-48).
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 2..];
        let end = sequence.find(|c| ('@'..='~').contains(&c)).map_or(sequence.len(), |end| end + 1);
        rest = &sequence[end..];
    }
    out.push_str(rest);
    out
}

/// Reads the number right before a word, such as 13 of `13 passed | 2 skipped`.
pub(super) fn number_before(line: &str, word: &str) -> Option<u64> {
    let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let at = words.iter().position(|found| *found == word)?;
    words.get(at.checked_sub(1)?)?.parse().ok()
}

/// Reads the number at the front of a text.
pub(super) fn leading_number(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}

/// Counts in words: `1 test was`, `2 tests were`.
pub(super) fn were(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun} was") } else { format!("{count} {noun}s were") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_and_words_stay() {
        assert_eq!(plain("\u{1b}[90m12:18AM\u{1b}[0m \u{1b}[32mINF\u{1b}[0m x"), "12:18AM INF x");
        assert_eq!(plain("cut \u{1b}[3"), "cut ");
        assert_eq!(lines([b"a\nb", b"c\xff\n"]), ["a", "b", "c\u{fffd}"]);
    }

    #[test]
    fn numbers_stand_before_their_words() {
        assert_eq!(number_before("Tests  13 passed | 2 skipped (15)", "skipped"), Some(2));
        assert_eq!(number_before("Tests  passed", "passed"), None);
        assert_eq!(number_before("passed", "passed"), None);
        assert_eq!(leading_number("1400 bytes"), Some(1400));
        assert_eq!(leading_number("x"), None);
    }
}
