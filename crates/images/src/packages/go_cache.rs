//! A module as Go's module cache holds it, made from its files: `cache/download` and the extracted folder.
//!
//! Sources: `cmd/go/internal/modfetch` (`checkMod` compares the `.ziphash` with `go.sum`), `golang.org/x/mod/zip`.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::PackageError;
use super::go_module::{escape, h1, proxy_path};
use rcrepro_archive::zip;

/// A module in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedModule {
    /// The files, by their paths below `GOMODCACHE`.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The two lines of `go.sum`.
    pub sums: String,
}

/// Puts a module into the form of the cache; `files` are its files by name, `go.mod` among them.
///
/// # Errors
/// [`PackageError::Io`] when no zip can be made of it.
pub fn cached_module(
    module: &str,
    version: &str,
    files: &BTreeMap<&str, String>,
) -> Result<CachedModule, PackageError> {
    let prefix = format!("{module}@{version}");
    let mut members = Vec::new();
    let mut hashes = BTreeMap::new();
    let mut cached = BTreeMap::new();
    for (name, text) in files {
        let inner = format!("{prefix}/{name}");
        hashes.insert(inner.clone(), Sha256::digest(text.as_bytes()));
        members.push((inner, text.as_bytes()));
        cached.insert(format!("{}@{}/{name}", escape(module), escape(version)), text.clone().into_bytes());
    }
    let zip = zip::stored(members.iter().map(|(name, content)| (name.as_str(), *content)));
    let zip = zip.map_err(PackageError::io(&prefix))?;
    let sum = h1(hashes.iter().map(|(name, hash)| (name.as_str(), hash.as_slice())));
    let go_mod = files.get("go.mod").cloned().unwrap_or_default();
    let mod_sum = h1([("go.mod", Sha256::digest(go_mod.as_bytes()).as_slice())]);
    let sums = format!("{module} {version} {sum}\n{module} {version}/go.mod {mod_sum}\n");
    for (ending, bytes) in [("mod", go_mod.into_bytes()), ("zip", zip), ("ziphash", sum.into_bytes())] {
        cached.insert(format!("cache/download/{}", proxy_path(module, version, ending)), bytes);
    }
    Ok(CachedModule { files: cached, sums })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_where_go_looks_for_it() {
        let files = [("go.mod", "module example.com/M\n".to_owned()), ("m.go", "package m\n".to_owned())].into();
        let cached = cached_module("example.com/M", "v0.0.1", &files).expect("a module");
        let paths: Vec<&str> = cached.files.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "cache/download/example.com/!m/@v/v0.0.1.mod",
                "cache/download/example.com/!m/@v/v0.0.1.zip",
                "cache/download/example.com/!m/@v/v0.0.1.ziphash",
                "example.com/!m@v0.0.1/go.mod",
                "example.com/!m@v0.0.1/m.go",
            ]
        );
        // As the rule says it: `sha256sum FILE… | sha256sum | xxd -r -p | base64`, with the names of the zip.
        let sums = "example.com/M v0.0.1 h1:qjBSDv+uVLLZaFdHv24M6QMZ94EALSc9rRdWLJ6AtN8=\nexample.com/M v0.0.1/go.mod h1:CunZ2lFoa484vW4ZW4xnQnMPzlVFX2A7xr2oO4q7/kg=\n";
        assert_eq!(cached.sums, sums);
        let ziphash = &cached.files["cache/download/example.com/!m/@v/v0.0.1.ziphash"];
        assert!(ziphash.starts_with(b"h1:"));
    }
}
