//! Numbers: process ids, ports, time spans and times since 1970, each only where something beside the number says so.

use super::context::{CLOCK, PairContext, Reason, span_remedy};
use super::instant::rfc3339;
use super::token::TokenKind;
use rcrepro_model::why::difference::DifferenceClass;

/// Numbers that a word, a bracket or a column head gives a meaning.
pub fn numbered(place: &PairContext<'_>) -> Option<Reason> {
    let [l, r] = place.texts;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    if !number(l) || !number(r) {
        return None;
    }
    let (words, key) = (place.words_before(), place.key());
    let nearest = words.first().map_or("", String::as_str);
    const PIDS: [&str; 11] =
        ["inode", "ino", "pid", "ppid", "tgid", "tid", "process", "goroutine", "thread", "pgid", "job"];
    if PIDS.contains(&nearest)
        || PIDS.contains(&key.as_str())
        || place.head().is_some_and(|head| matches!(head, "PID" | "PPID" | "TID" | "LWP" | "PGID" | "SID" | "INODE"))
    {
        return Some(Reason::new(
            DifferenceClass::AddressOrPid,
            "ids of processes or threads, by name",
            "do not print them",
        ));
    }
    let in_brackets = place.character_before() == Some('[') && place.lines[0].contains(&format!("[{l}]"));
    let after_word = place.spans[0].start >= 2 && place.tokens[0][place.spans[0].start - 2].kind == TokenKind::Word;
    if in_brackets && after_word && place.lines[0].contains(&format!("[{l}]:")) {
        return Some(Reason::new(
            DifferenceClass::AddressOrPid,
            "`name[number]:` is how a process id is logged",
            "do not print it",
        ));
    }
    let port = |text: &str| text.parse::<u32>().is_ok_and(|port| (1024..=65_535).contains(&port));
    let high = |text: &str| text.parse::<u32>().is_ok_and(|port| (32_768..=60_999).contains(&port));
    let after_host = place.character_before() == Some(':')
        && (place.lines[0].contains("127.0.0.1:")
            || place.lines[0].contains("localhost:")
            || place.lines[0].contains("0.0.0.0:")
            || place.lines[0].contains("]:"));
    if port(l) && port(r) && (nearest == "port" || key == "port" || after_host) && high(l) && high(r) {
        return Some(Reason::new(
            DifferenceClass::AddressOrPid,
            "ports that the kernel gives out (32768 to 60999)",
            "a fixed port",
        ));
    }
    if key_is_span(&key) || (place.spans[0].start == 0 && place.around.key.is_some_and(key_is_span)) {
        return Some(Reason::new(DifferenceClass::Duration, "a time span by its name", span_remedy(place)));
    }
    epochs(place, &key)
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970.
fn epochs(place: &PairContext<'_>, key: &str) -> Option<Reason> {
    let seconds = |text: &str| -> Option<i64> {
        let whole = text.split(['.', ',']).next()?;
        let unit = match whole.len() {
            10 => 1,
            13 => 1_000,
            16 => 1_000_000,
            19 => 1_000_000_000,
            _ => return None,
        };
        whole
            .parse::<i64>()
            .ok()
            .map(|value| value / unit)
            .filter(|value| (1_000_000_000..4_102_444_800).contains(value))
    };
    let [l, r] = place.texts;
    let (a, b) = (seconds(l)?, seconds(r)?);
    const NAMES: [&str; 16] = [
        "time",
        "timestamp",
        "date",
        "epoch",
        "mtime",
        "ctime",
        "atime",
        "at",
        "created",
        "updated",
        "started",
        "finished",
        "now",
        "modified",
        "ts",
        "since",
    ];
    let words = place.words_before();
    let named = NAMES.contains(&key) || words.iter().any(|word| NAMES.contains(&word.as_str()));
    let asked = place.around.hints.runs(&["date", "stat", "touch"]) || place.around.hints.line.contains("%s");
    let bare = place.whole_line() && (a - b).abs() <= 366 * 86_400;
    (named || asked || bare).then(|| {
        let cause = format!("as times since 1970 they are {} and {}", rfc3339(a), rfc3339(b));
        Reason::new(DifferenceClass::Clock, cause, CLOCK)
    })
}

/// Whether a name says that its number is a time span.
pub fn key_is_span(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    const NAMES: [&str; 14] = [
        "elapsed",
        "duration",
        "took",
        "seconds",
        "milliseconds",
        "runtime",
        "wall",
        "real",
        "user",
        "sys",
        "uptime",
        "latency",
        "durationms",
        "time",
    ];
    NAMES.contains(&key.as_str())
        || ["_ms", "_ns", "_us", "_seconds", "_secs", "_duration", "_elapsed"].iter().any(|end| key.ends_with(end))
}
