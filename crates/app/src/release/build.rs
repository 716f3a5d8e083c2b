//! Builds a target: its Dockerfile is checked, and its builders get everything that they need without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::context::{text_of, tree};
use super::error::ReleaseError;
use super::not_built::{Building, NotBuilt, step};
use super::step::{ReleaseStep, finding};
use crate::workspace::source::release_image::{ImageJudgement, Judged, SeenSource, judge};
use rcrepro_engine::{BuildEnd, BuildRequest, BuiltTarget, ImageHost};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::evidence::finding::FindingName;
use rcrepro_model::execution::derive::build_environment;
use rcrepro_model::execution::fault::Fault;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::FrozenKind;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_pins::dockerfile::sources::{Given, sources};
use rcrepro_store::BlobStore;
use rcrepro_store::export;

/// How long one target may take.
const TIMEOUT: Duration = Duration::from_secs(3600);
/// How many lines of a build that failed are shown.
const LINES: usize = 12;
/// The build argument that dates what a build makes.
const EPOCH: &str = "SOURCE_DATE_EPOCH";
/// The file of a builder's own context.
const DOCKERFILE: &str = "Dockerfile";

/// Holds the images of one round of builds; dropping it removes them from the engine.
#[derive(Default)]
pub struct Builders {
    /// By the locked image and the frozen inputs that are laid over it.
    made: BTreeMap<(Name, BTreeSet<Name>), BuiltTarget>,
    /// Dropped before the builders that they are built on.
    targets: Vec<BuiltTarget>,
}

impl Builders {
    /// Keeps a target, whose steps further ones may share.
    pub fn keep(&mut self, target: BuiltTarget) {
        self.targets.push(target);
    }

    fn steps(&self) -> Vec<String> {
        self.targets.iter().flat_map(BuiltTarget::steps).cloned().collect()
    }
}

impl Drop for Builders {
    fn drop(&mut self) {
        while let Some(target) = self.targets.pop() {
            drop(target);
        }
    }
}

/// Why a target is not built.
pub(super) struct Refusal {
    pub expected: &'static str,
    pub found: String,
}

