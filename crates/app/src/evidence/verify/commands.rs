//! One command: everything in its entry is derived again and compared.

use std::collections::BTreeMap;

use super::Judge;
use crate::run::actions::{ActionError, Resolved, derive_action};
use crate::run::ended::ended;
use crate::run::execute::canonical_blob;
use crate::run::promised;
use crate::run::prove::{Proved, prove};
use crate::run::quiet;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{FindingName, Note};
use rcrepro_model::evidence::manifest::{CommandEntry, EndingEntry, OutputEntry};
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::{CommandSpec, Plan};
use rcrepro_proof::{Proof, usual_clock};
use rcrepro_store::StoreError;
use rcrepro_store::export::ExportError;

impl Judge<'_> {
    pub(super) fn command(
        &mut self,
        plan: Option<&Plan>,
        resolved: &Resolved,
        results: &BTreeMap<Name, CommandEntry>,
        entry: &CommandEntry,
    ) {
        let at = format!("commands.{}", entry.id);
        let spec = plan.and_then(|plan| plan.command(&entry.id));
        if let (Some(plan), Some(spec)) = (plan, spec) {
            self.stated(&at, spec, entry);
            self.derived(&at, plan, spec, resolved, results, entry);
            self.quiet(spec, entry);
        }
        for (part, digest) in [
            ("input_root", entry.input_root),
            ("command", entry.command),
            ("action", entry.action),
            ("result", entry.result),
        ] {
            self.check(&format!("{at}.{part}"), digest);
        }
        for (part, stream) in [("stdout", &entry.stdout), ("stderr", &entry.stderr)] {
            self.canonical(&format!("{at}.{part}"), stream.raw, stream.canonical, &stream.normalizers);
        }
        for (path, output) in &entry.outputs {
            self.output(&format!("{at}.outputs.{path}"), output);
        }
        let result = Digest::of(&entry.action_result().encode());
        self.same(FindingName::ResultDiffers, &format!("{at}.result"), &result, &entry.result);
        let contradiction = match entry.ending {
            EndingEntry::Exited => !(0..=128).contains(&entry.exit_code),
            EndingEntry::Signaled => !(129..=192).contains(&entry.exit_code),
            EndingEntry::OutOfMemory | EndingEntry::TimedOut => false,
        };
        if contradiction {
            let found = format!("{} with exit code {}", entry.ending.as_str(), entry.exit_code);
            self.finding(
                FindingName::EndingDiffers,
                &format!("{at}.ending"),
                "an ending that fits the exit code",
                found,
            );
        }
        let ended = ended(spec, entry);
        let proved = plan.zip(spec).and_then(|(plan, spec)| prove(plan, spec, entry, self.store).ok());
        // An exit code that is no verdict of the tool's is a finding of its own, and no failure.
        let decided = !matches!(proved, Some(Proved { proof: Proof::NoVerdict { .. }, .. }));
        if !entry.succeeded() && decided {
            self.finding(FindingName::CommandFailed, &at, "exit code 0", &ended);
        }
        self.attempts(&at, plan, spec, entry);
        if let Some(proved) = proved {
            self.proved(&at, entry, proved, &ended);
        }
    }

    /// Says what the evidence proves; a stream that is missing is a finding already.
    fn proved(&mut self, at: &str, entry: &CommandEntry, proved: Proved, ended: &str) {
        let Proved { proof, read, lacking } = proved;
        for digest in &lacking {
            let says = format!("what a file of its inputs would prove: blob {digest} is not there");
            self.untied.push(Note { at: format!("{at}.proof"), says });
        }
        self.read.extend(read.into_iter().chain(lacking));
        let name = match &proof {
            Proof::Proven { .. } | Proof::Unproven { .. } => None,
            Proof::Hollow { .. } => Some(FindingName::HollowPass),
            Proof::NoVerdict { .. } => Some(FindingName::NoVerdict),
            Proof::Contradicted { .. } => Some(FindingName::ProofContradicted),
            // It has a finding of its own.
            Proof::Failed => None,
        };
        if let Some(name) = name {
            let reason = proof.reason().unwrap_or_default();
            let found = match proof {
                Proof::NoVerdict { .. } => format!("{ended}: {reason}"),
                _ => reason.to_owned(),
            };
            self.finding(name, &format!("{at}.proof"), "evidence that the command did its work", found);
        }
        self.proofs.push((entry.id.clone(), proof));
    }

    /// Compares what the plan states with what the entry repeats.
    fn stated(&mut self, at: &str, spec: &CommandSpec, entry: &CommandEntry) {
        let name = FindingName::PlanDiffers;
        self.same(name, &format!("{at}.line"), &spec.line, &entry.line);
        self.same(name, &format!("{at}.image"), &spec.image, &entry.image);
        // A machine that cannot make the clock gives its own; what was not asked for nobody can have got.
        let tool = match self.manifest.version {
            2 => ClockMode::Stands,
            _ => usual_clock(&spec.line, spec.proof),
        };
        let expected = spec.world.mode(tool).today();
        let is_less = matches!(entry.clock, ClockMode::Real | ClockMode::Unconfirmed);
        if !is_less || expected == ClockMode::Real {
            self.same(name, &format!("{at}.clock"), &expected.as_str(), &entry.clock.today().as_str());
        }
        self.same(name, &format!("{at}.require"), &spec.require.as_str(), &entry.require.as_str());
        let mut list = |part: &str, expected: String, found: String| {
            self.same(name, &format!("{at}.{part}"), &expected, &found);
        };
        list("frozen", listed(&spec.frozen), listed(&entry.frozen));
        list("needs", listed(&spec.needs), listed(&entry.needs));
        list("stdout.normalizers", listed(&spec.normalize_stdout), listed(&entry.stdout.normalizers));
        list("stderr.normalizers", listed(&spec.normalize_stderr), listed(&entry.stderr.normalizers));
        for (path, output) in &entry.outputs {
            let expected = spec.normalize_outputs.get(path).map_or(&[][..], Vec::as_slice);
            let part = format!("outputs.{path}.normalizers");
            list(&part, listed(expected), listed(output.normalizers()));
        }
        for path in entry.outputs.keys().filter(|path| !spec.outputs.contains(path)) {
            self.finding(name, &format!("{at}.outputs.{path}"), "an output that the plan declares", path);
        }
        let unkept = self.manifest.failed.as_ref().and_then(|failed| failed.unkept.get(&spec.id));
        self.findings.extend(promised::missing(spec, entry, unkept));
    }

    /// Judges the streams once more by what the plan forbids. A missing stream is a finding elsewhere.
    fn quiet(&mut self, spec: &CommandSpec, entry: &CommandEntry) {
        self.findings.extend(quiet::streams(self.store, &spec.quiet, entry).unwrap_or_default());
    }

    /// Derives the action as a run does, and compares each digest on the way.
    fn derived(
        &mut self,
        at: &str,
        plan: &Plan,
        spec: &CommandSpec,
        resolved: &Resolved,
        results: &BTreeMap<Name, CommandEntry>,
        entry: &CommandEntry,
    ) {
        match derive_action(plan, spec, resolved, results, self.store) {
            Ok(action) => {
                let command = Digest::of(&action.command.encode());
                self.same(
                    FindingName::InputRootDiffers,
                    &format!("{at}.input_root"),
                    &action.input_root,
                    &entry.input_root,
                );
                self.same(FindingName::CommandDiffers, &format!("{at}.command"), &command, &entry.command);
                self.same(FindingName::ActionDiffers, &format!("{at}.action"), &action.digest(), &entry.action);
            }
            Err(error) => {
                let name = match &error {
                    ActionError::Store(StoreError::Missing { .. })
                    | ActionError::Graft { source: ExportError::Store(StoreError::Missing { .. }), .. } => {
                        FindingName::EvidenceMissing
                    }
                    _ => FindingName::InputRootDiffers,
                };
                self.finding(name, &format!("{at}.input_root"), entry.input_root, error);
            }
        }
    }

    /// Derives the canonical bytes of a stream or file again, where this build has the normalizers that made them.
    fn canonical(&mut self, at: &str, raw: Digest, stated: Digest, normalizers: &[String]) {
        if self.check(&format!("{at}.raw"), raw) && self.has_normalizers(normalizers) {
            match canonical_blob(self.store, raw, normalizers) {
                Ok(canonical) => {
                    self.same(FindingName::CanonicalDiffers, &format!("{at}.canonical"), &canonical, &stated);
                }
                Err(error) => self.finding(FindingName::EvidenceMissing, &format!("{at}.raw"), raw, error),
            }
        }
        if stated != raw {
            self.check(&format!("{at}.canonical"), stated);
        }
    }

    fn output(&mut self, at: &str, entry: &OutputEntry) {
        match entry {
            OutputEntry::File { raw, canonical, normalizers, .. } => self.canonical(at, *raw, *canonical, normalizers),
            OutputEntry::Directory { raw, canonical } => {
                self.check(&format!("{at}.raw"), *raw);
                self.same(FindingName::CanonicalDiffers, &format!("{at}.canonical"), raw, canonical);
            }
            OutputEntry::Symlink { .. } => {}
        }
    }
}

/// Lists names for people.
fn listed<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
