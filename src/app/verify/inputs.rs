//! What the commands have in common: plan, source, images, frozen inputs, normalizers.

use super::Judge;
use crate::app::evidence::{self, EvidenceError};
use crate::app::images::locked_identity;
use crate::format::{frozen_toml, plan_toml};
use crate::model::finding::FindingName;
use crate::model::name::Name;
use crate::model::plan::{CommandSpec, Plan, References};
use crate::normalize;
use crate::store::StoreError;

impl Judge<'_> {
    /// Reads the plan from the evidence.
    pub(super) fn plan(&mut self) -> Option<Plan> {
        let bytes = self.blob("plan", self.manifest.plan)?;
        let names: Vec<&str> = normalize::all().iter().map(normalize::Normalizer::name).collect();
        match plan_toml::parse(&String::from_utf8_lossy(&bytes), &names) {
            Ok(plan) => Some(plan),
            Err(error) => {
                self.finding(FindingName::PlanUnreadable, "plan", "a plan that this build can read", error);
                None
            }
        }
    }

    /// Walks the source tree's directories.
    pub(super) fn source(&mut self) {
        match evidence::directories(self.store, self.manifest.source.root) {
            Ok(_) => {}
            Err(EvidenceError::Store(StoreError::Damaged { expected, found })) => {
                self.finding(FindingName::EvidenceDamaged, "source.root", expected, found);
            }
            Err(EvidenceError::Store(error)) => {
                self.finding(FindingName::EvidenceMissing, "source.root", self.manifest.source.root, error);
            }
            Err(error) => self.finding(FindingName::SourceMalformed, "source.root", "a canonical tree", error),
        }
    }

    /// Compares each image with its lock in the evidence.
    pub(super) fn images(&mut self) {
        for (name, image) in &self.manifest.images {
            let at = format!("images.{name}");
            let Some(bytes) = self.blob(&format!("{at}.lock"), image.lock) else { continue };
            let locked = match locked_identity(name, &bytes) {
                Ok(locked) => locked,
                Err(error) => {
                    self.finding(FindingName::ImageDiffers, &format!("{at}.lock"), "an image lock", error);
                    continue;
                }
            };
            self.same(FindingName::ImageDiffers, &format!("{at}.manifest"), &locked.manifest, &image.manifest);
            self.same(FindingName::ImageDiffers, &format!("{at}.config"), &locked.config, &image.config);
            if locked.diff_ids != image.diff_ids {
                let list = |ids: &[crate::model::digest::Sha256]| format!("{ids:?}");
                let at = format!("{at}.diff_ids");
                self.finding(FindingName::ImageDiffers, &at, list(&locked.diff_ids), list(&image.diff_ids));
            }
        }
    }

    /// Compares each frozen input with its lock in the evidence.
    pub(super) fn frozen(&mut self) {
        for (name, frozen) in &self.manifest.frozen {
            let at = format!("frozen.{name}");
            self.check(&format!("{at}.root"), frozen.root);
            let Some(bytes) = self.blob(&format!("{at}.lock"), frozen.lock) else { continue };
            match frozen_toml::decode(&String::from_utf8_lossy(&bytes)) {
                Ok(lock) => self.same(FindingName::FrozenDiffers, &format!("{at}.root"), &lock.root, &frozen.root),
                Err(error) => self.finding(FindingName::FrozenDiffers, &format!("{at}.lock"), "a frozen lock", error),
            }
        }
    }

    /// Compares each normalizer with the one of this build.
    pub(super) fn normalizers(&mut self) {
        for (name, entry) in &self.manifest.normalizers {
            let at = format!("normalizers.{name}");
            let Some(ours) = normalize::by_name(name) else {
                self.finding(FindingName::NormalizerDiffers, &at, "a normalizer of this build", name);
                continue;
            };
            self.same(FindingName::NormalizerDiffers, &format!("{at}.version"), &ours.version(), &entry.version);
            self.same(FindingName::NormalizerDiffers, &format!("{at}.rules"), &ours.rules_digest(), &entry.rules);
        }
    }

    /// Checks that the manifest has exactly what the plan's packet refers to: no command, image or input more or less.
    pub(super) fn references(&mut self, plan: &Plan) {
        let manifest = self.manifest;
        let Some(packet) = plan.packets.get(&manifest.packet) else {
            self.finding(FindingName::PlanDiffers, "packet", "a packet of the plan", &manifest.packet);
            return;
        };
        let specs: Vec<&CommandSpec> = plan.commands(packet).collect();
        let wanted: Vec<&Name> = specs.iter().map(|spec| &spec.id).collect();
        let found: Vec<&Name> = manifest.commands.iter().map(|entry| &entry.id).collect();
        self.names("commands", &wanted, &found);
        let References { images, frozen, normalizers } = plan.references(packet);
        self.names("images", &images.iter().collect::<Vec<_>>(), &manifest.images.keys().collect::<Vec<_>>());
        self.names("frozen", &frozen.iter().collect::<Vec<_>>(), &manifest.frozen.keys().collect::<Vec<_>>());
        let found: Vec<&String> = manifest.normalizers.keys().collect();
        self.names("normalizers", &normalizers.iter().collect::<Vec<_>>(), &found);
    }

    fn names<T: PartialEq + std::fmt::Display>(&mut self, at: &str, wanted: &[&T], found: &[&T]) {
        if wanted != found {
            let list = |names: &[&T]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.finding(FindingName::PlanDiffers, at, list(wanted), list(found));
        }
    }
}
