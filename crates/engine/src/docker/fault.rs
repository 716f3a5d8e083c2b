//! Translates what the client says into what the port says.

use std::future::Future;
use std::time::Duration;

use bollard::errors::Error;

use crate::EngineError;
use rcrepro_model::text::causes::with_causes;

/// How long the engine may think about a call that carries no bulk data.
const CALL_LIMIT: Duration = Duration::from_secs(300);

/// Makes a [`EngineError::Call`] from the client's error, with the whole chain of causes as its reason.
pub(crate) fn call(label: &str, doing: &'static str) -> impl Fn(Error) -> EngineError {
    let label = label.to_owned();
    move |error| EngineError::Call { label: label.clone(), doing, reason: reason(&error) }
}

/// Makes a [`EngineError::Call`] with a reason of our own.
pub(crate) fn refuse(label: &str, doing: &'static str, reason: impl Into<String>) -> EngineError {
    EngineError::Call { label: label.to_owned(), doing, reason: reason.into() }
}

/// Makes a [`EngineError::Incomplete`].
pub(crate) fn incomplete(label: &str, reason: impl Into<String>) -> EngineError {
    EngineError::Incomplete { label: label.to_owned(), reason: reason.into() }
}

/// Awaits a call for at most [`CALL_LIMIT`] and translates its error.
pub(crate) async fn limited<T>(
    label: &str,
    doing: &'static str,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, EngineError> {
    match tokio::time::timeout(CALL_LIMIT, answer).await {
        Ok(answer) => answer.map_err(call(label, doing)),
        Err(_) => Err(refuse(label, doing, format!("no answer within {} s", CALL_LIMIT.as_secs()))),
    }
}

/// Returns the HTTP status of a refusal; `None` for an error of another kind.
pub(crate) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Writes what the client said, and why, on one line.
pub(crate) fn reason(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { status_code, message } => format!("{} (HTTP {status_code})", message.trim()),
        other => with_causes(other),
    }
}
