//! What a build sees: locked images as OCI layouts, the context, named contexts, and the program that begins its steps.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::folders::{context_folders, layout_folders};
use super::target::BuildkitTarget;
use crate::release::build::completed;
use crate::release::error::ReleaseError;
use crate::release::step::ReleaseStep;
use rcrepro_engine::{INIT_PATH, step_entry};
use rcrepro_format::images::oci_json::LayoutImage;
use rcrepro_format::images::{lock_toml, pulled_toml};
use rcrepro_images::oci::OciError;
use rcrepro_images::oci::layout_tree::layout_tree;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::evidence::manifest::OutputEntry;
use rcrepro_model::execution::derive::{self, PACKAGE_SOURCES, build_environment};
use rcrepro_model::execution::world::{ClockMode, World};
use rcrepro_model::plan::release_image::{BuildkitImage, ContextSource};
use rcrepro_store::{BlobStore, export};

/// Starts the builder; see the file.
const BUILD: &str = include_str!("build.sh");
/// Begins each step; see the file.
const STEP: &str = include_str!("step.sh");
/// Where a step finds PID 1: in a file system of its own, so that no layer gets a place for it.
const STEP_INIT: &str = "/dev/.rcrepro-init";

/// The folder below `deps` with the programs that the plan has steps find first.
const PROGRAMS: &str = "@programs";

/// What a builder is given.
pub(super) struct BuilderInputs {
    /// Trees below `deps`, by name.
    pub deps: BTreeMap<Name, Digest>,
    /// The OCI layouts among them, one for each image that stages or contexts are.
    pub layouts: Vec<Digest>,
}

/// The trees of named contexts, by the image and the context's name.
pub(super) type NamedContexts = BTreeMap<(Name, String), Digest>;

/// A reason in words why something cannot be given to the build.
pub(super) type Missing<T> = Result<T, String>;

