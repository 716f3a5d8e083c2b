//! The class of one pair of differing tokens, with the reason.

use super::instant::{Instant, rfc3339};
use super::line::Around;
use super::paths;
use super::token::{Kind, Token};
use crate::model::difference::Class;

/// Is where a pair stands.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// What is around the line.
    pub around: Around<'a>,
    /// Both lines.
    pub lines: [&'a str; 2],
    /// Their tokens.
    pub tokens: [&'a [Token<'a>]; 2],
    /// Which tokens are the pair; a span may be empty.
    pub spans: [std::ops::Range<usize>; 2],
    /// Their texts.
    pub texts: [&'a str; 2],
}

/// Is a class with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The class.
    pub class: Class,
    /// The cause.
    pub cause: String,
    /// What removes it.
    pub remedy: Option<&'static str>,
}

impl Verdict {
    fn new(class: Class, cause: impl Into<String>, remedy: &'static str) -> Option<Self> {
        Some(Self { class, cause: cause.into(), remedy: Some(remedy) })
    }
}

impl Place<'_> {
    fn kind(&self, side: usize) -> Option<Kind> {
        let span = &self.spans[side];
        (span.len() == 1).then(|| self.tokens[side][span.start].kind)
    }

    /// Gives the last words before the pair in the first line, nearest first, in lower case.
    fn words_before(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.spans[0].start == 0 {
            words.extend(self.around.key.map(str::to_ascii_lowercase));
        }
        let before = &self.tokens[0][..self.spans[0].start];
        words.extend(before.iter().rev().filter(|t| t.kind == Kind::Word).take(2).map(|t| t.text.to_ascii_lowercase()));
        words.extend(self.around.key.map(str::to_ascii_lowercase));
        words
    }

    /// Gives the key right before the pair: `key=`, `key: ` or `key="`.
    fn key(&self) -> String {
        let mut before = self.tokens[0][..self.spans[0].start]
            .iter()
            .rev()
            .filter(|t| t.kind != Kind::Space && !matches!(t.text, "\"" | "'"));
        match (before.next(), before.next()) {
            (None, _) => self.around.key.unwrap_or("").to_ascii_lowercase(),
            (Some(mark), Some(word)) if matches!(mark.text, "=" | ":") => word.text.to_ascii_lowercase(),
            _ => String::new(),
        }
    }

    fn character_before(&self) -> Option<char> {
        self.tokens[0].get(self.spans[0].start).and_then(|token| self.lines[0][..token.at].chars().next_back())
    }

    /// Gives the head of the column that the pair stands in.
    fn head(&self) -> Option<&str> {
        let at = self.tokens[0].get(self.spans[0].start)?.at;
        let column = self.lines[0][..at].split_whitespace().count();
        self.around.heads.get(column).copied()
    }

    fn whole_line(&self) -> bool {
        self.lines[0].trim() == self.texts[0].trim() && self.lines[1].trim() == self.texts[1].trim()
    }
}

