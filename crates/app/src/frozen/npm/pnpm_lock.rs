//! `pnpm-lock.yaml` of the versions 6 and 9: the tarballs that it names by integrity, and what no registry serves.
//!
//! Source: pnpm's specification of the lock. `packages` has one entry per package, `NAME@VERSION` (with a `/` before it in
//! version 6), `resolution` says where it comes from. Whether a package is optional, version 9 says in `snapshots`.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{NO_PACKAGE, has_checksum};
use super::tarball_lock::{LockedTarball, PUBLISHED, TarballLock, TargetPlatform};
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_model::execution::fault::follow;
use rcrepro_pins::syntax::yaml;

/// The files of the client's lock, relative to the package's folder.
pub const LOCK_FILES: [&str; 2] = ["package.json", "pnpm-lock.yaml"];

const WITHOUT_ADDRESSES: &str =
    "write the lock without addresses: pnpm install --lockfile-only --config.lockfile-include-tarball-url=false";
const OF_THE_IMAGE: &str = "let the image bring that program, and remove it from the dependencies";
const REWRITE: &str = "remove the entry and write it anew: pnpm install --lockfile-only";

/// Reads the lock of a folder.
///
/// # Errors
/// The reason, in words, when it is not a lock of version 6 or 9.
pub fn read(text: &str, platform: TargetPlatform, folder: &str) -> Result<TarballLock, String> {
    let documents = yaml::documents(text).map_err(|error| format!("line {}: {error}", error.line))?;
    let mut found = TarballLock::default();
    for document in &documents {
        let Some(form) = document.get("lockfileVersion").and_then(SyntaxNode::text) else { continue };
        if !["6.", "9."].iter().any(|known| form.starts_with(known)) {
            return Err(format!("lockfileVersion is {form}"));
        }
        form.clone_into(&mut found.form);
        links(document, folder, &mut found);
        let may_be_left_out = optional(document);
        for (key, entry) in document.get("packages").map(SyntaxNode::pairs).unwrap_or_default() {
            let Some(id) = key.text().map(identity) else { continue };
            let left_out = may_be_left_out.contains(&id) && !fits(entry, platform);
            if !left_out {
                resolve((&id, folder), key.line, entry, &mut found);
            }
        }
    }
    if found.form.is_empty() {
        return Err("it has no lockfileVersion".to_owned());
    }
    found.sort();
    Ok(found)
}

/// Gives `NAME@VERSION` of a key, without the peers in brackets.
fn identity(key: &str) -> String {
    let key = key.strip_prefix('/').unwrap_or(key);
    key.split('(').next().unwrap_or(key).to_owned()
}

/// Lists the packages that are optional wherever they are installed.
fn optional(document: &SyntaxNode) -> BTreeSet<String> {
    let table = document.get("snapshots").or_else(|| document.get("packages"));
    let mut all: BTreeMap<String, bool> = BTreeMap::new();
    for (key, entry) in table.map(SyntaxNode::pairs).unwrap_or_default() {
        let Some(key) = key.text() else { continue };
        let optional = entry.get("optional").and_then(SyntaxNode::text) == Some("true");
        *all.entry(identity(key)).or_insert(true) &= optional;
    }
    all.into_iter().filter(|(_, optional)| *optional).map(|(id, _)| id).collect()
}

fn fits(entry: &SyntaxNode, platform: TargetPlatform) -> bool {
    ["os", "cpu", "libc"].into_iter().all(|key| {
        let list: Vec<&str> = entry
            .get(key)
            .map(|list| list.each().into_iter().filter_map(SyntaxNode::text).collect())
            .unwrap_or_default();
        platform.fits(key, &list)
    })
}

/// Judges the folders and files of the source that the packages of the workspace depend on.
fn links(document: &SyntaxNode, folder: &str, found: &mut TarballLock) {
    let importers = document.get("importers").map(SyntaxNode::pairs).unwrap_or_default();
    for (key, importer) in importers {
        let at = key.text().unwrap_or_default();
        match follow(folder, at) {
            Some(base) => links_of(importer, (folder, &base), found),
            None => found.keep_inside(key.line, at, (folder, at)),
        }
    }
    links_of(document, (folder, folder), found);
}

