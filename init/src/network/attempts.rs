//! The table of attempts at the network: sorted, without repetitions, of bounded size; and how it is written down. Pure.
//!
//! Lines of words between tabs, the last of them `end`, so that a report that was cut is told from a whole one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::network::address::SocketAddress;
use crate::network::witness::Said;

/// How many different attempts are kept; further ones are counted.
const MOST: usize = 1000;
/// The first line: what wrote it, and the form's version.
const BEGIN: &str = "rcrepro-init 2\n";

/// What was tried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeenAttempt {
    /// The executable's name, without its folder, and what the process calls itself where that is something else.
    pub process: Vec<u8>,
    /// The socket's protocol, such as `tcp`.
    pub protocol: String,
    /// Where it led.
    pub place: SocketAddress,
    /// The name that was asked for, when it led to a name server and the question was seen.
    pub name: Option<String>,
}

/// How the command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Its exit code.
    pub code: i32,
    /// The last signal that came from outside the container; 0 where none did.
    pub signal: i32,
}

/// Counts what was seen.
#[derive(Debug, Default)]
pub struct AttemptTable {
    seen: BTreeMap<SeenAttempt, u64>,
    further: u64,
    unread: u64,
    unanswered: u64,
    /// How many of all led out of the container, by the internet's protocols.
    outward: u64,
    /// Why attempts may have gone unseen.
    blind: BTreeSet<&'static str>,
    /// Why a process may have had the machine's clock.
    unpinned: BTreeSet<&'static str>,
}

impl AttemptTable {
    /// Counts an attempt.
    pub fn note(&mut self, attempt: SeenAttempt) {
        self.outward += u64::from(matches!(attempt.place, SocketAddress::Internet(..)) && !attempt.place.is_own());
        if let Some(count) = self.seen.get_mut(&attempt) {
            *count += 1;
        } else if self.seen.len() < MOST {
            self.seen.insert(attempt, 1);
        } else {
            self.further += 1;
        }
    }

    /// Takes one count of an attempt away: it turned out to be another.
    pub fn take_back(&mut self, attempt: &SeenAttempt) {
        if let Some(count) = self.seen.get_mut(attempt) {
            *count -= 1;
            if *count == 0 {
                self.seen.remove(attempt);
            }
        }
    }

    /// Counts a call that could not be looked at, for whatever reason.
    pub fn note_unread(&mut self) {
        self.unread += 1;
    }

    /// Counts a call that should have been answered, and got the kernel's own answer.
    pub fn note_unanswered(&mut self) {
        self.unanswered += 1;
    }

    /// Keeps why attempts may have gone unseen.
    pub fn note_blind(&mut self, reason: &'static str) {
        self.blind.insert(reason);
    }

    /// Keeps why a process may have had the machine's clock.
    pub fn note_unpinned(&mut self, reason: &'static str) {
        self.unpinned.insert(reason);
    }

    /// Compares what was seen with what the kernel and the limits of this process say.
    pub fn compare(&mut self, said: Said) {
        match said.unrouted {
            Some(counted) => {
                let unseen = counted.saturating_sub(self.outward).saturating_sub(self.unread);
                self.further += unseen;
                if unseen > 0 {
                    self.note_blind("the kernel counted more ways out of the container than calls that were seen");
                }
            }
            None => self.note_blind("the kernel does not say how many ways out of the container it refused"),
        }
        if said.limited {
            self.note_blind("somebody set limits on PID 1");
            self.note_unpinned("somebody set limits on PID 1");
        }
    }

    /// Writes all of it, and how the command ended.
    #[must_use]
    pub fn render(&self, end: End) -> String {
        let mut text = BEGIN.to_owned();
        let mut line = |arguments: std::fmt::Arguments<'_>| {
            text.write_fmt(format_args!("{arguments}\n")).expect("a string takes everything")
        };
        for (SeenAttempt { process, protocol, place, name }, count) in &self.seen {
            let (process, name) = (escaped(process), escaped(name.as_deref().unwrap_or_default().as_bytes()));
            line(format_args!("attempt\t{process}\t{protocol}\t{place}\t{}\t{name}\t{count}", place.port()));
        }
        line(format_args!("further\t{}", self.further));
        line(format_args!("unread\t{}", self.unread));
        line(format_args!("unanswered\t{}", self.unanswered));
        for (what, reasons) in [("blind", &self.blind), ("unpinned", &self.unpinned)] {
            for reason in reasons {
                line(format_args!("{what}\t{}", escaped(reason.as_bytes())));
            }
        }
        line(format_args!("code\t{}", end.code));
        line(format_args!("signal\t{}", end.signal));
        line(format_args!("end"));
        text
    }
}

