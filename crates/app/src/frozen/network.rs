//! The steps in a container, most of them with network: what they run in, what they yield, and what is kept of it.

use std::io::Read as _;
use std::time::Duration;

use super::client::{self, ClientFile};
use super::failed_step::{self, Blame};
use super::{FrozenError, FrozenStep, go, npm, prune};
use rcrepro_engine::{Execution, Limits, Network, OWN_OUTPUT, Privilege};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::content::tree::{Directory, TreeBuilder, TreeNode};
use rcrepro_model::evidence::manifest::EndingEntry;
use rcrepro_model::execution::action::{Action, ActionPlatform, ActionResult, Command, Ending, Output};
use rcrepro_model::execution::derive;
use rcrepro_model::execution::ending;
use rcrepro_model::execution::fault::below;
use rcrepro_model::execution::world::World;
use rcrepro_model::image::identity::ImageIdentity;
use rcrepro_model::plan::{FrozenInput, FrozenKind};
use rcrepro_shell::quoted;
use rcrepro_store::export::lookup;

/// The memory in bytes that a step may use, swap included.
const MEMORY: u64 = 4 << 30;
/// How long a step may take.
const TIME: Duration = Duration::from_secs(1800);
/// How long one may take that compiles all packages of a project's modules.
const TIME_TO_COMPILE: Duration = Duration::from_secs(4 * 3600);
/// The most bytes of a stream that are searched for why a step failed.
const SAID: u64 = 4 << 20;

/// A step: what it runs, and what it finds.
pub(super) struct StepRun<'a> {
    /// The shell line; it begins in `/work`.
    pub line: &'a str,
    /// What it yields, relative to `/work`.
    pub output: &'a str,
    pub work: StepWork<'a>,
    pub network: Network,
    /// A frozen input that it finds where commands do.
    pub deps: Option<(&'a Name, Digest)>,
}

/// What a step finds at `/work`.
pub(super) enum StepWork<'a> {
    /// The files of the client's lock, and further ones with their texts.
    Client(&'a [(&'a str, &'a str)]),
    /// The whole source.
    Source,
}

