//! The arguments of what executes packets.

use clap::{Args, ValueEnum};

use rcrepro_model::content::name::Name;
use rcrepro_model::shake::variation::Variation;

/// How a packet is executed.
#[derive(Debug, Args)]
pub struct ExecutionArgs {
    /// Runs at most this many commands at once [default: the number of processors], and never more than the memory of the
    /// engine's machine is enough for.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Takes the tracked tree of this commit.
    #[arg(long, default_value = "HEAD", value_name = "REV")]
    pub rev: String,
    /// Says how inputs reach a container; the digests are the same.
    #[arg(long, value_enum, default_value = "auto")]
    pub staging: StagingName,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, Args)]
pub struct FailureArgs {
    /// Runs everything that does not need what failed; that is the default.
    #[arg(long, conflicts_with = "fail_fast")]
    pub keep_going: bool,
    /// Starts nothing more once a command has failed; commands that run then are not stopped.
    #[arg(long)]
    pub fail_fast: bool,
    /// Does not execute a command that failed again in looser worlds to say which pin it fails by: a clock that flows, the real
    /// clock, the machine's own world. Those looks change no verdict and no exit code.
    #[arg(long)]
    pub no_second_look: bool,
}

/// How a packet is shaken.
#[derive(Debug, Args)]
pub struct ShakeArgs {
    /// Shakes this command only; may be given again. Commands that it needs are run once.
    #[arg(long, value_name = "ID")]
    pub command: Vec<Name>,
    /// Varies these only: cpus, host, uid, tz, locale, umask, path, env, order, clock, seed, load.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub vary: Vec<Variation>,
    /// Makes so many worlds in which all of it is different at once.
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub worlds: u16,
    /// Runs the unvaried world, and whatever seems equal while causes are searched for, so many times.
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u16).range(2..=100))]
    pub repeat: u16,
    /// Chooses the worlds; the same seed makes the same ones.
    #[arg(long, value_name = "S", default_value = "1")]
    pub seed: u64,
    /// Finds for each command the strictest world in which it passes, in every one of `--repeat` runs and as many again, and
    /// prints the keys for the plan as TOML with the evidence: a clock that stands where that makes parts equal, one that
    /// starts, another number of processors, the real clock, nothing pinned. Exit code 1 when the plan needs other keys.
    #[arg(long, conflicts_with_all = ["vary", "worlds", "seed"])]
    pub propose: bool,
    /// How it is executed.
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

/// How inputs reach a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StagingName {
    /// Overlays where the daemon can mount them, archives elsewhere.
    Auto,
    /// Overlay volumes over trees that are uploaded once.
    Overlay,
    /// One upload per container.
    Archive,
}
