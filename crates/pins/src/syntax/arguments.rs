//! Named values that are passed along: build arguments, variables of pipelines, environments.

use crate::image;
use crate::keys::version_key;
use crate::reference::{Mention, SourceKind};
use rcrepro_format::syntax::node::SyntaxNode;

/// Returns what a named value mentions: a version where the name says so, or an image of a toolchain.
///
/// `variables` tells whether `$` in the value is of a language that the caller resolves.
#[must_use]
pub fn mentions(key: &SyntaxNode, value: &SyntaxNode, kind: SourceKind, variables: bool) -> Vec<Mention> {
    let (Some(key), Some(text)) = (key.text(), value.text()) else { return Vec::new() };
    of(key, text, value.place(), kind, variables)
}

/// As [`mentions`], for a name and a text at a place.
#[must_use]
pub fn of(key: &str, text: &str, place: (usize, usize), kind: SourceKind, variables: bool) -> Vec<Mention> {
    if text.is_empty() || (variables && text.contains('$')) {
        return Vec::new();
    }
    if let Some((tool, usage)) = version_key(key) {
        let mention = Mention::new(place, tool, kind, text).used(usage);
        let variable = text.contains('$') || text.contains("{{") || text.contains("<<");
        return vec![if variable { mention.unclear("it holds a variable that nothing here sets") } else { mention }];
    }
    // A value that is not an image of a toolchain may be anything; where it is used as an image, it is found there.
    let mentions = if text.contains(':') { image::mentions(place, kind, text) } else { Vec::new() };
    if mentions.len() > 1 { mentions } else { Vec::new() }
}
