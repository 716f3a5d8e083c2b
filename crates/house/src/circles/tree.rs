//! The modules of every package, as `mod` declarations make them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::uses::{Uses, uses};
use crate::sources::RustFile;
use crate::syntax;

/// Every module that is not for tests.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
}

/// A module: a file, or a part of one in braces.
pub(super) struct Module {
    pub(super) parent: Option<usize>,
    pub(super) children: BTreeMap<String, usize>,
    /// In [`crate::sources::Repository::rust`].
    pub(super) file: usize,
    /// Names of the items that are defined here.
    pub(super) items: BTreeSet<String>,
    pub(super) uses: Uses,
}

/// Where a module's text lies, while the tree grows.
struct Site<'a> {
    file: usize,
    items: &'a [Item],
    /// Where files of its children lie.
    folder: PathBuf,
}

impl Tree {
    /// Follows the `mod` declarations from each `lib.rs` and `main.rs`.
    pub(super) fn of(files: &[RustFile]) -> Self {
        let by_path: BTreeMap<&Path, usize> =
            files.iter().enumerate().map(|(index, file)| (Path::new(&file.path), index)).collect();
        let mut tree = Self::default();
        for (file, source) in files.iter().enumerate().filter(|(_, source)| !source.test && is_root(&source.path)) {
            let site = Site { file, items: &source.syntax.items, folder: source.children_folder() };
            tree.grow(None, &site, files, &by_path);
        }
        tree
    }

    fn grow(
        &mut self,
        parent: Option<usize>,
        site: &Site<'_>,
        files: &[RustFile],
        by_path: &BTreeMap<&Path, usize>,
    ) -> usize {
        let index = self.modules.len();
        self.modules.push(Module {
            parent,
            children: BTreeMap::new(),
            file: site.file,
            items: site.items.iter().filter_map(item_name).collect(),
            uses: uses(site.items),
        });
        for item in site.items {
            let Item::Mod(module) = item else { continue };
            if syntax::is_test(&module.attrs) {
                continue;
            }
            if let Some(site) = child_site(module, site, files, by_path) {
                let child = self.grow(Some(index), &site, files, by_path);
                self.modules[index].children.insert(module.ident.to_string(), child);
            }
        }
        index
    }
}

fn is_root(path: &str) -> bool {
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs")
}

fn child_site<'a>(
    module: &'a ItemMod,
    parent: &Site<'_>,
    files: &'a [RustFile],
    by_path: &BTreeMap<&Path, usize>,
) -> Option<Site<'a>> {
    let name = module.ident.to_string();
    if let Some((_, items)) = &module.content {
        return Some(Site { file: parent.file, items, folder: parent.folder.join(name) });
    }
    let candidates = match path_attribute(module) {
        Some(path) => vec![Path::new(&files[parent.file].path).with_file_name(path)],
        None => vec![parent.folder.join(format!("{name}.rs")), parent.folder.join(&name).join("mod.rs")],
    };
    let file = candidates.iter().find_map(|path| by_path.get(path.as_path()).copied())?;
    Some(Site { file, items: &files[file].syntax.items, folder: files[file].children_folder() })
}

fn path_attribute(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) => Some(path.value()),
            _ => None,
        },
        _ => None,
    })
}

fn item_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
