//! How registries are reached, as the user says.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::unpack::UNPACKED_LIMIT;

/// Lists mirrors of registries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegistryMirrors {
    /// `https://HOST[:PORT][/PREFIX]`, in the order in which they are asked, by the registry's host and port.
    pub by_registry: BTreeMap<String, Vec<String>>,
    /// Asks mirrors only when pulling, never the registry itself.
    pub exclusive: bool,
}

/// How registries are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrySettings {
    /// The mirrors that pulls ask first.
    pub mirrors: RegistryMirrors,
    /// Docker's `config.json`, whose credentials are used; see [`super::docker_config`].
    pub docker_config: Option<PathBuf>,
    /// The pause after a first failure; later ones are longer.
    pub pause: Duration,
    /// The most bytes that one layer may unpack to.
    pub unpacked_limit: u64,
}

impl Default for RegistrySettings {
    fn default() -> Self {
        Self {
            mirrors: RegistryMirrors::default(),
            docker_config: None,
            pause: Duration::from_millis(500),
            unpacked_limit: UNPACKED_LIMIT,
        }
    }
}
