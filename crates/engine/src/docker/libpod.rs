//! Creates containers through Podman's own API, which is on the same socket as the one that it has in common with
//! Docker.
//!
//! The common API cannot say what an action needs: Podman adds variables of its own (`container`, `TERM`), takes a name
//! without a value from *its own* environment, passes the host's proxy variables on, writes `/etc/hosts` from the host's
//! and `/etc/group`, and drops a mount's driver options without a word. In its own API each of them can be refused. All
//! else goes through the common API, and so through bollard.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, HealthConfig, HostConfig, Mount, MountType};
use rcrepro_http::{Client, HttpAnswer, HttpRequest, Method};
use rcrepro_model::content::base64;
use serde::Deserialize;
use serde_json::{Value, json};

/// Podman 4.3 is the oldest whose API can leave every variable of its own away, and the oldest that was tried.
pub(crate) const OLDEST_PODMAN: (u32, u32) = (4, 3);

/// How long the engine may take to create a container.
const CREATE_LIMIT: Duration = Duration::from_secs(300);

/// How long a command may run on after it has closed its streams.
const WAIT_LIMIT: Duration = Duration::from_secs(24 * 3600);

/// The most bytes of an answer.
const ANSWER_LIMIT: u64 = 1 << 20;

/// A client of Podman's own API.
#[derive(Debug, Clone)]
pub(crate) struct Libpod {
    client: Client,
    base: String,
}

impl Libpod {
    /// Makes a client for the same address as bollard's; nothing is sent yet.
    ///
    /// # Errors
    /// A text that says why that address cannot be used.
    pub fn new(address: &str) -> Result<Self, String> {
        let (socket, base) = if let Some(socket) = address.strip_prefix("unix://") {
            (Some(Path::new(socket)), "http://podman".to_owned())
        } else if let Some(host) = address.strip_prefix("tcp://").or_else(|| address.strip_prefix("http://")) {
            (None, format!("http://{}", host.trim_end_matches('/')))
        } else {
            return Err("Podman is reached by unix:// or tcp:// only; forward its socket with `ssh -L`".into());
        };
        // The engine is never behind a proxy, and a connection belongs to the runtime that opened it: none is kept.
        let client = Client::for_daemon(socket, CREATE_LIMIT).map_err(|error| error.reason())?;
        Ok(Self { client, base: format!("{base}/v4.0.0/libpod") })
    }

    /// Creates a container as the description says; gives its id.
    ///
    /// # Errors
    /// The refusal with its status, as bollard has it, or why there was no answer.
    pub async fn create(&self, body: &ContainerCreateBody) -> Result<String, Error> {
        let spec = specification(body).map_err(broken)?;
        let request = self.request(Method::Post, "containers/create").json(spec.to_string());
        let said = expect(201, request.send().await.map_err(broken)?).await?;
        Ok(serde_json::from_slice::<CreatedWire>(&said).map_err(broken)?.id)
    }

    /// Makes a container's processes ready, up to its program.
    ///
    /// # Errors
    /// The refusal with its status, or why there was no answer.
    pub async fn prepare(&self, container: &str) -> Result<(), Error> {
        let request = self.request(Method::Post, &format!("containers/{container}/init"));
        expect(204, request.send().await.map_err(broken)?).await.map(drop)
    }

    /// Runs a container's health check once; what came of it is told where the container is inspected. One that has no check, or does
    /// not run, is left as it is.
    ///
    /// # Errors
    /// Why there was no answer.
    pub async fn check_health(&self, container: &str) -> Result<(), Error> {
        let request = self.request(Method::Get, &format!("containers/{container}/healthcheck"));
        request.send().await.map(drop).map_err(broken)
    }

    /// Waits for the end of a container that is about to end, and gives its exit code.
    ///
    /// # Errors
    /// The refusal with its status, or why there was no answer.
    pub async fn wait(&self, container: &str) -> Result<i64, Error> {
        let request = self.request(Method::Post, &format!("containers/{container}/wait")).within(WAIT_LIMIT);
        let said = expect(200, request.query("interval", "20ms").send().await.map_err(broken)?).await?;
        serde_json::from_slice(&said).map_err(broken)
    }

    fn request(&self, method: Method, path: &str) -> HttpRequest {
        self.client.request(method, &format!("{}/{path}", self.base))
    }

