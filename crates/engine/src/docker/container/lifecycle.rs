//! Starts a staged container and brings it to an end that can be believed.
//!
//! The order is the point: attach before start, so that no byte comes before its reader; wait for `not-running` after
//! start, which has no race, even when the command is long over; and believe nothing but the streams' end *and* a wait
//! that succeeded *and* an inspect that fits. A daemon that is killed in mid-output ends the streams as if all were well.

use std::path::Path;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{
    KillContainerOptions, StartContainerOptions, StopContainerOptions, WaitContainerOptions,
};
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use super::ending::{Reported, duration, judge};
use super::init::{self, Refused};
use super::spec::{network_mode, variables};
use crate::docker::dialect::{Dialect, inspect_container, is_failed_exec};
use crate::docker::fault::{call, incomplete, limited, reason, refuse};
use crate::docker::images::compare_used;
use crate::docker::outputs::drain::{Drain, STREAM_LIMIT};
use crate::docker::pump::PumpHandle;
use crate::{EngineError, Execution, MemoryPool};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::execution::action::Ending;
use rcrepro_store::BlobStore;

/// How long the streams may stay silent without ending after the container's end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a killed container may take to end.
const KILL_LIMIT: Duration = Duration::from_secs(60);
/// The exit code of a container that was killed, by its user or because memory ran out.
const KILLED: i64 = 137;
/// How often, and in what steps, a killed container is asked again whether memory ran out.
const LOOKS: u32 = 24;
const LOOK_EVERY: Duration = Duration::from_millis(125);
/// The seconds that a command gets between SIGTERM and SIGKILL when the user stops the run.
const GRACE_SECONDS: i32 = 2;

/// How a container ended, when that can be believed.
pub(crate) struct Ended {
    pub code: i32,
    pub ending: Ending,
    pub stdout: Digest,
    pub stderr: Digest,
    pub duration: Duration,
}

/// A container that has not been started.
#[derive(Clone, Copy)]
pub(crate) struct Created<'a> {
    pub client: &'a Docker,
    pub pump: &'a PumpHandle,
    /// The container's id.
    pub container: &'a str,
    /// Where its streams are spooled.
    pub spool_dir: &'a Path,
    /// Whether its command begins when the gate is opened, or at once.
    pub gated: bool,
    /// What its memory is taken from.
    pub memory: &'a MemoryPool,
}

/// Runs a created container to its end.
///
/// # Errors
/// [`EngineError`] when the end cannot be believed, or the user stops the run.
pub(crate) async fn run_to_end(
    created: &Created<'_>,
    execution: &Execution<'_>,
    store: &dyn BlobStore,
    cancel: &CancellationToken,
) -> Result<Ended, EngineError> {
    let Created { client, pump, container, spool_dir, gated, memory } = *created;
    let label = execution.label;
    let secrets = execution.secrets();
    let mut drain = Drain::attach(pump, label, container, (gated, STREAM_LIMIT), store, spool_dir, secrets).await?;
    if cancel.is_cancelled() {
        return Err(EngineError::Interrupted { label: label.to_owned() });
    }
    if let Some(live) = execution.live {
        live.follow(drain.tail());
    }
    // Without a gate a container begins when it is started, and its turn must have come before.
    let mut turn = if gated { None } else { Some(execution.take_turn(memory, cancel).await?) };
    let started = client.start_container(container, None::<StartContainerOptions>);
    limited(label, "start the container", started).await?;
    let ready = Instant::now();
    if gated {
        turn = Some(execution.take_turn(memory, cancel).await?);
        drain.open_gate(label).await?;
    }
    let waited_for_turn = if gated { ready.elapsed() } else { Duration::ZERO };
    let stopped = wait_for_stop(created, execution, &mut drain, cancel).await?;
    drain.end_within(label, PATIENCE).await?;
    let reported = settled_report(created, execution, &stopped).await?;
    let (code, ending) = judge(&reported, stopped.timed_out).map_err(|reason| incomplete(label, reason))?;
    drop(turn);
    let duration = duration(&reported).ok_or_else(|| incomplete(label, "the container has no start or end time"))?;
    let duration = duration.saturating_sub(waited_for_turn);
    let (stdout, stderr) = drain.keep().await?;
    Ok(Ended { code, ending, stdout, stderr, duration })
}

/// A container that no longer runs.
struct Stopped {
    /// The exit code that the engine's wait gave.
    code: i64,
    /// Whether it was killed because its time was over.
    timed_out: bool,
}

/// Waits until a started container no longer runs; kills it when its time is over.
async fn wait_for_stop(
    created: &Created<'_>,
    execution: &Execution<'_>,
    drain: &mut Drain,
    cancel: &CancellationToken,
) -> Result<Stopped, EngineError> {
    let Created { client, pump, container, .. } = *created;
    let label = execution.label;
    let (mut timed_out, mut paused) = (false, false);
    let mut exit = std::pin::pin!(wait(client, container, label));
    let mut soon = std::pin::pin!(pump.dialect.wait(container));
    let mut until = std::pin::pin!(tokio::time::sleep(execution.limits.time));
    let mut streams_ended = false;
    let code = loop {
        tokio::select! {
            code = &mut exit => break code?,
            code = &mut soon, if streams_ended => {
                break code.map_err(|error| incomplete(label, format!("the wait failed: {}", reason(&error))))?;
            }
            () = cancel.cancelled() => {
                stop(client, container).await;
                return Err(EngineError::Interrupted { label: label.to_owned() });
            }
            () = &mut until => {
                if timed_out {
                    return Err(incomplete(label, "the container outlived its kill"));
                }
                timed_out = true;
                paused = is_paused(client, container).await;
                kill(client, container, label).await?;
                until.as_mut().reset(tokio::time::Instant::now() + KILL_LIMIT);
            }
            // A drain that fails ends the execution at once: its streams can never be whole.
            ended = drain.ended(label), if !streams_ended => {
                ended?;
                streams_ended = true;
            }
        }
    };
    if paused {
        let reason = "somebody outside paused its container, until its time was over: `docker unpause` was due";
        return Err(incomplete(label, reason));
    }
    Ok(Stopped { code, timed_out })
}

