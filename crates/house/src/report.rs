//! The figures as people read them, and as `house.toml` holds them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::check::Figure;

/// One row per check.
#[must_use]
pub fn table(checks: &[Figure]) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    let mut table = format!("{:width$}  {:>6}  {:>7}  {:>5}\n", "check", "figure", "at most", "goal");
    for check in checks {
        let remark = match (check.holds(), check.is_slack()) {
            (false, _) => "  FAILED",
            (true, true) => "  the ratchet can be lowered",
            (true, false) => "",
        };
        let Figure { name, figure, limit, goal, .. } = check;
        _ = writeln!(table, "{name:width$}  {figure:>6}  {limit:>7}  {goal:>5}{remark}");
    }
    table
}

/// The checks whose name begins with `name`, each with its places.
#[must_use]
pub fn places(checks: &[Figure], name: &str) -> String {
    checks.iter().filter(|check| check.name.starts_with(name)).map(Figure::to_string).collect()
}

/// The two tables of ratchets that have one line per area, with the figures of now.
#[must_use]
pub fn ratchets(checks: &[Figure]) -> String {
    let mut tables: BTreeMap<&str, String> = BTreeMap::new();
    for check in checks {
        if let Some((kind, area)) = check.name.split_once(": ") {
            let table = tables.entry(kind).or_insert_with(|| format!("[ratchets.{kind}]\n"));
            _ = writeln!(table, "{area} = {}", check.figure);
        }
    }
    tables.into_values().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> [Figure; 3] {
        let check =
            |name: &str, figure| Figure { name: name.into(), figure, limit: 5, goal: 0, places: vec!["a.rs:1".into()] };
        [check("circles", 6), check("prose: docs", 5), check("prose: x", 4)]
    }

    #[test]
    fn the_table_shows_what_failed() {
        let expected = "check        figure  at most   goal\n\
                        circles           6        5      0  FAILED\n\
                        prose: docs       5        5      0\n\
                        prose: x          4        5      0  the ratchet can be lowered\n";
        assert_eq!(table(&sample()), expected);
    }

    #[test]
    fn places_and_ratchets_are_those_of_the_checks() {
        assert_eq!(places(&sample(), "circles"), "circles: 6, expected at most 5\n  a.rs:1\n");
        assert_eq!(ratchets(&sample()), "[ratchets.prose]\ndocs = 5\nx = 4\n");
    }
}
