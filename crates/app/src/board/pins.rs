//! `rcrepro pins`: looks through the tracked tree of a commit for references to toolchains and images.

use crate::workspace::{Workspace, WorkspaceError};
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_model::text::hint::Hint;
use rcrepro_pins::above;
use rcrepro_pins::documents::sections;
use rcrepro_pins::judge::{Judgement, judge};
use rcrepro_pins::survey::{MentionsOfFile, PinSurvey};
use rcrepro_store::ingest::Visited;

/// Says why the pins cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// The plan, the repository or the commit cannot be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The plan pins no toolchain.
    #[error("the plan pins no toolchain: there is nothing to compare with")]
    NoPins,
}

impl Hint for PinsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Workspace(error) => error.hint(),
            Self::NoPins => Some("write into rcrepro.toml: [pins.go] and below it version = \"1.26.8\"".to_owned()),
        }
    }
}

/// The references in a commit, judged.
#[derive(Debug)]
pub struct Pinned {
    /// The commit's id.
    pub commit: String,
    /// What it came to.
    pub judgement: Judgement,
}

/// Judges the pins of a commit; waivers count as they do on `day`.
///
/// The whole tracked tree below the plan's folder is read, what the plan excludes too: an exclusion hides nothing here. What
/// rcrepro recorded there is left out: evidence holds copies of plans and other files, and is not part of the source. Of what
/// lies above that folder, what [`above::counts`] is read, too.
///
/// # Errors
/// [`PinsError`] when the plan pins nothing, or the commit cannot be read.
pub fn pins(workspace: &Workspace, revision: &str, day: CivilDate) -> Result<Pinned, PinsError> {
    let plan = &workspace.plan;
    if plan.pins.is_empty() {
        return Err(PinsError::NoPins);
    }
    let records = Workspace::records();
    let written = |path: &str| plan.documents.generated.iter().any(|document| document.as_str() == path);
    let (commit, looks) = workspace.look_source(revision, &above::counts, &|path, visited| match visited {
        _ if records.matches(path) => Look::Nothing,
        // What rcrepro wrote is no reference of anybody's; the lines keep their numbers.
        Visited::File(bytes) if written(path) => match sections::blanked(&String::from_utf8_lossy(bytes)) {
            Ok(text) => Look::File(MentionsOfFile::read(path, text.as_bytes(), &plan.pins)),
            Err(_) => Look::File(MentionsOfFile::read(path, bytes, &plan.pins)),
        },
        Visited::File(bytes) => Look::File(MentionsOfFile::read(path, bytes, &plan.pins)),
        Visited::Symlink(_) => Look::Nothing,
        Visited::Submodule => Look::Closed(path.to_owned()),
    })?;
    let mut survey = PinSurvey { folder: workspace.folder_in_repository()?, ..PinSurvey::default() };
    let mut files = Vec::with_capacity(looks.len());
    for look in looks {
        match look {
            Look::File(file) => files.push(file),
            Look::Closed(path) => survey.closed.push(path),
            Look::Nothing => {}
        }
    }
    survey.join(files, &plan.pins);
    Ok(Pinned { commit, judgement: judge(&survey, &plan.pins, &plan.waivers, day) })
}

/// What a tracked path comes to.
enum Look {
    File(MentionsOfFile),
    Closed(String),
    Nothing,
}