/// Asks how a container ended, again where that may not be known yet: Docker learns on another way that memory ran out than
/// that the container ended, and on a busy machine later.
async fn settled_report(
    created: &Created<'_>,
    execution: &Execution<'_>,
    stopped: &Stopped,
) -> Result<Reported, EngineError> {
    let Created { client, pump, container, .. } = *created;
    let is_unsettled = stopped.code == KILLED && !stopped.timed_out && matches!(pump.dialect, Dialect::Docker);
    let mut reported = inspect(client, &pump.dialect, container, execution, stopped.code).await?;
    let mut looks = if is_unsettled { LOOKS } else { 0 };
    while looks > 0 && !reported.out_of_memory {
        tokio::time::sleep(LOOK_EVERY).await;
        reported = inspect(client, &pump.dialect, container, execution, stopped.code).await?;
        looks -= 1;
    }
    Ok(reported)
}

/// Waits until the container no longer runs and gives its exit code. The client reports every code but zero as an error.
pub(crate) async fn wait(client: &Docker, container: &str, label: &str) -> Result<i64, EngineError> {
    let options = WaitContainerOptions { condition: "not-running".to_owned() };
    let mut answers = std::pin::pin!(client.wait_container(container, Some(options)));
    match answers.next().await {
        Some(Ok(answer)) if answer.error.as_ref().is_none_or(|error| error.message.is_none()) => Ok(answer.status_code),
        Some(Err(Error::DockerContainerWaitError { error, code })) if error.is_empty() => Ok(code),
        Some(Ok(answer)) => Err(incomplete(label, format!("the wait failed: {:?}", answer.error))),
        Some(Err(error)) => Err(incomplete(label, format!("the wait failed: {}", reason(&error)))),
        None => Err(incomplete(label, "the engine went away while the command ran")),
    }
}

/// Asks how the container ended, and whether it ran as it was described.
async fn inspect(
    client: &Docker,
    dialect: &Dialect,
    container: &str,
    execution: &Execution<'_>,
    waited: i64,
) -> Result<Reported, EngineError> {
    let label = execution.label;
    let asked = inspect_container(client, container);
    let found =
        limited(label, "inspect the container", asked).await.map_err(|error| incomplete(label, error.to_string()))?;
    compare_used(execution.image, &found)?;
    if let Some(more) = dialect.addition(&found, &variables(execution), &execution.world.hostname) {
        return Err(incomplete(label, format!("the engine gave it {more}, which the action does not name")));
    }
    let mode = found.host_config.and_then(|host| host.network_mode);
    if let Some(expected) = network_mode(&execution.network)
        && mode.as_ref() != Some(&expected)
    {
        return Err(incomplete(label, format!("the engine gave it the network {mode:?}, expected {expected}")));
    }
    let state = found.state.unwrap_or_default();
    Ok(Reported {
        waited,
        status: state.status.map(|status| status.to_string()).unwrap_or_default(),
        code: state.exit_code,
        out_of_memory: state.oom_killed.unwrap_or_default(),
        error: state.error.unwrap_or_default(),
        started_at: state.started_at.unwrap_or_default(),
        finished_at: state.finished_at.unwrap_or_default(),
    })
}

/// Whether a container is paused. One that cannot be asked for is judged by what follows.
async fn is_paused(client: &Docker, container: &str) -> bool {
    let found = inspect_container(client, container).await.ok();
    found.and_then(|found| found.state).and_then(|state| state.paused).unwrap_or(false)
}

/// Stops a container because the user wants to end; whatever the daemon says, its removal follows.
pub(crate) async fn stop(client: &Docker, container: &str) {
    let options = StopContainerOptions { t: Some(GRACE_SECONDS), ..StopContainerOptions::default() };
    drop(client.stop_container(container, Some(options)).await);
}

pub(crate) async fn kill(client: &Docker, container: &str, label: &str) -> Result<(), EngineError> {
    match client.kill_container(container, Some(KillContainerOptions::default())).await {
        // 409: it ended by itself in this moment.
        Err(error) if crate::docker::fault::status(&error) != Some(409) => {
            Err(call(label, "kill the container")(error))
        }
        _ => Ok(()),
    }
}

/// Finds out whether PID 1 refused: it says so by one line of its own on the standard error, where a shell that does not
/// find a program would be a result. Gives its reason when it cannot make the world as asked: nothing was executed then.
///
/// # Errors
/// [`EngineError::Call`] when the command could not be executed.
pub(crate) fn refused_world(
    ended: &Ended,
    execution: &Execution<'_>,
    store: &dyn BlobStore,
) -> Result<Option<String>, EngineError> {
    if !matches!(ended.code, 1 | 125..=127) || ended.stdout.size > 0 || ended.stderr.size > 8192 {
        return Ok(None);
    }
    let said = store.get(ended.stderr)?;
    let said = String::from_utf8_lossy(&said);
    match init::refusal(ended.code, &said) {
        Some((Refused::World, reason)) => return Ok(Some(reason)),
        Some((Refused::Command, reason)) => return Err(refuse(execution.label, "execute the command", reason)),
        None => {}
    }
    if is_failed_exec(ended.code, &said) {
        let program = execution.action.command.arguments.first().map_or("", String::as_str);
        return Err(refuse(execution.label, "execute the command", format!("`{program}`: {}", said.trim())));
    }
    Ok(None)
}