impl FrozenStep<'_> {
    pub(super) fn source_file(&self, path: &str) -> Result<Option<Vec<u8>>, FrozenError> {
        match lookup(self.store, self.source, &path.parse()?)? {
            Some(TreeNode::File { digest, .. }) => Ok(Some(self.store.get(digest)?)),
            _ => Ok(None),
        }
    }

    /// Lists the files of the source that the step is given.
    pub(super) fn client_files(&self) -> Result<Vec<ClientFile>, FrozenError> {
        client::files(self.client_input(), self.alone, &|path| self.source_file(path))?
            .map_err(|fault| FrozenError::Refused { name: self.name.clone(), faults: vec![fault] })
    }

    /// Refuses what no step could be made from, before a registry is asked.
    pub(super) fn judge(&self) -> Result<(), FrozenError> {
        let faults = client::judge(self.input, self.alone, &|path| self.source_file(path))?;
        if faults.is_empty() { Ok(()) } else { Err(FrozenError::Refused { name: self.name.clone(), faults }) }
    }

    /// Runs the network step and gives the root of what is kept of its output.
    pub(super) async fn fetch(&self) -> Result<Digest, FrozenError> {
        self.judge()?;
        match self.input.kind {
            FrozenKind::PnpmPackages | FrozenKind::YarnPackages => self.tarballs().await,
            FrozenKind::NpmPackages => {
                let line = self.within(&self.step_files()?, npm::packages::LINE);
                let root = self.step(&line, npm::packages::OUTPUT, &[], self.transport()?).await?;
                self.npm_cache(root)
            }
            _ => {
                let files = self.client_files()?;
                // A module that requires nothing has nothing to fetch.
                if !files.iter().any(|file| file.name.ends_with(".sum")) {
                    return self.empty();
                }
                let line = self.within(&files, go::modules::LINE);
                match self.step(&line, go::modules::OUTPUT, &[], self.transport()?).await? {
                    Some(root) => Ok(prune::filter(self.store, root, &go::modules::keep)?),
                    None => self.empty(),
                }
            }
        }
    }

    /// Lists the files that a step is given: those of the client's lock, and what the client reads beside it.
    fn step_files(&self) -> Result<Vec<ClientFile>, FrozenError> {
        let folder = client::folder_of(self.client_input());
        let mut files = match self.input.kind {
            // What the step needs to know of these locks is in the list that it is given.
            FrozenKind::PnpmPackages | FrozenKind::YarnPackages => Vec::new(),
            _ => self.client_files()?,
        };
        let beside = match self.input.kind {
            FrozenKind::NpmPackages => npm::lock::beside(folder, &|path| self.source_file(path))?,
            FrozenKind::PnpmPackages | FrozenKind::YarnPackages | FrozenKind::NpmAdvisories => {
                vec![below(folder, npm::lock::SETTINGS)]
            }
            _ => Vec::new(),
        };
        for path in beside {
            if let Some(bytes) = self.source_file(&path)? {
                let inner = if folder.is_empty() { Some(path.as_str()) } else { path.strip_prefix(folder) };
                let name = inner.map_or(path.as_str(), |inner| inner.trim_start_matches('/')).to_owned();
                files.push(ClientFile { name, digest: Digest::of(&bytes), path });
            }
        }
        Ok(files)
    }

    /// Whether files are laid out as in the source, because some of other folders belong to them.
    fn is_as_in_source(&self, files: &[ClientFile]) -> bool {
        files.iter().any(|file| file.path != below(client::folder_of(self.client_input()), &file.name))
    }

    /// Writes a line for the folder of the client's lock.
    fn within(&self, files: &[ClientFile], line: &str) -> String {
        match client::folder_of(self.client_input()) {
            folder if !folder.is_empty() && self.is_as_in_source(files) => format!("cd {} && {line}", quoted(folder)),
            _ => line.to_owned(),
        }
    }

    fn time(&self) -> Duration {
        if self.cache.is_some() { TIME_TO_COMPILE } else { TIME }
    }

    /// Gives the input whose client's lock counts: that of its modules for a build cache.
    fn client_input(&self) -> &FrozenInput {
        self.cache.as_ref().map_or(self.input, |cache| cache.input)
    }

    /// Gives the folder that the step's files of the module are in.
    pub(super) fn module_folder(&self) -> Result<String, FrozenError> {
        let is_below = self.is_as_in_source(&self.client_files()?);
        Ok(if is_below { client::folder_of(self.client_input()).to_owned() } else { String::new() })
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
        self.run(&StepRun { line, output, work: StepWork::Client(programs), network, deps: None }).await
    }

    /// Runs a step; gives the root of what it left at its output, none when nothing is there.
    pub(super) async fn run(&self, run: &StepRun<'_>) -> Result<Option<Digest>, FrozenError> {
        let image = self.toolchain();
        let output: TreePath = run.output.parse().expect("a constant path");
        let action = self.action(image, run, &output)?;
        let label = format!("frozen/{}", self.name);
        let execution = Execution {
            action: &action,
            image,
            label: &label,
            // Certificates are valid in real time only.
            world: &World::real(),
            privilege: Privilege::None,
            turn: None,
            live: None,
            limits: Limits { time: self.time(), memory: MEMORY, pids: 4096, output: OWN_OUTPUT },
            network: run.network.clone(),
        };
        let executed = self.engine.execute(&execution, self.store, self.cancel).await?.whole(&label)?;
        match (&executed.ending, executed.result.outputs.get(&output)) {
            (Ending::Exited { code: 0 }, Some(Output::Directory { root })) => Ok(Some(*root)),
            (Ending::Exited { code: 0 }, _) => Ok(None),
            (ending, _) => Err(self.failed(*ending, &executed.result)?),
        }
    }

    /// Finds why a step failed, and where the client's whole output is kept.
    fn failed(&self, ended: Ending, result: &ActionResult) -> Result<FrozenError, FrozenError> {
        let entry: EndingEntry = ended.into();
        let mut said = String::new();
        for stream in [result.stdout, result.stderr] {
            let mut start = String::new();
            let mut reader = self.store.reader(stream)?.take(SAID);
            // What is not text, or is damaged, is shown as far as it goes.
            let mut bytes = Vec::new();
            drop(reader.read_to_end(&mut bytes));
            start.push_str(&String::from_utf8_lossy(&bytes));
            said.push_str(&start);
        }
        let whole: Vec<String> = [result.stdout, result.stderr]
            .into_iter()
            .filter(|stream| stream.size > 0)
            .filter_map(|stream| Some(self.store.local_path(stream)?.display().to_string()))
            .collect();
        let blame = if matches!(ended, Ending::Exited { .. }) { failed_step::blame(&said) } else { Blame::World };
        let mut lines: String = failed_step::lines(&said).iter().map(|line| format!("\n  | {line}")).collect();
        if !whole.is_empty() {
            lines.push_str(&format!("\nall that it said: {}", whole.join(" ")));
        }
        let ending = ending::with_fixed_limits(entry, result.exit_code, (self.time(), MEMORY));
        let denied = if blame == Blame::World { self.denied(&said)? } else { None };
        Ok(FrozenError::Step { name: self.name.clone(), ending, said: lines, blame, denied: denied.map(Box::new) })
    }

    /// Gives the image that a step runs in.
    pub(super) fn toolchain(&self) -> &ImageIdentity {
        self.image.expect("the plan's reader wants an image for kinds with a step")
    }

    /// Gives the empty tree: a client that fetched nothing, because its lock names nothing.
    fn empty(&self) -> Result<Digest, FrozenError> {
        Ok(self.store.put(&Directory::default().encode())?)
    }

    fn action(&self, image: &ImageIdentity, run: &StepRun<'_>, output: &TreePath) -> Result<Action, FrozenError> {
        let work = match run.work {
            StepWork::Client(programs) => self.client_work(programs)?,
            StepWork::Source => self.source,
        };
        let messages = derive::input_root(work, run.deps.map(|(name, root)| (name.clone(), root)));
        for message in &messages {
            self.store.put(message)?;
        }
        Ok(Action {
            command: Command {
                arguments: ["/bin/bash", "-c", run.line].map(String::from).to_vec(),
                environment: derive::fixed_environment(0),
                output_paths: [output.clone()].into(),
                working_directory: derive::work_path(),
                platform: ActionPlatform {
                    image_name: image.name.clone(),
                    image_manifest: image.manifest,
                    isa: self.isa.to_owned(),
                },
            },
            input_root: Digest::of(messages.last().expect("the root is always there")),
            timeout: Some(self.time()),
        })
    }

    /// Lays out the files of the client's lock, and programs beside them.
    fn client_work(&self, programs: &[(&str, &str)]) -> Result<Digest, FrozenError> {
        let mut work = TreeBuilder::default();
        for (name, text) in programs {
            let node = TreeNode::File { digest: self.store.put(text.as_bytes())?, executable: false };
            work.insert(&name.parse()?, node)?;
        }
        let files = self.step_files()?;
        let as_in_source = self.is_as_in_source(&files);
        for file in files {
            let path = if as_in_source { &file.path } else { &file.name };
            work.insert(&path.parse()?, TreeNode::File { digest: file.digest, executable: false })?;
        }
        Ok(work.finish(&mut |_, bytes| self.store.put(&bytes).map(drop))?)
    }
}
