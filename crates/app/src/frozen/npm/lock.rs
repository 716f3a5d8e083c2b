//! `package-lock.json`: the tarballs that it pins, and the entries that pin nothing.
//!
//! Source: npm's documentation of `package-lock.json`, `packages`. An entry below `node_modules` is a package; one with `link`
//! is a folder of the source, one with `inBundle` comes in the tarball of a package above.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::entry::{IN_SOURCE, NO_PACKAGE, is_name};
use super::tarball_lock::TargetPlatform;
use crate::frozen::read_source::ReadSource;
use rcrepro_format::syntax::jsonc;
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_images::packages::npm_cache::content_path;
use rcrepro_model::content::integrity;
use rcrepro_model::execution::fault::{Fault, below, follow};

/// The files of the client's lock, relative to the package's folder.
pub const LOCK_FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// npm's settings of a package, which decide what `npm ci` takes for consistent; pnpm and yarn 1 read the registries in it.
pub const SETTINGS: &str = ".npmrc";

#[derive(Deserialize)]
struct LockWire {
    #[serde(rename = "lockfileVersion")]
    version: u32,
    #[serde(default)]
    packages: BTreeMap<String, PackageWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PackageWire {
    name: Option<String>,
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    link: bool,
    in_bundle: bool,
    optional: bool,
    dev_optional: bool,
    extraneous: bool,
    os: Value,
    cpu: Value,
    libc: Value,
    optional_dependencies: Value,
}

/// A tarball that the lock pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPackage {
    /// The package's name, with its scope.
    pub name: String,
    pub version: String,
    /// `sha512-BASE64`.
    pub integrity: String,
    /// Where the cache keeps it, below `content-v2`.
    pub content_path: String,
    /// Whether npm may leave it out: it is optional, or for some platforms only.
    pub may_be_left_out: bool,
}

/// A lock's entries, by what they pin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NpmLock {
    /// The tarballs that it pins, each once.
    pub packages: Vec<LockedPackage>,
    /// The folders of the source that it links to: the package's name, the folder.
    pub links: Vec<(String, String)>,
    /// Entries that pin no bytes: the place, what is wrong, what mends it.
    unpinned: Vec<(String, String, &'static str)>,
    /// Optional dependencies that the lock leaves out altogether: the place, their names.
    left_out: Vec<(String, Vec<String>)>,
}

/// Reads a lock.
///
/// # Errors
/// The reason, in words, when it is not a lock of version 2 or 3.
pub fn read(lock: &[u8]) -> Result<NpmLock, String> {
    let wire: LockWire = serde_json::from_slice(lock).map_err(|error| error.to_string())?;
    if !(2..=3).contains(&wire.version) {
        return Err(format!("lockfileVersion is {}", wire.version));
    }
    let mut found = NpmLock::default();
    let mut packages: BTreeMap<_, LockedPackage> = BTreeMap::new();
    for (place, entry) in &wire.packages {
        let Some((_, by_place)) = place.rsplit_once("node_modules/") else { continue };
        let name = entry.name.clone().unwrap_or_else(|| by_place.to_owned());
        if !is_name(&name) || !is_name(by_place) {
            found.unpinned.push((place.clone(), NO_PACKAGE.to_owned(), REWRITE));
            continue;
        }
        if entry.link {
            found.links.push((name, entry.resolved.clone().unwrap_or_default()));
            continue;
        }
        let missing: Vec<String> = entry
            .optional_dependencies
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .filter(|wanted| !is_there(&wire.packages, place, wanted))
            .cloned()
            .collect();
        if !missing.is_empty() {
            found.left_out.push((place.clone(), missing));
        }
        if entry.in_bundle {
            continue;
        }
        match pinned(entry, name) {
            Ok(package) => {
                let key = (package.name.clone(), package.version.clone());
                let known = packages.entry(key).or_insert_with(|| package.clone());
                known.may_be_left_out &= package.may_be_left_out;
            }
            Err((says, hint)) => found.unpinned.push((place.clone(), says, hint)),
        }
    }
    found.packages = packages.into_values().collect();
    Ok(found)
}

