//! One word, one thing: the names of public types.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Ident, Item, Visibility};

use crate::check::Figure;
use crate::settings::{self, HouseRules};
use crate::sources::Repository;
use crate::syntax;

/// The number of names that more than one public type of the workspace has; tests do not count.
#[must_use]
pub fn check(sources: &Repository, settings: &HouseRules) -> Figure {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in sources.code() {
        let mut types = PublicTypes(Vec::new());
        types.visit_file(&file.syntax);
        for name in types.0 {
            let place = format!("{}:{}", file.path, name.span().start().line);
            names.entry(name.to_string()).or_default().push(place);
        }
    }
    names.retain(|name, places| places.len() > 1 && !settings::is_excepted(&settings.type_names, name));
    Figure {
        name: "public type names used twice".into(),
        figure: names.len(),
        limit: settings.ratchets.type_names,
        goal: 0,
        places: names.into_iter().map(|(name, places)| format!("{name}: {}", places.join(", "))).collect(),
    }
}

struct PublicTypes(Vec<Ident>);

impl<'ast> Visit<'ast> for PublicTypes {
    fn visit_item(&mut self, item: &'ast Item) {
        if syntax::is_test(syntax::attributes(item)) {
            return;
        }
        let named = match item {
            Item::Enum(item) => Some((&item.vis, &item.ident)),
            Item::Struct(item) => Some((&item.vis, &item.ident)),
            Item::Trait(item) => Some((&item.vis, &item.ident)),
            Item::Type(item) => Some((&item.vis, &item.ident)),
            Item::Union(item) => Some((&item.vis, &item.ident)),
            _ => None,
        };
        if let Some((Visibility::Public(_), name)) = named {
            self.0.push(name.clone());
        }
        visit::visit_item(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Exception;
    use crate::sources::samples;

    #[test]
    fn a_name_used_twice_goes_red() {
        let mut settings = HouseRules::committed().unwrap();
        settings.ratchets.type_names = 0;
        let sources = samples::rust(&[
            ("src/a.rs", "pub struct Retry; struct Private; #[cfg(test)] mod tests { pub struct Other; }"),
            ("src/b.rs", "mod inner { pub enum Retry {} } struct Private; pub type Other = u8;"),
        ]);
        let red = check(&sources, &settings);
        assert_eq!(red.places, ["Retry: src/a.rs:1, src/b.rs:1"]);
        assert!(!red.holds());
        settings.type_names.push(Exception { name: "Retry".into(), reason: String::new() });
        assert!(check(&sources, &settings).holds());
    }
}
