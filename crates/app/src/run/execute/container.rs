//! One execution in one container, and what its entry in the manifest is made of.

use tokio_util::sync::CancellationToken;

use super::{CommandRun, ExecuteError, Executor};
use crate::run::{promised, quiet};
use rcrepro_engine::{Execution, Limits, Network, Turn};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry, OutputEntry, StreamEntry};
use rcrepro_model::execution::action::{Action, ActionResult, Output};
use rcrepro_model::execution::ending::{self, Bounds, usual_memory};
use rcrepro_model::execution::world::{ClockMode, World};
use rcrepro_model::plan::CommandSpec;
use rcrepro_normalize as normalize;
use rcrepro_store::{BlobStore, StoreError};

/// The processes and threads that a command may have.
const PIDS: u32 = 4096;

impl Executor<'_> {
    /// Runs a command's action, or one that was derived from it, in a fresh container and a given world, and says nothing of
    /// it.
    ///
    /// # Errors
    /// [`ExecuteError`] when the result cannot be decided.
    pub(crate) async fn run_container(
        &self,
        spec: &CommandSpec,
        action: &Action,
        world: &World,
        turn: Option<Turn<'_>>,
        stop: &CancellationToken,
    ) -> Result<CommandRun, ExecuteError> {
        let image = &self.resolved.images[&spec.image];
        let identity = image.identity(&spec.image);
        let label = format!("{}/{}", self.packet, spec.id);
        let execution = Execution {
            action,
            image: &identity,
            label: &label,
            limits: self.limits(spec),
            network: Network::None,
            world,
            turn,
        };
        let executed = self.context.engine.execute(&execution, &**self.context.store, stop).await?;
        let entry = self.entry(spec, action, (executed.clock, executed.ending.into()), &executed.result)?;
        let mut findings = quiet::streams(&**self.context.store, &spec.quiet, &entry)?;
        findings.extend(quiet::network(&spec.quiet, spec.id.as_str(), &executed.attempts));
        findings.extend(promised::missing(spec, &entry, &executed.unkept));
        Ok(CommandRun {
            ended: self.ended(spec, &entry),
            entry,
            duration: executed.duration,
            world: executed.world,
            attempts: executed.attempts,
            findings,
            earlier: Vec::new(),
            taken_over: None,
        })
    }

    /// Makes a command's entry of what came of its action; streams and outputs go through the plan's normalizers.
    ///
    /// # Errors
    /// [`ExecuteError`] when one of them cannot be normalized.
    pub(super) fn entry(
        &self,
        spec: &CommandSpec,
        action: &Action,
        (clock, ending): (ClockMode, EndingEntry),
        result: &ActionResult,
    ) -> Result<CommandEntry, ExecuteError> {
        let outputs: Result<_, ExecuteError> =
            result.outputs.iter().map(|(path, output)| Ok((path.clone(), self.output(spec, path, output)?))).collect();
        Ok(CommandEntry {
            id: spec.id.clone(),
            line: spec.line.clone(),
            image: spec.image.clone(),
            frozen: spec.frozen.clone(),
            needs: spec.needs.clone(),
            require: spec.require,
            clock,
            input_root: action.input_root,
            command: Digest::of(&action.command.encode()),
            action: action.digest(),
            ending,
            exit_code: result.exit_code,
            stdout: self.stream(spec, "stdout", result.stdout, &spec.normalize_stdout)?,
            stderr: self.stream(spec, "stderr", result.stderr, &spec.normalize_stderr)?,
            outputs: outputs?,
            result: self.context.store.put(&result.encode())?,
            earlier: Vec::new(),
        })
    }

    fn limits(&self, spec: &CommandSpec) -> Limits {
        let memory = spec.memory.unwrap_or_else(|| usual_memory(self.context.engine.info().memory));
        Limits { memory, pids: PIDS, output: spec.max_output }
    }

    /// Says how a command ended.
    pub(crate) fn ended(&self, spec: &CommandSpec, entry: &CommandEntry) -> String {
        let bounds = Bounds { timeout: spec.timeout, memory: Some(self.limits(spec).memory) };
        ending::words(entry.ending, entry.exit_code, bounds)
    }

    fn stream(
        &self,
        spec: &CommandSpec,
        part: &str,
        raw: Digest,
        normalizers: &[String],
    ) -> Result<StreamEntry, ExecuteError> {
        if !normalizers.is_empty() && raw.size > normalize::MAX_INPUT {
            let (command, part) = (spec.id.clone(), part.to_owned());
            return Err(ExecuteError::TooLargeToNormalize { command, part, size: raw.size });
        }
        let canonical = canonical_blob(&**self.context.store, raw, normalizers)?;
        Ok(StreamEntry { raw, canonical, normalizers: normalizers.to_vec() })
    }

    /// Names an output; a file goes through the normalizers that the plan names for it.
    fn output(&self, spec: &CommandSpec, path: &TreePath, output: &Output) -> Result<OutputEntry, ExecuteError> {
        let Some(normalizers) = spec.normalize_outputs.get(path).filter(|names| !names.is_empty()) else {
            return Ok(output.into());
        };
        let found = match output {
            Output::File { digest, executable } => {
                let StreamEntry { raw, canonical, normalizers } =
                    self.stream(spec, path.as_str(), *digest, normalizers)?;
                return Ok(OutputEntry::File { raw, canonical, normalizers, executable: *executable });
            }
            Output::Directory { .. } => "directory",
            Output::Symlink { .. } => "symbolic link",
        };
        Err(ExecuteError::NoFileToNormalize { command: spec.id.clone(), path: path.clone(), found })
    }
}

/// Applies normalizers to a stored stream or file and stores what comes out; none leave it as it is.
///
/// # Errors
/// [`StoreError`] when the stream is missing, damaged or beyond [`rcrepro_store::GET_LIMIT`].
pub fn canonical_blob(store: &dyn BlobStore, raw: Digest, normalizers: &[String]) -> Result<Digest, StoreError> {
    if normalizers.is_empty() {
        return Ok(raw);
    }
    let mut bytes = store.get(raw)?;
    for normalizer in normalizers.iter().filter_map(|name| normalize::by_name(name)) {
        bytes = normalizer.apply(&bytes);
    }
    store.put(&bytes)
}
