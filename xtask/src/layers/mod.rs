//! `cargo xtask layers`: the import tiers of `docs/design/DESIGN.md` §5 and which folder may know which crate.

mod tokens;

use std::fmt;
use std::path::Path as FilePath;
use std::process::ExitCode;

use crate::refusal::Refusal;
use tokens::{Path, paths, tokens};

/// The folders (or files) right below `src/` with their tiers; each imports only lower numbers.
const TIERS: &[(&str, u8)] = &[
    ("model", 0),
    ("format", 1),
    ("normalize", 1),
    ("explain", 1),
    ("documents", 1),
    ("pins", 1),
    ("proof", 1),
    ("scans", 1),
    ("store", 2),
    ("engine", 2),
    ("registry", 2),
    ("oci", 2),
    ("packages", 2),
    ("sign", 2),
    ("app", 3),
    ("report", 3),
    ("cli", 4),
];

/// The port that its own tier may use too.
const SHARED_PORT: &str = "store";

/// Crates that one place alone may know.
const VENDORS: &[(&str, &str)] = &[
    ("bollard", "engine/docker"),
    ("tonic", "engine/remote"),
    ("oci_client", "registry"),
    ("docker_credential", "registry"),
    ("clap", "cli/args"),
    ("saphyr_parser", "pins/yaml"),
    ("jsonc_parser", "pins/json"),
    ("indicatif", "report/progress"),
];

/// What `model/` may not know: runtimes, the world outside, the clock.
const IMPURE: &[&[&str]] =
    &[&["tokio"], &["std", "fs"], &["std", "env"], &["std", "net"], &["std", "process"], &["std", "os"]];

/// Words that `model/` may not use at all: the clock by any path, and floats, which canonical JSON refuses.
const IMPURE_WORDS: &[&str] = &["SystemTime", "Instant", "f32", "f64"];

/// What opens a file by its path, wherever that leads, or prints a stranger's text as it is; `src/store/door.rs` opens only
/// regular files of a bounded size, and `src/cli/output.rs` makes text harmless.
const DOORS: &[(&[&str], &str)] = &[
    (&["fs", "read"], "store/door.rs"),
    (&["fs", "read_to_string"], "store/door.rs"),
    (&["File", "open"], "store/door.rs"),
    (&["OpenOptions", "new"], "store/door.rs"),
    (&["io", "stdout"], "cli/output.rs"),
    (&["io", "stderr"], "cli/output.rs"),
];

/// The macros that print.
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln"];

/// The folders that read what strangers wrote and print it.
const BEHIND_DOORS: &[&str] = &["app", "cli", "report"];

/// The files that may go by themselves, and why.
const OWN_WAYS: &[(&str, &str)] = &[
    ("app/config.rs", "the user's own configuration"),
    ("app/frozen/mirror.rs", "a mirror that the user names"),
    ("app/host_network.rs", "the machine's own certificates"),
    ("app/image/validate.rs", "an archive that the user names, of any size and streamed"),
    ("app/record.rs", "the kernel's release"),
    ("cli/signals.rs", "which signals the process ignores"),
    ("cli/output.rs", "the way out"),
    ("cli/why.rs", "the terminal's width"),
    ("report/progress", "bars, whose text is made harmless there"),
];

/// One line that crosses a border.
#[derive(Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Relative to `src/`.
    pub file: String,
    pub line: usize,
    pub why: String,
}

impl fmt::Display for Crossing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "src/{}:{}: {}", self.file, self.line, self.why)
    }
}

/// Checks the tree below `src/`; prints what crosses a border.
///
/// # Errors
/// A tree that cannot be read or holds no Rust at all.
pub fn run(root: &FilePath) -> Result<ExitCode, Refusal> {
    let mut files = Vec::new();
    collect(&root.join("src"), "", &mut files).map_err(|error| Refusal::check(format!("cannot read src/: {error}")))?;
    if files.is_empty() {
        return Err(Refusal::check("no Rust file below src/: nothing was checked"));
    }
    files.sort();
    let crossings: Vec<Crossing> = files.iter().flat_map(|(file, source)| check(file, source)).collect();
    for crossing in &crossings {
        println!("{crossing}");
    }
    println!("layers: {} files, {} crossings", files.len(), crossings.len());
    Ok(ExitCode::from(u8::from(!crossings.is_empty())))
}

