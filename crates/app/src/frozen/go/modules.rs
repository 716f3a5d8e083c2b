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

/// Says what of a module's folder the step would miss: modules in folders that are not in the source, and a `go.work` that
/// names further modules, unless its commands are `alone`.
///
/// # Errors
/// What `read` fails with.
pub fn judge<E>(folder: &str, alone: bool, read: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    let mut faults = Vec::new();
    let path = below(folder, LOCK_FILES[0]);
    let text = |path: &str| Ok(read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    for one in go_local::replaced(&text(&path)?.unwrap_or_default()) {
        let replaced = format!("`replace {} => {}`", one.module, one.folder);
        let says = match follow(folder, &one.folder) {
            None => format!("{replaced} leaves the source, which is all that a step and a command are given"),
            Some(at) if read(&below(&at, LOCK_FILES[0]))?.is_none() => {
                format!("{replaced}: the source has no `{}`", below(&at, LOCK_FILES[0]))
            }
            Some(_) => continue,
        };
        let hint = "commit that module to this repository, or require a published version of it";
        faults.push(Fault::of_file(path.clone(), says).at(one.line).hint(hint));
    }
    if !alone {
        faults.extend(workspace(folder, &text)?);
    }
    Ok(faults)
}

/// Says what a `go.work` in the folder or above it names beyond the folder's own module.
fn workspace<E>(folder: &str, text: &dyn Fn(&str) -> Result<Option<String>, E>) -> Result<Option<Fault>, E> {
    let above = std::iter::successors(Some(folder), |at| match at.rsplit_once('/') {
        Some((above, _)) => Some(above),
        None => (!at.is_empty()).then_some(""),
    });
    for at in above {
        let path = below(at, "go.work");
        // The nearest one counts.
        let Some(work) = text(&path)? else { continue };
        let used = go_local::used(&work);
        let others: Vec<_> = used.iter().filter(|(_, used)| follow(at, used).as_deref() != Some(folder)).collect();
        let Some((line, _)) = others.first() else { return Ok(None) };
        let named: Vec<&str> = others.iter().map(|(_, used)| used.as_str()).collect();
        let own = if folder.is_empty() { "." } else { folder };
        let says = format!(
            "a workspace with the modules {}: the step fetches for the module in `{own}` alone, and `go` would ask for all",
            named.join(", ")
        );
        let hint = "workspaces are not supported yet; keep `go` from it in each command: GOWORK=off go …";
        return Ok(Some(Fault::of_file(path, says).at(*line).hint(hint)));
    }
    Ok(None)
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
    fn workspaces_are_refused_where_they_name_more_than_the_module() {
        let module = ("a/go.mod", "module m\n");
        let found = faults("a", false, &[module, ("go.work", "go 1.26\nuse (\n\t./a\n\t./b\n)\n")]);
        assert!(found[0].starts_with("go.work:4: a workspace with the modules ./b:"), "{found:?}");
        assert!(faults("a", true, &[module, ("go.work", "use ./b\n")]).is_empty(), "no command heeds it");
        assert!(faults("a", false, &[module, ("go.work", "use ./a\n")]).is_empty(), "only the module itself");
        let nearer = [module, ("a/go.work", "use .\n"), ("go.work", "use ./b\n")];
        assert!(faults("a", false, &nearer).is_empty(), "the nearest counts");
        assert_eq!(faults("", false, &[("go.mod", "module m\n"), ("go.work", "use ./b\n")]).len(), 1);
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