    /// Returns whether a path of a container is a symlink, dangling or not. bollard drops the answer about a dangling one,
    /// whose status is 404.
    ///
    /// # Errors
    /// The refusal's status, or why there was no answer.
    pub async fn is_symlink(&self, container: &str, path: &str) -> Result<bool, Error> {
        let request = self.request(Method::Head, &format!("containers/{container}/archive"));
        let answer = request.query("path", path).send().await.map_err(broken)?;
        let status_code = answer.status();
        if !matches!(status_code, 200 | 404) {
            let message = format!("no answer about `{path}`");
            return Err(Error::DockerResponseServerError { status_code, message });
        }
        let Some(header) = answer.header(STAT_HEADER) else {
            // Nothing stands there; or the container is gone, which the archive's own call will say.
            return if status_code == 404 {
                Ok(false)
            } else {
                Err(broken("the answer about a path lacks its header"))
            };
        };
        let json = base64::decode(header).ok_or_else(|| broken("the answer about a path is not base64"))?;
        Ok(serde_json::from_slice::<StatWire>(&json).map_err(broken)?.mode & GO_SYMLINK != 0)
    }
}

/// Returns the body of an answer with the status that a success has.
///
/// # Errors
/// The refusal with its status, or why the body did not arrive.
async fn expect(status: u16, answer: HttpAnswer) -> Result<Vec<u8>, Error> {
    let status_code = answer.status();
    let said = answer.bytes(ANSWER_LIMIT).await.map_err(broken)?;
    if status_code == status {
        return Ok(said);
    }
    let refusal = serde_json::from_slice::<RefusalWire>(&said).unwrap_or_default();
    Err(Error::DockerResponseServerError { status_code, message: refusal.message })
}

/// The bit by which Go marks a symlink in a file's mode.
const GO_SYMLINK: u64 = 1 << 27;

/// The header in which the answer about a path stands, base64 of JSON.
const STAT_HEADER: &str = "x-docker-container-path-stat";

fn broken(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::IOError { err: std::io::Error::other(cause) }
}

