//! `rcrepro-init`: PID 1 of rcrepro's containers.
//!
//! It takes causes of differences away before they reach a program: the wall clock starts at a given time when the command
//! begins, or stands still, for all that the command starts, static programs included; monotonic time flows (and is held for
//! executables that print how long they took);
//! the number of processors, the order of directories and the random bytes that the kernel hands new programs are the same
//! everywhere. It sees attempts at the network, and tells the engine of them at the end. It holds no privilege and uses no ptrace. It is also the gate at which a started container waits for its turn.
//!
//! Exit codes: the command's; 128 + n when signal n ended it; 126 and 127 when it could not be executed; 125 when the
//! container cannot be made as asked, before anything was executed. The last three with one line on the standard error.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a program by itself, without the store")]

mod address;
mod attempts;
mod begun;
mod build_info;
mod clocks;
mod directories;
mod files;
mod filter;
mod memory;
mod mixing;
mod network;
mod processors;
mod programs;
mod question;
mod report;
mod request;
mod settings;
mod stub;
mod supervisor;
mod sys;
mod vdso;
mod waiting;
mod wall;
mod watcher;
mod witness;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use begun::Begun;
use filter::Watched;
use network::Network;
use programs::Programs;
use report::Report;
use settings::Settings;
use supervisor::Supervisor;
use wall::{Asked, WallClock};
use witness::Witness;

/// The exit code when nothing was executed because the container cannot be made as asked.
const CANNOT: i32 = 125;

fn main() {
    let settings = match settings::parse(std::env::args_os().skip(1)) {
        Ok(settings) => settings,
        Err(reason) => refuse("understand its options", &reason),
    };
    match run(settings) {
        Ok(code) => sys::exit(code),
        Err((doing, reason)) => refuse(doing, &reason),
    }
}

fn refuse(doing: &str, reason: &str) -> ! {
    say(&format!("rcrepro-init: cannot {doing}: {reason}\n"));
    sys::exit(CANNOT)
}

/// Writes a line at once, and ignores a reader that is gone.
fn say(line: &str) {
    drop(io::stderr().write_all(line.as_bytes()));
}

type Refusal = (&'static str, String);

fn or<T>(result: io::Result<T>, doing: &'static str) -> Result<T, Refusal> {
    result.map_err(|error| (doing, error.to_string()))
}

fn run(settings: Settings) -> Result<i32, Refusal> {
    let signals = or(sys::signals(), "listen to signals")?;
    if let Some(mask) = settings.umask {
        sys::umask(mask);
    }
    let mut programs = Programs::prepare(settings.clock.is_some(), settings.seed, settings.quantised.clone())
        .map_err(|error| ("pin the clock", error.to_string()))?;
    let watched = Watched {
        programs: programs.any(),
        wall_clocks: settings.clock.is_some(),
        files: matches!(settings.clock, Some(Asked::Starts(_))),
        processors: settings.cpus.is_some(),
        directories: settings.directories.is_some(),
        network: settings.report.is_some(),
    };
    let nothing = Watched::default();
    let filter = (watched != nothing).then(|| filter::program(watched, std::process::id()));
    let (ours, theirs) = or(UnixStream::pair(), "make a socket")?;
    let (ours, theirs) = (OwnedFd::from(ours), OwnedFd::from(theirs));
    let null = or(File::open("/dev/null"), "open /dev/null")?;
    let report = settings.report.as_deref().map(Report::open).transpose();
    let report = or(report, "open the report")?;
    or(sys::hide(), "put itself out of the command's reach")?;
    let Some(command) = or(sys::fork(), "fork")? else {
        drop((ours, report));
        be_command(&settings, filter.as_deref(), theirs, null.into());
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
    if settings.gate && !opened(&signals) {
        return Ok(0);
    }
    for _ in 0..settings.load {
        if or(sys::fork(), "fork")?.is_none() {
            // Outside of a name space of its own nothing else ends it.
            sys::end_with_parent();
            loop {
                std::hint::spin_loop();
            }
        }
    }
    let clock = settings.clock.map(WallClock::begin).transpose();
    let clock = or(clock, "read the machine's clocks")?;
    if let Some(clock) = &clock {
        programs.set(clock.wall());
    }
    let witness = Witness::begin();
    or(UnixStream::from(ours).write_all(b"!"), "start the command")?;
    let mut supervisor = Supervisor {
        programs,
        network: Network::default(),
        begun: Begun::default(),
        clock,
        cpus: settings.cpus,
        directories: settings.directories,
        signals,
        from_outside: 0,
    };
    let end = supervisor.run(listener, command);
    if let Some(report) = report {
        // Half a report is none, and the engine sees that: what the command came to stands all the same.
        drop(report.write(&mut supervisor.network.attempts, &witness, end));
    }
    Ok(end.code)
}

/// Waits for the byte that opens the gate. A signal that ends programs, or the end of the input, means that nobody will.
fn opened(signals: &OwnedFd) -> bool {
    let input = io::stdin();
    loop {
        let [ready, signalled] = sys::wait_readable([input.as_raw_fd(), signals.as_raw_fd()], -1);
        if signalled
            && let Some(signal) = sys::next_signal(signals)
            && matches!(signal.number, libc::SIGTERM | libc::SIGINT | libc::SIGHUP | libc::SIGQUIT)
        {
            return false;
        }
        if ready {
            // One byte and no more: nothing here may buffer.
            return matches!(File::from(input.as_fd_owned()).read(&mut [0]), Ok(1));
        }
    }
}

trait OwnedInput {
    fn as_fd_owned(&self) -> OwnedFd;
}

impl OwnedInput for io::Stdin {
    fn as_fd_owned(&self) -> OwnedFd {
        use std::os::fd::AsFd as _;
        self.as_fd().try_clone_to_owned().unwrap_or_else(|error| refuse("read its input", &error.to_string()))
    }
}

/// The child: lets itself be looked into, installs the filter, hands the listener over, waits for its turn, and becomes the command.
fn be_command(settings: &Settings, filter: Option<&[sys::Instruction]>, socket: OwnedFd, null: OwnedFd) -> ! {
    if let Some(filter) = filter {
        match sys::show()
            .and_then(|()| sys::install_filter(filter))
            .and_then(|listener| sys::send_descriptor(&socket, &listener))
        {
            Ok(()) => {}
            Err(error) => {
                say(&format!("rcrepro-init: cannot watch system calls: {error}\n"));
                sys::exit(CANNOT);
            }
        }
    }
    let mut turn = [0];
    if !matches!(UnixStream::from(socket).read(&mut turn), Ok(1)) {
        sys::exit(CANNOT);
    }
    if settings.gate && sys::replace_stdin(&null).is_err() {
        sys::exit(CANNOT);
    }
    drop(null);
    let error = sys::become_program(&settings.program);
    let name = settings.program[0].to_string_lossy();
    say(&format!("rcrepro-init: cannot execute `{name}`: {error}\n"));
    sys::exit(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}
