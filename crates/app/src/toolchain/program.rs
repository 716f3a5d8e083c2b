//! Go programs: an action of ours compiles them in a locked image, from locked modules, without a network.
//!
//! Input root: `deps/modules` is a module proxy's file tree, made from the lock's pins. The program is named by
//! `PACKAGE@VERSION`, so that it knows its own version, and Go notes the checksum of every module in it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::build::{BuiltImage, locked};
use super::folder::ImageFolder;
use super::{ImageContext, ImageError, build, load};
use rcrepro_engine::{Execution, Limits, Network, OWN_OUTPUT};
use rcrepro_images::packages::{go_module, go_source};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::action::{Action, ActionPlatform, Command, Ending, Output};
use rcrepro_model::execution::derive;
use rcrepro_model::execution::ending::{self, Bounds};
use rcrepro_model::execution::event::ImageEvent;
use rcrepro_model::execution::world::World;
use rcrepro_model::image::definition::{GoProgram, ImageName, ImagePlatform};
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::image::layer::{Entry, EntryKind};
use rcrepro_model::image::lock::{GoPin, LayerPins, ProgramPin};
use rcrepro_model::image::purl::Purl;
use rcrepro_store::export;
use rcrepro_store::{BlobStore, StoreError};

/// Where the program lies below the working directory when it is compiled.
const OUTPUT: &str = "bin";
/// Cross-compiled programs lie in a folder of their own below `bin`, and only then.
const COLLECT: &str = "mkdir bin && find /tmp/go/bin -type f -exec mv -t bin {} +";

/// Is what has to be compiled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compilation<'a> {
    /// The layer that it is for.
    pub layer: &'a ImageName,
    /// The program.
    pub program: &'a GoProgram,
    /// The machine that it is for.
    pub platform: ImagePlatform,
    /// `SOURCE_DATE_EPOCH`.
    pub epoch: u64,
    /// Its modules.
    pub pins: &'a LayerPins,
}

impl Compilation<'_> {
    /// Derives the action, and stores its messages where a store is given. Pure but for that.
    pub(super) fn action(
        &self,
        builder: &ImageIdentity,
        builder_platform: ImagePlatform,
        store: Option<&dyn BlobStore>,
    ) -> Result<Action, ImageError> {
        let mut keep = |bytes: Vec<u8>| match store {
            Some(store) => store.put(&bytes),
            None => Ok(Digest::of(&bytes)),
        };
        let modules = self.module_tree(&mut keep)?;
        let work = keep(Vec::new())?;
        let deps = [("modules".parse().expect("a constant name"), modules)];
        let mut input_root = None;
        for message in derive::input_root(work, deps) {
            input_root = Some(keep(message)?);
        }
        let command = Command {
            arguments: ["/bin/bash", "-c", &self.line()].map(str::to_owned).to_vec(),
            environment: self.environment(),
            output_paths: [OUTPUT.parse().expect("a constant path")].into(),
            working_directory: derive::work_path(),
            platform: ActionPlatform {
                image_name: builder.name.clone(),
                image_manifest: builder.manifest,
                isa: builder_platform.isa().to_owned(),
            },
        };
        let input_root = input_root.expect("the root is always there");
        let action = Action { command, input_root, timeout: Duration::from_secs(1800) };
        keep(action.command.encode())?;
        keep(action.encode())?;
        Ok(action)
    }

    fn line(&self) -> String {
        let GoProgram { module, version, package, ldflags, .. } = self.program;
        let package = if package == "." { module.clone() } else { format!("{module}/{package}") };
        let flags = ldflags.join(" ");
        format!("go install -trimpath -buildvcs=false -ldflags='{flags}' {package}@{version} && {COLLECT}")
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let mut environment = derive::fixed_environment(i64::try_from(self.epoch).unwrap_or(i64::MAX));
        let own = [
            ("CGO_ENABLED", "0"),
            ("GOARCH", self.platform.architecture()),
            ("GOCACHE", "/tmp/cache"),
            ("GOFLAGS", "-modcacherw"),
            ("GOOS", "linux"),
            ("GOPATH", "/tmp/go"),
            ("GOPROXY", "file:///deps/modules"),
            ("GOSUMDB", "off"),
            ("GOTOOLCHAIN", "local"),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        environment
    }

    /// Lays the pinned files out as a module proxy does.
    fn module_tree(&self, keep: &mut dyn FnMut(Vec<u8>) -> Result<Digest, StoreError>) -> Result<Digest, ImageError> {
        let mut tree = TreeBuilder::default();
        let mut versions = std::collections::BTreeSet::new();
        let path = |text: String| text.parse::<TreePath>().map_err(|_| ImageError::Pins { name: self.layer.clone() });
        for (pins, ending) in [(&self.pins.modules, "zip"), (&self.pins.go_mods, "mod")] {
            for GoPin { purl, digest, .. } in pins {
                let at = path(go_module::proxy_path(purl.name(), purl.version(), ending))?;
                tree.insert(&at, TreeNode::File { digest: *digest, executable: false })?;
                versions.insert((purl.name(), purl.version()));
            }
        }
        for (module, version) in versions {
            let digest = keep(go_source::info(version))?;
            let at = path(go_module::proxy_path(module, version, "info"))?;
            tree.insert(&at, TreeNode::File { digest, executable: false })?;
        }
        // Go looks into the newest version for a word on retraction; the only one it is told of is the locked one.
        let digest = keep(format!("{}\n", self.program.version).into_bytes())?;
        let at = path(go_module::list_path(&self.program.module))?;
        tree.insert(&at, TreeNode::File { digest, executable: false })?;
        Ok(tree.finish(&mut |_, bytes| keep(bytes).map(drop))?)
    }
}