impl ReleaseStep<'_> {
    /// Builds a target. What keeps it from being built is a finding.
    ///
    /// # Errors
    /// [`ReleaseError`] when that cannot be said.
    pub(super) async fn build(
        &self,
        host: &dyn ImageHost,
        name: &Name,
        image: &ReleaseImage,
        builders: &mut Builders,
    ) -> Result<Result<BuiltTarget, NotBuilt>, ReleaseError> {
        let building = Building::begin(format!("release image {name}"), self.context.observe);
        let failed = |building: Building<'_>, Refusal { expected, found }| {
            let refused: NotBuilt = finding(FindingName::ImageFailed, name, "", expected, found).into();
            building.fail("NOT built".to_owned(), &[&refused]);
            Ok(Err(refused))
        };
        let (root, dockerfile) = match self.dockerfile(name, image)? {
            Ok(found) => found,
            Err(refusal) => return failed(building, refusal),
        };
        let ids = match self.builder_ids(host, image, builders).await? {
            Ok(ids) => ids,
            Err(refusal) => return failed(building, refusal),
        };
        let arguments = match self.arguments(image, &dockerfile, ids) {
            Ok(arguments) => arguments,
            Err(refusal) => return failed(building, refusal),
        };
        let request = BuildRequest {
            label: &format!("{}/{name}", self.packet),
            dockerfile: image.dockerfile.as_str(),
            target: &image.target,
            arguments: &arguments,
            cache: &builders.steps(),
            timeout: TIMEOUT,
        };
        let began = std::time::Instant::now();
        match host.build_image(&request, self.tar(root), self.context.cancel).await? {
            BuildEnd::Built(made) => {
                building.end(format!("built, {} s", began.elapsed().as_secs()));
                Ok(Ok(made))
            }
            BuildEnd::Failed { reason, log } => {
                let failed = not_built(name, image, &dockerfile, (&reason, log));
                building.fail("NOT built".to_owned(), &[&failed]);
                Ok(Err(failed))
            }
        }
    }

    /// Gives the root of the build's context and the text of the Dockerfile in it, which needs no BuildKit.
    fn dockerfile(&self, name: &Name, image: &ReleaseImage) -> Result<Result<(Digest, String), Refusal>, ReleaseError> {
        let refused = |expected, found| Ok(Err(Refusal { expected, found }));
        let root = match tree(&**self.context.store, self.resolved.source, image)? {
            Ok(root) => root,
            Err(reason) => return refused("a readable context", reason),
        };
        if let Some(refusal) = listed(&self.judgement(name, image)?.refused) {
            return Ok(Err(refusal));
        }
        let Some(text) = text_of(&**self.context.store, root, &image.dockerfile)? else {
            return refused("a Dockerfile", format!("the source has no file `{}`", image.dockerfile));
        };
        Ok(Ok((root, text)))
    }

    /// Decides what can be decided of an image by reading, as `rcrepro check` does.
    pub(super) fn judgement(&self, name: &Name, image: &ReleaseImage) -> Result<ImageJudgement, ReleaseError> {
        let seen = SeenSource::in_store(image, &**self.context.store, self.resolved.source)?;
        let architecture = ImagePlatform::of_isa(&self.resolved.isa).map_or("", ImagePlatform::architecture);
        Ok(judge(&Judged { workspace: self.workspace, name, image, seen: &seen, architecture }))
    }

    /// Makes the image's builders and gives their ids by the build argument that names each.
    async fn builder_ids(
        &self,
        host: &dyn ImageHost,
        image: &ReleaseImage,
        builders: &mut Builders,
    ) -> Result<Result<BTreeMap<String, String>, Refusal>, ReleaseError> {
        let mut ids = BTreeMap::new();
        for (argument, builder) in &image.builders {
            match self.builder(host, builder, &image.frozen, builders).await? {
                Ok(id) => drop(ids.insert(argument.clone(), id)),
                Err(reason) => {
                    let found = format!("on image `{builder}`: {reason}");
                    return Ok(Err(Refusal { expected: "a builder", found }));
                }
            }
        }
        Ok(Ok(ids))
    }

    /// Gives all build arguments: those of the plan, the builders' ids, and the release's date where the Dockerfile declares it.
    fn arguments(
        &self,
        image: &ReleaseImage,
        dockerfile: &str,
        ids: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Refusal> {
        let given =
            Given { images: ids.values().cloned().collect(), remedy: "name one by a build argument in `builders`" };
        let mut arguments = image.arguments.clone();
        arguments.extend(ids);
        let read = sources(dockerfile, &arguments, &given);
        if let Some(first) = read.foreign.first() {
            let found = format!("{}:{}:{}: {}", image.dockerfile, first.line, first.column, first.says);
            return Err(Refusal { expected: "a Dockerfile that takes nothing from elsewhere", found });
        }
        if let Some(unknown) = arguments.keys().find(|argument| !read.declared.contains(*argument)) {
            let found = format!("it has no `ARG {unknown}`");
            return Err(Refusal { expected: "build arguments that the Dockerfile declares", found });
        }
        if read.declared.contains(EPOCH) {
            arguments.entry(EPOCH.to_owned()).or_insert_with(|| self.resolved.date_epoch.to_string());
        }
        Ok(arguments)
    }

    /// Builds an image on a locked one, with frozen inputs at `/deps/NAME` and the variables that name them, and gives its id. It
    /// carries our labels, and so does every step that is built on it.
    async fn builder(
        &self,
        host: &dyn ImageHost,
        name: &Name,
        frozen: &BTreeSet<Name>,
        builders: &mut Builders,
    ) -> Result<Result<String, String>, ReleaseError> {
        let key = (name.clone(), frozen.clone());
        if let Some(made) = builders.made.get(&key) {
            return Ok(Ok(made.id().to_owned()));
        }
        let identity = self.resolved.images[name].identity(name);
        let mut id = host.image_id(&identity.config.to_oci()).await?;
        if id.is_none() {
            id = host.image_id(&identity.manifest.to_oci()).await?;
        }
        let Some(id) = id else { return Ok(Err("it is not in the engine".to_owned())) };
        let mut text = format!("FROM {id}\n");
        let (mut tree, mut variables) = (TreeBuilder::default(), String::new());
        for input in frozen {
            let kind = self.workspace.plan.frozen[input].kind;
            let root = completed(&**self.context.store, self.resolved.frozen[input].root, kind)?;
            let at: TreePath = format!("deps/{input}").parse().expect("a name is a path's segment");
            tree.insert(&at, TreeNode::Directory { digest: root }).expect("the inputs' names differ");
            for (variable, value) in build_environment(input, kind, self.resolved.date_epoch) {
                variables.push_str(&format!(" {variable}={}", quoted(&value)));
            }
        }
        if !variables.is_empty() {
            text.push_str(&format!("ENV{variables}\n"));
        }
        if !frozen.is_empty() {
            text.push_str("COPY deps /deps\n");
        }
        let digest = self.context.store.put(text.as_bytes())?;
        let at: TreePath = DOCKERFILE.parse().expect("a constant path");
        tree.insert(&at, TreeNode::File { digest, executable: false }).expect("nothing else is called so");
        let root = tree.finish(&mut |_, bytes| self.context.store.put(&bytes).map(drop))?;
        let request = BuildRequest {
            label: &format!("{}/builder-{name}", self.packet),
            dockerfile: DOCKERFILE,
            target: "",
            arguments: &BTreeMap::new(),
            cache: &[],
            timeout: TIMEOUT,
        };
        match host.build_image(&request, self.tar(root), self.context.cancel).await? {
            BuildEnd::Built(made) => {
                let id = made.id().to_owned();
                builders.made.insert(key, made);
                Ok(Ok(id))
            }
            BuildEnd::Failed { reason, log } => Ok(Err(format!("{reason}{}", tail(&log)))),
        }
    }
}

