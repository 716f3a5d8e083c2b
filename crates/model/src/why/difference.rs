//! One difference between two runs, with the reason for its class.

use std::fmt;

use crate::text::printable::is_active;

/// What kind of cause a difference has. What cannot be told with reasons is [`DifferenceClass::Real`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceClass {
    /// An instant: when it ran.
    Clock,
    /// A time span, or a rate made of one: how long it ran.
    Duration,
    /// The same things in another order.
    Order,
    /// Numbers that the kernel gives out: memory addresses, process ids, inodes, ports.
    AddressOrPid,
    /// Where it ran: the folder of the sources, or a file's name.
    Path,
    /// The machine: its name, kernel, processors.
    Host,
    /// Bytes that were drawn.
    Randomness,
    /// A registry or a database gave something else.
    RegistryDrift,
    /// Settings around the command: locale, time zone, umask, user, terminal, versions and levels of tools.
    Environment,
    /// Something else, or something that no rule explains.
    Real,
}

impl DifferenceClass {
    /// Every class, in the order in which reports count them.
    pub const ALL: [Self; 10] = [
        Self::Clock,
        Self::Duration,
        Self::Order,
        Self::AddressOrPid,
        Self::Path,
        Self::Host,
        Self::Randomness,
        Self::RegistryDrift,
        Self::Environment,
        Self::Real,
    ];

    /// Returns the word that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clock => "clock",
            Self::Duration => "duration",
            Self::Order => "order",
            Self::AddressOrPid => "address-or-pid",
            Self::Path => "path",
            Self::Host => "host",
            Self::Randomness => "randomness",
            Self::RegistryDrift => "registry-drift",
            Self::Environment => "environment",
            Self::Real => "real",
        }
    }
}

impl fmt::Display for DifferenceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One difference: where, what on each side, which class, and why that class.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Explained {
    /// The place, such as `stdout:3`, `out.tar!/a/b mtime` or `report.json#/2/StartLine`.
    pub at: String,
    /// What kind of cause it has.
    pub class: DifferenceClass,
    /// The evidence of the first side, shortened to a line.
    pub left: String,
    /// The evidence of the second side.
    pub right: String,
    /// The cause, or why none is known.
    pub cause: String,
    /// The flag, variable, plan key or normalizer that would remove it, where one is known.
    pub remedy: Option<String>,
    /// Whether it only follows from other differences of the same object, as a checksum does. Its class is theirs.
    pub follows: bool,
}

/// The longest evidence that is kept, in characters.
const EVIDENCE: usize = 160;

impl Explained {
    /// Makes a difference of its own; evidence is made printable and shortened.
    #[must_use]
    pub fn new(
        at: &str,
        class: DifferenceClass,
        sides: [&str; 2],
        cause: impl Into<String>,
        remedy: Option<&str>,
    ) -> Self {
        let [left, right] = sides.map(shorten);
        let remedy = remedy.map(str::to_owned);
        Self { at: at.to_owned(), class, left, right, cause: cause.into(), remedy, follows: false }
    }

    /// Makes a difference that no rule explains.
    #[must_use]
    pub fn real(at: &str, sides: [&str; 2], cause: impl Into<String>) -> Self {
        Self::new(at, DifferenceClass::Real, sides, cause, None)
    }

    /// Makes a difference that follows from others of the same object; [`settle`] gives it their class.
    #[must_use]
    pub fn following(at: &str, sides: [&str; 2], cause: impl Into<String>) -> Self {
        Self { follows: true, ..Self::real(at, sides, cause) }
    }
}

/// The cause of what was not compared any more.
const CUT: &str = "not compared further: it would take more work than a comparison may";

impl Explained {
    /// Makes a difference that represents everything that was not compared any more.
    #[must_use]
    pub fn cut(at: &str, sides: [&str; 2]) -> Self {
        Self::real(at, sides, CUT)
    }

    /// Whether it represents what was not compared any more.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cause == CUT
    }
}

/// Returns the differences that only follow the class of those that they follow from, the worst of them. Where there is none to
/// follow from, they are differences of their own, and real.
pub fn settle(found: &mut [Explained]) {
    let worst = found.iter().filter(|one| !one.follows).map(|one| one.class).max();
    for one in found.iter_mut().filter(|one| one.follows) {
        one.class = worst.unwrap_or(DifferenceClass::Real);
        one.follows = worst.is_some();
    }
}

/// Makes a text printable in one line: control characters are escaped, what is too long ends in `…`.
fn shorten(text: &str) -> String {
    let mut line = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == EVIDENCE {
            line.push('…');
            break;
        }
        match character {
            '\t' => line.push(' '),
            character if is_active(character) => line.extend(character.escape_default()),
            character => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_takes_the_worst_class_and_alone_is_real() {
        let own = |class| Explained::new("a", class, ["1", "2"], "a reason", None);
        let mut found = vec![
            own(DifferenceClass::Clock),
            own(DifferenceClass::Path),
            Explained::following("b", ["1", "2"], "a sum"),
        ];
        settle(&mut found);
        assert_eq!((found[2].class, found[2].follows), (DifferenceClass::Path, true));
        let mut alone = vec![Explained::following("b", ["1", "2"], "a sum")];
        settle(&mut alone);
        assert_eq!((alone[0].class, alone[0].follows), (DifferenceClass::Real, false));
    }

    #[test]
    fn evidence_is_one_printable_line() {
        let one = Explained::real("a", ["x\u{1b}[31m\n", &"y".repeat(500)], "none");
        assert_eq!(one.left, "x\\u{1b}[31m\\n");
        assert_eq!(one.right.chars().count(), EVIDENCE + 1);
    }
}
