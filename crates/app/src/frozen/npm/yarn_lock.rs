//! `yarn.lock` of yarn 1 and of yarn 2 and later: the tarballs that it names, and what no registry serves.
//!
//! Source: yarn's own readers and writers. Yarn 1 keeps an address per package and takes tarballs from a folder by the last part
//! of that address. Later ones keep `NAME@npm:VERSION` and a checksum of the archive that they make of the tarball, which they
//! compare at each installation; of packages for other platforms the lock has `conditions`.

use std::collections::BTreeSet;

use super::tarball_lock::{LockedTarball, PUBLISHED, TarballLock, TargetPlatform};
use rcrepro_format::syntax::node::SyntaxNode;
use rcrepro_pins::syntax::yaml;

/// The files of the client's lock, relative to the package's folder.
pub const LOCK_FILES: [&str; 2] = ["package.json", "yarn.lock"];
/// The form of locks of yarn 1.
pub const CLASSIC: &str = "1";

/// Reads a lock.
///
/// # Errors
/// The reason, in words, when it is of no known form.
pub fn read(text: &str, platform: TargetPlatform) -> Result<TarballLock, String> {
    let mut found =
        if text.lines().any(|line| line == "# yarn lockfile v1") { classic(text) } else { berry(text, platform)? };
    found.sort();
    Ok(found)
}

/// An entry of yarn 1: its first line, the name in it, and its fields.
#[derive(Default)]
struct ClassicEntry<'a> {
    line: usize,
    key: &'a str,
    version: &'a str,
    resolved: &'a str,
    integrity: &'a str,
}

fn classic(text: &str) -> TarballLock {
    let mut found = TarballLock { form: CLASSIC.to_owned(), ..TarballLock::default() };
    let mut entry = ClassicEntry::default();
    for (line, text) in (1..).zip(text.lines()) {
        if text.starts_with('#') {
            continue;
        }
        if let Some(key) = text.strip_suffix(':').filter(|key| !key.starts_with(' ')) {
            add(&entry, &mut found);
            let key = key.split(", ").next().unwrap_or(key).trim_matches('"');
            entry = ClassicEntry { line, key, ..ClassicEntry::default() };
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
    add(&entry, &mut found);
    found
}

fn add(entry: &ClassicEntry<'_>, found: &mut TarballLock) {
    let (address, _) = entry.resolved.split_once('#').unwrap_or((entry.resolved, ""));
    let of_key = entry.key.get(1..).and_then(|rest| rest.find('@')).map_or(entry.key, |at| &entry.key[..=at]);
    // What lies in the source needs no registry.
    if address.is_empty() || !address.contains(':') || address.starts_with("file:") {
        return;
    }
    if !address.starts_with("https://") && !address.starts_with("http://") {
        let says = format!("`{}` comes by git (`{address}`), and no registry has it", entry.key);
        found.unserved.push((entry.line, says, PUBLISHED));
        return;
    }
    if address.ends_with(".git") {
        let says = format!("`{}` comes by git (`{address}`), and no registry has it", entry.key);
        found.unserved.push((entry.line, says, PUBLISHED));
        return;
    }
    let path = address.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let path = path.split('?').next().unwrap_or(path);
    let of_registry = path.split_once("/-/").map(|(name, file)| (name.replace("%2f", "/").replace("%2F", "/"), file));
    let integrity = (!entry.integrity.is_empty()).then(|| entry.integrity.to_owned());
    let version = entry.version.to_owned();
    let tarball = match of_registry {
        Some((place, file)) => {
            let name = package_of(&place);
            let file = mirror_name(&name, file.rsplit('/').next().unwrap_or(file));
            LockedTarball { name, version, integrity, file, url: None }
        }
        None => {
            let file = path.rsplit('/').next().unwrap_or(path).to_owned();
            LockedTarball { name: of_key.to_owned(), version, integrity, file, url: Some(address.to_owned()) }
        }
    };
    found.tarballs.push(tarball);
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

fn berry(text: &str, platform: TargetPlatform) -> Result<TarballLock, String> {
    let documents = yaml::documents(text).map_err(|error| format!("line {}: {error}", error.line))?;
    let document = documents.first().ok_or("it is empty")?;
    let form = document.path(&["__metadata", "version"]).and_then(SyntaxNode::text).ok_or("it has no version")?;
    let mut found = TarballLock { form: form.to_owned(), ..TarballLock::default() };
    let entries: Vec<(usize, &str, bool)> = document
        .pairs()
        .iter()
        .filter_map(|(key, entry)| {
            let resolution = entry.get("resolution").and_then(SyntaxNode::text)?;
            let conditions = entry.get("conditions").and_then(SyntaxNode::text).unwrap_or_default();
            Some((key.line, resolution, meets(conditions, platform)))
        })
        .collect();
    // What is patched is fetched on every platform.
    let patched: BTreeSet<String> =
        entries.iter().filter_map(|(_, resolution, _)| Some(reference(resolution, "@patch:")?.1)).collect();
    for (line, resolution, here) in entries {
        if let Some((name, version)) = reference(resolution, "@npm:") {
            if here || patched.contains(&format!("{name}@npm:{version}")) {
                found.tarballs.push(LockedTarball::of_registry(&name, &version, None));
            }
            continue;
        }
        let is_local = ["@workspace:", "@patch:", "@link:", "@portal:", "@file:", "@virtual:"]
            .iter()
            .any(|protocol| resolution.contains(protocol));
        if !is_local {
            found.unserved.push((line, format!("`{resolution}` comes from elsewhere than a registry"), PUBLISHED));
        }
    }
    Ok(found)
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
                    \"https://registry.example/@s/b/-/b-2.0.0.tgz#0a\"\n  integrity sha512-AAAA\n  dependencies:\n    a \"1\"\n\n\
                    a@1:\n  version \"1.0.0\"\n  resolved \"https://registry.example/npm/a/-/a-1.0.0.tgz#0b\"\n\n\
                    \"alias@npm:real@1\":\n  version \"1.5.0\"\n  resolved \"https://registry.example/real/-/real-1.5.0.tgz#0c\"\n\n\
                    \"far@https://far.example/x/tar.gz/1\":\n  version \"0.1.0\"\n  resolved \"https://far.example/x/tar.gz/1\"\n\n\
                    \"git@git+ssh://git@git.example/g.git\":\n  version \"0.2.0\"\n  resolved \
                    \"git+ssh://git@git.example/g.git#1\"\n\n\"near@file:./near\":\n  version \"1.0.0\"\n";
        let lock = read(text, HERE).expect("a lock");
        let expected = [
            ("@s/b", "2.0.0", "@s-b-2.0.0.tgz"),
            ("a", "1.0.0", "a-1.0.0.tgz"),
            ("far", "0.1.0", "1"),
            ("real", "1.5.0", "real-1.5.0.tgz"),
        ];
        assert_eq!(files(&lock), expected);
        assert_eq!(lock.form, CLASSIC);
        assert_eq!(lock.tarballs[0].integrity.as_deref(), Some("sha512-AAAA"));
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
        let lock = read(&text, HERE).expect("a lock");
        let names: Vec<&str> = lock.tarballs.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["@s/b", "fsevents", "linux"]);
        assert_eq!(lock.form, "8");
        assert_eq!(lock.unserved.len(), 1, "{:?}", lock.unserved);
        assert!(read("a: 1\n", HERE).is_err());
    }
}
