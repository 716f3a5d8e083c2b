//! Go modules as a frozen input: a module cache from `go mod download`, less what varies from day to day.
//!
//! Kept: the extracted modules and, under `cache/download`, the `.mod`, `.zip` and `.ziphash` files, which `go.sum` pins.
//! Dropped: `.info` (holds the version control's view, which a proxy may word differently), `list` (grows with every
//! release), `.lock` and `.partial` files, and the checksum database's cache.

use std::collections::BTreeSet;

use crate::frozen::read_source::ReadSource;
use rcrepro_format::go::go_local;
use rcrepro_model::execution::fault::{Fault, below, follow};

/// The files of the client's lock, relative to the module's folder; a module that requires nothing has no `go.sum`.
pub const LOCK_FILES: [&str; 2] = ["go.mod", "go.sum"];
/// The shell line of the network step.
pub const LINE: &str = "GOMODCACHE=/work/modcache GOFLAGS=-modcacherw GOTOOLCHAIN=local go mod download";
/// What the step yields, relative to its working directory.
pub const OUTPUT: &str = "modcache";

/// Tells whether the sums of a module are needed: whether anything is fetched for this `go.mod`.
#[must_use]
pub fn needs_sums(go_mod: &str) -> bool {
    !go_local::required_from_elsewhere(go_mod).is_empty()
}

/// Lists the `go.mod` of each module in the source that replaces one that is required, by its path in the source.
#[must_use]
pub fn beside(go_mod: &str, folder: &str) -> BTreeSet<String> {
    let replaced = go_local::replaced(go_mod).into_iter();
    replaced.filter_map(|one| follow(folder, &one.folder)).map(|folder| below(&folder, LOCK_FILES[0])).collect()
}

/// A `go.work` that is heeded in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoWorkspace {
    /// The folder of the `go.work`; empty for the source's root.
    pub folder: String,
    /// The folders of its modules in the source, in its order.
    pub modules: Vec<String>,
    /// The folders that replace modules for the whole workspace.
    pub replaced: Vec<String>,
}

/// Finds the nearest `go.work` in a folder or above it; none where it names no module but that of the folder, which `go` would
/// see without it. `text` gives a file's text, an empty one where it is not known.
///
/// # Errors
/// What `text` fails with.
pub fn workspace<E>(folder: &str, text: &dyn Fn(&str) -> Result<Option<String>, E>) -> Result<Option<GoWorkspace>, E> {
    let above = std::iter::successors(Some(folder), |at| match at.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None => (!at.is_empty()).then_some(""),
    });
    for at in above {
        let Some(work) = text(&below(at, "go.work"))? else { continue };
        let used: Vec<Option<String>> = go_local::used(&work).iter().map(|(_, used)| follow(at, used)).collect();
        if used.iter().all(|module| module.as_deref() == Some(folder)) {
            return Ok(None);
        }
        let replaced = go_local::folders(&work).iter().filter_map(|folder| follow(at, folder)).collect();
        return Ok(Some(GoWorkspace {
            folder: at.to_owned(),
            modules: used.into_iter().flatten().collect(),
            replaced,
        }));
    }
    Ok(None)
}

