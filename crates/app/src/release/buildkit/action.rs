//! The action of a build: the one line that `buildctl` gets, and what it names.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Deps;
use crate::machine::build_secrets;
use crate::release::error::ReleaseError;
use crate::release::step::ReleaseStep;
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

/// What a build is made of beside its trees.
pub(super) struct Source<'a> {
    pub image: &'a ReleaseImage,
    pub buildkit: &'a BuildkitImage,
    /// The folder of each locked image, below `deps` and after an `@`.
    pub images: &'a BTreeMap<Name, String>,
    /// All build arguments.
    pub arguments: &'a BTreeMap<String, String>,
    /// The ids of the secrets that are there.
    pub secrets: &'a BTreeSet<String>,
}

impl ReleaseStep<'_> {
    /// Derives the action and stores its messages.
    pub(super) fn derived(&self, source: &Source<'_>, work: Digest, deps: Deps) -> Result<Action, ReleaseError> {
        let store = &**self.context.store;
        let mut input_root = None;
        for message in derive::input_root(work, deps) {
            input_root = Some(store.put(&message)?);
        }
        let command = Command {
            arguments: self.words(source),
            environment: derive::fixed_environment(self.resolved.date_epoch),
            output_paths: [OUTPUT.parse().expect("a constant path")].into(),
            working_directory: derive::work_path(),
            platform: ActionPlatform {
                image_name: source.buildkit.image.to_string(),
                image_manifest: self.resolved.images[&source.buildkit.image].manifest,
                isa: self.resolved.isa.clone(),
            },
        };
        let action = Action { command, input_root: input_root.expect("the root is always there"), timeout: None };
        store.put(&action.command.encode())?;
        store.put(&action.encode())?;
        Ok(action)
    }

    fn words(&self, source: &Source<'_>) -> Vec<String> {
        let Source { image, buildkit, images, arguments, secrets } = source;
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
        // A line `# syntax=` asks for another front end than the one that is built in, unless this is set.
        flag("opt", "cmdline=rcrepro".to_owned());
        flag("opt", "force-network-mode=none".to_owned());
        for (name, value) in *arguments {
            flag("opt", format!("build-arg:{name}={value}"));
        }
        for folder in images.values() {
            flag("oci-layout", format!("{folder}=/deps/@{folder}"));
        }
        let layout =
            |name: &Name| format!("oci-layout://{}@{}", images[name], self.resolved.images[name].manifest.to_oci());
        for (reference, name) in &buildkit.bases {
            flag("opt", format!("context:{}={}", familiar(reference), layout(name)));
        }
        for name in image.builders.values() {
            flag("opt", format!("context:{}={}", self.reference(name), layout(name)));
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
