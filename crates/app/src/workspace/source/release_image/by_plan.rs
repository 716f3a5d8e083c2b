//! The keys of an image's table, held against its Dockerfile and the source.

use std::collections::BTreeMap;
use std::path::Path;

use super::judged::{ImageJudgement, Judged};
use super::seen::SourceNode;
use crate::machine::build_secrets;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::release_image::{BuildkitImage, ContextSource, SecretSource};
use rcrepro_model::text::hint::Hint as _;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_pins::dockerfile::build::{BuildReading, SecretMount, familiar, is_reserved};

impl Judged<'_> {
    /// Judges what the plan says to BuildKit.
    pub(super) fn by_plan(&self, buildkit: &BuildkitImage, reading: &BuildReading, found: &mut ImageJudgement) {
        found.refused.extend(self.builder(buildkit));
        found.refused.extend(self.ignored());
        found.refused.extend(self.target(reading));
        found.refused.extend(self.machine_is_left_out(buildkit));
        found.refused.extend(self.folders(buildkit));
        found.refused.extend(self.programs(buildkit));
        found.refused.extend(self.contradictions(buildkit));
        found.refused.extend(self.reserved());
        found.refused.extend(self.undeclared(reading));
        found.notes.extend(self.unused(buildkit, reading));
        found.notes.extend(self.unpinned(buildkit));
    }

    fn target(&self, reading: &BuildReading) -> Option<Fault> {
        let target = &self.image.target;
        if reading.has_target {
            return None;
        }
        let dockerfile = &self.image.dockerfile;
        if reading.stages.is_empty() {
            return Some(Fault::of_file(dockerfile.as_str(), "it has no stage").hint("begin it with FROM"));
        }
        let names: Vec<&String> = reading.stages.iter().filter(|name| !name.is_empty()).collect();
        let stages: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let stages = if stages.is_empty() { "none with a name".to_owned() } else { stages.join(", ") };
        let says = format!("`target = \"{target}\"`: {dockerfile} has no such stage: found {stages}");
        let hint = match UnknownName::new("", "", target, &names).nearest() {
            Some(near) => format!("target = \"{near}\""),
            None => format!("FROM … AS {target} in {dockerfile}; without `target` the last stage is built"),
        };
        Some(self.of_key(&["target"], says).hint(hint))
    }

    /// Refuses platforms without that of this machine: what is built for another one is never started.
    fn machine_is_left_out(&self, buildkit: &BuildkitImage) -> Option<Fault> {
        let has = |architecture: &str| buildkit.platforms.iter().any(|one| one.architecture() == architecture);
        if buildkit.platforms.is_empty() || has(self.architecture) {
            return None;
        }
        let says = format!(
            "`platforms` leaves out linux/{}, the machine's, on which alone it can be started",
            self.architecture
        );
        Some(self.of_key(&["platforms"], says).hint(format!("add \"linux/{}\"", self.architecture)))
    }

    /// Names the folders of the source that are not there.
    fn folders(&self, buildkit: &BuildkitImage) -> Vec<Fault> {
        let context = buildkit.context.iter().map(|path| (vec!["context"], format!("`context = \"{path}\"`"), path));
        let named = buildkit.contexts.iter().filter_map(|(name, context)| match context {
            ContextSource::Source { path } => {
                Some((vec!["contexts", name], format!("context `{name} = \"{context}\"`"), path))
            }
            ContextSource::Output { .. } | ContextSource::Image { .. } => None,
        });
        context.chain(named).filter_map(|(keys, what, path)| self.folder(&keys, &what, path)).collect()
    }

    fn folder(&self, keys: &[&str], what: &str, path: &TreePath) -> Option<Fault> {
        let fault = |says: &str| self.of_key(keys, format!("{what}: {says}"));
        Some(match self.seen.node(path.as_str()) {
            Some(SourceNode::Folder) => return None,
            Some(SourceNode::File(_)) => fault("it is a file: expected a folder").hint("name the folder that holds it"),
            Some(SourceNode::Link(target)) => fault(&format!("it is a symbolic link to `{target}`: expected a folder"))
                .hint("name that folder itself"),
            None => {
                let (why, hint) = self.gone(path.as_str());
                fault(&format!("the source has no such folder{why}")).hint(hint)
            }
        })
    }

    /// Names the programs that are not files of the source.
    fn programs(&self, buildkit: &BuildkitImage) -> Vec<Fault> {
        let of_program = |(name, path): (&String, &TreePath)| {
            let (why, hint) = match self.seen.node(path.as_str()) {
                Some(SourceNode::File(_)) => return None,
                Some(SourceNode::Folder) => ("it is a folder: expected a file", format!("name a file in {path}")),
                Some(SourceNode::Link(_)) => {
                    ("it is a symbolic link: expected a file", "name the file that it leads to".to_owned())
                }
                None => ("the source has no such file", self.gone(path.as_str()).1),
            };
            Some(self.of_key(&["programs", name], format!("program `{name} = \"{path}\"`: {why}")).hint(hint))
        };
        buildkit.programs.iter().filter_map(of_program).collect()
    }

    /// Names what is mapped twice, to different things, in two spellings that BuildKit does not tell apart.
    fn contradictions(&self, buildkit: &BuildkitImage) -> Vec<Fault> {
        let bases = buildkit.bases.iter().map(|(reference, image)| ("bases", reference, image.to_string()));
        let contexts = buildkit.contexts.iter().map(|(name, context)| match context {
            ContextSource::Image { name: image } => ("contexts", name, image.to_string()),
            other => ("contexts", name, other.to_string()),
        });
        let mut seen: BTreeMap<String, (&str, &String, String)> = BTreeMap::new();
        let mut found = Vec::new();
        for (key, reference, meaning) in bases.chain(contexts) {
            match seen.get(&familiar(reference)) {
                Some((_, other, before)) if *before != meaning => {
                    let says = format!(
                        "`{reference}` and `{other}` are one reference, and are mapped to `{meaning}` and `{before}`"
                    );
                    found.push(self.of_key(&[key, reference], says).hint("leave one of the two"));
                }
                Some(_) => {}
                None => drop(seen.insert(familiar(reference), (key, reference, meaning))),
            }
        }
        found
    }

    /// Names the build arguments that the build itself gives.
    fn reserved(&self) -> Vec<Fault> {
        let reserved = self.image.arguments.keys().filter(|argument| is_reserved(argument));
        let fault = |argument: &String| {
            let says = format!(
                "the build argument `{argument}` is not the plan's: the build gives it, or decides what it is for"
            );
            let hint = "take it out of `arguments`; other platforms are named by `platforms`".to_owned();
            self.of_key(&["arguments", argument], says).hint(hint)
        };
        reserved.map(fault).collect()
    }

    /// Names the build arguments that the Dockerfile does not declare.
    fn undeclared(&self, reading: &BuildReading) -> Vec<Fault> {
        let arguments = self.image.arguments.keys().map(|argument| ("arguments", argument));
        let builders = self.image.builders.keys().map(|argument| ("builders", argument));
        let unknown = arguments.chain(builders).filter(|(_, argument)| !reading.takes(argument));
        let fault = |(key, argument): (&str, &String)| {
            let dockerfile = &self.image.dockerfile;
            let says = format!("the build argument `{argument}` is not declared: {dockerfile} has no `ARG {argument}`");
            let near = UnknownName::new("", "", argument, &reading.declared);
            let hint = match near.nearest() {
                Some(_) => near.hint().unwrap_or_default(),
                None => format!("ARG {argument} in {dockerfile}, or take it out of `{key}`"),
            };
            self.of_key(&[key, argument], says).hint(hint)
        };
        unknown.map(fault).collect()
    }

    /// Notes that steps see the machine's own world, or its clock: two builds can then differ by the time of day.
    fn unpinned(&self, buildkit: &BuildkitImage) -> Option<Fault> {
        let (key, sees) = match &buildkit.world {
            world if world.machine => ("world", "clock, processors and order of folders"),
            world if world.clock == Some(ClockMode::Real) => ("clock", "clock"),
            _ => return None,
        };
        let says = format!("steps see the machine's own {sees}, so that its digest may hang on the day");
        Some(self.of_key(&[key], says).hint(format!("take `{key}` out of the table")))
    }

    /// Notes what the plan gives and no line takes, where all lines could be told.
    fn unused(&self, buildkit: &BuildkitImage, reading: &BuildReading) -> Vec<Fault> {
        let dockerfile = &self.image.dockerfile;
        let mut found = Vec::new();
        if let Some(used) = &reading.used {
            for (key, references) in mapped(buildkit) {
                for reference in references.into_iter().filter(|reference| !used.contains(&familiar(reference))) {
                    let says = format!("`{key}` maps `{reference}`, and no line of {dockerfile} names it");
                    let near = UnknownName::new("", "", reference, used);
                    let hint = match near.nearest() {
                        Some(near) => format!("{dockerfile} names `{near}`; otherwise take it out of `{key}`"),
                        None => format!("take it out of `{key}`"),
                    };
                    found.push(self.of_key(&[key, reference], says).hint(hint));
                }
            }
        }
        let is_taken = |id: &&String| reading.secrets.iter().any(|mount| mount.id == **id);
        for id in buildkit.secrets.keys().filter(|id| reading.are_secrets_told && !is_taken(id)) {
            let says = format!("the secret `{id}` is taken by no step of {dockerfile}");
            let hint = format!("RUN --mount=type=secret,id={id} …, or take it out of `secrets`");
            found.push(self.of_key(&["secrets", id], says).hint(hint));
        }
        found
    }

    /// Notes the secrets that steps take and this machine does not have.
    pub(crate) fn machine_notes(&self, reading: &BuildReading) -> Vec<Fault> {
        let Some(buildkit) = &self.image.buildkit else { return Vec::new() };
        let missing = missing_secrets(&buildkit.secrets, reading, &self.workspace.folder);
        let note = |(mount, source): (&SecretMount, &SecretSource)| {
            let then = if mount.is_required { "fails" } else { "runs" };
            let at = format!("{}:{}", self.image.dockerfile, mount.line);
            let says = format!(
                "the secret `{}`, {source}, is not on this machine: the step at {at} {then} without it",
                mount.id
            );
            self.of_key(&["secrets", &mount.id], says).hint(build_secrets::remedy(source))
        };
        missing.into_iter().map(note).collect()
    }
}

/// Lists the secrets that needed steps take and that are not on this machine, each once, by a step that requires it if one does.
pub(crate) fn missing_secrets<'a>(
    secrets: &'a BTreeMap<String, SecretSource>,
    reading: &'a BuildReading,
    folder: &Path,
) -> Vec<(&'a SecretMount, &'a SecretSource)> {
    let missing = secrets.iter().filter(|(_, source)| !build_secrets::is_there(source, folder));
    let taken = missing.filter_map(|(id, source)| {
        let mounts = reading.secrets.iter().filter(|mount| mount.id == *id && mount.is_needed);
        Some((mounts.min_by_key(|mount| !mount.is_required)?, source))
    });
    taken.collect()
}

/// Lists what the Dockerfile of an image names that the plan maps, in groups of the plan's keys.
fn mapped(buildkit: &BuildkitImage) -> BTreeMap<&'static str, Vec<&String>> {
    [("bases", buildkit.bases.keys().collect()), ("contexts", buildkit.contexts.keys().collect())].into()
}
