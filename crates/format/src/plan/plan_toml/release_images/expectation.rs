//! What a finished image is expected to say, what it may hold, and what a container of it may do.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use crate::plan::plan_toml::source::{PlanError, Source};
use rcrepro_model::content::name::TreePath;
use rcrepro_model::execution::capabilities::USUAL_CAPABILITIES;
use rcrepro_model::plan::release_image::Expectation;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ExpectationWire {
    #[serde(default)]
    root: bool,
    user: Option<String>,
    ports: Option<BTreeSet<Spanned<String>>>,
    volumes: Option<BTreeSet<Spanned<String>>>,
    stop: Option<Spanned<u8>>,
    #[serde(default)]
    set_id: Vec<Spanned<String>>,
    #[serde(default)]
    leftovers: Vec<Spanned<String>>,
    #[serde(default)]
    not_secret: BTreeSet<String>,
}

impl Source<'_> {
    /// Checks what an image is expected to say; `is_stopped` tells whether a container of it is ever stopped.
    pub(super) fn expectation(&self, wire: &ExpectationWire, is_stopped: bool) -> Result<Expectation, PlanError> {
        if let Some(stop) = wire.stop.as_ref().filter(|_| !is_stopped) {
            let message =
                "`stop` is never looked at: expected `smoke`, beside which a container runs and is stopped".to_owned();
            return Err(self.error(
                stop.span(),
                message,
                Some("give the image `smoke`, or take `stop` out".to_owned()),
            ));
        }
        let ports = wire.ports.iter().flatten().map(|port| self.port(port)).collect::<Result<_, _>>()?;
        let volumes = wire.volumes.iter().flatten().map(|volume| self.volume(volume)).collect::<Result<_, _>>()?;
        Ok(Expectation {
            may_be_root: wire.root,
            user: wire.user.clone(),
            ports: wire.ports.as_ref().map(|_| ports),
            volumes: wire.volumes.as_ref().map(|_| volumes),
            stop: wire.stop.as_ref().map(|stop| *stop.as_ref()),
            set_id: self.absolute(&wire.set_id)?.into_iter().collect(),
            leftovers: self.absolute(&wire.leftovers)?.into_iter().collect(),
            not_secret: wire.not_secret.clone(),
        })
    }

    /// Checks that a port is written as an image has it.
    fn port(&self, port: &Spanned<String>) -> Result<String, PlanError> {
        let text = port.as_ref();
        let (number, protocol) = text.split_once('/').unwrap_or((text, ""));
        let is_number = number.parse::<u16>().is_ok_and(|parsed| parsed.to_string() == number);
        if is_number && ["tcp", "udp", "sctp"].contains(&protocol) {
            return Ok(text.clone());
        }
        let message = format!("invalid port `{text}`: expected a number and its protocol, as an image has them");
        let hint = if is_number {
            format!("write `ports = [\"{number}/tcp\"]`")
        } else {
            "write `ports = [\"8080/tcp\"]`".to_owned()
        };
        Err(self.error(port.span(), message, Some(hint)))
    }

    /// Checks that a volume is an absolute path: engines start no image with another one.
    fn volume(&self, volume: &Spanned<String>) -> Result<String, PlanError> {
        let text = volume.as_ref();
        if text.starts_with('/') {
            return Ok(text.clone());
        }
        let message = format!("invalid volume `{text}`: expected an absolute path");
        Err(self.error(volume.span(), message, Some(format!("write `volumes = [\"/{text}\"]`"))))
    }

    /// Checks that containers have no capability that engines do not give to every one.
    pub(super) fn capabilities(&self, names: &[Spanned<String>]) -> Result<Vec<String>, PlanError> {
        if let Some(name) = names.iter().find(|name| !USUAL_CAPABILITIES.contains(&name.as_ref().as_str())) {
            let message = format!("capability `{}`: expected one that engines give to every container", name.as_ref());
            return Err(self.error(name.span(), message, Some(format!("known: {}", USUAL_CAPABILITIES.join(", ")))));
        }
        Ok(names.iter().map(|name| name.as_ref().clone()).collect())
    }

    /// Checks that paths are absolute, and below the root.
    pub(super) fn absolute(&self, paths: &[Spanned<String>]) -> Result<Vec<String>, PlanError> {
        let checked = paths.iter().map(|path| {
            let below = path.as_ref().strip_prefix('/').unwrap_or_default();
            let message = || format!("invalid path `{}`: expected an absolute path below `/`", path.as_ref());
            match below.parse::<TreePath>() {
                Ok(_) => Ok(path.as_ref().clone()),
                Err(_) => Err(self.error(path.span(), message(), None)),
            }
        });
        checked.collect()
    }
}
