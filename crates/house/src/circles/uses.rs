//! The names that a module brings in, and the paths that its code writes.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemUse, Macro, Path, UseTree, Visibility};

use crate::syntax;

/// What one module uses.
#[derive(Default)]
pub(super) struct Uses {
    /// `use` declarations, those in function bodies included.
    pub(super) bindings: Vec<Binding>,
    /// `use …::*`, without the star.
    pub(super) globs: Vec<Vec<String>>,
    paths: Vec<Vec<String>>,
}

/// One name that a `use` brings in.
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) path: Vec<String>,
    is_export: bool,
}

impl Uses {
    /// The paths that make the module's file depend on others: all but its re-exports.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Vec<String>> {
        let private = self.bindings.iter().filter(|binding| !binding.is_export).map(|binding| &binding.path);
        self.paths.iter().chain(private)
    }

    fn add_tree(&mut self, tree: &UseTree, mut prefix: Vec<String>, is_export: bool) {
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_tree(&path.tree, prefix, is_export);
            }
            UseTree::Name(name) => self.bind(name.ident.to_string(), None, prefix, is_export),
            UseTree::Rename(rename) => {
                self.bind(rename.ident.to_string(), Some(rename.rename.to_string()), prefix, is_export);
            }
            UseTree::Glob(_) => self.globs.push(prefix),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_tree(tree, prefix.clone(), is_export));
            }
        }
    }

    fn bind(&mut self, name: String, renamed: Option<String>, mut path: Vec<String>, is_export: bool) {
        if name != "self" {
            path.push(name);
        }
        let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
        self.bindings.push(Binding { name, path, is_export });
    }

    /// Finds paths among the arguments of a macro.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        let mut after_dot = false;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 || path.is_empty() {
                        self.end_path(&mut path);
                    }
                    if !after_dot {
                        path.push(name.to_string());
                    }
                    (colons, after_dot) = (0, false);
                }
                TokenTree::Punct(sign) if sign.as_char() == ':' => colons += 1,
                other => {
                    self.end_path(&mut path);
                    (colons, after_dot) = (0, matches!(&other, TokenTree::Punct(sign) if sign.as_char() == '.'));
                    if let TokenTree::Group(group) = other {
                        self.add_tokens(group.stream());
                    }
                }
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Vec<String>) {
        if !path.is_empty() {
            self.paths.push(std::mem::take(path));
        }
    }
}

/// Reads the items of one module, but not those of modules in it.
pub(super) fn uses(items: &[Item]) -> Uses {
    let mut uses = Uses::default();
    items.iter().filter(|item| !matches!(item, Item::Mod(_))).for_each(|item| uses.visit_item(item));
    uses
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item(&mut self, item: &'ast Item) {
        if !syntax::is_test(syntax::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !syntax::is_test(syntax::impl_attributes(item)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.add_tree(&item.tree, Vec::new(), !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none() {
            self.paths.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_code_and_in_macros() {
        let file = syn::parse_file(
            "use a::{b, c as d, e::{self, f}}; pub use g::h; use i::*; #[k] pub(crate) fn l(x: m::N) { o!(x.p, q::r(s), ::t); }",
        );
        let uses = uses(&file.unwrap().items);
        let names: Vec<&str> = uses.bindings.iter().map(|binding| binding.name.as_str()).collect();
        assert_eq!(names, ["b", "d", "e", "f", "h"]);
        let paths: Vec<String> = uses.paths().map(|path| path.join("::")).collect();
        assert_eq!(paths, ["m::N", "o", "x", "q::r", "s", "t", "a::b", "a::c", "a::e", "a::e::f"]);
        assert_eq!(uses.globs, [["i"]]);
    }
}
