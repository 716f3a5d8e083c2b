//! The action of a round of builds: the lines that `buildctl` gets, and what they name.

use std::collections::{BTreeMap, BTreeSet};

use super::folders::{ContextFolders, context_folders, layout_folders};
use super::target::BuildkitTarget;
use crate::machine::build_secrets;
use crate::release::error::ReleaseError;
use crate::release::step::ReleaseStep;
use crate::run::actions::Resolved;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::action::{Action, ActionPlatform, Command};
use rcrepro_model::execution::derive;
use rcrepro_model::plan::release_image::{ContextSource, ReleaseImage};
use rcrepro_pins::dockerfile::build::familiar;
use rcrepro_store::BlobStore as _;

/// Where images are left, each an OCI layout in a folder with the number of its line, below the working directory.
pub(super) const OUTPUT: &str = "out";
/// What begins the line of the next target.
const NEXT: &str = "--";
const SHELL: &str = "/bin/bash";
const SCRIPT: &str = "/work/build.sh";
/// How the image is written: into BuildKit's own store, where the script finds it (a client that is sent it takes two thirds of a build's time
/// for an image of a gigabyte).
const EXPORT: &str = "type=image,store=true";
/// How it was before version 5.
const EXPORT_TO_CLIENT: &str = "type=oci,dest=/work/out,tar=false";
/// Uncompressed, because two compressors of one version need not agree, and no time later than the release's.
const LAYERS: &str = "rewrite-timestamp=true,compression=uncompressed,force-compression=true,oci-mediatypes=true";

/// The version of a record whose images of a round share a builder.
pub(in crate::release) const FIRST_OF_BATCHES: u32 = 5;
/// What every build is told. A line `# syntax=` asks for another front end than the one that is built in, unless `cmdline` is set.
const FIXED: [&str; 2] = ["cmdline=rcrepro", "force-network-mode=none"];
/// The build argument that dates what a build makes.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What a builder is given beside its trees: a line of arguments of `buildctl build` for each target.
pub(super) struct BuildLines<'a> {
    pub targets: &'a [BuildkitTarget<'a>],
    /// The ids of the secrets that are there.
    pub secrets: &'a BTreeSet<String>,
}

impl ReleaseStep<'_> {
    /// Derives the action and stores its messages.
    pub(super) fn derived(
        &self,
        lines: &BuildLines<'_>,
        work: Digest,
        deps: BTreeMap<Name, Digest>,
    ) -> Result<Action, ReleaseError> {
        let store = &**self.context.store;
        let mut input_root = None;
        for message in derive::input_root(work, deps) {
            input_root = Some(store.put(&message)?);
        }
        let command = lines.command(self.resolved);
        let action = Action { command, input_root: input_root.expect("the root is always there"), timeout: None };
        store.put(&action.command.encode())?;
        store.put(&action.encode())?;
        Ok(action)
    }
}

impl BuildLines<'_> {
    /// Makes the message of the lines.
    pub(super) fn command(&self, resolved: &Resolved) -> Command {
        let mut words = vec![SHELL.to_owned(), SCRIPT.to_owned()];
        let (folders, contexts) = (layout_folders(self.targets), context_folders(self.targets));
        for target in self.targets {
            words.push(NEXT.to_owned());
            words.extend(self.words(target, EXPORT, (&folders, &contexts), resolved));
        }
        self.of_words(words, resolved)
    }

    /// Makes the message of a single target as builds were recorded before version 5, each in a builder of its own.
    fn command_of_one(&self, resolved: &Resolved) -> Command {
        let mut words = vec![SHELL.to_owned(), SCRIPT.to_owned()];
        let (folders, contexts) = (layout_folders(self.targets), context_folders(self.targets));
        for target in self.targets {
            words.extend(self.words(target, EXPORT_TO_CLIENT, (&folders, &contexts), resolved));
        }
        self.of_words(words, resolved)
    }

    fn of_words(&self, arguments: Vec<String>, resolved: &Resolved) -> Command {
        let builder = &self.targets[0].buildkit.image;
        Command {
            arguments,
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

    fn words(
        &self,
        target: &BuildkitTarget<'_>,
        export: &str,
        (images, contexts): (&BTreeMap<Name, String>, &ContextFolders<'_>),
        resolved: &Resolved,
    ) -> Vec<String> {
        let BuildkitTarget { name: of, image, buildkit, platform } = *target;
        let mut words = Vec::new();
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
        FIXED.into_iter().for_each(|option| flag("opt", option.to_owned()));
        for (name, value) in all_arguments(image, resolved) {
            flag("opt", format!("build-arg:{name}={value}"));
        }
        for folder in layout_folders(&[*target]).keys().map(|name| &images[name]) {
            flag("oci-layout", format!("{folder}=/deps/@{folder}"));
        }
        let layout = |name: &Name| format!("oci-layout://{}@{}", images[name], resolved.images[name].manifest.to_oci());
        for (reference, name) in &buildkit.bases {
            flag("opt", format!("context:{}={}", familiar(reference), layout(name)));
        }
        for name in image.builders.values() {
            flag("opt", format!("context:{}={}", reference(name, resolved), layout(name)));
        }
        for (called, context) in &buildkit.contexts {
            match context {
                ContextSource::Image { name } => flag("opt", format!("context:{called}={}", layout(name))),
                ContextSource::Output { .. } | ContextSource::Source { .. } => {
                    let folder = &contexts[&(of, called.as_str())];
                    flag("local", format!("{folder}=/deps/@{folder}"));
                    flag("opt", format!("context:{called}=local:{folder}"));
                }
            }
        }
        for id in self.secrets {
            flag("secret", format!("id={id},src={}/{id}", build_secrets::FOLDER));
        }
        flag("output", format!("{export},{LAYERS}"));
        words
    }
}

/// Gives all build arguments: those of the plan, locked images by their names, and the release's date.
fn all_arguments(image: &ReleaseImage, resolved: &Resolved) -> BTreeMap<String, String> {
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

/// Derives the lines of recorded builds again: of all targets that one builder was given, or before version 5 of the only one.
pub(in crate::release) fn recorded_command(
    targets: &[BuildkitTarget<'_>],
    secrets: &BTreeSet<String>,
    (version, resolved): (u32, &Resolved),
) -> Command {
    let lines = BuildLines { targets, secrets };
    if version < FIRST_OF_BATCHES { lines.command_of_one(resolved) } else { lines.command(resolved) }
}
