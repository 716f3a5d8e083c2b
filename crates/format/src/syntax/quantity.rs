//! Durations and sizes as people write them: `10m`, `90s`, `2h`; `512MiB`, `4GiB`.

use std::str::FromStr;
use std::time::Duration;

/// The error for a text that is not a valid quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} `{found}`: expected a whole number above 0 and one of {units}, such as {example}")]
pub struct QuantityError {
    found: String,
    what: &'static str,
    units: &'static str,
    example: &'static str,
}

/// A duration in whole seconds, with the unit `s`, `m` or `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl FromStr for Seconds {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        scaled(text, &[("s", 1), ("m", 60), ("h", 3600)]).map(|seconds| Self(Duration::from_secs(seconds))).ok_or_else(
            || QuantityError { found: text.to_owned(), what: "duration", units: "s, m, h", example: "`10m`" },
        )
    }
}

/// A size in bytes, with the unit `KiB`, `MiB` or `GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        scaled(text, &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]).map(Self).ok_or_else(|| QuantityError {
            found: text.to_owned(),
            what: "size",
            units: "KiB, MiB, GiB",
            example: "`512MiB`",
        })
    }
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (unit, factor) = units.iter().find(|(unit, _)| text.ends_with(unit))?;
    let digits = text.strip_suffix(unit)?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|number| plain && *number > 0)?;
    number.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_scale_and_nonsense_is_refused() {
        assert_eq!("10m".parse(), Ok(Seconds(Duration::from_secs(600))));
        assert_eq!("4GiB".parse(), Ok(Bytes(4 << 30)));
        for wrong in ["", "10", "m", "-1m", "+1m", "0s", "1.5h", "10 m", "99999999999999999h"] {
            assert!(wrong.parse::<Seconds>().is_err(), "{wrong}");
        }
        assert!("4GB".parse::<Bytes>().is_err());
    }
}
