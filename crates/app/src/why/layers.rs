//! The layers of an image in the store, which of them holds a path, and the line of the Dockerfile that made it.

use std::collections::BTreeMap;

use serde::Deserialize;

use rcrepro_archive::tar::reader::TarReader;
use rcrepro_format::images::oci_document::{self, Document};
use rcrepro_format::images::oci_json::MANIFEST_TYPE;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::release_record::Parts;
use rcrepro_model::why::image::{LayerOrigin, MadeLayer};
use rcrepro_pins::dockerfile::build::origins;
use rcrepro_store::BlobStore;

/// What a name begins with that takes another one away.
const WHITEOUT: &str = ".wh.";

/// The comment of history entries that BuildKit's exporter makes up. Source: BuildKit, `exporter/containerimage/writer.go`.
const ADDED: &str = "buildkit.exporter.image.v0";

/// What counts of an image's configuration here.
#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    history: Vec<EntryWire>,
}

#[derive(Deserialize)]
struct EntryWire {
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    empty_layer: bool,
}

/// A Dockerfile, and the stage that is built of it.
#[derive(Clone, Copy)]
pub(crate) struct DockerfileText<'a> {
    /// Its path, from the source's root.
    pub path: &'a str,
    /// Its text; none where the source is not in the store.
    pub text: Option<&'a str>,
    /// The stage; empty for the last one.
    pub target: &'a str,
}

/// The layers of one build.
pub(super) struct ImageLayers {
    pub layers: Vec<Digest>,
    /// The instruction behind each layer.
    origins: Vec<Option<LayerOrigin>>,
    /// The instructions that set something and left no layer, by their names.
    settings: BTreeMap<String, LayerOrigin>,
}

impl ImageLayers {
    /// Reads what an image's manifest and configuration say; none for an image without a manifest, and where they are not in the store.
    pub fn read(parts: Parts, dockerfile: DockerfileText<'_>, store: &dyn BlobStore) -> Option<Self> {
        let document = oci_document::document(MANIFEST_TYPE, &store.get(parts.manifest?).ok()?).ok()?;
        let Document::Manifest { layers, .. } = document else { return None };
        let wire: Wire = serde_json::from_slice(&store.get(parts.image_config?).ok()?).ok()?;
        // For layers without an entry, those of a base without a history, BuildKit adds some at the end.
        let entries: Vec<&EntryWire> = wire.history.iter().filter(|entry| entry.comment != ADDED).collect();
        let history: Vec<&str> = entries.iter().map(|entry| entry.created_by.as_str()).collect();
        let mut found = origins(dockerfile.text.unwrap_or_default(), dockerfile.target, &history);
        let (mut of_layers, mut settings) = (Vec::new(), BTreeMap::new());
        for (entry, origin) in entries.iter().zip(&mut found) {
            let name = entry.created_by.split(' ').next().unwrap_or_default();
            settings.extend(origin.clone().map(|origin| (name.to_owned(), origin)));
            if !entry.empty_layer {
                of_layers.push(origin.take());
            }
        }
        let layers: Vec<Digest> = layers.iter().map(|layer| layer.digest).collect();
        let below = layers.len().checked_sub(of_layers.len())?;
        of_layers.splice(0..0, std::iter::repeat_n(None, below));
        Some(Self { layers, origins: of_layers, settings })
    }

    /// Describes a layer by its place from 0.
    pub fn made(&self, layer: usize, dockerfile: DockerfileText<'_>) -> MadeLayer {
        MadeLayer {
            layer: layer + 1,
            layers: self.layers.len(),
            dockerfile: dockerfile.path.to_owned(),
            origin: self.origins.get(layer).cloned().flatten(),
        }
    }

    /// Finds the last instruction of a name.
    pub fn setting(&self, instruction: &str) -> Option<&LayerOrigin> {
        self.settings.get(instruction)
    }

    /// Lists the layers in which two builds differ, by their places from 0.
    pub fn differing(&self, other: &Self) -> Vec<usize> {
        let most = self.layers.len().max(other.layers.len());
        (0..most).filter(|layer| self.layers.get(*layer) != other.layers.get(*layer)).collect()
    }

    /// Notes for each path of these layers the topmost one that names it, or takes it away. A layer that is not in the store tells nothing.
    pub fn note(&self, layers: &[usize], places: &mut BTreeMap<String, usize>, store: &dyn BlobStore) {
        for layer in layers {
            let Some(digest) = self.layers.get(*layer) else { continue };
            let Ok(mut reader) = store.reader(*digest) else { continue };
            let mut archive = TarReader::new(&mut *reader);
            while let Ok(Some(entry)) = archive.next_entry() {
                let path = String::from_utf8_lossy(&entry.path);
                let path = path.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
                let path = match path.rsplit_once('/') {
                    Some((folder, name)) => match name.strip_prefix(WHITEOUT) {
                        Some(hidden) => format!("{folder}/{hidden}"),
                        None => path.to_owned(),
                    },
                    None => path.strip_prefix(WHITEOUT).unwrap_or(path).to_owned(),
                };
                let place = places.entry(path).or_insert(*layer);
                *place = (*place).max(*layer);
            }
        }
    }
}
