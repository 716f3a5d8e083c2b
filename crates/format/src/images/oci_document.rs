//! Manifests, indexes and configs of images as registries serve them → what a pull needs of them.
//!
//! OCI's forms and Docker's second schema are read; they differ in their media types alone. Unknown fields are let through:
//! what a document is, its digest has said already. Keys that an engine may take for others than we do are refused.
//! Source: OCI image specification 1.1, `manifest.md`, `image-index.md`, `config.md`; distribution project,
//! "Image Manifest Version 2, Schema 2".

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::oci_json::{CONFIG_TYPE, INDEX_TYPE, LAYER_TYPE, MANIFEST_TYPE};
use crate::syntax::unambiguous_json::{self, KnownKeys};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::image::definition::ImagePlatform;

/// Docker's media type of an image manifest.
pub const DOCKER_MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's media type of an index.
pub const DOCKER_INDEX_TYPE: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's media type of an image config.
const DOCKER_CONFIG_TYPE: &str = "application/vnd.docker.container.image.v1+json";

/// The media types that are asked for when a manifest or an index is fetched.
pub const DOCUMENT_TYPES: [&str; 4] = [MANIFEST_TYPE, INDEX_TYPE, DOCKER_MANIFEST_TYPE, DOCKER_INDEX_TYPE];

/// The keys of an image config: OCI's, and those that Docker has beside them.
pub(super) const CONFIG_KEYS: KnownKeys = KnownKeys {
    plain: &[
        "architecture",
        "os",
        "os.version",
        "os.features",
        "variant",
        "created",
        "author",
        "history",
        "id",
        "parent",
        "comment",
        "container",
        "docker_version",
        "Size",
    ],
    objects: &[("config", &PROCESS_KEYS), ("container_config", &PROCESS_KEYS), ("rootfs", &ROOTFS_KEYS)],
};
const PROCESS_KEYS: KnownKeys = KnownKeys {
    plain: &[
        "Hostname",
        "Domainname",
        "User",
        "AttachStdin",
        "AttachStdout",
        "AttachStderr",
        "ExposedPorts",
        "Tty",
        "OpenStdin",
        "StdinOnce",
        "Env",
        "Cmd",
        "ArgsEscaped",
        "Image",
        "Volumes",
        "WorkingDir",
        "Entrypoint",
        "NetworkDisabled",
        "MacAddress",
        "OnBuild",
        "Labels",
        "StopSignal",
        "StopTimeout",
        "Shell",
        "Memory",
        "MemorySwap",
        "CpuShares",
        "Cpuset",
        "PortSpecs",
        "VolumesFrom",
    ],
    objects: &[("Healthcheck", &CHECK_KEYS)],
};
const CHECK_KEYS: KnownKeys =
    KnownKeys { plain: &["Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"], objects: &[] };
const ROOTFS_KEYS: KnownKeys = KnownKeys { plain: &["type", "diff_ids"], objects: &[] };
/// The keys of a manifest and of an index.
const DOCUMENT_KEYS: KnownKeys = KnownKeys {
    plain: &["schemaVersion", "mediaType", "artifactType", "annotations"],
    objects: &[
        ("config", &DESCRIPTOR_KEYS),
        ("layers", &DESCRIPTOR_KEYS),
        ("manifests", &DESCRIPTOR_KEYS),
        ("subject", &DESCRIPTOR_KEYS),
    ],
};
const DESCRIPTOR_KEYS: KnownKeys = KnownKeys {
    plain: &["mediaType", "artifactType", "digest", "size", "urls", "annotations", "data"],
    objects: &[("platform", &PLATFORM_KEYS)],
};
const PLATFORM_KEYS: KnownKeys =
    KnownKeys { plain: &["architecture", "os", "os.version", "os.features", "variant", "features"], objects: &[] };

