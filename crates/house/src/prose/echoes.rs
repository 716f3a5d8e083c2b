//! Doc comments that only repeat the name of the item.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Ident;
use syn::visit::{self, Visit};
use syn::{Attribute, Field, ImplItemFn, Item, ItemEnum, ItemImpl, TraitItemFn, Type, Variant};

use super::words::{self, Words};
use crate::check::Figure;
use crate::settings::HouseRules;
use crate::sources::Repository;
use crate::syntax;

/// A longer comment may repeat the name and say something all the way through.
const MOST_WORDS: usize = 9;

/// One figure per package; tests do not count.
#[must_use]
pub fn checks(sources: &Repository, settings: &HouseRules) -> Vec<Figure> {
    let mut areas: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in sources.code() {
        let mut echoes = Echoes { phrases: &settings.empty_phrases, around: Words::new(), found: Vec::new() };
        echoes.visit_file(&file.syntax);
        let places = echoes.found.into_iter().map(|(line, text)| format!("{}:{line} {text}", file.path));
        areas.entry(&file.package).or_default().extend(places);
    }
    let checks = areas.into_iter();
    checks.map(|(area, places)| super::check("echoes", area, places, &settings.ratchets.echoes)).collect()
}

struct Echoes<'a> {
    phrases: &'a BTreeSet<String>,
    /// The words of the items around.
    around: Words,
    found: Vec<(usize, String)>,
}

impl Echoes<'_> {
    fn look(&mut self, attrs: &[Attribute], name: &Ident, more: &Words) {
        let Some((line, comment)) = syntax::doc_comment(attrs) else { return };
        let prose = comment.trim();
        let known: Words = words::of_name(&name.to_string()).into_iter().chain(more.clone()).collect();
        let told = words::of_prose(prose);
        // Code gives at least the spelling.
        let is_short = !prose.contains(['\n', '`']) && prose.split_whitespace().count() <= MOST_WORDS;
        let repeats = is_short && told.iter().all(|word| known.contains(word) || self.around.contains(word));
        if repeats || self.phrases.contains(prose) {
            self.found.push((line, format!("{name}: {prose}")));
        }
    }

    fn within(&mut self, name: Words, visit: impl FnOnce(&mut Self)) {
        let before = self.around.clone();
        self.around.extend(name);
        visit(self);
        self.around = before;
    }
}

impl<'ast> Visit<'ast> for Echoes<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attrs = syntax::attributes(item);
        if syntax::is_test(attrs) {
            return;
        }
        let named = match item {
            Item::Const(item) => Some((&item.ident, words::of_type(&item.ty))),
            Item::Enum(item) => Some((&item.ident, Words::new())),
            Item::Fn(item) => Some((&item.sig.ident, Words::new())),
            Item::Struct(item) => Some((&item.ident, Words::new())),
            Item::Trait(item) => Some((&item.ident, Words::new())),
            Item::Type(item) => Some((&item.ident, words::of_type(&item.ty))),
            _ => None,
        };
        let Some((name, more)) = named else { return visit::visit_item(self, item) };
        self.look(attrs, name, &more);
        self.within(words::of_name(&name.to_string()), |echoes| visit::visit_item(echoes, item));
    }

    fn visit_item_enum(&mut self, item: &'ast ItemEnum) {
        item.variants.iter().for_each(|variant| self.visit_variant(variant));
    }

    fn visit_variant(&mut self, variant: &'ast Variant) {
        self.look(&variant.attrs, &variant.ident, &Words::new());
        self.within(words::of_name(&variant.ident.to_string()), |echoes| visit::visit_variant(echoes, variant));
    }

    fn visit_field(&mut self, field: &'ast Field) {
        if let Some(name) = &field.ident {
            self.look(&field.attrs, name, &words::of_type(&field.ty));
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        let owner = match &*item.self_ty {
            Type::Path(path) => path.path.segments.last().map(|last| words::of_name(&last.ident.to_string())),
            _ => None,
        };
        self.within(owner.unwrap_or_default(), |echoes| visit::visit_item_impl(echoes, item));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.look(&function.attrs, &function.sig.ident, &Words::new());
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        self.look(&function.attrs, &function.sig.ident, &Words::new());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;

    #[test]
    fn a_comment_that_says_nothing_goes_red() {
        let mut settings = HouseRules::committed().unwrap();
        settings.ratchets.echoes.clear();
        let phrase = settings.empty_phrases.first().cloned().unwrap();
        let code = format!(
            "/// A recorded run.\npub struct RecordedRun {{\n/// The packet's id.\nid: PacketId,\n/// {phrase}\nat: u8,\n\
             /// `when`.\nwhen: u64,\n}}\nimpl RecordedRun {{\n/// Returns the id of the run.\nfn id() {{}}\n\
             /// The id.\n///\n/// # Errors\n/// Always.\nfn other_id() {{}} }}\n#[cfg(test)]\nmod tests {{\n/// A.\nfn a() {{}} }}"
        );
        let [red] = &checks(&samples::rust(&[("src/a.rs", &code)]), &settings)[..] else { panic!("one package") };
        let phrase = format!("src/a.rs:5 at: {phrase}");
        let expected = [
            "src/a.rs:1 RecordedRun: A recorded run.",
            "src/a.rs:3 id: The packet's id.",
            &phrase,
            "src/a.rs:11 id: Returns the id of the run.",
        ];
        assert_eq!(red.places, expected);
        assert!(!red.holds());
    }
}
