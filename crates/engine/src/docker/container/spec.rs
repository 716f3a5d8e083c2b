//! Turns an execution into the container that carries it out. Pure.
//!
//! Nothing comes from the host: a fixed host name, user, limits and environment. `NetworkDisabled` gives a network
//! namespace of its own in which only `lo` is up, and no generated `/etc/hosts`. The image cannot carry one: Docker puts
//! an empty file over it in every container. So a fixed one is staged with the inputs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, Mount, MountType,
    ResourcesUlimits,
};

use crate::docker::fault::refuse;
use crate::secrets::{SECRETS_PATH, SECRETS_VARIABLE};
use crate::{BUILDER_STATE, EngineError, Execution, Network};
use rcrepro_model::execution::capabilities::USUAL_CAPABILITIES;

/// The file with the names of the loopback addresses.
pub const HOSTS_PATH: &str = "/etc/hosts";

/// Returns the content of that file in every container without a network.
pub fn hosts(hostname: &str) -> Vec<u8> {
    format!("127.0.0.1\tlocalhost {hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n").into_bytes()
}

const DOING: &str = "describe the container";

/// What a program needs beside [`USUAL_CAPABILITIES`] that unpacks images, mounts their layers and makes containers of them: mounts and a loopback
/// interface. Not all that there is, as `--privileged` would be: no device, no module, no tracing; and a host that lacks one of the others can still
/// build.
const BUILDER_CAPABILITIES: [&str; 2] = ["NET_ADMIN", "SYS_ADMIN"];

/// What begins a container.
///
/// PID 1 ignores every signal that it does not handle, its own included; so our program takes that place, or the engine's
/// where ours cannot run: a command can be killed by a signal, and its orphans are reaped.
pub(crate) struct Entry {
    /// The whole argv.
    pub arguments: Vec<String>,
    /// Whether it waits for a byte on its standard input.
    pub gate: bool,
    /// Whether attempts at the network are looked out for.
    pub watch: bool,
    /// Whether the engine puts its own program before it.
    pub engines_init: bool,
}

/// Describes the container of an execution.
///
/// `image_id` is the engine's id of the confirmed image, `image_names` the names in the image's own environment, `mounts`
/// the staged inputs.
///
/// # Errors
/// [`EngineError::Call`] when the command has no argv, or an environment that cannot be given exactly.
pub(crate) fn container(
    execution: &Execution<'_>,
    image_id: &str,
    image_names: &BTreeSet<String>,
    labels: HashMap<String, String>,
    mounts: Vec<Mount>,
    entry: Entry,
) -> Result<ContainerCreateBody, EngineError> {
    let command = &execution.action.command;
    if command.arguments.first().is_none_or(String::is_empty) {
        return Err(refuse(execution.label, DOING, "the command has no program"));
    }
    let beside = matches!(execution.network, Network::Beside { .. });
    Ok(ContainerCreateBody {
        image: Some(image_id.to_owned()),
        // Beside another container its name is shared, too. The engine's random one would leak through `$HOSTNAME` and `uname`.
        hostname: (!beside).then(|| execution.world.hostname.clone()),
        user: Some(format!("{user}:{user}", user = execution.world.user)),
        // The whole argv as the entry point: neither the image's entry point nor its default arguments can mix in.
        entrypoint: Some(entry.arguments),
        cmd: Some(Vec::new()),
        env: Some(environment(execution, image_names)?),
        working_dir: Some(format!("/{}", command.working_directory)),
        network_disabled: Some(execution.network == Network::None),
        attach_stdin: Some(entry.gate),
        open_stdin: Some(entry.gate),
        stdin_once: Some(entry.gate),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        stop_signal: Some("SIGTERM".to_owned()),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        labels: Some(labels),
        host_config: Some(host_config(execution, entry.engines_init, mounts)),
        ..ContainerCreateBody::default()
    })
}

