//! The arguments of what reads scans and their data.

use clap::{Args, ValueEnum};

use super::ExecutionArgs;
use rcrepro_model::plan::PacketId;

/// Says what is asked about advisory data.
#[derive(Debug, Args)]
pub struct AdvisoriesArgs {
    /// Runs the plan's scans again with the data of today, and records in `today/` what each says; locks and manifests stay.
    ///
    /// Exit code 1 when a scan finds something, 5 when one could not say.
    #[arg(long)]
    pub scan: bool,
    /// How the scans are executed.
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// Says which findings are wanted, and how.
#[derive(Debug, Args)]
pub struct FindingsArgs {
    /// The packets whose scans are read; all when none is named.
    #[arg(value_name = "PACKET")]
    pub packets: Vec<PacketId>,
    /// The form [default: text]; `--json` is short for json, and goes with no other one.
    #[arg(long, value_enum)]
    pub format: Option<FindingsFormat>,
    /// Takes the tracked tree of this commit as the source that evidence has to be of.
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    pub rev: String,
}

/// Says whose suppressions are wanted, and since when.
#[derive(Debug, Args)]
pub struct SuppressionsArgs {
    /// The packets whose commands count; all when none is named.
    #[arg(value_name = "PACKET")]
    pub packets: Vec<PacketId>,
    /// Reads the tracked tree of this commit.
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    pub rev: String,
    /// Compares with this commit [default: the nearest tag before REV].
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
}

/// Names a form of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FindingsFormat {
    /// A line each, for people.
    Text,
    /// SARIF 2.1.0.
    Sarif,
    /// Canonical JSON.
    Json,
}

impl FindingsFormat {
    /// The word of the option.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Sarif => "sarif",
            Self::Json => "json",
        }
    }
}
