//! Streams and outputs: raw bytes against raw bytes, whatever normalizers make of them.

use super::error::WhyError;
use super::tree::{FileLook, place};
use crate::evidence::recorded;
use crate::run::ended::ended_by;
use rcrepro_explain::{Hints, explain as explain_bytes};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::evidence::compare::{CommandComparison, Comparison, Equality, Part};
use rcrepro_model::evidence::manifest::{CommandEntry, OutputEntry, ReproManifest, StreamEntry};
use rcrepro_model::execution::world::ClockMode;
use rcrepro_model::plan::{PacketId, Plan, Requirement};
use rcrepro_model::why::difference::{DifferenceClass, Explained};
use rcrepro_model::why::{ExplainedPart, MissingBlob, standing_clock};
use rcrepro_normalize as normalize;
use rcrepro_store::BlobStore;

/// Explains the endings of all commands, and every stream and output that is not bitwise equal.
pub fn explain(
    left: &ReproManifest,
    right: &ReproManifest,
    comparison: &Comparison,
    store: &dyn BlobStore,
    missing: &mut Vec<MissingBlob>,
) -> Result<(Vec<Explained>, Vec<ExplainedPart>), WhyError> {
    let (mut endings, mut parts) = (Vec::new(), Vec::new());
    let plans = [left, right].map(|manifest| recorded::plan(manifest, store));
    for command in &comparison.commands {
        let entry = |manifest: &ReproManifest| manifest.command(&command.id).cloned();
        let (Some(l), Some(r)) = (entry(left), entry(right)) else {
            let there = |manifest: &ReproManifest| if entry(manifest).is_some() { "a result" } else { "" };
            let cause = "the command ran on one side only";
            endings.push(Explained::real(command.id.as_str(), [there(left), there(right)], cause));
            continue;
        };
        endings.extend(ending(command, [(plans[0].as_ref(), &l), (plans[1].as_ref(), &r)]));
        let mut look = Look { store, missing, packet: &left.packet, command: &l, clocks: [l.clock, r.clock] };
        for (part, equality) in command.parts.iter().filter(|(_, equality)| *equality != Equality::Bitwise) {
            let (differences, digests) = match part {
                Part::Stdout => look.stream("stdout", &l.stdout, &r.stdout)?,
                Part::Stderr => look.stream("stderr", &l.stderr, &r.stderr)?,
                Part::Output(path) => {
                    let find = |entry: &CommandEntry| {
                        entry.outputs.iter().find(|(at, _)| at.as_str() == path).map(|(_, o)| o.clone())
                    };
                    (look.output(path, find(&l), find(&r))?, None)
                }
            };
            let (command, part, equality) = (command.id.clone(), part.clone(), *equality);
            parts.push(ExplainedPart { command, part, equality, differences, diffoscope: None, digests });
        }
    }
    Ok((endings, parts))
}

/// Explains what belongs to no stream or output. Digests of actions and results only name what differs elsewhere.
fn ending(command: &CommandComparison, sides: [(Option<&Plan>, &CommandEntry); 2]) -> Vec<Explained> {
    let [(_, l), (_, r)] = sides;
    let mut found = Vec::new();
    for difference in command.differences.iter().filter(|d| matches!(d.what.as_str(), "ending" | "exit code" | "line"))
    {
        let at = format!("{} {}", command.id, difference.what);
        let sides = match difference.what.as_str() {
            "ending" => sides.map(|(plan, entry)| ended_by(plan, entry)),
            _ => [difference.expected.clone(), difference.found.clone()],
        };
        found.push(Explained::real(&at, [&sides[0], &sides[1]], "it did something else, or ended otherwise"));
    }
    if l.clock.today() != r.clock.today() {
        let (at, cause) = (format!("{} clock", command.id), "it saw another clock");
        let sides = [l.clock.as_str(), r.clock.as_str()];
        found.push(Explained::new(
            &at,
            DifferenceClass::Environment,
            sides,
            cause,
            Some("one `clock` for both: a key of the command, on machines whose engine allows a seccomp listener"),
        ));
    }
    if command.wanted_bitwise && l.require == Requirement::Bitwise {
        let cause = "the plan demands bitwise equality, and only normalizers make it equal";
        let at = format!("{} require", command.id);
        found.push(Explained::real(&at, ["bitwise", "canonical"], cause));
    }
    found
}

