//! What a survey means for a plan: the state of each reference, and the findings.

use serde::Serialize;

use super::reference::{Mention, Reference, ReferenceState, ReferencedTool, SourceKind, Use};
use super::survey::PinSurvey;
use super::wanted;
use crate::above::relative;
use crate::sweep::old::{OldVersion, Sighting};
use rcrepro_model::advisory::waiver::{self, Known, Waiver};
use rcrepro_model::plan::pins::Pins;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::plural::counted;

/// Something that keeps the pins from holding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinFinding {
    /// The id, without line numbers so that it stays: `pins/NAME:FILE:…`.
    pub id: String,
    /// Undecided where the tree cannot tell, or failed.
    #[serde(rename = "rank")]
    pub standing: Standing,
    /// The file; empty where it is about the whole tree.
    pub file: String,
    /// The line, from 1; 0 where it is about no line.
    pub line: usize,
    /// The column, from 1; 0 where it is about no line.
    pub column: usize,
    /// What is the matter.
    pub message: String,
    /// Who accepted it, why and until when.
    pub waived: Option<Waived>,
    /// The last day of a waiver that has expired.
    pub expired: Option<CivilDate>,
}

/// Who accepted a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// From the waiver, never blank.
    pub reason: String,
    /// From the waiver, never blank.
    pub owner: String,
    /// Until when.
    pub expires: CivilDate,
}

/// What a survey came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Every reference and look-alike, by file and place.
    pub references: Vec<Reference>,
    /// The search proof.
    pub old: Vec<OldVersion>,
    /// The findings, waived ones among them, by file and place.
    pub findings: Vec<PinFinding>,
    /// The waivers of findings about pins that do nothing, a line each.
    pub idle: Vec<String>,
    /// How many files were looked through.
    pub files: usize,
    /// How many of them are binary, in which only old versions were searched for.
    pub binary: usize,
}

impl Judgement {
    /// The worst of what is not waived; passed when everything agrees.
    #[must_use]
    pub fn standing(&self) -> Standing {
        Standing::worst(self.findings.iter().filter(|finding| finding.waived.is_none()))
    }
}

impl From<&PinFinding> for Standing {
    fn from(finding: &PinFinding) -> Self {
        finding.standing
    }
}

/// Compares a survey with the pins; `waivers` count as they do on `day`.
#[must_use]
pub fn judge(survey: &PinSurvey, pins: &Pins, waivers: &[Waiver], day: CivilDate) -> Judgement {
    let mut references: Vec<Reference> =
        survey.mentions.iter().map(|(file, mention)| reference(survey, pins, file, mention)).collect();
    references.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let mut findings: Vec<PinFinding> = references.iter().filter_map(of_reference).collect();
    findings.extend(survey.unreadable.iter().map(|unreadable| {
        let (line, column) = (unreadable.error.line, unreadable.error.column);
        let id = format!("pins/unreadable:{}", unreadable.file);
        let message = format!("cannot be read as what its name says: {}", unreadable.error);
        finding(id, Standing::Undecided, (&unreadable.file, line, column), message)
    }));
    findings.extend(survey.closed.iter().map(|path| {
        let message = "a submodule, whose files are not in this repository".to_owned();
        finding(format!("pins/unreadable:{path}"), Standing::Undecided, (path, 0, 0), message)
    }));
    let gone: Vec<PinFinding> = survey.old.iter().filter_map(|old| of_old(old, &findings)).collect();
    findings.extend(gone);
    findings.extend(no_toolchain(&references, pins));
    for (tool, pin) in [(ReferencedTool::Go, &pins.go), (ReferencedTool::Node, &pins.node)] {
        let none = !references.iter().any(|reference| reference.tool == tool && reference.look_alike.is_none());
        if pin.is_some() && none {
            let message =
                format!("the plan pins {tool}, and nothing in {} refers to it", counted(survey.files, "file"));
            findings.push(finding(format!("pins/no-reference:{tool}"), Standing::Undecided, ("", 0, 0), message));
        }
    }
    for finding in &mut findings {
        finding.waived = Waiver::find(waivers, &finding.id, day).map(|waiver| Waived {
            reason: waiver.reason.clone(),
            owner: waiver.owner.clone(),
            expires: waiver.expires,
        });
        finding.expired = Waiver::find_expired(waivers, &finding.id, day)
            .filter(|_| finding.waived.is_none())
            .map(|waiver| waiver.expires);
    }
    let known = Known { ids: findings.iter().map(|finding| finding.id.clone()).collect(), ..Known::default() };
    let ours: Vec<Waiver> =
        waivers.iter().filter(|waiver| waiver.finding.to_string().starts_with("pins/")).cloned().collect();
    let idle = waiver::idle(&ours, &known, day).into_iter().map(|idle| idle.says).collect();
    findings.sort_by(|a, b| (&a.file, a.line, a.column, &a.id).cmp(&(&b.file, b.line, b.column, &b.id)));
    Judgement { references, old: survey.old.clone(), findings, idle, files: survey.files, binary: survey.binary }
}

fn finding(id: String, standing: Standing, at: (&str, usize, usize), message: String) -> PinFinding {
    let (file, line, column) = at;
    PinFinding { id, standing, file: file.to_owned(), line, column, message, waived: None, expired: None }
}

fn reference(survey: &PinSurvey, pins: &Pins, file: &str, mention: &Mention) -> Reference {
    let (value, state) = match &mention.file {
        Some(named) => named_file(survey, pins, mention, named),
        None => (mention.value.clone(), state(pins, mention, &mention.value)),
    };
    Reference {
        file: file.to_owned(),
        line: mention.line,
        column: mention.column,
        tool: mention.tool,
        value,
        kind: mention.kind,
        state,
        look_alike: mention.look_alike.clone(),
    }
}

