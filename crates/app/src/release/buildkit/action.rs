//! The action of a build: the one line that `buildctl` gets, and what it names.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Deps;
use super::target::BuildkitTarget;
use crate::machine::build_secrets;
use crate::release::error::ReleaseError;
use crate::release::step::ReleaseStep;
use crate::run::actions::Resolved;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::action::{Action, ActionPlatform, Command};
use rcrepro_model::execution::derive;
use rcrepro_model::plan::release_image::{BuildkitImage, ContextSource, ReleaseImage};
use rcrepro_pins::dockerfile::build::familiar;
use rcrepro_store::BlobStore as _;

/// Where the image is left, an OCI layout, below the working directory.
pub(super) const OUTPUT: &str = "out";
/// How the image is written: uncompressed, because two compressors of one version need not agree, and no time later than the
/// release's.
const EXPORT: &str = "type=oci,dest=/work/out,tar=false,rewrite-timestamp=true,compression=uncompressed,\
                      force-compression=true,oci-mediatypes=true";

/// The build argument that dates what a build makes.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What a build is made of beside its trees.
pub(super) struct BuildLine<'a> {
    pub target: &'a BuildkitTarget<'a>,
    /// The folder of each locked image, below `deps` and after an `@`.
    pub images: &'a BTreeMap<Name, String>,
    /// All build arguments.
    pub arguments: &'a BTreeMap<String, String>,
    /// The ids of the secrets that are there.
    pub secrets: &'a BTreeSet<String>,
}

impl ReleaseStep<'_> {
    /// Derives the action and stores its messages.
    pub(super) fn derived(&self, line: &BuildLine<'_>, work: Digest, deps: Deps) -> Result<Action, ReleaseError> {
        let store = &**self.context.store;
        let mut input_root = None;
        for message in derive::input_root(work, deps) {
            input_root = Some(store.put(&message)?);
        }
        let command = line.command(self.resolved);
        let action = Action { command, input_root: input_root.expect("the root is always there"), timeout: None };
        store.put(&action.command.encode())?;
        store.put(&action.encode())?;
        Ok(action)
    }
}

impl BuildLine<'_> {
    /// Makes the message of the line.
    fn command(&self, resolved: &Resolved) -> Command {
        let builder = &self.target.buildkit.image;
        Command {
            arguments: self.words(resolved),
            environment: derive::fixed_environment(resolved.date_epoch),
            output_paths: [OUTPUT.parse().expect("a constant path")].into(),
            working_directory: derive::work_path(),
            platform: ActionPlatform {
                image_name: builder.to_string(),
                image_manifest: resolved.images[builder].manifest,
                isa: resolved.isa.clone(),
            },
        }
    }

    fn words(&self, resolved: &Resolved) -> Vec<String> {
        let Self { target, images, arguments, secrets } = self;
        let BuildkitTarget { image, buildkit, platform, .. } = **target;
        let mut words: Vec<String> = ["/bin/bash", "/work/build.sh"].map(str::to_owned).to_vec();
        let mut flag = |name: &str, value: String| words.extend([format!("--{name}"), value]);
        let path = image.dockerfile.as_str();
        let (folder, file) = path.rsplit_once('/').map_or((String::new(), path), |(f, file)| (format!("/{f}"), file));
        let context = buildkit.context.as_ref().map(|context| format!("/{context}")).unwrap_or_default();
        flag("frontend", "dockerfile.v0".to_owned());
        flag("local", format!("context=/deps/@context{context}"));
        flag("local", format!("dockerfile=/deps/@context{folder}"));
        flag("opt", format!("filename={file}"));
        if !image.target.is_empty() {
            flag("opt", format!("target={}", image.target));
        }
        if platform.isa() != resolved.isa {
            flag("opt", format!("platform={platform}"));
        }
        // A line `# syntax=` asks for another front end than the one that is built in, unless this is set.
        flag("opt", "cmdline=rcrepro".to_owned());
        flag("opt", "force-network-mode=none".to_owned());
        for (name, value) in *arguments {
            flag("opt", format!("build-arg:{name}={value}"));
        }
        for folder in images.values() {
            flag("oci-layout", format!("{folder}=/deps/@{folder}"));
        }
        let layout = |name: &Name| format!("oci-layout://{}@{}", images[name], resolved.images[name].manifest.to_oci());
        for (reference, name) in &buildkit.bases {
            flag("opt", format!("context:{}={}", familiar(reference), layout(name)));
        }
        for name in image.builders.values() {
            flag("opt", format!("context:{}={}", reference(name, resolved), layout(name)));
        }
        for (number, (called, context)) in buildkit.contexts.iter().enumerate() {
            match context {
                ContextSource::Image { name } => flag("opt", format!("context:{called}={}", layout(name))),
                ContextSource::Output { .. } | ContextSource::Source { .. } => {
                    flag("local", format!("named{number}=/deps/@named{number}"));
                    flag("opt", format!("context:{called}=local:named{number}"));
                }
            }
        }
        for id in *secrets {
            flag("secret", format!("id={id},src={}/{id}", build_secrets::FOLDER));
        }
        flag("output", EXPORT.to_owned());
        words
    }
}

/// Names the folder of each locked image that a build is given, below `deps` and after an `@`.
pub(super) fn layout_folders(image: &ReleaseImage, buildkit: &BuildkitImage) -> BTreeMap<Name, String> {
    let wanted: BTreeSet<&Name> = buildkit.images().skip(1).chain(image.builders.values()).collect();
    wanted.into_iter().enumerate().map(|(number, name)| (name.clone(), format!("image{number}"))).collect()
}

/// Gives all build arguments: those of the plan, locked images by their names, and the release's date.
pub(super) fn all_arguments(image: &ReleaseImage, resolved: &Resolved) -> BTreeMap<String, String> {
    let mut arguments = image.arguments.clone();
    let builders = image.builders.iter();
    arguments.extend(builders.map(|(argument, locked)| (argument.clone(), reference(locked, resolved))));
    arguments.entry(EPOCH.to_owned()).or_insert_with(|| resolved.date_epoch.to_string());
    arguments
}

/// Writes the name by which the Dockerfile is given a locked image, digest and all.
fn reference(locked: &Name, resolved: &Resolved) -> String {
    format!("rcrepro/{locked}@{}", resolved.images[locked].manifest.to_oci())
}

/// Derives the line of a recorded build again.
pub(in crate::release) fn recorded_command(
    target: &BuildkitTarget<'_>,
    secrets: &BTreeSet<String>,
    resolved: &Resolved,
) -> Command {
    let (images, arguments) = (layout_folders(target.image, target.buildkit), all_arguments(target.image, resolved));
    BuildLine { target, images: &images, arguments: &arguments, secrets }.command(resolved)
}
