//! Where a Markdown document quotes something: code blocks that a shell could read, and code spans in prose.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::Lines;

/// What a block's info string may begin with so that its lines are commands; a block without any is one of them.
const SHELLS: [&str; 7] = ["", "sh", "bash", "zsh", "shell", "console", "shell-session"];

/// The comment before a block that takes the block out.
const IGNORE: &str = "rcrepro:ignore";

/// A place that may quote commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The lines with their numbers from 1; one for a quote in prose.
    pub lines: Vec<(usize, String)>,
    /// Whether it is a code span in prose.
    pub prose: bool,
    /// Why the author took it out, if so.
    pub ignored: Option<String>,
}

/// Lists the passages of a document, in its order.
///
/// `<!-- rcrepro:ignore REASON -->` before a block (a code block, a paragraph, a list, a table) takes out everything in it;
/// without a reason it counts as none.
#[must_use]
pub fn passages(document: &str) -> Vec<Passage> {
    let places = Lines::new(document);
    let mut found = Vec::new();
    let mut depth = 0_usize;
    // The reason that waits for the next block, and the one in force with the depth at which it ends.
    let mut waiting: Option<String> = None;
    let mut ignored: Option<(usize, String)> = None;
    let mut html = false;
    let mut block: Option<Passage> = None;
    for (event, range) in Parser::new_ext(document, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                html = matches!(tag, Tag::HtmlBlock);
                if !html && ignored.is_none() {
                    ignored = waiting.take().map(|reason| (depth, reason));
                }
                depth += 1;
                if let Tag::CodeBlock(kind) = tag
                    && is_shell(&kind)
                {
                    block = Some(Passage { lines: Vec::new(), prose: false, ignored: reason(&ignored) });
                }
            }
            Event::End(_) => {
                depth -= 1;
                html = false;
                if ignored.as_ref().is_some_and(|(ends, _)| *ends == depth) {
                    ignored = None;
                }
                found.extend(block.take());
            }
            Event::Html(text) if html => waiting = ignore_reason(&text).or(waiting),
            Event::Text(text) => {
                if let Some(passage) = &mut block {
                    let first = places.of(range.start);
                    passage.lines.extend(text.lines().enumerate().map(|(at, line)| (first + at, line.to_owned())));
                }
            }
            Event::Code(text) => {
                let lines = vec![(places.of(range.start), text.into_string())];
                found.push(Passage { lines, prose: true, ignored: reason(&ignored) });
            }
            _ => {}
        }
    }
    found
}

fn reason(ignored: &Option<(usize, String)>) -> Option<String> {
    ignored.as_ref().map(|(_, reason)| reason.clone())
}

fn is_shell(kind: &CodeBlockKind<'_>) -> bool {
    let CodeBlockKind::Fenced(info) = kind else { return true };
    let language = info.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
    SHELLS.contains(&language.as_str())
}

fn ignore_reason(html: &str) -> Option<String> {
    let inside = html.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
    let reason = inside.strip_prefix(IGNORE)?;
    let said = reason.starts_with(char::is_whitespace) && !reason.trim().is_empty();
    said.then(|| reason.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(document: &str) -> Vec<(usize, String)> {
        passages(document).into_iter().flat_map(|passage| passage.lines).collect()
    }

    #[test]
    fn blocks_of_shells_and_spans_are_found_with_their_lines() {
        let document = "# T\n\nSee `go vet`.\n\n```sh\ngo build\ngo test\n```\n\n    make all\n\n```go\nfunc main() {}\n```\n\n\
                        > ```console\n> $ npm ci\n> ok\n> ```\n\n- a `b`\n\n  ```\n  in a list\n  ```\n\n| x |\n|---|\n| `y` |\n";
        let found = texts(document);
        let found: Vec<(usize, &str)> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(
            found,
            [
                (3, "go vet"),
                (6, "go build"),
                (7, "go test"),
                (10, "make all"),
                (17, "$ npm ci"),
                (18, "ok"),
                (21, "b"),
                (24, "in a list"),
                (29, "y"),
            ]
        );
    }

    #[test]
    fn an_ignore_takes_out_the_next_block_and_no_more() {
        let document = "<!-- rcrepro:ignore only a sketch -->\n```sh\na\n```\n```sh\nb\n```\n\n\
                        <!-- rcrepro:ignore -->\n```\nc\n```\n\n<!-- rcrepro:ignore old -->\n\n- `d`\n- `e`\n\n`f`\n\n\
                        <!-- rcrepro:ignored x -->\n\n`g`\n";
        let found: Vec<(String, Option<String>)> =
            passages(document).into_iter().map(|passage| (passage.lines[0].1.clone(), passage.ignored)).collect();
        let expected = [
            ("a", Some("only a sketch")),
            ("b", None),
            ("c", None),
            ("d", Some("old")),
            ("e", Some("old")),
            ("f", None),
            ("g", None),
        ];
        assert_eq!(found, expected.map(|(text, reason)| (text.to_owned(), reason.map(str::to_owned))));
    }
}
