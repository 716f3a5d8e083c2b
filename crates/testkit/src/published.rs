//! Small images as a registry publishes them, and a store that can be looked into.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rcrepro_images::registry::{PushImage, Registry, RegistrySettings};
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::image::reference::ImageReference;
use rcrepro_store::BlobStore;
use rcrepro_store::fs::FsStore;
use serde_json::{Value, json};

use crate::archives::gzip;
use crate::server::{Reply, ServedRequest};

/// The media type of a manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of a configuration.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The media type of a layer in gzip.
pub const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// The media type of a layer in Zstandard.
pub const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// The media type of a plain layer.
pub const TAR: &str = "application/vnd.oci.image.layer.v1.tar";

/// An image with everything that a registry keeps of it.
#[derive(Clone)]
pub struct Published {
    /// By digest: media type and bytes.
    pub blobs: BTreeMap<Sha256, (String, Vec<u8>)>,
    /// Which blob is the manifest.
    pub manifest: Digest,
    /// The manifest's media type.
    pub manifest_type: String,
    /// Which blob is the configuration.
    pub config: Digest,
    /// Which blobs are layers, the lowest first.
    pub layers: Vec<Digest>,
    /// The layers' hashes when unpacked.
    pub diff_ids: Vec<Sha256>,
}

/// Names the machine as OCI does.
pub fn architecture() -> &'static str {
    rcrepro_model::image::definition::ImagePlatform::host().expect("a platform").architecture()
}

/// Describes a blob as OCI does.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": Digest::of(bytes).hash.to_oci(), "size": bytes.len() })
}

impl Published {
    /// Makes an image of layers: media type, blob, uncompressed tar.
    pub fn of(layers: &[(&str, &[u8], &[u8])], config: Value) -> Self {
        let diff_ids: Vec<_> = layers.iter().map(|(_, _, tar)| Sha256::of(tar)).collect();
        let mut config = config;
        config["rootfs"] =
            json!({ "type": "layers", "diff_ids": diff_ids.iter().map(|id| id.to_oci()).collect::<Vec<_>>() });
        let config = serde_json::to_vec(&config).expect("JSON");
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, &config),
            "layers": layers.iter().map(|(kind, blob, _)| descriptor(kind, blob)).collect::<Vec<_>>(),
        });
        let manifest = serde_json::to_vec(&manifest).expect("JSON");
        let mut blobs: BTreeMap<_, _> =
            layers.iter().map(|(kind, blob, _)| (Sha256::of(blob), ((*kind).to_owned(), blob.to_vec()))).collect();
        blobs.insert(Sha256::of(&config), (CONFIG.to_owned(), config.clone()));
        blobs.insert(Sha256::of(&manifest), (MANIFEST.to_owned(), manifest.clone()));
        Self {
            blobs,
            manifest: Digest::of(&manifest),
            manifest_type: MANIFEST.to_owned(),
            config: Digest::of(&config),
            layers: layers.iter().map(|(_, blob, _)| Digest::of(blob)).collect(),
            diff_ids,
        }
    }

    /// Makes an image of one plain and one gzip layer, each large enough to come in several pieces.
    pub fn sample() -> Self {
        let noise = |seed: u64, size: usize| -> Vec<u8> {
            let mut state = seed;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            };
            (0..size).map(|_| next()).collect()
        };
        let (plain, packed) = (noise(1, 300_000), noise(2, 200_000));
        let layers = [(TAR, plain.as_slice(), plain.as_slice()), (GZIP, &gzip(&packed), &packed)];
        Self::of(&layers, json!({ "architecture": architecture(), "os": "linux", "config": {} }))
    }

    /// Returns its reference at a registry, by digest.
    pub fn reference(&self, authority: &str) -> ImageReference {
        format!("{authority}/team/tool:1@{}", self.manifest.hash.to_oci()).parse().expect("a reference")
    }

    /// Returns one of its blobs.
    pub fn bytes(&self, digest: Digest) -> &[u8] {
        &self.blobs[&digest.hash].1
    }

    /// Answers as an honest registry without authentication does.
    pub fn answer(&self, request: &ServedRequest) -> Reply {
        if request.path == "/v2/" {
            return Reply::status(200);
        }
        let name = request.path.rsplit('/').next().expect("a path has a slash");
        let hash = if name == "1" { Ok(self.manifest.hash) } else { Sha256::from_oci(name) };
        let Some((kind, bytes)) = hash.ok().and_then(|hash| self.blobs.get(&hash)) else { return Reply::status(404) };
        let from = request.from().unwrap_or(0);
        let mut reply = Reply::new(if from > 0 { 206 } else { 200 }, kind, &bytes[from..]);
        if from > 0 {
            reply = reply.with("content-range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()));
        }
        if request.path.contains("/manifests/") {
            reply = reply.with("docker-content-digest", Sha256::of(bytes).to_oci());
        }
        reply
    }

    /// Puts the blobs into a store, ready to be pushed.
    pub fn keep_in(&self, store: &dyn BlobStore) -> PushImage {
        for (_, bytes) in self.blobs.values() {
            store.put(bytes).expect("stored");
        }
        let blobs = self.layers.iter().copied().chain([self.config]).collect();
        PushImage { manifest: self.manifest, manifest_type: self.manifest_type.clone(), blobs }
    }
}

/// The real store in a folder of its own.
pub struct Kept {
    folder: tempfile::TempDir,
    /// On disk, removed with this.
    pub store: Arc<dyn BlobStore>,
}

impl Default for Kept {
    fn default() -> Self {
        Self::new()
    }
}

impl Kept {
    /// Makes an empty store.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(FsStore::open(folder.path()).expect("a store"));
        Self { folder, store }
    }

    /// Returns its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Lists what lies under names, and checks that every name is right.
    pub fn hashes(&self) -> Vec<Sha256> {
        let mut hashes = Vec::new();
        for shard in std::fs::read_dir(self.path().join("blobs/sha256")).expect("a folder") {
            for file in std::fs::read_dir(shard.expect("an entry").path()).expect("a folder") {
                let file = file.expect("an entry");
                let name: Sha256 = file.file_name().to_str().expect("UTF-8").parse().expect("a hash");
                assert_eq!(Sha256::of(&std::fs::read(file.path()).expect("readable")), name, "a name is its bytes");
                hashes.push(name);
            }
        }
        hashes
    }
}

/// Makes a client that loses no time between attempts.
pub fn client() -> Registry {
    Registry::new(settings()).expect("a client")
}

/// Returns the settings of [`client`].
pub fn settings() -> RegistrySettings {
    RegistrySettings { pause: std::time::Duration::from_millis(5), ..RegistrySettings::default() }
}
