//! The beginning of the command: its gate, the load beside it, and the child that becomes it.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use crate::options::InitOptions;
use crate::refusal::{CANNOT, StartRefusal, or, refuse, say};
use crate::sys;

/// Waits for the byte that opens the gate. A signal that ends programs, or the end of the input, means that it stays closed.
pub fn opened(signals: &OwnedFd) -> bool {
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
            return matches!(unbuffered(&input).read(&mut [0]), Ok(1));
        }
    }
}

/// Takes the standard input without the buffer of the standard library.
fn unbuffered(input: &io::Stdin) -> File {
    let owned = input.as_fd().try_clone_to_owned();
    File::from(owned.unwrap_or_else(|error| refuse("read its input", &error.to_string())))
}

/// Adds processes that burn processor time until this one ends.
pub fn burn(processes: u32) -> Result<(), StartRefusal> {
    for _ in 0..processes {
        if or(sys::fork(), "fork")?.is_none() {
            // Outside of a name space of its own nothing else ends it.
            sys::end_with_parent();
            loop {
                std::hint::spin_loop();
            }
        }
    }
    Ok(())
}

/// The child: lets itself be looked into, installs the filter, hands the listener over, waits for its turn, and becomes the
/// command.
pub fn be_command(
    options: &InitOptions,
    filter: Option<&[sys::FilterInstruction]>,
    socket: OwnedFd,
    null: OwnedFd,
) -> ! {
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
    if options.gate && sys::replace_stdin(&null).is_err() {
        sys::exit(CANNOT);
    }
    drop(null);
    let error = sys::become_program(&options.program);
    let name = options.program[0].to_string_lossy();
    say(&format!("rcrepro-init: cannot execute `{name}`: {error}\n"));
    sys::exit(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
}
