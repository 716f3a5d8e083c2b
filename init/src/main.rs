//! `rcrepro-init`: PID 1 of rcrepro's containers.
//!
//! It takes causes of differences away before they reach a program: the wall clock starts at a given time when the command
//! begins, or stands still, for all that the command starts, static programs included; monotonic time flows (and is held for
//! executables that print how long they took); the number of processors, the order of directories and the random bytes that
//! the kernel hands new programs are the same everywhere. It sees attempts at the network, and tells the engine of them at
//! the end. It holds no privilege and uses no ptrace. It is also the gate at which a started container waits for its turn.
//!
//! Exit codes: the command's; 128 + n when signal n ended it; 126 and 127 when it could not be executed; 125 when the
//! container cannot be made as asked, before anything was executed. The last three with one line on the standard error.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a program by itself, without the store")]

mod clocks;
mod filter;
mod machine;
mod mixing;
mod network;
mod options;
mod process;
mod programs;
mod refusal;
mod start;
mod supervisor;
mod sys;

use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use clocks::wall::{Asked, CommandClock};
use filter::Watched;
use network::NetworkWatch;
use network::report::ReportFile;
use network::witness::Witness;
use options::InitOptions;
use programs::Programs;
use programs::begun::Begun;
use programs::clamp::Clamp;
use refusal::{CANNOT, StartRefusal, or, refuse};
use supervisor::Supervisor;

fn main() {
    let options = match options::parse(std::env::args_os().skip(1)) {
        Ok(options) => options,
        Err(reason) => refuse("understand its options", &reason),
    };
    match run(options) {
        Ok(code) => sys::exit(code),
        Err((doing, reason)) => refuse(doing, &reason),
    }
}

/// Makes the world, starts the command in it and waits for its end; gives the exit code.
fn run(options: InitOptions) -> Result<i32, StartRefusal> {
    let signals = or(sys::signals(), "listen to signals")?;
    if let Some(mask) = options.umask {
        sys::umask(mask);
    }
    let mut programs = Programs::prepare(options.clock.is_some(), options.seed, options.quantised.clone())
        .map_err(|error| ("pin the clock", error.to_string()))?;
    let filter = filter_for(&options, &programs);
    let (ours, theirs) = or(UnixStream::pair(), "make a socket")?;
    let (ours, theirs) = (OwnedFd::from(ours), OwnedFd::from(theirs));
    let null = or(File::open("/dev/null"), "open /dev/null")?;
    let report = options.report.as_deref().map(ReportFile::open).transpose();
    let report = or(report, "open the report")?;
    or(sys::hide(), "put itself out of the command's reach")?;
    let Some(command) = or(sys::fork(), "fork")? else {
        drop((ours, report));
        start::be_command(&options, filter.as_deref(), theirs, null.into());
    };
    drop(theirs);
    // When there is none, the child has said why.
    let listener = filter.as_ref().map(|_| sys::receive_descriptor(&ours).unwrap_or_else(|_| sys::exit(CANNOT)));
    if let Some(listener) = &listener {
        sys::wake_at_once(listener);
        // The child waits for the byte below: what works on it works on all that come after.
        if programs.any() {
            or(programs.rewrite(command.cast_unsigned()), "pin the clock")?;
        }
    }
    if options.gate && !start::opened(&signals) {
        return Ok(0);
    }
    start::burn(options.load)?;
    let clock = begin_clock(options.clock, &mut programs)?;
    let mut clamp = Clamp::of(options.clamped);
    if let Some(clock) = &clock {
        clamp.set(clock.clamp());
    }
    let witness = Witness::begin();
    or(UnixStream::from(ours).write_all(b"!"), "start the command")?;
    let mut supervisor = Supervisor {
        programs,
        network: NetworkWatch::default(),
        begun: Begun::default(),
        clamp,
        clock,
        cpus: options.cpus,
        directories: options.directories,
        signals,
        from_outside: 0,
    };
    let end = supervisor.run(listener, command);
    if let Some(report) = report {
        // The engine sees when a report is not whole, and does not believe it; how the command ended counts still.
        drop(report.write(&mut supervisor.network.attempts, &witness, end));
    }
    Ok(end.code)
}

/// Puts the filter together for what has to be watched; `None` where that is nothing.
fn filter_for(options: &InitOptions, programs: &Programs) -> Option<Vec<sys::FilterInstruction>> {
    let watched = Watched {
        programs: programs.any(),
        wall_clocks: options.clock.is_some(),
        files: matches!(options.clock, Some(Asked::Starts(_))),
        processors: options.cpus.is_some(),
        directories: options.directories.is_some(),
        network: options.report.is_some(),
    };
    (watched != Watched::default()).then(|| filter::program(watched, std::process::id()))
}

/// Starts the wall clock, and hands it to all programs that begin from now on.
fn begin_clock(asked: Option<Asked>, programs: &mut Programs) -> Result<Option<CommandClock>, StartRefusal> {
    let clock = or(asked.map(CommandClock::begin).transpose(), "read the machine's clocks")?;
    if let Some(clock) = &clock {
        programs.set(clock.wall());
    }
    Ok(clock)
}
