//! One figure beside its limit.

use std::fmt;

/// A figure, what it may be, and the places behind it.
#[derive(Debug, Clone)]
pub struct Figure {
    /// For example `circles`, or `prose: rcrepro` for one area.
    pub name: String,
    /// Measured now.
    pub figure: usize,
    /// The highest figure that passes: the ratchet, which may only go down.
    pub limit: usize,
    /// Where the ratchet is meant to arrive.
    pub goal: usize,
    /// One line per place, the worst first.
    pub places: Vec<String>,
}

impl Figure {
    /// Whether the figure is within its limit.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.figure <= self.limit
    }

    /// Whether the limit in `house.toml` can be lowered to the figure.
    #[must_use]
    pub fn is_slack(&self) -> bool {
        self.figure.max(self.goal) < self.limit
    }

    /// The part of the name before the area.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.name.split(": ").next().unwrap_or(&self.name)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}, expected at most {}", self.name, self.figure, self.limit)?;
        self.places.iter().try_for_each(|place| writeln!(f, "  {place}"))
    }
}

/// The value below which `percent` of the values lie (nearest rank); 0 for none.
#[must_use]
pub fn percentile(values: &[usize], percent: usize) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_above_its_limit_goes_red() {
        let check = |figure| Figure { name: "x: y".into(), figure, limit: 3, goal: 1, places: vec!["there".into()] };
        assert!(check(3).holds() && !check(4).holds());
        assert!(check(2).is_slack() && !check(3).is_slack());
        assert_eq!(check(4).to_string(), "x: y: 4, expected at most 3\n  there\n");
        assert_eq!(check(4).kind(), "x");
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let values: Vec<usize> = (1..=10).rev().collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 90), percentile(&[7], 90)), (5, 9, 7));
        assert_eq!(percentile(&[], 50), 0);
    }
}