/// Writes every byte but printable ASCII as `%` and two digits, and `%` itself.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'%' | ..=0x20 | 0x7f.. => text.push_str(&format!("%{byte:02x}")),
            _ => text.push(char::from(byte)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: End = End { code: 3, signal: 0 };

    fn attempt(process: &str, port: u16, name: Option<&str>) -> SeenAttempt {
        let place = SocketAddress::Internet([192, 0, 2, 1].into(), port);
        let name = name.map(str::to_owned);
        SeenAttempt { process: process.as_bytes().to_vec(), protocol: "tcp".into(), place, name }
    }

    #[test]
    fn equal_attempts_are_counted_and_all_are_sorted() {
        let mut attempts = AttemptTable::default();
        for process in ["node", "curl", "node"] {
            attempts.note(attempt(process, 443, None));
        }
        attempts.note(attempt("a b\t%", 53, Some("example.org")));
        attempts.note_unread();
        let expected = "rcrepro-init 2\nattempt\ta%20b%09%25\ttcp\t192.0.2.1\t53\texample.org\t1\n\
                        attempt\tcurl\ttcp\t192.0.2.1\t443\t\t1\nattempt\tnode\ttcp\t192.0.2.1\t443\t\t2\n\
                        further\t0\nunread\t1\nunanswered\t0\ncode\t3\nsignal\t0\nend\n";
        assert_eq!(attempts.render(END), expected);
        attempts.take_back(&attempt("node", 443, None));
        attempts.take_back(&attempt("curl", 443, None));
        assert!(
            !attempts.render(END).contains("curl") && attempts.render(END).contains("node\ttcp\t192.0.2.1\t443\t\t1\n")
        );
    }

    #[test]
    fn what_the_kernel_counted_beyond_what_was_seen_is_an_attempt() {
        let said = |unrouted| Said { unrouted, limited: false };
        let text = |said, more: &dyn Fn(&mut AttemptTable)| {
            let mut attempts = AttemptTable::default();
            attempts.note(attempt("node", 443, None));
            more(&mut attempts);
            attempts.compare(said);
            attempts.render(END)
        };
        let nothing = |_: &mut AttemptTable| {};
        for seen in [text(said(Some(0)), &nothing), text(said(Some(1)), &nothing)] {
            assert!(seen.contains("further\t0\n") && !seen.contains("blind"), "{seen}");
        }
        let seen = text(said(Some(3)), &nothing);
        assert!(seen.contains("further\t2\n") && seen.contains("blind\tthe%20kernel%20counted"), "{seen}");
        let own =
            SeenAttempt { place: SocketAddress::Internet([127, 0, 0, 1].into(), 53), ..attempt("node", 53, None) };
        let seen = text(said(Some(2)), &|attempts| attempts.note(own.clone()));
        assert!(seen.contains("further\t1\n"), "what leads back is not counted by the kernel: {seen}");
        assert!(!text(said(Some(2)), &AttemptTable::note_unread).contains("blind"), "one was not read");
        assert!(text(said(None), &nothing).contains("blind\tthe%20kernel%20does%20not"));
        let limited = text(Said { unrouted: Some(0), limited: true }, &nothing);
        assert!(limited.contains("blind\tsomebody") && limited.contains("unpinned\tsomebody"), "{limited}");
    }

    #[test]
    fn the_table_is_bounded() {
        let mut attempts = AttemptTable::default();
        for port in 0..2000 {
            attempts.note(attempt("scan", port, None));
        }
        assert_eq!(attempts.render(END).matches("attempt\t").count(), MOST);
        assert!(attempts.render(END).contains("further\t1000\n"));
    }
}
