//! The search proof: every place in the tracked tree where the text of a version stands that has to be gone.

use serde::Serialize;

use crate::class::{FileClass, in_comment};
use crate::reference::{Mention, ReferencedTool};
use rcrepro_model::plan::pins::ToolVersion;

/// What a place with an old version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "name", content = "why")]
pub enum Sighting {
    /// A reference to the old toolchain.
    Real,
    /// Something else with the same numbers; why.
    LookAlike(String),
    /// The line alone does not tell.
    Unclear,
}

/// A place that holds the text of an old version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OldVersion {
    /// The path from the plan's folder.
    pub file: String,
    /// The line, from 1; 0 in a binary file.
    pub line: usize,
    /// The column in characters, from 1; 0 in a binary file.
    pub column: usize,
    /// The toolchain that the plan pins.
    pub tool: ReferencedTool,
    /// The one that must be gone.
    pub version: ToolVersion,
    /// Whether it counts, and why not.
    #[serde(rename = "standing")]
    pub sighting: Sighting,
}

/// A text file that is searched.
#[derive(Debug, Clone, Copy)]
pub struct Searched<'a> {
    /// The path.
    pub file: &'a str,
    /// Decides whether words around a version are read.
    pub class: FileClass,
    /// Why nothing in it counts, where that is so.
    pub set_aside: Option<&'static str>,
    /// The content, decoded.
    pub text: &'a str,
    /// What was found in it.
    pub mentions: &'a [Mention],
}

/// Searches a text file for an old version of a tool.
#[must_use]
pub fn search(searched: &Searched<'_>, tool: ReferencedTool, version: ToolVersion) -> Vec<OldVersion> {
    let wanted = version.to_string();
    if !searched.text.contains(&wanted) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (number, line) in (1..).zip(searched.text.lines()) {
        for at in places(line.as_bytes(), wanted.as_bytes()) {
            let column = line.get(..at).unwrap_or_default().chars().count() + 1;
            let sighting = sighting(searched, tool, &wanted, (number, column), line);
            let file = searched.file.to_owned();
            found.push(OldVersion { file, line: number, column, tool, version, sighting });
        }
    }
    found
}

/// Finds a version's text, where no further digit makes it another version.
pub fn places<'a>(haystack: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    (0..haystack.len().saturating_sub(wanted.len() - 1)).filter(move |at| {
        let (before, after) = (&haystack[..*at], &haystack[at + wanted.len()..]);
        let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
        let longer = digit(before.last()) || before.ends_with(b".");
        let longer = longer || digit(after.first()) || (after.starts_with(b".") && digit(after.get(1)));
        haystack[*at..].starts_with(wanted) && !longer
    })
}

fn sighting(
    searched: &Searched<'_>,
    tool: ReferencedTool,
    wanted: &str,
    place: (usize, usize),
    line: &str,
) -> Sighting {
    let alike = |why: &str| Sighting::LookAlike(why.to_owned());
    if let Some(why) = searched.set_aside {
        return alike(why);
    }
    let here = |mention: &&Mention| mention.line == place.0 && mention.value.contains(wanted);
    let mut known = searched.mentions.iter().filter(here);
    if let Some(mention) = known.clone().find(|mention| mention.tool == tool) {
        return mention.look_alike.as_deref().map_or(Sighting::Real, alike);
    }
    if known.any(|mention| mention.tool == ReferencedTool::Image && mention.unclear.is_none()) {
        return alike("tag of another image");
    }
    match searched.class {
        class if in_comment(class, line, place.1) => alike("comment"),
        FileClass::Source => alike("source code"),
        FileClass::GoMod | FileClass::GoWork if line.contains('/') => alike("version of a module"),
        FileClass::PackageJson => alike("version of a package"),
        FileClass::Document => alike("prose with no word of the tool beside it"),
        _ => Sighting::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::SourceKind;

    fn found(class: FileClass, text: &str, mentions: &[Mention]) -> Vec<(usize, usize, Sighting)> {
        let searched = Searched { file: "f", class, set_aside: None, text, mentions };
        search(&searched, ReferencedTool::Go, ToolVersion::new(1, 25, 3))
            .into_iter()
            .map(|o| (o.line, o.column, o.sighting))
            .collect()
    }

    #[test]
    fn longer_versions_are_others() {
        for other in ["1.25.30", "11.25.3", "0.1.25.3", "1.25.3.1", "1x25.3"] {
            assert_eq!(found(FileClass::Script, other, &[]), [], "{other}");
        }
        assert_eq!(found(FileClass::Script, "a=1.25.3.", &[]), [(1, 3, Sighting::Unclear)]);
        assert_eq!(found(FileClass::Script, "go1.25.3", &[]), [(1, 3, Sighting::Unclear)]);
    }

    #[test]
    fn a_place_is_what_was_found_there() {
        let real = [Mention::new((1, 4), ReferencedTool::Go, SourceKind::Script, "1.25.3")];
        assert_eq!(found(FileClass::Script, "go 1.25.3", &real), [(1, 4, Sighting::Real)]);
        let image = [Mention::new((1, 7), ReferencedTool::Image, SourceKind::Yaml, "nginx:1.25.3")];
        let other = found(FileClass::Yaml, "image: nginx:1.25.3", &image);
        assert_eq!(other, [(1, 14, Sighting::LookAlike("tag of another image".into()))]);
        let module = found(FileClass::GoMod, "require example.com/x v1.25.3", &[]);
        assert_eq!(module, [(1, 24, Sighting::LookAlike("version of a module".into()))]);
    }
}
