//! The survey: takes file after file, and gives everything that was found in them.

use std::collections::{BTreeMap, BTreeSet};

use super::class::{FileClass, class, is_test_archive, set_aside};
use super::reference::{Mention, ReferencedTool, SourceKind};
use super::{dockerfile, sweep};
use crate::class::folder_of;
use crate::documents::shown_images;
use crate::readers::contexts::{self, NamedContext};
use crate::readers::{devcontainer, env_file, go_mod, package_json, shell, version_file, yaml_file};
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

/// What one file holds.
#[derive(Debug, Clone)]
pub struct MentionsOfFile {
    path: String,
    mentions: Vec<Mention>,
    unreadable: Option<SyntaxError>,
    old: Vec<OldVersion>,
    is_binary: bool,
    /// The variables that a `.env` sets.
    variables: Option<BTreeMap<String, String>>,
    /// The named build contexts that it sets.
    contexts: Vec<NamedContext>,
    /// The content of a compose file: a `.env` beside it may say more.
    compose: Option<Vec<u8>>,
}

/// Gathers what files mention.
#[derive(Debug, Default)]
pub struct PinSurvey {
    /// The plan's folder within its repository; empty for the top.
    pub folder: String,
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
    /// Takes files in their order, and what each of them says about another: `.env` about the compose file beside it, what
    /// names a build context about the Dockerfile that is built with it.
    pub fn join(&mut self, files: Vec<MentionsOfFile>, pins: &Pins) {
        let variables: BTreeMap<&str, &BTreeMap<String, String>> =
            files.iter().filter_map(|file| Some((folder_of(&file.path), file.variables.as_ref()?))).collect();
        let again: Vec<(usize, MentionsOfFile)> = files
            .iter()
            .enumerate()
            .filter_map(|(at, file)| {
                let variables = variables.get(folder_of(&file.path))?;
                Some((at, MentionsOfFile::read_with(&file.path, file.compose.as_ref()?, pins, variables)))
            })
            .collect();
        let mut files = files;
        for (at, file) in again {
            files[at] = file;
        }
        let contexts: Vec<NamedContext> = files.iter().flat_map(|file| file.contexts.iter().cloned()).collect();
        for mut file in files {
            contexts::set_aside(&file.path, &mut file.mentions, &contexts);
            self.add(file);
        }
    }

    /// Looks through a file by itself. `pins` say which old versions to search for.
    pub fn file(&mut self, path: &str, bytes: &[u8], pins: &Pins) {
        self.add(MentionsOfFile::read(path, bytes, pins));
    }

    fn add(&mut self, mut file: MentionsOfFile) {
        // Of what lies above only what counts is named: the rest would change what the pins rest on with every edit there.
        if file.path.starts_with("../") {
            file.mentions.retain(|mention| mention.look_alike.is_none());
            file.old.retain(|old| !matches!(old.sighting, Sighting::LookAlike(_)));
        }
        self.files += 1;
        self.binary += usize::from(file.is_binary);
        self.unreadable.extend(file.unreadable.map(|error| Unreadable { file: file.path.clone(), error }));
        self.old.extend(file.old);
        self.mentions.extend(file.mentions.into_iter().map(|mention| (file.path.clone(), mention)));
    }
}

impl MentionsOfFile {
    /// Looks through a file. `pins` say which old versions to search for.
    #[must_use]
    pub fn read(path: &str, bytes: &[u8], pins: &Pins) -> Self {
        Self::read_with(path, bytes, pins, &BTreeMap::new())
    }

    fn read_with(path: &str, bytes: &[u8], pins: &Pins, variables: &BTreeMap<String, String>) -> Self {
        let mut file = Self {
            path: path.to_owned(),
            mentions: Vec::new(),
            unreadable: None,
            old: Vec::new(),
            is_binary: bytes[..bytes.len().min(SNIFF)].contains(&0),
            variables: None,
            contexts: Vec::new(),
            compose: None,
        };
        let old = [(ReferencedTool::Go, &pins.go), (ReferencedTool::Node, &pins.node)];
        let old = old
            .into_iter()
            .flat_map(|(tool, pin)| pin.iter().flat_map(move |pin| pin.old.iter().map(move |v| (tool, *v))));
        if file.is_binary {
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
                file.old.extend((0..hits).map(place));
            }
            return file;
        }
        let text = String::from_utf8_lossy(bytes);
        let class = class(path, &text);
        let set_aside = set_aside(path).or_else(|| is_test_archive(path, &text).then_some("test data"));
        let mut mentions = file.mentions(class, &text, set_aside.is_some(), variables);
        if let Some(why) = set_aside {
            mentions.iter_mut().for_each(|mention| mention.look_alike = Some(why.to_owned()));
        } else {
            file.contexts = contexts::named(path, class, &text);
            file.variables = env_file::variables(path, &text);
        }
        let searched = Searched { file: path, class, set_aside, text: &text, mentions: &mentions };
        for (tool, version) in old {
            file.old.extend(old::search(&searched, tool, version));
        }
        file.mentions = mentions;
        file
    }

    /// Reads a file as what it is, and sweeps over it.
    fn mentions(
        &mut self,
        class: FileClass,
        text: &str,
        set_aside: bool,
        variables: &BTreeMap<String, String>,
    ) -> Vec<Mention> {
        let path = self.path.as_str();
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
            FileClass::Yaml => yaml_file::mentions(path, text, variables),
            FileClass::PackageJson => package_json::mentions(text),
            FileClass::Devcontainer => devcontainer::mentions(text),
            _ if env_file::is_one(name) => Ok(env_file::mentions(text)),
            _ => Ok(version_file::mentions(name, text).unwrap_or_default()),
        };
        let mut found = read.unwrap_or_else(|error| {
            if !set_aside {
                self.unreadable = Some(error);
            }
            Vec::new()
        });
        if class == FileClass::Yaml
            && let Some(mention) = found.first()
        {
            kind = mention.kind;
            self.compose = (kind == SourceKind::Compose).then(|| text.as_bytes().to_vec());
        }
        if matches!(class, FileClass::Script | FileClass::Yaml | FileClass::Text) {
            let known = shell::mentions_of_file(path, text, kind);
            found.extend(known);
        }
        let swept = sweep::mentions(class, kind, text, &found);
        found.extend(swept);
        if class == FileClass::Document {
            found.extend(shown_images::mentions(path, text));
        }
        found.sort_by_key(|mention| (mention.line, mention.column));
        // Two readers may find the same: the first, who knows more, counts.
        let mut seen = BTreeSet::new();
        found.retain(|mention| seen.insert((mention.line, mention.column, mention.tool, mention.value.clone())));
        found
    }
}
