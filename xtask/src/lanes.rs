//! The test binaries in two lanes beside each other: those that use the engine mostly wait, the others mostly compute.
//!
//! A lane runs its commands one after another, so that no two binaries ask the same engine at once. The first lane is shown
//! as it goes; what the second one prints is kept until both have ended, so that the log reads as if they had run in turn.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;

use crate::refusal::Refusal;

/// The test binaries that use the engine, by the name of their target.
pub const ON_ENGINE: [&str; 4] = ["cli", "docker", "images", "toolchain"];

/// The test binaries of the workspace, as `cargo test --no-run` lists them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Binaries {
    /// Their files, those of unit tests included.
    files: BTreeSet<String>,
    /// The names of the integration tests.
    names: BTreeSet<String>,
}

impl Binaries {
    /// Reads lines like `Executable tests/cli/main.rs (target/debug/deps/cli-0123456789abcdef)`.
    pub fn read(listing: &str) -> Self {
        let mut found = Self::default();
        for (source, file) in listing.lines().filter_map(|line| source_and_file(line, "Executable ")) {
            let name = Path::new(file).file_name().and_then(|name| name.to_str()?.rsplit_once('-'));
            if let Some((name, _)) = name.filter(|_| !source.starts_with("unittests ")) {
                found.names.insert(name.to_owned());
            }
            found.files.insert(file.to_owned());
        }
        found
    }

    /// Returns the arguments of `cargo test` that select the binaries that use the engine, and those that select all others.
    pub fn split(&self) -> [Vec<&str>; 2] {
        let (on_engine, others): (Vec<_>, Vec<_>) =
            self.names.iter().map(String::as_str).partition(|name| ON_ENGINE.contains(name));
        [select(&on_engine), [vec!["--lib", "--bins"], select(&others)].concat()]
    }

    /// Returns the files that no log names as running.
    fn not_run<'a>(&'a self, logs: &[&Log]) -> Vec<&'a str> {
        let lines = logs.iter().flat_map(|log| log.text.lines());
        let run: BTreeSet<_> =
            lines.filter_map(|line| source_and_file(line, "Running ")).map(|(_, file)| file).collect();
        self.files.iter().map(String::as_str).filter(|file| !run.contains(file)).collect()
    }
}

fn select<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().flat_map(|name| ["--test", *name]).collect()
}

/// Reads a line of cargo's that names a test binary: where it was written, and the file.
fn source_and_file<'a>(line: &'a str, verb: &str) -> Option<(&'a str, &'a str)> {
    line.trim_start().strip_prefix(verb)?.strip_suffix(')')?.split_once(" (")
}

/// What a lane prints, shown at once or kept.
#[derive(Debug)]
pub struct Log {
    shown: bool,
    text: String,
}

impl Log {
    pub const fn shown() -> Self {
        Self { shown: true, text: String::new() }
    }

    pub const fn kept() -> Self {
        Self { shown: false, text: String::new() }
    }

    /// Adds a line.
    pub fn line(&mut self, line: &str) {
        if self.shown {
            println!("{line}");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Prints what was kept.
    pub fn print(&self) {
        if !self.shown {
            print!("{}", self.text);
            drop(io::stdout().flush());
        }
    }

    /// Runs a command to its end and returns its exit code; a signal counts as a failure.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(&mut self, command: &mut Command) -> Result<ExitCode, Refusal> {
        let cannot = |error: io::Error| Refusal::machine(format!("cannot start cargo: {error}"));
        let (reader, writer) = io::pipe().map_err(cannot)?;
        command.stdout(writer.try_clone().map_err(cannot)?).stderr(writer);
        let mut child = command.spawn().map_err(cannot)?;
        // The command holds the writing ends, without which the pipe would never end.
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        for line in BufReader::new(reader).split(b'\n') {
            self.line(&String::from_utf8_lossy(&line.map_err(cannot)?));
        }
        let status = child.wait().map_err(cannot)?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
    }
}

/// Runs two lanes beside each other; fails when one of them does, or when a binary was in neither.
///
/// # Errors
/// The first refusal of a lane, and the binaries that were not run.
pub fn beside(
    binaries: &Binaries,
    first: impl FnOnce(&mut Log) -> Result<ExitCode, Refusal>,
    second: impl FnOnce(&mut Log) -> Result<ExitCode, Refusal> + Send,
) -> Result<ExitCode, Refusal> {
    let (mut shown, mut kept) = (Log::shown(), Log::kept());
    let (first, second) = thread::scope(|scope| {
        let second = scope.spawn(|| second(&mut kept));
        let first = first(&mut shown);
        (first, second.join().unwrap_or_else(|_| Err(Refusal::check("the second lane of tests panicked"))))
    });
    kept.print();
    if let Some(failed) = [first?, second?].into_iter().find(|code| *code != ExitCode::SUCCESS) {
        return Ok(failed);
    }
    match binaries.not_run(&[&shown, &kept])[..] {
        [] => Ok(ExitCode::SUCCESS),
        ref missing => Err(Refusal::check(format!("compiled, but not run: {}", missing.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "    Finished `test` profile\n  Executable unittests src/lib.rs (target/debug/deps/rcrepro-1a)\n  \
        Executable tests/cli/main.rs (target/debug/deps/cli-2b)\n  Executable tests/why/main.rs (target/debug/deps/why-3c)\n";

    fn log(text: &str) -> Log {
        Log { shown: false, text: text.to_owned() }
    }

    #[test]
    fn a_binary_that_uses_the_engine_is_in_the_first_lane_and_any_other_in_the_second() {
        let binaries = Binaries::read(LISTING);
        assert_eq!(binaries.split(), [vec!["--test", "cli"], vec!["--lib", "--bins", "--test", "why"]]);
    }

    #[test]
    fn a_binary_that_no_lane_has_run_is_named() {
        let binaries = Binaries::read(LISTING);
        let first = log("     Running tests/cli/main.rs (target/debug/deps/cli-2b)\n");
        let second = log("     Running unittests src/lib.rs (target/debug/deps/rcrepro-1a)\nRunning out (of time)\n");
        assert_eq!(binaries.not_run(&[&first, &second]), ["target/debug/deps/why-3c"]);
        let third = log("     Running tests/why/main.rs (target/debug/deps/why-3c)\n");
        assert!(binaries.not_run(&[&first, &second, &third]).is_empty());
    }

    #[test]
    fn a_lane_that_fails_fails_the_whole_and_both_run_to_their_end() {
        let none = Binaries::default();
        let line = |log: &mut Log, line: &str| log.run(Command::new("sh").args(["-c", line]));
        let failed = beside(&none, |log| line(log, "exit 7"), |log| line(log, "echo out; echo err >&2"));
        assert_eq!(failed.expect("both run"), ExitCode::from(7));
        let failed = beside(&none, |log| line(log, "true"), |log| line(log, "kill -9 $$"));
        assert_eq!(failed.expect("both run"), ExitCode::FAILURE);
        assert_eq!(
            beside(&none, |log| line(log, "true"), |log| line(log, "true")).expect("both run"),
            ExitCode::SUCCESS
        );
        let compiled = Binaries::read(LISTING);
        assert!(beside(&compiled, |log| line(log, "true"), |log| line(log, "true")).is_err(), "nothing was run");
    }

    #[test]
    fn what_a_command_prints_is_kept_in_its_order() {
        let mut log = Log::kept();
        let ended = log.run(Command::new("sh").args(["-c", "echo one; echo two >&2; echo three"])).expect("sh");
        assert_eq!((ended, log.text.as_str()), (ExitCode::SUCCESS, "one\ntwo\nthree\n"));
    }
}
