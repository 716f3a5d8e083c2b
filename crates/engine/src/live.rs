//! The end of what a running command has written, to be shown. Looking never holds the command's streams up.

use std::sync::{Arc, Mutex, PoisonError};

/// How much of the end of a stream is looked at, in bytes.
const TAIL: usize = 4096;

/// The output of a command that runs, as far as it has come.
pub trait OutputTail: Send + Sync {
    /// Reads at most the last `most` bytes of the stream that was written to last; empty when nothing was written.
    fn end(&self, most: usize) -> Vec<u8>;
}

/// Where an engine puts the way to a running command's output, and others look.
#[derive(Default)]
pub struct LiveOutput(Mutex<Option<Arc<dyn OutputTail>>>);

impl LiveOutput {
    /// Says where the output of the execution is from now on.
    pub fn follow(&self, tail: Arc<dyn OutputTail>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tail);
    }

    /// Returns the last line that has something in it, as text, not made harmless; none before there is one.
    #[must_use]
    pub fn last_line(&self) -> Option<String> {
        last_line(&self.end(TAIL))
    }

    /// Returns at most the last `most` bytes; empty when nothing was written.
    #[must_use]
    pub fn end(&self, most: usize) -> Vec<u8> {
        let tail = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        tail.map(|tail| tail.end(most)).unwrap_or_default()
    }
}

impl std::fmt::Debug for LiveOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveOutput")
    }
}

/// Finds the last line with something in it. A carriage return ends a line, too: what it overwrites is not shown.
#[must_use]
pub fn last_line(bytes: &[u8]) -> Option<String> {
    let lines = bytes.rsplit(|byte| matches!(byte, b'\n' | b'\r'));
    let mut lines = lines.map(|line| String::from_utf8_lossy(line).trim().to_owned());
    lines.find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_last_that_says_something() {
        let last = |text: &str| last_line(text.as_bytes());
        assert_eq!(last(""), None);
        assert_eq!(last("\n \n"), None);
        assert_eq!(last("one\nok  \tpkg/x\n").as_deref(), Some("ok  \tpkg/x"));
        assert_eq!(last("10 %\r20 %").as_deref(), Some("20 %"));
        assert_eq!(last_line(b"a\xff").as_deref(), Some("a\u{fffd}"));
    }
}
