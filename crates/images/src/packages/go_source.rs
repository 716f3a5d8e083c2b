//! The modules that a Go program is compiled from, as its author's `go.sum` names them.
//!
//! Sources: the Go modules reference (`go.sum` files, module proxies), `golang.org/x/mod/sumdb/dirhash` (`Hash1`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::PackageError;
use super::archive::{read_zip, refusal};
use super::go_module::{Hashing, h1};

/// The most bytes that a `go.mod` or `go.sum` may have: 16 MiB.
const MAX_TEXT: u64 = 16 << 20;
/// The most bytes that one module may unpack to: 1 GiB; Go itself refuses above half of that.
const MAX_MODULE: u64 = 1 << 30;

/// One line of a `go.sum`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum {
    /// The module's path.
    pub module: String,
    /// The module's version.
    pub version: String,
    /// Whether the checksum is that of `go.mod` alone, not of the whole module.
    pub go_mod: bool,
    /// The checksum, `h1:BASE64`.
    pub h1: String,
}

/// Reads a `go.sum`; lines with a checksum of another kind than `h1:` are left out, as Go does.
///
/// # Errors
/// [`PackageError::Form`] with the line that is none of `MODULE VERSION[/go.mod] CHECKSUM`.
pub fn sums(package: &str, text: &str) -> Result<Vec<Sum>, PackageError> {
    let mut sums = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut fields = line.split_whitespace();
        let (Some(module), Some(version), Some(checksum), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            let reason = format!("its go.sum has the line `{line}`: expected MODULE VERSION CHECKSUM");
            return Err(PackageError::Form { package: package.to_owned(), reason });
        };
        if checksum.starts_with("h1:") {
            let (version, go_mod) = version.strip_suffix("/go.mod").map_or((version, false), |version| (version, true));
            let (module, version, h1) = (module.to_owned(), version.to_owned(), checksum.to_owned());
            sums.push(Sum { module, version, go_mod, h1 });
        }
    }
    sums.sort();
    sums.dedup();
    Ok(sums)
}

/// Returns the `h1:` checksum of a module's zip.
///
/// # Errors
/// [`PackageError::Entry`] for an entry outside of `MODULE@VERSION/` or one that comes twice, [`PackageError::Io`].
pub fn zip_h1(package: &str, module: &str, version: &str, zip: File) -> Result<String, PackageError> {
    let prefix = format!("{module}@{version}/");
    let mut hashes = BTreeMap::new();
    read_zip::<PackageError>(package, zip, MAX_MODULE, &mut |name, content| {
        if !name.starts_with(&prefix) || name.split('/').any(|segment| segment == ".." || segment.is_empty()) {
            return Err(refusal(package, name.as_bytes(), "no file below the module's prefix"));
        }
        let mut content = Hashing { inner: content, hasher: Sha256::new() };
        io::copy(&mut content, &mut io::sink()).map_err(PackageError::io(package))?;
        hashes.insert(name.to_owned(), content.hasher.finalize());
        Ok(())
    })?;
    Ok(h1(hashes.iter().map(|(name, hash)| (name.as_str(), hash.as_slice()))))
}

/// Returns the `h1:` checksum of a `go.mod`.
#[must_use]
pub fn go_mod_h1(content: &[u8]) -> String {
    h1([("go.mod", Sha256::digest(content).as_slice())])
}

/// Reads a text file at the top of a module; `None` when it has no such file.
///
/// # Errors
/// [`PackageError::Io`], or [`PackageError::Form`] for a file that is not text of a fitting size.
pub fn top_file(
    package: &str,
    module: &str,
    version: &str,
    file: &str,
    zip: File,
) -> Result<Option<String>, PackageError> {
    let wanted = format!("{module}@{version}/{file}");
    let mut found = None;
    read_zip::<PackageError>(package, zip, MAX_MODULE, &mut |name, content| {
        if name == wanted {
            let mut text = String::new();
            content.take(MAX_TEXT).read_to_string(&mut text).map_err(PackageError::io(package))?;
            found = Some(text);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Returns what a proxy would answer for a version's `.info`, without the time, which Go does not need.
#[must_use]
pub fn info(version: &str) -> Vec<u8> {
    format!("{{\"Version\":\"{version}\"}}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_sum_is_read_and_its_odd_lines_are_named() {
        let text = "m v1.0.0 h1:A=\nm v1.0.0/go.mod h1:B=\nm v1.0.0 h2:later\n";
        let sums = sums("pkg:golang/m@v1", text).expect("a good go.sum");
        let sum = |go_mod, h1: &str| Sum { module: "m".into(), version: "v1.0.0".into(), go_mod, h1: h1.into() };
        assert_eq!(sums, [sum(false, "h1:A="), sum(true, "h1:B=")]);
        let error = super::sums("pkg:golang/m@v1", "m v1.0.0").expect_err("a short line").to_string();
        assert_eq!(error, "pkg:golang/m@v1: its go.sum has the line `m v1.0.0`: expected MODULE VERSION CHECKSUM");
    }

    #[test]
    fn checksums_are_those_of_go() {
        // Public: golang.org/x/xerrors v0.0.0-20191204190536-9bdfabe68543/go.mod, as any go.sum that has it says.
        let go_mod = b"module golang.org/x/xerrors\n\ngo 1.11\n";
        assert_eq!(go_mod_h1(go_mod), "h1:I/5z698sn9Ka8TeJc9MKroUUfqBBauWjQqLJ2OPfmY0=");
        assert_eq!(info("v1.2.3"), br#"{"Version":"v1.2.3"}"#);
    }
}
