//! XML, read in two ways.
//!
//! [`tokens`] cuts a document into pieces with their places in bytes, and takes nothing that is not well-formed: a normalizer must
//! not change what it did not understand. quick-xml checks most of that; what it leaves to its caller (one root, closed at the
//! end, nothing but comments beside it, no `<` in an attribute's value) is checked here.
//!
//! [`elements`] reads the elements of a stream in which a program may have printed more than its report: a proof counts test cases,
//! whatever lies before or behind them.

use std::collections::BTreeSet;
use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

/// A start tag or an empty element's tag.
#[derive(Debug)]
pub struct Tag<'a> {
    /// The name with its prefix.
    pub name: &'a [u8],
    /// The whole tag, from `<` to `>`.
    pub span: Range<usize>,
    /// The attributes in their order, each name once.
    pub attributes: Vec<Attribute<'a>>,
}

/// An attribute of a tag.
#[derive(Debug)]
pub struct Attribute<'a> {
    /// The name with its prefix.
    pub name: &'a [u8],
    /// The bytes between the quotes, entities and all.
    pub value: &'a [u8],
    /// The value's range in the document.
    pub span: Range<usize>,
}

/// A piece of a document; together they are the whole of it, in its order.
#[derive(Debug)]
pub enum XmlToken<'a> {
    /// `<name …>`.
    Start(Tag<'a>),
    /// `<name …/>`.
    Empty(Tag<'a>),
    /// An end tag, from `<` to `>`.
    End(Range<usize>),
    /// A comment, from `<!--` to `-->`.
    Comment(Range<usize>),
    /// Text that is nothing but white space.
    Space,
    /// Any other text, character data, entity, declaration or instruction.
    Text,
}

impl<'a> XmlToken<'a> {
    /// Returns the tag that begins an element.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag<'a>> {
        match self {
            Self::Start(tag) | Self::Empty(tag) => Some(tag),
            _ => None,
        }
    }
}

/// Cuts a document into its pieces; `None` when it is not well-formed UTF-8 XML, or has a document type.
#[must_use]
pub fn tokens(document: &[u8]) -> Option<Vec<XmlToken<'_>>> {
    let text = std::str::from_utf8(document).ok()?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut tokens = Vec::new();
    let (mut depth, mut rooted) = (0_usize, false);
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let span = start..usize::try_from(reader.buffer_position()).ok()?;
        let token = match event {
            Event::Start(_) => XmlToken::Start(tag(document, span)?),
            Event::Empty(_) => XmlToken::Empty(tag(document, span)?),
            Event::End(_) => XmlToken::End(span),
            Event::Comment(_) => XmlToken::Comment(span),
            Event::Text(_) if document[span.clone()].iter().all(u8::is_ascii_whitespace) => XmlToken::Space,
            Event::Decl(_) if span.start != 0 => return None,
            Event::Decl(_) | Event::PI(_) => XmlToken::Text,
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) if depth > 0 => XmlToken::Text,
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::DocType(_) => return None,
            Event::Eof => break,
        };
        if token.tag().is_some() && depth == 0 {
            if rooted {
                return None;
            }
            rooted = true;
        }
        match token {
            XmlToken::Start(_) => depth += 1,
            XmlToken::End(_) => depth = depth.checked_sub(1)?,
            _ => {}
        }
        tokens.push(token);
    }
    (rooted && depth == 0).then_some(tokens)
}

