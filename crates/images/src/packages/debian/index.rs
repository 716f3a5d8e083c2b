//! A suite's list of packages.
//!
//! Source: the Debian wiki's repository format, "Packages" indices. Only what resolving and fetching need is read.

use std::io::Read;

use super::DebianError;
use super::control::stanzas;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::TreePath;

/// The most bytes that a list may unpack to: 512 MiB, ten times what Debian's largest suite has.
pub const MAX_LIST_BYTES: u64 = 512 << 20;

/// A package as a list describes it; relations are kept as texts, because few packages of a list are ever looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebianPackage<'a> {
    /// `Package`.
    pub name: &'a str,
    /// `Version`, in Debian's form `[EPOCH:]UPSTREAM[-REVISION]`.
    pub version: &'a str,
    /// The architecture, or `all`.
    pub architecture: &'a str,
    /// The file below the archive's base.
    pub path: TreePath,
    /// The file.
    pub digest: Digest,
    /// `Pre-Depends`.
    pub pre_depends: &'a str,
    /// `Depends`.
    pub depends: &'a str,
    /// `Provides`.
    pub provides: &'a str,
    /// `Conflicts`.
    pub conflicts: &'a str,
    /// `Breaks`.
    pub breaks: &'a str,
    /// Whether the archive calls it essential.
    pub essential: bool,
    /// Whether `NAME:any` may be satisfied by it: `Multi-Arch: allowed`.
    pub any_allowed: bool,
    /// `required` is 0, `extra` and anything else 4.
    pub priority: u8,
}

/// Unpacks a list.
///
/// # Errors
/// [`DebianError::List`] when it is damaged, no text, or larger than `limit`.
pub fn unpack(suite: &str, xz: impl Read, limit: u64) -> Result<String, DebianError> {
    let refuse = |reason: String| DebianError::List { suite: suite.to_owned(), reason };
    let mut text = String::new();
    let mut bounded = rcrepro_compression::xz(xz).take(limit + 1);
    bounded.read_to_string(&mut text).map_err(|error| refuse(format!("it cannot be unpacked: {error}")))?;
    if text.len() as u64 > limit {
        return Err(refuse(format!("it unpacks to more than {limit} bytes")));
    }
    Ok(text)
}

/// Reads a list's packages, in its order.
///
/// # Errors
/// [`DebianError::List`] for a package without a field that it must have, or whose file could lie outside the archive.
pub fn parse<'a>(suite: &str, text: &'a str) -> Result<Vec<DebianPackage<'a>>, DebianError> {
    stanzas(text)
        .map(|stanza| package(stanza).map_err(|reason| DebianError::List { suite: suite.to_owned(), reason }))
        .collect()
}

fn package(stanza: &str) -> Result<DebianPackage<'_>, String> {
    let (mut name, mut version, mut architecture, mut path, mut size, mut hash) = ("", "", "", "", "", "");
    let (mut pre_depends, mut depends, mut provides, mut conflicts, mut breaks) = ("", "", "", "", "");
    let (mut essential, mut multi_arch, mut priority) = ("", "", "");
    let mut known = "";
    for line in stanza.split('\n') {
        if line.starts_with([' ', '\t']) {
            // Archives write these fields in one line; half of a field is worse than none.
            match known {
                "" => continue,
                field => return Err(format!("`{name}`: `{field}` goes over several lines")),
            }
        }
        let Some((field, value)) = line.split_once(':') else { continue };
        known = "";
        let place = match field {
            "Package" => &mut name,
            "Version" => &mut version,
            "Architecture" => &mut architecture,
            "Filename" => &mut path,
            "Size" => &mut size,
            "SHA256" => &mut hash,
            "Pre-Depends" => &mut pre_depends,
            "Depends" => &mut depends,
            "Provides" => &mut provides,
            "Conflicts" => &mut conflicts,
            "Breaks" => &mut breaks,
            "Essential" => &mut essential,
            "Multi-Arch" => &mut multi_arch,
            "Priority" => &mut priority,
            _ => continue,
        };
        if !place.is_empty() {
            return Err(format!("`{name}`: `{field}` occurs twice"));
        }
        *place = value.trim();
        known = field;
    }
    required(name, version, architecture)?;
    let wrong =
        |field: &str, value: &str, expected: &str| format!("`{name}`: invalid `{field}: {value}`: expected {expected}");
    let hash: Sha256 = hash.parse().map_err(|_| wrong("SHA256", hash, "a SHA-256"))?;
    let size = size.parse().map_err(|_| wrong("Size", size, "a number of bytes"))?;
    Ok(DebianPackage {
        name,
        version,
        architecture,
        path: path.parse().map_err(|_| wrong("Filename", path, "a path inside the archive"))?,
        digest: Digest { hash, size },
        pre_depends,
        depends,
        provides,
        conflicts,
        breaks,
        essential: essential == "yes",
        any_allowed: multi_arch == "allowed",
        priority: rank(priority),
    })
}

