//! Long checks that run only when something that decides them has changed since they passed. What that was is noted in a file of the
//! repository, so that the note lands with the change that it is about.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::refusal::Refusal;

/// Tells whether nothing has changed since the check passed, and says so. `decides` are files and folders of the repository,
/// `versions` programs of the machine with what makes them tell their version, `noted` is where [`note`] wrote.
///
/// # Errors
/// [`Refusal`] when git cannot list the files.
pub fn is_unchanged(root: &Path, decides: &[&str], versions: &[[&str; 2]], noted: &str) -> Result<bool, Refusal> {
    let now = fingerprint(root, decides, versions, noted)?;
    let unchanged = fs::read_to_string(root.join(noted)).is_ok_and(|passed| passed.trim() == now);
    if unchanged {
        println!("NOT RUN: nothing that decides it has changed since it passed ({noted})");
    }
    Ok(unchanged)
}

/// Notes that the check passed as things are now.
///
/// # Errors
/// [`Refusal`] when git cannot list the files, or the note cannot be written.
pub fn note(root: &Path, decides: &[&str], versions: &[[&str; 2]], noted: &str) -> Result<(), Refusal> {
    let at = root.join(noted);
    let cannot = |error| Refusal::machine(format!("cannot write {}: {error}", at.display()));
    fs::write(&at, fingerprint(root, decides, versions, noted)? + "\n").map_err(cannot)
}

/// Gives a hash of the files and of the programs that decide a result; `noted` is left out.
fn fingerprint(root: &Path, decides: &[&str], versions: &[[&str; 2]], noted: &str) -> Result<String, Refusal> {
    let git = |arguments: &[&str], input: &[u8]| {
        let mut command = Command::new("git");
        command.args(arguments).current_dir(root).stdin(Stdio::piped()).stdout(Stdio::piped());
        let cannot = |error| Refusal::machine(format!("cannot run git: {error}"));
        let mut child = command.spawn().map_err(cannot)?;
        child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input)).map_err(cannot)?;
        let output = child.wait_with_output().map_err(cannot)?;
        if !output.status.success() {
            return Err(Refusal::machine(format!("`git {}` ended with {}", arguments.join(" "), output.status)));
        }
        Ok(output.stdout)
    };
    let listing = [&["ls-files", "--cached", "--others", "--exclude-standard", "--"], decides].concat();
    let files = String::from_utf8_lossy(&git(&listing, b"")?).into_owned();
    // Files that are tracked and were deleted are on the list, and not there.
    let there = |file: &&str| *file != noted && root.join(file).is_file();
    let files: Vec<&str> = files.lines().filter(there).collect();
    let hashes = git(&["hash-object", "--stdin-paths"], (files.join("\n") + "\n").as_bytes())?;
    let versions = versions.iter().map(|[program, argument]| {
        let output = Command::new(program).arg(argument).output();
        output.map_or_else(|error| error.to_string(), |output| String::from_utf8_lossy(&output.stdout).into_owned())
    });
    let versions = versions.collect::<String>();
    let all = [files.join("\n").as_bytes(), &hashes, versions.as_bytes()].concat();
    Ok(String::from_utf8_lossy(&git(&["hash-object", "--stdin"], &all)?).trim().to_owned())
}
