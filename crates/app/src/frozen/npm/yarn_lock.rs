//! `yarn.lock` of yarn 1 and of yarn 2 and later: the tarballs that it names, and what no registry serves.
//!
//! Source: yarn's own readers and writers. Yarn 1 keeps an address per package and takes tarballs from a folder by the last part
//! of that address. Later ones keep `NAME@npm:VERSION` and a checksum of the archive that they make of the tarball, which they
//! compare at each installation; of packages for other platforms the lock has `conditions`.

use std::collections::BTreeSet;

use super::entry::{has_checksum, is_sha1};
use super::tarball_lock::{LockedTarball, PUBLISHED, TarballLock, TargetPlatform};
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_model::execution::fault::follow;
use rcrepro_pins::syntax::yaml;

/// The files of the client's lock, relative to the package's folder.
pub const LOCK_FILES: [&str; 2] = ["package.json", "yarn.lock"];
/// The form of locks of yarn 1.
pub const CLASSIC: &str = "1";

const REWRITE: &str = "remove the entry and write it anew: yarn install";
const SUM_UP: &str = "write the checksums: YARN_CHECKSUM_BEHAVIOR=update yarn install";

/// Reads the lock of a folder.
///
/// # Errors
/// The reason, in words, when it is of no known form.
pub fn read(text: &str, platform: TargetPlatform, folder: &str) -> Result<TarballLock, String> {
    let is_classic = text.lines().any(|line| line == "# yarn lockfile v1");
    let mut found = if is_classic { classic(text, folder) } else { berry(text, platform, folder)? };
    found.sort();
    Ok(found)
}

/// An entry of yarn 1: its first line, what asks for it in there, the first of those, and its fields.
#[derive(Default)]
struct ClassicEntry<'a> {
    line: usize,
    keys: &'a str,
    key: &'a str,
    version: &'a str,
    resolved: &'a str,
    integrity: &'a str,
}

fn classic(text: &str, folder: &str) -> TarballLock {
    let mut found = TarballLock { form: CLASSIC.to_owned(), ..TarballLock::default() };
    let mut entry = ClassicEntry::default();
    for (line, text) in (1..).zip(text.lines()) {
        if text.starts_with('#') {
            continue;
        }
        if let Some(keys) = text.strip_suffix(':').filter(|key| !key.starts_with(' ')) {
            add(&entry, folder, &mut found);
            let key = keys.split(", ").next().unwrap_or(keys).trim_matches('"');
            entry = ClassicEntry { line, keys, key, ..ClassicEntry::default() };
        } else if let Some((field, value)) = text.strip_prefix("  ").and_then(|field| field.split_once(' ')) {
            let value = value.trim_matches('"');
            match field {
                "version" => entry.version = value,
                "resolved" => entry.resolved = value,
                "integrity" => entry.integrity = value,
                _ => {}
            }
        }
    }
    add(&entry, folder, &mut found);
    found
}

/// Splits `NAME@RANGE`.
fn asked(key: &str) -> (&str, &str) {
    let at = key.get(1..).and_then(|rest| rest.find('@'));
    at.map_or((key, ""), |at| (&key[..=at], &key[at + 2..]))
}

/// Gives the path that a range of yarn 1 names, if it names one; it is relative to the lock.
fn local(range: &str) -> Option<&str> {
    let named = ["file:", "link:"].iter().find_map(|protocol| range.strip_prefix(protocol));
    named.or_else(|| ["./", "../", "/", "~/"].iter().any(|start| range.starts_with(start)).then_some(range))
}

fn add(entry: &ClassicEntry<'_>, folder: &str, found: &mut TarballLock) {
    if entry.key.is_empty() {
        return;
    }
    let before = found.unserved.len();
    let mut is_local = false;
    for key in entry.keys.split(", ") {
        let Some(path) = local(asked(key.trim_matches('"')).1) else { continue };
        is_local = true;
        found.keep_inside(entry.line, entry.key, (folder, path));
    }
    let (address, sha1) = entry.resolved.split_once('#').unwrap_or((entry.resolved, ""));
    // What lies in the source needs no registry.
    if address.is_empty() || !address.contains(':') || address.starts_with("file:") {
        if before == found.unserved.len() && !address.is_empty() {
            found.keep_inside(entry.line, entry.key, (folder, address.strip_prefix("file:").unwrap_or(address)));
        } else if !is_local {
            found.refuse(entry.line, entry.key, "has no `resolved`, and pins nothing", REWRITE);
        }
        return;
    }
    let is_web = ["https://", "http://"].iter().any(|start| address.starts_with(start));
    if !is_web || address.ends_with(".git") {
        let says = format!("comes by git (`{address}`), and no registry has it");
        return found.refuse(entry.line, entry.key, &says, PUBLISHED);
    }
    if !(has_checksum(entry.integrity) || entry.integrity.is_empty() && is_sha1(sha1)) {
        let says = "has neither a usable `integrity` nor a SHA-1 after its address, and pins nothing";
        return found.refuse(entry.line, entry.key, says, REWRITE);
    }
    found.add(entry.line, entry.key, tarball(entry, address));
}

