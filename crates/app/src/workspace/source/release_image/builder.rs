//! Whether the image that `builder` names can build: by its definition, where the plan has one. A pulled image is not looked into.

use std::collections::BTreeSet;

use super::judged::Judged;
use crate::toolchain::folder::ImageFolder;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::image::definition::{ImageName, ImagePlatform};
use rcrepro_model::plan::ImageSource;
use rcrepro_model::plan::release_image::BuildkitImage;

/// The programs that a build starts.
const PROGRAMS: [&str; 2] = ["buildctl", "buildkitd"];
/// What the name of a Debian package with both begins with.
const PACKAGE: &str = "buildkit";

impl Judged<'_> {
    /// Refuses a builder whose definition brings no BuildKit. A definition that cannot be read is told by what is faulty.
    pub(super) fn builder(&self, buildkit: &BuildkitImage) -> Option<Fault> {
        let ImageSource::Build { definition, .. } = self.workspace.plan.images.get(&buildkit.image)? else {
            return None;
        };
        let platform = ImagePlatform::ALL.into_iter().find(|one| one.architecture() == self.architecture)?;
        let path = self.workspace.folder.join(definition);
        let (folder, image) = ImageFolder::of_definition(&path, platform).ok()?;
        let mut found = BTreeSet::new();
        if !gather(&folder, &image, &mut found, &mut BTreeSet::new()) {
            return None;
        }
        let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !found.contains(*program)).collect();
        if missing.is_empty() {
            return None;
        }
        let missing = missing.join("` and `");
        let says = format!("`builder = \"{}\"`: {definition} brings no `{missing}`: expected BuildKit", buildkit.image);
        let hint = "[images.buildkit] build = \"images/buildkit.toml\", and builder = \"buildkit\"; without `builder` the engine builds it";
        Some(self.of_key(&["builder"], says).hint(hint))
    }
}

/// Gathers the programs that an image and those below it bring; false where that cannot be told.
fn gather(
    folder: &ImageFolder,
    image: &ImageName,
    found: &mut BTreeSet<String>,
    seen: &mut BTreeSet<ImageName>,
) -> bool {
    if !seen.insert(image.clone()) {
        return true;
    }
    let Ok(definition) = folder.definition(image) else { return false };
    if let Some(program) = &definition.layer.program {
        // The last part of the folder, or of the module at its root.
        let names = program.packages.iter().map(|package| match package.as_str() {
            "." => program.module.as_str(),
            package => package,
        });
        found.extend(names.filter_map(|name| name.rsplit('/').next()).map(str::to_owned));
    }
    let packages = definition.layer.deb.iter().flat_map(|deb| &deb.packages);
    if packages.into_iter().any(|package| package.starts_with(PACKAGE)) {
        found.extend(PROGRAMS.map(str::to_owned));
    }
    definition.from.iter().all(|below| gather(folder, below, found, seen))
}
