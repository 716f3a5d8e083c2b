//! What criteria rest on the written sections for, as facts for the board.
//!
//! A section shows the board, and a row of the board can depend on the sections. To break the circle, the texts are those of
//! the board on which every section is current, and a section is current when it holds that text. A board with current
//! sections is then exactly the board that they show.

use std::collections::BTreeMap;

use super::sections::{Sections, SectionsIoError, SectionsState};
use crate::workspace::Workspace;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::decision::board::Fact;
use rcrepro_model::plan::contract::Basis;
use rcrepro_model::plan::documents::SectionName;
use rcrepro_model::text::plural::counted;

/// The command that mends a stale section.
const WRITE: &str = "rcrepro status --write";

/// The documents with written sections, as far as they can be read.
pub(crate) struct SectionFacts {
    /// The documents; why they cannot be read.
    pub(crate) sections: Result<Sections, SectionsIoError>,
}

impl SectionFacts {
    /// Reads the documents.
    #[must_use]
    pub(crate) fn read(workspace: &Workspace) -> Self {
        Self { sections: Sections::read(workspace) }
    }

    /// Finds out what a criterion rests on; none for what has nothing to do with sections.
    ///
    /// `texts` are what the sections should say; without them, each is taken for current. Digests are of which sections stand
    /// where, never of what is written in them.
    #[must_use]
    pub(crate) fn fact(&self, basis: &Basis, texts: Option<&BTreeMap<String, String>>) -> Option<Fact> {
        let sections = match basis {
            Basis::Sections | Basis::Section(_) => &self.sections,
            _ => return None,
        };
        let found = sections.as_ref().map_err(unread).and_then(|sections| match basis {
            Basis::Section(name) => section(sections, *name, texts.is_none()),
            _ => current(sections, texts),
        });
        Some(found.unwrap_or_else(|fact| fact))
    }

    /// Says what keeps documents with written sections from being current; none when nothing does, or there is no such
    /// document.
    #[must_use]
    pub(crate) fn keeps(&self, texts: &BTreeMap<String, String>) -> Option<Fact> {
        if self.sections.as_ref().is_ok_and(|sections| sections.outline().next().is_none()) {
            return None;
        }
        self.fact(&Basis::Sections, Some(texts)).filter(|fact| !matches!(fact, Fact::Holds { .. }))
    }
}

fn unread(error: &SectionsIoError) -> Fact {
    let why = error.to_string();
    match error {
        SectionsIoError::Sections { .. } => Fact::Fails { why },
        SectionsIoError::Io { .. } | SectionsIoError::Gone { .. } => Fact::Undecided { why },
    }
}

/// Says whether a document has a section, and it was written.
fn section(sections: &Sections, wanted: SectionName, assumed: bool) -> Result<Fact, Fact> {
    let mut places = Vec::new();
    for (path, names) in sections.outline() {
        let Some(filled) = names.and_then(|names| names.get(wanted.as_str())) else { continue };
        if !filled && !assumed {
            return Err(Fact::Waits { why: format!("section `{wanted}` of `{path}` is empty: {WRITE}") });
        }
        places.push((path, wanted.as_str()));
    }
    if places.is_empty() {
        let markers = format!("<!-- rcrepro:begin {wanted} --> and <!-- rcrepro:end {wanted} -->");
        let why = format!("no document under `[documents] generated` has the section {markers}");
        return Err(Fact::Waits { why });
    }
    Ok(holds(&places))
}

/// Says whether every document is there, and every section current.
fn current(sections: &Sections, texts: Option<&BTreeMap<String, String>>) -> Result<Fact, Fact> {
    let mut places = Vec::new();
    for (path, names) in sections.outline() {
        let names = names.ok_or_else(|| Fact::Waits { why: format!("`{path}` is not there") })?;
        if names.is_empty() {
            return Err(Fact::Waits {
                why: format!("`{path}` has no section: name it under `paths` alone, or mark one"),
            });
        }
        places.extend(names.keys().map(|name| (path, name.as_str())));
    }
    if places.is_empty() {
        let why = "the plan names no document with written sections: [documents] generated".to_owned();
        return Err(Fact::Undecided { why });
    }
    if let Some(texts) = texts {
        for (path, standing) in sections.check(texts).map_err(|error| unread(&error))? {
            if let SectionsState::Stale { sections } = standing {
                let names: Vec<String> = sections.iter().map(|stale| format!("`{}`", stale.name)).collect();
                let why = format!("sections are stale ({} in `{path}`): {WRITE}", names.join(", "));
                return Err(Fact::Waits { why });
            }
        }
    }
    Ok(holds(&places))
}

fn holds(places: &[(&TreePath, &str)]) -> Fact {
    let text: String = places.iter().map(|(path, name)| format!("{path} {name}\n")).collect();
    Fact::Holds { evidence: Digest::of(text.as_bytes()), says: counted(places.len(), "written section") }
}
