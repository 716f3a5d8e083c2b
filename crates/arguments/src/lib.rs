//! The shape of the command line: what the program can be asked, with the text of `--help`. What is done about it is the
//! program's.
//!
//! The compiler refuses what lies above, because `Cargo.toml` does not name it:
//!
//! ```no_run
//! use rcrepro_arguments as _;
//! ```
//!
//! ```compile_fail,E0432
//! use rcrepro_app as _;
//! ```

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, ValueEnum};

pub use self::attest::{AttestArgs, KeyAlgorithmName, KeygenArgs, ReplayKeyArgs};
pub use self::execution::{ExecutionArgs, FailureArgs, ShakeArgs, StagingName};
pub use self::image::{BomFormatName, ImageCommand};
use self::scans::{AdvisoriesArgs, FindingsArgs};
pub use self::status::StatusArgs;
use rcrepro_model::content::name::Name;
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::PacketId;
use rcrepro_model::text::address::without_secrets;

mod attest;
mod execution;
mod image;
pub mod mutants;
pub mod scans;
mod status;

/// Runs, replays and verifies the exact commands of a release plan in digest-locked containers with no network.
#[derive(Debug, Parser)]
#[command(name = "rcrepro", version, max_term_width = 120, after_help = EXIT_CODES)]
pub struct Cli {
    /// Works in this folder: the one with `rcrepro.toml`. Every relative path on the command line is relative to it, as with git.
    #[arg(short = 'C', long = "directory", global = true, default_value = ".", value_name = "DIR")]
    pub directory: PathBuf,
    /// Keeps blobs and run records here [default: $RCREPRO_STORE, else $XDG_DATA_HOME/rcrepro or ~/.local/share/rcrepro].
    #[arg(long, global = true, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Prints one JSON document on standard output, for errors too; and what happens meanwhile as lines of JSON on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Subcommand,
}

/// Lists the names of the program's commands.
#[must_use]
pub fn command_names() -> Vec<String> {
    Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect()
}

const EXIT_CODES: &str = "\
Exit codes: 0 reproduced; 1 divergent or failed; 2 usage; 3 bad plan or stale lock; 4 engine or registry could not serve;
5 undecided (evidence missing, a command could not run); 6 tampered; 70 a bug; 130 interrupted.";

/// Arguments from which no command follows.
#[derive(Debug)]
pub enum NoCommand {
    /// Help or the version was asked for.
    Asked(LineAnswer),
    /// Something was not understood.
    Mistaken(LineAnswer),
}

/// What the command line itself answers.
#[derive(Debug)]
pub struct LineAnswer(clap::Error);

impl LineAnswer {
    /// Prints it with the colours of a terminal: help and the version to standard output, mistakes to standard error.
    ///
    /// # Errors
    /// When nobody reads.
    pub fn print(&self) -> io::Result<()> {
        self.0.print()
    }

    /// The text of a mistake that quotes an address with credentials in it, without them; none where there are none.
    pub fn concealed(&self) -> Option<String> {
        match without_secrets(&self.0.to_string()) {
            Cow::Borrowed(_) => None,
            Cow::Owned(shown) => Some(shown),
        }
    }

    /// The text of a mistake, without the `error:` before it.
    pub fn message(&self) -> String {
        let text = without_secrets(&self.0.to_string()).into_owned();
        text.trim().trim_start_matches("error: ").to_owned()
    }
}

impl Cli {
    /// Parses the process's arguments.
    ///
    /// # Errors
    /// [`NoCommand`] with what is to be printed instead of executing something.
    pub fn read() -> Result<Self, NoCommand> {
        Self::try_parse().map_err(|error| {
            let is_mistake = error.use_stderr();
            let answer = LineAnswer(error);
            if is_mistake { NoCommand::Mistaken(answer) } else { NoCommand::Asked(answer) }
        })
    }
}