/// Where an element begins or ends, by its local name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XmlElement<'a> {
    /// `<name …>`.
    Start(&'a str),
    /// `<name …/>`.
    Empty(&'a str),
    /// `</name>`.
    End(&'a str),
}

/// Reads the elements from a stream's first `<` to its end; `None` when quick-xml finds a mistake on the way, or there is no `<`.
pub fn elements(stream: &[u8], mut visit: impl FnMut(XmlElement<'_>)) -> Option<()> {
    let begin = stream.iter().position(|byte| *byte == b'<')?;
    let mut reader = Reader::from_reader(&stream[begin..]);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(start) => visit(XmlElement::Start(start.local_name().as_ref())),
            Event::Empty(start) => visit(XmlElement::Empty(start.local_name().as_ref())),
            Event::End(end) => visit(XmlElement::End(end.local_name().as_ref())),
            Event::Eof => return Some(()),
            _ => {}
        }
        buffer.clear();
    }
}

/// Reads one tag anew, for the places of its attributes' values.
fn tag(document: &[u8], span: Range<usize>) -> Option<Tag<'_>> {
    let inner = document[span.clone()].strip_prefix(b"<")?.strip_suffix(b">")?;
    let inner = inner.strip_suffix(b"/").unwrap_or(inner);
    let name = &inner[..inner.iter().position(u8::is_ascii_whitespace).unwrap_or(inner.len())];
    let mut attributes = Vec::new();
    let mut names = BTreeSet::new();
    let mut at = name.len();
    loop {
        let space = inner[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        at += space;
        if at == inner.len() {
            break;
        }
        let equals = at + inner[at..].iter().position(|byte| *byte == b'=')?;
        let name = inner[at..equals].trim_ascii_end();
        let gap = inner[equals + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let open = equals + 1 + gap;
        let quote = *inner.get(open).filter(|byte| matches!(byte, b'"' | b'\''))?;
        let length = inner[open + 1..].iter().position(|byte| *byte == quote)?;
        let value = &inner[open + 1..open + 1 + length];
        let broken = name.is_empty() || name.iter().any(u8::is_ascii_whitespace) || value.contains(&b'<');
        if space == 0 || broken || !names.insert(name) {
            return None;
        }
        let start = span.start + 1 + open + 1;
        attributes.push(Attribute { name, value, span: start..start + length });
        at = open + 1 + length + 1;
    }
    (!name.is_empty()).then_some(Tag { name, span, attributes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_where_they_are() {
        let document = "<?xml version=\"1.0\"?>\n<a b = 'x\"é' c=\"&lt;>\"><!-- n --><d e='2' /></a>\n";
        let found = tokens(document.as_bytes()).expect("well-formed");
        let values: Vec<_> = found.iter().filter_map(XmlToken::tag).flat_map(|tag| &tag.attributes).collect();
        for attribute in &values {
            assert_eq!(&document.as_bytes()[attribute.span.clone()], attribute.value);
        }
        let shown: Vec<_> = values.iter().map(|attribute| String::from_utf8_lossy(attribute.value)).collect();
        assert_eq!(shown, ["x\"é", "&lt;>", "2"]);
        let comment =
            found.iter().find_map(|token| if let XmlToken::Comment(span) = token { Some(span.clone()) } else { None });
        assert_eq!(&document[comment.expect("there is one")], "<!-- n -->");
    }

    #[test]
    fn elements_are_found_among_other_output() {
        let mut found = Vec::new();
        let read = elements(b"> run\n<x:a><b/></x:a>\nnpm notice\n", |element| {
            found.push(match element {
                XmlElement::Start(name) => format!("+{name}"),
                XmlElement::Empty(name) => name.to_owned(),
                XmlElement::End(name) => format!("-{name}"),
            });
        });
        assert_eq!((read, found), (Some(()), vec!["+a".to_owned(), "b".to_owned(), "-a".to_owned()]));
        assert_eq!(elements(b"no report", |_| {}), None);
        assert_eq!(elements(b"<a></b>", |_| {}), None);
    }

    #[test]
    fn what_is_not_well_formed_is_nothing() {
        for broken in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>text",
            "<a b=1/>",
            "<a b='1' b='2'/>",
            "<a b='<'/>",
            "<a b='1'c='2'/>",
            "<a b='1'",
            "<a b/>",
            "</a>",
            "<a><!-- -- --></a>",
            "<!DOCTYPE a><a/>",
            "\n<?xml version='1.0'?><a/>",
            "<a>]]</a",
        ] {
            assert!(tokens(broken.as_bytes()).is_none(), "{broken}");
        }
        assert!(tokens(b"<a>\xff</a>").is_none());
        assert!(tokens(b"<!-- before --><a/>\n<!-- after -->").is_some());
    }
}
