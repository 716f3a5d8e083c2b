//! `cargo xtask hollow`: the corpus of hollow passes in `tests/hollow`, with the real tools.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::machine;
use crate::passed;
use crate::refusal::Refusal;

/// Definitions of images whose programs are compiled from their modules.
const PROGRAMS: [&str; 2] = ["gitleaks", "govulncheck"];

/// Everything that decides what the tools say: the cases, what was recorded of them, the tools' versions, and what runs them.
const DECIDES: [&str; 5] = [
    "tests/hollow",
    "crates/proof/tests/hollow",
    "images/gitleaks.toml",
    "images/govulncheck.toml",
    "xtask/src/hollow.rs",
];
/// The programs of the machine that decide it, too.
const VERSIONS: [[&str; 2]; 4] = [["go", "version"], ["node", "--version"], ["npm", "--version"], ["git", "--version"]];
/// What `DECIDES` and `VERSIONS` were when all cases last said what is recorded.
const PASSED: &str = "tests/hollow/passed";

/// Runs all cases, as [`run`] does, unless nothing that decides what they say has changed since they last passed.
///
/// # Errors
/// As [`run`].
pub fn run_if_changed(root: &Path) -> Result<ExitCode, Refusal> {
    match passed::is_unchanged(root, &DECIDES, &VERSIONS, PASSED)? {
        true => Ok(ExitCode::SUCCESS),
        false => run(root, None),
    }
}

/// Brings the tools into `target/hollow`, in the versions of `tests/hollow/tools` and `images`, runs every case and compares what it
/// said with the recordings. With `--record` it writes anew those whose name holds a text, or all without one, and
/// docs/hollow.md.
///
/// # Errors
/// A client that cannot bring a tool (exit 4), and a case that came out otherwise (exit 1).
pub fn run(root: &Path, record: Option<&str>) -> Result<ExitCode, Refusal> {
    let folder = root.join("target/hollow");
    let started = Instant::now();
    for made in ["work", "home", "tmp"] {
        if folder.join(made).exists() {
            fs::remove_dir_all(folder.join(made)).map_err(|error| unwritable(&folder, &error))?;
        }
        fs::create_dir_all(folder.join(made)).map_err(|error| unwritable(&folder, &error))?;
    }
    packages(root, &folder)?;
    PROGRAMS.iter().try_for_each(|name| program(root, &folder, name))?;
    println!("tools in {:.1} s", started.elapsed().as_secs_f64());
    let mut tests = machine::cargo(root);
    // The whole workspace is built with the same features as for its tests.
    tests.args(["test", "--quiet", "--workspace", "--test", "hollow", "--", "--include-ignored"]);
    tests.env("RCREPRO_HOLLOW_TOOLS", &folder);
    if let Some(only) = record {
        tests.env("RCREPRO_HOLLOW_RECORD", only).arg("the_real_tools_say_what_is_recorded");
    }
    let status = tests.status().map_err(|error| Refusal::machine(format!("cannot start cargo: {error}")))?;
    println!("all in {:.1} s", started.elapsed().as_secs_f64());
    if status.success() && record.is_none() {
        passed::note(root, &DECIDES, &VERSIONS, PASSED)?;
    }
    Ok(ExitCode::from(u8::from(!status.success())))
}

/// Installs what `package-lock.json` names, without its scripts; once for each lock.
fn packages(root: &Path, folder: &Path) -> Result<(), Refusal> {
    let read = |path: &Path| fs::read(path).ok();
    let tracked = root.join("tests/hollow/tools");
    let lock = read(&tracked.join("package-lock.json"));
    if read(&folder.join("package-lock.json")) == lock && folder.join("node_modules/.bin").is_dir() {
        return Ok(());
    }
    for file in ["package.json", "package-lock.json"] {
        fs::copy(tracked.join(file), folder.join(file)).map_err(|error| unwritable(folder, &error))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    succeeds(&mut npm, "npm ci")
}

/// Compiles a program in the version that its image has.
fn program(root: &Path, folder: &Path, name: &str) -> Result<(), Refusal> {
    let definition = root.join(format!("images/{name}.toml"));
    let text = fs::read_to_string(&definition)
        .map_err(|error| Refusal::check(format!("cannot read {}: {error}", definition.display())))?;
    // The definition's own `version` above it is a number, and has no quotes.
    let value = |key: &str| {
        let behind = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix("= \""));
        behind.and_then(|value| value.strip_suffix('"')).map(str::to_owned)
    };
    let (Some(module), Some(version)) = (value("module"), value("version")) else {
        return Err(Refusal::check(format!("{} names no module and version", definition.display())));
    };
    let package = value("package").map_or_else(String::new, |package| format!("/{package}"));
    let mark = folder.join(format!("bin/{name}.version"));
    let wanted = format!("{module}{package}@{version}");
    if fs::read_to_string(&mark).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let mut go = Command::new("go");
    go.args(["install", &wanted]).env("GOBIN", folder.join("bin"));
    succeeds(&mut go, &format!("go install {wanted}"))?;
    fs::write(&mark, wanted).map_err(|error| unwritable(&mark, &error))
}

fn succeeds(command: &mut Command, what: &str) -> Result<(), Refusal> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Refusal::machine(format!("`{what}` ended with {status}"))),
        Err(error) => Err(Refusal::machine(format!("cannot start `{what}`: {error}"))),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::machine(format!("cannot write {}: {error}", path.display()))
}
