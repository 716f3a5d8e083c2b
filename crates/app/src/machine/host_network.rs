//! How this host gets through its network, for steps that fetch frozen inputs.
//!
//! Behind a proxy that re-signs TLS, a container knows neither the proxy nor its CA. Both are handed to the step, under
//! every client's own variable. Nothing of this enters an action digest: the locked output digest is what is relied on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rcrepro_engine::CA_BUNDLE_PATH;

/// Variables that say where to fetch from or through which proxy; handed on as they are.
const HANDED_ON: [&str; 18] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "GOPROXY",
    "GOPRIVATE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOSUMDB",
    "GONOSUMCHECK",
    "GOINSECURE",
    "GOVCS",
    "npm_config_registry",
    "NPM_CONFIG_REGISTRY",
];

/// Each client's variable for a file of CA certificates.
const CA_VARIABLES: [&str; 10] = [
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "npm_config_cafile",
    "GIT_SSL_CAINFO",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
];

/// Where systems keep the bundle of trusted CAs, most common first.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Gives the variables that a network step gets on top of its action's.
#[must_use]
pub(crate) fn environment() -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = HANDED_ON
        .iter()
        .filter_map(|name| {
            std::env::var(name).ok().filter(|value| !value.is_empty()).map(|value| ((*name).to_owned(), value))
        })
        .collect();
    if bundle_path().is_some() {
        variables.extend(CA_VARIABLES.map(|name| (name.to_owned(), CA_BUNDLE_PATH.to_owned())));
    }
    variables
}

/// Reads the host's trusted CA certificates: what `SSL_CERT_FILE` names, else the system's bundle.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the machine's own certificates")]
pub(crate) fn ca_bundle() -> Option<Vec<u8>> {
    std::fs::read(bundle_path()?).ok()
}

fn bundle_path() -> Option<PathBuf> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    named.into_iter().chain(BUNDLES.map(PathBuf::from)).find(|path| path.is_file())
}
