//! What steps copy of the context and the source does not give it: BuildKit fails at such a line, after all that comes before it.

use super::judged::Judged;
use super::seen::{SourceNode, ignore_files};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::release_image::BuildkitImage;
use rcrepro_pins::dockerfile::build::{BuildReading, CopiedPath};
use rcrepro_pins::dockerfile::dockerignore::Ignored;

/// What mends a line that copies what is not in the source.
const MADE: &str = "write its path from the context's folder; what a command makes comes by contexts = { made = \"output:COMMAND/PATH\" } \
                    and COPY --from=made";

impl Judged<'_> {
    /// Names the lines that copy what is not in the context. Where the context itself is missing, that is said alone.
    pub(super) fn copied(&self, buildkit: &BuildkitImage, reading: &BuildReading) -> Vec<Fault> {
        let context = buildkit.context.as_ref().map(TreePath::as_str).unwrap_or_default();
        if !context.is_empty() && self.seen.node(context) != Some(&SourceNode::Folder) {
            return Vec::new();
        }
        let ignored = self.ignored_for_sure();
        let has_commas = || self.seen.within(context).any(|path| path.contains(','));
        let told = reading.copied.iter().filter(|copied| !copied.is_of_list || !has_commas());
        told.filter_map(|copied| self.missing(copied, context, ignored.as_ref())).collect()
    }

    fn missing(&self, copied: &CopiedPath, context: &str, ignored: Option<&(TreePath, Ignored)>) -> Option<Fault> {
        let CopiedPath { line, instruction, written, path, .. } = copied;
        let whole = if context.is_empty() { path.to_string() } else { format!("{context}/{path}") };
        if self.seen.is_linked(&whole) {
            return None;
        }
        let at = if context.is_empty() { "." } else { context };
        let of_line = format!("`{instruction} {written}`");
        let fault = |says: String| Fault::of_file(self.image.dockerfile.as_str(), says).at(*line);
        if !self.seen.is_file(&whole) && self.seen.within(&whole).next().is_none() {
            let (why, hint) = match self.gone(&whole) {
                ("", _) => ("", format!("{MADE}; or make it, git add {whole} and commit")),
                known => known,
            };
            return Some(fault(format!("{of_line}: the source has no `{path}` in the context `{at}`{why}")).hint(hint));
        }
        let (file, ignored) = ignored?;
        if self.is_kept(path, (context, &whole), ignored) {
            return None;
        }
        let says = format!("{of_line}: {file} leaves `{path}` out of the context `{at}`");
        Some(fault(says).hint(format!("!{path} as the last line of {file}")))
    }

    /// Whether a file, or a folder or something in it, is sent to the builder.
    fn is_kept(&self, path: &TreePath, (context, whole): (&str, &str), ignored: &Ignored) -> bool {
        let is_kept = |inside: &str| inside.parse().is_ok_and(|inside: TreePath| !ignored.leaves_out(&inside));
        let begin = if context.is_empty() { 0 } else { context.len() + 1 };
        let kept_within = |file: &str| {
            let inside = &file[begin..];
            let folders = inside.match_indices('/').map(|(end, _)| end).filter(|end| *end > path.as_str().len());
            folders.chain([inside.len()]).any(|end| is_kept(&inside[..end]))
        };
        is_kept(path.as_str()) || self.seen.within(whole).any(kept_within)
    }

    /// Reads what is left out of the context, where its patterns mean the same to everyone.
    fn ignored_for_sure(&self) -> Option<(TreePath, Ignored)> {
        let files = ignore_files(self.image).into_iter();
        let (path, text) =
            files.map(|path| (self.seen.node(path.as_str()), path)).find_map(|(node, path)| match node {
                Some(SourceNode::File(text)) => Some((path, text)),
                _ => None,
            })?;
        // BuildKit's `?` is a character, ours a byte.
        let is_plain = Ignored::is_plain(text) && !text.contains('?');
        let ignored = is_plain.then(|| Ignored::read(text).ok()).flatten()?;
        Some((path, ignored))
    }
}