/// Tells whether the package at `place` finds another: below itself, or beside one of those above it.
fn is_there(packages: &BTreeMap<String, PackageWire>, place: &str, wanted: &str) -> bool {
    let mut at = place;
    loop {
        if packages.contains_key(&format!("{at}/node_modules/{wanted}")) {
            return true;
        }
        match at.rfind("/node_modules/") {
            Some(end) => at = &at[..end],
            None => break,
        }
    }
    packages.contains_key(&format!("node_modules/{wanted}"))
}

const PUBLISHED: &str =
    "depend on a version of it that a registry has, and write the lock anew: npm install --package-lock-only";
const REWRITE: &str = "remove the entry and write it anew: npm install --package-lock-only";

fn pinned(entry: &PackageWire, name: String) -> Result<LockedPackage, (String, &'static str)> {
    let resolved = entry.resolved.as_deref().unwrap_or_default();
    if ["git+", "git:", "git@", "github:"].iter().any(|start| resolved.starts_with(start)) {
        return Err((format!("comes by git (`{resolved}`), and no checksum says which bytes that is"), PUBLISHED));
    }
    if resolved.starts_with("file:") {
        return Err((format!("is a file (`{resolved}`), which the step with network is not given"), PUBLISHED));
    }
    let hashes = entry.integrity.as_deref().unwrap_or_default();
    let strong =
        hashes.split_whitespace().find_map(|one| Some((one.to_owned(), content_path(&integrity::decode(one)?))));
    let Some((integrity, content_path)) = strong else {
        return Err(match hashes {
            "" => ("has no `integrity`: expected `sha512-…`".to_owned(), REWRITE),
            weak if weak.starts_with("sha1-") => {
                (format!("has only `{weak}` as `integrity`, which pins nothing: expected `sha512-…`"), REWRITE)
            }
            other => (format!("has no usable `integrity`: expected `sha512-…`, found `{other}`"), REWRITE),
        });
    };
    let version = entry.version.clone().ok_or_else(|| ("has no `version`".to_owned(), REWRITE))?;
    let for_some = [&entry.os, &entry.cpu, &entry.libc].into_iter().any(says_something);
    let may_be_left_out = entry.optional || entry.dev_optional || entry.extraneous || for_some;
    Ok(LockedPackage { name, version, integrity, content_path, may_be_left_out })
}

/// Tells whether a list of platforms names any; npm passes on whatever a package has there.
fn says_something(list: &Value) -> bool {
    match list {
        Value::Array(list) => !list.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => false,
    }
}

/// Says what in a package's folder no `npm ci` could make a whole cache from: entries that pin nothing, folders that are not there.
///
/// # Errors
/// What `read` fails with.
pub fn judge<E>(folder: &str, read_file: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    let lock = below(folder, LOCK_FILES[1]);
    let bytes = read_file(&lock)?.unwrap_or_default();
    let found = match read(&bytes) {
        Ok(found) => found,
        Err(reason) => {
            let says = format!("it is not an npm lock of version 2 or 3: {reason}");
            return Ok(vec![Fault::of_file(lock, says).hint("npm install --package-lock-only, with npm 7 or later")]);
        }
    };
    let lines = lines(&bytes);
    let fault = |(place, says, hint): &(String, String, &str)| {
        Fault::of_file(lock.clone(), format!("`{place}` {says}")).at(lines.get(place).copied()).hint(*hint)
    };
    let mut faults: Vec<Fault> = found.unpinned.iter().map(fault).collect();
    for (name, at) in &found.links {
        let says = match follow(folder, at).map(|at| below(&at, LOCK_FILES[0])) {
            None => format!("`{name}` is the folder `{at}`, which leaves the source"),
            Some(path) if read_file(&path)?.is_none() => {
                format!("`{name}` is a folder, and the source has no `{path}`")
            }
            Some(_) => continue,
        };
        let place = lines.get(&format!("node_modules/{name}")).copied();
        faults.push(Fault::of_file(lock.clone(), says).at(place).hint(IN_SOURCE));
    }
    faults.sort();
    Ok(faults)
}

