//! `rcrepro documents`: holds the commands that tracked documents quote against the plan and the recorded manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::evidence::evidence_set::{EvidenceSet, EvidenceSetError};
use crate::evidence::tampered::{self, Tampered};
use crate::suppressions::trees::SourceReadings;
use crate::workspace::files::restore;
use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_format::records::manifest_json::{self, ManifestError};
use rcrepro_format::syntax::canonical_json;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::plan::PacketId;
use rcrepro_model::plan::documents::{PlanLine, QuotedCommand, QuotedState, RecordedCommand};
use rcrepro_model::plan::glob::PathGlob;
use rcrepro_model::standing::Standing;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_pins::documents::sections::SectionsError;
use rcrepro_pins::documents::{align, sections};
use rcrepro_store::door;
use rcrepro_store::git::history::GitHistory;
use rcrepro_store::ingest::GitError;

/// The largest document that is read: 4 MiB.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// Says why documents cannot be held against the plan.
#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    /// The workspace cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A document is not text.
    #[error("`{path}` is not UTF-8")]
    NotUtf8 {
        /// Relative to the plan's folder.
        path: String,
    },
    /// The markers of a document's written sections do not fit.
    #[error("{path}: {source}")]
    Sections {
        /// Relative to the plan's folder.
        path: String,
        /// What is wrong, and in which line.
        source: SectionsError,
    },
    /// The manifests cannot be read.
    #[error("cannot read `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The failed read.
        #[source]
        source: std::io::Error,
    },
    /// A file in `manifests/` is not a manifest.
    #[error("`{}` is not a manifest", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The first mistake in it.
        #[source]
        source: ManifestError,
    },
}

/// What git cannot give is the workspace's error, wherever it was asked for.
impl From<GitError> for DocumentsError {
    fn from(error: GitError) -> Self {
        Self::Workspace(error.into())
    }
}

impl Hint for DocumentsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Workspace(error) => error.hint(),
            Self::Sections { .. } => Some("mend the marker in that line, and commit".to_owned()),
            Self::Manifest { source: ManifestError::Version { .. }, path } => {
                // A packet's manifest has its name.
                let packet = path.file_stem().unwrap_or_default().to_string_lossy();
                Some(format!("record the packet again: rcrepro run {packet}"))
            }
            Self::Manifest { path, .. } => Some(restore(path)),
            Self::NotUtf8 { .. } | Self::Io { .. } => None,
        }
    }
}

/// The quoted commands of documents, each compared with the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alignment {
    /// The documents that were read, with the digests of their bytes, less what is written in sections.
    pub documents: BTreeMap<String, Digest>,
    /// The commands that they quote.
    pub quoted: Vec<QuotedCommand>,
    /// Globs of the plan that no tracked document matches.
    pub unmatched: Vec<String>,
    /// The same with what is written in sections left out, lines and all: that decides what it rests on.
    #[serde(skip)]
    without_sections: Vec<QuotedCommand>,
}

impl Alignment {
    /// Lists what is wrong, and what has no evidence.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &QuotedCommand> {
        self.quoted.iter().filter(|quoted| quoted.state.is_finding())
    }

    /// Says why nothing, or not all, was checked; none when it was.
    #[must_use]
    pub fn hollow(&self) -> Option<String> {
        if let Some(glob) = self.unmatched.first() {
            return Some(format!("no tracked document matches `{glob}`"));
        }
        if self.documents.is_empty() {
            return Some("the plan names no document".to_owned());
        }
        self.quoted.is_empty().then(|| "the documents quote no command of a tool that the plan uses".to_owned())
    }

    /// What the documents came to: a stale line is known to be one, whatever was not checked and has no evidence.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let hollow = self.hollow().map(|_| Standing::Undecided);
        Standing::worst(self.quoted.iter().map(|quoted| quoted.state.standing()).chain(hollow))
    }

    /// Gives the digest of the result: the canonical JSON of all that is in it, with every manifest that it rests on. Written
    /// sections are left out: one of them shows this digest.
    #[must_use]
    pub(crate) fn digest(&self) -> Digest {
        let rested = Self { quoted: self.without_sections.clone(), ..self.clone() };
        Digest::of(&canonical_json::to_vec(&rested).expect("an alignment holds only strings, integers and maps"))
    }
}

