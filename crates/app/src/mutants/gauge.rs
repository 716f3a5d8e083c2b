//! Exercises a gate on a source, exactly as `rcrepro run`, `pins`, `scope` and `documents` do, and reads what it says.

use std::collections::{BTreeMap, BTreeSet};

use super::MutateError;
use super::reading::{GateVerdict, Reading};
use crate::board::{documents, pins, scope};
use crate::run::context::RunContext;
use crate::run::execute::{CommandRun, Executor};
use crate::run::prepare::Preparation;
use crate::run::prove;
use crate::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::execution::event::RunEvent;
use rcrepro_model::plan::mutant::MutationGate;
use rcrepro_model::plan::quarantine::Flake;
use rcrepro_model::plan::{Packet, PacketId};
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;

/// Exercises gates, each on the source of one commit.
#[derive(Clone, Copy)]
pub(crate) struct Gauge<'a> {
    /// The engine and the store; its observer is told of images, frozen inputs and commands.
    pub(crate) context: RunContext<'a>,
    /// How many commands may run at once.
    pub(crate) lanes: usize,
    /// The day on which waivers and quarantines have to be in force.
    pub(crate) today: CivilDate,
}

/// An observer for several mutants at once: their commands have the same names, so that events could not be told apart.
pub(crate) fn ignore_events(_: RunEvent) {}

impl Gauge<'_> {
    /// Exercises one gate at a commit; `base` is the commit that a scope is held against.
    ///
    /// # Errors
    /// [`MutateError`] when the gate could not be exercised.
    pub(crate) async fn read(
        &self,
        at: &Workspace,
        gate: &MutationGate,
        base: &str,
        head: &str,
    ) -> Result<Reading, MutateError> {
        match gate {
            MutationGate::Command(id) => {
                let wanted = std::iter::once(id.clone()).collect();
                let mut readings = self.commands(at, head, &wanted).await?;
                Ok(readings.remove(id).expect("a reading for each command that was asked for"))
            }
            MutationGate::Pins => self.pins(at, head),
            MutationGate::Scope(packet) => {
                let findings = scope::check(at, packet, base, head)?.findings;
                Ok(reading_of_findings(findings.iter().map(ToString::to_string).collect(), "within the scope"))
            }
            MutationGate::Documents => {
                let aligned = documents::align(at, head)?;
                let line = |quoted: &rcrepro_model::plan::documents::QuotedCommand| {
                    format!("{}:{}: {}: `{}`", quoted.document, quoted.line, quoted.state.as_str(), quoted.text)
                };
                let reading =
                    reading_of_findings(aligned.findings().map(line).collect(), "every quoted command is the plan's");
                Ok(match aligned.hollow() {
                    Some(why) if reading.verdict == GateVerdict::Green => {
                        Reading { verdict: GateVerdict::Broken, says: why, ..reading }
                    }
                    _ => reading,
                })
            }
        }
    }

    fn pins(&self, at: &Workspace, head: &str) -> Result<Reading, MutateError> {
        let judgement = pins::pins(at, head, self.today)?.judgement;
        let open = judgement.findings.iter().filter(|finding| finding.waived.is_none());
        let lines =
            open.map(|finding| format!("{}:{}: {} ({})", finding.file, finding.line, finding.message, finding.id));
        let mut reading = reading_of_findings(lines.collect(), "every reference agrees with its pin");
        reading.verdict = judgement.standing().into();
        Ok(reading)
    }

    /// Runs commands of a plan, and those that they need, and no others; gives a reading for each that was asked for.
    ///
    /// # Errors
    /// [`MutateError`] when the result of one could not be decided.
    pub(crate) async fn commands(
        &self,
        at: &Workspace,
        revision: &str,
        wanted: &BTreeSet<Name>,
    ) -> Result<BTreeMap<Name, Reading>, MutateError> {
        let (narrow, id, packet) = narrowed(at, wanted);
        let preparation = self.preparation(&narrow);
        let (resolved, _) = preparation.packet(&packet, revision, None).await?;
        let executor = Executor { lanes: self.lanes, ..Executor::new(self.context, &narrow.plan, &id, &resolved) };
        let ran = executor.run_all_commands(&packet).await?;
        let mut readings = BTreeMap::new();
        for id in wanted {
            let reading = match ran.iter().find(|ran| ran.entry.id == *id) {
                Some(ran) => self.of_command(&narrow, ran)?,
                None => {
                    let failed = ran.iter().find(|ran| !ran.entry.succeeded());
                    let by = failed.map_or_else(String::new, |ran| format!(": `{}`: {}", ran.entry.id, ran.ended));
                    let says = format!("it did not run, for a command that it needs failed{by}");
                    Reading { verdict: GateVerdict::Broken, says, evidence: BTreeMap::new() }
                }
            };
            readings.insert(id.clone(), reading);
        }
        Ok(readings)
    }

    /// Gathers what images and frozen inputs are had with.
    #[must_use]
    pub(crate) fn preparation<'b>(&'b self, at: &'b Workspace) -> Preparation<'b> {
        Preparation { context: self.context, workspace: at }
    }

    fn of_command(&self, at: &Workspace, ran: &CommandRun) -> Result<Reading, MutateError> {
        let spec = at.plan.command(&ran.entry.id);
        let spec = spec.expect("what ran is in the plan");
        let proof = prove::prove(&at.plan, spec, &ran.entry, &**self.context.store)?.proof;
        let mut evidence = streams(&**self.context.store, ran.entry.stdout.raw, ran.entry.stderr.raw)?;
        let code = ran.ended.clone();
        let noise: Vec<String> = ran
            .findings
            .iter()
            .map(|finding| format!("{} {}: {}", finding.name.as_str(), finding.at, finding.found))
            .collect();
        if let Some(first) = noise.first() {
            let verdict = Standing::worst(&ran.findings).max(proof.standing()).into();
            let says = if ran.entry.exit_code == 0 { first.clone() } else { code };
            evidence.insert("findings".to_owned(), noise.join("\n").into_bytes());
            return Ok(Reading { verdict, says, evidence });
        }
        let tried = crate::run::record::attempts(ran);
        let flake = (tried > 1 && ran.entry.succeeded())
            .then(|| Flake::judge(&spec.id, tried, spec.retries + 1, &at.plan.quarantine, self.today));
        let (verdict, says) = match (proof.standing(), flake.filter(|flake| !flake.passes())) {
            (Standing::Passed, Some(flake)) => (GateVerdict::Broken, flake.to_string()),
            (Standing::Passed, None) => (GateVerdict::Green, format!("{code}, {proof}")),
            (Standing::Undecided, _) => (GateVerdict::Broken, format!("{code}, {proof}")),
            (Standing::Failed | Standing::Tampered, _) => match proof.reason() {
                Some(reason) => (GateVerdict::Red, format!("{code}, {reason}")),
                None => (GateVerdict::Red, code),
            },
        };
        Ok(Reading { verdict, says, evidence })
    }
}

