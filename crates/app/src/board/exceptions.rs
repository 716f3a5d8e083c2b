//! Exceptions: what passes rest on, and the waivers, quarantines and ignore entries that do nothing any more.
//!
//! Elsewhere an exception is looked up by what was found. Here it is the other way round, so that none stays behind unseen.

use std::collections::BTreeMap;

use super::pins::{self, PinsError};
use crate::advisories::findings;
use crate::board::status_error::StatusError;
use crate::suppressions::judged;
use crate::workspace::Workspace;
use rcrepro_model::advisory::policy::{Concern, Judged, condition};
use rcrepro_model::advisory::time_split::TimeSplit;
use rcrepro_model::advisory::waiver::{self, Known, Waiver};
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::Name;
use rcrepro_model::decision::board::{Held, PacketEvidence, PacketFacts};
use rcrepro_model::evidence::suppression::IdleException;
use rcrepro_model::plan::proof::Condition;
use rcrepro_model::plan::quarantine;
use rcrepro_model::plan::{PacketId, Plan};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::unknown::UnknownName;
use rcrepro_store::fs::FsStore;
use rcrepro_suppressions::kinds;

/// How the ids of a scan's findings begin.
const SCANS: [&str; 3] = ["gitleaks/", "govulncheck/", "npm-audit/"];
/// How the ids of findings about today's advisory data begin.
const ADVISORIES: &str = "advisories/";
/// How the ids of conditions begin.
const CONDITIONS: &str = "conditions/";
/// How the ids of suppressions begin.
const SUPPRESSIONS: &str = "suppressions/";
/// How the ids of exceptions begin that do nothing, which are told last.
const ORPHANED: &str = "suppressions/orphaned:";
/// How the ids of the pins' findings begin.
const PINS: &str = "pins/";

/// Lists what the passes of recorded commands rest on, as the waivers of a day have it.
#[must_use]
pub(crate) fn conditions(plan: &Plan, facts: &BTreeMap<PacketId, PacketFacts>, day: CivilDate) -> Vec<Held> {
    let mut held = Vec::new();
    for (packet, command, found) in recorded(facts).filter(|(.., found)| !found.idle) {
        let concern = Concern { id: found.id.clone(), says: found.says.clone() };
        let judged = condition(concern, &plan.waivers, day);
        held.push(Held { packet: packet.clone(), command: command.clone(), judged });
    }
    held
}

/// Lists what is recorded of the commands of packets whose evidence is whole.
fn recorded(facts: &BTreeMap<PacketId, PacketFacts>) -> impl Iterator<Item = (&PacketId, &Name, &Condition)> {
    facts.iter().flat_map(|(packet, facts)| {
        let by_command = match &facts.evidence {
            Some(PacketEvidence::Whole { conditions, .. }) => Some(conditions),
            _ => None,
        };
        let all = by_command.into_iter().flatten();
        all.flat_map(move |(command, found)| found.iter().map(move |found| (packet, command, found)))
    })
}

/// Names every exception of the plan that does nothing. `suppressions` are the ids of all that are known. Of advisory data of today
/// nothing is known here.
///
/// # Errors
/// [`StatusError`] when the store or the evidence cannot be read.
pub(crate) fn idle(
    workspace: &Workspace,
    revision: &str,
    source: Digest,
    store: &FsStore,
    facts: &BTreeMap<PacketId, PacketFacts>,
    suppressions: impl IntoIterator<Item = String>,
    day: CivilDate,
) -> Result<Vec<IdleException>, StatusError> {
    let plan = &workspace.plan;
    let mut known = Known { unknown: [ADVISORIES, ORPHANED].into(), ids: suppressions.into_iter().collect() };
    if !plan.waivers.is_empty() {
        by_pins(workspace, revision, day, &mut known);
        let scans = findings::findings(workspace, &[], source, store, day)?;
        known.ids.extend(scans.found.keys().map(|finding| finding.name().to_string()));
        if !scans.silent().is_empty() {
            known.unknown.extend(SCANS);
        }
        known.ids.extend(recorded(facts).map(|(.., found)| found.id.clone()));
        if facts.values().any(|facts| !matches!(facts.evidence, Some(PacketEvidence::Whole { .. }) | None)) {
            known.unknown.insert(CONDITIONS);
        }
    }
    let mut found = waivers(plan, &known, day);
    found.extend(quarantined(plan, day));
    Ok(found)
}

/// Names the exceptions that do nothing as far as the plan and the source tell without any evidence: what has expired, waivers of
/// findings about pins, and quarantines.
#[must_use]
pub(crate) fn idle_by_plan(workspace: &Workspace, revision: &str, day: CivilDate) -> Vec<String> {
    let plan = &workspace.plan;
    let mut known = Known {
        unknown: [ADVISORIES, CONDITIONS, SUPPRESSIONS].into_iter().chain(SCANS).collect(),
        ..Known::default()
    };
    if !plan.waivers.is_empty() {
        by_pins(workspace, revision, day, &mut known);
    }
    let mut lines = waivers(plan, &known, day);
    lines.extend(quarantined(plan, day));
    lines.into_iter().map(|idle| idle.says).collect()
}

