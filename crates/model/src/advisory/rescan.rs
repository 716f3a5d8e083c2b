//! What the scans of a packet say with advisory data of today: `today/PACKET.json`.
//!
//! It is not evidence of what was certified, whose data stays the locked one. It says what the same commands, over the same source,
//! found with newer data, so that a condition can go or become a fact.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::content::digest::Digest;
use crate::content::name::Name;
use crate::plan::packet_id::PacketId;
use crate::standing::Standing;

/// The version of the record's format.
pub const RESCAN_VERSION: u32 = 1;

/// The record of one packet; canonical JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rescan {
    /// The format's version, [`RESCAN_VERSION`].
    pub version: u32,
    /// The packet whose commands ran.
    pub packet: PacketId,
    /// The root of the source that was scanned.
    pub source: Digest,
    /// The bytes of the plan.
    pub plan: Digest,
    /// The frozen inputs with advisory data that the commands use.
    pub data: BTreeMap<Name, RescanData>,
    /// The commands that use them.
    pub commands: Vec<RescanCommand>,
}

/// The data of one frozen input, then and today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RescanData {
    /// What was locked.
    pub then: DataState,
    /// The data of today; `None` when no source answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub today: Option<DataState>,
    /// Why no source answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub not_asked: Option<String>,
}

/// One state of advisory data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataState {
    /// The root of its tree.
    pub root: Digest,
    /// When it was published or recorded, as RFC 3339 writes it.
    pub date: String,
}

/// One command, then and today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RescanCommand {
    /// The scan's command, by its id in the plan.
    pub id: Name,
    /// The frozen inputs with advisory data that it uses.
    pub uses: BTreeSet<Name>,
    /// What the recorded evidence says.
    pub then: Answer,
    /// What it says with the data of today.
    pub today: Answer,
}

/// What a scan said, and by which result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The REAPI `ActionResult`, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<Digest>,
    /// What it says.
    pub outcome: ScanOutcome,
}

/// What a scan came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "is")]
pub enum ScanOutcome {
    /// It did its work and found nothing.
    Clean,
    /// It found these, by id.
    Finds {
        /// The ids, as the tool knows them.
        ids: BTreeSet<String>,
    },
    /// It could not say.
    Undecided {
        /// The reason, for people.
        why: String,
    },
}

impl From<&ScanOutcome> for Standing {
    fn from(outcome: &ScanOutcome) -> Self {
        match outcome {
            ScanOutcome::Clean => Self::Passed,
            ScanOutcome::Undecided { .. } => Self::Undecided,
            ScanOutcome::Finds { .. } => Self::Failed,
        }
    }
}

impl std::fmt::Display for ScanOutcome {
    /// Writes `clean`, `finds GO-2026-0001` or `undecided: …`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clean => f.write_str("clean"),
            Self::Finds { ids } => {
                write!(f, "finds {}", ids.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
            Self::Undecided { why } => write!(f, "undecided: {why}"),
        }
    }
}

/// Returns what scans of today found with the data of one frozen input: the ids, none of them when all are clean; `None` when not
/// every command of `users` (packet and command) has decided.
///
/// `records` are of the source and plan at hand; with a `root`, only scans with exactly that data count.
#[must_use]
pub fn decided(
    records: &[Rescan],
    name: &Name,
    root: Option<Digest>,
    users: &BTreeSet<(PacketId, Name)>,
) -> Option<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for (packet, id) in users {
        let record = records.iter().find(|record| record.packet == *packet)?;
        let today = record.data.get(name)?.today.as_ref()?;
        if root.is_some_and(|root| root != today.root) {
            return None;
        }
        match &record.commands.iter().find(|command| command.id == *id)?.today.outcome {
            ScanOutcome::Clean => {}
            ScanOutcome::Finds { ids } => found.extend(ids.iter().cloned()),
            ScanOutcome::Undecided { .. } => return None,
        }
    }
    (!users.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn record(outcome: ScanOutcome) -> Rescan {
        let state = |text: &str| DataState { root: Digest::of(text.as_bytes()), date: "2026-11-28T00:00:00Z".into() };
        let data = RescanData { then: state("then"), today: Some(state("today")), not_asked: None };
        let answer = |outcome| Answer { result: Some(Digest::of(b"a result")), outcome };
        Rescan {
            version: RESCAN_VERSION,
            packet: "RC-02".parse().expect("an id"),
            source: Digest::of(b"source"),
            plan: Digest::of(b"plan"),
            data: [(name("vulndb"), data)].into(),
            commands: vec![RescanCommand {
                id: name("scan"),
                uses: [name("vulndb")].into(),
                then: answer(ScanOutcome::Clean),
                today: answer(outcome),
            }],
        }
    }

    #[test]
    fn only_scans_of_exactly_that_data_by_every_command_decide() {
        let users: BTreeSet<_> = [("RC-02".parse().expect("an id"), name("scan"))].into();
        let (today, other) = (Some(Digest::of(b"today")), Some(Digest::of(b"tomorrow")));
        let clean = [record(ScanOutcome::Clean)];
        let vulndb = name("vulndb");
        assert_eq!(decided(&clean, &vulndb, today, &users), Some(BTreeSet::new()));
        assert_eq!(decided(&clean, &vulndb, None, &users), Some(BTreeSet::new()));
        assert_eq!(decided(&clean, &vulndb, other, &users), None, "other data");
        assert_eq!(decided(&clean, &name("npm"), None, &users), None, "another input");
        assert_eq!(decided(&[], &vulndb, today, &users), None, "no record");
        assert_eq!(decided(&clean, &vulndb, today, &BTreeSet::new()), None, "nobody scans with it");
        let more: BTreeSet<_> =
            users.iter().cloned().chain([("RC-05".parse().expect("an id"), name("scan"))]).collect();
        assert_eq!(decided(&clean, &vulndb, today, &more), None, "another packet scans with it, too");
        let undecided = [record(ScanOutcome::Undecided { why: "hollow".into() })];
        assert_eq!(decided(&undecided, &vulndb, today, &users), None);
        let ids: BTreeSet<String> = ["GO-2026-0001".to_owned()].into();
        assert_eq!(decided(&[record(ScanOutcome::Finds { ids: ids.clone() })], &vulndb, today, &users), Some(ids));
    }

    #[test]
    fn records_round_trip() {
        for outcome in [ScanOutcome::Clean, ScanOutcome::Finds { ids: ["GO-1".to_owned()].into() }] {
            let record = record(outcome);
            let text = serde_json::to_string(&record).expect("JSON");
            assert_eq!(serde_json::from_str::<Rescan>(&text).expect("a record"), record);
        }
    }
}
