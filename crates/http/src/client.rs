//! Clients, and whom they trust.

use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use super::error::HttpError;
use super::redirect::{self, Redirects};
use super::request::{HttpRequest, Method};

/// How long a connection may take, TLS included.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// The name that servers see.
pub const USER_AGENT: &str = concat!("rcrepro/", env!("CARGO_PKG_VERSION"));
/// The longest pause between two pieces of an answer.
const READ_LIMIT: Duration = Duration::from_secs(60);

/// Whether requests go through proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proxies {
    /// Those of the system: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, but for the hosts of `NO_PROXY`.
    System,
    /// None, whatever the system says.
    Direct,
}

/// Sends requests. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    is_daemon: bool,
}

impl Client {
    /// Makes a client for servers of strangers: each answer has to begin in time, and to go on at the least rate.
    ///
    /// # Errors
    /// [`HttpError`] when the platform's certificate store cannot be used.
    pub fn new(proxies: Proxies, redirects: Redirects) -> Result<Self, HttpError> {
        let builder = builder().user_agent(USER_AGENT).connect_timeout(CONNECT_LIMIT).read_timeout(READ_LIMIT);
        let builder = match proxies {
            Proxies::System => builder,
            Proxies::Direct => builder.no_proxy(),
        };
        Ok(Self { inner: builder.redirect(redirect::policy(redirects)).build()?, is_daemon: false })
    }

    /// Makes a client for a daemon, reached through a Unix socket or else as its URLs say: never through a proxy, over a new
    /// connection each time, with `limit` for a whole answer, which may take its time to begin.
    ///
    /// # Errors
    /// [`HttpError`] when the platform's certificate store cannot be used.
    pub fn for_daemon(socket: Option<&Path>, limit: Duration) -> Result<Self, HttpError> {
        let builder = builder().no_proxy().pool_max_idle_per_host(0).timeout(limit);
        let builder = match socket {
            Some(socket) => builder.unix_socket(socket),
            None => builder,
        };
        Ok(Self { inner: builder.build()?, is_daemon: true })
    }

    /// Begins a request.
    pub fn request(&self, method: Method, url: &str) -> HttpRequest {
        HttpRequest::new(self.inner.request(method.into(), url), self.is_daemon)
    }
}

fn builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    // Fails only when a provider is installed already, which is then the one in use.
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
    reqwest::Client::builder()
}
