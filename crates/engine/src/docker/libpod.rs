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
use bollard::models::{ContainerCreateBody, HostConfig};
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
/// A text, when the description holds mounts: Podman is given its inputs as archives.
fn specification(body: &ContainerCreateBody) -> Result<Value, String> {
    let nothing = HostConfig::default();
    let host = body.host_config.as_ref().unwrap_or(&nothing);
    if host.mounts.as_ref().is_some_and(|mounts| !mounts.is_empty()) {
        return Err("Podman's containers take no mounts here".into());
    }
    let isolated = host.network_mode.as_deref() == Some("none");
    let ulimits: Vec<Value> = host
        .ulimits
        .iter()
        .flatten()
        .map(|one| json!({ "type": one.name, "soft": one.soft, "hard": one.hard }))
        .collect();
    Ok(json!({
        "image": body.image,
        "hostname": body.hostname,
        "user": body.user,
        "entrypoint": body.entrypoint,
        "command": body.cmd,
        "env": set_variables(body),
        // Nothing of the image's, of Podman's configuration or of the host's proxy variables.
        "unsetenvall": true,
        "httpproxy": false,
        "work_dir": body.working_dir,
        "stop_signal": 15,
        "healthconfig": { "Test": ["NONE"] },
        "labels": body.labels,
        "netns": { "nsmode": if isolated { "none" } else { "bridge" } },
        // What was uploaded stays: no line of the host's `/etc/hosts` and no user that the image does not have.
        "use_image_hosts": isolated,
        "use_image_resolve_conf": isolated,
        "manage_password": false,
        "log_configuration": { "driver": "none" },
        "init": host.init,
        "cap_drop": host.cap_drop,
        "no_new_privileges": true,
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
    }))
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

    #[test]
    fn what_cannot_be_described_is_refused() {
        let mounts = Some(vec![bollard::models::Mount::default()]);
        let body = ContainerCreateBody {
            host_config: Some(HostConfig { mounts, ..HostConfig::default() }),
            ..ContainerCreateBody::default()
        };
        assert!(specification(&body).is_err());
    }

    #[test]
    fn addresses_that_only_docker_has_are_refused() {
        for good in ["unix:///run/podman/podman.sock", "tcp://127.0.0.1:1", "http://127.0.0.1:1/"] {
            assert!(Libpod::new(good).is_ok(), "{good}");
        }
        assert!(Libpod::new("ssh://somebody@somewhere").is_err());
    }
}
