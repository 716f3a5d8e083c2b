//! A command that sees a part of the source and failed: whether it passes with all of it.

use std::collections::BTreeMap;

use super::{CommandRun, ExecuteError, Executor};
use crate::run::actions::derive_action;
use rcrepro_engine::EngineError;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::manifest::CommandEntry;
use rcrepro_model::plan::CommandSpec;

impl Executor<'_> {
    /// Executes such a command once more with the whole source, and says so if that lets it pass. Nothing of it enters a manifest.
    ///
    /// # Errors
    /// [`ExecuteError`] when it is interrupted; whatever else cannot be decided is not told.
    pub(super) async fn look_wider(
        &self,
        spec: &CommandSpec,
        results: &BTreeMap<Name, CommandEntry>,
        failed: &CommandRun,
    ) -> Result<Option<String>, ExecuteError> {
        if spec.sees.is_empty() {
            return Ok(None);
        }
        let whole = CommandSpec { sees: Vec::new(), ..spec.clone() };
        let Ok(action) = derive_action(self.plan, &whole, self.resolved, results, &**self.context.store) else {
            return Ok(None);
        };
        match self.trial(spec, &action, (&failed.world, "the whole source"), None, self.context.cancel).await {
            Ok(ran) if ran.entry.succeeded() => {
                Ok(Some(format!("passes with the whole source: it needs more than `sees = [{}]`", listed(&spec.sees))))
            }
            Err(error @ ExecuteError::Engine(EngineError::Interrupted { .. })) => Err(error),
            Ok(_) | Err(_) => Ok(None),
        }
    }
}

fn listed(globs: &[String]) -> String {
    globs.iter().map(|glob| format!("\"{glob}\"")).collect::<Vec<_>>().join(", ")
}