/// Reads the two streams of a command.
///
/// # Errors
/// [`MutateError::Store`] when one is missing or too large to look into.
pub(crate) fn streams(
    store: &dyn rcrepro_store::BlobStore,
    stdout: Digest,
    stderr: Digest,
) -> Result<BTreeMap<String, Vec<u8>>, MutateError> {
    Ok([("stdout".to_owned(), store.get(stdout)?), ("stderr".to_owned(), store.get(stderr)?)].into())
}

/// Makes a reading of findings: none is green.
fn reading_of_findings(lines: Vec<String>, good: &str) -> Reading {
    let says = match lines.len() {
        0 => good.to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let verdict = if lines.is_empty() { GateVerdict::Green } else { GateVerdict::Red };
    Reading {
        verdict,
        says,
        evidence: std::iter::once(("findings".to_owned(), lines.join("\n").into_bytes())).collect(),
    }
}

/// Reduces a plan to these commands and those that they need, and makes one packet of them. It has the id of a packet that
/// runs one of them, for the labels of containers.
pub(super) fn narrowed(at: &Workspace, wanted: &BTreeSet<Name>) -> (Workspace, PacketId, Packet) {
    let mut plan = at.plan.clone();
    let mut kept = wanted.clone();
    loop {
        let needs = plan.sets.values().flatten().filter(|spec| kept.contains(&spec.id)).flat_map(|spec| &spec.needs);
        let more: Vec<Name> = needs.filter(|need| !kept.contains(*need)).cloned().collect();
        if more.is_empty() {
            break;
        }
        kept.extend(more);
    }
    let holds = |(_, packet): &(&PacketId, &Packet)| at.plan.commands(packet).any(|spec| wanted.contains(&spec.id));
    let id = at.plan.packets.iter().find(holds).or_else(|| at.plan.packets.iter().next()).map(|(id, _)| id.clone());
    let id = id.expect("a plan with commands has a packet");
    for specs in plan.sets.values_mut() {
        specs.retain(|spec| kept.contains(&spec.id));
    }
    plan.sets.retain(|_, specs| !specs.is_empty());
    let packet = Packet {
        title: "The gates of mutants".to_owned(),
        sets: plan.sets.keys().cloned().collect(),
        ..Packet::default()
    };
    (Workspace { plan, ..at.clone() }, id, packet)
}
