//! Tries a built image: by itself with arguments, and with commands beside a running container of it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::build::tail;
use super::error::ReleaseError;
use super::judge::unmet;
use super::spoken::SpokenSecrets;
use super::step::{ReleaseStep, finding};
use crate::run::actions::{Resolved, derive_action};
use rcrepro_engine::{
    Execution, IMAGE_OUTPUT, ImageEnd, ImageHealth, ImageHost, ImageStart, Limits, Network, Privilege, RunningImage,
    StartEnd,
};
use rcrepro_format::images::image_settings;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::content::tree::{Directory, TreeNode};
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry};
use rcrepro_model::evidence::release_record::{HealthOutcome, Parts, RunEntry, SmokeEntry, result_of};
use rcrepro_model::execution::action::{Action, ActionResult, Ending};
use rcrepro_model::execution::ending::{self, Bounds};
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::execution::limits::Limit;
use rcrepro_model::execution::world::World;
use rcrepro_model::plan::release_image::{IMAGE_INPUT, ImageRun, ReleaseImage};
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_proof::usual_clock;
use rcrepro_store::export::read_directory;
use rcrepro_store::{BlobStore, StoreError};

/// What a container of a release image may use.
const LIMITS: Limits = Limits { time: RUN_TIMEOUT, memory: 4 << 30, pids: 4096, output: IMAGE_OUTPUT };
/// How long an image may run by itself.
const RUN_TIMEOUT: Duration = Duration::from_secs(120);
/// Found where a container wrote without end; the limit is `IMAGE_OUTPUT`.
const TOO_LONG: &str = "the image's container wrote more: have it say less, or end";
/// The longest stream of which the end is shown, in bytes.
const SHOWN: u64 = 1 << 20;

/// An image that was built, and what it is tried with.
pub(super) struct Trial<'a> {
    pub step: &'a ReleaseStep<'a>,
    pub host: &'a dyn ImageHost,
    pub name: &'a Name,
    /// Its table in the plan.
    pub image: &'a ReleaseImage,
    /// The image's id in the engine.
    pub id: &'a str,
    pub parts: Parts,
}

/// What the trials of an image came to.
#[derive(Default)]
pub(super) struct Tried {
    pub runs: Vec<RunEntry>,
    pub smoke: Vec<SmokeEntry>,
    /// Why a trial has no entry.
    pub findings: Vec<Finding>,
    /// What the failed ones wrote, which no entry shows, each at its trial.
    pub words: Vec<Finding>,
}

