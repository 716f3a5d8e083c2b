//! Whether `.dockerignore` can be read, by the one who reads it: BuildKit, or this program for the engine's classic builder.

use super::judged::Judged;
use super::seen::{SourceNode, ignore_files};
use rcrepro_model::execution::fault::Fault;
use rcrepro_pins::dockerfile::dockerignore::{Ignored, PatternError, refused_by_buildkit};

impl Judged<'_> {
    /// Names the first pattern that no build survives, of the file that counts.
    pub(super) fn ignored(&self) -> Option<Fault> {
        let (path, text) =
            ignore_files(self.image).into_iter().find_map(|path| match self.seen.node(path.as_str()) {
                Some(SourceNode::File(text)) => Some((path, text)),
                _ => None,
            })?;
        let wrong = match self.image.buildkit {
            Some(_) => refused_by_buildkit(text),
            None => Ignored::read(text).err(),
        };
        let PatternError { line, pattern } = wrong?;
        let says = format!("invalid pattern `{pattern}`: expected a path or a glob as Docker reads it");
        let hint = "a `[` ends with `]`, a `\\` escapes a character, and a `!` has a pattern behind it";
        Some(Fault::of_file(path.as_str(), says).at(line).hint(hint))
    }
}
