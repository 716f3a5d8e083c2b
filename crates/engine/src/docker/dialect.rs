//! Where engines that speak Docker's API differ. Every difference is decided here, and told in
//! `docs/design/engine-docker.md`.

use std::collections::BTreeMap;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, ContainerSummary, HealthConfig, MountPoint};
use bollard::query_parameters::{CreateContainerOptions, InspectContainerOptions, ListContainersOptions};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::libpod::Libpod;
use rcrepro_model::plan::release_image::HealthCheck;

/// The engine that answers, with what it takes to talk to it.
#[derive(Debug, Clone)]
pub(crate) enum Dialect {
    /// Docker Engine.
    Docker,
    /// Podman; containers are created through its own API.
    Podman(Libpod),
}

impl Dialect {
    /// Whether overlay volumes are of use. Podman drops the driver options of a mount; a volume that is created
    /// beforehand is mounted only while a container runs, so that its archives would miss the outputs.
    pub fn has_overlays(&self) -> bool {
        matches!(self, Self::Docker)
    }

    /// Creates a container and gives its id.
    pub async fn create(&self, client: &Docker, body: ContainerCreateBody) -> Result<String, Error> {
        match self {
            Self::Docker => client.create_container(None::<CreateContainerOptions>, body).await.map(|made| made.id),
            Self::Podman(libpod) => libpod.create(&body).await,
        }
    }

    /// Describes how a container of an image is checked, at our interval and for as long as the image's own takes. Docker reads the rest of the
    /// image. Podman does not read it of OCI images, and asks when it is told to: its own interval needs a service manager.
    pub fn health_check(&self, image: &HealthCheck, interval: Duration) -> HealthConfig {
        let nanoseconds = |duration: Duration| i64::try_from(duration.as_nanos()).ok();
        let ours = HealthConfig { retries: Some(image.retries_every(interval).into()), ..HealthConfig::default() };
        match self {
            Self::Docker => HealthConfig { interval: nanoseconds(interval), ..ours },
            Self::Podman(_) if image.test.is_empty() => {
                HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }
            }
            Self::Podman(_) => HealthConfig {
                test: Some(image.test.clone()),
                timeout: nanoseconds(image.timeout),
                start_period: nanoseconds(image.start_period),
                ..ours
            },
        }
    }

    /// Runs a container's health check where the engine does not do so by itself, and tells whether it was so.
    ///
    /// # Errors
    /// As the engine answers.
    pub async fn check_health(&self, container: &str) -> Result<bool, Error> {
        match self {
            Self::Docker => Ok(false),
            Self::Podman(libpod) => libpod.check_health(container).await.map(|()| true),
        }
    }

    /// Makes a container's processes ready before anything is attached to it, where the engine would do so while it attaches: an image that
    /// cannot be started is refused by an answer of its own then.
    ///
    /// # Errors
    /// As the engine answers.
    pub async fn prepare(&self, container: &str) -> Result<(), Error> {
        match self {
            Self::Docker => Ok(()),
            Self::Podman(libpod) => libpod.prepare(container).await,
        }
    }

    /// Whether an answer to a container's creation or start says that its image cannot be started. Docker says 400 then; Podman gives its
    /// runtime's words with 500.
    pub fn is_refusal(&self, error: &Error) -> bool {
        let Error::DockerResponseServerError { status_code, message } = error else { return false };
        *status_code == 400 || (matches!(self, Self::Podman(_)) && *status_code == 500 && message.contains(": OCI "))
    }

    /// Waits for a container whose streams have ended, more closely than Podman's wait of the common API, which looks four
    /// times a second. Docker's needs no second one: there this never ends.
    pub async fn wait(&self, container: &str) -> Result<i64, Error> {
        match self {
            Self::Docker => std::future::pending().await,
            Self::Podman(libpod) => libpod.wait(container).await,
        }
    }

    /// Finds what the engine gave a container beyond its description.
    ///
    /// Docker takes a description at its word. Podman adds `HOSTNAME`, the container's own host name, which nothing can take
    /// away again; its configuration may add more, and then no result is believed.
    pub fn addition(
        &self,
        found: &ContainerInspectResponse,
        wanted: &BTreeMap<&str, &str>,
        hostname: &str,
    ) -> Option<String> {
        let Self::Podman(_) = self else { return None };
        let own = format!("HOSTNAME={hostname}");
        let is_wanted = |(name, value): (&str, &str)| wanted.get(name) == Some(&value);
        let has = |text: &String| *text == own || text.split_once('=').is_some_and(is_wanted);
        let environment = found.config.as_ref().and_then(|config| config.env.as_ref());
        let variable = environment.into_iter().flatten().find(|text| !has(text));
        let is_bind = |mount: &&MountPoint| mount.typ.as_deref() == Some("bind");
        let bind = found.mounts.iter().flatten().find(is_bind);
        let variable = variable.map(|text| format!("the variable `{}`", text.split('=').next().unwrap_or_default()));
        variable.or_else(|| bind.map(|mount| format!("the mount `{}`", mount.destination.clone().unwrap_or_default())))
    }
}