/// Names the tarball of an entry with an address of the web.
fn tarball(entry: &ClassicEntry<'_>, address: &str) -> LockedTarball {
    let path = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let path = path.split('?').next().unwrap_or(path);
    let of_registry = path.split_once("/-/").map(|(name, file)| (name.replace("%2f", "/").replace("%2F", "/"), file));
    let integrity = (!entry.integrity.is_empty()).then(|| entry.integrity.to_owned());
    let version = entry.version.to_owned();
    match of_registry {
        Some((place, file)) => {
            let name = package_of(&place);
            let file = mirror_name(&name, file.rsplit('/').next().unwrap_or(file));
            LockedTarball { name, version, integrity, file, url: None }
        }
        None => {
            let file = path.rsplit('/').next().unwrap_or(path).to_owned();
            let name = asked(entry.key).0.to_owned();
            LockedTarball { name, version, integrity, file, url: Some(address.to_owned()) }
        }
    }
}

/// Gives the package at the end of a path below a registry, which may have a path of its own.
fn package_of(path: &str) -> String {
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or_default();
    match parts.next().filter(|scope| scope.starts_with('@')) {
        Some(scope) => format!("{scope}/{last}"),
        None => last.to_owned(),
    }
}

/// Gives the name by which yarn 1 looks for a tarball in a folder.
fn mirror_name(package: &str, file: &str) -> String {
    package.split_once('/').map_or_else(|| file.to_owned(), |(scope, _)| format!("{scope}-{file}"))
}

/// An entry of yarn 2 and later.
struct BerryEntry<'a> {
    line: usize,
    resolution: &'a str,
    /// Whether the platform meets its conditions.
    is_here: bool,
    /// Whether its checksum is there, or yarn writes none: it does not of what has conditions.
    is_pinned: bool,
}

fn berry(text: &str, platform: TargetPlatform, folder: &str) -> Result<TarballLock, String> {
    let documents = yaml::documents(text).map_err(|error| format!("line {}: {error}", error.line))?;
    let document = documents.first().ok_or("it is empty")?;
    let form = document.path(&["__metadata", "version"]).and_then(SyntaxNode::text).ok_or("it has no version")?;
    let mut found = TarballLock { form: form.to_owned(), ..TarballLock::default() };
    let mut entries = Vec::new();
    for (key, entry) in document.pairs().iter().filter(|(key, _)| key.text() != Some("__metadata")) {
        let text = |field: &str| entry.get(field).and_then(SyntaxNode::text).filter(|text| !text.is_empty());
        let (line, conditions) = (key.line, text("conditions"));
        let Some(resolution) = text("resolution") else {
            found.refuse(line, key.text().unwrap_or_default(), "has no `resolution`, and pins nothing", REWRITE);
            continue;
        };
        let is_here = meets(conditions.unwrap_or_default(), platform);
        let is_pinned = text("checksum").or(conditions).is_some();
        entries.push(BerryEntry { line, resolution, is_here, is_pinned });
    }
    // What is patched is fetched on every platform.
    let patched: BTreeSet<String> =
        entries.iter().filter_map(|entry| Some(reference(entry.resolution, "@patch:")?.1)).collect();
    for BerryEntry { line, resolution, is_here, is_pinned } in entries {
        if let Some((name, version)) = reference(resolution, "@npm:") {
            if !is_pinned {
                found.refuse(line, resolution, "has no `checksum`, and pins nothing", SUM_UP);
            } else if is_here || patched.contains(&format!("{name}@npm:{version}")) {
                found.add(line, resolution, LockedTarball::of_registry(&name, &version, None));
            }
            continue;
        }
        let protocols = ["@workspace:", "@link:", "@portal:", "@file:"];
        let near = protocols.iter().find_map(|protocol| Some((*protocol, reference(resolution, protocol)?.1)));
        if let Some((protocol, path)) = near {
            let base = if protocol == "@workspace:" { Some(folder.to_owned()) } else { origin(resolution, folder) };
            // A package outside of the source has nothing inside.
            let (base, path) = base.as_deref().map_or(("", ".."), |base| (base, path.as_str()));
            found.keep_inside(line, resolution, (base, path));
        } else if !["@patch:", "@virtual:"].iter().any(|protocol| resolution.contains(protocol)) {
            found.unserved.push((line, format!("`{resolution}` comes from elsewhere than a registry"), PUBLISHED));
        }
    }
    Ok(found)
}