/// Tells the class of a pair. Whatever no rule gives a reason for is real.
#[must_use]
pub fn classify(place: &Place<'_>) -> Verdict {
    let rules: [fn(&Place<'_>) -> Option<Verdict>; 12] = [
        escapes,
        stamped,
        instants,
        spans,
        drawn,
        addresses,
        numbered,
        named_settings,
        paths::paths,
        versions,
        by_command,
        keyed_host,
    ];
    rules.iter().find_map(|rule| rule(place)).unwrap_or_else(|| unknown(place))
}

fn unknown(place: &Place<'_>) -> Verdict {
    let digest =
        |text: &str| matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && text.bytes().all(|b| b.is_ascii_hexdigit());
    let cause = match place.texts {
        [l, r] if digest(l) && digest(r) => "digests differ: what they were made from differs",
        [_, ""] | ["", _] => "stands on one side only",
        _ => "no rule gives a reason for it",
    };
    Verdict { class: Class::Real, cause: cause.to_owned(), remedy: None }
}

/// Escape sequences that only one side has: a terminal was thought to be there.
fn escapes(place: &Place<'_>) -> Option<Verdict> {
    let only = |side: usize| {
        let tokens = &place.tokens[side][place.spans[side].clone()];
        tokens.iter().all(|token| token.kind == Kind::Escape)
    };
    let cause = "one side has escape sequences of a terminal";
    (only(0) && only(1))
        .then(|| Verdict::new(Class::Environment, cause, "NO_COLOR=1 or TERM=dumb in the command's env"))?
}

/// What Go writes of the repository into a program: revision, time, and the version that they make.
fn stamped(place: &Place<'_>) -> Option<Verdict> {
    let [left, right] = place.lines;
    let of_build = |line: &str| ["vcs.revision=", "vcs.time=", "vcs.modified="].iter().any(|key| line.contains(key));
    let pseudo = |line: &str| {
        let version = line.trim().strip_prefix("mod\t").and_then(|rest| rest.split('\t').nth(1));
        version.is_some_and(|version| version.starts_with("v0.0.0-") || version.contains("-0.") || version == "(devel)")
    };
    ((of_build(left) && of_build(right)) || (pseudo(left) && pseudo(right))).then(|| {
        let cause = "the state of the repository, which Go writes into programs";
        Verdict::new(Class::Environment, cause, "GOFLAGS=-buildvcs=false")
    })?
}

fn instants(place: &Place<'_>) -> Option<Verdict> {
    const REMEDY: &str = "world.clock = \"pinned\"; SOURCE_DATE_EPOCH for tools that honour it";
    let (Some(Kind::Instant(l)), Some(Kind::Instant(r))) = (place.kind(0), place.kind(1)) else { return None };
    // A column or a key that counts time is no instant.
    if place.head().is_some_and(|head| head == "TIME") {
        return Verdict::new(
            Class::Duration,
            "processor time in a table of processes",
            "do not print it: ps -o pid,comm",
        );
    }
    if key_is_span(&place.key()) && !l.dated && !r.dated {
        return Verdict::new(
            Class::Duration,
            "a time span by its name",
            "world.clock with a quantised monotonic clock, or a normalizer",
        );
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
        return Verdict::new(Class::Environment, "one instant in two time zones", "TZ=UTC, as rcrepro sets it");
    }
    let Instant { dated, .. } = l;
    let cause = match (r.local - l.local, dated && r.dated) {
        (apart, true) => format!("instants {apart} s apart"),
        _ => "times of day".to_owned(),
    };
    Verdict::new(Class::Clock, cause, REMEDY)
}

fn spans(place: &Place<'_>) -> Option<Verdict> {
    const REMEDY: &str = "a normalizer of the tool, or clock.quantised with its executable";
    match (place.kind(0)?, place.kind(1)?) {
        (Kind::Span, Kind::Span) => Verdict::new(Class::Duration, "time spans", REMEDY),
        (Kind::Rate, Kind::Rate) => Verdict::new(Class::Duration, "rates over time", REMEDY),
        _ => None,
    }
    .or_else(|| {
        let cached = |text: &str| text.contains("cached");
        let [l, r] = place.texts;
        (cached(l) != cached(r))
            .then(|| Verdict::new(Class::Environment, "a result from a cache on one side", "go test -count=1"))?
    })
}

/// UUIDs and words that are drawn, by their form or their name.
fn drawn(place: &Place<'_>) -> Option<Verdict> {
    const REMEDY: &str = "a fixed seed or id, where the tool takes one";
    if let (Some(Kind::Uuid), Some(Kind::Uuid)) = (place.kind(0), place.kind(1)) {
        let version = |text: &str| text.as_bytes()[14];
        return match (version(place.texts[0]), version(place.texts[1])) {
            (b'4', b'4') => Verdict::new(Class::Randomness, "UUIDs of version 4 are random", REMEDY),
            (b'1' | b'6' | b'7', b'1' | b'6' | b'7') => Verdict::new(
                Class::Clock,
                "UUIDs of versions 1, 6 and 7 hold the time",
                "world.clock = \"pinned\", and a fixed id where the tool takes one",
            ),
            _ => None,
        };
    }
    let long = |text: &str| text.len() >= 8 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b));
    let names = ["nonce", "salt", "seed", "token", "random", "csrf", "session", "secret", "iv"];
    let named = names.contains(&place.key().as_str());
    let [l, r] = place.texts;
    (named && long(l) && long(r)).then(|| Verdict::new(Class::Randomness, "drawn, by its name", REMEDY))?
}

fn addresses(place: &Place<'_>) -> Option<Verdict> {
    let (Some(Kind::Address), Some(Kind::Address)) = (place.kind(0), place.kind(1)) else { return None };
    let wide = |text: &str| text.len() - 2 > 8;
    let words = place.words_before();
    let named = ["at", "address", "addr", "ptr", "pointer", "pc", "sp", "fp"]
        .iter()
        .any(|name| words.first().is_some_and(|w| w == name));
    let [l, r] = place.texts;
    ((wide(l) && wide(r)) || named).then(|| {
        let cause =
            if wide(l) { "wider than 32 bits: addresses of memory" } else { "addresses by the word before them" };
        Verdict::new(Class::AddressOrPid, cause, "do not print it; `setarch -R` stops the shifting of addresses")
    })?
}

