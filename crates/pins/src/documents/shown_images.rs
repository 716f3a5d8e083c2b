//! Images in the code of a Markdown document: lines that run or pull one, Dockerfiles, compose files and manifests.
//!
//! They select nothing that is built here; a reader sees them.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::Lines;
use crate::dockerfile;
use crate::readers::{shell, yaml_file};
use crate::reference::{Mention, ReferencedTool, SourceKind, Use};

/// Finds the images that code shows.
#[must_use]
pub fn mentions(path: &str, text: &str) -> Vec<Mention> {
    let is_markdown = [".md", ".mdx", ".markdown"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
    if !is_markdown || !["docker", "podman", "nerdctl", "image:", "FROM "].iter().any(|word| text.contains(word)) {
        return Vec::new();
    }
    let lines = Lines::new(text);
    let mut found = Vec::new();
    let mut block: Option<(String, Option<usize>, String)> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = if let CodeBlockKind::Fenced(info) = kind { info.to_string() } else { String::new() };
                let language = info.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
                block = Some((language, None, String::new()));
            }
            Event::Text(code) => {
                if let Some((_, first, all)) = &mut block {
                    first.get_or_insert_with(|| lines.of(range.start));
                    all.push_str(&code);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                if let Some((language, Some(first), code)) = block.take() {
                    found.extend(
                        of_block(&language, &code)
                            .into_iter()
                            .map(|mention| Mention { line: mention.line + first - 1, ..mention }),
                    );
                }
            }
            Event::Code(code) => {
                let line = lines.of(range.start);
                found.extend(shell::mentions(&code, SourceKind::Document).into_iter().map(|mention| Mention {
                    line,
                    column: text[..range.start].rsplit('\n').next().unwrap_or_default().chars().count() + 1,
                    ..mention
                }));
            }
            _ => {}
        }
    }
    found.retain(|mention| {
        mention.tool == ReferencedTool::Image && mention.unclear.is_none() && !is_placeholder(&mention.value)
    });
    found.iter_mut().for_each(|mention| {
        mention.usage = Use::Allows;
        mention.kind = SourceKind::Document;
    });
    found
}

/// Whether an example leaves the name to its reader, as `your-image` does.
fn is_placeholder(image: &str) -> bool {
    let name = image.to_ascii_lowercase();
    ["your", "my-", "my_", "myimage", "myapp", "example", "foo", "<"].iter().any(|word| name.contains(word))
}

fn of_block(language: &str, code: &str) -> Vec<Mention> {
    match language {
        "dockerfile" | "docker" | "containerfile" => dockerfile::mentions(code),
        "yaml" | "yml" => {
            let mut found = yaml_file::mentions("", code, &Default::default()).unwrap_or_default();
            found.extend(shell::mentions(code, SourceKind::Document));
            found
        }
        _ => shell::mentions(code, SourceKind::Document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_shows_images_and_prose_does_not() {
        let text = "# A\n\nUse docker run to start it, or `docker run -p 80:80 nginx:1.27`.\n\n```sh\n$ docker pull alpine:3\n\
                    docker run \"$IMAGE\"\ndocker run your-image\n```\n\n```yaml\nservices:\n  a:\n    image: redis:7\n```\n\n\
                    - ```dockerfile\n  FROM golang:1.26 AS a\n  FROM a\n  ```\n";
        let found: Vec<_> = mentions("README.md", text).into_iter().map(|m| (m.line, m.value)).collect();
        let expected = [(3, "nginx:1.27"), (6, "alpine:3"), (14, "redis:7"), (18, "golang:1.26")];
        assert_eq!(found, expected.map(|(line, value)| (line, value.to_owned())));
        assert_eq!(mentions("notes.txt", text), []);
    }
}
