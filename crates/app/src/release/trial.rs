//! Tries a built image: by itself with arguments, and with commands beside a running container of it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::build::tail;
use super::{ReleaseError, ReleaseStep, finding};
use crate::run::actions::{Resolved, derive_action};
use rcrepro_engine::{Execution, ImageEnd, ImageHost, ImageStart, Limits, Network, OWN_OUTPUT, RunningImage, StartEnd};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry};
use rcrepro_model::evidence::release_record::{Parts, RunEntry, SmokeEntry, result_of};
use rcrepro_model::execution::action::{Action, ActionResult, Ending};
use rcrepro_model::execution::ending::{self, Bounds, usual_memory};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::world::World;
use rcrepro_model::plan::release_image::{IMAGE_INPUT, ReleaseImage};
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_proof::usual_clock;
use rcrepro_store::export::read_directory;
use rcrepro_store::{BlobStore, StoreError};

/// What a container of a release image may use.
const LIMITS: Limits = Limits { memory: 4 << 30, pids: 4096, output: OWN_OUTPUT };
/// How long an image may run by itself.
const RUN_TIMEOUT: Duration = Duration::from_secs(120);
/// The longest stream of which the end is shown, in bytes.
const SHOWN: u64 = 1 << 20;

/// Is what trials found: the runs, the smoke commands, and what is said of those that failed beyond their record.
type Tried = (Vec<RunEntry>, Vec<SmokeEntry>, Vec<Finding>);

impl ReleaseStep<'_> {
    /// Runs what the plan says of an image.
    ///
    /// # Errors
    /// [`ReleaseError`] when the engine fails. What an image or a command beside it does is a result.
    pub(super) async fn try_out(
        &self,
        host: &dyn ImageHost,
        name: &Name,
        image: &ReleaseImage,
        id: &str,
        parts: Parts,
    ) -> Result<Tried, ReleaseError> {
        let (mut runs, mut smoke, mut findings) = (Vec::new(), Vec::new(), Vec::new());
        let label = format!("{}/{name}", self.packet);
        let start = ImageStart {
            label: &label,
            image: id,
            arguments: None,
            writable: &image.writable,
            limits: LIMITS,
            timeout: RUN_TIMEOUT,
        };
        for (index, run) in image.runs.iter().enumerate() {
            let at = format!("runs.{index}");
            let start = ImageStart { arguments: Some(&run.arguments), ..start };
            let started = match self.started(host, name, &at, &start).await? {
                Ok(started) => started,
                Err(finding) => {
                    findings.push(finding);
                    continue;
                }
            };
            let end = started.finish(self.context.cancel).await?;
            let Some(exit_code) = end.exit_code.and_then(|code| i32::try_from(code).ok()) else {
                let bounds = Bounds { timeout: RUN_TIMEOUT, memory: Some(LIMITS.memory) };
                let found = ending::with_fixed_limits(EndingEntry::TimedOut, 0, bounds);
                findings.push(finding(FindingName::ImageFailed, name, &at, "an end", found));
                continue;
            };
            let ImageEnd { stdout, stderr, .. } = end;
            // What it wrote on its standard error is no part of what the plan expects, and says why the rest is not as expected.
            if exit_code != run.exit_code || stdout != Digest::of(run.stdout.as_bytes()) {
                let said = self.end_of(stderr)?;
                if !said.is_empty() {
                    let (at, found) = (format!("{at}.stderr"), format!("it said:{said}"));
                    findings.push(finding(FindingName::ImageFailed, name, &at, "a run as the plan says", found));
                }
            }
            let result = Some(self.context.store.put(&result_of(exit_code, stdout, stderr).encode())?);
            runs.push(RunEntry { arguments: run.arguments.clone(), exit_code, stdout, stderr, result });
        }
        for spec in &image.smoke {
            (self.context.observe)(RunEvent::Preparing { what: spec.id.to_string() });
            let start = ImageStart { timeout: spec.timeout, ..start };
            let started = match self.started(host, name, spec.id.as_str(), &start).await? {
                Ok(started) => started,
                Err(finding) => {
                    findings.push(finding);
                    continue;
                }
            };
            let beside = self.beside(name, spec, parts, started.id()).await;
            let end = started.end().await?;
            let mut entry = match beside? {
                Ok(entry) => entry,
                Err(finding) => {
                    findings.push(finding);
                    continue;
                }
            };
            entry.gone = end.exit_code;
            let failed = entry.exit_code != 0 || entry.gone.is_some();
            (self.context.observe)(RunEvent::Prepared {
                what: format!("{} beside release image {name}", spec.id),
                how: if failed {
                    format!("failed, {}", ending::of_exit_code(entry.exit_code))
                } else {
                    "passed".to_owned()
                },
            });
            if failed {
                let said = [("it said", entry.stderr), ("the container said", end.stderr), ("and wrote", end.stdout)];
                let said = said.iter().map(|(who, stream)| Ok((*who, self.end_of(*stream)?)));
                let said =
                    said.collect::<Result<Vec<_>, StoreError>>()?.into_iter().filter(|(_, text)| !text.is_empty());
                let found: String = said.map(|(who, text)| format!("\n            {who}:{text}")).collect();
                if !found.is_empty() {
                    let expected = "a command that passes beside a container that runs";
                    findings.push(finding(FindingName::ImageFailed, name, spec.id.as_str(), expected, found));
                }
            }
            smoke.push(entry);
        }
        Ok((runs, smoke, findings))
    }

    /// Starts the image. One that cannot be started, for want of a program or of anything to start, is a finding.
    async fn started(
        &self,
        host: &dyn ImageHost,
        name: &Name,
        at: &str,
        start: &ImageStart<'_>,
    ) -> Result<Result<Box<dyn RunningImage>, Finding>, ReleaseError> {
        Ok(match host.start_image(start, &**self.context.store).await? {
            StartEnd::Running(running) => Ok(running),
            StartEnd::Refused { reason } => {
                Err(finding(FindingName::ImageFailed, name, at, "a container that starts", reason))
            }
        })
    }

    /// Runs a command in a container of a locked image, in the network of the image's own container.
    async fn beside(
        &self,
        name: &Name,
        spec: &CommandSpec,
        parts: Parts,
        container: &str,
    ) -> Result<Result<SmokeEntry, Finding>, ReleaseError> {
        let action =
            smoke_action(&self.workspace.plan, spec, self.resolved, self.results, parts.tree, &**self.context.store)?;
        let world = World::fixed(self.resolved.date_epoch, &spec.world, usual_clock(&spec.line, spec.proof));
        let execution = Execution {
            action: &action,
            image: &self.resolved.images[&spec.image].identity(&spec.image),
            label: &format!("{}/{}", self.packet, spec.id),
            limits: Limits {
                memory: spec.memory.unwrap_or_else(|| usual_memory(self.context.engine.info().memory)),
                pids: LIMITS.pids,
                output: spec.max_output,
            },
            network: Network::Beside { container: container.to_owned() },
            world: &world,
            turn: None,
        };
        let executed = self.context.engine.execute(&execution, &**self.context.store, self.context.cancel).await?;
        if !matches!(executed.ending, Ending::Exited { .. }) {
            let bounds = Bounds { timeout: action.timeout, memory: Some(execution.limits.memory) };
            let found = ending::words(executed.ending.into(), executed.result.exit_code, bounds);
            return Ok(Err(finding(FindingName::ImageFailed, name, spec.id.as_str(), "an exit", found)));
        }
        let ActionResult { exit_code, stdout, stderr, .. } = executed.result;
        Ok(Ok(SmokeEntry {
            id: spec.id.clone(),
            line: spec.line.clone(),
            image: spec.image.clone(),
            action: action.digest(),
            exit_code,
            stdout,
            stderr,
            result: Some(self.context.store.put(&result_of(exit_code, stdout, stderr).encode())?),
            gone: None,
        }))
    }

    /// Gives the last lines of a stream, for people.
    fn end_of(&self, stream: Digest) -> Result<String, StoreError> {
        if stream.size > SHOWN {
            return Ok(format!(" {} bytes", stream.size));
        }
        Ok(tail(&String::from_utf8_lossy(&self.context.store.get(stream)?)))
    }
}

