//! From a survey to all that is wrong. Pure: nothing is read here.

use std::collections::BTreeSet;

use super::survey::{LayoutSurvey, Surveyed, SurveyedFile};
use super::{FaultName, FoundImage, ImageFault, Validation};
use rcrepro_model::content::digest::Sha256;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::text::plural::counted;

/// Judges a survey; with a lock's identity, the one image that is there has to be exactly that one.
#[must_use]
pub fn judge(survey: &LayoutSurvey, locked: Option<&ImageIdentity>) -> Validation {
    let mut judge = Judge {
        survey,
        faults: survey.faults.clone(),
        notes: Vec::new(),
        named: BTreeSet::new(),
        scanned: BTreeSet::new(),
        images: Vec::new(),
    };
    let there = |path: &str| survey.things.contains_key(path);
    let (layout, list) = (there("oci-layout") || there("index.json"), there("manifest.json"));
    if layout {
        judge.layout();
    }
    if list {
        judge.load_list(layout);
    } else if layout {
        let expected = "beside a layout, for Docker before 25 to load it";
        judge.note(FaultName::Wanting, "manifest.json", expected, "no such file");
    }
    if !layout && !list {
        judge.fault(FaultName::NoImage, "image", "oci-layout and index.json, or manifest.json", "none of them");
    }
    judge.names_of_blobs();
    if let Some(locked) = locked {
        judge.lock(locked);
    }
    judge.unnamed();
    judge.finish()
}

pub(super) struct Judge<'a> {
    pub survey: &'a LayoutSurvey,
    faults: Vec<ImageFault>,
    notes: Vec<ImageFault>,
    /// The paths that something names.
    pub named: BTreeSet<String>,
    /// The layers whose own faults are listed already.
    scanned: BTreeSet<String>,
    pub images: Vec<FoundImage>,
}

impl<'a> Judge<'a> {
    pub fn fault(
        &mut self,
        name: FaultName,
        object: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.faults.push(ImageFault::new(name, object, expected, found));
    }

    pub fn note(
        &mut self,
        name: FaultName,
        object: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.notes.push(ImageFault::new(name, object, expected, found));
    }

    /// Finds a file that `by` names.
    pub fn file(&mut self, path: &str, by: &str) -> Option<&'a SurveyedFile> {
        let mut at = path;
        while let Some(Surveyed::Link(target)) = self.survey.things.get(at) {
            if !self.named.insert(at.to_owned()) {
                break;
            }
            at = target;
        }
        let first = self.named.insert(at.to_owned());
        let file = self.survey.file(path);
        // Several documents may name it; it is missing once.
        if file.is_none() && first {
            self.fault(FaultName::Missing, path, format!("a file, which {by} names"), "no such file");
        }
        file
    }

    /// Lists what is wrong with a file as a layer, once.
    pub fn layer(&mut self, path: &str, file: &SurveyedFile) {
        if !self.scanned.insert(path.to_owned()) {
            return;
        }
        let Some(layer) = &file.layer else {
            self.fault(FaultName::Malformed, path, "a layer: a tar, plain or in gzip or zstd", "other bytes");
            return;
        };
        if let Some(error) = &layer.error {
            self.fault(FaultName::Malformed, path, format!("{}, whole", layer.compression.as_str()), error.clone());
        }
        for (name, entry, found) in &layer.entries {
            let object = format!("{path}: entry `{entry}`");
            match name {
                FaultName::Device => self.note(*name, object, "files, folders and links", found.clone()),
                _ => self.fault(*name, object, "paths inside the layer, each once", found.clone()),
            }
        }
    }

    /// Checks that every blob hashes to its name, whether anything names it or not.
    fn names_of_blobs(&mut self) {
        for (path, thing) in &self.survey.things {
            let (Some(name), Surveyed::File(file)) = (path.strip_prefix("blobs/"), thing) else { continue };
            match name.split_once('/') {
                Some(("sha256", hex)) if hex.parse::<Sha256>() == Ok(file.digest.hash) => {}
                Some(("sha256", hex)) => {
                    let found = file.digest.hash.to_oci();
                    self.fault(FaultName::DigestDiffers, path, format!("sha256:{hex}"), found);
                }
                _ => self.fault(FaultName::Algorithm, path, "blobs/sha256/…", "a blob that is not checked"),
            }
        }
    }

    /// Compares the image with its lock.
    fn lock(&mut self, locked: &ImageIdentity) {
        let what = |part: &str| format!("image `{}`: {part}", locked.name);
        let Some(image) = self.images.first().cloned() else {
            self.fault(FaultName::LockDiffers, what("config"), locked.config.to_oci(), "no image");
            return;
        };
        let mut compare = |part: String, expected: Sha256, found: Option<Sha256>| match found {
            Some(found) if found != expected => {
                self.fault(FaultName::LockDiffers, what(&part), expected.to_oci(), found.to_oci());
            }
            // What is not there is a fault already.
            _ => {}
        };
        compare("manifest".to_owned(), locked.manifest, image.manifest);
        compare("config".to_owned(), locked.config, image.config);
        for (index, (expected, found)) in locked.diff_ids.iter().zip(&image.diff_ids).enumerate() {
            compare(format!("layer {index}"), *expected, *found);
        }
        let (expected, found) = (locked.diff_ids.len(), image.diff_ids.len());
        if expected != found {
            let found = counted(found, "layer");
            self.fault(FaultName::LockDiffers, what("layers"), counted(expected, "layer"), found);
        }
    }

    fn unnamed(&mut self) {
        let survey = self.survey;
        for path in survey.things.keys().filter(|path| !self.named.contains(*path)).collect::<Vec<_>>() {
            self.note(FaultName::Unreferenced, path, "a file that something names", "nothing names it");
        }
    }

    fn finish(mut self) -> Validation {
        for list in [&mut self.faults, &mut self.notes] {
            list.sort();
            list.dedup();
        }
        let files = self.survey.things.values().filter_map(|thing| match thing {
            Surveyed::File(file) => Some(file.digest.size),
            Surveyed::Link(_) => None,
        });
        let (files, bytes) = files.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size));
        Validation { faults: self.faults, notes: self.notes, images: self.images, files, bytes }
    }
}
