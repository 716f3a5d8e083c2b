//! Finds the engine and checks that it is one we can rely on.

use std::env;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};

use super::dialect::Dialect;
use super::fault::reason;
use super::libpod::{Libpod, OLDEST_PODMAN};
use crate::{EngineError, EngineInfo};
use rcrepro_model::execution::limits::EngineMachine;
use rcrepro_model::image::definition::ImagePlatform;

/// The client's time-out, in seconds, until a response's headers. A PUT answers only after the whole upload, and a wait
/// of some engines only after the command's end; calls that carry no bulk have a limit of their own.
const HEADERS_LIMIT: u64 = 24 * 3600;

/// What [`EngineInfo::staging`] says before the first inputs were staged.
pub(crate) const UNDECIDED: &str = "undecided";

/// The oldest engine and API that behave as the recipes measured.
const OLDEST_VERSION: (u32, u32) = (20, 10);
const OLDEST_API: (u32, u32) = (1, 41);

/// Makes a client; nothing is sent yet.
///
/// # Errors
/// [`EngineError::Unreachable`] when the address cannot be one, or asks for TLS, which this build does not carry: a
/// daemon behind TLS is reached with `ssh://`.
pub(crate) fn client(address: &str) -> Result<Docker, EngineError> {
    let unreachable = |reason: String| EngineError::Unreachable { address: address.to_owned(), reason };
    let over_tcp = address.starts_with("tcp://") || address.starts_with("http://");
    if over_tcp && env::var_os("DOCKER_TLS_VERIFY").is_some_and(|value| !value.is_empty()) {
        return Err(unreachable("DOCKER_TLS_VERIFY is set, and TLS to the daemon is not supported; use ssh://".into()));
    }
    let made = if address.starts_with("unix://") {
        Docker::connect_with_unix(address, HEADERS_LIMIT, API_DEFAULT_VERSION)
    } else if over_tcp {
        Docker::connect_with_http(address, HEADERS_LIMIT, API_DEFAULT_VERSION)
    } else if address.starts_with("ssh://") {
        Docker::connect_with_ssh(address, HEADERS_LIMIT, API_DEFAULT_VERSION, None)
    } else {
        return Err(unreachable("expected an address with unix://, tcp://, http:// or ssh://".into()));
    };
    made.map_err(|error| unreachable(reason(&error)))
}

/// Asks the engine who it is and refuses one that is too old. bollard sends its requests to unversioned paths, so its own
/// negotiation would check nothing.
///
/// # Errors
/// [`EngineError::Unreachable`] when nothing answers or the engine is too old.
pub(crate) async fn describe(client: &Docker, address: &str) -> Result<(EngineInfo, Dialect), EngineError> {
    let unreachable = |reason: String| EngineError::Unreachable { address: address.to_owned(), reason };
    let answer = tokio::time::timeout(Duration::from_secs(30), client.version())
        .await
        .map_err(|_| unreachable("no answer within 30 s".into()))?
        .map_err(|error| unreachable(reason(&error)))?;
    let version = answer.version.unwrap_or_default();
    let api_version = answer.api_version.unwrap_or_default();
    let components = answer.components.unwrap_or_default();
    let (name, dialect, oldest) = match components.iter().any(|component| component.name.contains("Podman")) {
        true => ("podman", Dialect::Podman(Libpod::new(address).map_err(unreachable)?), OLDEST_PODMAN),
        false => ("docker", Dialect::Docker, OLDEST_VERSION),
    };
    if leading(&version) < Some(oldest) || leading(&api_version) < Some(OLDEST_API) {
        return Err(unreachable(format!(
            "the engine is {name} {version} with API {api_version}; needed are Docker 20.10 or later, or Podman 4.3 or \
             later, and API 1.41 or later"
        )));
    }
    let isa = match answer.arch.as_deref() {
        Some("amd64") => ImagePlatform::LinuxAmd64.isa().to_owned(),
        Some("arm64") => ImagePlatform::LinuxArm64.isa().to_owned(),
        other => other.unwrap_or("unknown").to_owned(),
    };
    let machine = tokio::time::timeout(Duration::from_secs(30), client.info()).await.ok().and_then(Result::ok);
    let amount = |found: Option<i64>| found.and_then(|found| u64::try_from(found).ok()).filter(|found| *found > 0);
    let machine = machine.map_or_else(EngineMachine::default, |machine| EngineMachine {
        memory: amount(machine.mem_total),
        processors: amount(machine.ncpu),
    });
    let staging = UNDECIDED.to_owned();
    Ok((EngineInfo { name: name.to_owned(), version, api_version, isa, machine, staging }, dialect))
}

/// Reads the first two numbers of a version.
fn leading(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| {
        let digits = part.find(|c: char| !c.is_ascii_digit()).map_or(part, |end| &part[..end]);
        digits.parse().ok()
    });
    Some((parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        assert_eq!(leading("20.10.24+dfsg1"), Some((20, 10)));
        assert_eq!(leading("1.41"), Some((1, 41)));
        assert!(leading("1.9") < Some(OLDEST_API));
        assert!(leading("19.03.15") < Some(OLDEST_VERSION));
        assert!(leading("dev") < Some(OLDEST_VERSION), "a version that cannot be read is not new enough");
    }

    #[test]
    fn strange_addresses_are_refused() {
        for wrong in ["", "npipe:////./pipe/docker", "docker.example:2375"] {
            assert!(matches!(client(wrong), Err(EngineError::Unreachable { .. })), "{wrong:?}");
        }
    }
}
