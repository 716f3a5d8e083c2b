//! The class of one pair of differing tokens, with the reason.

use super::context::{CLOCK, PairContext, Reason, span_remedy};
use super::instant::Instant;
use super::numbers::{key_is_span, numbered};
use super::paths;
use super::settings::{by_command, container_ids, keyed_host, locale_marks, named_settings, printed_alone, versions};
use super::token::TokenKind;
use rcrepro_model::why::difference::DifferenceClass;

/// Returns the class of a pair: real unless a rule gives a reason for another.
#[must_use]
pub fn classify(place: &PairContext<'_>) -> Reason {
    let rules: [fn(&PairContext<'_>) -> Option<Reason>; 15] = [
        printed_alone,
        escapes,
        stamped,
        instants,
        spans,
        drawn,
        addresses,
        numbered,
        named_settings,
        locale_marks,
        paths::paths,
        versions,
        container_ids,
        by_command,
        keyed_host,
    ];
    rules.iter().find_map(|rule| rule(place)).unwrap_or_else(|| unknown(place))
}

fn unknown(place: &PairContext<'_>) -> Reason {
    let digest =
        |text: &str| matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let cause = match place.texts {
        [l, r] if digest(l) && digest(r) => "digests differ: what they were made from differs",
        [_, ""] | ["", _] => "is on one side only",
        _ => "no rule gives a reason for it",
    };
    Reason { class: DifferenceClass::Real, cause: cause.to_owned(), remedy: None }
}

/// Escape sequences that only one side has: a terminal was thought to be there.
fn escapes(place: &PairContext<'_>) -> Option<Reason> {
    let only = |side: usize| {
        let tokens = &place.tokens[side][place.spans[side].clone()];
        tokens.iter().all(|token| token.kind == TokenKind::Escape)
    };
    let cause = "one side has escape sequences of a terminal";
    (only(0) && only(1))
        .then(|| Reason::new(DifferenceClass::Environment, cause, "NO_COLOR=1 or TERM=dumb in the command's env"))
}

/// What Go writes of the repository into a program: revision, time, and the version that they make.
fn stamped(place: &PairContext<'_>) -> Option<Reason> {
    let [left, right] = place.lines;
    let of_build = |line: &str| ["vcs.revision=", "vcs.time=", "vcs.modified="].iter().any(|key| line.contains(key));
    let pseudo = |line: &str| {
        let version = line.trim().strip_prefix("mod\t").and_then(|rest| rest.split('\t').nth(1));
        version.is_some_and(|version| version.starts_with("v0.0.0-") || version.contains("-0.") || version == "(devel)")
    };
    ((of_build(left) && of_build(right)) || (pseudo(left) && pseudo(right))).then(|| {
        let cause = "the state of the repository, which Go writes into programs";
        Reason::new(DifferenceClass::Environment, cause, "GOFLAGS=-buildvcs=false")
    })
}

fn instants(place: &PairContext<'_>) -> Option<Reason> {
    let (Some(TokenKind::Instant(l)), Some(TokenKind::Instant(r))) = (place.kind(0), place.kind(1)) else {
        return None;
    };
    // A column or a key that counts time is no instant.
    if place.head().is_some_and(|head| head == "TIME") {
        return Some(Reason::new(
            DifferenceClass::Duration,
            "processor time in a table of processes",
            "do not print it: ps -o pid,comm",
        ));
    }
    if key_is_span(&place.key()) && !l.dated && !r.dated {
        return Some(Reason::new(DifferenceClass::Duration, "a time span by its name", span_remedy(place)));
    }
    // `UTC`, `JST`, `Z`, `+0100`: what is neither a date, a time of day, nor the name of a day or month.
    let zone = |text: &str| {
        let zulu = text.strip_suffix('Z').map(|_| "Z");
        let word = |word: &&str| word.len() >= 3 && word.bytes().all(|b| b.is_ascii_uppercase());
        let offset = text.rfind(['+', '-']).filter(|at| text[..*at].contains(':')).map(|at| &text[at..]);
        zulu.or(offset).or_else(|| text.split(' ').find(word)).unwrap_or("").to_owned()
    };
    let shifted = (l.local - r.local) % 900 == 0 && l.local != r.local && (l.local - r.local).abs() <= 26 * 3600;
    if l.zoned && r.zoned && zone(place.texts[0]) != zone(place.texts[1]) && shifted {
        return Some(Reason::new(
            DifferenceClass::Environment,
            "one instant in two time zones",
            "TZ=UTC, as rcrepro sets it",
        ));
    }
    let Instant { dated, .. } = l;
    let cause = match (r.local - l.local, dated && r.dated) {
        (apart, true) => format!("instants {apart} s apart"),
        _ => "times of day".to_owned(),
    };
    Some(Reason::new(DifferenceClass::Clock, cause, CLOCK))
}

fn spans(place: &PairContext<'_>) -> Option<Reason> {
    let remedy = span_remedy(place);
    match (place.kind(0)?, place.kind(1)?) {
        (TokenKind::Span, TokenKind::Span) => Some(Reason::new(DifferenceClass::Duration, "time spans", remedy)),
        (TokenKind::Rate, TokenKind::Rate) => Some(Reason::new(DifferenceClass::Duration, "rates over time", remedy)),
        _ => None,
    }
    .or_else(|| {
        let cached = |text: &str| text.contains("cached");
        let [l, r] = place.texts;
        (cached(l) != cached(r))
            .then(|| Reason::new(DifferenceClass::Environment, "a result from a cache on one side", "go test -count=1"))
    })
}

/// UUIDs and words that are drawn, by their form or their name.
fn drawn(place: &PairContext<'_>) -> Option<Reason> {
    const REMEDY: &str = "a fixed seed or id, where the tool takes one";
    if let (Some(TokenKind::Uuid), Some(TokenKind::Uuid)) = (place.kind(0), place.kind(1)) {
        let version = |text: &str| text.as_bytes()[14];
        return match (version(place.texts[0]), version(place.texts[1])) {
            (b'4', b'4') => Some(Reason::new(DifferenceClass::Randomness, "UUIDs of version 4 are random", REMEDY)),
            (b'1' | b'6' | b'7', b'1' | b'6' | b'7') => Some(Reason::new(
                DifferenceClass::Clock,
                "UUIDs of versions 1, 6 and 7 hold the time",
                "clock = \"stands\", and a fixed id where the tool takes one",
            )),
            _ => None,
        };
    }
    let long = |text: &str| text.len() >= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b));
    let names = ["nonce", "salt", "seed", "token", "random", "csrf", "session", "secret", "iv"];
    let named = names.contains(&place.key().as_str());
    let [l, r] = place.texts;
    (named && long(l) && long(r)).then(|| Reason::new(DifferenceClass::Randomness, "drawn, by its name", REMEDY))
}

fn addresses(place: &PairContext<'_>) -> Option<Reason> {
    let (Some(TokenKind::Address), Some(TokenKind::Address)) = (place.kind(0), place.kind(1)) else { return None };
    let wide = |text: &str| text.len() - 2 > 8;
    let words = place.words_before();
    let named = ["at", "address", "addr", "ptr", "pointer", "pc", "sp", "fp"]
        .iter()
        .any(|name| words.first().is_some_and(|w| w == name));
    let [l, r] = place.texts;
    ((wide(l) && wide(r)) || named).then(|| {
        let cause =
            if wide(l) { "wider than 32 bits: addresses of memory" } else { "addresses by the word before them" };
        Reason::new(
            DifferenceClass::AddressOrPid,
            cause,
            "do not print it; `setarch -R` stops the shifting of addresses",
        )
    })
}
