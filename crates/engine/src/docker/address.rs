//! Where the engine is, decided as Docker's own client decides it: `DOCKER_HOST`, then the context that `DOCKER_CONTEXT` names,
//! then the current context of Docker's configuration, then the usual socket. Otherwise we and `docker` would speak to different
//! engines without a word.
//!
//! Source: the reference of `docker context`; a context's description is `contexts/meta/SHA-256-OF-ITS-NAME/meta.json`, its TLS
//! keys are below `contexts/tls/`.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::EngineError;
use rcrepro_model::content::digest::Sha256;

/// Where the engine is looked for when nothing else is said.
const USUAL: &str = "unix:///var/run/docker.sock";
/// The name of the engine that is used where there are no contexts.
const DEFAULT_CONTEXT: &str = "default";
/// The most bytes of a file of Docker's configuration.
const LIMIT: u64 = 1 << 20;

/// Where an engine is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EngineAddress {
    /// The address, such as `unix:///var/run/docker.sock`.
    pub url: String,
    /// What named the address.
    pub origin: Origin,
}

/// What named an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The caller.
    Option,
    /// The variable `DOCKER_HOST`.
    DockerHost,
    /// A context of Docker's client.
    Context {
        name: String,
        /// The variable or the file that chose it.
        chosen_by: String,
    },
    /// Nothing: it is the usual one.
    Usual,
}

impl fmt::Display for EngineAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Option | Origin::Usual => f.write_str(&self.url),
            Origin::DockerHost => write!(f, "{} (from DOCKER_HOST)", self.url),
            Origin::Context { name, chosen_by } => {
                write!(f, "{} (from the docker context `{name}`, which {chosen_by} names)", self.url)
            }
        }
    }
}

impl EngineAddress {
    /// Decides which address is used; `option` is that of the caller.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`] when a context is named and cannot be used.
    pub fn find(option: Option<&str>) -> Result<Self, EngineError> {
        Self::from(option, &|name| std::env::var_os(name))
    }

    fn from(option: Option<&str>, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, EngineError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let text = |name| variable(name).map(|value| value.to_string_lossy().into_owned());
        if let Some(url) = option {
            return Ok(Self { url: url.to_owned(), origin: Origin::Option });
        }
        if let Some(url) = text("DOCKER_HOST") {
            return Ok(Self { url, origin: Origin::DockerHost });
        }
        let usual = || Ok(Self { url: USUAL.to_owned(), origin: Origin::Usual });
        let home = || variable("HOME").map(|home| PathBuf::from(home).join(".docker"));
        let folder = variable("DOCKER_CONFIG").map(PathBuf::from).or_else(home);
        let (name, chosen_by) = match (text("DOCKER_CONTEXT"), &folder) {
            (Some(name), _) => (name, "DOCKER_CONTEXT".to_owned()),
            (None, None) => return usual(),
            (None, Some(folder)) => {
                let file = folder.join("config.json");
                let refused = |reason| unusable("the engine that docker's configuration names", reason);
                match read::<ConfigWire>(&file).map_err(refused)?.and_then(|config| config.current_context) {
                    Some(name) if !name.is_empty() => (name, file.display().to_string()),
                    _ => return usual(),
                }
            }
        };
        if name == DEFAULT_CONTEXT {
            return usual();
        }
        let shown = format!("the docker context `{name}`, which {chosen_by} names");
        let Some(folder) = folder else {
            return Err(unusable(&shown, "neither DOCKER_CONFIG nor HOME says where contexts are".to_owned()));
        };
        let url = endpoint(&folder, &name).map_err(|reason| unusable(&shown, reason))?;
        Ok(Self { url, origin: Origin::Context { name, chosen_by } })
    }

    /// Returns how another engine is named, by what named this one; `None` where nothing did.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match &self.origin {
            Origin::Option | Origin::Usual => None,
            Origin::DockerHost => Some(format!(
                "DOCKER_HOST is {}: start the engine there, or name another one, or `unset DOCKER_HOST`",
                self.url
            )),
            Origin::Context { name, chosen_by } => Some(format!(
                "the context `{name}`, which {chosen_by} names, is {}: start the engine there, or `docker context use default`, \
                 or set DOCKER_HOST",
                self.url
            )),
        }
    }
}

fn unusable(what: &str, reason: String) -> EngineError {
    let reason = format!("{reason}; `docker context ls` lists the contexts, and DOCKER_HOST comes before them");
    EngineError::Unreachable { address: what.to_owned(), reason }
}