/// Names optional dependencies that the lock leaves out altogether, as it does when it was written on another platform with some
/// versions of npm.
///
/// # Errors
/// What `read` fails with.
pub fn notes<E>(folder: &str, read_file: ReadSource<'_, E>) -> Result<Vec<Fault>, E> {
    let lock = below(folder, LOCK_FILES[1]);
    let bytes = read_file(&lock)?.unwrap_or_default();
    let found = read(&bytes).unwrap_or_default();
    let lines = lines(&bytes);
    let here = TargetPlatform::of_machine();
    let note = |(place, missing): (String, Vec<String>)| {
        let own: Vec<&String> = missing.iter().filter(|name| here.is_named_by(name)).collect();
        let hint = "where it does not run: rm -r node_modules package-lock.json && npm install, and commit";
        if let Some(own) = own.first() {
            let says = format!(
                "`{place}` needs `{own}` on {here}, and the lock leaves it out: it was written on another platform"
            );
            return Fault::of_file(lock.clone(), says).at(lines.get(&place).copied()).hint(hint);
        }
        let first = missing.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let more = if missing.len() > 3 { format!(" and {} more", missing.len() - 3) } else { String::new() };
        let says = format!("`{place}` may need {first}{more} on another platform, and the lock does not have them");
        Fault::of_file(lock.clone(), says).at(lines.get(&place).copied()).hint(hint)
    };
    Ok(found.left_out.into_iter().map(note).collect())
}

/// Gives the line of each entry of `packages`.
fn lines(lock: &[u8]) -> BTreeMap<String, usize> {
    let text = String::from_utf8_lossy(lock);
    let Ok(Some(document)) = jsonc::document(&text, false) else { return BTreeMap::new() };
    let entries = document.get("packages").map(SyntaxNode::pairs).unwrap_or_default();
    entries.iter().filter_map(|(key, _)| Some((key.text()?.to_owned(), key.line))).collect()
}