/// Reads the documents that the plan names in a commit, and judges every command that they quote.
///
/// Evidence is what the manifests in `manifests/` say; whether their evidence is whole is [`unsound`]'s to say.
///
/// # Errors
/// [`DocumentsError`].
pub fn align(workspace: &Workspace, revision: &str) -> Result<Alignment, DocumentsError> {
    let plan = plan_lines(workspace)?;
    let (repository, folder) = workspace.repository()?;
    let history = GitHistory::open(&repository)?;
    let commit = history.commit(revision)?;
    let tracked = history.files(&commit, folder.as_ref())?;
    let mut alignment = Alignment {
        documents: BTreeMap::new(),
        quoted: Vec::new(),
        unmatched: Vec::new(),
        without_sections: Vec::new(),
    };
    let mut wanted = BTreeMap::new();
    for glob in &workspace.plan.documents.paths {
        let matcher = PathGlob::new(glob).expect("globs were checked when the plan was parsed");
        let before = wanted.len();
        let matched: Vec<&String> = tracked.iter().filter(|path| matcher.matches(path)).collect();
        if matched.is_empty() && before == wanted.len() {
            alignment.unmatched.push(glob.clone());
        }
        wanted.extend(matched.into_iter().filter_map(|path| Some((path.clone(), path.parse::<TreePath>().ok()?))));
    }
    for (path, below) in wanted {
        let whole = folder.as_ref().map_or_else(|| below.clone(), |folder| folder.join(&below));
        // A symlink is no document: what it points to is one, where it stands.
        let Some(bytes) = history.file(&commit, &whole, DOCUMENT_LIMIT)? else { continue };
        let text = String::from_utf8(bytes).map_err(|_| DocumentsError::NotUtf8 { path: path.clone() })?;
        // Sections are held against the board, by `rcrepro status --check`.
        let (shown, rested) = match workspace.plan.documents.generated.contains(&below) {
            true => {
                without_sections(&text).map_err(|source| DocumentsError::Sections { path: path.clone(), source })?
            }
            false => (text.clone(), text),
        };
        alignment.documents.insert(path.clone(), Digest::of(rested.as_bytes()));
        alignment.quoted.extend(align::align(&path, &shown, &plan));
        alignment.without_sections.extend(align::align(&path, &rested, &plan));
    }
    Ok(alignment)
}

fn without_sections(text: &str) -> Result<(String, String), SectionsError> {
    Ok((sections::blanked(text)?, sections::emptied(text)?))
}

/// What is wrong with the evidence of quoted commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsound {
    /// A manifest was tampered with.
    Tampered(Tampered),
    /// Evidence of a manifest that holds a quoted command is missing, or shows nothing.
    Undecided {
        /// The manifest's file.
        path: PathBuf,
        /// The first finding, in words.
        why: String,
    },
}

impl Unsound {
    /// What that makes of the documents.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self {
            Self::Tampered(_) => Standing::Tampered,
            Self::Undecided { .. } => Standing::Undecided,
        }
    }

    /// Says which evidence keeps the documents undecided; none where it was tampered with.
    #[must_use]
    pub fn undecided(&self) -> Option<String> {
        let Self::Undecided { path, why } = self else { return None };
        Some(format!("the evidence of `{}` decides nothing: {why}", path.display()))
    }
}

/// Judges the manifests that hold a quoted command, as `rcrepro verify` does, and where a command of the plan has no evidence all
/// of them for tampering: it may have been in any of them. Gives the first that was tampered with, or else the first that is
/// undecided.
///
/// # Errors
/// [`EvidenceSetError`] when a manifest or what lies beside it cannot be read.
pub fn unsound(
    workspace: &Workspace,
    found: &Alignment,
    store: &Path,
    today: CivilDate,
) -> Result<Option<Unsound>, EvidenceSetError> {
    let recorded = found.quoted.iter().flat_map(|quoted| quoted.state.recorded());
    let holding: BTreeSet<&PacketId> = recorded.map(|recorded| &recorded.packet).collect();
    let is_any_unbacked = found.quoted.iter().any(|quoted| matches!(quoted.state, QuotedState::Unbacked { .. }));
    let (sources, mut undecided) = (SourceReadings::default(), None);
    for packet in workspace.plan.packets.keys() {
        let path = workspace.manifest_path(packet);
        let counts = holding.contains(packet) || (is_any_unbacked && path.exists());
        if !counts {
            continue;
        }
        let judged = EvidenceSet::open(&path, Some(store))?.verify_commands(today, &sources)?;
        if let Some(tampered) = tampered::contradicted(&path, &judged) {
            return Ok(Some(Unsound::Tampered(tampered)));
        }
        let first = judged.findings.iter().find(|finding| finding.name.standing() == Standing::Undecided);
        if let Some(first) = first.filter(|_| holding.contains(packet) && undecided.is_none()) {
            let why = format!("{} {}: {}", first.name.as_str(), first.at, first.found);
            undecided = Some(Unsound::Undecided { path, why });
        }
    }
    Ok(undecided)
}

/// Lists the plan's commands with the manifests that hold them.
///
/// # Errors
/// [`DocumentsError`] when a manifest cannot be read.
pub(crate) fn plan_lines(workspace: &Workspace) -> Result<Vec<PlanLine>, DocumentsError> {
    let mut recorded: BTreeMap<String, Vec<RecordedCommand>> = BTreeMap::new();
    for packet in workspace.plan.packets.keys() {
        let path = workspace.manifest_path(packet);
        let bytes = match door::read(&path, door::RECORD_LIMIT) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(DocumentsError::Io { path, source }),
        };
        let manifest = manifest_json::decode(&bytes).map_err(|source| DocumentsError::Manifest { path, source })?;
        let digest = Digest::of(&bytes);
        for entry in manifest.commands {
            let succeeded = entry.succeeded();
            let of = RecordedCommand { packet: packet.clone(), command: entry.id, manifest: digest, succeeded };
            recorded.entry(entry.line).or_default().push(of);
        }
    }
    let lines = workspace.plan.sets.values().flatten().map(|spec| PlanLine {
        line: spec.line.clone(),
        recorded: recorded.get(&spec.line).cloned().unwrap_or_default(),
    });
    Ok(lines.collect())
}
