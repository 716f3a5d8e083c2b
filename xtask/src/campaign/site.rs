//! Where a campaign works, and the commands that it runs there.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The folder of a campaign, and the program that is tried in it.
#[derive(Debug, Clone)]
pub struct CampaignSite {
    /// The folder of the scratch clones.
    pub base: PathBuf,
    pub rcrepro: PathBuf,
}

impl CampaignSite {
    /// The program that runs plans.
    pub fn rcrepro(&self) -> Command {
        Command::new(&self.rcrepro)
    }
}

/// Runs a command to its end and gives its standard output.
///
/// # Errors
/// How it ended and the end of what it said.
pub fn succeed(command: &mut Command) -> Result<String, String> {
    let shown = format!(
        "{} {}",
        command.get_program().display(),
        command.get_args().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    );
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start {shown}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = said.lines().collect();
    Err(format!("{shown}: {}\n{}", output.status, lines[lines.len().saturating_sub(15)..].join("\n")))
}