/// What the program can be asked to do; each doc comment is the text of `--help`.
#[derive(Debug, clap::Subcommand)]
pub enum Subcommand {
    /// Reads the plan and says whether it is sound, and the source of HEAD for what no run could survive, by place and before
    /// any network (exit code 3): submodules, locks that pin nothing, modules that are not there, lines that need BuildKit.
    /// With `--mutate`, whether its gates are sound.
    Check(mutants::CheckArgs),
    /// Locks frozen inputs: runs their network step, or reads their mirror, and writes the digest of what is there. npm's
    /// advisories are recorded when there is no cassette yet, and anew only when they are named.
    Lock {
        /// The frozen inputs; all when none is named.
        #[arg(value_name = "NAME")]
        names: Vec<Name>,
        /// Reads the lock files of this commit.
        #[arg(long, default_value = "HEAD", value_name = "REV")]
        rev: String,
    },
    /// Says how old the frozen advisory data is, and which entries its mirror has today that were not locked.
    Advisories(AdvisoriesArgs),
    /// Lists what the scans found, by the newest evidence of this source; nothing is executed.
    ///
    /// Exit code 1 when something was found, 5 when a scan has no evidence or did not do its work.
    Findings(FindingsArgs),
    /// Runs packets, builds and tries the images of the release that they name, and records both in `manifests/`. After a failure
    /// everything is run that does not need what failed.
    Run {
        /// The packets, such as RC-05.
        #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "PACKET")]
        packets: Vec<PacketId>,
        /// Runs every packet that is not done, those that others need first, until nothing is ready; then writes the plan's documents.
        #[arg(long)]
        all: bool,
        /// Executes every command, those too that an earlier run on this machine executed with the same action and that passed.
        #[arg(long)]
        fresh: bool,
        /// Runs this command of the packet and those that it needs only; may be given again. The run is recorded as a partial one,
        /// by which no packet is done.
        #[arg(long, value_name = "ID", conflicts_with = "all")]
        command: Vec<Name>,
        /// What a failure leads to.
        #[command(flatten)]
        failure: FailureArgs,
        /// How it is executed.
        #[command(flatten)]
        execution: ExecutionArgs,
    },
    /// Writes a plan that fits the project, as far as its tracked files tell, with the image definitions that it names; or a
    /// template. Replaces nothing.
    Init {
        /// The plan that it starts from.
        #[arg(long, value_enum, default_value = "project")]
        template: TemplateName,
        /// Prints what was seen in the project, with file and line, and writes nothing.
        #[arg(long)]
        explain: bool,
    },
    /// Shows the packet board: what is done, what blocks what, what is next, and packets for findings that none claims; or writes
    /// it into the plan's documents.
    Status {
        /// What is done with it.
        #[command(flatten)]
        status: StatusArgs,
    },
    /// Says GO, `GO_WITH_CONDITIONS`, `NO_GO` or UNDECIDED, with the digest that each criterion rests on: with the frozen advisory
    /// data, and with that of today.
    Verdict {
        /// Takes the tracked tree of this commit as the source that evidence has to be of.
        #[arg(long, default_value = "HEAD", value_name = "REV")]
        rev: String,
    },
    /// Records that somebody approved the plan, or reviewed a packet's evidence, by its digest.
    Approve {
        /// The packet, such as RC-00.
        packet: PacketId,
        /// The person who approves or reviews.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Reviews the packet's evidence instead of approving the plan.
        #[arg(long)]
        review: bool,
        /// What they have to say.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Executes a recorded packet again, without any cache of results, and compares command by command.
    Replay {
        /// A packet, such as RC-05, or a manifest file.
        #[arg(value_name = "PACKET|MANIFEST")]
        target: String,
        /// Who signs what it came to.
        #[command(flatten)]
        key: ReplayKeyArgs,
        /// What a failure leads to.
        #[command(flatten)]
        failure: FailureArgs,
        /// How it is executed.
        #[command(flatten)]
        execution: ExecutionArgs,
    },
    /// Runs a packet in deliberately different worlds, and finds what changes which output and what is flaky.
    Shake {
        /// The packet, such as RC-05.
        packet: PacketId,
        /// What is varied, and how often.
        #[command(flatten)]
        shake: ShakeArgs,
    },
    /// Judges a manifest from its evidence alone; nothing is executed and nothing fetched.
    Verify {
        /// The manifest file; its evidence is read from `NAME.evidence/` beside it, or from the store.
        #[arg(value_name = "MANIFEST")]
        manifest: PathBuf,
        /// Trusts this public key, and wants its statement about the manifest; may be given again. Statements are read from
        /// `NAME.attestations/` beside the manifest.
        #[arg(long, value_name = "FILE")]
        key: Vec<PathBuf>,
    },
    /// Signs how a packet's commands ended, as its manifest and evidence show it: an in-toto statement (test-result/v0.1) in a DSSE
    /// envelope, in `NAME.attestations/` beside the manifest. Nothing is executed, and nothing undecided or tampered with is signed.
    Attest(AttestArgs),
    /// Makes a key that signs: the private key (PKCS#8) and FILE.pub, both in PEM.
    Keygen(KeygenArgs),
    /// Holds what a packet's branch changed against its scope globs and the plan's protected ones.
    ///
    /// Exit code 1 when a file lies outside, or a protected file was changed and threat model or rollback plan are missing or
    /// do not name it; 5 when nothing changed or the base is not an ancestor of the head. Without `--base` the committed record
    /// `scopes/PACKET.json` is derived again from the repository: 3 when the plan's rules are others now, 6 when it differs.
    Scope {
        /// The packet, such as RC-03.
        packet: PacketId,
        /// The commit from which the packet's branch begins.
        #[arg(long, value_name = "REV")]
        base: Option<String>,
        /// The commit at which it ends.
        #[arg(long, value_name = "REV", default_value = "HEAD", requires = "base")]
        head: String,
        /// Writes `scopes/PACKET.json`, which a verdict can rest on.
        #[arg(long, requires = "base")]
        record: bool,
    },
    /// Holds the commands that the plan's documents quote against the plan and the recorded manifests.
    ///
    /// Documents are read from a commit. A quoted command must be a line of the plan, and a manifest in `manifests/` must
    /// hold it with exit code 0. Exit code 1 when one is stale or has no evidence, 5 when there is nothing to check.
    Documents {
        /// Reads the documents of this commit.
        #[arg(long, default_value = "HEAD", value_name = "REV")]
        rev: String,
    },
    /// Explains every difference of two runs, replays or manifests: its class, its cause, and what would remove it.
    Why {
        /// A packet (its committed manifest), a run's id in the store, `latest`, or a manifest file.
        #[arg(value_name = "A")]
        first: String,
        /// As A; without it, the latest replay of A.
        #[arg(value_name = "B")]
        second: Option<String>,
        /// Writes a page that needs nothing else into this file, too, and replaces no other one.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Finds every reference to a toolchain version or an image in the tracked tree, and compares it with the plan's pins.
    Pins {
        /// Reads the tracked tree of this commit.
        #[arg(long, default_value = "HEAD", value_name = "REV")]
        rev: String,
        /// Lists every look-alike, too: what is in test data, vendored code, changelogs, lock files, comments and prose.
        #[arg(long)]
        look_alikes: bool,
        /// The form [default: text]; `--json` is short for json, and goes with no other one.
        #[arg(long, value_enum)]
        format: Option<scans::FindingsFormat>,
    },
    /// Lists what the plan's checks are told not to report: by the tracked tree, by the lines of commands, by the plan, and what runs
    /// skipped; and what of it is new since the release before.
    ///
    /// Exit code 1 when something is new or silences nothing any more, otherwise 5 when a file or the history cannot be read.
    Suppressions(scans::SuppressionsArgs),
    /// Prints the evidence of a packet's latest run or replay, else of its committed manifest.
    Log {
        /// The packet, such as RC-05.
        packet: PacketId,
        /// The command, or an image of the release, of which what was wrong is printed; without it, the commands are listed.
        command: Option<Name>,
        /// Prints one stream only.
        #[arg(long, value_enum)]
        stream: Option<StreamName>,
        /// Prints the canonical form instead of the raw one.
        #[arg(long)]
        canonical: bool,
        /// Prints streams byte by byte on a terminal, too, where control characters are written out otherwise.
        #[arg(long)]
        raw: bool,
    },
    /// Works with toolchain images, and publishes images of the release.
    Image {
        /// Works for this platform, such as linux/arm64 [default: this machine's; for `lock`, every one of the definition].
        #[arg(long, global = true, value_name = "PLATFORM")]
        platform: Option<ImagePlatform>,
        /// What to do.
        #[command(subcommand)]
        command: ImageCommand,
    },
    /// Says what is missing on this machine or damaged in the store, and the command that mends it.
    Doctor {
        /// Hashes every blob of the store, not only those that changed last.
        #[arg(long)]
        blobs: bool,
    },
}

/// A template of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TemplateName {
    /// One packet, RC-05, with the commands that the project's own files name.
    Project,
    /// The release confidence plan: RC-00 to RC-07 and the Global Command Set.
    ReleaseConfidence,
}

/// An output stream of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
