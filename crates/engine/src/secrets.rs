//! What opens registries for a step with network, and how its streams are kept free of it.
//!
//! A container's description is shown by the engine for as long as the container exists, and so are its variables; its arguments
//! are in the process list. So secrets come as a file that only the command's user reads: the shell that begins the step runs it
//! (`BASH_ENV`). It exports what it has to, writes files to `/dev/shm`, which ends with the container, and empties itself.
//! Clients repeat addresses in what they say; every word that is secret is replaced before a byte reaches the store.

use std::fmt;

/// Where the shell that begins a network step finds its secrets.
pub const SECRETS_PATH: &str = "/etc/rcrepro/secrets.sh";
/// The variable that names a file for bash to run first.
pub(crate) const SECRETS_VARIABLE: &str = "BASH_ENV";
/// What a stream shows in place of a secret word.
const HIDDEN: &[u8] = b"(hidden)";

/// The secrets of a network step, which begins with bash.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct StepSecrets {
    /// What bash runs first; it empties the file at [`SECRETS_PATH`].
    pub script: Vec<u8>,
    /// The words that no stream may show; empty ones are passed over.
    pub words: Vec<Vec<u8>>,
}

/// Shows nothing: an execution may be printed.
impl fmt::Debug for StepSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StepSecrets")
    }
}

/// Hides words in a stream that comes in pieces.
#[derive(Default)]
pub(crate) struct Redaction {
    /// Longest first, so that a word that begins like a longer one does not leave the rest of it.
    words: Vec<Vec<u8>>,
    /// The end of what came, which may be the beginning of a word.
    held: Vec<u8>,
}

impl Redaction {
    pub fn of(secrets: Option<&StepSecrets>) -> Self {
        let words = secrets.map(|secrets| secrets.words.as_slice()).unwrap_or_default();
        let mut words: Vec<Vec<u8>> = words.iter().filter(|word| !word.is_empty()).cloned().collect();
        words.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        Self { words, held: Vec::new() }
    }

    /// Takes the next piece; returns what of the stream can be shown by now.
    pub fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        if self.words.is_empty() {
            return piece.to_vec();
        }
        self.held.extend_from_slice(piece);
        self.shown(false)
    }

    /// Returns the rest of the stream.
    pub fn finish(&mut self) -> Vec<u8> {
        self.shown(true)
    }

    fn shown(&mut self, is_end: bool) -> Vec<u8> {
        let (mut shown, mut at) = (Vec::with_capacity(self.held.len()), 0);
        while at < self.held.len() {
            let rest = &self.held[at..];
            // A longer word that only begins here may be whole with the next piece.
            let open = !is_end && self.words.iter().any(|word| word.len() > rest.len() && word.starts_with(rest));
            if open {
                break;
            }
            match self.words.iter().find(|word| rest.starts_with(word)) {
                Some(word) => {
                    shown.extend_from_slice(HIDDEN);
                    at += word.len();
                }
                None => {
                    shown.push(rest[0]);
                    at += 1;
                }
            }
        }
        self.held.drain(..at);
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(words: &[&str]) -> StepSecrets {
        StepSecrets {
            script: b"export A=hunter2".to_vec(),
            words: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
        }
    }

    #[test]
    fn words_are_hidden_wherever_the_stream_is_cut() {
        let secrets = secrets(&["hunter2", "hunter22", "", "ter2hun"]);
        let said = b"GET https://u:hunter2@h/ hunter22 hunte hunter2hunter2";
        let expected = b"GET https://u:(hidden)@h/ (hidden) hunte (hidden)(hidden)".as_slice();
        for first in 0..said.len() {
            for second in first..said.len() {
                let mut redaction = Redaction::of(Some(&secrets));
                let pieces = [&said[..first], &said[first..second], &said[second..]];
                let mut shown: Vec<u8> = pieces.iter().flat_map(|piece| redaction.push(piece)).collect();
                shown.extend(redaction.finish());
                assert_eq!(shown, expected, "{first} {second}");
            }
        }
    }

    #[test]
    fn without_secrets_nothing_is_held_back() {
        let mut redaction = Redaction::of(None);
        assert_eq!(redaction.push(b"hunter2"), b"hunter2");
        assert!(redaction.finish().is_empty());
    }

    #[test]
    fn secrets_are_never_printed() {
        assert_eq!(format!("{:?}", Some(secrets(&["hunter2"]))), "Some(StepSecrets)");
    }
}
