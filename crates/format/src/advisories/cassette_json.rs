//! The files of a cassette of npm's advisories: `cassette.json` and `exchanges/REQUEST.json`.
//!
//! Hash rule of a request's name: SHA-256 over the method, the path and the canonical JSON (RFC 8785) of the body, each
//! followed by a line feed; a request without a body has an empty line there. The advisory request is
//! `{PACKAGE: [VERSION, …]}` with sorted versions. Neither headers nor the registry's name count. `front/cassette.cjs` has
//! the same rule for recorder and player.

use serde::Deserialize;
use serde_json::Value;

use crate::syntax::canonical_json::{self, CanonicalJsonError};
use rcrepro_model::content::digest::Sha256;

/// The version of the cassette's form that this build reads.
pub const CASSETTE_VERSION: u32 = 1;
/// The path of the advisory request.
pub const BULK_PATH: &str = "/-/npm/v1/security/advisories/bulk";

/// What is wrong in a file of a cassette.
#[derive(Debug, thiserror::Error)]
pub enum CassetteJsonError {
    /// It is not JSON of this shape.
    #[error("it has an unexpected shape")]
    Shape(#[from] serde_json::Error),
    /// The version is another one.
    #[error("version {found} is not known: expected {CASSETTE_VERSION}")]
    Version {
        /// The number in the file.
        found: u32,
    },
    /// The date is invalid.
    #[error("`recorded` is `{found}`: expected a date and time such as 2026-08-01T00:00:00Z")]
    Date {
        /// The value that was found.
        found: String,
    },
    /// The request's body has no canonical form.
    #[error("the request has no canonical form")]
    Request(#[from] CanonicalJsonError),
    /// An advisory request was recorded without an answer.
    #[error("the registry answered {status} to the advisory request: expected 200 and an object")]
    Refused {
        /// HTTP's number, such as 503.
        status: u16,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadWire {
    version: u32,
    recorded: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeWire {
    method: String,
    path: String,
    request: Value,
    status: u16,
    #[serde(rename = "type")]
    _content_type: String,
    body: Value,
}

/// Reads from `cassette.json` when it was recorded, as RFC 3339 writes it.
///
/// # Errors
/// [`CassetteJsonError`].
pub fn recorded(bytes: &[u8]) -> Result<String, CassetteJsonError> {
    let HeadWire { version, recorded } = serde_json::from_slice(bytes)?;
    if version != CASSETTE_VERSION {
        return Err(CassetteJsonError::Version { found: version });
    }
    match humantime::parse_rfc3339(&recorded) {
        Ok(_) => Ok(recorded),
        Err(_) => Err(CassetteJsonError::Date { found: recorded }),
    }
}

/// What an exchange turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The request's name; the file is called so.
    pub request: Sha256,
    /// Whether it is the advisory request.
    pub bulk: bool,
}

/// Reads an exchange.
///
/// # Errors
/// [`CassetteJsonError`], among them an advisory request that was not answered.
pub fn exchange(bytes: &[u8]) -> Result<Exchange, CassetteJsonError> {
    let wire: ExchangeWire = serde_json::from_slice(bytes)?;
    let bulk = wire.method == "POST" && wire.path == BULK_PATH;
    if bulk && (wire.status != 200 || !wire.body.is_object()) {
        return Err(CassetteJsonError::Refused { status: wire.status });
    }
    let body = if wire.request.is_null() { Vec::new() } else { canonical_json::to_vec(&wire.request)? };
    let mut text = format!("{}\n{}\n", wire.method, wire.path).into_bytes();
    text.extend_from_slice(&body);
    text.push(b'\n');
    Ok(Exchange { request: Sha256::of(&text), bulk })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_name_that_the_recorder_gives_it() {
        let exchange_of = |text: &str| exchange(text.as_bytes());
        let bulk = r#"{"method":"POST","path":"/-/npm/v1/security/advisories/bulk","type":"application/json","status":200,
            "request":{"plain":["2.1.0"],"leftover":["1.2.0"]},"body":{}}"#;
        let found = exchange_of(bulk).expect("an exchange");
        // As `front/record.cjs` named it.
        let name = "4ba0d210929f212bb3b752570092ba15e704fc531802a96fd2d850344a9d06f7";
        assert_eq!((found.request.to_string().as_str(), found.bulk), (name, true));
        let error = exchange_of(&bulk.replace("200", "405")).expect_err("no answer");
        assert!(matches!(error, CassetteJsonError::Refused { status: 405 }), "{error}");
        let packument =
            r#"{"method":"GET","path":"/plain","type":"application/json","status":404,"request":null,"body":{}}"#;
        assert!(!exchange_of(packument).expect("an exchange").bulk);
        assert!(matches!(exchange_of("{}"), Err(CassetteJsonError::Shape(_))));
    }

    #[test]
    fn dates_and_versions_are_checked() {
        assert_eq!(
            recorded(br#"{"version":1,"recorded":"2026-11-23T04:00:00Z"}"#).expect("good"),
            "2026-11-23T04:00:00Z"
        );
        for wrong in [r#"{"version":2,"recorded":"2026-11-23T04:00:00Z"}"#, r#"{"version":1,"recorded":"now"}"#, "{}"] {
            assert!(recorded(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