impl Trial<'_> {
    /// Runs the plan's trials of the image.
    ///
    /// # Errors
    /// [`ReleaseError`] when the engine fails. What an image or a command beside it does is a result.
    pub(super) async fn run(&self) -> Result<Tried, ReleaseError> {
        let mut tried = Tried::default();
        let secrets = match SpokenSecrets::of(self.image, &self.step.workspace.folder) {
            Ok(secrets) => secrets,
            Err((id, error)) => {
                let found = format!("secret `{id}`: {error}");
                let unread = finding(FindingName::ImageUndecided, self.name, "", "a secret that can be read", found);
                return Ok(Tried { findings: vec![unread], ..tried });
            }
        };
        let label = format!("{}/{}", self.step.packet, self.name);
        let settings = image_settings::decode(&self.step.context.store.get(self.parts.config)?);
        let health = settings.map(|settings| settings.health_check()).unwrap_or_default();
        let start = ImageStart {
            label: &label,
            image: self.id,
            arguments: None,
            writable: &self.image.writable,
            capabilities: &self.image.capabilities,
            health: &health,
            limits: LIMITS,
            timeout: RUN_TIMEOUT,
        };
        for (index, run) in self.image.runs.iter().enumerate() {
            let at = format!("runs.{index}");
            let start = ImageStart { arguments: Some(&run.arguments), ..start };
            match self.run_alone(&at, run, &start, &secrets).await? {
                Ok(entry) => {
                    tried.words.extend(self.words_of_run(&at, run, &entry)?);
                    tried.runs.push(entry);
                }
                Err(finding) => tried.findings.push(finding),
            }
        }
        for spec in &self.image.smoke {
            let Limit { amount: timeout, .. } = self.step.context.engine.info().machine.timeout(spec.timeout);
            let start = ImageStart { timeout, ..start };
            match self.run_beside(spec, &start, &secrets).await? {
                Ok((entry, words)) => {
                    tried.words.extend(words);
                    tried.smoke.push(entry);
                }
                Err(finding) => tried.findings.push(finding),
            }
        }
        Ok(tried)
    }

    /// Runs the image by itself until it exits.
    async fn run_alone(
        &self,
        at: &str,
        run: &ImageRun,
        start: &ImageStart<'_>,
        secrets: &SpokenSecrets,
    ) -> Result<Result<RunEntry, Finding>, ReleaseError> {
        let started = match self.started(at, start).await? {
            Ok(started) => started,
            Err(finding) => return Ok(Err(finding)),
        };
        let ImageEnd { exit_code, stdout, stderr, too_long, .. } = started.finish(self.step.context.cancel).await?;
        if too_long {
            return Ok(Err(self.failed(at, "streams of at most 64 MiB", TOO_LONG.to_owned())));
        }
        let Some(exit_code) = exit_code.and_then(|code| i32::try_from(code).ok()) else {
            let found = ending::with_fixed_limits(EndingEntry::TimedOut, 0, (RUN_TIMEOUT, LIMITS.memory));
            return Ok(Err(self.failed(at, "an end", found)));
        };
        if let Some(leak) = self.leak(secrets, at, [("stdout", stdout), ("stderr", stderr)])? {
            return Ok(Err(leak));
        }
        let result = Some(self.step.context.store.put(&result_of(exit_code, stdout, stderr).encode())?);
        Ok(Ok(RunEntry { arguments: run.arguments.clone(), exit_code, stdout, stderr, result }))
    }

    /// Gives what a run that did not do as the plan says wrote to its standard error: the plan expects nothing of it, but it says
    /// why the rest is not as expected.
    fn words_of_run(&self, at: &str, run: &ImageRun, entry: &RunEntry) -> Result<Option<Finding>, ReleaseError> {
        let unmet = unmet(&run.stdout, entry.stdout, &**self.step.context.store)?;
        if entry.exit_code == run.exit_code && unmet.is_none() {
            return Ok(None);
        }
        let words = self.end_of(entry.stderr)?;
        let failed = || self.failed(at, "a run as the plan says", format!("it said:{words}"));
        Ok((!words.is_empty()).then(failed))
    }

    /// Starts the image, runs a command beside it, and sees whether the image outlived it. With the entry comes what both wrote, if
    /// the command failed.
    async fn run_beside(
        &self,
        spec: &CommandSpec,
        start: &ImageStart<'_>,
        secrets: &SpokenSecrets,
    ) -> Result<Result<(SmokeEntry, Vec<Finding>), Finding>, ReleaseError> {
        let observe = self.step.context.observe;
        let what = format!("{} beside release image {}", spec.id, self.name);
        observe(RunEvent::Preparing { what: what.clone() });
        let mut started = match self.started(spec.id.as_str(), start).await? {
            Ok(started) => started,
            Err(finding) => {
                observe(RunEvent::Prepared { what, how: "NOT started".to_owned() });
                return Ok(Err(finding));
            }
        };
        let health = started.healthy(self.step.context.cancel).await?;
        let beside = self.execute_beside(spec, started.id()).await;
        let end = started.end().await?;
        let mut entry = match beside? {
            Ok(_) if end.too_long => {
                let found = self.failed(spec.id.as_str(), "streams of at most 64 MiB", TOO_LONG.to_owned());
                observe(RunEvent::Prepared { what, how: "failed, it said too much".to_owned() });
                return Ok(Err(found));
            }
            Ok(entry) => entry,
            Err(finding) => return Ok(Err(finding)),
        };
        let streams = [
            ("stdout", entry.stdout),
            ("stderr", entry.stderr),
            ("container.stdout", end.stdout),
            ("container.stderr", end.stderr),
        ];
        if let Some(leak) = self.leak(secrets, spec.id.as_str(), streams)? {
            observe(RunEvent::Prepared { what, how: "failed, a stream holds a secret".to_owned() });
            return Ok(Err(leak));
        }
        (entry.gone, entry.stopped) = (end.exit_code, end.stopped);
        let mut unhealthy = None;
        entry.health = match health {
            ImageHealth::Unchecked => None,
            ImageHealth::Healthy => Some(HealthOutcome::Healthy),
            ImageHealth::Unhealthy { found } => {
                let found = secrets.found_in(found.as_bytes()).map(not_shown).unwrap_or(found);
                unhealthy = Some(self.failed(&format!("{}.health", spec.id), "a health check that passes", found));
                Some(HealthOutcome::Unhealthy)
            }
        };
        let failed = entry.exit_code != 0 || entry.gone.is_some();
        let how = match (failed, &unhealthy) {
            (true, _) => format!("failed, {}", ending::of_exit_code(entry.exit_code)),
            (false, Some(_)) => "failed, the image's health check did not pass".to_owned(),
            (false, None) => "passed".to_owned(),
        };
        observe(RunEvent::Prepared { what, how });
        let words = if failed || unhealthy.is_some() { self.words_of_both(&entry, &end)? } else { None };
        Ok(Ok((entry, unhealthy.into_iter().chain(words).collect())))
    }

    /// Gives what a command and the container beside it wrote.
    fn words_of_both(&self, entry: &SmokeEntry, end: &ImageEnd) -> Result<Option<Finding>, ReleaseError> {
        let mut found = String::new();
        for (who, stream) in [("it said", entry.stderr), ("the container said", end.stderr), ("and wrote", end.stdout)]
        {
            let words = self.end_of(stream)?;
            if !words.is_empty() {
                found.push_str(&format!("\n            {who}:{words}"));
            }
        }
        let expected = "a command that passes beside a container that runs";
        Ok((!found.is_empty()).then(|| self.failed(entry.id.as_str(), expected, found)))
    }

    /// Starts the image. One that cannot be started, because it has no program or nothing to start, is a finding.
    async fn started(
        &self,
        at: &str,
        start: &ImageStart<'_>,
    ) -> Result<Result<Box<dyn RunningImage>, Finding>, ReleaseError> {
        Ok(match self.host.start_image(start, &**self.step.context.store).await? {
            StartEnd::Running(running) => Ok(running),
            StartEnd::Refused { reason } => Err(self.failed(at, "a container that starts", reason)),
        })
    }

    /// Runs a command in a container of a locked image, in the network of the image's own container.
    async fn execute_beside(
        &self,
        spec: &CommandSpec,
        container: &str,
    ) -> Result<Result<SmokeEntry, Finding>, ReleaseError> {
        let ReleaseStep { context, workspace, packet, resolved, results, .. } = *self.step;
        let action = smoke_action(&workspace.plan, spec, resolved, results, self.parts.tree, &**context.store)?;
        let world = World::fixed(resolved.date_epoch, &spec.world, usual_clock(&spec.line, spec.proof));
        let machine = context.engine.info().machine;
        let (timeout, memory) = (machine.timeout(spec.timeout), machine.memory(spec.memory));
        let execution = Execution {
            action: &action,
            image: &resolved.images[&spec.image].identity(&spec.image),
            label: &format!("{packet}/{}", spec.id),
            limits: Limits { time: timeout.amount, memory: memory.amount, pids: LIMITS.pids, output: spec.max_output },
            network: Network::Beside { container: container.to_owned() },
            world: &world,
            privilege: Privilege::None,
            turn: None,
            live: None,
        };
        let executed = context.engine.execute(&execution, &**context.store, context.cancel).await?;
        if !matches!(executed.ending, Ending::Exited { .. }) {
            let bounds = Bounds { timeout: Some(timeout), memory: Some(memory), machine };
            let found = ending::words(executed.ending.into(), executed.result.exit_code, &bounds);
            return Ok(Err(self.failed(spec.id.as_str(), "an exit", found)));
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
            result: Some(context.store.put(&result_of(exit_code, stdout, stderr).encode())?),
            gone: None,
            stopped: None,
            health: None,
        }))
    }

    /// Finds a stream that holds a secret of the build. It gets no entry, and none of it is shown.
    fn leak<const N: usize>(
        &self,
        secrets: &SpokenSecrets,
        at: &str,
        streams: [(&str, Digest); N],
    ) -> Result<Option<Finding>, StoreError> {
        for (stream, digest) in streams {
            if let Some(id) = secrets.found_in(&self.step.context.store.get(digest)?) {
                let expected = "a stream without the secrets that the build was given";
                return Ok(Some(self.failed(&format!("{at}.{stream}"), expected, not_shown(id))));
            }
        }
        Ok(None)
    }

    fn failed(&self, at: &str, expected: &str, found: String) -> Finding {
        finding(FindingName::ImageFailed, self.name, at, expected, found)
    }

    /// Gives the last lines of a stream, for people.
    fn end_of(&self, stream: Digest) -> Result<String, StoreError> {
        if stream.size > SHOWN {
            return Ok(format!(" {} bytes", stream.size));
        }
        Ok(tail(&String::from_utf8_lossy(&self.step.context.store.get(stream)?)))
    }
}

/// Says that a text holds a secret.
fn not_shown(id: &str) -> String {
    format!(
        "the secret `{id}`, as it is or in base64: neither shown nor recorded; keep it out of the image, and out of what it prints"
    )
}

/// Derives the action of a command beside an image whose file system is `tree`, and stores the messages that it names. The
/// directories of the source are enough for it: contents count by their digests alone.
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