/// Numbers that a word, a bracket or a column head gives a meaning.
fn numbered(place: &Place<'_>) -> Option<Verdict> {
    let [l, r] = place.texts;
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    if !number(l) || !number(r) {
        return None;
    }
    let (words, key) = (place.words_before(), place.key());
    let nearest = words.first().map_or("", String::as_str);
    const PIDS: [&str; 9] = ["pid", "ppid", "tgid", "tid", "process", "goroutine", "thread", "pgid", "job"];
    if PIDS.contains(&nearest)
        || PIDS.contains(&key.as_str())
        || place.head().is_some_and(|head| matches!(head, "PID" | "PPID" | "TID" | "LWP" | "PGID" | "SID" | "INODE"))
    {
        return Verdict::new(Class::AddressOrPid, "ids of processes or threads, by name", "do not print them");
    }
    let in_brackets = place.character_before() == Some('[') && place.lines[0].contains(&format!("[{l}]"));
    let after_word = place.spans[0].start >= 2 && place.tokens[0][place.spans[0].start - 2].kind == Kind::Word;
    if in_brackets && after_word && place.lines[0].contains(&format!("[{l}]:")) {
        return Verdict::new(Class::AddressOrPid, "`name[number]:` is how a process id is logged", "do not print it");
    }
    let port = |text: &str| text.parse::<u32>().is_ok_and(|port| (1024..=65_535).contains(&port));
    let high = |text: &str| text.parse::<u32>().is_ok_and(|port| (32_768..=60_999).contains(&port));
    let after_host = place.character_before() == Some(':')
        && (place.lines[0].contains("127.0.0.1:")
            || place.lines[0].contains("localhost:")
            || place.lines[0].contains("0.0.0.0:")
            || place.lines[0].contains("]:"));
    if port(l) && port(r) && (nearest == "port" || key == "port" || after_host) && high(l) && high(r) {
        return Verdict::new(Class::AddressOrPid, "ports that the kernel gives out (32768 to 60999)", "a fixed port");
    }
    if key_is_span(&key) || (place.spans[0].start == 0 && place.around.key.is_some_and(key_is_span)) {
        return Verdict::new(
            Class::Duration,
            "a time span by its name",
            "a normalizer of the tool, or clock.quantised with its executable",
        );
    }
    epochs(place, &key)
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970.
fn epochs(place: &Place<'_>, key: &str) -> Option<Verdict> {
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
        Verdict::new(Class::Clock, cause, "world.clock = \"pinned\"; SOURCE_DATE_EPOCH for tools that honour it")
    })?
}

/// Tells whether a name says that its number is a time span.
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

/// Environment variables by name, and modes of files.
fn named_settings(place: &Place<'_>) -> Option<Verdict> {
    let [left, right] = place.lines;
    let variable = |line: &str| line.split_once('=').map(|(name, _)| name.trim_start_matches("export ").to_owned());
    if let (Some(name), true) = (variable(left), variable(left) == variable(right)) {
        let upper = name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        const KNOWN: [&str; 16] = [
            "LANG", "LANGUAGE", "TZ", "TERM", "USER", "LOGNAME", "SHELL", "EDITOR", "PAGER", "PATH", "HOME", "UID",
            "COLUMNS", "LINES", "DISPLAY", "MAIL",
        ];
        if upper && name == "HOSTNAME" {
            return Verdict::new(Class::Host, "the variable HOSTNAME", "rcrepro's fixed host name");
        }
        if upper && matches!(name.as_str(), "PWD" | "OLDPWD" | "TMPDIR") {
            return Verdict::new(Class::Path, format!("the variable {name}"), "rcrepro's fixed folder /work");
        }
        if upper
            && (KNOWN.contains(&name.as_str())
                || name.starts_with("LC_")
                || place.around.hints.runs(&["env", "printenv", "export", "set"]))
        {
            let remedy = "rcrepro's fixed environment; `env` in the plan for what the command needs";
            return Verdict::new(Class::Environment, format!("the environment variable {name}"), remedy);
        }
    }
    let mode = |text: &str| {
        let bytes = text.as_bytes();
        bytes.len() == 10 && b"-dlcbps".contains(&bytes[0]) && bytes[1..].iter().all(|b| b"rwxsStT-".contains(b))
    };
    // The marks of a mode are tokens of their own: the whole field is looked at.
    let field = |side: usize| {
        let at = place.tokens[side].get(place.spans[side].start).map_or(place.lines[side].len(), |token| token.at);
        let start = place.lines[side][..at].rfind(char::is_whitespace).map_or(0, |space| space + 1);
        place.lines[side][start..].split_whitespace().next().unwrap_or("")
    };
    let (l, r) = (field(0), field(1));
    if mode(l) && mode(r) && l[..4] == r[..4] && l != r {
        return Verdict::new(
            Class::Environment,
            format!("modes {l} and {r} differ for group and others only, as a umask has it"),
            "umask 022, as rcrepro sets it",
        );
    }
    None
}