fn state(pins: &Pins, mention: &Mention, value: &str) -> ReferenceState {
    let pin = match mention.tool {
        ReferencedTool::Go => &pins.go,
        ReferencedTool::Node => &pins.node,
        ReferencedTool::PackageManager => &None,
        ReferencedTool::Image => {
            return match &mention.unclear {
                Some(why) => ReferenceState::Undecidable(why.clone()),
                None if value.contains("@sha256:") => ReferenceState::Agrees,
                // A document shows it to its readers: nothing here is built with it.
                None if mention.usage == Use::Allows => ReferenceState::Admits,
                None => ReferenceState::Floating,
            };
        }
    };
    match (pin, &mention.unclear) {
        (None, _) => ReferenceState::Unpinned,
        (Some(_), Some(why)) => ReferenceState::Undecidable(why.clone()),
        (Some(pin), None) => wanted::state(value, mention.usage, pin.version),
    }
}

/// Follows a place that names a file with the version in it, such as `go-version-file`.
fn named_file(survey: &PinSurvey, pins: &Pins, mention: &Mention, named: &str) -> (String, ReferenceState) {
    let path = named.trim_start_matches("./");
    // CI names it from the top of the repository.
    let tracked = relative(&survey.folder, path);
    // The order in which setup-go and setup-node look.
    let order = |held: &Mention| match (held.kind, held.usage) {
        (SourceKind::GoModToolchain | SourceKind::GoWorkToolchain, _) => 0,
        (SourceKind::PackageJson, Use::Selects) => 1,
        _ => 2,
    };
    let held = survey
        .mentions
        .iter()
        .filter(|(file, held)| *file == tracked && held.tool == mention.tool && held.look_alike.is_none());
    match held.map(|(_, held)| held).min_by_key(|held| order(held)) {
        Some(held) => {
            let selecting = Mention { usage: Use::Selects, unclear: held.unclear.clone(), ..mention.clone() };
            (format!("{path}: {}", held.value), state(pins, &selecting, &held.value))
        }
        None => {
            let unclear = mention.clone().unclear(format!("`{path}` has no version, or is not tracked"));
            (path.to_owned(), state(pins, &unclear, path))
        }
    }
}

fn of_reference(reference: &Reference) -> Option<PinFinding> {
    if reference.look_alike.is_some() {
        return None;
    }
    let Reference { file, line, column, tool, value, .. } = reference;
    let id = |name: &str| format!("pins/{name}:{file}:{tool}:{value}");
    let (id, rank, message) = match &reference.state {
        ReferenceState::Floating if *tool == ReferencedTool::Image => {
            let message = format!("`{value}` has no digest, and a tag does not say which image it is");
            (format!("pins/image-without-digest:{file}:{value}"), Standing::Failed, message)
        }
        ReferenceState::Floating => (id("floating"), Standing::Failed, format!("{tool} `{value}` changes by itself")),
        ReferenceState::Disagrees => {
            (id("disagrees"), Standing::Failed, format!("{tool} `{value}` is not the pinned version"))
        }
        ReferenceState::Undecidable(why) => {
            (id("undecidable"), Standing::Undecided, format!("{tool} `{value}`: {why}"))
        }
        ReferenceState::Agrees | ReferenceState::Admits | ReferenceState::Unpinned => return None,
    };
    Some(finding(id, rank, (file, *line, *column), message))
}

/// Makes a finding of an old version, unless its line already has one.
fn of_old(old: &OldVersion, findings: &[PinFinding]) -> Option<PinFinding> {
    let OldVersion { file, line, column, tool, version, sighting } = old;
    let (name, rank, message) = match sighting {
        Sighting::LookAlike(_) => return None,
        Sighting::Real => ("old-version", Standing::Failed, format!("{tool} {version} is not gone")),
        Sighting::Unclear => (
            "old-version-unclear",
            Standing::Undecided,
            format!("`{version}` may be {tool}'s old version, or another's"),
        ),
    };
    let said =
        |finding: &PinFinding| finding.file == *file && finding.line == *line && finding.standing == Standing::Failed;
    let id = format!("pins/{name}:{file}:{tool}:{version}");
    (!findings.iter().any(said)).then(|| finding(id, rank, (file, *line, *column), message))
}

/// Finds that the main module pins nothing: neither its `toolchain` line nor its `go` line is the pin.
fn no_toolchain(references: &[Reference], pins: &Pins) -> Option<PinFinding> {
    pins.go.as_ref()?;
    let within = |file: &str| references.iter().filter(move |reference| reference.file == file).collect::<Vec<_>>();
    // A workspace's lines count for all its modules.
    let (file, lines) =
        ["go.work", "go.mod"].map(|file| (file, within(file))).into_iter().find(|(_, lines)| !lines.is_empty())?;
    let go = lines.iter().find(|line| matches!(line.kind, SourceKind::GoModGo | SourceKind::GoWorkGo))?;
    let chosen = lines.iter().any(|line| matches!(line.kind, SourceKind::GoModToolchain | SourceKind::GoWorkToolchain));
    let admits = go.state == ReferenceState::Admits && !chosen;
    let message = format!("no `toolchain` line, and `go {}` is only a minimum: any newer Go builds it", go.value);
    admits.then(|| finding(format!("pins/no-toolchain:{file}"), Standing::Failed, (file, go.line, go.column), message))
}

#[cfg(test)]
mod tests;
