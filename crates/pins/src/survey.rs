//! The survey: takes file after file, and gives everything that was found in them.

use std::collections::BTreeSet;

use super::class::{FileClass, class, is_test_archive, set_aside};
use super::reference::{Mention, ReferencedTool, SourceKind};
use super::{dockerfile, sweep};
use crate::readers::{devcontainer, go_mod, package_json, shell, version_file, yaml_file};
use crate::sweep::old::{self, OldVersion, Searched, Sighting};
use rcrepro_format::syntax::node::SyntaxError;
use rcrepro_model::plan::pins::Pins;

/// A file that could not be read as what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The path from the plan's folder.
    pub file: String,
    /// What is wrong, and where.
    pub error: SyntaxError,
}

/// Gathers what files mention.
#[derive(Debug, Default)]
pub struct PinSurvey {
    /// What was found, by file, in the order of the files.
    pub mentions: Vec<(String, Mention)>,
    /// Files that could not be read as what they are; the sweep went over them anyway.
    pub unreadable: Vec<Unreadable>,
    /// Places with old versions.
    pub old: Vec<OldVersion>,
    /// How many files there were.
    pub files: usize,
    /// How many of them are binary.
    pub binary: usize,
    /// What is tracked and holds no file, such as submodules.
    pub closed: Vec<String>,
}

/// How many bytes tell whether a file is binary, as git does it.
const SNIFF: usize = 8000;

impl PinSurvey {
    /// Looks through a file. `pins` say which old versions to search for.
    pub fn file(&mut self, path: &str, bytes: &[u8], pins: &Pins) {
        self.files += 1;
        let old = [(ReferencedTool::Go, &pins.go), (ReferencedTool::Node, &pins.node)];
        let old = old
            .into_iter()
            .flat_map(|(tool, pin)| pin.iter().flat_map(move |pin| pin.old.iter().map(move |v| (tool, *v))));
        if bytes[..bytes.len().min(SNIFF)].contains(&0) {
            self.binary += 1;
            for (tool, version) in old {
                let hits = old::places(bytes, version.to_string().as_bytes()).count();
                let place = |_| OldVersion {
                    file: path.to_owned(),
                    line: 0,
                    column: 0,
                    tool,
                    version,
                    sighting: Sighting::LookAlike("binary file".into()),
                };
                self.old.extend((0..hits).map(place));
            }
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let class = class(path, &text);
        let set_aside = set_aside(path).or_else(|| is_test_archive(path, &text).then_some("test data"));
        let mut mentions = self.read(path, class, &text, set_aside.is_some());
        if let Some(why) = set_aside {
            mentions.iter_mut().for_each(|mention| mention.look_alike = Some(why.to_owned()));
        }
        let searched = Searched { file: path, class, set_aside, text: &text, mentions: &mentions };
        for (tool, version) in old {
            self.old.extend(old::search(&searched, tool, version));
        }
        self.mentions.extend(mentions.into_iter().map(|mention| (path.to_owned(), mention)));
    }

    /// Reads a file as what it is, and sweeps over it.
    fn read(&mut self, path: &str, class: FileClass, text: &str, set_aside: bool) -> Vec<Mention> {
        let name = path.rsplit('/').next().unwrap_or_default();
        let mut kind = match class {
            FileClass::Script | FileClass::Dockerfile => SourceKind::Script,
            FileClass::Document => SourceKind::Document,
            FileClass::Yaml if path.contains(".github/workflows/") => SourceKind::Workflow,
            FileClass::Yaml => SourceKind::Yaml,
            _ => SourceKind::Text,
        };
        let read = match class {
            FileClass::GoMod => Ok(go_mod::mentions(text, false)),
            FileClass::GoWork => Ok(go_mod::mentions(text, true)),
            FileClass::Dockerfile => Ok(dockerfile::mentions(text)),
            FileClass::Yaml => yaml_file::mentions(path, text),
            FileClass::PackageJson => package_json::mentions(text),
            FileClass::Devcontainer => devcontainer::mentions(text),
            _ => Ok(version_file::mentions(name, text).unwrap_or_default()),
        };
        let mut found = read.unwrap_or_else(|error| {
            if !set_aside {
                self.unreadable.push(Unreadable { file: path.to_owned(), error });
            }
            Vec::new()
        });
        if class == FileClass::Yaml
            && let Some(mention) = found.first()
        {
            kind = mention.kind;
        }
        if matches!(class, FileClass::Script | FileClass::Yaml | FileClass::Text) {
            let known = shell::mentions_of_file(path, text, kind);
            found.extend(known);
        }
        let swept = sweep::mentions(class, kind, text, &found);
        found.extend(swept);
        found.sort_by_key(|mention| (mention.line, mention.column));
        // Two readers may find the same: the first, who knows more, counts.
        let mut seen = BTreeSet::new();
        found.retain(|mention| seen.insert((mention.line, mention.column, mention.tool, mention.value.clone())));
        found
    }
}
