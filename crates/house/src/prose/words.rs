//! The words of names and of sentences, made comparable.

use std::collections::BTreeSet;

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{PathSegment, Type};

/// Words in lower case, without the ends of plurals and genitives.
pub(super) type Words = BTreeSet<String>;

/// Words that tell nothing by themselves.
const FILLING: &str = "a an and any are as at be been by each every for from had has have if in is it its itself may new of on one \
                       or return returns so that the them their there these they this those to was were what when where which \
                       whose whether who with it gets sets made makes make get set";

/// The words of an identifier in camel or snake case.
pub(super) fn of_name(name: &str) -> Words {
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() {
            spaced.push(' ');
        }
        spaced.extend(if letter == '_' { ' '.to_lowercase() } else { letter.to_lowercase() });
    }
    spaced.split_whitespace().map(stem).collect()
}

/// The names in a type.
pub(super) fn of_type(ty: &Type) -> Words {
    struct Names(Words);
    impl<'ast> Visit<'ast> for Names {
        fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
            self.visit_ident(&segment.ident);
            visit::visit_path_segment(self, segment);
        }
        fn visit_ident(&mut self, name: &'ast Ident) {
            self.0.extend(of_name(&name.to_string()));
        }
    }
    let mut names = Names(Words::new());
    names.visit_type(ty);
    names.0
}

/// The words of a sentence that tell something.
pub(super) fn of_prose(prose: &str) -> Words {
    let filling: BTreeSet<&str> = FILLING.split_whitespace().collect();
    let words = prose.split(|letter: char| !letter.is_alphanumeric() && letter != '\'').map(str::to_lowercase);
    words.filter(|word| !word.is_empty() && !filling.contains(word.as_str())).map(|word| stem(&word)).collect()
}

fn stem(word: &str) -> String {
    let word = word.trim_matches('\'');
    let word = word.strip_suffix("'s").unwrap_or(word);
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 1 && !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(words: &Words) -> Vec<&str> {
        words.iter().map(String::as_str).collect()
    }

    #[test]
    fn names_and_sentences_meet() {
        assert_eq!(listed(&of_name("PacketIds")), ["id", "packet"]);
        assert_eq!(listed(&of_name("run_class")), ["class", "run"]);
        assert_eq!(listed(&of_prose("What the packet's ids are.")), ["id", "packet"]);
        assert_eq!(listed(&of_type(&syn::parse_str("Option<a::PacketId>").unwrap())), ["a", "id", "option", "packet"]);
    }
}
