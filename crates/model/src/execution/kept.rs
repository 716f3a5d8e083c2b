//! What a command adds to a frozen build cache, as an output that the commands that need it go on from.
//!
//! A plan declares it by the path at which commands see the cache, `/deps/NAME`. That is outside of the source, where tree paths
//! do not lead, so that results, entries and manifests name it by a path that no source has: `.rcrepro/deps/NAME`. REAPI
//! messages spell it relative to the working directory: `../deps/NAME`.

use crate::content::name::{Name, TreePath};

/// The folder of an input root that holds the frozen inputs.
const FROZEN: &str = "deps";
/// The folder of such outputs, below the source's root; nothing is ever laid there.
pub const RESERVED: &str = ".rcrepro";

/// Returns the path by which results name what a command adds to a frozen input.
#[must_use]
pub fn output(name: &Name) -> TreePath {
    format!("{RESERVED}/{FROZEN}/{name}").parse().expect("a name is one segment")
}

/// Returns the frozen input that an output was added to; none for an output that lies in the source.
#[must_use]
pub fn frozen(output: &TreePath) -> Option<Name> {
    let name = output.as_str().strip_prefix(RESERVED)?.strip_prefix('/')?.strip_prefix(FROZEN)?.strip_prefix('/')?;
    name.parse().ok()
}

/// Returns the frozen input that a plan means by an output at this path, which is how commands see it: `/deps/NAME`.
#[must_use]
pub fn declared(path: &str) -> Option<Name> {
    path.strip_prefix('/')?.strip_prefix(FROZEN)?.strip_prefix('/')?.parse().ok()
}

/// Returns where an output is in the input root.
#[must_use]
pub fn place(working_directory: &TreePath, output: &TreePath) -> TreePath {
    match frozen(output) {
        Some(name) => root(&name),
        None => working_directory.join(output),
    }
}

/// Returns where a frozen input is in the input root.
#[must_use]
pub fn root(name: &Name) -> TreePath {
    format!("{FROZEN}/{name}").parse().expect("a name is one segment")
}

/// Spells an output for a REAPI message.
#[must_use]
pub fn spelled(output: &TreePath) -> String {
    match frozen(output) {
        Some(name) => format!("../{}", root(&name)),
        None => output.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_to_a_frozen_input_has_a_path_of_its_own() {
        let name: Name = "gocache".parse().expect("a name");
        let kept = output(&name);
        assert_eq!((kept.as_str(), frozen(&kept)), (".rcrepro/deps/gocache", Some(name.clone())));
        assert_eq!((declared("/deps/gocache"), spelled(&kept).as_str()), (Some(name), "../deps/gocache"));
        let work: TreePath = "a/work".parse().expect("a path");
        assert_eq!(place(&work, &kept).as_str(), "deps/gocache");
    }

    #[test]
    fn any_other_output_is_where_the_command_runs() {
        let work: TreePath = "work".parse().expect("a path");
        for path in ["deps/gocache", ".rcrepro/deps", ".rcrepro/deps/a/b", ".rcrepro/depsx/a", "x/.rcrepro/deps/a"] {
            let output: TreePath = path.parse().expect("a path");
            assert_eq!((frozen(&output), spelled(&output)), (None, path.to_owned()));
            assert_eq!(place(&work, &output).as_str(), format!("work/{path}"));
        }
        for path in ["deps/a", "/deps", "/deps/", "/deps/a/b", "/deps/..", "/work/deps/a"] {
            assert_eq!(declared(path), None, "{path}");
        }
    }
}
