//! An OCI layout: `oci-layout`, the index, manifests, configs and layers.

use serde_json::{Value, json};

use super::document::shown;
use super::judge::Judge;
use super::layer::Compression;
use super::survey::SurveyedFile;
use super::{FaultName, FoundImage};
use rcrepro_format::images::oci_json::{CONFIG_TYPE, INDEX_TYPE, LAYER_TYPE, MANIFEST_TYPE};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::text::plural::counted;

const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// How deep indexes may be nested.
const MAX_DEPTH: usize = 8;

const DESCRIPTOR_KEYS: [&str; 8] =
    ["mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"];
const INDEX_KEYS: [&str; 6] = ["schemaVersion", "mediaType", "artifactType", "manifests", "subject", "annotations"];
const MANIFEST_KEYS: [&str; 7] =
    ["schemaVersion", "mediaType", "artifactType", "config", "layers", "subject", "annotations"];

/// Returns how a layer of a media type is packed.
fn compression_of(media_type: &str) -> Option<Compression> {
    match media_type.replace("nondistributable.", "").as_str() {
        LAYER_TYPE => Some(Compression::None),
        "application/vnd.oci.image.layer.v1.tar+gzip" => Some(Compression::Gzip),
        "application/vnd.oci.image.layer.v1.tar+zstd" => Some(Compression::Zstd),
        "application/vnd.docker.image.rootfs.diff.tar" => Some(Compression::None),
        "application/vnd.docker.image.rootfs.diff.tar.gzip" => Some(Compression::Gzip),
        _ => None,
    }
}

/// What a descriptor names.
struct Described<'a> {
    path: String,
    media_type: String,
    file: Option<&'a SurveyedFile>,
}

impl<'a> Judge<'a> {
    /// Judges the layout from its two fixed files on.
    pub(super) fn layout(&mut self) {
        if let Some(file) = self.file("oci-layout", "the specification")
            && let Some(value) = self.document("oci-layout", file)
        {
            self.equals(FaultName::Version, &value, "imageLayoutVersion", &json!("1.0.0"), "oci-layout");
        }
        if let Some(file) = self.file("index.json", "the specification")
            && let Some(value) = self.document("index.json", file)
        {
            self.index(&value, "index.json", None, 0);
        }
    }

    fn index(&mut self, value: &Value, object: &str, stated: Option<&str>, depth: usize) {
        self.known(value, &INDEX_KEYS, object);
        self.equals(FaultName::Version, value, "schemaVersion", &json!(2), object);
        match (value.get("mediaType").map(|value| value.as_str()), stated) {
            (None, _) => {}
            (Some(Some(found)), Some(stated)) if found == stated => {}
            (Some(Some(INDEX_TYPE | DOCKER_LIST)), None) => {}
            (Some(found), stated) => {
                let expected = stated.unwrap_or(INDEX_TYPE);
                self.fault(FaultName::MediaType, object, expected, found.unwrap_or("no text"));
            }
        }
        for (at, descriptor) in self.list(value, "manifests", object).iter().enumerate() {
            let place = format!("{object} manifests[{at}]");
            let Some(described) = self.descriptor(descriptor, &place) else { continue };
            let kind = described.media_type.as_str();
            let document = |judge: &mut Self| judge.document(&described.path, described.file?);
            match kind {
                MANIFEST_TYPE | DOCKER_MANIFEST => {
                    let platform = descriptor.get("platform");
                    if let Some(value) = document(self) {
                        self.manifest(&value, &described, platform);
                    }
                }
                INDEX_TYPE | DOCKER_LIST if depth < MAX_DEPTH => {
                    if let Some(value) = document(self) {
                        self.index(&value, &described.path, Some(kind), depth + 1);
                    }
                }
                _ => self.fault(FaultName::MediaType, place, format!("{MANIFEST_TYPE} or {INDEX_TYPE}"), kind),
            }
        }
    }