fn collect(folder: &FilePath, prefix: &str, files: &mut Vec<(String, String)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else if name.ends_with(".rs") {
            files.push((name, std::fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

/// Finds every border that one file crosses; `file` is relative to `src/`, with `/`.
pub fn check(file: &str, source: &str) -> Vec<Crossing> {
    let folder = folder_of(file);
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut cross = |line, why: String| found.push(Crossing { file: file.to_owned(), line, why });

    if folder.is_some_and(|folder| tier(folder).is_none()) {
        cross(1, format!("`{}` has no tier: name it in xtask's table and in DESIGN §5", folder.unwrap_or_default()));
        return found;
    }
    for path in paths(&tokens) {
        let why = folder.zip(target(file, &path)).and_then(|(from, to)| forbidden(from, &to));
        if let Some(why) = why {
            cross(path.line, why);
        }
        let vendor = VENDORS.iter().find(|(name, _)| path.segments[0] == *name);
        if let Some((name, home)) = vendor.filter(|(_, home)| !lies_in(file, home)) {
            cross(path.line, format!("only {home} may know {name}"));
        }
        let impure = IMPURE
            .iter()
            .find(|banned| path.segments.iter().map(String::as_str).take(banned.len()).eq(banned.iter().copied()));
        if let Some(banned) = impure.filter(|_| folder == Some("model")) {
            cross(path.line, format!("model/ is pure: it may not know {}", banned.join("::")));
        }
    }
    if let Some(closed) = folder.filter(|folder| BEHIND_DOORS.contains(folder) && !goes_its_own_way(file)) {
        for path in paths(&tokens).iter().filter(|path| path.inline_modules == 0) {
            let door = DOORS
                .iter()
                .find(|(end, _)| path.segments.iter().map(String::as_str).collect::<Vec<_>>().ends_with(end));
            if let Some((what, door)) = door {
                cross(path.line, format!("{closed}/ goes through {door}: it may not use {}", what.join("::")));
            }
        }
        for pair in tokens.windows(2).filter(|pair| pair[1].text == "!" && PRINTING.contains(&pair[0].text.as_str())) {
            cross(pair[0].line, format!("{closed}/ goes through cli/output.rs: it may not use {}!", pair[0].text));
        }
    }
    for token in tokens.iter().filter(|token| folder == Some("model") && IMPURE_WORDS.contains(&token.text.as_str())) {
        cross(token.line, format!("model/ is pure: it may not use {}", token.text));
    }
    found
}

/// The folder or file right below `src/`, without `.rs`; `None` for the crate's two roots.
fn folder_of(file: &str) -> Option<&str> {
    match file.split_once('/') {
        Some((folder, _)) => Some(folder),
        None => Some(file.trim_end_matches(".rs")).filter(|name| !["lib", "main"].contains(name)),
    }
}

fn tier(folder: &str) -> Option<u8> {
    TIERS.iter().find(|(name, _)| *name == folder).map(|(_, tier)| *tier)
}

/// Tests open what they like, and so do the files that have a reason.
fn goes_its_own_way(file: &str) -> bool {
    let is_test = file.contains("/tests/") || file.ends_with("tests.rs");
    is_test || OWN_WAYS.iter().any(|(home, _)| file == *home || lies_in(file, home))
}

fn lies_in(file: &str, home: &str) -> bool {
    file.strip_prefix(home).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Resolves a path of ours to the folder that it leads to.
fn target(file: &str, path: &Path) -> Option<String> {
    let segments = &path.segments;
    let supers = segments.iter().take_while(|segment| *segment == "super").count();
    if supers == 0 {
        return ["crate", "rcrepro"].contains(&segments[0].as_str()).then(|| segments.get(1).cloned())?;
    }
    let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
    let depth = module.split('/').count() + path.inline_modules;
    // Only what climbs out to the crate's root can reach another folder.
    (supers == depth).then(|| segments.get(supers).cloned())?
}

/// Returns why `from` may not import `to`, if so.
fn forbidden(from: &str, to: &str) -> Option<String> {
    let from_tier = tier(from)?;
    if from == to {
        return None;
    }
    match tier(to) {
        Some(to_tier) if to_tier < from_tier => None,
        Some(to_tier) if to_tier == from_tier && to == SHARED_PORT => None,
        Some(to_tier) if to_tier == from_tier => Some(format!("{from}/ and {to}/ are siblings of tier {from_tier}")),
        Some(to_tier) => Some(format!("{from}/ is tier {from_tier} and may not import {to}/ of tier {to_tier}")),
        // A name at the crate's root that is not a folder hides where it comes from.
        None => Some(format!("`{to}` stands at the crate's root: import it from its folder")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(file: &str, source: &str) -> Vec<String> {
        check(file, source).into_iter().map(|crossing| crossing.why).collect()
    }

    #[test]
    fn a_tree_that_keeps_to_its_tiers_passes() {
        for (file, source) in [
            ("main.rs", "fn main() { rcrepro::cli::main() }"),
            ("lib.rs", "pub mod model; pub mod app;"),
            (
                "model/tree.rs",
                "use crate::model::digest::Digest; use super::name::Name; use std::collections::BTreeMap;",
            ),
            ("format/lock.rs", "use crate::model::lockfile;"),
            (
                "engine/docker/mod.rs",
                "use bollard::Docker; use crate::{model::action, store::BlobStore}; use super::Engine;",
            ),
            ("store/fs.rs", "use std::fs; use super::BlobStore; mod tests { use super::super::BlobStore; }"),
            ("app/run.rs", "use crate::{engine, store, normalize}; /// [`crate::report`] shows it"),
            ("cli/args.rs", "use clap::Parser; use crate::app; use crate::report;"),
            ("report/progress.rs", "use indicatif::ProgressBar;"),
            ("report/progress/bars.rs", "use indicatif::ProgressBar;"),
            (
                "app/a.rs",
                "fn f() { door::read(p, 1); std::fs::write(p, b); } mod tests { fn f() { std::fs::read(p); } }",
            ),
            ("app/a/tests.rs", "fn f() { println!(\"x\"); std::fs::read(p); }"),
            ("cli/output.rs", "fn f() { io::stdout().lock(); }"),
            ("store/a.rs", "fn f() { File::open(p); }"),
        ] {
            assert_eq!(why(file, source), [""; 0], "{file}");
        }
    }

    #[test]
    fn each_border_goes_red() {
        for (file, source, expected) in [
            ("model/a.rs", "use crate::format::json;", "model/ is tier 0 and may not import format/ of tier 1"),
            ("store/a.rs", "fn f(x: crate::app::run::Run) {}", "store/ is tier 2 and may not import app/ of tier 3"),
            ("format/a.rs", "use crate::{model, normalize};", "format/ and normalize/ are siblings of tier 1"),
            ("oci/a.rs", "use crate::{\n  packages::deb,\n};", "oci/ and packages/ are siblings of tier 2"),
            ("store/a.rs", "use crate::engine::Engine;", "store/ and engine/ are siblings of tier 2"),
            ("app/a.rs", "use crate::report;", "app/ and report/ are siblings of tier 3"),
            ("report/a/b.rs", "use super::super::super::app::x;", "report/ and app/ are siblings of tier 3"),
            ("report/mod.rs", "mod t { fn f() { super::super::app::g() } }", "report/ and app/ are siblings of tier 3"),
            ("oci/tar.rs", "use crate::Sha256;", "`Sha256` stands at the crate's root: import it from its folder"),
            ("misc/a.rs", "", "`misc` has no tier: name it in xtask's table and in DESIGN §5"),
            ("helpers.rs", "", "`helpers` has no tier: name it in xtask's table and in DESIGN §5"),
            ("engine/fake.rs", "use bollard::Docker;", "only engine/docker may know bollard"),
            ("engine/docker_host.rs", "use bollard::Docker;", "only engine/docker may know bollard"),
            ("engine/docker/a.rs", "use ::tonic::Status;", "only engine/remote may know tonic"),
            ("app/push.rs", "use oci_client::Client;", "only registry may know oci_client"),
            ("main.rs", "#[derive(clap::Parser)] struct A;", "only cli/args may know clap"),
            ("cli/mod.rs", "use {clap::Parser, std::fs};", "only cli/args may know clap"),
            ("report/board.rs", "extern crate indicatif;", "only report/progress may know indicatif"),
            ("model/a.rs", "use std::{collections::BTreeMap, fs::File};", "model/ is pure: it may not know std::fs"),
            ("model/a.rs", "fn f() { std::env::var(\"A\"); }", "model/ is pure: it may not know std::env"),
            ("model/a.rs", "use tokio::sync::Mutex;", "model/ is pure: it may not know tokio"),
            ("model/a.rs", "use std::time; fn f() { time::Instant::now(); }", "model/ is pure: it may not use Instant"),
            ("model/a.rs", "struct A(f64);", "model/ is pure: it may not use f64"),
            ("app/a.rs", "fn f() { std::fs::read(p); }", "app/ goes through store/door.rs: it may not use fs::read"),
            (
                "app/a/b.rs",
                "use std::fs::{read_to_string, write};",
                "app/ goes through store/door.rs: it may not use fs::read_to_string",
            ),
            ("cli/a.rs", "fn f() { File::open(p); }", "cli/ goes through store/door.rs: it may not use File::open"),
            (
                "report/a.rs",
                "fn f() { io::stdout().lock(); }",
                "report/ goes through cli/output.rs: it may not use io::stdout",
            ),
            ("cli/a.rs", "fn f() { eprintln!(\"x\"); }", "cli/ goes through cli/output.rs: it may not use eprintln!"),
        ] {
            assert_eq!(why(file, source), [expected], "{file}: {source}");
        }
    }

    #[test]
    fn a_crossing_names_its_line() {
        let found = check("oci/a.rs", "//! text\n\nuse crate::model;\nuse crate::sign;\n");
        assert_eq!(found[0].to_string(), "src/oci/a.rs:4: oci/ and sign/ are siblings of tier 2");
    }

    #[test]
    fn an_empty_tree_is_no_pass() {
        let empty = std::env::temp_dir().join(format!("xtask-layers-{}", std::process::id()));
        std::fs::create_dir_all(empty.join("src")).unwrap();
        let checked = run(&empty);
        std::fs::remove_dir_all(&empty).unwrap();
        assert!(checked.is_err());
    }
}
