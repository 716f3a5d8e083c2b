//! The plan and the locks a second time: the source tree that the manifest names holds them too, and both must be the same.
//!
//! A plan in the evidence proves nothing of the plan that was committed. The root `Directory` of the source names every file of
//! it by digest, and so says which plan and which locks are those of the release.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::Judge;
use crate::frozen;
use crate::toolchain::folder::ImageFolder;
use crate::toolchain::in_engine::pulled;
use crate::workspace::{PLAN_FILE, excludes};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::TreeNode;
use rcrepro_model::evidence::finding::{FindingName, Note};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::{ImageSource, Plan};
use rcrepro_store::export;

/// What the source tree has at a path.
enum Held {
    /// A file with these bytes.
    File(Digest),
    /// Something else, or nothing, in words.
    Otherwise(String),
    /// The path leads out of the tree.
    Outside,
    /// The directories on the way are not there, which is a finding of its own.
    Unknown,
}

impl Judge<'_> {
    /// Compares the plan and every lock with those of the source tree.
    pub(super) fn witnesses(&mut self, plan: &Plan) {
        self.plan_in_source(plan);
        self.image_locks(plan);
        let frozen = &self.manifest.frozen;
        for (name, entry) in frozen {
            let path = frozen::lock_path(Path::new(""), name);
            self.witness(&format!("frozen.{name}.lock"), &path, entry.lock);
        }
    }

    fn plan_in_source(&mut self, plan: &Plan) {
        let path = Path::new(PLAN_FILE);
        match self.held(path) {
            Held::Otherwise(found) if !excludes(plan, PLAN_FILE) => {
                let expected = format!("a file `{PLAN_FILE}`, which the plan does not exclude");
                self.finding(FindingName::SourceDiffers, "plan", expected, found);
            }
            _ => self.witness("plan", path, self.manifest.plan),
        }
    }

    fn image_locks(&mut self, plan: &Plan) {
        let isa = &self.manifest.platform.isa;
        let Some(platform) = ImagePlatform::of_isa(isa) else {
            let known = ImagePlatform::ALL.map(ImagePlatform::isa).join(" or ");
            self.finding(FindingName::PlatformDiffers, "platform.isa", known, isa);
            return;
        };
        let mut outside: BTreeMap<PathBuf, Vec<&str>> = BTreeMap::new();
        for (name, entry) in &self.manifest.images {
            let path = match plan.images.get(name) {
                Some(ImageSource::Build { definition, .. }) => {
                    match ImageFolder::of_definition(Path::new(definition), platform) {
                        Ok((folder, image)) => folder.lock_path(&image),
                        Err(error) => {
                            self.finding(FindingName::ImageDiffers, &format!("images.{name}"), "a definition", error);
                            continue;
                        }
                    }
                }
                Some(ImageSource::Pull { .. }) => pulled::lock_path(Path::new(""), platform, name),
                // That the manifest has an image that the plan has not is a finding of its own.
                None => continue,
            };
            let at = format!("images.{name}.lock");
            if inside(&path).is_none() {
                outside.entry(path.parent().unwrap_or(&path).to_owned()).or_default().push(name.as_str());
                continue;
            }
            self.witness(&at, &path, entry.lock);
            if let Some(ImageSource::Build { definition, .. }) = plan.images.get(name)
                && inside(Path::new(definition)).is_some()
            {
                let says = format!("that it was made from `{definition}`: no contents of the source travel");
                self.untied.push(Note { at, says });
            }
        }
        for (folder, names) in outside {
            let (folder, names) = (folder.display(), names.join(", "));
            let says =
                format!("the locks in `{folder}`, outside of the source tree, which cannot confirm them: {names}");
            self.untied.push(Note { at: "images".to_owned(), says });
        }
    }

    /// Compares what the manifest names with the file at this path of the source tree.
    fn witness(&mut self, at: &str, path: &Path, stated: Digest) {
        let shown = path.display();
        let says = match self.held(path) {
            Held::Unknown => return,
            Held::File(digest) if digest == stated => return,
            Held::File(digest) => return self.differs(at, path, digest, stated),
            Held::Outside => format!("`{shown}` lies outside of the source tree, which cannot confirm it"),
            Held::Otherwise(found) => format!("the source tree cannot confirm it: {found}"),
        };
        self.untied.push(Note { at: at.to_owned(), says });
    }

    fn differs(&mut self, at: &str, path: &Path, held: Digest, stated: Digest) {
        // That a working copy was run is a finding of its own, and no verdict accepts it.
        if self.manifest.source.dirty {
            let says = format!("`{}` of the source tree is another one: a working copy was run", path.display());
            return self.untied.push(Note { at: at.to_owned(), says });
        }
        let ends = self
            .store
            .get(stated)
            .ok()
            .and_then(|bytes| crate::evidence::evidence_folder::other_line_ends(&bytes, held.hash));
        let expected = format!("`{}` of the source tree, {held}", path.display());
        match ends {
            Some((change, _)) => {
                let found = format!("the same with {}, {stated}", change.as_str());
                self.finding(FindingName::LineEndsChanged, at, expected, found);
            }
            None => self.finding(FindingName::SourceDiffers, at, expected, format!("another file, {stated}")),
        }
    }

    fn held(&self, path: &Path) -> Held {
        let Some(inside) = inside(path) else { return Held::Outside };
        match export::lookup(self.store, self.manifest.source.root, &inside) {
            Ok(Some(TreeNode::File { digest, .. })) => Held::File(digest),
            Ok(Some(TreeNode::Symlink { target })) => Held::Otherwise(format!("`{inside}` is a link to `{target}`")),
            Ok(Some(TreeNode::Directory { .. })) => Held::Otherwise(format!("`{inside}` is a folder")),
            Ok(None) => Held::Otherwise(format!("it has no file `{inside}`")),
            Err(_) => Held::Unknown,
        }
    }
}

/// Makes a path relative to the plan's folder a path of the source tree; none when it leads out of it.
fn inside(path: &Path) -> Option<TreePath> {
    let mut segments: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(segment) => segments.push(segment.to_str()?),
            Component::ParentDir => drop(segments.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    segments.join("/").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_of_the_tree_is_none_of_its_files() {
        let inside = |path: &str| inside(Path::new(path)).map(|path| path.to_string());
        for (path, expected) in [
            ("rcrepro.toml", Some("rcrepro.toml")),
            ("./lockfiles/../lockfiles/a.lock", Some("lockfiles/a.lock")),
            ("../lockfiles/a.lock", None),
            ("a/../../b", None),
            ("/etc/passwd", None),
            ("a/..", None),
        ] {
            assert_eq!(inside(path).as_deref(), expected, "{path}");
        }
    }
}