/// The error for bytes that are not the expected document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The media type is another one, or the document contradicts the one that it was sent as.
    #[error("its media type is `{found}`, expected {expected}")]
    MediaType {
        /// What would be right.
        expected: String,
        /// The media type that the document or its sender names.
        found: String,
    },
    /// The JSON has another shape.
    #[error("{reason}")]
    Shape {
        /// What is wrong, and where.
        reason: String,
    },
    /// It is not for the platform.
    #[error("it is for {found}, expected {expected}")]
    Platform {
        /// The platform that was asked for.
        expected: ImagePlatform,
        /// The platform that the image's config names.
        found: String,
    },
}

impl IndexedManifest {
    /// Whether the entry leads to a further index, and not to an image.
    #[must_use]
    pub fn is_index(&self) -> bool {
        [INDEX_TYPE, DOCKER_INDEX_TYPE].contains(&self.manifest.media_type.as_str())
    }
}

/// The compression of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// A plain tar.
    Plain,
    /// RFC 1952, as most registries serve layers.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Packing {
    /// Returns a layer's packing by its media type; `None` for other media types, and for layers that no registry serves.
    #[must_use]
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        match media_type {
            LAYER_TYPE | "application/vnd.docker.image.rootfs.diff.tar" => Some(Self::Plain),
            "application/vnd.oci.image.layer.v1.tar+gzip" | "application/vnd.docker.image.rootfs.diff.tar.gzip" => {
                Some(Self::Gzip)
            }
            "application/vnd.oci.image.layer.v1.tar+zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Points at a document or a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The media type, such as `application/vnd.oci.image.manifest.v1+json`.
    pub media_type: String,
    /// Its digest and size.
    pub digest: Digest,
}

/// What a reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One image each for several platforms.
    Index(Vec<IndexedManifest>),
    /// One image.
    Manifest {
        /// The image config.
        config: Descriptor,
        /// The layers, lowest first.
        layers: Vec<Descriptor>,
    },
}

/// One image of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedManifest {
    /// The image's manifest.
    pub manifest: Descriptor,
    /// What it is for, such as `linux/arm64/v8`; empty when the index does not say.
    pub platform: String,
}

/// The facts of an image config that a pull has to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFacts {
    /// The digests of the uncompressed layers, lowest first.
    pub diff_ids: Vec<Sha256>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentWire {
    schema_version: u64,
    media_type: Option<String>,
    manifests: Option<Vec<DescriptorWire>>,
    config: Option<DescriptorWire>,
    layers: Option<Vec<DescriptorWire>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorWire {
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<PlatformWire>,
}

#[derive(Deserialize)]
struct PlatformWire {
    architecture: String,
    os: String,
    variant: Option<String>,
}

#[derive(Deserialize)]
struct ConfigWire {
    architecture: String,
    os: String,
    rootfs: RootfsWire,
}

#[derive(Deserialize)]
struct RootfsWire {
    diff_ids: Vec<String>,
}

/// Reads a manifest or an index that was sent as this media type (without parameters).
///
/// # Errors
/// [`DocumentError::MediaType`] for another type or one that the document itself contradicts, [`DocumentError::Shape`].
pub fn document(media_type: &str, bytes: &[u8]) -> Result<Document, DocumentError> {
    if !DOCUMENT_TYPES.contains(&media_type) {
        return Err(wrong_type("an image manifest or index of OCI or of Docker's schema 2", media_type));
    }
    let wire: DocumentWire = json(bytes, &DOCUMENT_KEYS)?;
    if let Some(own) = wire.media_type.filter(|own| own != media_type) {
        return Err(wrong_type(&format!("`{media_type}`, as it was sent"), &own));
    }
    if wire.schema_version != 2 {
        return Err(shape(format!("its schemaVersion is {}, expected 2", wire.schema_version)));
    }
    let index = media_type == INDEX_TYPE || media_type == DOCKER_INDEX_TYPE;
    // A document with the fields of both would be an index to one reader and an image to another.
    match (index, wire.manifests, wire.config, wire.layers) {
        (true, Some(manifests), None, None) => {
            manifests.into_iter().map(entry).collect::<Result<_, _>>().map(Document::Index)
        }
        (false, None, Some(config), Some(layers)) => Ok(Document::Manifest {
            config: descriptor(&config)?,
            layers: layers.iter().map(descriptor).collect::<Result<_, _>>()?,
        }),
        (true, ..) => Err(shape("an index has `manifests`, and neither `config` nor `layers`".to_owned())),
        (false, ..) => Err(shape("a manifest has `config` and `layers`, and no `manifests`".to_owned())),
    }
}

/// Picks the image for a platform out of an index: the first of the plainest variant.
///
/// # Errors
/// [`DocumentError::Platform`] when there is none.
pub fn choose(entries: &[IndexedManifest], platform: ImagePlatform) -> Result<&IndexedManifest, DocumentError> {
    let usual = match platform {
        ImagePlatform::LinuxAmd64 => "linux/amd64/v1",
        ImagePlatform::LinuxArm64 => "linux/arm64/v8",
    };
    let plain = platform.to_string();
    let found = [plain.as_str(), usual].iter().find_map(|wanted| entries.iter().find(|one| one.platform == *wanted));
    found.ok_or_else(|| {
        let known: Vec<_> = entries.iter().map(|one| one.platform.as_str()).filter(|one| !one.is_empty()).collect();
        let found = if known.is_empty() { "no platform".to_owned() } else { known.join(", ") };
        DocumentError::Platform { expected: platform, found }
    })
}

/// Lists the other images of an index for the same operating system and architecture: some engines take the variant that fits their processor
/// best, so that one index gives different images to different machines.
#[must_use]
pub fn rivals<'a>(
    entries: &'a [IndexedManifest],
    chosen: &IndexedManifest,
    platform: ImagePlatform,
) -> Vec<&'a IndexedManifest> {
    let plain = platform.to_string();
    let is_alike = |one: &&IndexedManifest| {
        one.platform == plain || one.platform.strip_prefix(&plain).is_some_and(|variant| variant.starts_with('/'))
    };
    entries.iter().filter(|one| is_alike(one) && one.manifest.digest != chosen.manifest.digest).collect()
}

