//! Compose files: images and build arguments of services.
//!
//! Source: Compose Specification, "services", "build", "interpolation".

use std::collections::BTreeMap;

use crate::image;
use crate::reference::{Mention, SourceKind};
use crate::syntax::arguments;
use crate::syntax::expand::expand;
use rcrepro_format::syntax::node::SyntaxNode;

/// Finds what a compose file names. Variables come from the caller's environment: in the tree are their defaults, and those of a
/// tracked `.env` beside the file.
#[must_use]
pub fn mentions(document: &SyntaxNode, variables: &BTreeMap<String, String>) -> Vec<Mention> {
    let mut found = Vec::new();
    for (_, service) in document.get("services").map(SyntaxNode::pairs).unwrap_or_default() {
        if let Some((node, text)) = service.get("image").and_then(|node| Some((node, node.text()?))) {
            let text = expand(text, variables).unwrap_or_else(|| text.to_owned());
            let mentions = image::mentions(node.place(), SourceKind::Compose, &text).into_iter();
            let built = service.get("build").is_some();
            found.extend(mentions.map(|mention| if built { mention.look_alike(BUILT) } else { mention }));
        }
        let arguments = service.path(&["build", "args"]);
        for (key, value) in arguments.map(SyntaxNode::pairs).unwrap_or_default() {
            found.extend(argument(key.text().unwrap_or_default(), value.text().unwrap_or_default(), value, variables));
        }
        for member in arguments.map(SyntaxNode::members).unwrap_or_default() {
            if let Some((key, value)) = member.text().and_then(|text| text.split_once('=')) {
                found.extend(argument(key, value, member, variables));
            }
        }
    }
    found
}

/// Why the name of an image that is built here needs no digest.
const BUILT: &str = "names what is built here";

fn argument(key: &str, value: &str, node: &SyntaxNode, variables: &BTreeMap<String, String>) -> Vec<Mention> {
    let value = expand(value, variables).unwrap_or_else(|| value.to_owned());
    arguments::of(key, &value, node.place(), SourceKind::Compose, false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    #[test]
    fn images_and_arguments_are_found() {
        let text = "services:\n  a: {image: \"nginx:${TAG:-1.27}\"}\n  b:\n    build: {context: ., args: {GO_VERSION: 1.26.8}}\n    \
                    image: ours:dev\n  c:\n    build:\n      args: [\"NODE_VERSION=20\", X]\n  d: {image: \"x:${NONE}\"}\n";
        let document = yaml::documents(text).expect("YAML").remove(0);
        let found: Vec<_> = mentions(&document, &BTreeMap::new())
            .into_iter()
            .map(|m| (m.line, m.value, m.look_alike.is_some(), m.unclear.is_some()))
            .collect();
        let expected = [
            (2, "nginx:1.27", false, false),
            (5, "ours:dev", true, false),
            (4, "1.26.8", false, false),
            (8, "20", false, false),
            (9, "x:${NONE}", false, true),
        ];
        assert_eq!(found, expected.map(|(line, value, built, unclear)| (line, value.to_owned(), built, unclear)));
        let beside = BTreeMap::from([("TAG".to_owned(), "1.28".to_owned()), ("NONE".to_owned(), "2".to_owned())]);
        let found: Vec<_> = mentions(&document, &beside).into_iter().map(|m| (m.value, m.unclear)).collect();
        assert!(
            found.contains(&("nginx:1.28".to_owned(), None)) && found.contains(&("x:2".to_owned(), None)),
            "{found:?}"
        );
    }
}