/// Says why a builder left no image.
pub(super) fn not_built(
    name: &Name,
    image: &ReleaseImage,
    dockerfile: &str,
    (reason, output): (&str, String),
) -> NotBuilt {
    let found = format!("{reason}{}{}", step(&image.dockerfile, dockerfile, &output), tail(&output));
    let finding = finding(FindingName::ImageFailed, name, "", format!("{} builds", image.stage()), found);
    NotBuilt { finding, output: Some(output) }
}

/// Makes a refusal of what was decided against an image; none where nothing was.
pub(super) fn listed(faults: &[Fault]) -> Option<Refusal> {
    let found = match faults {
        [] => return None,
        [fault] => fault.to_string(),
        faults => faults.iter().map(|fault| format!("\n            {fault}")).collect(),
    };
    Some(Refusal { expected: "an image that can be built, by its Dockerfile and the plan", found })
}

/// Adds to a frozen input what its client asks for beside it when it fetches. `go mod download` wants an `.info` for each
/// module; the lock leaves them out because proxies word them differently, and all that is read of one is the version.
pub(super) fn completed(store: &dyn BlobStore, root: Digest, kind: FrozenKind) -> Result<Digest, ReleaseError> {
    if kind != FrozenKind::GoModules {
        return Ok(root);
    }
    let mut more = Vec::new();
    for (path, _) in export::walk(store, root)? {
        let Some(stem) = path.as_str().strip_suffix(".zip").filter(|stem| stem.starts_with("cache/download/")) else {
            continue;
        };
        let Some((_, version)) = stem.rsplit_once("/@v/") else { continue };
        let info = serde_json::json!({ "Version": unescaped(version) });
        let digest = store.put(info.to_string().as_bytes())?;
        let at = format!("{stem}.info").parse().expect("a path with another ending");
        more.push((at, TreeNode::File { digest, executable: false }));
    }
    Ok(export::graft(store, root, &more)?)
}

/// Undoes the module cache's escapes: `!a` is `A`.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '!' => out.extend(characters.next().map(|letter| letter.to_ascii_uppercase())),
            other => out.push(other),
        }
    }
    out
}

/// Writes a value as a Dockerfile takes it literally.
fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
}

/// Gives the last lines of a log, without the characters that a terminal obeys.
pub(super) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LINES));
    let harmless = |line: &str| line.chars().filter(|c| *c == '\t' || !c.is_control()).collect::<String>();
    last.map(|line| format!("\n              | {}", harmless(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_store::memory::MemoryStore;

    #[test]
    fn a_module_cache_is_completed_for_a_client_that_asks() {
        let store = MemoryStore::default();
        let mut builder = TreeBuilder::default();
        for path in [
            "cache/download/example.com/!big/@v/v1.0.0-!r!c1.zip",
            "cache/download/example.com/!big/@v/v1.0.0-!r!c1.mod",
            "example.com/m.zip",
        ] {
            let digest = store.put(b"").expect("stored");
            builder.insert(&path.parse().expect("a path"), TreeNode::File { digest, executable: false }).expect("new");
        }
        let root = builder.finish(&mut |_, bytes| store.put(&bytes).map(drop)).expect("stored");
        let whole = completed(&store, root, FrozenKind::GoModules).expect("completed");
        let added = export::diff(&store, root, whole).expect("compared");
        assert_eq!(added.len(), 1);
        assert_eq!(added[0].path.as_str(), "cache/download/example.com/!big/@v/v1.0.0-!r!c1.info");
        let Some(TreeNode::File { digest, .. }) = &added[0].right else { panic!("a file") };
        assert_eq!(store.get(*digest).expect("stored"), br#"{"Version":"v1.0.0-RC1"}"#);
        assert_eq!(completed(&store, root, FrozenKind::NpmPackages).expect("as it is"), root);
    }

    #[test]
    fn values_are_taken_literally() {
        assert_eq!(quoted("a $B \"c\" \\"), r#""a \$B \"c\" \\""#);
        assert_eq!(tail("one\n\n\u{1b}two  \n"), "\n              | one\n              | two");
    }
}
