//! What the suppressions of a release make of its verdict.
//!
//! A new one, and one that silences nothing any more, is a condition. What the plan itself lets pass, such as a waiver, is told when it
//! is new, and a condition once it does nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::previous::PreviousRelease;
use rcrepro_model::advisory::policy::{Concern, Effect, Judged, condition};
use rcrepro_model::advisory::waiver::Waiver;
use rcrepro_model::evidence::suppression::{Silenced, Suppression, SuppressionChanges, SuppressionSource, changes};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::plural::counted;

/// How many rows of one kind are told one by one.
const ROWS: usize = 12;
/// How many places of one row are named.
const PLACES: usize = 3;
/// The condition of a release whose earlier releases are beyond the end of a shallow history.
pub(crate) const CUT: &str = "suppressions/shallow-clone";
/// The condition of a release that none can be compared with.
pub(crate) const FIRST: &str = "suppressions/first-release";

/// What suppressions make of a verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct JudgedSuppressions {
    pub(crate) conditions: Vec<Judged>,
    pub(crate) notes: Vec<String>,
}

/// What suppressions are judged by.
pub(crate) struct JudgingOf<'a> {
    /// Those of now.
    pub(crate) entries: &'a [Suppression],
    /// Those before, if there was a release.
    pub(crate) previous: Option<&'a PreviousRelease>,
    /// Why nothing can be said of a release before.
    pub(crate) cut: Option<&'a str>,
    /// Whether the manifests at hand, or those of the release before, have ledgers; those from before there were any have none.
    pub(crate) is_recorded: bool,
    /// The ids of the conditions that passes rest on anyway.
    pub(crate) covered: &'a BTreeSet<String>,
    pub(crate) waivers: &'a [Waiver],
    pub(crate) day: CivilDate,
}

impl JudgingOf<'_> {
    /// Judges entries on a day.
    pub(crate) fn judge(&self) -> JudgedSuppressions {
        let found = self.conditions();
        if self.is_recorded {
            return found;
        }
        // What was recorded before there were ledgers is judged as it was.
        let JudgedSuppressions { conditions, mut notes } = found;
        notes.extend(conditions.iter().filter(|one| one.effect != Effect::Nothing).map(Judged::line));
        JudgedSuppressions { conditions: Vec::new(), notes }
    }

    fn conditions(&self) -> JudgedSuppressions {
        let mut found = JudgedSuppressions::default();
        let idle = self.entries.iter().filter(|entry| entry.silenced == Silenced::Nothing);
        found.conditions.extend(self.rows(idle, "suppressions/orphaned:", "silences nothing any more"));
        let live = self.entries.iter().filter(|entry| entry.silenced != Silenced::Nothing).cloned();
        let (unread, live): (Vec<Suppression>, Vec<Suppression>) = live.partition(Suppression::is_unread);
        // What they suppress may have changed, whether they could be read before or not.
        found.conditions.extend(self.rows(unread.iter(), "suppressions/", "what it suppresses is not known"));
        let Some(previous) = self.previous else {
            let cut = self
                .cut
                .map(|why| condition(Concern { id: CUT.to_owned(), says: why.to_owned() }, self.waivers, self.day));
            found.conditions.extend(cut.or_else(|| self.first(&live)));
            return found;
        };
        let SuppressionChanges { new, gone } = changes(&previous.entries, &previous.comparable(&live));
        let (accepted, new): (Vec<&Suppression>, Vec<&Suppression>) = new.iter().partition(|entry| is_accepted(entry));
        let since = format!("is new since {}", previous.name);
        let open = new.into_iter().filter(|entry| !covers(self.covered, entry));
        found.conditions.extend(self.rows(open, "suppressions/", &since));
        let told = |entry: &&Suppression| format!("{} of `{}` {since}", entry.kind, entry.silences);
        found.notes.extend(accepted.iter().map(told));
        let now: BTreeSet<String> = self.entries.iter().map(Suppression::id).collect();
        let gone = gone.iter().filter(|entry| !now.contains(&entry.id())).count();
        if gone > 0 {
            found.notes.push(format!("{} of {} is gone", counted(gone, "suppression"), previous.name));
        }
        found
    }

    /// Lists the ids that waivers can be about.
    pub(crate) fn ids(&self) -> impl Iterator<Item = String> {
        let idle = |entry: &Suppression| entry.silenced == Silenced::Nothing;
        let name = move |entry: &Suppression| {
            let id = entry.id();
            if idle(entry) { id.replacen("suppressions/", "suppressions/orphaned:", 1) } else { id }
        };
        let first = self.cut.map_or(FIRST, |_| CUT);
        self.entries.iter().map(name).chain(self.previous.is_none().then(|| first.to_owned()))
    }

    /// Makes one condition of everything, where no release can be compared with.
    fn first(&self, live: &[Suppression]) -> Option<Judged> {
        let is_open = |entry: &&Suppression| {
            let is_waived = Waiver::find(self.waivers, &entry.id(), self.day).is_some();
            !is_accepted(entry) && !is_waived && !covers(self.covered, entry)
        };
        let open: Vec<&Suppression> = live.iter().filter(is_open).collect();
        if open.is_empty() || !self.is_recorded {
            return None;
        }
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &open {
            *kinds.entry(&entry.kind).or_default() += 1;
        }
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let says = format!(
            "the first release: {} that no earlier one is compared with: {} (rcrepro suppressions)",
            counted(open.len(), "suppression"),
            kinds.join(", ")
        );
        Some(condition(Concern { id: FIRST.to_owned(), says }, self.waivers, self.day))
    }

    /// Makes conditions of entries: one for all that say the same and are waived alike, and one for a whole kind with many.
    fn rows<'b>(&self, entries: impl Iterator<Item = &'b Suppression>, prefix: &str, what: &str) -> Vec<Judged> {
        let mut rows: BTreeMap<(&str, &str, Option<String>), Vec<Member<'_>>> = BTreeMap::new();
        for entry in entries {
            let id = entry.id().replacen("suppressions/", prefix, 1);
            let judged = condition(Concern { id, says: String::new() }, self.waivers, self.day);
            rows.entry((&entry.kind, &entry.silences, judged.waived.clone())).or_default().push((entry, judged));
        }
        let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
        for (kind, ..) in rows.keys().filter(|(.., waived)| waived.is_none()) {
            *by_kind.entry(kind).or_default() += 1;
        }
        let mut found: Vec<Judged> = Vec::new();
        for ((kind, silences, waived), members) in &rows {
            if waived.is_none() && by_kind.get(kind).is_some_and(|count| *count > ROWS) {
                continue;
            }
            found.extend(joined(members, &format!("{prefix}{kind}:*:{silences}"), what));
        }
        for (kind, count) in by_kind.iter().filter(|(_, count)| **count > ROWS) {
            let says = format!("{count} different ones, of which each {what} (rcrepro suppressions)");
            let concern = Concern { id: format!("{prefix}{kind}:*"), says };
            found.push(Judged { concern, waived: None, expired: None, effect: Effect::Condition });
        }
        found
    }
}

