//! Functions that are longer than a screen.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{ImplItemFn, Item, ItemFn, Signature, TraitItemFn};

use crate::check::Figure;
use crate::settings::HouseRules;
use crate::sources::Repository;
use crate::syntax;

/// The number of functions that are too long, from `fn` to the closing brace, comments included; tests do not count.
#[must_use]
pub fn check(sources: &Repository, settings: &HouseRules) -> Figure {
    let mut long: Vec<(usize, String)> = Vec::new();
    for file in sources.code() {
        let mut functions = Functions { most: settings.goals.function_lines, long: Vec::new() };
        functions.visit_file(&file.syntax);
        let places = functions.long.into_iter();
        long.extend(places.map(|(lines, line, name)| (lines, format!("{}:{line} {name}: {lines} lines", file.path))));
    }
    long.sort_by(|a, b| b.cmp(a));
    Figure {
        name: format!("functions over {} lines", settings.goals.function_lines),
        figure: long.len(),
        limit: settings.ratchets.functions,
        goal: 0,
        places: long.into_iter().map(|(_, place)| place).collect(),
    }
}

struct Functions {
    most: usize,
    /// Lines, first line, name.
    long: Vec<(usize, usize, String)>,
}

impl Functions {
    fn add(&mut self, signature: &Signature, body: &impl Spanned) {
        let first = signature.span().start().line;
        let lines = body.span().end().line + 1 - first;
        if lines > self.most {
            self.long.push((lines, first, signature.ident.to_string()));
        }
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item(&mut self, item: &'ast Item) {
        if !syntax::is_test(syntax::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;

    #[test]
    fn a_long_function_goes_red() {
        let mut settings = HouseRules::committed().unwrap();
        (settings.goals.function_lines, settings.ratchets.functions) = (3, 0);
        let body = "    let a = 1;\n";
        let text = format!(
            "/// Doc\nfn short() {{\n{body}}}\nimpl A {{\nfn long() {{\n{body}{body}}}\n}}\n#[test]\nfn t() {{\n{body}{body}{body}}}"
        );
        let red = check(&samples::rust(&[("src/a.rs", &text)]), &settings);
        assert_eq!(red.places, ["src/a.rs:6 long: 4 lines"]);
        assert!(!red.holds());
        settings.goals.function_lines = 4;
        assert!(check(&samples::rust(&[("src/a.rs", &text)]), &settings).holds());
    }
}