#[derive(Deserialize)]
struct CreatedWire {
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Deserialize)]
struct StatWire {
    mode: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RefusalWire {
    message: String,
}

/// Writes a description in Docker's words as one in Podman's (`SpecGenerator` of its API reference).
///
/// # Errors
/// A text, when the description holds other mounts than new volumes: Podman is given its inputs as archives.
fn specification(body: &ContainerCreateBody) -> Result<Value, String> {
    let nothing = HostConfig::default();
    let host = body.host_config.as_ref().unwrap_or(&nothing);
    // A release's own image runs with its own variables; of a command's container none is the image's.
    let is_own = body.env.is_none();
    let isolated = host.network_mode.as_deref() != Some("bridge");
    let options: Vec<&str> = host.security_opt.iter().flatten().map(String::as_str).collect();
    let profile = |name: &str| options.iter().find_map(|option| option.strip_prefix(name)?.strip_prefix('='));
    let ulimits = ulimits(host);
    let mut spec = json!({
        "image": body.image,
        "hostname": body.hostname,
        "user": body.user,
        "entrypoint": body.entrypoint,
        "command": body.cmd,
        "env": set_variables(body),
        // Nothing of the image's, of Podman's configuration or of the host's proxy variables.
        "unsetenvall": !is_own,
        "httpproxy": false,
        "work_dir": body.working_dir,
        "healthconfig": body.healthcheck.as_ref().map(health),
        "labels": body.labels,
        "netns": network(host.network_mode.as_deref()),
        // What was uploaded stays: no line of the host's `/etc/hosts` and no user that the image does not have.
        "use_image_hosts": isolated,
        "use_image_resolve_conf": isolated,
        "manage_password": false,
        "log_configuration": { "driver": "none" },
        "init": host.init,
        "cap_drop": host.cap_drop,
        "cap_add": host.cap_add,
        "no_new_privileges": options.contains(&"no-new-privileges"),
        "seccomp_profile_path": profile("seccomp"),
        "apparmor_profile": profile("apparmor"),
        "unmask": host.masked_paths.as_ref().filter(|masked| masked.is_empty()).map(|_| ["ALL"]),
        "read_only_filesystem": host.readonly_rootfs,
        "volumes": volumes(host)?,
        "mounts": in_memory(host),
        "resource_limits": {
            "memory": { "limit": host.memory, "swap": host.memory_swap },
            "pids": { "limit": host.pids_limit },
        },
        "r_limits": ulimits,
        "shm_size": host.shm_size,
        "ipcns": { "nsmode": "private" },
        "cgroupns": { "nsmode": "private" },
        "umask": "0022",
        // Neither a service manager's socket nor its mounts are passed on.
        "sdnotifyMode": "ignore",
        "systemd": "false",
    });
    if body.stop_signal.is_some() {
        spec["stop_signal"] = json!(15);
    }
    Ok(spec)
}

/// Writes what bounds each process.
fn ulimits(host: &HostConfig) -> Vec<Value> {
    let limits = host.ulimits.iter().flatten();
    limits.map(|one| json!({ "type": one.name, "soft": one.soft, "hard": one.hard })).collect()
}

/// Writes a network: none, that of another container, or the engine's own.
fn network(mode: Option<&str>) -> Value {
    match mode.map(|mode| mode.split_once(':').unwrap_or((mode, ""))) {
        Some(("container", id)) => json!({ "nsmode": "container", "value": id }),
        Some(("none", _)) => json!({ "nsmode": "none" }),
        _ => json!({ "nsmode": "bridge" }),
    }
}

/// Writes the new volumes that go with the container.
///
/// # Errors
/// A text, when there is a mount of something that exists.
fn volumes(host: &HostConfig) -> Result<Vec<Value>, String> {
    let mounts = host.mounts.iter().flatten();
    let volume = |mount: &Mount| match mount {
        Mount { target: Some(target), typ: Some(MountType::VOLUME), source: None, .. } => Ok(json!({ "Dest": target })),
        _ => Err("Podman's containers take no mounts here".to_owned()),
    };
    mounts.map(volume).collect()
}

/// Writes the file systems in memory.
fn in_memory(host: &HostConfig) -> Vec<Value> {
    let mounts = host.tmpfs.iter().flatten();
    let mount = |(path, options): (&String, &String)| {
        let options: Vec<&str> = options.split(',').collect();
        json!({ "destination": path, "type": "tmpfs", "source": "tmpfs", "options": options })
    };
    mounts.map(mount).collect()
}

/// Writes a health check. Without an interval Podman starts no timer for it, which would need a service manager: each check
/// is asked for.
fn health(check: &HealthConfig) -> Value {
    json!({ "Test": check.test, "Timeout": check.timeout, "Retries": check.retries, "StartPeriod": check.start_period })
}

/// Leaves out the names without a value, which take a variable away in Docker and bring the host's in Podman.
fn set_variables(body: &ContainerCreateBody) -> BTreeMap<&str, &str> {
    body.env.iter().flatten().filter_map(|text| text.split_once('=')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_variables_with_a_value_are_passed_on() {
        let env = ["A=b=c", "PATH", "EMPTY=", "HTTP_PROXY"].map(String::from).to_vec();
        let body = ContainerCreateBody { env: Some(env), ..ContainerCreateBody::default() };
        let spec = specification(&body).expect("it can be described");
        assert_eq!(spec["env"], json!({ "A": "b=c", "EMPTY": "" }));
        assert_eq!(spec["unsetenvall"], json!(true));
    }

    fn with_host(host: HostConfig) -> ContainerCreateBody {
        ContainerCreateBody { host_config: Some(host), ..ContainerCreateBody::default() }
    }

    #[test]
    fn what_cannot_be_described_is_refused() {
        let mount = |source: Option<&str>| Mount {
            target: Some("/state".to_owned()),
            typ: Some(MountType::VOLUME),
            source: source.map(str::to_owned),
            ..Mount::default()
        };
        let with = |mount| with_host(HostConfig { mounts: Some(vec![mount]), ..HostConfig::default() });
        assert!(specification(&with(Mount::default())).is_err() && specification(&with(mount(Some("kept")))).is_err());
        let spec = specification(&with(mount(None))).expect("a new volume");
        assert_eq!(spec["volumes"], json!([{ "Dest": "/state" }]));
    }

    #[test]
    fn privileges_networks_and_memory_are_written_in_podmans_words() {
        let options = ["seccomp=unconfined", "apparmor=unconfined"].map(str::to_owned).to_vec();
        let builder = with_host(HostConfig {
            network_mode: Some("none".to_owned()),
            cap_add: Some(vec!["SYS_ADMIN".to_owned()]),
            security_opt: Some(options),
            masked_paths: Some(Vec::new()),
            ..HostConfig::default()
        });
        let spec = specification(&builder).expect("it can be described");
        assert_eq!((&spec["seccomp_profile_path"], &spec["unmask"]), (&json!("unconfined"), &json!(["ALL"])));
        assert_eq!((&spec["no_new_privileges"], &spec["netns"]), (&json!(false), &json!({ "nsmode": "none" })));
        let image = with_host(HostConfig {
            network_mode: Some("container:0a1b".to_owned()),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            tmpfs: Some([("/tmp".to_owned(), "rw,nodev".to_owned())].into()),
            ..HostConfig::default()
        });
        let spec = specification(&image).expect("it can be described");
        assert_eq!(spec["netns"], json!({ "nsmode": "container", "value": "0a1b" }));
        assert_eq!(
            (&spec["unsetenvall"], &spec["unmask"], &spec["seccomp_profile_path"]),
            (&json!(false), &json!(null), &json!(null))
        );
        assert_eq!(spec["mounts"][0]["options"], json!(["rw", "nodev"]));
        assert!(spec.get("stop_signal").is_none() && spec["no_new_privileges"] == json!(true));
    }

    #[test]
    fn addresses_that_only_docker_has_are_refused() {
        for good in ["unix:///run/podman/podman.sock", "tcp://127.0.0.1:1", "http://127.0.0.1:1/"] {
            assert!(Libpod::new(good).is_ok(), "{good}");
        }
        assert!(Libpod::new("ssh://somebody@somewhere").is_err());
    }
}