/// Derives the action of a command beside an image whose file system is `tree`, and stores the messages that it names. Whoever
/// has the directories of the source comes to the same: contents count by their digests alone.
///
/// # Errors
/// [`ReleaseError`] when it cannot be derived or stored.
pub(super) fn smoke_action(
    plan: &Plan,
    spec: &CommandSpec,
    resolved: &Resolved,
    results: &BTreeMap<Name, CommandEntry>,
    tree: Digest,
    store: &dyn BlobStore,
) -> Result<Action, ReleaseError> {
    let mut action = derive_action(plan, spec, resolved, results, store)?;
    action.input_root = with_image(store, action.input_root, tree)?;
    store.put(&action.encode())?;
    Ok(action)
}

/// Lays the image's own file system into an input root, at `deps/image`.
fn with_image(store: &dyn BlobStore, root: Digest, tree: Digest) -> Result<Digest, ReleaseError> {
    let mut directory = read_directory(store, root)?;
    let deps = "deps".parse().expect("a constant name");
    let mut below = match directory.entries.get(&deps) {
        Some(TreeNode::Directory { digest }) => read_directory(store, *digest)?,
        _ => Directory { entries: BTreeMap::new() },
    };
    below.entries.insert(IMAGE_INPUT.parse().expect("a constant name"), TreeNode::Directory { digest: tree });
    let digest = store.put(&below.encode())?;
    directory.entries.insert(deps, TreeNode::Directory { digest });
    Ok(store.put(&directory.encode())?)
}
