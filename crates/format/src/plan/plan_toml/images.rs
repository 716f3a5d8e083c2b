//! The plan's images: built, pulled, or either.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::source::{PlanError, Source};
use rcrepro_model::content::name::Name;
use rcrepro_model::image::reference::ImageReference;
use rcrepro_model::plan::ImageSource;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageWire {
    build: Option<String>,
    pull: Option<Spanned<String>>,
}

impl Source<'_> {
    pub(super) fn images(
        &self,
        wires: BTreeMap<Spanned<String>, Spanned<ImageWire>>,
    ) -> Result<BTreeMap<Name, ImageSource>, PlanError> {
        let mut images = BTreeMap::new();
        for (name, wire) in wires {
            let span = wire.span();
            let ImageWire { build, pull } = wire.into_inner();
            let reference = pull.map(|text| self.pinned(&name, &text)).transpose()?;
            let source = match (build, reference) {
                (Some(definition), published) => ImageSource::Build { definition, published },
                (None, Some(reference)) => ImageSource::Pull { reference },
                (None, None) => {
                    let hint = "write `build = \"images/NAME.toml\"` or `pull = \"REPOSITORY@sha256:…\"`";
                    return Err(self.error(
                        span,
                        "an image is built or pulled, and this one is neither",
                        Some(hint.to_owned()),
                    ));
                }
            };
            images.insert(self.parse(&name)?, source);
        }
        Ok(images)
    }

    /// Parses a reference that has to have a digest: a tag may be moved at any time.
    fn pinned(&self, name: &Spanned<String>, text: &Spanned<String>) -> Result<ImageReference, PlanError> {
        let reference: ImageReference = self.parse(text)?;
        if reference.digest().is_some() {
            return Ok(reference);
        }
        let message = format!("`{reference}` has no digest, and a tag does not say which image it is");
        Err(self.error(text.span(), message, Some(format!("rcrepro image lock {}", name.as_ref()))))
    }
}