/// Gives the folder of the package that asks for a path: that of its `locator`, else that of the lock; none outside of the source.
fn origin(resolution: &str, folder: &str) -> Option<String> {
    let locator = resolution.split("locator=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default();
    let locator = locator.replace("%3A", ":").replace("%2F", "/").replace("%40", "@");
    follow(folder, locator.split_once("@workspace:").map_or("", |(_, path)| path))
}

/// Splits `NAME@PROTOCOL:REFERENCE`, without what is bound to the reference.
fn reference(resolution: &str, protocol: &str) -> Option<(String, String)> {
    let (name, rest) = resolution.split_once(protocol)?;
    let rest = rest.split(['#']).next().unwrap_or(rest);
    let rest = rest.split("::").next().unwrap_or(rest);
    // An alias inside of a resolution keeps its name: `x@npm:y@1.0.0`.
    Some((name.to_owned(), rest.replace("%3A", ":")))
}

/// Whether conditions such as `(os=darwin | os=linux) & cpu=x64 & libc=glibc` hold.
fn meets(conditions: &str, platform: TargetPlatform) -> bool {
    conditions.split('&').all(|condition| {
        let terms: Vec<(&str, &str)> =
            condition.split('|').filter_map(|term| term.trim().trim_matches(['(', ')', ' ']).split_once('=')).collect();
        terms.is_empty() || terms.iter().any(|(key, value)| platform.fits(key, &[value]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: TargetPlatform = TargetPlatform { cpu: "x64" };

    fn files(lock: &TarballLock) -> Vec<(&str, &str, &str)> {
        lock.tarballs.iter().map(|one| (one.name.as_str(), one.version.as_str(), one.file.as_str())).collect()
    }

    #[test]
    fn locks_of_yarn_1_name_the_tarballs_of_its_folder() {
        let text = "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n\
                    \"@s/b@^2\", \"@s/b@~2.0.0\":\n  version \"2.0.0\"\n  resolved \
                    \"https://registry.example/@s/b/-/b-2.0.0.tgz#SHA1\"\n  integrity STRONG\n  dependencies:\n    a \"1\"\n\n\
                    a@1:\n  version \"1.0.0\"\n  resolved \"https://registry.example/npm/a/-/a-1.0.0.tgz#SHA1\"\n\n\
                    \"alias@npm:real@1\":\n  version \"1.5.0\"\n  resolved \"https://registry.example/real/-/real-1.5.0.tgz#SHA1\"\n\n\
                    \"far@https://far.example/x/tar.gz/1\":\n  version \"0.1.0\"\n  resolved \"https://far.example/x/tar.gz/1#SHA1\"\n\n\
                    \"git@git+ssh://git@git.example/g.git\":\n  version \"0.2.0\"\n  resolved \
                    \"git+ssh://git@git.example/g.git#1\"\n\n\"near@file:./near\":\n  version \"1.0.0\"\n";
        let strong = rcrepro_model::content::integrity::encode([7; 64]);
        let text = text.replace("SHA1", &"0a".repeat(20)).replace("STRONG", &strong);
        let lock = read(&text, HERE, "").expect("a lock");
        let expected = [
            ("@s/b", "2.0.0", "@s-b-2.0.0.tgz"),
            ("a", "1.0.0", "a-1.0.0.tgz"),
            ("far", "0.1.0", "1"),
            ("real", "1.5.0", "real-1.5.0.tgz"),
        ];
        assert_eq!(files(&lock), expected);
        assert_eq!(lock.form, CLASSIC);
        assert_eq!(lock.tarballs[0].integrity.as_deref(), Some(strong.as_str()));
        assert_eq!(lock.tarballs[2].url.as_deref(), Some("https://far.example/x/tar.gz/1"));
        let faults: Vec<String> = lock.faults("yarn.lock").iter().map(ToString::to_string).collect();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0].starts_with("yarn.lock:24: `git@git+ssh://git@git.example/g.git` comes by git"),
            "{faults:?}"
        );
    }

    #[test]
    fn locks_of_later_yarns_name_packages_of_this_platform() {
        let entry =
            |resolution: &str, more: &str| format!("\"{resolution}\":\n  resolution: \"{resolution}\"\n{more}\n");
        let text = format!(
            "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n{}{}{}{}{}{}{}",
            entry("@s/b@npm:2.0.0", "  checksum: 10c0/aa"),
            entry("linux@npm:1.0.0", "  conditions: (os=darwin | os=linux) & cpu=x64 & libc=glibc"),
            entry("musl@npm:1.0.0", "  conditions: os=linux & libc=musl"),
            entry("fsevents@npm:2.3.3", "  conditions: os=darwin"),
            entry("fsevents@patch:fsevents@npm%3A2.3.3#optional!builtin<compat/fsevents>::version=2.3.3&hash=d", ""),
            entry("own@workspace:.", ""),
            entry("g@https://git.example/o/g.git#commit=1", ""),
        );
        let lock = read(&text, HERE, "").expect("a lock");
        let names: Vec<&str> = lock.tarballs.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["@s/b", "fsevents", "linux"]);
        assert_eq!(lock.form, "8");
        assert_eq!(lock.unserved.len(), 1, "{:?}", lock.unserved);
        assert!(read("a: 1\n", HERE, "").is_err());
    }

    fn refused(text: &str, starts: &[&str]) {
        let lock = read(text, HERE, "web").expect("a lock");
        let found: Vec<String> = lock.faults("l").iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), starts.len(), "{found:?}");
        for (found, start) in found.iter().zip(starts) {
            assert!(found.starts_with(start), "{found} is not {start}");
        }
        assert!(lock.tarballs.is_empty(), "{:?}", lock.tarballs);
    }

    #[test]
    fn what_pins_nothing_or_leaves_the_source_is_told_of_yarn_1() {
        let sha1 = "0a".repeat(20);
        let text = format!(
            "# yarn lockfile v1\na@1:\n  version \"1.0.0\"\n  resolved \"https://r.example/a/-/a-1.0.0.tgz\"\nb@1:\n  version \
             \"1.0.0\"\nc@1, \"c@file:../../c\":\n  version \"1.0.0\"\nd@file:../d:\n  version \"1.0.0\"\n\"../../e@^1\":\n  version \
             \"1.0.0\"\n  resolved \"https://far.example/e.tgz#{sha1}\"\nf@1:\n  version \"1.0.0\"\n  resolved \
             \"file:../../f.tgz#{sha1}\"\n"
        );
        let starts = [
            "l:2: `a@1` has neither a usable `integrity` nor a SHA-1",
            "l:5: `b@1` has no `resolved`",
            "l:7: `c@1` is the folder or file `../../c`, which leaves the source",
            "l:11: `../../e@^1` names no package",
            "l:14: `f@1` is the folder or file `../../f.tgz`",
        ];
        refused(&text, &starts);
    }

    #[test]
    fn what_pins_nothing_or_leaves_the_source_is_told_of_later_yarns() {
        let entry = |resolution: &str| format!("\"{resolution}\":\n  resolution: \"{resolution}\"\n");
        let text = format!(
            "__metadata:\n  version: 8\n{}{}  checksum: 10c0/aa\n{}{}{}{}none@1:\n  version: 1\n",
            entry("a@npm:1.0.0"),
            entry("../../../etc/passwd@npm:1.3.0"),
            entry("p@workspace:../../out"),
            entry("c@file:../../c#../../c::hash=1&locator=own%40workspace%3A."),
            entry("d@link:../../d::locator=own%40workspace%3Apackages%2Fa"),
            entry("e@portal:../e::locator=own%40workspace%3A."),
        );
        let starts = [
            "l:16: `none@1` has no `resolution`",
            "l:3: `a@npm:1.0.0` has no `checksum`",
            "l:5: `../../../etc/passwd@npm:1.3.0` names no package",
            "l:8: `p@workspace:../../out` is the folder",
            "l:10: `c@file:../../c#../../c::hash=1&locator=own%40workspace%3A.` is the folder",
        ];
        refused(&text, &starts);
    }
}