/// Reads an image config of this media type, and checks that it is for the platform.
///
/// # Errors
/// [`DocumentError`].
pub fn config(media_type: &str, bytes: &[u8], platform: ImagePlatform) -> Result<ConfigFacts, DocumentError> {
    if ![CONFIG_TYPE, DOCKER_CONFIG_TYPE].contains(&media_type) {
        return Err(wrong_type("an image config of OCI or Docker", media_type));
    }
    let wire: ConfigWire = json(bytes, &CONFIG_KEYS)?;
    let found = format!("{}/{}", wire.os, wire.architecture);
    if found != platform.to_string() {
        return Err(DocumentError::Platform { expected: platform, found });
    }
    let diff_ids = wire.rootfs.diff_ids.iter().map(|text| hash(text)).collect::<Result<_, _>>()?;
    Ok(ConfigFacts { diff_ids })
}

fn json<T: DeserializeOwned>(bytes: &[u8], known: &KnownKeys) -> Result<T, DocumentError> {
    let value = unambiguous_json::parse(bytes, known).map_err(|error| shape(error.to_string()))?;
    serde_json::from_value(value).map_err(|error| shape(error.to_string()))
}

fn entry(wire: DescriptorWire) -> Result<IndexedManifest, DocumentError> {
    let manifest = descriptor(&wire)?;
    let platform = wire.platform.map(|platform| {
        let variant = platform.variant.filter(|variant| !variant.is_empty());
        let variant = variant.map(|variant| format!("/{variant}")).unwrap_or_default();
        format!("{}/{}{variant}", platform.os, platform.architecture)
    });
    Ok(IndexedManifest { manifest, platform: platform.unwrap_or_default() })
}

fn descriptor(wire: &DescriptorWire) -> Result<Descriptor, DocumentError> {
    let digest = Digest { hash: hash(&wire.digest)?, size: wire.size };
    Ok(Descriptor { media_type: wire.media_type.clone(), digest })
}

fn hash(text: &str) -> Result<Sha256, DocumentError> {
    Sha256::from_oci(text).map_err(|error| shape(error.to_string()))
}

fn wrong_type(expected: &str, found: &str) -> DocumentError {
    DocumentError::MediaType { expected: expected.to_owned(), found: found.to_owned() }
}

