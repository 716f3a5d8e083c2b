//! One request.

use std::time::Duration;

use super::answer::HttpAnswer;
use super::error::HttpError;
use super::pace::ANSWER;

/// What is asked of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The resource.
    Get,
    /// Its headers only.
    Head,
    /// To take what the request carries.
    Post,
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Head => Self::HEAD,
            Method::Post => Self::POST,
        }
    }
}

/// A request that is being put together. A header that cannot be sent is an error when it is.
#[derive(Debug)]
#[must_use = "it is sent by `send`"]
pub struct HttpRequest {
    builder: reqwest::RequestBuilder,
    to_daemon: bool,
}

impl HttpRequest {
    pub(crate) const fn new(builder: reqwest::RequestBuilder, to_daemon: bool) -> Self {
        Self { builder, to_daemon }
    }

    /// Adds a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.header(name, value), ..self }
    }

    /// Signs it with a user's name and password.
    pub fn basic(self, user: &str, password: &str) -> Self {
        Self { builder: self.builder.basic_auth(user, Some(password)), ..self }
    }

    /// Signs it with a token.
    pub fn bearer(self, token: &str) -> Self {
        Self { builder: self.builder.bearer_auth(token), ..self }
    }

    /// Adds a pair to the URL's query, encoded.
    pub fn query(self, name: &str, value: &str) -> Self {
        Self { builder: self.builder.query(&[(name, value)]), ..self }
    }

    /// Makes it carry a JSON document.
    pub fn json(self, document: String) -> Self {
        Self { builder: self.builder.header("content-type", "application/json").body(document), ..self }
    }

    /// Sets the time for the whole answer, in place of the client's.
    pub fn within(self, limit: Duration) -> Self {
        Self { builder: self.builder.timeout(limit), ..self }
    }

    /// Sends it and waits for the answer's headers, whatever the status.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn send(self) -> Result<HttpAnswer, HttpError> {
        if self.to_daemon {
            return Ok(HttpAnswer::new(self.builder.send().await?, false));
        }
        let answer = tokio::time::timeout(ANSWER, self.builder.send()).await;
        Ok(HttpAnswer::new(answer.map_err(|_| HttpError::Late)??, true))
    }
}

/// Whether a text can be sent as a header's value.
#[must_use]
pub fn is_header_value(text: &str) -> bool {
    reqwest::header::HeaderValue::from_str(text).is_ok()
}
