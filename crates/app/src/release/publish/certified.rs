//! Which image was certified: by the record of this source, judged as the board judges it.

use std::collections::BTreeMap;

use super::Publishing;
use super::error::PublishError;
use crate::board::fact_sources::FactSources;
use crate::board::section_facts::SectionFacts;
use crate::evidence;
use crate::release::compare::read;
use crate::release::error::ReleaseError;
use crate::release::fact;
use crate::release::step::record_path;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::Fact;
use rcrepro_model::evidence::release_record::{BuiltEntry, Parts, ReleaseRecord};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::PacketId;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::unknown::UnknownName;

/// An image whose record is good, with the record's evidence in the store.
#[derive(Debug)]
pub(super) struct CertifiedImage {
    pub image: Name,
    /// The packet that recorded it.
    pub packet: PacketId,
    /// The machine that it was built on and for.
    pub machine: ImagePlatform,
    /// Every platform that was asked for; without one, all that are recorded.
    pub platforms: BTreeMap<ImagePlatform, Parts>,
}

impl Publishing<'_> {
    /// Lists the packets that build an image.
    pub(super) fn packets(&self, image: &Name) -> Vec<&PacketId> {
        let packets = self.workspace.plan.packets.iter();
        packets.filter(|(_, packet)| packet.release_images.contains(image)).map(|(id, _)| id).collect()
    }

    /// Finds the record by which an image is certified. Every packet that records the image has to agree.
    ///
    /// # Errors
    /// [`PublishError`] unless a record is of this source and shows a good image, and none shows another one or a bad one.
    pub(super) fn certified(&self, image: &Name) -> Result<CertifiedImage, PublishError> {
        self.with_facts(image, |sources| self.certified_by(sources, image))
    }

    /// Does work with what facts about an image of the plan are looked for in.
    ///
    /// # Errors
    /// [`PublishError`] for an image that the plan does not have, and when the source cannot be read.
    pub(super) fn with_facts<T>(
        &self,
        image: &Name,
        work: impl FnOnce(&FactSources<'_>) -> Result<T, PublishError>,
    ) -> Result<T, PublishError> {
        let plan = &self.workspace.plan;
        if !plan.release_images.contains_key(image) {
            return Err(UnknownName::new("the plan", "release image", image, plan.release_images.keys()).into());
        }
        let written = SectionFacts::read(self.workspace);
        let sources = FactSources {
            workspace: self.workspace,
            revision: self.workspace.revision(),
            today: self.today,
            store: self.store,
            source: self.workspace.ingest_source(self.workspace.revision(), &**self.store)?.root,
            written: &written,
        };
        work(&sources)
    }

    fn certified_by(&self, sources: &FactSources<'_>, image: &Name) -> Result<CertifiedImage, PublishError> {
        let (mut found, mut waits): (Option<CertifiedImage>, _) = (None, None);
        for packet in self.packets(image) {
            let bad = |standing, why| PublishError::NotCertified {
                image: image.clone(),
                packet: packet.clone(),
                standing,
                why,
            };
            match fact::image(sources, packet, image) {
                Fact::Holds { evidence, .. } => {
                    let one = self.recorded(image, packet, evidence)?;
                    match &found {
                        Some(other) if other.platforms != one.platforms => {
                            let (image, other) = (image.clone(), other.packet.clone());
                            return Err(PublishError::Ambiguous { image, one: other, other: one.packet });
                        }
                        _ => found = Some(one),
                    }
                }
                Fact::Fails { why } => return Err(bad(Standing::Failed, why)),
                Fact::Tampered { why } => return Err(bad(Standing::Tampered, why)),
                Fact::Undecided { why } | Fact::Waits { why } => waits = Some(bad(Standing::Undecided, why)),
            }
        }
        found.ok_or_else(|| waits.unwrap_or_else(|| PublishError::NoPacket { image: image.clone() }))
    }

    /// Reads what a record that was found good says, and brings its evidence into the store.
    fn recorded(&self, image: &Name, packet: &PacketId, judged: Digest) -> Result<CertifiedImage, PublishError> {
        let changed = || PublishError::NotCertified {
            image: image.clone(),
            packet: packet.clone(),
            standing: Standing::Undecided,
            why: "its record was changed while it was judged".to_owned(),
        };
        let manifest = self.workspace.manifest_path(packet);
        let (record, digest) = read(&manifest)?.ok_or_else(changed)?;
        let entry = record.images.get(image).filter(|_| digest == judged).ok_or_else(changed)?;
        let (machine, platforms) = self.platforms_of(image, &record, entry)?;
        evidence::import(&record_path(&manifest), &**self.store).map_err(ReleaseError::from)?;
        Ok(CertifiedImage { image: image.clone(), packet: packet.clone(), machine, platforms })
    }

    /// Gives the machine that a record's images were built on, and the platforms of an image, of which the one that was asked for has to
    /// be one.
    fn platforms_of(
        &self,
        image: &Name,
        record: &ReleaseRecord,
        entry: &BuiltEntry,
    ) -> Result<(ImagePlatform, BTreeMap<ImagePlatform, Parts>), PublishError> {
        let machine = ImagePlatform::of_isa(&record.isa);
        let mut platforms = all_platforms(machine, entry);
        let recorded: Vec<String> = match platforms.is_empty() {
            true => vec![record.isa.clone()],
            false => platforms.keys().map(ToString::to_string).collect(),
        };
        if let Some(asked) = self.platform {
            platforms.retain(|platform, _| *platform == asked);
        }
        match machine {
            Some(machine) if !platforms.is_empty() => Ok((machine, platforms)),
            _ => Err(PublishError::OtherPlatform {
                image: image.clone(),
                packet: record.packet.clone(),
                recorded,
                asked: self.platform.map_or_else(|| "a platform of images".to_owned(), |asked| asked.to_string()),
            }),
        }
    }

    /// Lists what the records say that each of the plan's images is, good or not, for the platforms that were asked for.
    pub(super) fn named_manifests(&self) -> Result<Vec<(Name, ImagePlatform, Digest)>, PublishError> {
        let mut named = Vec::new();
        for packet in self.workspace.plan.packets.keys() {
            let Some((record, _)) = read(&self.workspace.manifest_path(packet))? else { continue };
            let machine = ImagePlatform::of_isa(&record.isa);
            for (name, entry) in &record.images {
                let manifests = all_platforms(machine, entry).into_iter();
                named.extend(manifests.filter_map(|(platform, parts)| Some((name.clone(), platform, parts.manifest?))));
            }
        }
        named.retain(|(name, platform, _)| {
            self.workspace.plan.release_images.contains_key(name)
                && self.platform.is_none_or(|asked| asked == *platform)
        });
        Ok(named)
    }
}

/// Lists the platforms of an image with what was built first for each; none on a machine that no image can be for.
fn all_platforms(machine: Option<ImagePlatform>, entry: &BuiltEntry) -> BTreeMap<ImagePlatform, Parts> {
    let others = entry.platforms.iter().filter_map(|(name, one)| Some((name.parse().ok()?, one.parts)));
    machine.map(|machine| others.chain([(machine, entry.parts)]).collect()).unwrap_or_default()
}
