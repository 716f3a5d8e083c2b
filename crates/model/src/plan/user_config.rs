//! What a user sets up once for every plan. Nothing here enters a digest: it only says where bytes are asked for.

use std::collections::BTreeMap;

/// The user configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserConfig {
    /// Places that are asked before the usual ones.
    pub mirrors: MirrorConfig,
}

/// Places that are asked before the usual ones, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorConfig {
    /// Bases of Debian archives, above `pool/`.
    pub deb: Vec<String>,
    /// Go module proxies.
    pub go: Vec<String>,
    /// npm registries.
    pub npm: Vec<String>,
    /// Mirrors of image registries, by the host and port of the registry: `https://HOST[:PORT][/PREFIX]`.
    pub registry: BTreeMap<String, Vec<String>>,
    /// Asks mirrors only, never the usual places.
    pub exclusive: bool,
}