/// Judges those of one package; links are relative to it, files to the lock.
fn links_of(importer: &SyntaxNode, (folder, base): (&str, &str), found: &mut TarballLock) {
    for group in ["dependencies", "devDependencies", "optionalDependencies"] {
        for (name, dependency) in importer.get(group).map(SyntaxNode::pairs).unwrap_or_default() {
            let version = dependency.get("version").unwrap_or(dependency);
            let said = version.text().unwrap_or_default();
            let place = match (said.strip_prefix("link:"), said.strip_prefix("file:")) {
                (Some(path), _) => (base, path),
                (_, Some(path)) => (folder, path.split('(').next().unwrap_or(path)),
                _ => continue,
            };
            found.keep_inside(version.line, name.text().unwrap_or_default(), place);
        }
    }
}

fn resolve((id, folder): (&str, &str), line: usize, entry: &SyntaxNode, found: &mut TarballLock) {
    let of = |key: &str| entry.path(&["resolution", key]).and_then(SyntaxNode::text);
    let mut unserved = |says: String, hint| found.refuse(line, id, &says, hint);
    match (of("type"), of("tarball"), of("integrity")) {
        (Some("directory"), ..) => found.keep_inside(line, id, (folder, of("directory").unwrap_or_default())),
        (Some("git"), ..) => unserved("comes by git, and no registry has it".to_owned(), PUBLISHED),
        (Some(other), ..) => unserved(format!("is a program that pnpm fetches itself (`{other}`)"), OF_THE_IMAGE),
        // What lies in the source needs no registry.
        (None, Some(tarball), _) if tarball.starts_with("file:") => {
            found.keep_inside(line, id, (folder, &tarball["file:".len()..]));
        }
        (None, Some(tarball), Some(_)) if is_of_registry(id, tarball) => unserved(
            format!("is locked by the address of one registry (`{tarball}`), which pnpm would ask"),
            WITHOUT_ADDRESSES,
        ),
        (None, Some(tarball), _) => unserved(format!("comes from `{tarball}`, and no registry has it"), PUBLISHED),
        (None, None, Some(integrity)) => match id.rsplit_once('@') {
            Some(_) if !has_checksum(integrity) => {
                unserved(format!("has no usable `integrity`: expected `sha512-…`, found `{integrity}`"), REWRITE);
            }
            Some((name, version)) => {
                found.add(line, id, LockedTarball::of_registry(name, version, Some(integrity.to_owned())));
            }
            None => unserved(NO_PACKAGE.to_owned(), REWRITE),
        },
        (None, None, None) => unserved("has no `integrity`: expected `sha512-…`".to_owned(), REWRITE),
    }
}

