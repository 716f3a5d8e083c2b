//! One image that is judged: its Dockerfile, and the places of its keys.

use super::seen::{SeenSource, SourceNode};
use crate::workspace::{PLAN_FILE, Workspace};
use rcrepro_format::syntax::toml_place::line_of;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_pins::dockerfile::build::BuildReading;

/// A release image of a plan, with what is looked up of it.
#[derive(Clone, Copy)]
pub(crate) struct Judged<'a> {
    /// The plan and its folder.
    pub workspace: &'a Workspace,
    /// The image's name.
    pub name: &'a Name,
    /// As the plan states it.
    pub image: &'a ReleaseImage,
    /// What the source holds of it.
    pub seen: &'a SeenSource,
    /// The architecture that it is built for, as Go names it.
    pub architecture: &'a str,
}

/// What was decided.
#[derive(Debug, Default)]
pub(crate) struct ImageJudgement {
    /// What no build survives.
    pub refused: Vec<Fault>,
    /// What is good to know.
    pub notes: Vec<Fault>,
    /// The Dockerfile, where BuildKit builds it.
    pub reading: Option<BuildReading>,
}

impl<'a> Judged<'a> {
    /// Finds the Dockerfile, or says why it is not there.
    pub(super) fn dockerfile(&self, refused: &mut Vec<Fault>) -> Option<&'a str> {
        let path = self.image.dockerfile.as_str();
        let is_built = format!("release image `{}` is built from it", self.name);
        let fault = |says: &str| Fault::of_file(path, format!("{is_built}, and {says}"));
        let fault = match self.seen.node(path) {
            Some(SourceNode::File(text)) => return Some(text),
            Some(SourceNode::Folder) => fault("it is a folder").hint(format!("dockerfile = \"{path}/Dockerfile\"")),
            Some(SourceNode::Link(target)) => {
                fault(&format!("it is a symbolic link to `{target}`: expected the file itself"))
                    .hint("name the file that it leads to, by `dockerfile` in the image's table of rcrepro.toml")
            }
            None => {
                let (why, hint) = self.gone(path);
                fault(&format!("it is not in the source{why}")).hint(hint)
            }
        };
        refused.push(fault);
        None
    }

    /// Says why a path is not in the source, as far as that can be told, and what mends it.
    pub(super) fn gone(&self, path: &str) -> (&'static str, String) {
        let exclude = self.workspace.exclude();
        if exclude.matches_within(path) || exclude.matches_within(&format!("{path}/…")) {
            let hint = "take it out of `exclude` in [source] of rcrepro.toml".to_owned();
            return (": `exclude` in [source] leaves it out", hint);
        }
        match self.workspace.folder.join(path).exists() {
            true => (": it is not committed", format!("git add {path} and commit")),
            false => ("", format!("write its path from the plan's folder; or make it, git add {path} and commit")),
        }
    }

    /// Makes a fault of a key of the image's table, by the line of the plan.
    pub(super) fn of_key(&self, keys: &[&str], says: impl std::fmt::Display) -> Fault {
        let plan = String::from_utf8_lossy(&self.workspace.plan_bytes);
        let keys = [&["release-images", self.name.as_str()], keys].concat();
        Fault::of_file(PLAN_FILE, format!("release image `{}`: {says}", self.name)).at(line_of(&plan, &keys))
    }
}