/// Whether the engine's own PID 1 says, by this exit code and this standard error, that it could not execute the
/// command. Docker's exits with 126 or 127, Podman's with 1.
pub(crate) fn is_failed_exec(code: i32, stderr: &str) -> bool {
    let said = match code {
        126 | 127 => stderr.starts_with("[FATAL tini ("),
        1 => stderr.starts_with("ERROR (catatonit:") && stderr.contains("): failed to exec pid1: "),
        _ => false,
    };
    said && stderr.lines().count() == 1
}

/// Inspects a container; an answer that only Podman gives is read as Docker's.
pub(crate) async fn inspect_container(client: &Docker, id: &str) -> Result<ContainerInspectResponse, Error> {
    let answer = client.inspect_container(id, None::<InspectContainerOptions>).await;
    answer.or_else(|error| read_again(error, |answer| exited(answer.pointer_mut("/State/Status"))))
}

/// Lists containers, read as by [`inspect_container`].
pub(crate) async fn list_containers(
    client: &Docker,
    options: ListContainersOptions,
) -> Result<Vec<ContainerSummary>, Error> {
    client.list_containers(Some(options)).await.or_else(|error| {
        read_again(error, |answer| {
            answer.as_array_mut().into_iter().flatten().for_each(|one| exited(one.get_mut("State")));
        })
    })
}

/// Reads an answer again in which Podman said `stopped` of a container that has ended and is not yet tidied up: Docker
/// has no such word, and bollard refuses the whole answer.
fn read_again<T: DeserializeOwned>(error: Error, amend: impl FnOnce(&mut Value)) -> Result<T, Error> {
    let Error::JsonDataError { contents, .. } = &error else { return Err(error) };
    let Ok(mut answer) = serde_json::from_str::<Value>(contents) else { return Err(error) };
    amend(&mut answer);
    serde_json::from_value(answer).map_err(|_| error)
}

fn exited(state: Option<&mut Value>) {
    if let Some(state) = state.filter(|state| **state == json!("stopped")) {
        *state = json!("exited");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn podman() -> Dialect {
        Dialect::Podman(Libpod::new("unix:///nowhere").expect("a good address"))
    }

    #[test]
    fn what_podman_adds_is_found() {
        let wanted = BTreeMap::from([("A", "1"), ("HOME", "/tmp")]);
        let inspect = |env: &[&str], mount: &str| -> ContainerInspectResponse {
            serde_json::from_value(
                json!({ "Config": { "Env": env }, "Mounts": [{ "Type": mount, "Destination": "/m" }] }),
            )
            .expect("an answer")
        };
        let fine = inspect(&["A=1", "HOME=/tmp", "HOSTNAME=rcrepro"], "volume");
        assert_eq!(podman().addition(&fine, &wanted, "rcrepro"), None);
        let found = |env: &[&str], mount| podman().addition(&inspect(env, mount), &wanted, "rcrepro");
        assert_eq!(found(&["A=1", "container=podman"], "volume").as_deref(), Some("the variable `container`"));
        assert_eq!(found(&["A=2"], "volume").as_deref(), Some("the variable `A`"));
        assert_eq!(found(&["HOSTNAME=other"], "volume").as_deref(), Some("the variable `HOSTNAME`"));
        assert_eq!(found(&["A=1"], "bind").as_deref(), Some("the mount `/m`"));
        assert_eq!(Dialect::Docker.addition(&inspect(&["B=2"], "bind"), &wanted, "rcrepro"), None);
    }

    #[test]
    fn a_failed_exec_is_told_from_a_failed_command() {
        assert!(is_failed_exec(127, "[FATAL tini (7)] exec /x failed: No such file or directory\n"));
        assert!(is_failed_exec(1, "ERROR (catatonit:6): failed to exec pid1: Permission denied\n"));
        assert!(!is_failed_exec(1, "[FATAL tini (7)] exec /x failed: No such file or directory\n"));
        assert!(!is_failed_exec(127, "sh: x: not found\n"));
        assert!(!is_failed_exec(127, "[FATAL tini (7)] exec\nand more\n"));
        assert!(!is_failed_exec(0, ""));
    }

    #[test]
    fn an_answer_that_says_stopped_is_read_again() {
        let error =
            |contents: &str| Error::JsonDataError { message: String::new(), contents: contents.into(), column: 0 };
        let amend = |answer: &mut Value| exited(answer.pointer_mut("/State/Status"));
        let read = |text| read_again::<ContainerInspectResponse>(error(text), amend);
        let state = read(r#"{"State":{"Status":"stopped","ExitCode":3}}"#).expect("an answer").state.expect("a state");
        assert_eq!(
            (state.status.map(|status| status.to_string()).as_deref(), state.exit_code),
            (Some("exited"), Some(3))
        );
        assert!(read(r#"{"State":{"Status":"melted"}}"#).is_err());
        assert!(read("half an ans").is_err());
    }
}
