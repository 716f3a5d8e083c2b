//! Small questions about parsed Rust that several checks ask.

use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, ImplItem, Item, Lit, Meta};

/// Whether an item is compiled for tests only: `#[cfg(test)]`, `#[test]` or `#[tokio::test]`.
#[must_use]
pub fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| match &attr.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        meta => meta.path().segments.last().is_some_and(|last| last.ident == "test"),
    })
}

/// The attributes of an item; none for items that have no place for them.
#[must_use]
pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The attributes of an item of an `impl`.
#[must_use]
pub fn impl_attributes(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Fn(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        ImplItem::Macro(item) => &item.attrs,
        _ => &[],
    }
}

/// First and last line of a piece of syntax, its attributes included.
#[must_use]
pub fn lines(syntax: &impl Spanned) -> (usize, usize) {
    let span = syntax.span();
    (span.start().line, span.end().line)
}

/// The doc comment in `attrs`: the line on which it begins, and its text with one line per line of the source.
#[must_use]
pub fn doc_comment(attrs: &[Attribute]) -> Option<(usize, String)> {
    let mut first = None;
    let mut lines = Vec::new();
    for attr in attrs {
        if let Some((line, text)) = doc_line(attr) {
            first.get_or_insert(line);
            lines.push(text);
        }
    }
    first.map(|line| (line, lines.join("\n")))
}

/// The line and the text of one `///` or `//!`.
#[must_use]
pub fn doc_line(attr: &Attribute) -> Option<(usize, String)> {
    match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some((text.span().start().line, text.value())),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_by_their_attributes() {
        let tested = |text: &str| is_test(&syn::parse_str::<syn::ItemFn>(text).unwrap().attrs);
        assert!(tested("#[cfg(test)] fn a() {}") && tested("#[test] fn a() {}"));
        assert!(tested("#[tokio::test] async fn a() {}"));
        assert!(!tested("#[cfg(unix)] fn a() {}") && !tested("#[must_use] fn a() {}"));
    }

    #[test]
    fn a_doc_comment_keeps_its_lines() {
        let item: syn::ItemFn = syn::parse_str("\n/// One\n/// two.\nfn a() {}").unwrap();
        assert_eq!(doc_comment(&item.attrs), Some((2, " One\n two.".to_owned())));
        assert_eq!(lines(&item), (2, 4));
    }
}
