//! Circles between the files of a package.
//!
//! A file uses another one when it names an item that is defined there: by a private `use`, or by a path in its code or in
//! the arguments of a macro. `mod a;` and re-exports (`pub use`, `pub(crate) use`, …) do not count, and a path that goes
//! through a re-export leads to the file of the definition. So a folder's `mod.rs` that declares and re-exports its
//! children is in no circle with them; it is in one when its own code uses an item of a child that uses an item of its own.
//! Methods, and items that macros define, are not seen. Tests do not count.
//!
//! A child that uses what the module around it defines is the milder case: the two are read together. So the figure is
//! taken twice, once without these arrows (circles across), once with all of them.

mod arrows;
mod names;
mod tree;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Figure;
use crate::settings::{self, HouseRules};
use crate::sources::Repository;
use arrows::Arrows;
use tree::Tree;

/// The number of files that are part of a circle: once without what a file uses of the modules around it, once with it.
#[must_use]
pub fn checks(sources: &Repository, settings: &HouseRules) -> [Figure; 2] {
    let tree = Tree::of(&sources.rust);
    let mut arrows = arrows::arrows(&tree);
    let excepted = |file: usize| settings::is_excepted(&settings.circles, &sources.rust[file].path);
    arrows.retain(|(from, to), _| !excepted(*from) && !excepted(*to));
    let mut across = arrows.clone();
    let upwards = arrows::upwards(&tree);
    across.retain(|arrow, _| !upwards.contains(arrow));
    let check = |name: &str, arrows: &Arrows, limit| {
        let circles = circles(arrows);
        Figure {
            name: name.into(),
            figure: circles.iter().map(BTreeSet::len).sum(),
            limit,
            goal: 0,
            places: circles.iter().flat_map(|circle| describe(circle, arrows, sources)).collect(),
        }
    };
    [
        check("files in circles across", &across, settings.ratchets.circles_across),
        check("files in circles", &arrows, settings.ratchets.circles),
    ]
}

/// The strongly connected components of more than one file, the largest first.
fn circles(arrows: &Arrows) -> Vec<BTreeSet<usize>> {
    let files: BTreeSet<usize> = arrows.keys().flat_map(|(from, to)| [*from, *to]).collect();
    let reach: BTreeMap<usize, BTreeSet<usize>> = files.iter().map(|file| (*file, reachable(*file, arrows))).collect();
    let component = |file: &usize| -> BTreeSet<usize> {
        reach[file].iter().filter(|other| reach[other].contains(file)).copied().collect()
    };
    let components: BTreeSet<BTreeSet<usize>> = files.iter().map(component).filter(|files| files.len() > 1).collect();
    let mut components: Vec<_> = components.into_iter().collect();
    components.sort_by_key(|files| std::cmp::Reverse(files.len()));
    components
}

fn reachable(start: usize, arrows: &Arrows) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut next = vec![start];
    while let Some(file) = next.pop() {
        let targets = arrows.range((file, 0)..(file + 1, 0)).map(|((_, to), _)| *to);
        next.extend(targets.filter(|to| found.insert(*to)));
    }
    found
}

fn describe(circle: &BTreeSet<usize>, arrows: &Arrows, sources: &Repository) -> Vec<String> {
    let path = |file: &usize| sources.rust[*file].path.as_str();
    let mut lines = vec![format!("a circle of {} files:", circle.len())];
    let inside = arrows.iter().filter(|((from, to), _)| circle.contains(from) && circle.contains(to));
    lines.extend(inside.map(|((from, to), names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("  {} -> {} ({})", path(from), path(to), names.join(", "))
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Exception;
    use crate::sources::samples;

    fn circle(files: &[(&str, &str)]) -> Figure {
        let mut settings = HouseRules::committed().unwrap();
        settings.ratchets.circles = 0;
        let [_, all] = checks(&samples::rust(files), &settings);
        all
    }

    #[test]
    fn siblings_that_use_each_other_go_red() {
        let root = ("src/lib.rs", "mod a; mod b; mod c;");
        let a = ("src/a.rs", "use crate::b::B; pub struct A(B);");
        let c = ("src/c.rs", "fn c(a: super::a::A) {}");
        assert!(circle(&[root, a, c, ("src/b.rs", "pub struct B;")]).holds());
        let red = circle(&[root, a, c, ("src/b.rs", "pub struct B; fn b() { println!(\"{}\", crate::a::A); }")]);
        assert!(!red.holds());
        assert_eq!(red.places, ["a circle of 2 files:", "  src/a.rs -> src/b.rs (B)", "  src/b.rs -> src/a.rs (A)"]);
    }

    #[test]
    fn a_parent_that_only_declares_and_exports_is_in_no_circle() {
        let child = ("src/a/b.rs", "use super::{A, Other}; pub struct B(A, Other);");
        let other = ("src/a/other.rs", "pub struct Other;");
        let root = ("src/lib.rs", "mod a;");
        let parent = "mod b; mod other; pub use b::B; pub(crate) use self::other::Other; pub struct A;";
        assert!(circle(&[root, ("src/a/mod.rs", parent), child, other]).holds());
        let using = format!("{parent} fn f(b: B) {{}}");
        let files = [root, ("src/a/mod.rs", &using), child, other];
        assert_eq!(circle(&files).figure, 2);
        let [across, _] = checks(&samples::rust(&files), &HouseRules::committed().unwrap());
        assert_eq!(across.figure, 0, "what a child uses of its parent does not count here");
    }

    #[test]
    fn a_path_through_an_export_leads_to_the_definition() {
        let files = [
            ("src/lib.rs", "mod a; mod d;"),
            ("src/a/mod.rs", "mod b; mod c; pub use b::*; pub use c::C;"),
            ("src/a/b.rs", "use crate::a; pub struct B(a::C);"),
            ("src/a/c.rs", "use super::B; pub struct C(Box<B>);"),
            ("src/d.rs", "use crate::a::B; fn d(b: B) {}"),
        ];
        let red = circle(&files);
        assert_eq!(red.places[1..], ["  src/a/b.rs -> src/a/c.rs (C)", "  src/a/c.rs -> src/a/b.rs (B)"]);
    }

    #[test]
    fn tests_and_exceptions_do_not_count() {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "use crate::b::B; pub struct A(B);"),
            ("src/b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        ];
        assert!(circle(&files).holds());
        let files = [files[0], files[1], ("src/b.rs", "use crate::a::A; pub struct B(A);")];
        let mut settings = HouseRules::committed().unwrap();
        settings.circles.push(Exception { name: "src/b.rs".into(), reason: String::new() });
        assert_eq!(checks(&samples::rust(&files), &settings).map(|check| check.figure), [0, 0]);
    }
}