/// Names the waivers about advisory data of today that do nothing, each a condition; where somebody was not asked, nothing is known.
#[must_use]
pub fn idle_today(plan: &Plan, split: &TimeSplit, day: CivilDate) -> Vec<Judged> {
    let ids = split.judged.iter().map(|judged| judged.concern.id.clone()).collect();
    let mut known = Known { ids, unknown: SCANS.into_iter().chain([PINS, CONDITIONS, SUPPRESSIONS]).collect() };
    if !split.not_asked().is_empty() {
        known.unknown.insert(ADVISORIES);
    }
    // Those that have expired are named already.
    let counting: Vec<_> = plan.waivers.iter().filter(|waiver| waiver.applies_on(day)).cloned().collect();
    waiver::idle(&counting, &known, day).into_iter().map(|idle| orphaned(&idle, &plan.waivers, day)).collect()
}

/// Makes an exception that does nothing a condition.
pub(crate) fn orphaned(idle: &IdleException, waivers: &[Waiver], day: CivilDate) -> Judged {
    let id = format!("{ORPHANED}{}", idle.about);
    condition(Concern { id, says: idle.says.clone() }, waivers, day)
}

/// Names the waivers that do nothing, those of suppressions of a kind that there is not among them.
fn waivers(plan: &Plan, known: &Known, day: CivilDate) -> Vec<IdleException> {
    let mut unknown: Vec<IdleException> = plan.waivers.iter().filter_map(unknown_kind).collect();
    let others = waiver::idle(&plan.waivers, known, day).into_iter();
    let others: Vec<IdleException> =
        others.filter(|idle| unknown.iter().all(|unknown| unknown.about != idle.about)).collect();
    unknown.splice(..0, others);
    unknown
}

/// Names a waiver whose kind of suppressions does not exist, with the kind that was probably meant.
fn unknown_kind(waiver: &Waiver) -> Option<IdleException> {
    let pattern = waiver.finding.to_string();
    let rest = pattern.strip_prefix(ORPHANED).or_else(|| pattern.strip_prefix(SUPPRESSIONS))?;
    let end = rest.find([':', '*']).unwrap_or(rest.len());
    let (kind, behind) = rest.split_at(end);
    let whole = [judged::FIRST, judged::CUT].map(|id| id.trim_start_matches(SUPPRESSIONS));
    let mut known = kinds::ALL.iter().map(|kind| kind.id);
    let is_known = match behind.chars().next() {
        Some('*') => known.chain(whole).any(|id| id.starts_with(kind)),
        Some(_) => known.any(|id| id == kind),
        None => whole.contains(&kind),
    };
    if is_known {
        return None;
    }
    let says = if kinds::by_id(kind).is_some() {
        format!(
            "the waiver of `{pattern}` matches no suppression: their ids go on behind the kind, as in `{pattern}:*`"
        )
    } else {
        let unknown = UnknownName::new("rcrepro", "kind of suppressions", kind, kinds::ALL.iter().map(|kind| kind.id));
        let meant = unknown.nearest().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
        format!("the waiver of `{pattern}` does nothing: {unknown}{meant}")
    };
    Some(IdleException { about: format!("waiver:{pattern}"), says })
}

fn by_pins(workspace: &Workspace, revision: &str, day: CivilDate, known: &mut Known) {
    match pins::pins(workspace, revision, day) {
        Ok(pinned) => known.ids.extend(pinned.judgement.findings.into_iter().map(|finding| finding.id)),
        // A plan without pins has no findings about them.
        Err(PinsError::NoPins) => {}
        Err(PinsError::Workspace(_)) => drop(known.unknown.insert(PINS)),
    }
}

fn quarantined(plan: &Plan, day: CivilDate) -> Vec<IdleException> {
    let retries = |id: &Name| plan.command(id).map_or(0, |spec| spec.retries);
    quarantine::idle(&plan.quarantine, retries, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::advisory::waiver::FindingPattern;

    #[test]
    fn a_waiver_of_a_kind_that_there_is_not_is_named_with_the_one_that_was_meant() {
        let says = |pattern: &str| {
            let waiver = Waiver {
                finding: FindingPattern::new(pattern).expect("a pattern"),
                reason: "known".into(),
                owner: "ada".into(),
                expires: "9999-12-30".parse().expect("a date"),
            };
            unknown_kind(&waiver).map(|idle| idle.says)
        };
        for pattern in [
            "suppressions/nolint:*",
            "suppressions/no*:a.go:*",
            "suppressions/*",
            "suppressions/orphaned:waiver:*",
            "suppressions/first-release",
            "suppressions/shallow-clone",
            "pins/NOPE",
        ] {
            assert_eq!(says(pattern), None, "{pattern}");
        }
        for pattern in
            ["suppressions/NOPE:*", "suppressions/orphaned:NOPE:*", "suppressions/NOPE", "suppressions/NOPE*"]
        {
            let said = says(pattern).expect("unknown");
            assert_eq!(
                said,
                format!("the waiver of `{pattern}` does nothing: rcrepro has no kind of suppressions `NOPE`")
            );
        }
        assert!(says("suppressions/nolnt:*").expect("unknown").ends_with("`nolnt`; did you mean `nolint`?"));
        assert!(says("suppressions/nolint").expect("no place").contains("as in `suppressions/nolint:*`"));
    }
}
