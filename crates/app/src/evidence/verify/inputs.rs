//! What the commands have in common: plan, source, images, frozen inputs, normalizers.

use std::collections::BTreeSet;

use super::Judge;
use crate::frozen::go::settings::BuildCache;
use crate::frozen::{FrozenError, client, made_from};
use crate::toolchain::in_engine::locked_identity;
use rcrepro_format::plan::frozen_toml::{self, FrozenLock};
use rcrepro_format::plan::plan_toml;
use rcrepro_model::content::digest::{Digest, Sha256};
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::plan::{CommandSpec, FrozenInput, Plan, References};
use rcrepro_normalize as normalize;

/// How many bytes a place in the source tree may have before it is no longer made longer.
const PLACE: usize = 1024;

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

    /// Reads every directory of the source tree and of a repository in it, and gives those that they name; each fault is a finding.
    pub(super) fn source(&mut self) -> BTreeSet<Digest> {
        let mut named = BTreeSet::new();
        let source = &self.manifest.source;
        let git = source.git.iter().map(|git| ("source.git.root".to_owned(), git.root));
        let mut open: Vec<(String, Digest)> =
            [("source.root".to_owned(), source.root)].into_iter().chain(git).collect();
        while let Some((at, digest)) = open.pop() {
            if !named.insert(digest) {
                continue;
            }
            let Some(bytes) = self.blob(&at, digest) else { continue };
            match Directory::decode(&bytes) {
                Ok(directory) => {
                    for (name, node) in directory.entries.into_iter().rev() {
                        if let TreeNode::Directory { digest } = node {
                            let at = if at.len() < PLACE { format!("{at}/{name}") } else { at.clone() };
                            open.push((at, digest));
                        }
                    }
                }
                Err(error) => self.finding(FindingName::SourceMalformed, &at, "a canonical directory", error),
            }
        }
        named
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
                let list = |ids: &[Sha256]| ids.iter().map(|id| id.to_oci()).collect::<Vec<_>>().join(", ");
                let at = format!("{at}.diff_ids");
                self.finding(FindingName::ImageDiffers, &at, list(&locked.diff_ids), list(&image.diff_ids));
            }
        }
    }

    /// Compares each frozen input with its lock in the evidence, and the lock with what it was made from.
    pub(super) fn frozen(&mut self, plan: Option<&Plan>) {
        for (name, frozen) in &self.manifest.frozen {
            let at = format!("frozen.{name}");
            self.check(&format!("{at}.root"), frozen.root);
            let Some(bytes) = self.blob(&format!("{at}.lock"), frozen.lock) else { continue };
            let lock = match frozen_toml::decode(&String::from_utf8_lossy(&bytes)) {
                Ok(lock) => lock,
                Err(error) => {
                    self.finding(FindingName::FrozenDiffers, &format!("{at}.lock"), "a frozen lock", error);
                    continue;
                }
            };
            self.same(FindingName::FrozenDiffers, &format!("{at}.root"), &lock.root, &frozen.root);
            if let Some((plan, input)) = plan.and_then(|plan| Some((plan, plan.frozen.get(name)?))) {
                self.made_from(name, (input, BuildCache::of(plan, name).as_ref(), client::is_alone(plan, name)), &lock);
            }
        }
    }

    /// Compares what a lock says that it was made from with the plan, the images and the source tree.
    fn made_from(
        &mut self,
        name: &Name,
        (input, cache, alone): (&FrozenInput, Option<&BuildCache<'_>>, bool),
        lock: &FrozenLock,
    ) {
        let at = format!("frozen.{name}.lock");
        self.same(FindingName::FrozenDiffers, &at, &input.kind.as_str().to_owned(), &lock.kind);
        let toolchain = input.image.as_ref().and_then(|image| self.manifest.images.get(image));
        let toolchain = toolchain.map(|image| image.manifest);
        match made_from(name, (input, cache, alone), self.manifest.source.root, toolchain, self.store) {
            // Whatever else the module refers to is known to those who have its text.
            Ok((found, false)) if found != lock.made_from => {}
            Ok((found, _)) => {
                let (expected, found) = (format!("made from {found}"), format!("made from {}", lock.made_from));
                self.same(FindingName::FrozenDiffers, &at, &expected, &found);
            }
            // A directory that is not there is a finding of the source's.
            Err(FrozenError::Store(_) | FrozenError::Tree(_)) => {}
            Err(error) => self.finding(FindingName::FrozenDiffers, &at, "a lock of files of the source tree", error),
        }
    }

    /// Compares each normalizer with the one of this build. What another version made of the streams cannot be derived here,
    /// which shows no fault; one of the same version has the same rules.
    pub(super) fn normalizers(&mut self) {
        for (name, entry) in &self.manifest.normalizers {
            let at = format!("normalizers.{name}");
            match normalize::by_name(name) {
                Some(ours) if ours.version() == entry.version => {
                    self.same(
                        FindingName::NormalizerDiffers,
                        &format!("{at}.rules"),
                        &ours.rules_digest(),
                        &entry.rules,
                    );
                }
                Some(ours) => {
                    let expected = format!("{}, as this build has it: `rcrepro run` records it so", ours.version());
                    self.finding(FindingName::UnknownVersion, &format!("{at}.version"), expected, entry.version);
                }
                None => self.finding(FindingName::UnknownVersion, &at, "a normalizer of this build", name),
            }
        }
    }

    /// Whether this build has the normalizers by which a stream or file was made canonical.
    pub(super) fn has_normalizers(&self, names: &[String]) -> bool {
        names.iter().all(|name| {
            let recorded = self.manifest.normalizers.get(name).map(|entry| entry.version);
            normalize::by_name(name).map(|ours| ours.version()) == recorded
        })
    }

    /// Checks that the manifest has exactly what the plan's packet refers to: no command, image or input more or less.
    pub(super) fn references(&mut self, plan: &Plan) {
        let manifest = self.manifest;
        let Some(packet) = plan.packets.get(&manifest.packet) else {
            self.finding(FindingName::PlanDiffers, "packet", "a packet of the plan", &manifest.packet);
            return;
        };
        let specs: Vec<&CommandSpec> = plan.commands(packet).collect();
        let wanted = self.wanted_commands(&specs);
        let found: Vec<&Name> = manifest.commands.iter().map(|entry| &entry.id).collect();
        self.names("commands", &wanted, &found);
        let References { images, frozen, normalizers } = plan.references(packet);
        if plan.wants_git(packet) != manifest.source.git.is_some() {
            let says = |is_there: bool| if is_there { "a repository" } else { "no repository" };
            let (wanted, found) = (says(plan.wants_git(packet)), says(manifest.source.git.is_some()));
            self.finding(FindingName::PlanDiffers, "source.git", wanted, found);
        }
        self.names("images", &images.iter().collect::<Vec<_>>(), &manifest.images.keys().collect::<Vec<_>>());
        self.names("frozen", &frozen.iter().collect::<Vec<_>>(), &manifest.frozen.keys().collect::<Vec<_>>());
        let found: Vec<&String> = manifest.normalizers.keys().collect();
        // What did not run used no normalizer.
        if manifest.failed.is_some() && found.iter().all(|name| normalizers.contains(*name)) {
            return;
        }
        self.names("normalizers", &normalizers.iter().collect::<Vec<_>>(), &found);
    }

    fn names<T: PartialEq + std::fmt::Display>(&mut self, at: &str, wanted: &[&T], found: &[&T]) {
        if wanted != found {
            let list = |names: &[&T]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.finding(FindingName::PlanDiffers, at, list(wanted), list(found));
        }
    }
}
