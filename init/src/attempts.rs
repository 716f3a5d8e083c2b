//! The table of attempts at the network: sorted, without repetitions, of bounded size; and how it is written down. Pure.
//!
//! Lines of words between tabs, the last of them `end`, so that a report that was cut is told from a whole one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::address::Place;

/// How many different attempts are kept; further ones are counted.
const MOST: usize = 1000;
/// The first line: what wrote it, and the form's version.
const BEGIN: &str = "rcrepro-init 1\n";

/// Says what was tried.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    /// The executable's name, without its folder, and what the process calls itself where that is something else.
    pub process: Vec<u8>,
    /// The socket's protocol, such as `tcp`.
    pub protocol: String,
    /// Where it led.
    pub place: Place,
    /// The name that was asked for, when it led to a name server and the question was seen.
    pub name: Option<String>,
}

/// Counts what was seen.
#[derive(Debug, Default)]
pub struct Attempts {
    seen: BTreeMap<Attempt, u64>,
    further: u64,
    unread: u64,
    unanswered: u64,
}

impl Attempts {
    /// Counts an attempt.
    pub fn note(&mut self, attempt: Attempt) {
        if let Some(count) = self.seen.get_mut(&attempt) {
            *count += 1;
        } else if self.seen.len() < MOST {
            self.seen.insert(attempt, 1);
        } else {
            self.further += 1;
        }
    }

    /// Takes one count of an attempt away: it turned out to be another.
    pub fn take_back(&mut self, attempt: &Attempt) {
        if let Some(count) = self.seen.get_mut(attempt) {
            *count -= 1;
            if *count == 0 {
                self.seen.remove(attempt);
            }
        }
    }

    /// Counts a call whose address could not be read: the process may not be looked into.
    pub fn note_unread(&mut self) {
        self.unread += 1;
    }

    /// Counts a call that should have been answered, and where the kernel's own answer stood.
    pub fn note_unanswered(&mut self) {
        self.unanswered += 1;
    }

    /// Writes all of it.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = BEGIN.to_owned();
        let mut line = |arguments: std::fmt::Arguments<'_>| {
            text.write_fmt(format_args!("{arguments}\n")).expect("a string takes everything")
        };
        for (Attempt { process, protocol, place, name }, count) in &self.seen {
            let (process, name) = (escaped(process), escaped(name.as_deref().unwrap_or_default().as_bytes()));
            line(format_args!("attempt\t{process}\t{protocol}\t{place}\t{}\t{name}\t{count}", place.port()));
        }
        line(format_args!("further\t{}", self.further));
        line(format_args!("unread\t{}", self.unread));
        line(format_args!("unanswered\t{}", self.unanswered));
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

    fn attempt(process: &str, port: u16, name: Option<&str>) -> Attempt {
        let place = Place::Internet([192, 0, 2, 1].into(), port);
        let name = name.map(str::to_owned);
        Attempt { process: process.as_bytes().to_vec(), protocol: "tcp".into(), place, name }
    }

    #[test]
    fn equal_attempts_are_counted_and_all_are_sorted() {
        let mut attempts = Attempts::default();
        for process in ["node", "curl", "node"] {
            attempts.note(attempt(process, 443, None));
        }
        attempts.note(attempt("a b\t%", 53, Some("example.org")));
        attempts.note_unread();
        let expected = "rcrepro-init 1\nattempt\ta%20b%09%25\ttcp\t192.0.2.1\t53\texample.org\t1\n\
                        attempt\tcurl\ttcp\t192.0.2.1\t443\t\t1\nattempt\tnode\ttcp\t192.0.2.1\t443\t\t2\n\
                        further\t0\nunread\t1\nunanswered\t0\nend\n";
        assert_eq!(attempts.render(), expected);
        attempts.take_back(&attempt("node", 443, None));
        attempts.take_back(&attempt("curl", 443, None));
        assert!(!attempts.render().contains("curl") && attempts.render().contains("node\ttcp\t192.0.2.1\t443\t\t1\n"));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut attempts = Attempts::default();
        for port in 0..2000 {
            attempts.note(attempt("scan", port, None));
        }
        assert_eq!(attempts.render().matches("attempt\t").count(), MOST);
        assert!(attempts.render().contains("further\t1000\n"));
    }
}
