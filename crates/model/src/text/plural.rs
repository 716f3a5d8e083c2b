//! Counts in words: `1 image`, `2 images`.

/// Writes a number and a noun in the form that fits it; the noun is given in the singular, such as `frozen input`.
#[must_use]
pub fn counted(count: impl Into<Count>, one: &str) -> String {
    match count.into().0 {
        1 => format!("1 {one}"),
        many => format!("{many} {}", plural(one)),
    }
}

/// A number of things.
#[derive(Debug, Clone, Copy)]
pub struct Count(u64);

impl From<u64> for Count {
    fn from(count: u64) -> Self {
        Self(count)
    }
}

impl From<usize> for Count {
    fn from(count: usize) -> Self {
        Self(count as u64)
    }
}

/// Writes the plural of a regular noun; of several words the last one changes.
fn plural(one: &str) -> String {
    let vowel_before_y = ["ay", "ey", "oy", "uy"].iter().any(|end| one.ends_with(end));
    match one.strip_suffix('y') {
        Some(stem) if !vowel_before_y => format!("{stem}ies"),
        _ if ["s", "x", "ch", "sh"].iter().any(|end| one.ends_with(end)) => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

/// Writes the plural of a sum as the singular: `tests passed` as `test passed`. What follows a comma stays.
#[must_use]
pub fn of_one(many: &str) -> String {
    let (said, rest) = many.split_once(',').map_or((many, None), |(said, rest)| (said, Some(rest)));
    let words: Vec<String> = said.split(' ').map(singular).collect();
    let said = words.join(" ");
    rest.map_or_else(|| said.clone(), |rest| format!("{said},{rest}"))
}

fn singular(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let one = word.strip_suffix('s').filter(|one| one.len() > 2 && !one.ends_with('s'));
    one.unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_fits_its_number() {
        for (count, one, expected) in [
            (1, "image", "1 image"),
            (0, "image", "0 images"),
            (2, "frozen input", "2 frozen inputs"),
            (1, "entry", "1 entry"),
            (3, "entry", "3 entries"),
            (2, "day", "2 days"),
            (2, "pass", "2 passes"),
        ] {
            assert_eq!(counted(count as usize, one), expected);
        }
        assert_eq!(counted(u64::MAX, "byte"), "18446744073709551615 bytes");
    }

    #[test]
    fn what_is_said_of_many_can_be_said_of_one() {
        for (many, one) in [
            ("tests passed", "test passed"),
            ("tests and benchmarks passed", "test and benchmark passed"),
            ("database entries of 2026-08-01", "database entry of 2026-08-01"),
            ("files checked, libraries among them", "file checked, libraries among them"),
            ("packages asked about", "package asked about"),
            ("package tested", "package tested"),
        ] {
            assert_eq!(of_one(many), one);
        }
    }
}
