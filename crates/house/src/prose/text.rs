//! Prose with the lines on which it is written.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Replaces code, which is not prose but part of a sentence.
const CODE: &str = "`…`";

/// A piece of prose.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// Paragraphs end with an empty line.
    pub(super) prose: String,
    pub(super) is_doc_comment: bool,
    /// Offsets in `prose` with the line of the source that begins there.
    lines: Vec<(usize, usize)>,
}

impl Text {
    /// Plain text that begins on `line`.
    pub(super) fn plain(text: &str, line: usize) -> Self {
        let starts = text.match_indices('\n').map(|(offset, _)| offset + 1);
        let lines = [0].into_iter().chain(starts).zip(line..).collect();
        Self { prose: text.to_owned(), is_doc_comment: false, lines }
    }

    /// The line of the source at an offset in the prose.
    pub(super) fn line_at(&self, offset: usize) -> usize {
        let after = self.lines.partition_point(|(start, _)| *start <= offset);
        self.lines[..after].last().map_or(0, |(_, line)| *line)
    }

    /// The sentence around an offset, white space made one blank.
    pub(super) fn sentence_at(&self, offset: usize) -> String {
        let ends = [". ", ".\n", "\n\n", "? ", "! "];
        let before = ends.iter().filter_map(|end| self.prose[..offset].rfind(end).map(|at| at + end.len())).max();
        let after = ends.iter().filter_map(|end| self.prose[offset..].find(end).map(|at| offset + at + 1)).min();
        let sentence = &self.prose[before.unwrap_or(0)..after.unwrap_or(self.prose.len())];
        sentence.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn push(&mut self, text: &str, line: usize) {
        self.lines.push((self.prose.len(), line));
        self.prose.push_str(text);
    }
}

/// The prose of a text in Markdown that begins on `line`: code is left out, blocks end with an empty line.
pub(super) fn of_markdown(text: &str, line: usize) -> Text {
    let starts: Vec<usize> = [0].into_iter().chain(text.match_indices('\n').map(|(offset, _)| offset + 1)).collect();
    let mut found = Text::default();
    let mut in_code = false;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let line = line + starts.partition_point(|start| *start <= range.start) - 1;
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code => found.push(&text, line),
            Event::Code(_) => found.push(CODE, line),
            Event::SoftBreak | Event::HardBreak => found.push(" ", line),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell) => {
                found.push("\n\n", line);
            }
            _ => {}
        }
    }
    found
}

/// The prose of a doc comment that begins on `line`.
pub(super) fn of_doc_comment(text: &str, line: usize) -> Text {
    Text { is_doc_comment: true, ..of_markdown(text, line) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_keeps_its_lines_and_loses_its_code() {
        let text = of_markdown("# Title\n\nOne `code` and\ntwo *words*. Three.\n\n```\nfn f() {}\n```\n\n- last\n", 10);
        assert_eq!(text.prose, "Title\n\nOne `…` and two words. Three.\n\nlast\n\n");
        let at = |word: &str| text.line_at(text.prose.find(word).unwrap());
        assert_eq!([at("Title"), at("One"), at("words"), at("last")], [10, 12, 13, 19]);
        assert_eq!(text.sentence_at(text.prose.find("two").unwrap()), "One `…` and two words.");
        assert_eq!(text.sentence_at(text.prose.find("Three").unwrap()), "Three.");
    }

    #[test]
    fn plain_text_counts_its_lines() {
        let text = Text::plain("a\nb", 4);
        assert_eq!((text.line_at(0), text.line_at(2)), (4, 5));
    }
}
