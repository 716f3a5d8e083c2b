//! The arguments of `rcrepro check`.

use clap::Args;

use super::StagingName;
use rcrepro_model::content::name::Name;
use rcrepro_model::plan::mutant::MutationGate;

/// Says which mutants are run.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Seeds wrong changes in scratch clones, runs the gates on them, and says whether each gate goes red for its own.
    ///
    /// Exit code 0 when every mutant was caught by its gate, with evidence that shows the change; 1 when one survived or was
    /// caught by accident; 5 when one is undecided or there is none. All of them together are recorded in `gates/mutants.json`.
    #[arg(long)]
    pub mutate: bool,
    /// With `--mutate`: runs this mutant only; may be given again.
    #[arg(long, value_name = "ID", requires = "mutate")]
    pub mutant: Vec<Name>,
    /// With `--mutate`: runs the mutants for this gate only, such as `command:go-test`, `pins`, `scope:RC-03` or `documents`; may be given again.
    #[arg(long, value_name = "GATE", requires = "mutate")]
    pub gate: Vec<MutationGate>,
    /// With `--mutate`: runs at most this many mutants at once [default: the number of processors].
    #[arg(short, long, value_name = "N", requires = "mutate", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// With `--mutate`: takes the tracked tree of this commit. Without it, `check` reads the working copy's plan and the source of HEAD.
    #[arg(long, default_value = "HEAD", value_name = "REV", requires = "mutate")]
    pub rev: String,
    /// With `--mutate`: says how inputs reach a container; the digests are the same.
    #[arg(long, value_enum, default_value = "auto", requires = "mutate")]
    pub staging: StagingName,
}
