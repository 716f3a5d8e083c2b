//! Steps that call Alpine's `apk` where no base has it: definitions build images of Debian's packages.

use std::sync::LazyLock;

use regex::Regex;

use super::judged::Judged;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::ImageSource;
use rcrepro_model::plan::release_image::BuildkitImage;

/// A call of apk that installs, where a command may begin.
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^\s*|\bRUN\s+(?:--\S+\s+)*|[;&|({]\s*)apk\s+(?:-\S+\s+)*(?P<what>add|update|upgrade)\b")
        .expect("a constant pattern")
});
const HINT: &str = "have the base's definition bring what it installs ([deb] packages), and name a stand-in: programs = { apk = \"FILE\" } in \
                    the image's table; or map the base to a pulled image that has apk";

impl Judged<'_> {
    /// Notes each line that calls it, unless the plan gives steps a program of that name or a pulled image may have it.
    pub(super) fn calls_of_apk(&self, buildkit: &BuildkitImage, text: &str) -> Vec<Fault> {
        let images = &self.workspace.plan.images;
        let may_have_it = |name| !matches!(images.get(name), Some(ImageSource::Build { .. }));
        if buildkit.programs.contains_key("apk") || self.image.locked_bases().any(may_have_it) {
            return Vec::new();
        }
        let call = |(line, text): (usize, &str)| {
            let call = CALL.captures(text).filter(|_| !text.trim_start().starts_with('#'))?;
            let says = format!("`apk {}`: no image that the plan maps to a base has apk", &call["what"]);
            Some(Fault::of_file(self.image.dockerfile.as_str(), says).at(line).hint(HINT))
        };
        (1..).zip(text.lines()).filter_map(call).collect()
    }
}