impl ReleaseStep<'_> {
    /// Stores the folder that the builder works in: its scripts, and what each step gets.
    pub(super) fn builder_work(&self, target: &BuildkitTarget<'_>) -> Result<Digest, ReleaseError> {
        let image = target.image;
        let world = World::fixed(self.resolved.date_epoch, &target.buildkit.world, ClockMode::Stands);
        let mut mounts = vec![bind(INIT_PATH, STEP_INIT, "ro")];
        // A step has no network: npm asks once.
        let mut environment = BTreeMap::from([("npm_config_fetch_retries".to_owned(), "0".to_owned())]);
        let mut fronts = String::new();
        if !target.buildkit.programs.is_empty() {
            let at = format!("/deps/{PROGRAMS}");
            mounts.push(bind(&at, &at, "ro"));
            fronts.push_str(&format!("{at}:"));
        }
        for input in &image.frozen {
            let (at, kind) = (format!("/deps/{input}"), self.workspace.plan.frozen[input].kind);
            mounts.push(bind(&at, &at, "rw"));
            environment.extend(build_environment(input, kind, self.resolved.date_epoch));
            if kind.front().is_some() {
                fronts.push_str(&format!("{at}/bin:"));
            }
        }
        let entry = step_entry(&world, STEP_INIT);
        let is_given = |source: &&str| environment.keys().any(|name| name.eq_ignore_ascii_case(source));
        let sources: Vec<&str> = PACKAGE_SOURCES.into_iter().filter(|source| is_given(source)).collect();
        let step = json!({
            "entry": entry, "environment": environment, "fronts": fronts, "mounts": mounts, "sources": sources,
        });
        let mut tree = TreeBuilder::default();
        let files = [("build.sh", BUILD.to_owned(), true), ("step.sh", STEP.to_owned(), true)];
        for (path, text, executable) in files.into_iter().chain([("step.json", step.to_string(), false)]) {
            let digest = self.context.store.put(text.as_bytes())?;
            let path: TreePath = path.parse().expect("a constant path");
            tree.insert(&path, TreeNode::File { digest, executable }).expect("the paths differ");
        }
        Ok(tree.finish(&mut |_, bytes| self.context.store.put(&bytes).map(drop))?)
    }

    /// Lists what lies below `deps`: the context, named contexts, frozen inputs, and every image by a number of its own.
    pub(super) fn builder_deps(
        &self,
        batch: &[BuildkitTarget<'_>],
        contexts: &NamedContexts,
    ) -> Result<Missing<BuilderInputs>, ReleaseError> {
        let store = &**self.context.store;
        let (mut deps, mut layouts) = (BTreeMap::new(), Vec::new());
        let name = |text: &str| text.parse::<Name>().expect("a constant with the name of a folder");
        deps.insert(name("@context"), self.context_root(batch[0].buildkit)?);
        if let Some(root) = self.programs(batch[0].buildkit)? {
            deps.insert(name(PROGRAMS), root);
        }
        for input in &batch[0].image.frozen {
            let kind = self.workspace.plan.frozen[input].kind;
            deps.insert(input.clone(), completed(store, self.resolved.frozen[input].root, kind)?);
        }
        for (locked, folder) in layout_folders(batch) {
            let root = match self.locked_layout(&locked)? {
                Ok(root) => root,
                Err(reason) => return Ok(Err(reason)),
            };
            deps.insert(name(&format!("@{folder}")), root);
            layouts.push(root);
        }
        for ((image, called), folder) in context_folders(batch) {
            if let Some(root) = contexts.get(&(image.clone(), called.to_owned())) {
                deps.insert(name(&format!("@{folder}")), *root);
            }
        }
        Ok(Ok(BuilderInputs { deps, layouts }))
    }

    /// Stores the folder of the programs that steps find first; none where the plan names none.
    fn programs(&self, buildkit: &BuildkitImage) -> Result<Option<Digest>, ReleaseError> {
        let store = &**self.context.store;
        let mut tree = TreeBuilder::default();
        for (name, path) in &buildkit.programs {
            // That each is a file was judged before.
            let Some(TreeNode::File { digest, .. }) = export::lookup(store, self.resolved.source, path)? else {
                continue;
            };
            let at: TreePath = name.parse().expect("the name of a program is a path");
            tree.insert(&at, TreeNode::File { digest, executable: true }).expect("the names differ");
        }
        match buildkit.programs.is_empty() {
            true => Ok(None),
            false => Ok(Some(tree.finish(&mut |_, bytes| store.put(&bytes).map(drop))?)),
        }
    }

    /// Gives the root of the source that is the context, with a repository where the plan says so.
    fn context_root(&self, buildkit: &BuildkitImage) -> Result<Digest, ReleaseError> {
        let Some(git) = self.resolved.git.as_ref().filter(|_| buildkit.git) else { return Ok(self.resolved.source) };
        let repository = (derive::git_path(), TreeNode::Directory { digest: git.root });
        Ok(export::graft(&**self.context.store, self.resolved.source, &[repository])?)
    }

    /// Gives the trees of an image's named contexts; of those that are images, none.
    pub(super) fn named_contexts(
        &self,
        buildkit: &BuildkitImage,
    ) -> Result<Missing<BTreeMap<String, Digest>>, ReleaseError> {
        let mut found = BTreeMap::new();
        for (called, context) in &buildkit.contexts {
            match self.named_context(context)? {
                Ok(root) => found.extend(root.map(|root| (called.clone(), root))),
                Err(reason) => return Ok(Err(format!("context `{called}`, `{context}`: {reason}"))),
            }
        }
        Ok(Ok(found))
    }

    /// Gives the tree of a named context; none where it is an image.
    fn named_context(&self, context: &ContextSource) -> Result<Missing<Option<Digest>>, ReleaseError> {
        let store = &**self.context.store;
        let folder = |node: Option<TreeNode>| match node {
            Some(TreeNode::Directory { digest }) => Ok(Some(digest)),
            Some(_) => Err("it is not a folder".to_owned()),
            None => Err("there is no such folder".to_owned()),
        };
        match context {
            ContextSource::Image { .. } => Ok(Ok(None)),
            ContextSource::Source { path } => Ok(folder(export::lookup(store, self.resolved.source, path)?)),
            ContextSource::Output { command, path } => {
                let outputs = self.results.get(command).map(|result| &result.outputs);
                let Some(outputs) = outputs else { return Ok(Err("the packet runs no such command".to_owned())) };
                for (output, entry) in outputs {
                    let OutputEntry::Directory { raw, .. } = entry else { continue };
                    if path == output {
                        return Ok(Ok(Some(*raw)));
                    }
                    let below = path.as_str().strip_prefix(output.as_str()).and_then(|rest| rest.strip_prefix('/'));
                    if let Some(Ok(below)) = below.map(str::parse::<TreePath>) {
                        return Ok(folder(export::lookup(store, *raw, &below)?));
                    }
                }
                Ok(Err("no output of the command is or holds such a folder".to_owned()))
            }
        }
    }

    /// Stores a locked image as an OCI layout.
    fn locked_layout(&self, name: &Name) -> Result<Missing<Digest>, ReleaseError> {
        let store = &**self.context.store;
        let text = String::from_utf8_lossy(&store.get(self.resolved.images[name].lock)?).into_owned();
        let wrong = |error: &dyn std::fmt::Display| Ok(Err(format!("the lock of image `{name}`: {error}")));
        let (blobs, manifest, config, platform): (BTreeSet<Digest>, _, _, _) = if pulled_toml::is_pulled(&text) {
            match pulled_toml::parse(&text) {
                Ok(lock) => {
                    let image = lock.image;
                    let layers = image.layers.iter().map(|layer| layer.blob);
                    (layers.collect(), image.manifest, image.config, image.platform)
                }
                Err(error) => return wrong(&error),
            }
        } else {
            let parsed = match name.as_str().parse() {
                Ok(image) => lock_toml::parse(image, &text),
                Err(error) => return wrong(&error),
            };
            match parsed {
                Ok(lock) => {
                    let layers = lock.layers.iter().map(|layer| layer.digest);
                    (layers.collect(), lock.manifest_digest, lock.config_digest, lock.platform)
                }
                Err(error) => return wrong(&error),
            }
        };
        let blobs: Vec<Digest> = blobs.into_iter().chain([manifest, config]).collect();
        for blob in &blobs {
            if !store.contains(*blob)? {
                let reason = format!("image `{name}` is in the engine, and its part {} is not in the store", blob.hash);
                return Ok(Err(reason));
            }
        }
        let image = LayoutImage { manifest, config, layers: &[], platform, tag: None, reference: None };
        match layout_tree(image, blobs, store) {
            Ok(root) => Ok(Ok(root)),
            Err(OciError::Store(error)) => Err(error.into()),
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

/// Describes a mount of a step, as runc's configuration does.
fn bind(source: &str, destination: &str, mode: &str) -> serde_json::Value {
    json!({ "destination": destination, "options": ["rbind", mode], "source": source, "type": "bind" })
}
