//! Ctrl-C: the first one stops scheduling and removes containers, the second one kills.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Gives a token that the first SIGINT or SIGTERM cancels; the work then ends by its usual clean-up path.
///
/// After the second signal, `killed` is cancelled too: whoever waits for the work gives up waiting, and what is left is
/// found by its labels at the next start.
pub fn listen() -> (CancellationToken, CancellationToken) {
    let (stop, killed) = (CancellationToken::new(), CancellationToken::new());
    let tokens = (stop.clone(), killed.clone());
    tokio::spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        for token in [tokens.0, tokens.1] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            token.cancel();
        }
    });
    (stop, killed)
}
