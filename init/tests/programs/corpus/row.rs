//! What a row of the corpus says, and how its program is made.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use crate::support::{self, text};

/// The word that becomes a program's own empty folder.
pub const FOLDER: &str = "{folder}";

/// What a wall clock that stands does to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    Same,
    Fails,
    Hangs,
}

impl fmt::Display for Stands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "same",
            Self::Fails => "fails",
            Self::Hangs => "hangs",
        })
    }
}

/// What a wall clock that starts does to a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starts {
    Same,
    /// Another way to the machine's time is open: known, and written down.
    Differs,
}

/// One program, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The word by which its file or folder knows it.
    pub name: &'static str,
    pub stands: Stands,
    pub starts: Starts,
    /// The exit code without us.
    pub code: i32,
    /// What it does, or why the clock matters.
    pub why: &'static str,
}

impl Row {
    pub const fn same(name: &'static str, why: &'static str) -> Self {
        Self { name, stands: Stands::Same, starts: Starts::Same, code: 0, why }
    }

    pub const fn fails(name: &'static str, why: &'static str) -> Self {
        Self { stands: Stands::Fails, ..Self::same(name, why) }
    }

    pub const fn hangs(name: &'static str, why: &'static str) -> Self {
        Self { stands: Stands::Hangs, ..Self::same(name, why) }
    }

    /// The program ends with this code where it runs well.
    pub const fn ends_with(self, code: i32) -> Self {
        Self { code, ..self }
    }

    /// The program sees the machine's time even so.
    pub const fn differs(self) -> Self {
        Self { starts: Starts::Differs, ..self }
    }

    /// Returns the name that no other program has.
    pub fn called(&self, section: &Section) -> String {
        format!("{} {}", section.source, self.name)
    }
}

/// How programs of a section are made and run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    C,
    StaticC,
    /// With the C library, and the packages for the web.
    Go,
    StaticGo,
    /// As `go test` compiles it.
    GoTest,
    /// By an interpreter.
    By(&'static str),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::C => "C",
            Self::StaticC => "static C",
            Self::Go => "Go with cgo",
            Self::StaticGo => "static Go",
            Self::GoTest => "compiled test",
            Self::By(interpreter) => interpreter,
        })
    }
}

/// A number of programs that are made and run alike.
#[derive(Debug, Clone)]
pub struct Section {
    pub title: &'static str,
    /// The file or folder below `sources/time/`.
    pub source: &'static str,
    /// How its programs are run. The first way is the one that is compared; under a clock that starts all are.
    pub ways: &'static [Way],
    /// Whether its programs look at the times of files.
    pub of_files: bool,
    pub rows: &'static [Row],
}

/// A program that can be run.
pub struct Program {
    pub way: Way,
    pub words: Vec<String>,
}

impl Section {
    /// Makes a row's program in every way of the section.
    pub fn programs(&self, row: &Row) -> Vec<Program> {
        self.ways.iter().map(|&way| Program { way, words: self.words(way, row.name) }).collect()
    }

    fn words(&self, way: Way, name: &str) -> Vec<String> {
        let words: Vec<String> = match way {
            Way::By("python3") => vec![support::python().to_owned(), self.path()],
            Way::By(interpreter) => vec![interpreter.to_owned(), self.path()],
            Way::GoTest => {
                // One test is there to be ended by the alarm.
                let limit = if name == "TestTooLong" { "1s" } else { "30s" };
                let limit = format!("-test.timeout={limit}");
                return vec![self.compiled(way), format!("-test.run=^{name}$"), limit];
            }
            Way::C | Way::StaticC | Way::Go | Way::StaticGo => vec![self.compiled(way)],
        };
        words.into_iter().chain([name.to_owned(), FOLDER.to_owned()]).collect()
    }

    fn path(&self) -> String {
        text(&support::source(&format!("time/{}", self.source))).to_owned()
    }

    /// Compiles a program when it is asked for first.
    fn compiled(&self, way: Way) -> String {
        type Made = Arc<OnceLock<PathBuf>>;
        static ALL: Mutex<BTreeMap<(String, Way), Made>> = Mutex::new(BTreeMap::new());
        let key = (self.source.to_owned(), way);
        let made = Made::clone(ALL.lock().expect("nobody panics with it").entry(key).or_default());
        let program = made.get_or_init(|| self.compile(way));
        text(program).to_owned()
    }

    fn compile(&self, way: Way) -> PathBuf {
        const ALL: &[&str] = &["main.go", "waits.go", "state.go", "records.go", "files.go"];
        let file = format!("time/{}", self.source.trim_end_matches(".c"));
        match way {
            Way::C => support::c(&file, &["-lrt"]),
            Way::StaticC => support::c(&file, &["-static", "-lrt"]),
            Way::Go => support::go_files(&["build"], &file, &[ALL, &["web.go"]].concat(), true),
            Way::StaticGo => support::go_files(&["build"], &file, ALL, false),
            Way::GoTest => support::go_files(&["test", "-c"], &file, &[ALL, &["programs_test.go"]].concat(), false),
            Way::By(_) => unreachable!("an interpreter needs nothing compiled"),
        }
    }
}
