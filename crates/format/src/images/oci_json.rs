//! The OCI image config and manifest as bytes, always the same bytes for the same image.
//!
//! Hash rule: RFC 8785 JSON of the messages below. The config holds `architecture`, `os`, `created` (the lock's epoch),
//! `config.Env` sorted by variable, `config.Cmd`, and `rootfs`; no history, labels or author, because none of them says
//! what the image is. The manifest names uncompressed tar layers, so that it depends on no compressor.
//! Source: OCI image specification 1.1, `config.md` and `manifest.md`.

use serde::Serialize;

use rcrepro_model::content::digest::Digest;
use rcrepro_model::image::definition::{ImageConfig, ImagePlatform};
use rcrepro_model::text::civil_date::utc_second;

/// The media type of an image config.
pub const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of an uncompressed layer.
pub const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";
/// The media type of an image manifest.
pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an image index.
pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

#[derive(Serialize)]
struct ConfigWire<'a> {
    architecture: &'a str,
    config: ProcessWire<'a>,
    created: String,
    os: &'a str,
    rootfs: RootfsWire,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessWire<'a> {
    cmd: &'a [String],
    env: Vec<String>,
}

#[derive(Serialize)]
struct RootfsWire {
    diff_ids: Vec<String>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ManifestWire {
    config: DescriptorWire,
    layers: Vec<DescriptorWire>,
    media_type: &'static str,
    schema_version: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorWire {
    digest: String,
    media_type: &'static str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<PlatformWire>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<std::collections::BTreeMap<&'static str, String>>,
}

#[derive(Serialize)]
struct PlatformWire {
    architecture: &'static str,
    os: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexWire {
    manifests: Vec<DescriptorWire>,
    media_type: &'static str,
    schema_version: u8,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LoadWire {
    config: String,
    layers: Vec<String>,
    repo_tags: Option<Vec<String>>,
}

/// Writes the image config; its SHA-256 is the image ID of Docker's classic store.
#[must_use]
pub fn config(platform: ImagePlatform, epoch: u64, config: &ImageConfig, layers: &[Digest]) -> Vec<u8> {
    canonical(&ConfigWire {
        architecture: platform.architecture(),
        config: ProcessWire {
            cmd: &config.cmd,
            env: config.env.iter().map(|(variable, value)| format!("{variable}={value}")).collect(),
        },
        created: rfc3339(epoch),
        os: "linux",
        rootfs: RootfsWire { diff_ids: layers.iter().map(|layer| layer.hash.to_oci()).collect(), kind: "layers" },
    })
}

/// Writes the image manifest over a config and uncompressed layers, lowest first.
#[must_use]
pub fn manifest(config: Digest, layers: &[Digest]) -> Vec<u8> {
    canonical(&ManifestWire {
        config: descriptor(config, CONFIG_TYPE),
        layers: layers.iter().map(|layer| descriptor(*layer, LAYER_TYPE)).collect(),
        media_type: MANIFEST_TYPE,
        schema_version: 2,
    })
}

/// One image of a layout's index.
#[derive(Debug, Clone, Copy)]
pub struct LayoutImage<'a> {
    /// SHA-256 and size of the bytes of [`manifest`].
    pub manifest: Digest,
    /// SHA-256 and size of the config's bytes.
    pub config: Digest,
    /// The uncompressed layers, lowest first.
    pub layers: &'a [Digest],
    /// The machine that the image is for.
    pub platform: ImagePlatform,
    /// The name that engines show, such as `rcrepro/go:0123456789ab`; a comment beside the digest.
    pub tag: Option<&'a str>,
    /// The name inside the layout, as in `oci:DIR:NAME`.
    pub reference: Option<&'a str>,
}

/// Writes a layout's `index.json`.
#[must_use]
pub fn index(entries: &[LayoutImage<'_>]) -> Vec<u8> {
    let manifests = entries.iter().map(|entry| {
        let mut descriptor = descriptor(entry.manifest, MANIFEST_TYPE);
        descriptor.platform = Some(PlatformWire { architecture: entry.platform.architecture(), os: "linux" });
        // The containerd store reads the first, other tools the second.
        let tag = entry.tag.map(qualified);
        let names = [
            ("io.containerd.image.name", tag),
            ("org.opencontainers.image.ref.name", entry.reference.map(str::to_owned)),
        ];
        let names: std::collections::BTreeMap<_, _> =
            names.into_iter().filter_map(|(key, name)| Some((key, name?))).collect();
        descriptor.annotations = (!names.is_empty()).then_some(names);
        descriptor
    });
    canonical(&IndexWire { manifests: manifests.collect(), media_type: INDEX_TYPE, schema_version: 2 })
}

/// Writes a name with a registry before it: the containerd store takes a name as it is, and finds whole ones only.
#[must_use]
pub fn qualified(tag: &str) -> String {
    match tag.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => tag.to_owned(),
        _ => format!("localhost/{tag}"),
    }
}

/// Writes `manifest.json`, which Docker before 25 wants beside a layout to load it.
#[must_use]
pub fn load_list(entries: &[LayoutImage<'_>]) -> Vec<u8> {
    let load = |entry: &LayoutImage<'_>| LoadWire {
        config: blob_path(entry.config),
        layers: entry.layers.iter().map(|layer| blob_path(*layer)).collect(),
        repo_tags: entry.tag.map(|tag| vec![tag.to_owned()]),
    };
    canonical(&entries.iter().map(load).collect::<Vec<_>>())
}

/// Returns a blob's path in a layout.
#[must_use]
pub fn blob_path(digest: Digest) -> String {
    format!("blobs/sha256/{}", digest.hash)
}

fn descriptor(digest: Digest, media_type: &'static str) -> DescriptorWire {
    DescriptorWire { digest: digest.hash.to_oci(), media_type, size: digest.size, platform: None, annotations: None }
}

#[expect(clippy::expect_used, reason = "strings and integers always have a canonical form")]
fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("strings and integers have a canonical form")
}

/// Writes seconds since 1970 as RFC 3339 in UTC; after the year 9999, the last second of it.
#[must_use]
pub fn rfc3339(epoch: u64) -> String {
    utc_second(i64::try_from(epoch).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_the_containerd_store_are_whole() {
        for (tag, whole) in [
            ("rcrepro/base:1", "localhost/rcrepro/base:1"),
            ("base:1", "localhost/base:1"),
            ("registry.example/base:1", "registry.example/base:1"),
            ("localhost:5000/a/base:1", "localhost:5000/a/base:1"),
            ("localhost/base:1", "localhost/base:1"),
        ] {
            assert_eq!(qualified(tag), whole);
        }
    }

    #[test]
    fn times_are_civil() {
        for (epoch, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(epoch), text);
        }
    }

    #[test]
    fn the_bytes_are_fixed() {
        let empty = Digest::of(b"");
        let process = ImageConfig { env: [("PATH".to_owned(), "/bin".to_owned())].into(), cmd: vec!["sh".to_owned()] };
        let hex = empty.hash.to_string();
        assert_eq!(
            String::from_utf8(config(ImagePlatform::LinuxAmd64, 0, &process, &[empty])).expect("JSON is UTF-8"),
            format!(
                r#"{{"architecture":"amd64","config":{{"Cmd":["sh"],"Env":["PATH=/bin"]}},"created":"1970-01-01T00:00:00Z","os":"linux","rootfs":{{"diff_ids":["sha256:{hex}"],"type":"layers"}}}}"#
            )
        );
        assert_eq!(
            String::from_utf8(manifest(empty, &[])).expect("JSON is UTF-8"),
            format!(
                r#"{{"config":{{"digest":"sha256:{hex}","mediaType":"{CONFIG_TYPE}","size":0}},"layers":[],"mediaType":"{MANIFEST_TYPE}","schemaVersion":2}}"#
            )
        );
    }
}
