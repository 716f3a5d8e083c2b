//! HTTP: TLS with the machine's trust, bounds on every answer, one policy of trying again.
//!
//! ```text
//! client    proxies, redirects, time-outs, TLS       request   one request
//! redirect  which redirects are followed             answer    status, headers, and a body within bounds
//! pace      the least rate of a body                 error     why there is no answer
//! retry     whether to ask again, and after how long
//! ```
//!
//! TLS trusts what the platform trusts: its certificate store, `SSL_CERT_FILE`. Proxies are the system's. What is fetched is
//! believed for its digest, which the caller checks, and not for the transport.
//!
//! The compiler refuses what lies above or beside, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use reqwest as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_store as _;
//! ```

mod answer;
mod client;
mod error;
mod pace;
mod redirect;
mod request;
mod retry;

pub use reqwest::Url;

pub use self::answer::{Body, HttpAnswer, is_passing};
pub use self::client::{CONNECT_LIMIT, Client, Proxies, USER_AGENT};
pub use self::error::HttpError;
pub use self::pace::TooSlow;
pub use self::redirect::{Redirects, is_loopback};
pub use self::request::{HttpRequest, Method, is_header_value};
pub use self::retry::{ATTEMPTS, AttemptCount, FailedRequest, NextAttempt, retry};
