//! A command's time, its memory and its own variables.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Spanned;

use super::source::{PlanError, Source};
use crate::syntax::quantity::{Bytes, Seconds};

/// The least memory that an engine gives a container: 6 MiB. Source: Docker's `docker run --memory`.
const LEAST_MEMORY: u64 = 6 << 20;

/// The variable that is the commit's time for every command.
const DATE_EPOCH: &str = "SOURCE_DATE_EPOCH";

impl Source<'_> {
    /// Reads how long a command may run; none where the plan does not say.
    pub(super) fn timeout(&self, wire: Option<&Spanned<String>>) -> Result<Option<Duration>, PlanError> {
        wire.map(|text| self.parse::<Seconds>(text).map(|Seconds(time)| time)).transpose()
    }

    /// Reads how much memory a command may have, in bytes; none where the plan does not say.
    pub(super) fn memory(&self, wire: Option<&Spanned<String>>) -> Result<Option<u64>, PlanError> {
        let Some(text) = wire else { return Ok(None) };
        let Bytes(memory) = self.parse(text)?;
        if memory < LEAST_MEMORY {
            let message = format!("no command can run in `{}` of memory: expected at least 6 MiB", text.as_ref());
            return Err(self.error(text.span(), message, Some("memory = \"64MiB\"".to_owned())));
        }
        Ok(Some(memory))
    }

    /// Reads a command's own variables.
    pub(super) fn environment(
        &self,
        wire: &BTreeMap<Spanned<String>, String>,
    ) -> Result<BTreeMap<String, String>, PlanError> {
        let mut environment = BTreeMap::new();
        for (name, value) in wire {
            let variable = name.as_ref();
            if variable.is_empty() || variable.contains(['=', '\0']) || value.contains('\0') {
                return Err(self.error(name.span(), format!("invalid environment variable `{variable}`"), None));
            }
            if variable == DATE_EPOCH {
                let message = format!("`{DATE_EPOCH}` is the commit's time for every command: expected no other value");
                let hint = "take it out of `env`, or write it before the command on its line".to_owned();
                return Err(self.error(name.span(), message, Some(hint)));
            }
            environment.insert(variable.clone(), value.clone());
        }
        Ok(environment)
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    fn command(more: &str) -> Result<Option<u64>, String> {
        let command = format!("[[sets.all]]\nid = \"a\"\nrun = \"make test\"\nimage = \"i\"\n{more}\n");
        let head = "version = 1\nname = \"p\"\n[images.i]\nbuild = \"x\"\n";
        let packet = "[packets.RC-05]\ntitle = \"t\"\nsets = [\"all\"]\n";
        let plan = parse(&format!("{head}{command}{packet}"), &[]).map_err(|error| error.to_string())?;
        Ok(plan.sets.values().flatten().next().expect("a command").memory)
    }

    #[test]
    fn memory_that_no_command_can_run_in_is_refused_by_place() {
        assert_eq!(command(""), Ok(None));
        assert_eq!(command("memory = \"6MiB\""), Ok(Some(6 << 20)));
        for little in ["1KiB", "5MiB", "6143KiB"] {
            let error = command(&format!("memory = \"{little}\"")).expect_err("too little");
            assert!(error.starts_with(&format!("9:10: no command can run in `{little}` of memory")), "{error}");
        }
    }

    #[test]
    fn the_time_of_the_commit_is_no_variable_of_a_command() {
        assert_eq!(command("env.CGO_ENABLED = \"0\""), Ok(None));
        let error = command("env.SOURCE_DATE_EPOCH = \"1\"").expect_err("refused");
        assert!(error.starts_with("9:5: `SOURCE_DATE_EPOCH` is the commit's time for every command"), "{error}");
    }
}
