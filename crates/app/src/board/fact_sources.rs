//! Where the facts of a board are looked for.

use super::section_facts::SectionFacts;
use crate::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::text::civil_date::CivilDate;
use rcrepro_store::fs::FsStore;

/// Where facts are looked for: the repository at a commit, the store, and the day.
pub struct FactSources<'a> {
    /// The plan's folder.
    pub(crate) workspace: &'a Workspace,
    /// The commit.
    pub(crate) revision: &'a str,
    /// The day on which waivers and acceptances have to count.
    pub(crate) today: CivilDate,
    /// Holds the source.
    pub(crate) store: &'a FsStore,
    /// The source's root.
    pub(crate) source: Digest,
    /// The documents with written sections; each section is taken for current here.
    pub(crate) written: &'a SectionFacts,
}
