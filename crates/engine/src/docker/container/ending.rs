//! Decides, from what the engine reports, how an execution ended. Pure.

use std::time::Duration;

use rcrepro_model::execution::action::Ending;
use rcrepro_model::text::civil_date::days_since_1970;

/// What the engine's wait and its inspect say about a container's end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reported {
    /// The exit code that the wait gave.
    pub waited: i64,
    /// The state's name: `exited` of Docker, `stopped` of some Podman versions.
    pub status: String,
    /// The exit code that the inspect gave.
    pub code: Option<i64>,
    /// Whether the kernel killed a process of the container because memory ran out.
    pub out_of_memory: bool,
    /// The engine's own error text; empty when all went well.
    pub error: String,
    /// When the container started, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub finished_at: String,
}

/// Judges a container that came to its end.
///
/// That memory ran out counts whatever the exit code says: a child that was killed may have left the command with code 0
/// and half of its work.
///
/// # Errors
/// A text that says which part does not fit.
pub(crate) fn judge(reported: &Reported, timed_out: bool) -> Result<(i32, Ending), String> {
    if !matches!(reported.status.as_str(), "exited" | "stopped") {
        return Err(format!("the container's state is `{}`, expected `exited`", reported.status));
    }
    if !reported.error.is_empty() {
        return Err(format!("the engine reports an error: {}", reported.error));
    }
    if reported.code != Some(reported.waited) {
        return Err(format!("wait says exit code {}, inspect says {:?}", reported.waited, reported.code));
    }
    let code = i32::try_from(reported.waited)
        .ok()
        .filter(|code| (0..=255).contains(code))
        .ok_or_else(|| format!("the exit code {} is none of a Linux process", reported.waited))?;
    let ending = match code {
        _ if timed_out => Ending::TimedOut,
        _ if reported.out_of_memory => Ending::OutOfMemory { code },
        129..=192 => Ending::Signaled { signal: code - 128 },
        _ => Ending::Exited { code },
    };
    Ok((code, ending))
}

/// Computes how long the container ran by the engine's own clock; zero when its clock was set back meanwhile.
pub(crate) fn duration(reported: &Reported) -> Option<Duration> {
    let started = since_epoch(&reported.started_at)?;
    Some(since_epoch(&reported.finished_at)?.saturating_sub(started))
}

/// Reads an RFC 3339 time as the time since the Unix epoch.
fn since_epoch(text: &str) -> Option<Duration> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let rest = text.get(19..)?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone_at);
    let nanos = match fraction.strip_prefix('.') {
        Some(digits) => format!("{digits:0<9}").get(..9)?.parse().ok()?,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
            if zone.starts_with('-') { -seconds } else { seconds }
        }
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exited(code: i64) -> Reported {
        Reported { waited: code, code: Some(code), status: "exited".into(), ..Reported::default() }
    }

    #[test]
    fn endings_are_told_apart() {
        assert_eq!(judge(&exited(0), false), Ok((0, Ending::Exited { code: 0 })));
        assert_eq!(judge(&exited(128), false), Ok((128, Ending::Exited { code: 128 })));
        assert_eq!(judge(&exited(139), false), Ok((139, Ending::Signaled { signal: 11 })));
        assert_eq!(judge(&exited(255), false), Ok((255, Ending::Exited { code: 255 })));
        assert_eq!(judge(&exited(137), true), Ok((137, Ending::TimedOut)));
        let starved = Reported { out_of_memory: true, ..exited(0) };
        assert_eq!(judge(&starved, false), Ok((0, Ending::OutOfMemory { code: 0 })));
    }

    #[test]
    fn reports_that_do_not_fit_are_not_believed() {
        for wrong in [
            Reported { status: "running".into(), ..exited(0) },
            Reported { status: "dead".into(), ..exited(0) },
            Reported { code: Some(1), ..exited(0) },
            Reported { code: None, ..exited(0) },
            Reported { error: "no space".into(), ..exited(0) },
            exited(-1),
        ] {
            assert!(judge(&wrong, false).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn times_are_read_to_the_nanosecond_and_with_their_zone() {
        let read = |text: &str| since_epoch(text).expect("a good time");
        assert_eq!(read("1970-01-01T00:00:00Z"), Duration::ZERO);
        assert_eq!(read("2024-02-29T12:34:56.5Z"), Duration::new(1_709_210_096, 500_000_000));
        assert_eq!(read("2024-02-29T14:34:56.000000001+02:00"), Duration::new(1_709_210_096, 1));
        assert_eq!(since_epoch("0001-01-01T00:00:00Z"), None, "Docker's word for never");
        assert_eq!(since_epoch("yesterday"), None);
    }
}
