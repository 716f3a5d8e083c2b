//! An npm cache (`cacache`) that `npm ci` installs from with no network, as a function of the packages in it.
//!
//! Beside the tarballs there is for each package a packument that knows these versions and nothing else, and index entries,
//! because npm asks for both when the lock has no `resolved` fields. All URLs are below [`OFFLINE_REGISTRY`], which can never
//! resolve; npm rewrites the `resolved` fields of locks that have them to its configured registry.
//!
//! Layout and hashes as cacache 20 (`content-v2`, `index-v5`) and make-fetch-happen 15 write them.

use std::collections::BTreeMap;

use serde_json::json;
use sha1::Digest as _;

use super::npm::tarball_path;
use rcrepro_model::content::{hex, integrity};
use rcrepro_model::execution::derive::OFFLINE_REGISTRY;

/// The `accept` header that npm sends for packuments; the cache is keyed on it.
const PACKUMENT_ACCEPT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// A package whose tarball is in the cache.
#[derive(Debug, Clone, Copy)]
pub struct CachedPackage<'a> {
    /// Its name, with its scope.
    pub name: &'a str,
    /// As in `package.json`, such as `1.2.3`.
    pub version: &'a str,
    /// The tarball's checksum, as `sha512-BASE64`.
    pub integrity: &'a str,
    /// The tarball's bytes.
    pub size: u64,
}

/// Makes the files of the cache, except the tarballs themselves: path below the cache's root → bytes.
#[must_use]
pub fn cache_files(present: &[CachedPackage<'_>]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut by_name: BTreeMap<&str, Vec<&CachedPackage<'_>>> = BTreeMap::new();
    for package in present {
        by_name.entry(package.name).or_default().push(package);
    }
    for (name, versions) in by_name {
        let packument = packument(name, &versions);
        let hash = sha2::Sha512::digest(&packument);
        let url = format!("{OFFLINE_REGISTRY}{}", name.replace('/', "%2f"));
        let request = json!({ "accept": PACKUMENT_ACCEPT });
        let entry =
            IndexEntry { integrity: &integrity::encode(hash), size: packument.len() as u64, mime: "application/json" };
        entry.add(&mut files, &url, &request);
        files.insert(format!("_cacache/content-v2/{}", content_path(&hash)), packument);
        for package in versions {
            let entry =
                IndexEntry { integrity: package.integrity, size: package.size, mime: "application/octet-stream" };
            entry.add(&mut files, &tarball_url(package), &json!({}));
        }
    }
    files
}

fn packument(name: &str, versions: &[&CachedPackage<'_>]) -> Vec<u8> {
    let versions: serde_json::Map<String, serde_json::Value> = versions
        .iter()
        .map(|package| {
            let dist = json!({ "integrity": package.integrity, "tarball": tarball_url(package) });
            (package.version.to_owned(), json!({ "name": name, "version": package.version, "dist": dist }))
        })
        .collect();
    canonical(&json!({ "name": name, "dist-tags": {}, "versions": versions }))
}

fn tarball_url(package: &CachedPackage<'_>) -> String {
    format!("{OFFLINE_REGISTRY}{}", tarball_path(package.name, package.version))
}

/// Writes RFC 8785 bytes, so that no feature of the JSON crate can change the order of keys.
fn canonical(value: &serde_json::Value) -> Vec<u8> {
    rcrepro_format::syntax::canonical_json::to_vec(value).expect("strings and integers only")
}

/// What the cache's index holds of one answer.
struct IndexEntry<'a> {
    integrity: &'a str,
    size: u64,
    mime: &'a str,
}

impl IndexEntry<'_> {
    fn add(&self, files: &mut BTreeMap<String, Vec<u8>>, url: &str, request_headers: &serde_json::Value) {
        let key = format!("make-fetch-happen:request-cache:{url}");
        // A time of 0 would be read as "absent"; 1 ms after the epoch is the smallest fixed one.
        let entry = canonical(&json!({
            "key": key, "integrity": self.integrity, "time": 1, "size": self.size,
            "metadata": {
                "time": 1, "url": url, "reqHeaders": request_headers,
                "resHeaders": { "content-type": self.mime }, "options": { "compress": true },
            },
        }));
        let hash = hex::encode(sha1::Sha1::digest(&entry));
        let bucket = hex::encode(sha2::Sha256::digest(key.as_bytes()));
        let path = format!("_cacache/index-v5/{}/{}/{}", &bucket[..2], &bucket[2..4], &bucket[4..]);
        let bucket = files.entry(path).or_default();
        bucket.extend_from_slice(format!("\n{hash}\t").as_bytes());
        bucket.extend_from_slice(&entry);
    }
}

/// Returns where a cache keeps what has this SHA-512, below `content-v2`.
#[must_use]
pub fn content_path(hash: &[u8]) -> String {
    let hex = hex::encode(hash);
    format!("sha512/{}/{}/{}", &hex[..2], &hex[2..4], &hex[4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_files_are_a_function_of_the_packages() {
        let checksum = integrity::encode([7; 64]);
        let package = |name| CachedPackage { name, version: "1.0.0", integrity: &checksum, size: 10 };
        let present = ["@s/b", "a"].map(package);
        let files = cache_files(&present);
        assert_eq!(files, cache_files(&present));
        assert_eq!(files.len(), 6, "two packuments, and an index entry for each packument and each tarball");
        let all = files.values().flatten().copied().collect::<Vec<u8>>();
        assert!(String::from_utf8_lossy(&all).contains("registry.invalid/@s%2fb"));
        assert!(content_path(&[7; 64]).starts_with("sha512/07/07/0707"));
    }
}
