//! npm packages as a frozen input: a cache (`cacache`) that `npm ci` installs from with no network.
//!
//! Kept of the network step: the tarballs that `package-lock.json` names by integrity. npm leaves out optional ones and those
//! of other platforms; any other that was not fetched is an error, because an install would miss it later. Added: for each
//! package a packument that knows the locked versions and nothing else, and index entries, because npm asks for both when the
//! lock has no `resolved` fields. The registry's own packuments are dropped: they change with every release. All URLs are
//! below [`OFFLINE_REGISTRY`], which can never resolve; npm rewrites the `resolved` fields of locks that have them to its
//! configured registry.
//!
//! Layout and hashes as cacache 20 (`content-v2`, `index-v5`) and make-fetch-happen 15 write them.

use std::collections::BTreeMap;

use serde_json::json;
use sha1::Digest as _;

use super::npm_lock::LockedPackage;
use rcrepro_model::content::base64;
use rcrepro_model::content::hex;
use rcrepro_model::execution::derive::OFFLINE_REGISTRY;

/// The files of the client's lock, relative to the package's folder.
pub const LOCK_FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// The shell line of the network step.
pub const LINE: &str = "npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --cache /work/npm-cache";
/// What the step yields, relative to its working directory.
pub const OUTPUT: &str = "npm-cache/_cacache/content-v2";

/// The `accept` header that npm sends for packuments; the cache is keyed on it.
const PACKUMENT_ACCEPT: &str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// Makes the files of the frozen cache, but for the tarballs themselves: path below the cache's root → bytes.
///
/// `present` are the locked packages whose tarballs were fetched, with their sizes in bytes.
#[must_use]
pub fn cache_files(present: &[(LockedPackage, u64)]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut by_name: BTreeMap<&str, Vec<&(LockedPackage, u64)>> = BTreeMap::new();
    for entry in present {
        by_name.entry(&entry.0.name).or_default().push(entry);
    }
    for (name, versions) in by_name {
        let packument = packument(name, &versions);
        let hash = sha2::Sha512::digest(&packument);
        let integrity = format!("sha512-{}", base64::encode(hash));
        let url = format!("{OFFLINE_REGISTRY}{}", name.replace('/', "%2f"));
        let request = json!({ "accept": PACKUMENT_ACCEPT });
        add_index_entry(&mut files, &url, &integrity, packument.len() as u64, &request, "application/json");
        files.insert(format!("_cacache/content-v2/{}", content_path(&hash)), packument);
        for (package, size) in versions {
            let url = tarball_url(package);
            add_index_entry(&mut files, &url, &package.integrity, *size, &json!({}), "application/octet-stream");
        }
    }
    files
}

fn packument(name: &str, versions: &[&(LockedPackage, u64)]) -> Vec<u8> {
    let versions: serde_json::Map<String, serde_json::Value> = versions
        .iter()
        .map(|(package, _)| {
            let dist = json!({ "integrity": package.integrity, "tarball": tarball_url(package) });
            (package.version.clone(), json!({ "name": name, "version": package.version, "dist": dist }))
        })
        .collect();
    canonical(&json!({ "name": name, "dist-tags": {}, "versions": versions }))
}

/// Writes RFC 8785 bytes, so that no feature of the JSON crate can change the order of keys.
fn canonical(value: &serde_json::Value) -> Vec<u8> {
    rcrepro_format::syntax::canonical_json::to_vec(value).expect("strings and integers only")
}

fn tarball_url(package: &LockedPackage) -> String {
    let base = package.name.rsplit('/').next().unwrap_or(&package.name);
    format!("{OFFLINE_REGISTRY}{}/-/{base}-{}.tgz", package.name, package.version)
}

fn add_index_entry(
    files: &mut BTreeMap<String, Vec<u8>>,
    url: &str,
    integrity: &str,
    size: u64,
    request_headers: &serde_json::Value,
    content_type: &str,
) {
    let key = format!("make-fetch-happen:request-cache:{url}");
    // A time of 0 would be read as "absent"; 1 ms after the epoch is the smallest fixed one.
    let entry = canonical(&json!({
        "key": key, "integrity": integrity, "time": 1, "size": size,
        "metadata": {
            "time": 1, "url": url, "reqHeaders": request_headers,
            "resHeaders": { "content-type": content_type }, "options": { "compress": true },
        },
    }));
    let hash = hex::encode(sha1::Sha1::digest(&entry));
    let bucket = hex::encode(sha2::Sha256::digest(key.as_bytes()));
    let path = format!("_cacache/index-v5/{}/{}/{}", &bucket[..2], &bucket[2..4], &bucket[4..]);
    let bucket = files.entry(path).or_default();
    bucket.extend_from_slice(format!("\n{hash}\t").as_bytes());
    bucket.extend_from_slice(&entry);
}

/// Gives where a cache keeps what has this SHA-512, below `content-v2`.
pub(super) fn content_path(hash: &[u8]) -> String {
    let hex = hex::encode(hash);
    format!("sha512/{}/{}/{}", &hex[..2], &hex[2..4], &hex[4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_files_are_a_function_of_the_lock() {
        let package = |name: &str| LockedPackage {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            integrity: format!("sha512-{}", base64::encode([7; 64])),
            content_path: content_path(&[7; 64]),
            may_be_left_out: false,
        };
        let present: Vec<_> = ["@s/b", "a"].into_iter().map(|name| (package(name), 10)).collect();
        let files = cache_files(&present);
        assert_eq!(files, cache_files(&present));
        assert_eq!(files.len(), 6, "two packuments, and an index entry for each packument and each tarball");
        let all = files.values().flatten().copied().collect::<Vec<u8>>();
        assert!(String::from_utf8_lossy(&all).contains("registry.invalid/@s%2fb"));
    }
}