/// Checks that a package has the fields without which it cannot be named.
fn required(name: &str, version: &str, architecture: &str) -> Result<(), String> {
    for (field, value) in [("Package", name), ("Version", version), ("Architecture", architecture)] {
        if value.is_empty() {
            return Err(format!("`{name}`: it has no `{field}`"));
        }
    }
    Ok(())
}

/// Returns the rank of a priority (Debian policy, 2.5): 0 for the most important one.
fn rank(priority: &str) -> u8 {
    match priority {
        "required" => 0,
        "important" => 1,
        "standard" => 2,
        "optional" => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stanza() -> String {
        let hash = Digest::of(b"deb").hash;
        format!(
            "Package: awk\nPriority: required\nVersion: 1-2\nArchitecture: amd64\nMulti-Arch: allowed\nEssential: yes\n\
             Depends: libc6 (>= 2)\nProvides: nawk (= 1)\nDescription: an\n Depends: not a field\n\
             Filename: pool/a.deb\nSize: 3\nSHA256: {hash}\n"
        )
    }

    #[test]
    fn packages_are_read() {
        let text = format!("{}\n{}\n", stanza(), stanza().replace("awk", "mawk"));
        let found = parse("s", &text).expect("a good list");
        assert_eq!(found.iter().map(|one| one.name).collect::<Vec<_>>(), ["awk", "mawk"]);
        let awk = &found[0];
        assert_eq!((awk.version, awk.architecture, awk.depends), ("1-2", "amd64", "libc6 (>= 2)"));
        assert_eq!((awk.provides, awk.essential, awk.any_allowed, awk.priority), ("nawk (= 1)", true, true, 0));
        assert_eq!((awk.path.as_str(), awk.digest), ("pool/a.deb", Digest::of(b"deb")));
    }

    #[test]
    fn a_package_that_could_lie_elsewhere_or_lacks_something_is_refused() {
        let wrong = |from: &str, to: &str| parse("s", &stanza().replace(from, to)).expect_err(from).to_string();
        for path in ["../etc/x", "/etc/x", "pool/../../x", "", "pool//x"] {
            let message = wrong("pool/a.deb", path);
            assert!(
                message.contains(&format!("`awk`: invalid `Filename: {path}`: expected a path inside the archive")),
                "{message}"
            );
        }
        assert!(wrong("SHA256", "MD5sum").contains("invalid `SHA256: `: expected a SHA-256"));
        assert!(wrong("Size: 3", "Size: -3").contains("expected a number of bytes"));
        assert!(wrong("(>= 2)", "(>= 2),\n libm").contains("`Depends` goes over several lines"));
        assert!(wrong("Version: 1-2\n", "").contains("it has no `Version`"));
        assert!(wrong("Version: 1-2", "Version: 1\nVersion: 2").contains("`Version` occurs twice"));
    }

    #[test]
    fn a_list_that_swells_is_refused() {
        let xz = rcrepro_compression::pack::xz(&vec![b'\n'; 4 << 20]);
        assert!(xz.len() < 4096, "{} bytes", xz.len());
        let error = unpack("s", &xz[..], 1 << 20).expect_err("a bomb").to_string();
        assert_eq!(error, "the package list of suite `s` is refused: it unpacks to more than 1048576 bytes");
        assert_eq!(unpack("s", &xz[..], 4 << 20).expect("just fits").len(), 4 << 20);
        assert!(unpack("s", &xz[..xz.len() / 2], 4 << 20).expect_err("cut").to_string().contains("cannot be unpacked"));
    }
}
