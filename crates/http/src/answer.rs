//! What a server answers, within bounds.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::error::HttpError;
use super::pace::Pace;
use super::retry::NextAttempt;

/// An answer's status and headers; its body has yet to arrive.
#[derive(Debug)]
pub struct HttpAnswer {
    response: reqwest::Response,
    is_paced: bool,
}

impl HttpAnswer {
    pub(crate) const fn new(response: reqwest::Response, is_paced: bool) -> Self {
        Self { response, is_paced }
    }

    /// Returns the status, such as 404.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Returns the status with its name, such as `404 Not Found`.
    #[must_use]
    pub fn status_line(&self) -> String {
        self.response.status().to_string()
    }

    /// Whether the status is from 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.response.status().is_success()
    }

    /// Returns a header's first value; a value that is not visible ASCII is the empty text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name).map(|value| value.to_str().unwrap_or_default())
    }

    /// Returns how many bytes the body is announced to have.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// Returns whether another attempt makes sense after this answer, which is not a success: see [`is_passing`]. The server
    /// may have said after how long.
    #[must_use]
    pub fn next(&self) -> NextAttempt {
        if is_passing(self.status()) {
            NextAttempt::Again(self.header("retry-after").and_then(seconds))
        } else {
            NextAttempt::Stop
        }
    }

    /// Returns the body, which ends with an error beyond `limit` bytes.
    #[must_use]
    pub fn into_body(self, limit: u64) -> Body {
        let pace = self.is_paced.then(Pace::default);
        Body { response: self.response, pace, began: Instant::now(), arrived: 0, limit }
    }

    /// Reads the body whole.
    ///
    /// # Errors
    /// [`HttpError`], among them [`HttpError::TooLong`] beyond `limit` bytes.
    pub async fn bytes(self, limit: u64) -> Result<Vec<u8>, HttpError> {
        let mut body = self.into_body(limit);
        let mut bytes = Vec::new();
        while let Some(piece) = body.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// An answer's body on its way.
#[derive(Debug)]
pub struct Body {
    response: reqwest::Response,
    pace: Option<Pace>,
    began: Instant,
    arrived: u64,
    limit: u64,
}

impl Body {
    /// Waits for the next piece; `None` is the end.
    ///
    /// # Errors
    /// [`HttpError::TooLong`], [`HttpError::Slow`], or that of a connection that broke.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        let Some(piece) = self.response.chunk().await? else { return Ok(None) };
        let size = piece.len() as u64;
        if let Some(pace) = &mut self.pace {
            pace.take(self.began.elapsed(), size)?;
        }
        self.arrived += size;
        if self.arrived > self.limit {
            return Err(HttpError::TooLong { limit: self.limit });
        }
        Ok(Some(piece))
    }
}

/// Whether a status means that the next attempt may succeed: 408, 429 and the server errors.
#[must_use]
pub const fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// Reads `Retry-After` in seconds; its other form, a date, counts as not said.
fn seconds(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_wish_is_read_in_seconds() {
        assert_eq!(seconds("7"), Some(Duration::from_secs(7)));
        assert_eq!(seconds("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