fn shape(reason: String) -> DocumentError {
    DocumentError::Shape { reason }
}

#[cfg(test)]
mod tests {
    use super::super::oci_json;
    use super::*;
    use rcrepro_model::image::definition::ImageConfig;

    fn entry(manifest: Digest, platform: ImagePlatform) -> oci_json::LayoutImage<'static> {
        let config = Digest::of(b"");
        oci_json::LayoutImage { manifest, config, layers: &[], platform, tag: None, reference: None }
    }

    #[test]
    fn what_we_write_is_read_back() {
        let layer = Digest::of(b"layer");
        let config_bytes = oci_json::config(ImagePlatform::LinuxAmd64, 0, &ImageConfig::default(), &[layer]);
        let manifest = oci_json::manifest(Digest::of(&config_bytes), &[layer]);
        let Ok(Document::Manifest { config: found, layers }) = document(MANIFEST_TYPE, &manifest) else {
            panic!("no manifest")
        };
        assert_eq!((found.digest, layers[0].digest), (Digest::of(&config_bytes), layer));
        assert_eq!(Packing::of_media_type(&layers[0].media_type), Some(Packing::Plain));
        let facts = config(&found.media_type, &config_bytes, ImagePlatform::LinuxAmd64).expect("a config");
        assert_eq!(facts.diff_ids, [layer.hash]);
        let index = oci_json::index(&[entry(Digest::of(&manifest), ImagePlatform::LinuxAmd64)]);
        let Ok(Document::Index(entries)) = document(INDEX_TYPE, &index) else { panic!("no index") };
        assert_eq!(
            choose(&entries, ImagePlatform::LinuxAmd64).expect("it is there").manifest.digest,
            Digest::of(&manifest)
        );
    }

    #[test]
    fn contradictions_and_other_shapes_are_refused() {
        let empty = Digest::of(b"");
        let manifest = oci_json::manifest(empty, &[]);
        let refused = |kind: &str, bytes: &[u8]| document(kind, bytes).expect_err("refused").to_string();
        assert!(refused("text/html", &manifest).contains("`text/html`"));
        assert!(refused(DOCKER_MANIFEST_TYPE, &manifest).contains("as it was sent"));
        assert!(refused(MANIFEST_TYPE, b"{}").contains("schemaVersion"));
        assert!(refused(MANIFEST_TYPE, b"{\"schemaVersion\":1}").contains("expected 2"));
        assert!(refused(MANIFEST_TYPE, b"{\"schemaVersion\":2,\"manifests\":[]}").contains("no `manifests`"));
        assert!(refused(INDEX_TYPE, b"{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}").contains("neither"));
        let text = String::from_utf8(manifest).expect("JSON");
        assert!(refused(MANIFEST_TYPE, text.replace("sha256:", "sha512:").as_bytes()).contains("SHA-256"));
        assert!(refused(MANIFEST_TYPE, text.replace("\"size\":0", "\"size\":-1").as_bytes()).contains("-1"));
        let config_bytes = oci_json::config(ImagePlatform::LinuxArm64, 0, &ImageConfig::default(), &[]);
        // An engine would read other layers, or another config, than we do.
        for (from, to) in
            [("\"layers\":", "\"Layers\":[],\"layers\":"), ("\"digest\":", "\"DIGEST\":\"sha256:00\",\"digest\":")]
        {
            assert!(
                refused(MANIFEST_TYPE, text.replacen(from, to, 1).as_bytes()).contains("engines take for"),
                "{from}"
            );
        }
        let other = config(CONFIG_TYPE, &config_bytes, ImagePlatform::LinuxAmd64).expect_err("for another machine");
        assert_eq!(other.to_string(), "it is for linux/arm64, expected linux/amd64");
        let index = oci_json::index(&[entry(empty, ImagePlatform::LinuxArm64)]);
        let Ok(Document::Index(entries)) = document(INDEX_TYPE, &index) else { panic!("no index") };
        let none = choose(&entries, ImagePlatform::LinuxAmd64).expect_err("not there");
        assert_eq!(none.to_string(), "it is for linux/arm64, expected linux/amd64");
    }
}