/// Lists what npm reads beside the lock: its settings, and the `package.json` of each folder that the lock links to, workspaces
/// and others; by their paths in the source.
///
/// # Errors
/// What `read` fails with.
pub fn beside<E>(folder: &str, read_file: ReadSource<'_, E>) -> Result<Vec<String>, E> {
    let bytes = read_file(&below(folder, LOCK_FILES[1]))?.unwrap_or_default();
    let links = read(&bytes).unwrap_or_default().links;
    let folders: BTreeSet<String> = links.iter().filter_map(|(_, at)| follow(folder, at)).collect();
    let manifests = folders.iter().map(|at| below(at, LOCK_FILES[0]));
    Ok([below(folder, SETTINGS)].into_iter().chain(manifests).collect())
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::*;

    fn strong() -> String {
        integrity::encode([7; 64])
    }

    fn lock(packages: &Value) -> Vec<u8> {
        serde_json::to_vec_pretty(&json!({ "lockfileVersion": 3, "packages": packages })).expect("JSON")
    }

    fn judged(package: &str, lock: &[u8]) -> Vec<String> {
        let read = |path: &str| {
            Ok::<_, Infallible>(Some(if path.ends_with("lock.json") { lock.to_vec() } else { package.into() }))
        };
        let Ok(found) = judge("web", &read);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn locks_list_each_tarball_once() {
        let integrity = strong();
        let found = read(&lock(&json!({
            "": { "name": "root" },
            "node_modules/a": { "version": "1.0.0", "integrity": integrity },
            "node_modules/@s/b": { "version": "2.0.0", "integrity": format!("sha1-x {integrity}") },
            "node_modules/a/node_modules/@s/b": { "version": "2.0.0", "integrity": integrity },
            "node_modules/a/node_modules/inside": { "version": "1.0.0", "inBundle": true },
            "node_modules/l": { "link": true, "resolved": "packages/l" },
            "node_modules/p": { "version": "1.0.0", "integrity": integrity, "os": ["darwin"] },
        })))
        .expect("a good lock");
        let names: Vec<_> = found.packages.iter().map(|one| (one.name.as_str(), one.may_be_left_out)).collect();
        assert_eq!(names, [("@s/b", false), ("a", false), ("p", true)]);
        assert!(found.packages[0].content_path.starts_with("sha512/07/07/0707"));
        assert_eq!(found.packages[0].integrity, integrity);
        assert_eq!(found.links, [("l".to_owned(), "packages/l".to_owned())]);
    }

    #[test]
    fn every_entry_that_pins_nothing_is_told_at_once_with_its_line() {
        let found = judged(
            "{}",
            &lock(&json!({
                "node_modules/bare": { "version": "1.0.0", "resolved": "https://registry.example/bare.tgz" },
                "node_modules/far": { "version": "1.0.0", "resolved": "git+ssh://git@git.example/far.git#1234" },
                "node_modules/file": { "version": "1.0.0", "resolved": "file:file.tgz", "integrity": strong() },
                "node_modules/good": { "version": "1.0.0", "integrity": strong() },
                "node_modules/old": { "version": "1.0.0", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" },
                "node_modules/x/../../etc/passwd": { "version": "1.0.0", "integrity": strong() },
                "node_modules/short": { "version": "1.0.0", "integrity": "sha512-AAAA" },
            })),
        );
        let starts = [
            ("4: `node_modules/bare` has no `integrity`", 0),
            ("8: `node_modules/far` comes by git (`git+ssh://git@git.example/far.git#1234`)", 1),
            ("12: `node_modules/file` is a file (`file:file.tgz`)", 2),
            ("21: `node_modules/old` has only `sha1-", 3),
            ("25: `node_modules/short` has no usable `integrity`", 4),
            ("29: `node_modules/x/../../etc/passwd` names no package", 5),
        ];
        assert_eq!(found.len(), starts.len(), "{found:?}");
        for (start, index) in starts {
            let expected = format!("web/package-lock.json:{start}");
            assert!(found[index].starts_with(&expected), "{} is not {expected}", found[index]);
        }
    }

    #[test]
    fn workspaces_bring_their_manifests() {
        let lock = lock(&json!({
            "": { "workspaces": ["packages/*"] },
            "node_modules/is-odd": { "version": "3.0.1", "integrity": strong() },
            "node_modules/one": { "resolved": "packages/one", "link": true },
            "packages/one": { "version": "1.0.0" },
        }));
        let source = |with: bool| {
            let lock = lock.clone();
            move |path: &str| {
                Ok::<_, Infallible>(match path {
                    "web/package-lock.json" => Some(lock.clone()),
                    "web/packages/one/package.json" if with => Some(b"{}".to_vec()),
                    _ => None,
                })
            }
        };
        let Ok(found) = beside("web", &source(true));
        assert_eq!(found, ["web/.npmrc", "web/packages/one/package.json"]);
        let Ok(none) = judge("web", &source(true));
        assert!(none.is_empty(), "{none:?}");
        let Ok(gone) = judge("web", &source(false));
        let says = "web/package-lock.json:13: `one` is a folder, and the source has no `web/packages/one/package.json`";
        assert_eq!(gone.iter().map(ToString::to_string).collect::<Vec<_>>(), [says]);
    }

    #[test]
    fn an_invalid_lock_says_why() {
        for (wrong, says) in [
            ("{}", "missing field `lockfileVersion`"),
            (r#"{"lockfileVersion": 1, "dependencies": {}}"#, "lockfileVersion is 1"),
            ("<<<<<<< HEAD", "expected value at line 1"),
        ] {
            let found = judged("{}", wrong.as_bytes());
            assert!(found[0].contains(says), "{found:?}");
        }
    }

    #[test]
    fn optional_dependencies_that_the_lock_leaves_out_are_noted() {
        let here = TargetPlatform::of_machine();
        let own = format!("@esbuild/{here}");
        let wanted = json!({ "@esbuild/aix-ppc64": "1", "@esbuild/darwin-arm64": "1", "@esbuild/linux-ia32": "1", own.as_str(): "1" });
        let made = lock(&json!({
            "node_modules/esbuild": { "version": "0.25.0", "integrity": strong(), "optionalDependencies": wanted },
            "node_modules/@esbuild/darwin-arm64": { "version": "0.25.0", "integrity": strong(), "optional": true },
        }));
        let Ok(found) = notes("", &|_: &str| Ok::<_, Infallible>(Some(made.clone())));
        assert_eq!(found.len(), 1);
        let says = found[0].to_string();
        assert!(
            says.contains(&format!("`node_modules/esbuild` needs `{own}` on {here}, and the lock leaves it out")),
            "{says}"
        );
        let other = lock(&json!({
            "node_modules/far": { "version": "1.0.0", "integrity": strong(), "optionalDependencies": { "far-win32-x64": "1" } },
        }));
        let Ok(found) = notes("", &|_: &str| Ok::<_, Infallible>(Some(other.clone())));
        assert!(found[0].to_string().contains("`node_modules/far` may need `far-win32-x64` on another platform"));
    }
}
