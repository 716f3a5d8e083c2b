//! `rcrepro.toml` → [`Plan`]: parse once, check every reference, report the place of a mistake.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use self::advisories::AdvisoriesWire;
use self::commands::CommandWire;
use self::documents::DocumentsWire;
use self::frozen::FrozenWire;
use self::images::ImageWire;
use self::mutants::MutantWire;
use self::packets::PacketWire;
use self::pins::PinsWire;
use self::quarantine::QuarantineWire;
use self::release_images::ReleaseImageWire;
use self::risks::RiskWire;
pub use self::source::PlanError;
use self::source::Source;
use self::waivers::WaiverWire;
use rcrepro_model::plan::Plan;
use rcrepro_model::plan::release_image::ReleaseImage;

mod advice;
mod advisories;
mod commands;
mod documents;
mod frozen;
mod images;
mod limits;
mod mutants;
mod normalize;
mod packets;
mod pins;
mod proof;
mod quarantine;
mod quiet;
mod release_buildkit;
mod release_images;
mod risks;
mod source;
#[cfg(test)]
mod tests;
mod waivers;
mod world;

/// The version of the plan format that this build reads.
pub const PLAN_VERSION: i64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanWire {
    version: Spanned<i64>,
    name: String,
    #[serde(default)]
    source: SourceWire,
    #[serde(default)]
    images: BTreeMap<Spanned<String>, Spanned<ImageWire>>,
    #[serde(default)]
    frozen: BTreeMap<Spanned<String>, FrozenWire>,
    #[serde(default, rename = "release-images")]
    release_images: BTreeMap<Spanned<String>, ReleaseImageWire>,
    sets: BTreeMap<Spanned<String>, Vec<CommandWire>>,
    #[serde(default)]
    protected: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    packets: BTreeMap<Spanned<String>, PacketWire>,
    #[serde(default)]
    pins: PinsWire,
    #[serde(default)]
    waivers: Vec<WaiverWire>,
    #[serde(default)]
    quarantine: Vec<QuarantineWire>,
    #[serde(default)]
    documents: DocumentsWire,
    #[serde(default)]
    risks: Vec<RiskWire>,
    #[serde(default)]
    mutants: Vec<MutantWire>,
    #[serde(default)]
    advisories: AdvisoriesWire,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SourceWire {
    #[serde(default)]
    exclude: Vec<Spanned<String>>,
    #[serde(default)]
    git: bool,
    tags: Option<Spanned<Vec<Spanned<String>>>>,
    sees: Option<Spanned<Vec<Spanned<String>>>>,
}

/// Parses and checks a plan.
///
/// `normalizers` are the names that this build knows.
///
/// # Errors
/// [`PlanError`] with the place of the first mistake: bad TOML, an unknown key, a reference that leads nowhere, a
/// duplicate command, a cycle among `needs`, an empty packet, a value out of its grammar.
pub fn parse(text: &str, normalizers: &[&str]) -> Result<Plan, PlanError> {
    let source = Source { text };
    let wire: PlanWire =
        toml::from_str(text).map_err(|error| source.mistyped(error.span().unwrap_or(0..0), error.message()))?;
    if *wire.version.as_ref() != PLAN_VERSION {
        return Err(source.error(
            wire.version.span(),
            format!("plan version {} is not known", wire.version.as_ref()),
            Some(format!("write `version = {PLAN_VERSION}`, or use the rcrepro that reads the other version")),
        ));
    }
    let exclude = source.tracked(&wire.source.exclude)?;
    let images = source.images(wire.images)?;
    let frozen = source.frozen(wire.frozen, &images)?;
    let sees = source.sees(wire.source.sees.as_ref())?;
    let sets = source.sets(wire.sets, (wire.source.git, &sees), &images, &frozen, normalizers)?;
    let release_images = source.release_images(&wire.release_images, &images, &frozen, (&sets, wire.source.git))?;
    let is_laid = sets.values().flatten().any(|spec| spec.git) || release_images.values().any(ReleaseImage::sees_git);
    let tags = source.tags(&wire.source, is_laid)?;
    let protected = source.protected(wire.protected)?;
    let packets = source.packets(wire.packets, &sets, &release_images, &protected)?;
    Ok(Plan {
        mutants: source.mutants(&wire.mutants, &sets, &packets)?,
        packets,
        pins: source.pins(&wire.pins)?,
        waivers: source.waivers(&wire.waivers)?,
        quarantine: source.quarantine(&wire.quarantine, &sets)?,
        documents: source.documents(&wire.documents)?,
        risks: source.risks(&wire.risks)?,
        advisories: source.advisories(&wire.advisories)?,
        name: wire.name,
        exclude,
        tags,
        images,
        frozen,
        release_images,
        sets,
        protected,
    })
}

impl Source<'_> {
    /// Checks the globs of tags, and that something sees the repository that they are for.
    fn tags(&self, wire: &SourceWire, is_laid: bool) -> Result<Option<Vec<String>>, PlanError> {
        let Some(tags) = &wire.tags else { return Ok(None) };
        if !is_laid {
            let hint = "write `git = true` beside it, or in the commands and release images that ask for tags";
            let message = "`tags` is for a repository, and no command or image sees one";
            return Err(self.error(tags.span(), message, Some(hint.to_owned())));
        }
        self.globs(tags.as_ref()).map(Some)
    }
}