/// An entry with what the waivers make of it.
type Member<'a> = (&'a Suppression, Judged);

/// Joins entries that say the same; `id` is that of several.
fn joined(members: &[Member<'_>], id: &str, what: &str) -> Option<Judged> {
    let (first, judged) = members.first()?;
    let places: Vec<String> = members.iter().take(PLACES).map(|(entry, _)| entry.place()).collect();
    let more = members.len().saturating_sub(PLACES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let reason =
        first.reason.as_ref().map_or_else(|| "no reason is written".to_owned(), |reason| format!("\"{reason}\""));
    let says = if first.is_unread() {
        format!("{}{more} {}: {what}", places.join(", "), first.silences)
    } else {
        format!("`{}` {what}: {}{more}; {reason}", first.silences, places.join(", "))
    };
    let id = if members.len() == 1 { judged.concern.id.clone() } else { id.to_owned() };
    Some(Judged { concern: Concern { id, says }, ..judged.clone() })
}

/// Whether the plan itself says so: a person wrote it there for this release, and the plan is what a person approves.
fn is_accepted(entry: &Suppression) -> bool {
    entry.source == SuppressionSource::Plan
}

/// Whether the same is a condition already that a pass rests on, so that it is not told twice.
fn covers(covered: &BTreeSet<String>, entry: &Suppression) -> bool {
    let value = || entry.silences.rsplit([' ', '=']).next().unwrap_or_default();
    let about = match entry.kind.as_str() {
        // Its condition says where the file is in the source, which the folder tells that the ignore file is in.
        "gitleaks-ignored" => {
            let folder = entry.at.rsplit_once('/').map_or("", |(folder, _)| folder);
            let below = format!("conditions/gitleaks-ignored:{folder}/{}", entry.silences);
            return covered.contains(&below)
                || covered.contains(&format!("conditions/gitleaks-ignored:{}", entry.silences));
        }
        "gitleaks-too-large" => &*entry.silences,
        "gitleaks-allow-comment" | "go-test-skips" | "go-test-tags" | "eslint-disable" => &*entry.at,
        "gitleaks-baseline" | "gitleaks-rules" | "gitleaks-partial" | "npm-audit-level" => value(),
        "gitleaks-config" => {
            let start = format!("conditions/gitleaks-config:{}:", entry.at);
            return covered.range(start.clone()..).next().is_some_and(|id| id.starts_with(&start));
        }
        _ => return false,
    };
    covered.contains(&format!("conditions/{}:{about}", entry.kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcrepro_model::advisory::waiver::FindingPattern;

    fn entry(kind: &str, at: &str, silences: &str) -> Suppression {
        Suppression {
            kind: kind.into(),
            at: at.into(),
            line: 3,
            silences: silences.into(),
            reason: None,
            source: SuppressionSource::Tree,
            silenced: Silenced::Undecided,
        }
    }

    fn judged(entries: &[Suppression], covered: &[&str], waived: &[&str], is_recorded: bool) -> Vec<Judged> {
        let day = "2026-11-30".parse().expect("a date");
        let waiver = |pattern: &&str| Waiver {
            finding: FindingPattern::new(pattern).expect("a pattern"),
            reason: "known".into(),
            owner: "ada".into(),
            expires: day,
        };
        let waivers: Vec<Waiver> = waived.iter().map(waiver).collect();
        let covered = covered.iter().map(|id| (*id).to_owned()).collect();
        let judging =
            JudgingOf { entries, previous: None, cut: None, is_recorded, covered: &covered, waivers: &waivers, day };
        judging.judge().conditions
    }

    #[test]
    fn without_an_earlier_release_all_are_one_condition() {
        let entries = [entry("nolint", "a.go", "errcheck"), entry("gitleaks-ignored", ".gitleaksignore", "a:b:1")];
        let found = judged(&entries, &["conditions/gitleaks-ignored:a:b:1"], &[], true);
        let [one] = found.as_slice() else { panic!("one condition: {found:?}") };
        assert_eq!(one.concern.id, FIRST);
        assert!(
            one.concern.says.contains("1 suppression that") && one.concern.says.contains(": 1 nolint ("),
            "{one:?}"
        );
        assert_eq!(judged(&entries, &[], &[], false), [], "manifests from before there were ledgers");
        let waived = judged(&entries, &[], &["suppressions/nolint:*", "suppressions/gitleaks-ignored:*"], true);
        assert_eq!(waived, [], "somebody accepted each");
        let deep = [entry("gitleaks-ignored", "deep/.gitleaksignore", "a:b:1")];
        let told = ["conditions/gitleaks-ignored:deep/a:b:1"];
        let before = judged(&deep, &told, &[], true);
        assert!(before.is_empty(), "a condition of the same entry is told already: {before:?}");
        assert_eq!(judged(&entries, &[], &[FIRST], true)[0].effect, Effect::Nothing);
        let waiver = Suppression { source: SuppressionSource::Plan, ..entry("waiver", "waivers", "pins/x") };
        assert_eq!(judged(&[waiver], &[], &[], true), [], "the plan says so itself");
    }

    #[test]
    fn what_cannot_be_read_is_a_condition_by_itself() {
        let entries = [entry("gitleaks-config", ".gitleaks.toml", "cannot be read: it is not TOML; correct it")];
        let covered = ["conditions/gitleaks-config:.gitleaks.toml:allowlist"];
        let found = judged(&entries, &covered, &[], true);
        let [one] = found.as_slice() else { panic!("one condition: {found:?}") };
        assert_eq!(
            one.line(),
            "suppressions/gitleaks-config:.gitleaks.toml:cannot be read: it is not TOML; correct it: \
             .gitleaks.toml:3 cannot be read: it is not TOML; correct it: what it suppresses is not known"
        );
        assert_eq!(judged(&entries, &[], &["suppressions/gitleaks-config:*"], true)[0].effect, Effect::Nothing);
        assert_eq!(judged(&entries, &[], &[], false), [], "manifests from before there were ledgers");
    }

    #[test]
    fn what_silences_nothing_is_a_condition_by_itself_and_many_are_one() {
        let idle = |at: &str, silences: &str| Suppression {
            silenced: Silenced::Nothing,
            ..entry("gitleaks-ignored", at, silences)
        };
        assert_eq!(judged(&[idle(".gitleaksignore", "gone:b:1")], &[], &[], false), []);
        let found = judged(&[idle(".gitleaksignore", "gone:b:1")], &[], &[], true);
        assert_eq!(found[0].concern.id, "suppressions/orphaned:gitleaks-ignored:.gitleaksignore:gone:b:1");
        assert!(found[0].concern.says.starts_with("`gone:b:1` silences nothing any more: .gitleaksignore:3"));
        let many: Vec<Suppression> = (0..40).map(|at| idle(".gitleaksignore", &format!("gone{at}:b:1"))).collect();
        let found = judged(&many, &[], &[], true);
        assert_eq!((found.len(), found[0].concern.id.as_str()), (1, "suppressions/orphaned:gitleaks-ignored:*"));
        let waived = judged(&many, &[], &["suppressions/orphaned:gitleaks-ignored:*"], true);
        assert!(waived.len() == 40 && waived.iter().all(|one| one.effect == Effect::Nothing));
    }
}