    /// Checks a descriptor against the blob that it names.
    fn descriptor(&mut self, value: &Value, place: &str) -> Option<Described<'a>> {
        self.known(value, &DESCRIPTOR_KEYS, place);
        let media_type = self.text(value, "mediaType", place).unwrap_or_default().to_owned();
        let digest = self.text(value, "digest", place)?;
        let Ok(hash) = Sha256::from_oci(digest) else {
            self.fault(FaultName::Algorithm, place, "sha256: and 64 lower-case hex digits", digest);
            return None;
        };
        let path = format!("blobs/sha256/{hash}");
        let file = self.file(&path, place);
        if let Some(file) = file {
            let size = file.digest.size;
            if value.get("size").and_then(Value::as_u64) != Some(size) {
                let found = format!("{size} bytes in {path}");
                self.fault(FaultName::SizeDiffers, place, format!("{} bytes", shown(value.get("size"))), found);
            }
        }
        Some(Described { path, media_type, file })
    }

    fn manifest(&mut self, value: &Value, of: &Described<'_>, platform: Option<&Value>) {
        let object = of.path.as_str();
        self.known(value, &MANIFEST_KEYS, object);
        self.equals(FaultName::Version, value, "schemaVersion", &json!(2), object);
        if value.get("mediaType").is_some_and(|found| found != of.media_type.as_str()) {
            let found = shown(value.get("mediaType"));
            self.fault(FaultName::MediaType, object, of.media_type.clone(), found);
        }
        let mut layers = Vec::new();
        for (at, descriptor) in self.list(value, "layers", object).iter().enumerate() {
            let place = format!("{object} layers[{at}]");
            let Some(Described { path, media_type, file }) = self.descriptor(descriptor, &place) else {
                layers.push(None);
                continue;
            };
            let packed = compression_of(&media_type);
            if packed.is_none() {
                self.fault(FaultName::MediaType, &place, "a layer's media type", media_type);
            }
            if let Some(file) = file {
                self.layer(&path, file);
                if let (Some(stated), Some(layer)) = (packed, &file.layer)
                    && stated != layer.compression
                {
                    self.fault(FaultName::MediaType, &place, stated.as_str(), layer.compression.as_str());
                }
            }
            layers.push(file);
        }
        let place = format!("{object} config");
        let none = Value::Null;
        let config = self.descriptor(value.get("config").unwrap_or(&none), &place);
        let mut image = FoundImage { manifest: of.file.map(|file| file.digest.hash), ..FoundImage::default() };
        if let Some(Described { path, media_type, file }) = config {
            if !matches!(media_type.as_str(), CONFIG_TYPE | DOCKER_CONFIG) {
                self.fault(FaultName::MediaType, place, CONFIG_TYPE, media_type);
            }
            if let Some(file) = file {
                image.config = Some(file.digest.hash);
                self.config(&path, file, &layers, platform);
            }
        }
        image.diff_ids = layers.iter().map(|layer| diff_id(*layer)).collect();
        self.images.push(image);
    }

    /// Checks a config against the layers that are beside it and the platform that an index states.
    pub(super) fn config(
        &mut self,
        path: &str,
        file: &SurveyedFile,
        layers: &[Option<&SurveyedFile>],
        platform: Option<&Value>,
    ) {
        let Some(value) = self.document(path, file) else { return };
        for key in ["architecture", "os"] {
            let found = self.text(&value, key, path);
            if let (Some(found), Some(platform)) = (found, platform)
                && platform.get(key).and_then(Value::as_str) != Some(found)
            {
                let expected = format!("`{key}` {}, as the index says", shown(platform.get(key)));
                self.fault(FaultName::Contradiction, path, expected, found);
            }
        }
        let none = Value::Null;
        let rootfs = value.get("rootfs").unwrap_or(&none);
        let object = format!("{path} rootfs");
        self.equals(FaultName::Malformed, rootfs, "type", &json!("layers"), &object);
        let stated = self.list(rootfs, "diff_ids", &object);
        if stated.len() != layers.len() {
            let (expected, found) = (counted(stated.len(), "layer"), counted(layers.len(), "layer"));
            self.fault(FaultName::Contradiction, &object, expected, found);
        }
        for (at, (stated, layer)) in stated.iter().zip(layers).enumerate() {
            let Some(found) = diff_id(*layer) else { continue };
            if stated.as_str() != Some(found.to_oci().as_str()) {
                let place = format!("{object} diff_ids[{at}]");
                self.fault(FaultName::DiffIdDiffers, place, shown(Some(stated)).replace('"', ""), found.to_oci());
            }
        }
    }
}

fn diff_id(layer: Option<&SurveyedFile>) -> Option<Sha256> {
    layer?.layer.as_ref()?.diff_id.map(|digest| digest.hash)
}