/// Gives the identity of the image that a layer's program is compiled in, on one platform, from its lock alone.
pub(super) fn builder(
    folder: &ImageFolder,
    program: &GoProgram,
    platform: ImagePlatform,
) -> Result<ImageIdentity, ImageError> {
    Ok(locked(&folder.on(platform), &program.image)?.identity())
}

/// Compiles a program whose modules are in the store, and gives what the lock has to say of it.
pub(super) async fn compile(
    context: &ImageContext<'_>,
    folder: &ImageFolder,
    what: Compilation<'_>,
) -> Result<ProgramPin, ImageError> {
    let purl = Purl::go(&what.program.module, &what.program.version).to_string();
    let engine = context.engine.ok_or_else(|| ImageError::NoEngine { name: what.layer.clone() })?;
    let isa = &engine.info().isa;
    let builder = ImagePlatform::of_isa(isa).ok_or_else(|| ImageError::NoEngine { name: what.layer.clone() })?;
    let image: BuiltImage = Box::pin(build::build(context, &folder.on(builder), &what.program.image)).await?;
    load::ensure(context, engine, &image).await?;
    (context.on_event)(ImageEvent::Compiling { layer: what.layer.clone(), program: purl.clone() });
    let action = what.action(&image.identity, builder, Some(context.store.as_ref()))?;
    let execution = Execution {
        action: &action,
        image: &image.identity,
        label: &format!("image/{}", what.layer),
        limits: Limits { memory: 4 << 30, pids: 4096, output: OWN_OUTPUT },
        network: Network::None,
        world: &World::real(),
        turn: None,
    };
    let executed = engine.execute(&execution, context.store.as_ref(), &context.cancel).await?.whole(execution.label)?;
    let output = OUTPUT.parse().expect("a constant path");
    match (&executed.ending, executed.result.outputs.get(&output)) {
        (Ending::Exited { code: 0 }, Some(Output::Directory { root })) => {
            (context.on_event)(ImageEvent::Compiled { layer: what.layer.clone() });
            Ok(ProgramPin { builder, action: Digest::of(&action.encode()), output: *root })
        }
        (ending, _) => {
            let streams = [executed.result.stdout, executed.result.stderr];
            let tail = streams.map(|stream| tail(context.store.as_ref(), stream)).concat();
            let bounds = Bounds { timeout: action.timeout, memory: Some(execution.limits.memory) };
            let ending = ending::with_fixed_limits((*ending).into(), executed.result.exit_code, bounds);
            Err(ImageError::Compile { label: purl, ending, tail })
        }
    }
}

/// Streams what was compiled to `sink`, below the folder that the definition names.
pub(super) fn read_output(
    pin: &ProgramPin,
    into: &TreePath,
    store: &dyn BlobStore,
    sink: &mut dyn FnMut(Entry, &mut dyn std::io::Read) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    for (path, node) in export::walk(store, pin.output)? {
        let path = into.join(&path);
        match node {
            TreeNode::Directory { .. } => {
                sink(Entry { path, kind: EntryKind::Directory { mode: 0o755 } }, &mut std::io::empty())?;
            }
            TreeNode::Symlink { target } => {
                sink(Entry { path, kind: EntryKind::Symlink { target } }, &mut std::io::empty())?;
            }
            TreeNode::File { digest, executable } => {
                let mode = if executable { 0o755 } else { 0o644 };
                sink(Entry { path, kind: EntryKind::File { mode } }, &mut store.reader(digest)?)?;
            }
        }
    }
    Ok(())
}

fn tail(store: &dyn BlobStore, stream: Digest) -> String {
    let bytes = store.get(stream).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4096)..]).into_owned();
    text.lines().map(|line| format!("  | {line}\n")).collect()
}
