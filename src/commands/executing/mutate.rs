//! `rcrepro check --mutate`.

use std::collections::BTreeSet;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{say, show};
use crate::today::today;
use rcrepro_app::mutants::{MutantEvent, MutateOptions, mutate as app};
use rcrepro_arguments::mutants::CheckArgs;
use rcrepro_model::text::plural::counted;
use rcrepro_report::mutants as report;
use rcrepro_report::progress::Progress;
use rcrepro_report::row;

/// Runs mutants and says which of them their gates caught.
pub async fn mutate(context: &Context, arguments: &CheckArgs) -> Result<Exit, Failure> {
    let workspace = context.committed(&arguments.rev)?;
    let (ids, gates): (BTreeSet<_>, BTreeSet<_>) =
        (arguments.mutant.iter().cloned().collect(), arguments.gate.iter().cloned().collect());
    let processors = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let progress = Progress::new(context.json);
    let observe = |event| progress.hear(&event);
    let mutated = context
        .with_session(arguments.staging, async |session, cancel| {
            let options = MutateOptions {
                revision: workspace.revision(),
                lanes: arguments.jobs.map_or_else(processors, usize::from),
                today: today(),
                ids: &ids,
                gates: &gates,
                observe: &tell,
            };
            Ok(app(session.context(&observe, cancel), &workspace, options).await?)
        })
        .await?;
    let shown = |path: &std::path::PathBuf| path.strip_prefix(&workspace.folder).unwrap_or(path).display().to_string();
    let written = mutated.written.as_ref().map(shown);
    let document = || report::json(&mutated.record, &mutated.unproven, written.as_deref());
    show(context.json, document, || report::text(&mutated.record, &mutated.unproven))?;
    if let Some(path) = written {
        say!("{}", row!("recorded", "{path}"));
    }
    Ok(mutated.record.standing().into())
}

/// Says on standard error what happens.
fn tell(event: MutantEvent) {
    match event {
        MutantEvent::Controls { gates } => say!("{}", row!("control", "{} without any mutant", counted(gates, "gate"))),
        MutantEvent::Begins { id, gate } => say!("{}", row!("mutant", "{id} for {gate}")),
        MutantEvent::Judged { id, outcome } => say!("{}", row!(outcome.as_str(), "{id}")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use rcrepro_model::content::digest::Digest;
    use rcrepro_model::plan::mutant::{GATES_VERSION, GatesRecord, MutantEntry, MutantOutcome};

    #[test]
    fn only_all_caught_is_success() {
        use MutantOutcome::{ByAccident, Caught, Survived, Undecided};
        let of = |outcomes: &[MutantOutcome]| {
            let entry = |outcome: &MutantOutcome| MutantEntry {
                id: "m".parse().expect("a name"),
                gate: "pins".parse().expect("a gate"),
                says: String::new(),
                shows: Vec::new(),
                outcome: *outcome,
                showed: String::new(),
                evidence: BTreeMap::new(),
            };
            let mutants = outcomes.iter().map(entry).collect();
            let record =
                GatesRecord { version: GATES_VERSION, plan: Digest::of(b""), source: Digest::of(b""), mutants };
            Exit::from(record.standing())
        };
        assert_eq!(of(&[Caught, Caught]), Exit::Success);
        assert_eq!(of(&[Caught, Undecided, Survived]), Exit::Divergent);
        assert_eq!(of(&[Caught, ByAccident]), Exit::Divergent);
        assert_eq!(of(&[Caught, Undecided]), Exit::Undecided);
        assert_eq!(of(&[]), Exit::Undecided);
    }
}
