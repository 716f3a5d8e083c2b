//! Docker's `manifest.json`: what `docker save` writes and `docker load` reads, beside a layout or alone.
//!
//! The classic archive names its config by its digest (`HEX.json`) and its layers by names that are not digests
//! (`ID/layer.tar`): there a layer is checked by its DiffId alone.

use std::collections::BTreeSet;

use serde_json::Value;

use super::judge::Judge;
use super::survey::SurveyedFile;
use super::{FaultName, FoundImage};
use rcrepro_model::content::digest::Sha256;

const LIST: &str = "manifest.json";
const KEYS: [&str; 5] = ["Config", "RepoTags", "Layers", "Parent", "LayerSources"];

impl Judge<'_> {
    /// Judges the list; beside a layout both have to name the same images.
    pub(super) fn load_list(&mut self, beside_layout: bool) {
        let Some(file) = self.file(LIST, "Docker") else { return };
        let Some(value) = self.document(LIST, file) else { return };
        let Some(entries) = value.as_array() else {
            self.fault(FaultName::Malformed, LIST, "a list of images", "something else");
            return;
        };
        let from_index = std::mem::take(&mut self.images);
        for (at, entry) in entries.iter().enumerate() {
            self.entry(entry, &format!("{LIST} [{at}]"));
        }
        if beside_layout {
            let configs =
                |images: &[FoundImage]| images.iter().filter_map(|image| image.config).collect::<BTreeSet<_>>();
            let (index, list) = (configs(&from_index), configs(&self.images));
            let words = |set: &BTreeSet<Sha256>| set.iter().map(|hash| hash.to_oci()).collect::<Vec<_>>().join(", ");
            if index != list {
                self.fault(
                    FaultName::Contradiction,
                    LIST,
                    format!("the index's images: {}", words(&index)),
                    words(&list),
                );
            }
            self.images = from_index;
        }
        if self.survey.things.contains_key("repositories")
            && let Some(file) = self.file("repositories", LIST)
        {
            self.document("repositories", file);
        }
    }

    fn entry(&mut self, entry: &Value, object: &str) {
        self.known(entry, &KEYS, object);
        let mut layers: Vec<Option<&SurveyedFile>> = Vec::new();
        for path in self.list(entry, "Layers", object) {
            let Some(path) = path.as_str() else {
                self.fault(FaultName::Malformed, object, "a list of paths `Layers`", path.to_string());
                continue;
            };
            let file = self.file(path, object);
            if let Some(file) = file {
                self.layer(path, file);
            }
            self.companions(path);
            layers.push(file);
        }
        let mut image = FoundImage::default();
        if let Some(path) = self.text(entry, "Config", object)
            && let Some(file) = self.file(path, object)
        {
            // Below `blobs/` the name is checked with all others.
            let name = path.strip_suffix(".json").and_then(|name| name.parse::<Sha256>().ok());
            if let Some(name) = name.filter(|name| *name != file.digest.hash) {
                self.fault(FaultName::DigestDiffers, path, name.to_oci(), file.digest.hash.to_oci());
            }
            image.config = Some(file.digest.hash);
            self.config(path, file, &layers, None);
        }
        let diff_id = |file: &&SurveyedFile| file.layer.as_ref()?.diff_id;
        image.diff_ids =
            layers.iter().map(|layer| layer.as_ref().and_then(diff_id).map(|digest| digest.hash)).collect();
        self.images.push(image);
    }

    /// Looks at what an older Docker puts beside a layer: `ID/VERSION` and `ID/json`, which newer ones do not read.
    fn companions(&mut self, layer: &str) {
        let Some(folder) = layer.strip_suffix("/layer.tar") else { return };
        for name in ["VERSION", "json"] {
            let path = format!("{folder}/{name}");
            if !self.survey.things.contains_key(&path) {
                continue;
            }
            let Some(file) = self.file(&path, LIST) else { continue };
            match name {
                "json" => drop(self.document(&path, file)),
                _ if file.document.as_deref() == Some(b"1.0") => {}
                _ => self.fault(FaultName::Version, path, "1.0", "something else"),
            }
        }
    }
}
