//! What `rcrepro status` takes.

use clap::Args;

/// Says what is done with the board.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Takes the tracked tree of this commit as the source that evidence has to be of.
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    pub rev: String,
    /// Writes the sections of the documents under `[documents] generated`: board, checklist, verdict, risks.
    #[arg(long)]
    pub write: bool,
    /// Changes nothing: exit code 1 when a section is not what `--write` would write, 5 when there is none to check.
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
    /// Prints packets for findings that none claims as TOML for the plan, and no board. Exit code 5 when a scan says nothing.
    #[arg(long, conflicts_with_all = ["write", "check"])]
    pub propose: bool,
}
