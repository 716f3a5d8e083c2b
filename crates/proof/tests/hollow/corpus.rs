//! The cases: a text file for each tool, several cases in each.
//!
//! ```text
//! == NAME | PROJECT NUMBER
//! What the exit code hides.
//! env NAME=VALUE
//! setup LINE
//! $ LINE
//! -- FILE
//! its text
//! == twin
//! $ LINE
//! -- FILE
//! its text; the twin has all files of the case besides
//! -- FILE gone
//! ```
//!
//! What is above the first case and below `== common` holds for all cases of the file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// One of a case's two projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A pass that says nothing.
    Hollow,
    /// A pass that says what it seems to say.
    Twin,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Hollow { "hollow" } else { "twin" })
    }
}

/// A project with the line that checks it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// The shell line.
    pub line: String,
    /// Variables of the command.
    pub environment: BTreeMap<String, String>,
    /// A shell line that prepares what no tracked file holds, such as a repository.
    pub setup: Option<String>,
    /// Texts by path below the root.
    pub files: BTreeMap<String, String>,
}

/// A hollow pass beside its honest twin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The name of the file that holds it, without its ending.
    pub tool: String,
    /// Its name among the tool's.
    pub id: String,
    /// Project and number of the issue or pull request that reports it.
    pub seen: String,
    /// What the exit code hides, in one sentence.
    pub says: String,
    hollow: Project,
    twin: Project,
}

impl Case {
    /// Returns `TOOL/ID`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.tool, self.id)
    }

    /// Returns one of the two projects.
    pub const fn project(&self, side: Side) -> &Project {
        match side {
            Side::Hollow => &self.hollow,
            Side::Twin => &self.twin,
        }
    }
}

/// Returns the folder of the corpus.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/hollow")
}

/// Reads every case, sorted by tool.
pub fn read() -> Vec<Case> {
    let entries = std::fs::read_dir(folder().join("cases")).expect("the corpus has a folder of cases");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.iter().flat_map(|file| of_file(file)).collect()
}

fn of_file(path: &Path) -> Vec<Case> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let tool = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
    let (mut common, mut cases) = (Project::default(), Vec::<Case>::new());
    let mut sections = text.split("\n== ");
    sections.next();
    for section in sections {
        let (title, body) = section.split_once('\n').unwrap_or((section, ""));
        match title.split_once(" | ") {
            _ if title == "common" => drop(project(body, &mut common)),
            _ if title == "twin" => {
                let case = cases.last_mut().expect("a twin follows a case");
                case.twin = case.hollow.clone();
                project(body, &mut case.twin);
            }
            Some((id, seen)) => {
                let mut hollow = common.clone();
                let says = project(body, &mut hollow);
                let (id, seen) = (id.to_owned(), seen.to_owned());
                cases.push(Case { tool: tool.clone(), id, seen, says, hollow, twin: Project::default() });
            }
            None => panic!("{}: `== {title}`: expected `NAME | PROJECT NUMBER`, `twin` or `common`", path.display()),
        }
    }
    for case in &cases {
        assert!(!case.hollow.line.is_empty() && !case.twin.line.is_empty(), "{} has no line or no twin", case.name());
        assert_ne!(case.hollow, case.twin, "{} is its own twin", case.name());
    }
    cases
}

/// Reads a section into a project; returns the sentence in it.
fn project(body: &str, project: &mut Project) -> String {
    let (mut says, mut open): (String, Option<String>) = (String::new(), None);
    for line in body.lines() {
        if let Some(name) = line.strip_prefix("-- ") {
            open = match name.strip_suffix(" gone") {
                Some(gone) => {
                    assert!(project.files.remove(gone).is_some(), "`{gone}` was never there");
                    None
                }
                None => {
                    project.files.insert(name.to_owned(), String::new());
                    Some(name.to_owned())
                }
            };
        } else if let Some(file) = &open {
            let text = project.files.get_mut(file).expect("the file is open");
            text.push_str(line);
            text.push('\n');
        } else if let Some(line) = line.strip_prefix("$ ") {
            line.clone_into(&mut project.line);
        } else if let Some(line) = line.strip_prefix("setup ") {
            project.setup = Some(line.to_owned());
        } else if let Some((name, value)) = line.strip_prefix("env ").and_then(|rest| rest.split_once('=')) {
            project.environment.insert(name.to_owned(), value.to_owned());
        } else if !line.is_empty() {
            assert!(says.is_empty(), "a second sentence: {line}");
            line.clone_into(&mut says);
        }
    }
    // A blank line in front of the next section belongs to no file.
    for text in project.files.values_mut() {
        if text.ends_with("\n\n") {
            text.pop();
        }
    }
    says
}
