//! The text of a plan: where a mistake is, and what several tables read.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use toml::Spanned;

use super::advice;
use crate::syntax::toml_place::line_and_column;
use rcrepro_model::plan::glob::{PathGlob, matches_nothing};
use rcrepro_model::text::address::without_secrets;

/// What is wrong in a plan file, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct PlanError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

pub(super) struct Source<'a> {
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// Puts a mistake at its place. Without a hint of its own it has that of the key: an example of what is right. No mistake
    /// quotes the credentials of an address.
    pub(super) fn error(&self, span: Range<usize>, message: impl fmt::Display, hint: Option<String>) -> PlanError {
        let (line, column) = line_and_column(self.text, span.start);
        let hint = hint.or_else(|| advice::example(self.text, span.start));
        let shown = |text: String| without_secrets(&text).into_owned();
        PlanError { line, column, message: shown(message.to_string()), hint: hint.map(shown) }
    }

    /// Says in the words of the guide what the TOML reader did not expect.
    pub(super) fn mistyped(&self, span: Range<usize>, message: &str) -> PlanError {
        let (message, hint) = advice::told(self.text, span.start, message);
        self.error(span, message, hint)
    }

    /// Parses a value by its `FromStr` and puts the place before what it says.
    pub(super) fn parse<T: std::str::FromStr<Err: fmt::Display>>(
        &self,
        text: &Spanned<String>,
    ) -> Result<T, PlanError> {
        text.as_ref().parse().map_err(|error: T::Err| self.error(text.span(), error, None))
    }

    /// Looks a reference up among the names that are defined.
    pub(super) fn reference<T: Ord + std::str::FromStr<Err: fmt::Display> + fmt::Display>(
        &self,
        what: &str,
        text: &Spanned<String>,
        known: &BTreeSet<&T>,
    ) -> Result<T, PlanError> {
        let name: T = self.parse(text)?;
        if known.contains(&name) {
            return Ok(name);
        }
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let hint =
            if known.is_empty() { format!("define a {what} first") } else { format!("known: {}", known.join(", ")) };
        Err(self.error(text.span(), format!("there is no {what} `{name}`"), Some(hint)))
    }

    pub(super) fn globs(&self, globs: &[Spanned<String>]) -> Result<Vec<String>, PlanError> {
        for glob in globs {
            PathGlob::new(glob.as_ref())
                .map_err(|error| self.error(glob.span(), format!("bad glob: {}", error.reason), None))?;
        }
        Ok(globs.iter().map(|glob| glob.as_ref().clone()).collect())
    }

    /// Reads globs of tracked files, each of which could match one.
    pub(super) fn tracked(&self, globs: &[Spanned<String>]) -> Result<Vec<String>, PlanError> {
        for glob in globs {
            if let Some(why) = matches_nothing(glob.as_ref()) {
                let hint = "write a glob from the plan's folder, such as `src/**`; a folder is all that is below it";
                let message = format!("the glob `{}` matches no tracked file: {why}", glob.as_ref());
                return Err(self.error(glob.span(), message, Some(hint.to_owned())));
            }
        }
        self.globs(globs)
    }

    /// Checks what a command, or every command, sees of the source.
    pub(super) fn sees(&self, globs: Option<&Spanned<Vec<Spanned<String>>>>) -> Result<Vec<String>, PlanError> {
        match globs {
            Some(globs) if globs.as_ref().is_empty() => {
                let hint = Some("leave it out to see the whole source, or write `sees = [\"**\"]`".to_owned());
                Err(self.error(globs.span(), "`sees` is empty: expected a glob", hint))
            }
            Some(globs) => self.tracked(globs.as_ref()),
            None => Ok(Vec::new()),
        }
    }
}
