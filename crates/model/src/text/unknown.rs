//! A name that was asked for and that nothing has.

use super::hint::Hint;

/// The most changes of a character after which one name is still taken for another.
const SLIPS: usize = 3;

/// The error for a name that a user gave and that its place does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place} has no {kind} `{name}`")]
pub struct UnknownName {
    /// Where it was looked for, such as `the plan`.
    pub place: String,
    /// What was asked for, such as `packet`.
    pub kind: &'static str,
    /// As it was given.
    pub name: String,
    /// The names to choose from.
    pub known: Vec<String>,
}

impl UnknownName {
    /// Puts the error together; `known` keeps its order.
    pub fn new(
        place: impl Into<String>,
        kind: &'static str,
        name: impl ToString,
        known: impl IntoIterator<Item: ToString>,
    ) -> Self {
        let known = known.into_iter().map(|name| name.to_string()).collect();
        Self { place: place.into(), kind, name: name.to_string(), known }
    }

    /// Finds the known name that is most like the one that was given; none where all are too far from it.
    #[must_use]
    pub fn nearest(&self) -> Option<&str> {
        let bound = (self.name.chars().count() / 3).clamp(1, SLIPS);
        let near = self.known.iter().map(|known| (slips(&self.name.to_lowercase(), &known.to_lowercase()), known));
        let (slips, nearest) = near.min_by_key(|(slips, _)| *slips)?;
        (slips <= bound).then_some(nearest)
    }
}

impl Hint for UnknownName {
    fn hint(&self) -> Option<String> {
        let known = if self.known.is_empty() { "none".to_owned() } else { self.known.join(", ") };
        let known = format!("known: {known}");
        Some(match self.nearest() {
            Some(nearest) => format!("did you mean `{nearest}`? {known}"),
            None => known,
        })
    }
}

/// Counts the characters that have to be put in, taken out or replaced to make one text of another (Levenshtein).
fn slips(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, from) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (at, to) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(name: &str, known: &[&str]) -> Option<String> {
        UnknownName::new("the plan", "command", name, known).hint()
    }

    #[test]
    fn the_name_that_was_meant_comes_first() {
        let known = ["go-build", "go-test", "npm-ci"];
        let meant = |name| hint(name, &known).expect("names are known");
        assert_eq!(meant("go-tset"), "did you mean `go-test`? known: go-build, go-test, npm-ci");
        assert_eq!(meant("GO-TEST"), "did you mean `go-test`? known: go-build, go-test, npm-ci");
        assert_eq!(meant("gotest"), "did you mean `go-test`? known: go-build, go-test, npm-ci");
        assert_eq!(meant("lint"), "known: go-build, go-test, npm-ci");
        assert_eq!(hint("RC-99", &["RC-05"]).as_deref(), Some("known: RC-05"));
        assert_eq!(hint("RC-06", &["RC-05", "RC-07"]).as_deref(), Some("did you mean `RC-05`? known: RC-05, RC-07"));
        assert_eq!(hint("x", &[]).as_deref(), Some("known: none"));
        let error = UnknownName::new("RC-05", "command", "x", [""; 0]);
        assert_eq!(error.to_string(), "RC-05 has no command `x`");
    }

    #[test]
    fn slips_are_counted_both_ways() {
        for (from, to, expected) in [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3)] {
            assert_eq!((slips(from, to), slips(to, from)), (expected, expected), "{from} {to}");
        }
    }
}
