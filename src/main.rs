//! The program: arguments, wiring, signals, errors with hints, exit codes.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests open what they made themselves")
)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::fs::Mode;
use rustix::process::umask;

use self::exit::Exit;
use self::failure::Failure;
use rcrepro_app::machine::config;
use rcrepro_arguments::{Cli, NoCommand, Subcommand};
use rcrepro_report as report;

mod commands;
mod context;
mod ending;
mod exit;
mod failure;
mod folder;
mod output;
mod signals;
mod today;
mod uncommitted;

use crate::commands::board::{documents, pins, scope, sections, status, suppressions};
use crate::commands::evidence::{attest, log, verify, why};
use crate::commands::executing::{mutate, replay, run, shake};
use crate::commands::scans::{advisories, findings};
use crate::commands::setup::{check, doctor, lock};
use crate::commands::{image, init};

/// Parses the command line, does what it says, and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    owner_may_always();
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(answer) => return answered(&answer).into(),
    };
    let json = cli.json;
    if json {
        output::speak_json();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::plain(Exit::Engine, format!("cannot start threads: {error}"), None);
            return ending::report(&failure, json).into();
        }
    };
    folder::name(&cli.directory);
    let end = |failure: Failure| ending::report(&failure, json);
    let exit = or_bug(|| runtime.block_on(dispatch(cli)).unwrap_or_else(end));
    // A blocking read may hang after the second Ctrl-C; it must not keep the process.
    runtime.shutdown_background();
    exit.into()
}

/// Ends where the command line itself is the answer: help, the version, a mistake.
fn answered(answer: &NoCommand) -> Exit {
    match answer {
        NoCommand::Asked(help) => help.print().map_or(Exit::Undecided, |()| Exit::Success),
        NoCommand::Mistaken(mistake) => {
            // What was not understood cannot say whether a document is wanted: the arguments themselves do.
            if std::env::args_os().take_while(|argument| argument != "--").any(|argument| argument == "--json") {
                let mut document =
                    report::json::error(Exit::Usage.as_str(), Exit::Usage.code(), &mistake.message(), &[], None);
                drop(output::print_json(&document));
                document["event"] = "error".into();
                output::complain_json(&document);
                return Exit::Usage;
            }
            match mistake.concealed() {
                Some(shown) => output::complain(&shown),
                None => return mistake.print().map_or(Exit::Undecided, |()| Exit::Usage),
            }
            Exit::Usage
        }
    }
}

/// Takes a panic, which has said on standard error what it is, for the bug that it is.
fn or_bug(work: impl FnOnce() -> Exit) -> Exit {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Bug)
}

/// Takes the owner's bits out of the umask: one that forbids us our own files helps nobody. The others stay as the user wants
/// them.
fn owner_may_always() {
    let wanted = umask(Mode::RWXG | Mode::RWXO);
    umask(wanted & (Mode::RWXG | Mode::RWXO));
}

async fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    signals::outlive_file_limit();
    if !cli.directory.is_dir() {
        let hint = "name the folder with rcrepro.toml: rcrepro -C DIR …".to_owned();
        let message = format!("there is no folder `{}`", cli.directory.display());
        return Err(Failure::plain(Exit::Usage, message, Some(hint)));
    }
    let store = match cli.store {
        Some(store) => store,
        None => default_store()?,
    };
    let context = context::Context {
        store: if cli.directory == Path::new(".") { store } else { cli.directory.join(store) },
        directory: cli.directory,
        config: config::find(variable),
        json: cli.json,
    };
    match cli.command {
        Subcommand::Check(arguments) if arguments.mutate => mutate::mutate(&context, &arguments).await,
        Subcommand::Check(_) => check::check(&context),
        Subcommand::Lock { names, rev } => lock::lock(&context, &names, &rev).await,
        Subcommand::Run { all: true, failure, fresh, execution, .. } => {
            run::all(&context, (failure, fresh), &execution).await
        }
        Subcommand::Run { packets, command, failure, fresh, execution, .. } => {
            run::run(&context, &packets, &command, (failure, fresh), &execution).await
        }
        Subcommand::Init { template, explain } => init::init(&context, template, explain),
        Subcommand::Status { status } if status.write => sections::write(&context, &status.rev),
        Subcommand::Status { status } if status.check => sections::check(&context, &status.rev),
        Subcommand::Status { status } => status::status(&context, &status.rev, status.propose),
        Subcommand::Findings(arguments) => findings::findings(&context, &arguments),
        Subcommand::Verdict { rev } => status::verdict(&context, &rev),
        Subcommand::Approve { packet, by, review, note } => {
            status::approve(&context, &packet, &by, review, note.as_deref())
        }
        Subcommand::Replay { target, key, failure, execution } => {
            replay::replay(&context, &target, &key, (failure, &execution)).await
        }
        Subcommand::Why { first, second, html } => why::why(&context, &first, second.as_deref(), html.as_deref()),
        Subcommand::Shake { packet, shake } => shake::shake(&context, &packet, &shake).await,
        Subcommand::Scope { packet, base, head, record } => {
            scope::scope(&context, &packet, base.as_deref(), &head, record)
        }
        Subcommand::Documents { rev } => documents::documents(&context, &rev),
        Subcommand::Verify { manifest, key } => verify::verify(&context, &manifest, &key),
        Subcommand::Attest(arguments) => attest::attest(&context, &arguments),
        Subcommand::Keygen(arguments) => attest::keygen(&context, &arguments),
        Subcommand::Pins { rev, look_alikes, format } => pins::pins(&context, &rev, look_alikes, format),
        Subcommand::Suppressions(arguments) => suppressions::suppressions(&context, &arguments),
        Subcommand::Log { packet, command, stream, canonical, raw } => {
            let choice = log::StreamChoice { only: stream, canonical, raw };
            log::log(&context, &packet, command.as_ref(), choice)
        }
        Subcommand::Image { platform, command } => image::image(&context, platform, command).await,
        Subcommand::Advisories(arguments) => advisories::advisories(&context, &arguments).await,
        Subcommand::Doctor { blobs } => doctor::doctor(&context, blobs).await,
    }
}

/// Reads a variable that names a file or a folder; an empty one counts as unset.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Finds the user's store: `RCREPRO_STORE`, else the XDG data folder.
fn default_store() -> Result<PathBuf, Failure> {
    if let Some(store) = variable("RCREPRO_STORE") {
        return Ok(store);
    }
    let data = variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")));
    data.map(|data| data.join("rcrepro")).ok_or_else(|| {
        let hint = "name a folder: rcrepro --store DIR …".to_owned();
        Failure::plain(
            Exit::Usage,
            "no place for the store: neither RCREPRO_STORE, XDG_DATA_HOME nor HOME is set",
            Some(hint),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Exit, or_bug};

    #[test]
    fn a_panic_is_a_bug_and_has_its_own_exit_code() {
        assert_eq!(or_bug(|| Exit::Undecided), Exit::Undecided);
        assert_eq!(or_bug(|| panic!("on purpose")).code(), 70);
    }
}
