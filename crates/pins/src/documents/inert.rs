//! Text of strangers in Markdown: one line, with nothing in it that is a markup, so that a reader sees just the text.
//!
//! Written sections are made of the plan's titles, sentences and owners, and end up in documents that people read as
//! rendered pages. A line end, a pipe, an HTML comment or a link in one of them would end the cell, the section or the trust.

use rcrepro_model::text::printable;

/// What CommonMark and its extensions give a meaning within a line.
const MARKUP: &str = "\\`*_[]<>|&~$^{}@";

/// Makes a text inert: line ends become spaces, what a terminal or reader obeys is written out, and every mark that means
/// something in Markdown gets a backslash. Quotes in backquotes stay code, in which nothing means anything. Rendered, it is
/// [`plain()`] text again.
#[must_use]
pub fn inert(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len() + 8);
    let (mut at, mut before) = (0, None);
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(span) = quoted(rest).filter(|_| before != Some('`')) {
            out.push_str(&rest[..span]);
            at += span;
            before = Some('`');
            continue;
        }
        let after = rest.chars().nth(1);
        let word = |side: Option<char>| side.is_some_and(char::is_alphanumeric);
        let within_word = character == '_' && word(before) && word(after);
        let begins_block = at == 0 && "#+-=:".contains(character);
        let ends_number = ".)".contains(character) && at > 0 && text[..at].bytes().all(|byte| byte.is_ascii_digit());
        // Bare addresses become links in most places where documents are read.
        let address = rest.starts_with("://") || (character == '.' && text[..at].to_ascii_lowercase().ends_with("www"));
        if (MARKUP.contains(character) && !within_word) || begins_block || ends_number || address {
            out.push('\\');
        }
        out.push(character);
        at += character.len_utf8();
        before = Some(character);
    }
    out
}

/// Returns the text that a reader of [`inert()`] text sees: all of it, without the backquotes around code.
#[must_use]
pub fn plain(text: &str) -> String {
    let text = one_line(text);
    let mut out = String::with_capacity(text.len());
    let (mut at, mut before) = (0, None);
    while let Some(character) = text[at..].chars().next() {
        if let Some(span) = quoted(&text[at..]).filter(|_| before != Some('`')) {
            out.push_str(&text[at + 1..at + span - 1]);
            at += span;
            before = Some('`');
            continue;
        }
        out.push(character);
        at += character.len_utf8();
        before = Some(character);
    }
    out
}

fn one_line(text: &str) -> String {
    let one_line = text.replace("\r\n", " ").replace(['\n', '\r', '\t'], " ");
    printable::line(one_line.trim()).into_owned()
}

/// Measures a quote between two single backquotes at the front, if its end is certain in a table's cell, too.
fn quoted(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('`')?;
    let end = inner.find('`')?;
    let (quote, after) = (&inner[..end], &inner[end + 1..]);
    let whole = !quote.is_empty() && !after.starts_with('`') && !quote.contains('|') && !quote.ends_with('\\');
    (whole && quote.trim() == quote).then_some(end + 2)
}