/// Looks into one command's parts.
struct Look<'a> {
    store: &'a dyn BlobStore,
    missing: &'a mut Vec<MissingBlob>,
    packet: &'a PacketId,
    command: &'a CommandEntry,
    clocks: [ClockMode; 2],
}

impl Look<'_> {
    fn stream(
        &mut self,
        name: &str,
        l: &StreamEntry,
        r: &StreamEntry,
    ) -> Result<(Vec<Explained>, Option<[Digest; 2]>), WhyError> {
        let digests = Some([l.raw, r.raw]);
        let Some([left, right]) = self.files().both(name, l.raw, r.raw)? else { return Ok((Vec::new(), digests)) };
        let hints = Hints::of(&self.command.line);
        let mut found = explain_bytes(&format!("{} {name}", self.command.id), &left, &right, &hints);
        if l.canonical == r.canonical && l.normalizers == r.normalizers && !l.normalizers.is_empty() {
            let done = format!("removed already by normalize.{name} = {:?}", l.normalizers);
            found.iter_mut().for_each(|one| one.remedy = Some(done.clone()));
        } else {
            let clock = standing_clock(self.packet, &self.command.id, self.clocks, &found);
            // Tried on both streams, not guessed: after it they are equal.
            // What was too much work to be compared is too much for every normalizer, too.
            let whole = !found.iter().any(Explained::is_cut);
            let normalizer = if whole { removing(name, &left, &right) } else { None };
            let remedies: Vec<String> = clock.into_iter().chain(normalizer).collect();
            if !remedies.is_empty() {
                found.iter_mut().for_each(|one| one.remedy = Some(remedies.join("; or ")));
            }
        }
        if l.normalizers != r.normalizers {
            let (at, sides) =
                (format!("{} {name}", self.command.id), [l.normalizers.join(", "), r.normalizers.join(", ")]);
            found.push(Explained::real(&at, [&sides[0], &sides[1]], "other normalizers"));
        }
        Ok((found, digests))
    }

    fn output(
        &mut self,
        path: &str,
        l: Option<OutputEntry>,
        r: Option<OutputEntry>,
    ) -> Result<Vec<Explained>, WhyError> {
        let at = format!("{} {path}", self.command.id);
        Ok(match (l, r) {
            (
                Some(OutputEntry::File { raw: l, executable: x, .. }),
                Some(OutputEntry::File { raw: r, executable: y, .. }),
            ) => {
                let hints = Hints::of(&self.command.line);
                self.files().file((&at, path), (l, x), (r, y), &hints)?
            }
            (Some(OutputEntry::Directory { raw: l, .. }), Some(OutputEntry::Directory { raw: r, .. })) => {
                self.tree(&at, path, l, r)?
            }
            (Some(OutputEntry::Symlink { target: l }), Some(OutputEntry::Symlink { target: r })) => {
                vec![Explained::real(&at, [&l, &r], "another target of the link")]
            }
            (l, r) => {
                let kind = |entry: &Option<OutputEntry>| match entry {
                    None => "",
                    Some(OutputEntry::File { .. }) => "a file",
                    Some(OutputEntry::Directory { .. }) => "a directory",
                    Some(OutputEntry::Symlink { .. }) => "a link",
                };
                vec![Explained::real(&at, [kind(&l), kind(&r)], "another kind of output, or none")]
            }
        })
    }

    fn tree(&mut self, at: &str, path: &str, l: Digest, r: Digest) -> Result<Vec<Explained>, WhyError> {
        let hints = Hints::of(&self.command.line);
        let mut found = Vec::new();
        for difference in self.files().differing(path, l, r)? {
            let (place, below) = (place(at, &difference.path), format!("{path}/{}", difference.path));
            found.extend(self.files().entry((&place, &below), &difference, &hints)?);
        }
        Ok(found)
    }

    fn files(&mut self) -> FileLook<'_> {
        FileLook { store: self.store, missing: self.missing, of: self.command.id.as_str() }
    }
}

/// Names the normalizer that makes two streams equal, if one alone does.
fn removing(name: &str, left: &[u8], right: &[u8]) -> Option<String> {
    let equal = |normalizer: &&normalize::Normalizer| normalizer.apply(left) == normalizer.apply(right);
    normalize::all().iter().find(equal).map(|normalizer| format!("normalize.{name} = [{:?}]", normalizer.name()))
}