#[derive(Deserialize)]
struct ConfigWire {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct MetaWire {
    #[serde(rename = "Endpoints", default)]
    endpoints: EndpointsWire,
}

#[derive(Deserialize, Default)]
struct EndpointsWire {
    docker: Option<EndpointWire>,
}

#[derive(Deserialize)]
struct EndpointWire {
    #[serde(rename = "Host", default)]
    host: String,
    #[serde(rename = "SkipTLSVerify", default)]
    skip_tls_verify: bool,
}

/// Returns the address of a context.
///
/// # Errors
/// A text that says why it cannot be used.
fn endpoint(folder: &Path, name: &str) -> Result<String, String> {
    let id = Sha256::of(name.as_bytes()).to_string();
    let file = folder.join("contexts/meta").join(&id).join("meta.json");
    let meta: MetaWire =
        read(&file)?.ok_or_else(|| format!("there is no such context: `{}` is missing", file.display()))?;
    let endpoint = meta.endpoints.docker.filter(|endpoint| !endpoint.host.is_empty());
    let endpoint = endpoint.ok_or_else(|| format!("`{}` names no engine", file.display()))?;
    let keys = folder.join("contexts/tls").join(&id).join("docker");
    let over_tcp = endpoint.host.starts_with("tcp://") || endpoint.host.starts_with("http://");
    if over_tcp && (endpoint.skip_tls_verify || keys.exists()) {
        return Err(format!("it wants TLS to {}, which is not supported; use ssh://", endpoint.host));
    }
    Ok(endpoint.host)
}

/// Reads a file of Docker's configuration; none when it is not there.
fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Option<T>, String> {
    let failed = |reason: &dyn fmt::Display| format!("`{}` cannot be read: {reason}", path.display());
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
        Ok(found) if !found.is_file() => return Err(failed(&"it is not a file")),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(failed(&format!("it has more than {LIMIT} bytes")));
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Docker's configuration in a folder of its own.
    struct Config(tempfile::TempDir);

    impl Config {
        fn new(current: &str) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let text = format!(r#"{{"auths": {{}}, "currentContext": "{current}"}}"#);
            std::fs::write(folder.path().join("config.json"), text).expect("written");
            Self(folder)
        }

        fn context(self, name: &str, endpoint: &str) -> Self {
            let at = self.0.path().join("contexts/meta").join(Sha256::of(name.as_bytes()).to_string());
            std::fs::create_dir_all(&at).expect("made");
            let text = format!(r#"{{"Name": "{name}", "Metadata": {{}}, "Endpoints": {{"docker": {endpoint}}}}}"#);
            std::fs::write(at.join("meta.json"), text).expect("written");
            self
        }

        fn find(&self, variables: &[(&str, &str)]) -> Result<String, String> {
            let mut all: BTreeMap<&str, OsString> =
                variables.iter().map(|(name, value)| (*name, value.into())).collect();
            all.insert("DOCKER_CONFIG", self.0.path().into());
            let found = EngineAddress::from(None, &|name| all.get(name).cloned());
            found.map(|address| address.to_string()).map_err(|error| error.to_string())
        }
    }

    #[test]
    fn the_order_is_that_of_dockers_client() {
        let config = Config::new("one")
            .context("one", r#"{"Host": "unix:///run/one.sock", "SkipTLSVerify": false}"#)
            .context("two", r#"{"Host": "tcp://127.0.0.1:2375"}"#);
        let file = config.0.path().join("config.json");
        let one = format!("unix:///run/one.sock (from the docker context `one`, which {} names)", file.display());
        assert_eq!(config.find(&[]), Ok(one));
        let two = "tcp://127.0.0.1:2375 (from the docker context `two`, which DOCKER_CONTEXT names)";
        assert_eq!(config.find(&[("DOCKER_CONTEXT", "two")]), Ok(two.to_owned()));
        let host = [("DOCKER_CONTEXT", "two"), ("DOCKER_HOST", "unix:///x")];
        assert_eq!(config.find(&host), Ok("unix:///x (from DOCKER_HOST)".to_owned()));
        assert_eq!(config.find(&[("DOCKER_CONTEXT", "default")]), Ok(USUAL.to_owned()));
        assert_eq!(Config::new("").find(&[]), Ok(USUAL.to_owned()));
    }

    #[test]
    fn a_context_that_cannot_be_used_is_never_passed_over() {
        let tls = Config::new("tls").context("tls", r#"{"Host": "tcp://10.0.0.1:2376", "SkipTLSVerify": true}"#);
        let said = tls.find(&[]).expect_err("TLS");
        assert!(said.contains("the docker context `tls`") && said.contains("TLS to tcp://10.0.0.1:2376"), "{said}");
        let said = tls.find(&[("DOCKER_CONTEXT", "gone")]).expect_err("no such context");
        assert!(said.contains("`gone`, which DOCKER_CONTEXT names") && said.contains("no such context"), "{said}");
        let empty = Config::new("empty").context("empty", "{}");
        assert!(empty.find(&[]).expect_err("no engine").contains("names no engine"));
        std::fs::write(empty.0.path().join("config.json"), "{").expect("written");
        assert!(empty.find(&[]).expect_err("no JSON").contains("config.json` cannot be read"));
    }
}