fn host_config(execution: &Execution<'_>, init: bool, mounts: Vec<Mount>) -> HostConfig {
    let memory = i64::try_from(execution.limits.memory).unwrap_or(i64::MAX);
    let builds = execution.privilege.is_builder();
    HostConfig {
        network_mode: network_mode(&execution.network).or_else(|| Some("bridge".to_owned())),
        // A log driver would keep a second copy, and `json-file` turns bytes that are not UTF-8 into U+FFFD.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        init: Some(init),
        cap_add: builds
            .then(|| USUAL_CAPABILITIES.into_iter().chain(BUILDER_CAPABILITIES).map(str::to_owned).collect()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(match builds {
            true => ["seccomp=unconfined", "apparmor=unconfined"].map(str::to_owned).to_vec(),
            false => vec!["no-new-privileges".to_owned()],
        }),
        // The kernel lets nobody mount a `/proc` who sees but a masked one.
        masked_paths: builds.then(Vec::new),
        readonly_paths: builds.then(Vec::new),
        memory: Some(memory),
        // Equal to `memory`: no swap.
        memory_swap: Some(memory),
        pids_limit: Some(i64::from(execution.limits.pids)),
        ulimits: Some(ulimits()),
        shm_size: Some(64 << 20),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        mounts: Some(mounts.into_iter().chain(builds.then(builder_state)).collect()),
        ..HostConfig::default()
    }
}

/// Gives what bounds each process. Fixed, because the daemon's own differ from host to host; low enough for a daemon that may not raise its
/// own. `nproc` counts every process of the user on the host; `pids_limit` is what bounds a container.
pub(crate) fn ulimits() -> Vec<ResourcesUlimits> {
    let ulimit =
        |name: &str, value: i64| ResourcesUlimits { name: Some(name.to_owned()), soft: Some(value), hard: Some(value) };
    vec![ulimit("core", 0), ulimit("nofile", 16_384), ulimit("nproc", 32_768), ulimit("stack", 8 << 20)]
}

/// Describes a volume that goes with its container.
fn builder_state() -> Mount {
    Mount { target: Some(BUILDER_STATE.to_owned()), typ: Some(MountType::VOLUME), ..Mount::default() }
}

/// Returns the network of a container that reaches nothing outside, as the engine names it; `None` where it has another one.
pub(crate) fn network_mode(network: &Network) -> Option<String> {
    match network {
        Network::None => Some("none".to_owned()),
        Network::Beside { container } => Some(format!("container:{container}")),
        Network::Transport { .. } => None,
    }
}

/// Returns the variables that the command sees: a network step's transport variables, over which the command's own win.
pub(crate) fn variables<'a>(execution: &'a Execution<'_>) -> BTreeMap<&'a str, &'a str> {
    let mut variables = BTreeMap::new();
    if let Network::Transport { environment, .. } = &execution.network {
        variables.extend(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    }
    variables.extend(execution.secrets().map(|_| (SECRETS_VARIABLE, SECRETS_PATH)));
    variables.extend(execution.action.command.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    variables
}

/// Writes the environment so that the container sees the command's variables and no other.
///
/// The engine merges in the image's variables, `PATH` and `HOSTNAME`; a bare name without `=` takes one away again.
/// `HOME` cannot be taken away, because the runtime sets it when it is missing, so a command has to name it.
fn environment(execution: &Execution<'_>, image_names: &BTreeSet<String>) -> Result<Vec<String>, EngineError> {
    let variables = variables(execution);
    if let Some((name, _)) =
        variables.iter().find(|(name, value)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0'))
    {
        return Err(refuse(execution.label, DOING, format!("`{name}` cannot be an environment variable")));
    }
    if !variables.contains_key("HOME") {
        return Err(refuse(execution.label, DOING, "the command's environment must name HOME"));
    }
    let unwanted: BTreeSet<&str> = ["PATH", "HOSTNAME"]
        .into_iter()
        .chain(image_names.iter().map(String::as_str))
        .filter(|name| !variables.contains_key(name))
        .collect();
    let set = variables.iter().map(|(name, value)| format!("{name}={value}"));
    Ok(set.chain(unwanted.into_iter().map(str::to_owned)).collect())
}
