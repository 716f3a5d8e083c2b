//! What the definition of an image needs of others: those that it is composed of, and the one that its program is compiled in.

use std::collections::BTreeSet;
use std::path::Path;

use crate::toolchain::folder::ImageFolder;
use crate::workspace::Workspace;
use rcrepro_model::image::definition::ImageName;

/// What an image needs beside its own files and that is not there, with a name for people.
pub(super) enum NeededFile {
    /// `images/NAME.toml`, by a name for people.
    Definition(String),
    /// The lock of this image.
    Lock(String, ImageName),
}

/// Lists the definitions and locks that an image needs beside its own and that are not there, what is to be made first at the front.
pub(super) fn missing_below(workspace: &Workspace, folder: &ImageFolder, image: &ImageName) -> Vec<NeededFile> {
    let mut walk = Walk { workspace, folder, seen: BTreeSet::new(), found: Vec::new() };
    walk.below(image);
    walk.found
}

struct Walk<'a> {
    workspace: &'a Workspace,
    folder: &'a ImageFolder,
    seen: BTreeSet<ImageName>,
    found: Vec<NeededFile>,
}

impl Walk<'_> {
    fn below(&mut self, image: &ImageName) {
        // Definitions that cannot be read are told by what is faulty.
        let Ok(definition) = self.folder.definition(image) else { return };
        let parts = definition.from.iter().map(|part| ("from", part));
        let program = definition.layer.program.iter().map(|program| ("image", &program.image));
        for (key, needed) in parts.chain(program) {
            if !self.seen.insert(needed.clone()) {
                continue;
            }
            self.below(needed);
            let by = format!("which `{key}` in {} names", self.place(image, key, needed));
            let path = self.folder.definition_path(needed);
            if !path.exists() {
                let what = format!("definition of image `{needed}` at `{}`, {by}", self.shown(&path));
                self.found.push(NeededFile::Definition(what));
            } else if !self.folder.lock_path(needed).exists() && self.makes_a_layer(key, needed) {
                let what = format!("lock of image `{needed}`, {by}");
                self.found.push(NeededFile::Lock(what, needed.clone()));
            }
        }
    }

    /// Whether the lock of a part is read: one that only puts others together has no layer of its own.
    fn makes_a_layer(&self, key: &str, part: &ImageName) -> bool {
        key != "from" || self.folder.definition(part).is_ok_and(|definition| !definition.layer.is_empty())
    }

    /// Gives the line of a definition that names an image, as far as it is found.
    fn place(&self, image: &ImageName, key: &str, named: &ImageName) -> String {
        let path = self.folder.definition_path(image);
        let text = self.workspace.files.read_to_string(&path).unwrap_or_default();
        let (quoted, literal) = (format!("\"{named}\""), format!("'{named}'"));
        let is_of_key =
            |line: &str| line.trim_start().strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('='));
        let mut within = false;
        let line = text.lines().position(|line| {
            within = is_of_key(line) || within && !line.contains('=');
            within && (line.contains(&quoted) || line.contains(&literal))
        });
        line.map_or_else(|| self.shown(&path), |line| format!("{}:{}", self.shown(&path), line + 1))
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.workspace.folder).unwrap_or(path).display().to_string()
    }
}
