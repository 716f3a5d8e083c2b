//! Relations between packages, such as `libc6 (>= 2.36) | libc6.1, python3:any`.
//!
//! Source: Debian policy, chapter 7; versions are ordered as its section 5.6.12 says.

use std::cmp::Ordering;
use std::fmt;

use debversion::Version;

/// One alternative of a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation<'a> {
    /// The package, real or virtual.
    pub name: &'a str,
    /// What is after a colon: `any` or an architecture.
    pub qualifier: Option<&'a str>,
    /// Which versions will do; `None` for every one, and for packages that only provide the name.
    pub constraint: Option<(Operator, &'a str)>,
}

/// Compares a version with the one that a relation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

impl Operator {
    const ALL: [(&'static str, Self); 5] = [
        ("<<", Self::Earlier),
        ("<=", Self::EarlierOrEqual),
        (">=", Self::LaterOrEqual),
        (">>", Self::Later),
        ("=", Self::Equal),
    ];

    const fn fits(self, order: Ordering) -> bool {
        match self {
            Self::Earlier => order.is_lt(),
            Self::EarlierOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::LaterOrEqual => order.is_ge(),
            Self::Later => order.is_gt(),
        }
    }
}

impl Relation<'_> {
    /// Whether a version will do; one that is not a version never does where one is asked for.
    #[must_use]
    pub fn takes(&self, version: &str) -> bool {
        self.constraint
            .is_none_or(|(operator, wanted)| compare(version, wanted).is_some_and(|order| operator.fits(order)))
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if let Some(qualifier) = self.qualifier {
            write!(f, ":{qualifier}")?;
        }
        if let Some((operator, version)) = self.constraint {
            let (sign, _) = Operator::ALL.iter().find(|(_, one)| *one == operator).expect("every operator has a sign");
            write!(f, " ({sign} {version})")?;
        }
        Ok(())
    }
}

/// Orders two versions; `None` when one of them is not a version.
#[must_use]
pub fn compare(one: &str, other: &str) -> Option<Ordering> {
    if one == other {
        return Some(Ordering::Equal);
    }
    Some(one.parse::<Version>().ok()?.cmp(&other.parse().ok()?))
}

/// Reads a field's relations: all of the outer ones have to hold, one of each inner.
///
/// # Errors
/// The part that is not a relation.
pub fn parse(field: &str) -> Result<Vec<Vec<Relation<'_>>>, &str> {
    let groups = field.split(',').map(str::trim).filter(|group| !group.is_empty());
    groups.map(|group| group.split('|').map(alternative).collect()).collect()
}

fn alternative(text: &str) -> Result<Relation<'_>, &str> {
    let text = text.trim();
    let (name, constraint) = match text.split_once('(') {
        None => (text, None),
        Some((name, rest)) => (name.trim_end(), Some(constraint(rest).ok_or(text)?)),
    };
    let (name, qualifier) = match name.split_once(':') {
        None => (name, None),
        Some((name, qualifier)) => (name, Some(qualifier)),
    };
    let word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b));
    match word(name) && qualifier.is_none_or(word) {
        true => Ok(Relation { name, qualifier, constraint }),
        false => Err(text),
    }
}

/// Reads `>= 2.36)`.
fn constraint(text: &str) -> Option<(Operator, &str)> {
    let inner = text.strip_suffix(')')?.trim();
    let (operator, version) =
        Operator::ALL.iter().find_map(|(sign, operator)| Some((*operator, inner.strip_prefix(sign)?.trim())))?;
    version.parse::<Version>().is_ok().then_some((operator, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_read_and_written() {
        let field = "libc6 (>= 2.36), awk | mawk (<<1:2~rc1), python3:any (= 3.11.2-1+b1)";
        let groups = parse(field).expect("good relations");
        let shown: Vec<_> =
            groups.iter().map(|group| group.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")).collect();
        assert_eq!(shown.join(", "), field.replace("<<1", "<< 1"));
        assert_eq!(parse(" "), Ok(Vec::new()));
        for wrong in ["a b", "a (2)", "a (>= )", "a (>= 2", "a (=> 2)", "a | | b", "../a", "a:", "a (= 2 3)"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn versions_are_ordered_as_the_policy_says() {
        let ordered = ["1.0~~", "1.0~rc1", "1.0", "1.0-1", "1.0-1+b1", "1.0+dfsg-1", "1.0.1", "1.9", "1.10", "1:0.1"];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Some(Ordering::Less), "{pair:?}");
        }
        assert_eq!(compare("0:1.0", "1.0"), Some(Ordering::Equal));
        assert_eq!(compare("1.0", "1 0"), None);
        let takes = |relation: &str, version: &str| parse(relation).expect("good")[0][0].takes(version);
        for (relation, fits) in [
            ("a (<< 2)", [true, false, false]),
            ("a (<= 2)", [true, true, false]),
            ("a (= 2)", [false, true, false]),
            ("a (>= 2)", [false, true, true]),
            ("a (>> 2)", [false, false, true]),
            ("a", [true, true, true]),
        ] {
            assert_eq!(["1", "2", "3"].map(|version| takes(relation, version)), fits, "{relation}");
        }
    }
}