/// Says what of a module's folder the step would miss: modules in folders that are not in the source, and a `go.work` that does not
/// have the folder's own, unless its commands are `alone`.
///
/// # Errors
/// What `read` fails with.
pub fn judge<E>(folder: &str, alone: bool, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    let mut faults = Vec::new();
    let text = |path: &str| Ok(read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    let work = if alone { None } else { workspace(folder, &text)? };
    let mut folders = vec![folder.to_owned()];
    if let Some(work) = &work {
        faults.extend(misfits(folder, work, read)?);
        folders.extend(work.modules.iter().filter(|module| *module != folder).cloned());
    }
    for folder in &folders {
        faults.extend(absent(folder, &text)?);
    }
    Ok(faults)
}

/// Says which folders that replace modules of this one are not in the source.
fn absent<E>(folder: &str, text: &dyn Fn(&str) -> Result<Option<String>, E>) -> Result<Vec<Fault>, E> {
    let mut faults = Vec::new();
    let path = below(folder, LOCK_FILES[0]);
    for one in go_local::replaced(&text(&path)?.unwrap_or_default()) {
        let replaced = format!("`replace {} => {}`", one.module, one.folder);
        let says = match follow(folder, &one.folder) {
            None => format!("{replaced} leaves the source, which is all that a step and a command are given"),
            Some(at) if text(&below(&at, LOCK_FILES[0]))?.is_none() => {
                format!("{replaced}: the source has no `{}`", below(&at, LOCK_FILES[0]))
            }
            Some(_) => continue,
        };
        let hint = "commit that module to this repository, or require a published version of it";
        faults.push(Fault::of_file(path.clone(), says).at(one.line).hint(hint));
    }
    Ok(faults)
}

/// Says where a workspace does not fit the source.
fn misfits<E>(folder: &str, work: &GoWorkspace, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    let mut faults = Vec::new();
    let path = below(&work.folder, "go.work");
    let text = read(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    for (line, used) in go_local::used(&text) {
        let says = match follow(&work.folder, &used) {
            None => format!("`use {used}` leaves the source, which is all that a step and a command are given"),
            Some(at) if read(&below(&at, LOCK_FILES[0]))?.is_none() => {
                format!("`use {used}`: the source has no `{}`", below(&at, LOCK_FILES[0]))
            }
            Some(_) => continue,
        };
        let hint =
            "commit that module to this repository, or keep `go` from the workspace in each command: GOWORK=off go …";
        faults.push(Fault::of_file(path.clone(), says).at(line).hint(hint));
    }
    let is_module = read(&below(folder, LOCK_FILES[0]))?.is_some();
    if is_module && !work.modules.iter().any(|module| module == folder) {
        let own = if folder.is_empty() { "." } else { folder };
        let says = format!("the workspace does not use the module in `{own}`, and `go` refuses to work there");
        let hint = "go work use it, or keep `go` from the workspace in each command: GOWORK=off go …";
        faults.push(Fault::of_file(path, says).hint(hint));
    }
    Ok(faults)
}

/// Tells whether a path of the module cache is part of the frozen tree.
#[must_use]
pub fn keep(path: &str) -> bool {
    let Some(download) = path.strip_prefix("cache/") else { return true };
    let Some(file) = download.strip_prefix("download/") else { return false };
    let name = file.rsplit('/').next().unwrap_or(file);
    !file.starts_with("sumdb/")
        && file.contains("/@v/")
        && [".mod", ".zip", ".ziphash"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;

    fn faults(folder: &str, alone: bool, source: &[(&str, &str)]) -> Vec<String> {
        let source: BTreeMap<&str, &str> = source.iter().copied().collect();
        let read = |path: &str| Ok::<_, Infallible>(source.get(path).map(|text| text.as_bytes().to_vec()));
        let Ok(found) = judge(folder, alone, &read);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn folders_that_replace_modules_have_to_be_in_the_source() {
        let text = |folder: &str| format!("module m\nrequire x.example/x v0.0.0\nreplace x.example/x => {folder}\n");
        let inside = text("../lib");
        let lib = ("lib/go.mod", "module x.example/x\n");
        assert_eq!(faults("a", false, &[("a/go.mod", &inside), lib]), Vec::<String>::new());
        let gone = faults("a", false, &[("a/go.mod", &inside)]);
        assert_eq!(gone, ["a/go.mod:3: `replace x.example/x => ../lib`: the source has no `lib/go.mod`"]);
        for outside in ["../../lib", "/lib"] {
            let found = faults("a", false, &[("a/go.mod", &text(outside)), lib]);
            assert!(found[0].starts_with("a/go.mod:3: ") && found[0].contains("leaves the source"), "{found:?}");
        }
    }

    #[test]
    fn a_workspace_has_to_fit_the_source() {
        let (a, b) = (("a/go.mod", "module m\n"), ("b/go.mod", "module n\n"));
        let both = ("go.work", "go 1.26\nuse (\n\t./a\n\t./b\n)\n");
        assert!(faults("a", false, &[a, b, both]).is_empty(), "all of it is there");
        let gone = faults("a", false, &[a, both]);
        assert_eq!(gone, ["go.work:4: `use ./b`: the source has no `b/go.mod`"]);
        let other = faults("a", false, &[a, b, ("go.work", "use ./b\n")]);
        assert!(other[0].starts_with("go.work: the workspace does not use the module in `a`"), "{other:?}");
        assert!(faults("a", true, &[a, ("go.work", "use ./b\n")]).is_empty(), "no command heeds it");
        assert!(faults("a", false, &[a, ("go.work", "use ./a\n")]).is_empty(), "only the module itself");
        let nearer = [a, ("a/go.work", "use .\n"), ("go.work", "use ./b\n")];
        assert!(faults("a", false, &nearer).is_empty(), "the nearest counts");
        let outside = faults("", false, &[("go.mod", "module m\n"), ("go.work", "use (\n.\n../b\n)\n")]);
        assert!(outside[0].starts_with("go.work:3: `use ../b` leaves the source"), "{outside:?}");
        let lost = ("b/go.mod", "module n\nrequire x.example/x v0.0.0\nreplace x.example/x => ../x\n");
        assert!(faults("a", false, &[a, lost, both])[0].starts_with("b/go.mod:3: "), "another module's");
    }

    #[test]
    fn only_what_no_folder_replaces_needs_sums() {
        assert!(!needs_sums("module m\n"));
        assert!(!needs_sums("module m\nrequire x.example/x v0.0.0\nreplace x.example/x => ./x\n"));
        assert!(needs_sums("module m\nrequire x.example/x v0.0.0\n"));
    }

    #[test]
    fn keeps_what_go_sum_pins_and_drops_what_varies() {
        for kept in [
            "example.com/m@v1.0.0/m.go",
            "cache/download/example.com/m/@v/v1.0.0.mod",
            "cache/download/example.com/m/@v/v1.0.0.zip",
            "cache/download/example.com/m/@v/v1.0.0.ziphash",
        ] {
            assert!(keep(kept), "{kept}");
        }
        for dropped in [
            "cache/lock",
            "cache/download/example.com/m/@v/v1.0.0.info",
            "cache/download/example.com/m/@v/v1.0.0.lock",
            "cache/download/example.com/m/@v/list",
            "cache/download/sumdb/x/@v/y.mod",
            "cache/vcs/abc/info",
        ] {
            assert!(!keep(dropped), "{dropped}");
        }
    }
}