/// Puts a text into a code span, where backslashes mean nothing: backquotes and pipes are written out.
#[must_use]
pub fn code(text: &str) -> String {
    format!("`{}`", one_line(text).replace('`', "\\u{60}").replace('|', "\\u{7c}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;
    use crate::documents::sections;

    const HOSTILE: &[&str] = &[
        "\n",
        "\r",
        "\r\n",
        "\u{2028}",
        "|",
        "\\",
        "\\|",
        "`",
        "``",
        "*",
        "**",
        "_",
        "__",
        "[x](javascript:alert(1))",
        "![x](y)",
        "[",
        "]",
        "<!-- rcrepro:end board -->",
        "<!--",
        "-->",
        "<script>",
        "<img onerror=x>",
        "# ",
        "#",
        "> ",
        "- ",
        "+ ",
        "1. ",
        "2) ",
        "---",
        "===",
        "```",
        "~~~",
        "~~x~~",
        "&lt;",
        "&#124;",
        "$x$",
        "$$",
        "https://a.example",
        "www.a.example",
        "a@b.example",
        "[^1]",
        ": ",
        "    code",
        "\t",
        "\u{1b}[2J",
        "\u{202e}",
        "{",
        "}",
        "!",
        "<a@b.c>",
        "| a | b |",
        "|---|---|",
        " ",
        "word",
        "é",
        "(",
        ")",
        "^x^",
        "==",
        "{#id}",
        "[[wiki]]",
        "> [!NOTE]",
    ];

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => prop::sample::select(HOSTILE).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    /// The text of a document as a reader sees it; panics at any markup that is not in `allowed`.
    fn seen(document: &str, allowed: &[&str]) -> Vec<String> {
        let mut cells = vec![String::new()];
        for event in Parser::new_ext(document, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
            match event {
                Event::Text(text) | Event::Code(text) => cells.last_mut().expect("one at least").push_str(&text),
                Event::Start(tag) => {
                    let name = format!("{tag:?}");
                    let name = name.split(['(', ' ', '{']).next().unwrap_or_default().to_owned();
                    assert!(allowed.contains(&name.as_str()), "{name} in {document:?}");
                    if matches!(tag, Tag::TableCell | Tag::Item) {
                        cells.push(String::new());
                    }
                }
                Event::End(_) => {}
                Event::TaskListMarker(_) if allowed.contains(&"Item") => {}
                other => panic!("{other:?} in {document:?}"),
            }
        }
        cells
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

        #[test]
        fn a_text_is_read_as_itself_wherever_it_stands(text in text()) {
            let (shown, expected) = (inert(&text), plain(&text));
            prop_assert!(!shown.contains(['\n', '\r']));
            prop_assert_eq!(seen(&format!("Next: RC-05 ({shown}).\n"), &["Paragraph"]).concat(), format!("Next: RC-05 ({expected})."));
            let cells = seen(&format!("| A | B |\n|---|---|\n| {shown} | end |\n"), &["Table", "TableHead", "TableRow", "TableCell"]);
            prop_assert_eq!(&cells[3..], [expected.as_str(), "end"]);
            if !expected.is_empty() {
                prop_assert_eq!(seen(&format!("**RC-05: {shown}**\n"), &["Paragraph", "Strong"]).concat(), format!("RC-05: {expected}"));
                for before in ["- ", "- [x] "] {
                    let items = seen(&format!("{before}{shown}\n- end\n"), &["List", "Item", "Paragraph"]);
                    prop_assert_eq!(&items[1..], [expected.as_str(), "end"]);
                }
            }
        }

        #[test]
        fn no_text_leaves_its_section(text in text()) {
            let shown = inert(&text);
            let document = format!("<!-- rcrepro:begin board -->\n\n| {shown} |\n|---|\n\nNext: {shown}.\n\n- {shown}\n\n<!-- rcrepro:end board -->\n");
            let names = sections::names(&document).expect("its markers fit");
            prop_assert_eq!(names.into_keys().collect::<Vec<_>>(), ["board"]);
            prop_assert_eq!(sections::emptied(&document).expect("they fit").lines().count(), 2);
        }

        #[test]
        fn a_code_span_ends_where_it_should(text in text()) {
            let document = format!("| A | B |\n|---|---|\n| {} | end |\n", code(&format!("x{text}x")));
            let all = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
            let spans = Parser::new_ext(&document, all).filter(|event| matches!(event, Event::Code(_))).count();
            prop_assert_eq!(spans, 1);
        }
    }

    #[test]
    fn marks_keep_their_look() {
        assert_eq!(inert("Replay (all) of `go test ./...`, RC-05: 50%"), "Replay (all) of `go test ./...`, RC-05: 50%");
        assert_eq!(inert("# one\r\n<b>two</b>|"), "\\# one \\<b\\>two\\</b\\>\\|");
        assert_eq!(inert("1. x"), "1\\. x");
        assert_eq!(inert("agent_runtime _x_ `a|b` ``c`` `d"), "agent_runtime \\_x\\_ \\`a\\|b\\` \\`\\`c\\`\\` \\`d");
        assert_eq!(inert("\u{1b}[2J"), "\\\\u\\{1b\\}\\[2J");
        assert_eq!(code("a`b|c"), "`a\\u{60}b\\u{7c}c`");
    }
}
