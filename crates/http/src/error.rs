//! Why there is no answer, or not the whole of one.

use std::error::Error;
use std::io;

use super::pace::{ANSWER, TooSlow};

type Cause = Box<dyn Error + Send + Sync>;

/// Why a request got no answer, or a body ended early.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The request could not be sent, or the connection broke.
    #[error(transparent)]
    Broken(Cause),
    /// The machine does not trust the server's certificate.
    #[error(transparent)]
    Untrusted(Cause),
    /// The other side did not speak TLS, or hung up.
    #[error(transparent)]
    NotTls(Cause),
    /// The server sends elsewhere, and that is not followed.
    #[error("the redirect is not followed: {reason}")]
    Redirect {
        /// Why not, with the URL.
        reason: String,
    },
    /// The answer did not begin.
    #[error("no answer within {} s", ANSWER.as_secs())]
    Late,
    /// The body arrives below the least rate.
    #[error(transparent)]
    Slow(#[from] TooSlow),
    /// The body is longer than may be.
    #[error("more than {limit} bytes")]
    TooLong {
        /// In bytes.
        limit: u64,
    },
}

impl HttpError {
    /// Writes the error with its causes in one line: the client's own text names the URL and leaves out why.
    #[must_use]
    pub fn reason(&self) -> String {
        let mut text = self.to_string();
        for cause in causes(self) {
            let cause = cause.to_string();
            if !text.ends_with(&cause) {
                text.push_str(&format!(": {cause}"));
            }
        }
        text
    }
}

/// Also for the errors of clients that bring their own connections, such as the distribution client's.
impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_redirect() {
            let reason = causes(&error).last().map_or_else(|| error.to_string(), ToString::to_string);
            return Self::Redirect { reason };
        }
        if is_distrust(&error) {
            return Self::Untrusted(error.into());
        }
        if is_not_tls(&error) { Self::NotTls(error.into()) } else { Self::Broken(error.into()) }
    }
}

/// Whether a connection failed because of the certificate, rather than because the other side speaks no TLS.
fn is_distrust(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let tls = cause.downcast_ref::<rustls::Error>();
        tls.is_some_and(|tls| {
            matches!(tls, rustls::Error::InvalidCertificate(_) | rustls::Error::InvalidCertRevocationList(_))
        })
    })
}

/// Whether no TLS could be begun at all: the other side answered, but not in TLS.
fn is_not_tls(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let tls = cause.downcast_ref::<rustls::Error>();
        tls.is_some_and(|tls| matches!(tls, rustls::Error::InvalidMessage(_) | rustls::Error::InappropriateMessage { .. }))
            // A server that makes nothing of it may also just hang up.
            || cause.downcast_ref::<io::Error>().is_some_and(|io| {
                matches!(io.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
            })
    })
}

/// Returns an error's causes; an I/O error's own inner error counts as one, which its `source` leaves out.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause| cause_of(*cause))
}

fn cause_of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}
