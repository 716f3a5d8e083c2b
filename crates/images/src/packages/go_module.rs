//! Go modules: `.zip` files as the module proxy serves them, their `h1:` checksum, and toolchains among them.
//!
//! Sources: `golang.org/x/mod/module` (paths in URLs), `golang.org/x/mod/sumdb/dirhash` (`Hash1`),
//! `cmd/go/internal/toolchain/select.go` (which files of a toolchain become executable).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::PackageError;
use super::archive::{entry_path, read_zip, refusal};
use rcrepro_model::content::base64;
use rcrepro_model::content::hex;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::layer::{Entry, EntryKind, LayerLimits};

/// The module that toolchains are served as.
pub const TOOLCHAIN_MODULE: &str = "golang.org/toolchain";

/// Returns the version that a toolchain has as a module, such as `v0.0.1-go1.26.8.linux-amd64`.
#[must_use]
pub fn toolchain_version(toolchain: &str, architecture: &str) -> String {
    format!("v0.0.1-go{toolchain}.linux-{architecture}")
}

/// Returns a module's zip below a proxy's base; upper-case letters are written as `!` and the lower-case letter.
#[must_use]
pub fn zip_path(module: &str, version: &str) -> String {
    proxy_path(module, version, "zip")
}

/// Returns a module's file of the given ending (`zip`, `mod`, `info`) below a proxy's base.
#[must_use]
pub fn proxy_path(module: &str, version: &str, ending: &str) -> String {
    format!("{}/@v/{}.{ending}", escape(module), escape(version))
}

/// Returns where a module's list of versions lies below a proxy's base.
#[must_use]
pub fn list_path(module: &str) -> String {
    format!("{}/@v/list", escape(module))
}

/// Returns where a proxy answers for a checksum database.
#[must_use]
pub fn lookup_path(database: &str, module: &str, version: &str) -> String {
    format!("sumdb/{database}/lookup/{}@{}", escape(module), escape(version))
}

/// Returns where Go unpacks a module, below its module cache.
#[must_use]
pub fn cache_path(module: &str, version: &str) -> String {
    format!("{}@{}", escape(module), escape(version))
}

pub(super) fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_uppercase() {
            out.push('!');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

/// Streams the files of a toolchain's zip to `sink`, below `into`, and gives the zip's `h1:` checksum.
///
/// The caller compares the checksum before it believes anything that it was given. Files under `bin` and `pkg/tool` and the
/// `go_*_*_exec` scripts under `lib` are executable, and `_go.mod` becomes `go.mod` again, because a module zip can hold neither.
///
/// # Errors
/// [`PackageError::Entry`], [`PackageError::Io`], or what `sink` says.
pub fn read_toolchain<E: From<PackageError>>(
    package: &str,
    prefix: &str,
    zip: File,
    into: &TreePath,
    sink: &mut dyn FnMut(Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<String, E> {
    let mut hashes = BTreeMap::new();
    // A layer's writer takes one byte more than it may, to tell so itself.
    read_zip(package, zip, LayerLimits::PACKAGE.bytes + 1, &mut |name, content| {
        let inner = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
        let inner = inner.and_then(|inner| entry_path(package, inner.as_bytes()).ok().flatten());
        // Said of the whole name, because that is what is in the archive.
        let inner = inner.ok_or_else(|| refusal(package, name.as_bytes(), "no file below the module's prefix"))?;
        let mut content = Hashing { inner: content, hasher: Sha256::new() };
        sink(toolchain_entry(&inner, into), &mut content)?;
        io::copy(&mut content, &mut io::sink()).map_err(PackageError::io(package))?;
        hashes.insert(name.to_owned(), content.hasher.finalize());
        Ok::<(), E>(())
    })?;
    Ok(h1(hashes.iter().map(|(name, hash)| (name.as_str(), hash.as_slice()))))
}

/// Returns the checksum over files, given in the order of their names' bytes with the SHA-256 of each.
pub(super) fn h1<'a>(hashes: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let lines: String = hashes.into_iter().map(|(name, hash)| format!("{}  {name}\n", hex::encode(hash))).collect();
    format!("h1:{}", base64::encode(Sha256::digest(lines)))
}

fn toolchain_entry(inner: &TreePath, into: &TreePath) -> Entry {
    let text = inner.as_str();
    let (folder, base) = text.rsplit_once('/').unwrap_or(("", text));
    let exec_script = || {
        let mut parts = base.split('_');
        let middle = parts.next() == Some("go") && parts.next_back() == Some("exec");
        middle && parts.clone().count() >= 2 && parts.all(|part| !part.is_empty())
    };
    let executable =
        text.starts_with("bin/") || text.starts_with("pkg/tool/") || (text.starts_with("lib/") && exec_script());
    let restored = match (base, folder) {
        ("_go.mod", "") => "go.mod".to_owned(),
        ("_go.mod", folder) => format!("{folder}/go.mod"),
        _ => text.to_owned(),
    };
    let restored: TreePath = restored.parse().expect("a renamed file stays a path");
    Entry { path: into.join(&restored), kind: EntryKind::File { mode: if executable { 0o755 } else { 0o644 } } }
}

pub(super) struct Hashing<'a> {
    pub(super) inner: &'a mut dyn Read,
    pub(super) hasher: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_and_go_mod_are_restored() {
        let laid = |inner: &str| {
            let entry = toolchain_entry(&inner.parse().expect("a path"), &"usr/local/go".parse().expect("a path"));
            let EntryKind::File { mode } = entry.kind else { panic!("a file") };
            format!("{} {mode:o}", entry.path)
        };
        assert_eq!(laid("bin/go"), "usr/local/go/bin/go 755");
        assert_eq!(laid("pkg/tool/linux_amd64/vet"), "usr/local/go/pkg/tool/linux_amd64/vet 755");
        assert_eq!(laid("lib/wasm/go_js_wasm_exec"), "usr/local/go/lib/wasm/go_js_wasm_exec 755");
        assert_eq!(laid("lib/wasm/wasm_exec.js"), "usr/local/go/lib/wasm/wasm_exec.js 644");
        assert_eq!(laid("src/_go.mod"), "usr/local/go/src/go.mod 644");
        assert_eq!(laid("VERSION"), "usr/local/go/VERSION 644");
    }

    #[test]
    fn upper_case_is_escaped_for_the_proxy() {
        assert_eq!(list_path("github.com/Azure/x"), "github.com/!azure/x/@v/list");
        assert_eq!(zip_path("github.com/Azure/x", "v1.0.0-RC1"), "github.com/!azure/x/@v/v1.0.0-!r!c1.zip");
    }
}
