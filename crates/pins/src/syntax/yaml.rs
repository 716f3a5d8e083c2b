//! YAML → [`SyntaxNode`]s.

use std::collections::BTreeMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use rcrepro_format::syntax::node::{SyntaxError, SyntaxNode, Value};

/// The most nodes of a file: aliases of aliases grow beyond any file.
const MOST_NODES: usize = 1 << 20;

/// The deepest nesting: a reader that calls itself must end.
const DEEPEST: usize = 128;

/// Reads every document of a file.
///
/// What other readers take and the specification does not is taken, too: a closing bracket that is indented no more than what
/// it closes, and lines that only a template has, such as `{{- if .Values.a }}`.
///
/// # Errors
/// [`SyntaxError`] for what is not YAML, and for more nodes or deeper nesting than any configuration has.
pub fn documents(text: &str) -> Result<Vec<SyntaxNode>, SyntaxError> {
    strict(text).or_else(|error| match lenient(text) {
        Some(lenient) => strict(&lenient).map_err(|_| error),
        None => Err(error),
    })
}

/// Indents closing brackets and blanks the lines of templates; none where there is neither. Every line keeps its number.
fn lenient(text: &str) -> Option<String> {
    let is_template = |line: &str| line.starts_with("{{") && line.ends_with("}}");
    let lines = text.lines().map(|line| match line.trim() {
        trimmed if is_template(trimmed) => String::new(),
        trimmed if trimmed.starts_with([']', '}']) => format!(" {line}"),
        _ => line.to_owned(),
    });
    let changed = lines.collect::<Vec<_>>().join("\n");
    (changed.trim_end() != text.trim_end()).then_some(changed)
}

fn strict(text: &str) -> Result<Vec<SyntaxNode>, SyntaxError> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), nodes: 0 };
    let mut documents = Vec::new();
    while let Some((event, span)) = reader.next()? {
        match event {
            Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
            Event::StreamEnd => break,
            event => documents.push(reader.node(event, span, 0)?),
        }
    }
    Ok(documents)
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, SyntaxNode>,
    nodes: usize,
}

fn error(span: Span, message: impl ToString) -> SyntaxError {
    SyntaxError { line: span.start.line(), column: span.start.col() + 1, message: message.to_string() }
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, SyntaxError> {
        let event = self.parser.next_event().transpose();
        event.map_err(|scan| error(Span::empty(*scan.marker()), scan.info()))
    }

    fn inner(&mut self, after: Span) -> Result<(Event<'a>, Span), SyntaxError> {
        self.next()?.ok_or_else(|| error(after, "the file ends within a value"))
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<SyntaxNode, SyntaxError> {
        self.count(span, 1)?;
        if depth > DEEPEST {
            return Err(error(span, "nested too deeply"));
        }
        let (line, column) = (span.start.line(), span.start.col() + 1);
        let (value, column, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
                (Value::Scalar(text.into_owned()), column + usize::from(quoted), anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let mut members = Vec::new();
                loop {
                    match self.inner(span)? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => members.push(self.node(event, span, depth + 1)?),
                    }
                }
                (Value::List(members), column, anchor)
            }
            Event::MappingStart(anchor, _) => {
                let mut pairs = Vec::new();
                loop {
                    let key = match self.inner(span)? {
                        (Event::MappingEnd, _) => break,
                        (event, span) => self.node(event, span, depth + 1)?,
                    };
                    let (event, span) = self.inner(span)?;
                    pairs.push((key, self.node(event, span, depth + 1)?));
                }
                (Value::Map(merged(pairs)), column, anchor)
            }
            Event::Alias(anchor) => {
                let known = self.anchors.get(&anchor).cloned();
                let node = known.ok_or_else(|| error(span, "an alias before its anchor"))?;
                self.count(span, size(&node))?;
                return Ok(node);
            }
            other => return Err(error(span, format!("expected a value, found {other:?}"))),
        };
        let node = SyntaxNode { line, column, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, span: Span, nodes: usize) -> Result<(), SyntaxError> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES { Err(error(span, "more nodes than we read")) } else { Ok(()) }
    }
}

fn size(node: &SyntaxNode) -> usize {
    let pairs = node.pairs().iter().map(|(key, value)| size(key) + size(value));
    1 + node.members().iter().map(size).chain(pairs).sum::<usize>()
}

/// Resolves `<<`: what is merged counts where the map has no such key of its own.
fn merged(pairs: Vec<(SyntaxNode, SyntaxNode)>) -> Vec<(SyntaxNode, SyntaxNode)> {
    let (merges, mut own): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(key, _)| key.text() == Some("<<"));
    for (_, source) in merges {
        for map in source.each() {
            for (key, value) in map.pairs() {
                if !own.iter().any(|(known, _)| known.value == key.value) {
                    own.push((key.clone(), value.clone()));
                }
            }
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> SyntaxNode {
        documents(text).expect("good YAML").remove(0)
    }

    #[test]
    fn every_value_has_its_place() {
        let document = first("a:\n  b: [x, 'y']\n  # c\n  d: \"z\"\n");
        let b = document.path(&["a", "b"]).expect("a list");
        let places: Vec<_> = b.members().iter().map(|node| (node.text().unwrap_or_default(), node.place())).collect();
        assert_eq!(places, [("x", (2, 7)), ("y", (2, 11))], "a quoted text begins behind its quote");
        assert_eq!(document.path(&["a", "d"]).map(SyntaxNode::place), Some((4, 7)));
    }

    #[test]
    fn what_other_readers_take_is_taken() {
        let document = first("on:\n  push:\n    branches: [\n      main,\n    ]\nenv: {\n  A: b\n}\n");
        assert_eq!(document.path(&["env", "A"]).map(SyntaxNode::place), Some((7, 6)));
        let document = first("a:\n{{- if .Values.b }}\n  b: 1\n{{- end }}\nc: 2\n");
        assert_eq!(document.get("c").map(SyntaxNode::place), Some((5, 4)));
        let neither = "a: [b\n{{ x }}\nc: d";
        assert_eq!(documents(neither), strict(neither), "the error is that of the file");
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        let document = first("base: &base {image: a, x: 1}\njob: {<<: *base, x: 2}\nsame: *base\n");
        assert_eq!(document.path(&["job", "image"]).and_then(SyntaxNode::text), Some("a"));
        assert_eq!(document.path(&["job", "x"]).and_then(SyntaxNode::text), Some("2"));
        assert_eq!(document.path(&["same", "x"]).map(SyntaxNode::place), Some((1, 27)), "the place is the anchor's");
    }

    #[test]
    fn a_bomb_and_a_mistake_are_errors() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let alias = format!("*a{}", level - 1);
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 10].join(", ")));
        }
        assert_eq!(documents(&bomb).map_err(|error| error.message), Err("more nodes than we read".into()));
        let deep = "[".repeat(1000);
        assert!(documents(&deep).is_err());
        assert_eq!(documents("a: [b\nc: d").expect_err("no YAML").line, 2);
    }
}
