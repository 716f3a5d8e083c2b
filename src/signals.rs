//! Ctrl-C and its kin: the first one stops scheduling and removes containers, the second one kills.

#![expect(clippy::disallowed_methods, reason = "the kernel's own file")]

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The signals that ask a program to end, by number: HUP, INT, QUIT, USR1, USR2 and TERM.
const ENDING: [i32; 6] = [HANGUP, 2, 3, 10, 12, 15];

/// The signal of a terminal that goes.
const HANGUP: i32 = 1;

/// The signal of a file that grew beyond the limit of `ulimit -f`.
const FILE_SIZE: i32 = 25;

/// Gives a token that the first signal of those that end programs cancels; the work then ends by its usual clean-up path.
///
/// After the second signal, `killed` is cancelled too: the program stops waiting for the work, and the next start
/// finds by its labels what is left. A SIGHUP that was ignored when the process began stays so: `nohup` means that the
/// work goes on when the terminal goes.
pub fn listen() -> (CancellationToken, CancellationToken) {
    let (stop, killed) = (CancellationToken::new(), CancellationToken::new());
    let tokens = (stop.clone(), killed.clone());
    let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
    // Shells ignore INT and QUIT for what they start in the background; who sends those means them.
    let heard = ENDING.into_iter().filter(|number| *number != HANGUP || ignored >> (HANGUP - 1) & 1 == 0);
    let mut signals: Vec<Signal> = heard.filter_map(|number| signal(SignalKind::from_raw(number)).ok()).collect();
    tokio::spawn(async move {
        for token in [tokens.0, tokens.1] {
            if signals.is_empty() {
                return;
            }
            futures_util::future::select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv()))).await;
            token.cancel();
        }
    });
    (stop, killed)
}

/// Makes a write beyond `ulimit -f` an error, which is told, instead of the process's death.
pub fn outlive_file_limit() {
    // The handler stays for the life of the process, whether anybody listens or not.
    drop(signal(SignalKind::from_raw(FILE_SIZE)));
}

/// Reads the mask of ignored signals from the text of `/proc/PID/status`; the lowest bit is signal 1.
fn ignored(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        assert_eq!(ignored("Name:\trcrepro\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"), 0x1001);
        assert_eq!(ignored("no such line"), 0);
    }
}
