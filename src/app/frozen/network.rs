//! The steps in a container, most of them with network: what they run in, what they yield, and what is kept of it.

use std::time::Duration;

use super::{FrozenError, FrozenStep, go_modules, npm_packages, prune};
use crate::app::host_network;
use crate::engine::{Execution, Limits, Network};
use crate::model::action::{Action, Command, Ending, Output, Platform};
use crate::model::derive;
use crate::model::digest::Digest;
use crate::model::image::ImageIdentity;
use crate::model::name::{Name, TreePath};
use crate::model::plan::FrozenKind;
use crate::model::tree::{Directory, Node, TreeBuilder};
use crate::model::world::World;

impl FrozenStep<'_> {
    pub(super) fn lock_files(&self) -> Result<Vec<(&'static str, Node)>, FrozenError> {
        let names = match self.input.kind {
            FrozenKind::GoModules | FrozenKind::GoVulndb => go_modules::LOCK_FILES,
            FrozenKind::GoStd => return Ok(Vec::new()),
            FrozenKind::NpmPackages | FrozenKind::NpmAdvisories => npm_packages::LOCK_FILES,
        };
        let mut directory = Directory::decode(&self.store.get(self.source)?)?;
        let missing = |file: &str| FrozenError::NoSource {
            name: self.name.clone(),
            path: self.input.directory.as_ref().map_or_else(|| file.to_owned(), |at| format!("{at}/{file}")),
        };
        for segment in self.input.directory.iter().flat_map(TreePath::segments) {
            let Some(Node::Directory { digest }) = directory.entries.get(&segment) else {
                return Err(missing(names[0]));
            };
            directory = Directory::decode(&self.store.get(*digest)?)?;
        }
        let mut files = Vec::new();
        for name in names {
            let key: Name = name.parse().expect("a constant name");
            match directory.entries.get(&key) {
                Some(node @ Node::File { .. }) => files.push((name, node.clone())),
                _ => return Err(missing(name)),
            }
        }
        Ok(files)
    }

    /// Runs the network step and gives the root of what is kept of its output.
    pub(super) async fn fetch(&self) -> Result<Digest, FrozenError> {
        let (line, output) = match self.input.kind {
            FrozenKind::NpmPackages => (npm_packages::LINE, npm_packages::OUTPUT),
            _ => (go_modules::LINE, go_modules::OUTPUT),
        };
        let Some(root) = self.step(line, output, &[], transport()).await? else { return self.empty() };
        match self.input.kind {
            FrozenKind::NpmPackages => self.npm_cache(root),
            _ => Ok(prune::filter(self.store, root, &go_modules::keep)?),
        }
    }

    /// Runs a line in a folder that has the client's lock and these programs; gives the root of what it left at `output`, none
    /// when nothing is there.
    pub(super) async fn step(
        &self,
        line: &str,
        output: &str,
        programs: &[(&str, &str)],
        network: Network,
    ) -> Result<Option<Digest>, FrozenError> {
        let image = self.toolchain();
        let output: TreePath = output.parse().expect("a constant path");
        let action = self.action(image, line, &output, programs)?;
        let label = format!("frozen/{}", self.name);
        let execution = Execution {
            action: &action,
            image,
            label: &label,
            // Certificates are valid in real time only.
            world: &World::real(),
            turn: None,
            limits: Limits { memory: 4 << 30, pids: 4096 },
            network,
        };
        let executed = self.engine.execute(&execution, self.store, self.cancel).await?;
        match (&executed.ending, executed.result.outputs.get(&output)) {
            (Ending::Exited { code: 0 }, Some(Output::Directory { root })) => Ok(Some(*root)),
            (Ending::Exited { code: 0 }, _) => Ok(None),
            (ending, _) => {
                let tail = [executed.result.stdout, executed.result.stderr].map(|stream| self.tail(stream)).concat();
                Err(FrozenError::Step { name: self.name.clone(), ending: format!("{ending:?}"), tail })
            }
        }
    }

    /// Gives the image that a step runs in.
    pub(super) fn toolchain(&self) -> &ImageIdentity {
        self.image.expect("the plan's reader wants an image for kinds with a step")
    }

    /// Gives the empty tree: a client that fetched nothing, because its lock names nothing.
    fn empty(&self) -> Result<Digest, FrozenError> {
        Ok(self.store.put(&Directory::default().encode())?)
    }

    fn action(
        &self,
        image: &ImageIdentity,
        line: &str,
        output: &TreePath,
        programs: &[(&str, &str)],
    ) -> Result<Action, FrozenError> {
        let mut work = Directory::default();
        for (name, text) in programs {
            let node = Node::File { digest: self.store.put(text.as_bytes())?, executable: false };
            work.entries.insert(name.parse().expect("a constant name"), node);
        }
        for (name, node) in self.lock_files()? {
            work.entries.insert(name.parse().expect("a constant name"), node);
        }
        let messages = derive::input_root(self.store.put(&work.encode())?, []);
        for message in &messages {
            self.store.put(message)?;
        }
        Ok(Action {
            command: Command {
                arguments: ["/bin/bash", "-c", line].map(String::from).to_vec(),
                environment: derive::fixed_environment(0),
                output_paths: [output.clone()].into(),
                working_directory: derive::work_path(),
                platform: Platform {
                    image_name: image.name.clone(),
                    image_manifest: image.manifest,
                    isa: self.isa.to_owned(),
                },
            },
            input_root: Digest::of(messages.last().expect("the root is always there")),
            timeout: Duration::from_secs(1800),
        })
    }

    fn npm_cache(&self, content: Digest) -> Result<Digest, FrozenError> {
        let fetched = prune::files(self.store, content)?;
        let lock = self.lock_files()?.into_iter().find_map(|(name, node)| match node {
            Node::File { digest, .. } if name == "package-lock.json" => Some(digest),
            _ => None,
        });
        let lock = self.store.get(lock.expect("lock_files checked that it is there"))?;
        let mut present = Vec::new();
        let mut builder = TreeBuilder::default();
        for package in npm_packages::locked_packages(&lock)? {
            let Some(digest) = fetched.get(&package.content_path) else { continue };
            let path = format!("_cacache/content-v2/{}", package.content_path).parse().expect("hex segments");
            // Two names may share one tarball.
            if !present
                .iter()
                .any(|(other, _): &(npm_packages::LockedPackage, u64)| other.content_path == package.content_path)
            {
                builder.insert(&path, Node::File { digest: *digest, executable: false })?;
            }
            present.push((package, digest.size));
        }
        for (path, bytes) in npm_packages::cache_files(&present) {
            let digest = self.store.put(&bytes)?;
            let path = path.parse().expect("hex segments");
            builder.insert(&path, Node::File { digest, executable: false })?;
        }
        Ok(builder.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }

    fn tail(&self, stream: Digest) -> String {
        let bytes = self.store.get(stream).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4096)..]).into_owned();
        text.lines().map(|line| format!("  | {line}\n")).collect()
    }
}

/// Gives the host's way to the registries; none of it enters a digest.
pub(super) fn transport() -> Network {
    Network::Transport { environment: host_network::environment(), ca_bundle: host_network::ca_bundle() }
}