/// Whether an address ends as a registry names the tarball of this package.
fn is_of_registry(id: &str, tarball: &str) -> bool {
    id.rsplit_once('@').is_some_and(|(name, version)| {
        let base = name.rsplit('/').next().unwrap_or(name);
        tarball.ends_with(&format!("/{base}-{version}.tgz"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: TargetPlatform = TargetPlatform { cpu: "x64" };
    const SHA: &str = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";

    fn names(lock: &TarballLock) -> Vec<(&str, &str)> {
        lock.tarballs.iter().map(|one| (one.name.as_str(), one.version.as_str())).collect()
    }

    #[test]
    fn packages_of_both_versions_are_read() {
        let nine = format!(
            "lockfileVersion: '9.0'\npackages:\n\n  '@s/b@2.0.0':\n    resolution: {{integrity: {SHA}}}\n\n  a@1.0.0:\n    \
             resolution: {{integrity: {SHA}}}\n    engines: {{node: '>=6'}}\nsnapshots:\n  '@s/b@2.0.0(a@1.0.0)':\n    \
             dependencies:\n      a: 1.0.0\n  a@1.0.0: {{}}\n"
        );
        let six = format!(
            "lockfileVersion: '6.0'\npackages:\n\n  /@s/b@2.0.0(a@1.0.0):\n    resolution: {{integrity: {SHA}}}\n    dev: true\n\n  \
             /a@1.0.0:\n    resolution: {{integrity: {SHA}}}\n"
        );
        for (text, form) in [(nine, "9.0"), (six, "6.0")] {
            let lock = read(&text, HERE, "").expect("a lock");
            assert_eq!(names(&lock), [("@s/b", "2.0.0"), ("a", "1.0.0")]);
            assert_eq!(lock.form, form);
            assert_eq!(lock.tarballs[0].file, "@s/b/-/b-2.0.0.tgz");
            assert_eq!(lock.tarballs[0].integrity.as_deref(), Some(SHA));
            assert!(lock.unserved.is_empty(), "{:?}", lock.unserved);
        }
    }

    #[test]
    fn only_optional_packages_of_other_platforms_are_left_out() {
        let entry =
            |name: &str, os: &str| format!("  {name}@1.0.0:\n    resolution: {{integrity: {SHA}}}\n    os: [{os}]\n");
        let text = format!(
            "lockfileVersion: '9.0'\npackages:\n{}{}{}snapshots:\n  here@1.0.0:\n    optional: true\n  far@1.0.0:\n    \
             optional: true\n  needed@1.0.0: {{}}\n",
            entry("far", "darwin"),
            entry("here", "linux"),
            entry("needed", "darwin"),
        );
        assert_eq!(names(&read(&text, HERE, "").expect("a lock")), [("here", "1.0.0"), ("needed", "1.0.0")]);
    }

    #[test]
    fn what_no_registry_serves_is_told_with_its_line() {
        let text = "lockfileVersion: '9.0'\npackages:\n  a@https://codeload.example/o/a/tar.gz/1:\n    resolution: {tarball: \
                    https://codeload.example/o/a/tar.gz/1}\n  b@1.0.0:\n    resolution: {type: git, repo: 'r', commit: '1'}\n  \
                    c@1.0.0:\n    resolution: {integrity: sha512-A, tarball: https://registry.example/c/-/c-1.0.0.tgz}\n  \
                    d@1.0.0:\n    resolution: {}\n  e@file:e:\n    resolution: {directory: e, type: directory}\n  \
                    node@runtime:22.0.0:\n    resolution: {type: variations, variants: []}\n";
        let lock = read(text, HERE, "").expect("a lock");
        let found: Vec<String> = lock.faults("web/pnpm-lock.yaml").iter().map(ToString::to_string).collect();
        let starts = [
            "3: `a@https://codeload.example/o/a/tar.gz/1` comes from `https://codeload.example/o/a/tar.gz/1`",
            "5: `b@1.0.0` comes by git",
            "7: `c@1.0.0` is locked by the address of one registry",
            "9: `d@1.0.0` has no `integrity`",
            "13: `node@runtime:22.0.0` is a program that pnpm fetches itself",
        ];
        assert_eq!(found.len(), starts.len(), "{found:?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(&format!("web/pnpm-lock.yaml:{start}")), "{found}");
        }
        assert!(lock.tarballs.is_empty());
    }

    #[test]
    fn what_pins_nothing_or_leaves_the_source_is_told_with_its_line() {
        let text = format!(
            "lockfileVersion: '9.0'\nimporters:\n  packages/a:\n    dependencies:\n      in:\n        version: link:../b\n      \
             out:\n        version: link:../../../../outside\n  ../..:\n    dependencies: {{}}\npackages:\n  \
             ../../../etc/passwd@1.3.0:\n    resolution: {{integrity: {SHA}}}\n  e@file:../../e:\n    resolution: {{directory: \
             ../../e, type: directory}}\n  f@file:../f.tgz:\n    resolution: {{tarball: 'file:../f.tgz', integrity: {SHA}}}\n  \
             g@1.0.0:\n    resolution: {{integrity: sha512-AAAA}}\n  noname:\n    resolution: {{integrity: {SHA}}}\n"
        );
        let lock = read(&text, HERE, "web").expect("a lock");
        let mut faults = lock.faults("l");
        faults.sort();
        let found: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let starts = [
            "l:8: `out` is the folder or file `../../../../outside`, which leaves the source",
            "l:9: `../..` is the folder",
            "l:12: `../../../etc/passwd@1.3.0` names no package",
            "l:14: `e@file:../../e` is the folder",
            "l:18: `g@1.0.0` has no usable `integrity`",
            "l:20: `noname` names no package",
        ];
        assert_eq!(found.len(), starts.len(), "{found:?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found}");
        }
        assert!(lock.tarballs.is_empty());
    }

    #[test]
    fn other_versions_are_refused_in_words() {
        assert_eq!(read("lockfileVersion: 5.4\n", HERE, ""), Err("lockfileVersion is 5.4".to_owned()));
        assert_eq!(read("a: 1\n", HERE, ""), Err("it has no lockfileVersion".to_owned()));
        assert!(read("a: [\n", HERE, "").expect_err("no YAML").starts_with("line "));
    }
}