/// Versions of a package that both sides name.
fn versions(place: &Place<'_>) -> Option<Verdict> {
    let [left, right] = place.lines;
    let version = |line: &str, side: usize| -> Option<(String, String)> {
        let at = place.tokens[side].get(place.spans[side].start)?.at;
        let start = line[..at].rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let word = line[start..].split(|c: char| c.is_whitespace() || c == '"' || c == ',').next()?;
        let (name, version) = word.rsplit_once('@')?;
        let number = version.trim_start_matches('v');
        (!name.is_empty() && number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.'))
            .then(|| (name.to_owned(), version.to_owned()))
    };
    let (l, r) = (version(left, 0)?, version(right, 1)?);
    (l.0 == r.0 && l.1 != r.1).then(|| {
        Verdict::new(
            Class::RegistryDrift,
            format!("versions {} and {} of package {}", l.1, r.1, l.0),
            "a lock file, and a frozen input of it",
        )
    })?
}

/// What the command line itself says about what it prints.
fn by_command(place: &Place<'_>) -> Option<Verdict> {
    let hints = place.around.hints;
    let printed = |what: &str, by: &str| format!("the command line runs `{by}`, which prints {what}");
    let [l, r] = place.texts;
    let drawn = |text: &str| text.len() >= 4 && text.chars().any(|c| c.is_ascii_alphanumeric());
    for (program, what) in [("mktemp", "a random name"), ("uuidgen", "a random id")] {
        if hints.runs(&[program]) && drawn(l) && drawn(r) {
            return Verdict::new(Class::Randomness, printed(what, program), "a fixed name below $TMPDIR");
        }
    }
    for source in ["openssl rand", "/dev/urandom", "/dev/random", "openssl gen", "secrets.token"] {
        if hints.line.contains(source) && drawn(l) && drawn(r) {
            return Verdict::new(
                Class::Randomness,
                format!("the command line draws from `{source}`"),
                "a fixed seed or key, where the tool takes one",
            );
        }
    }
    if hints.line.contains("$RANDOM") && l.bytes().chain(r.bytes()).all(|b| b.is_ascii_digit()) {
        return Verdict::new(Class::Randomness, "the command line uses $RANDOM", "RANDOM=1 first in the line seeds it");
    }
    for (program, what) in [
        ("hostname", "the host's name"),
        ("uname", "the host's name or kernel"),
        ("nproc", "the number of processors"),
        ("lscpu", "the processors"),
        ("free", "the memory"),
        ("arch", "the machine"),
    ] {
        if hints.alone(program) {
            return Verdict::new(
                Class::Host,
                printed(what, program),
                "rcrepro's fixed host name; `world.cpus` for processors",
            );
        }
    }
    for (program, what) in [
        ("umask", "the umask"),
        ("id", "the user"),
        ("whoami", "the user"),
        ("locale", "the locale"),
        ("ulimit", "a limit"),
        ("tty", "the terminal"),
    ] {
        if hints.alone(program) {
            return Verdict::new(Class::Environment, printed(what, program), "rcrepro's fixed user, umask and locale");
        }
    }
    (hints.alone("pwd"))
        .then(|| Verdict::new(Class::Path, printed("its folder", "pwd"), "rcrepro's fixed folder /work"))?
}

fn keyed_host(place: &Place<'_>) -> Option<Verdict> {
    let key = place.key();
    if ["hostname", "host", "nodename", "machine", "computer"].contains(&key.as_str()) {
        return Verdict::new(Class::Host, "the host's name, by its key", "rcrepro's fixed host name");
    }
    ["user", "username", "uid", "gid", "locale", "lang", "tz", "timezone"].contains(&key.as_str()).then(|| {
        Verdict::new(
            Class::Environment,
            "a setting around the command, by its key",
            "rcrepro's fixed user, locale and time zone",
        )
    })?
}
