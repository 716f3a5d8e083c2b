//! To what a path leads, as far as this can be told from names.

use super::tree::Tree;

/// A chain of re-exports longer than this is a circle of re-exports.
const LONGEST_CHAIN: usize = 16;

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A module, by its place in the tree.
    Module(usize),
    /// An item, by the file that defines it.
    Item(usize),
}

/// Follows `path` from a module; `None` for names of other crates and for local ones.
pub(super) fn lookup_path(tree: &Tree, module: usize, path: &[String]) -> Option<Found> {
    Lookup { tree }.path(module, path, true, 0)
}

struct Lookup<'a> {
    tree: &'a Tree,
}

impl Lookup<'_> {
    /// `ends` tells that nothing follows the path, so that a function is meant rather than a module of the same name.
    fn path(&self, module: usize, path: &[String], ends: bool, depth: usize) -> Option<Found> {
        let mut found = Found::Module(module);
        for (index, name) in path.iter().enumerate() {
            let Found::Module(module) = found else { return Some(found) };
            let ends = ends && index + 1 == path.len();
            found = match name.as_str() {
                "crate" => Found::Module(self.root(module)),
                "self" => found,
                "super" => Found::Module(self.tree.modules[module].parent?),
                name => self.name(module, name, ends, depth)?,
            };
        }
        Some(found)
    }

    fn root(&self, module: usize) -> usize {
        self.tree.modules[module].parent.map_or(module, |parent| self.root(parent))
    }

    fn name(&self, module: usize, name: &str, ends: bool, depth: usize) -> Option<Found> {
        if depth > LONGEST_CHAIN {
            return None;
        }
        let scope = &self.tree.modules[module];
        let child = scope.children.get(name).map(|child| Found::Module(*child));
        let item = scope.items.contains(name).then_some(Found::Item(scope.file));
        let defined = if ends { item.or(child) } else { child.or(item) };
        let used = scope.uses.bindings.iter().filter(|binding| binding.name == name);
        let mut used = used.filter_map(|binding| self.path(module, &binding.path, ends, depth + 1));
        // A function and a module of one name: what ends a path is the function, which may come from elsewhere.
        let mut bound = || used.next();
        match defined {
            Some(Found::Module(_)) if ends => bound().or(defined),
            Some(_) => defined,
            None => bound().or_else(|| self.globs(module, name, ends, depth)),
        }
    }

    fn globs(&self, module: usize, name: &str, ends: bool, depth: usize) -> Option<Found> {
        self.tree.modules[module].uses.globs.iter().find_map(|path| {
            match self.path(module, path, false, depth + 1)? {
                Found::Module(other) if other != module => self.name(other, name, ends, depth + 1),
                _ => None,
            }
        })
    }
}
