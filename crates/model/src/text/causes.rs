//! An error with its causes, as one text.

use std::error::Error;

/// Writes an error and its causes, joined by `: `; a cause whose text ends what is written already is left out.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !text.ends_with(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// Lists the causes of an error, the nearest first, without the error itself.
pub fn causes(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| Error::source(*cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Step {
        text: &'static str,
        source: Option<Box<Step>>,
    }

    fn step(text: &'static str, source: Option<Step>) -> Step {
        Step { text, source: source.map(Box::new) }
    }

    #[test]
    fn each_cause_is_told_once() {
        let error = step("cannot read `a`", Some(step("device failed", Some(step("timed out", None)))));
        assert_eq!(with_causes(&error), "cannot read `a`: device failed: timed out");
        assert_eq!(causes(&error).count(), 2);
        let quoting = step("cannot read `a`: timed out", Some(step("timed out", None)));
        assert_eq!(with_causes(&quoting), "cannot read `a`: timed out");
        assert_eq!(with_causes(&step("alone", None)), "alone");
    }
}
