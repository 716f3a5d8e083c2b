//! The compilation of a Go program as a value: our action, which needs a locked image, locked modules and no network, and what it
//! leaves.
//!
//! Input root: `deps/modules` is a module proxy's file tree, made from the lock's pins. The program is named by
//! `PACKAGE@VERSION`, so that it knows its own version, and Go notes the checksum of every module in it. One whose module excludes or
//! replaces others is compiled from within that module instead: only there do such words count.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::toolchain::ImageError;
use rcrepro_images::packages::{go_module, go_source};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::content::tree::{TreeBuilder, TreeNode};
use rcrepro_model::execution::action::{Action, ActionPlatform, Command};
use rcrepro_model::execution::derive;
use rcrepro_model::image::definition::{GoProgram, ImageName, ImagePlatform};
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::image::layer::{Entry, EntryKind};
use rcrepro_model::image::lock::{GoPin, LayerPins, ProgramPin};
use rcrepro_store::export;
use rcrepro_store::{BlobStore, StoreError};

/// Where the program lies below the working directory when it is compiled.
pub(super) const OUTPUT: &str = "bin";
/// Cross-compiled programs lie in a folder of their own below `bin`, and only then.
/// How long a program may be compiled.
pub(super) const TIME: Duration = Duration::from_secs(1800);
const COLLECT: &str = "mkdir bin && find /tmp/go/bin -type f -exec mv -t bin {} +";

/// A program to compile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compilation<'a> {
    pub layer: &'a ImageName,
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
        let action = Action { command, input_root, timeout: Some(TIME) };
        keep(action.command.encode())?;
        keep(action.encode())?;
        Ok(action)
    }

    fn line(&self) -> String {
        let GoProgram { module, version, packages, main_module, ldflags, tags, .. } = self.program;
        let mut flags = format!("-trimpath -buildvcs=false -ldflags='{}'", ldflags.join(" "));
        if !tags.is_empty() {
            flags.push_str(&format!(" -tags={}", tags.join(",")));
        }
        if *main_module {
            let packages: Vec<String> = packages.iter().map(|package| format!("./{package}")).collect();
            let unpacked = go_module::cache_path(module, version);
            let packages = packages.join(" ");
            return format!(
                "mkdir bin && go mod download {module}@{version} && cd /tmp/go/pkg/mod/{unpacked} && \
                 go build {flags} -o /work/bin/ {packages}"
            );
        }
        let programs = packages.iter().map(|package| match package.as_str() {
            "." => format!("{module}@{version}"),
            package => format!("{module}/{package}@{version}"),
        });
        format!("go install {flags} {} && {COLLECT}", programs.collect::<Vec<_>>().join(" "))
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
