//! What is around a command: environment variables, modes, versions, and what a command line is known to print.

use super::context::{PairContext, Reason};
use rcrepro_model::why::difference::DifferenceClass;

/// Environment variables by name, and modes of files.
pub fn named_settings(place: &PairContext<'_>) -> Option<Reason> {
    let [left, right] = place.lines;
    let variable = |line: &str| line.split_once('=').map(|(name, _)| name.trim_start_matches("export ").to_owned());
    if let (Some(name), true) = (variable(left), variable(left) == variable(right)) {
        let upper = name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        const KNOWN: [&str; 16] = [
            "LANG", "LANGUAGE", "TZ", "TERM", "USER", "LOGNAME", "SHELL", "EDITOR", "PAGER", "PATH", "HOME", "UID",
            "COLUMNS", "LINES", "DISPLAY", "MAIL",
        ];
        if upper && name == "HOSTNAME" {
            return Some(Reason::new(DifferenceClass::Host, "the variable HOSTNAME", "rcrepro's fixed host name"));
        }
        if upper && matches!(name.as_str(), "PWD" | "OLDPWD" | "TMPDIR") {
            return Some(Reason::new(
                DifferenceClass::Path,
                format!("the variable {name}"),
                "rcrepro's fixed folder /work",
            ));
        }
        if upper
            && (KNOWN.contains(&name.as_str())
                || name.starts_with("LC_")
                || place.around.hints.runs(&["env", "printenv", "export", "set"]))
        {
            let remedy = "rcrepro's fixed environment; `env` in the plan for what the command needs";
            return Some(Reason::new(DifferenceClass::Environment, format!("the environment variable {name}"), remedy));
        }
    }
    let mode = |text: &str| {
        let bytes = text.as_bytes();
        bytes.len() == 10 && b"-dlcbps".contains(&bytes[0]) && bytes[1..].iter().all(|b| b"rwxsStT-".contains(b))
    };
    // The marks of a mode are tokens of their own: the whole field is looked at.
    let field = |side: usize| {
        let at = place.tokens[side].get(place.spans[side].start).map_or(place.lines[side].len(), |token| token.at);
        let start = place.lines[side][..at].rfind([' ', '\t']).map_or(0, |space| space + 1);
        place.lines[side][start..].split_whitespace().next().unwrap_or("")
    };
    let (l, r) = (field(0), field(1));
    if mode(l) && mode(r) && l[..4] == r[..4] && l != r {
        return Some(Reason::new(
            DifferenceClass::Environment,
            format!("modes {l} and {r} differ for group and others only, as a umask has it"),
            "umask 022, as rcrepro sets it",
        ));
    }
    None
}

/// Marks that only the locale chooses: quotation marks of messages, the separator of decimals.
pub fn locale_marks(place: &PairContext<'_>) -> Option<Reason> {
    let [l, r] = place.texts;
    let quote = |text: &str| matches!(text, "'" | "`" | "\"" | "‘" | "’" | "“" | "”" | "«" | "»" | "„");
    let remedy = "LC_ALL=C.UTF-8, as rcrepro sets it";
    if quote(l) && quote(r) && l.is_ascii() != r.is_ascii() {
        return Some(Reason::new(DifferenceClass::Environment, "quotation marks of another locale", remedy));
    }
    let decimal =
        |text: &str| text.contains(['.', ',']) && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b',');
    (decimal(l) && decimal(r) && l.replace(',', ".") == r.replace(',', "."))
        .then(|| Reason::new(DifferenceClass::Environment, "the same digits with another decimal separator", remedy))
}

/// Containers' ids in the log of `docker build`.
pub fn container_ids(place: &PairContext<'_>) -> Option<Reason> {
    let id = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let named = |line: &str| line.contains("---> Running in ") || line.starts_with("Removing intermediate container ");
    let [l, r] = place.texts;
    (id(l) && id(r) && place.lines.iter().all(|line| named(line))).then(|| {
        Reason::new(
            DifferenceClass::Randomness,
            "ids of containers are drawn",
            "docker build -q, or a normalizer for its log",
        )
    })
}

/// Versions of a package that both sides name.
pub fn versions(place: &PairContext<'_>) -> Option<Reason> {
    let [left, right] = place.lines;
    let version = |line: &str, side: usize| -> Option<(String, String)> {
        let at = place.tokens[side].get(place.spans[side].start)?.at;
        let start = line[..at].rfind([' ', '\t']).map_or(0, |space| space + 1);
        let word = line[start..].split(|c: char| c.is_whitespace() || c == '"' || c == ',').next()?;
        let (name, version) = word.rsplit_once('@')?;
        let number = version.trim_start_matches('v');
        (!name.is_empty() && number.starts_with(|c: char| c.is_ascii_digit()) && number.contains('.'))
            .then(|| (name.to_owned(), version.to_owned()))
    };
    // A list of a package manager has the name at the line's start and the version after it.
    let listed = |line: &str, side: usize| -> Option<(String, String)> {
        let mut words = line.split_whitespace();
        let (name, version) = (words.next()?, words.next()?);
        let within = line.find(version)?..line.find(version)? + version.len();
        let at = place.tokens[side].get(place.spans[side].start)?.at;
        let managed = place.around.hints.runs(&["pip", "pip3", "gem", "dpkg", "apt", "apt-get", "cargo", "npm"]);
        (managed && within.contains(&at) && version.starts_with(|c: char| c.is_ascii_digit()) && version.contains('.'))
            .then(|| (name.to_owned(), version.to_owned()))
    };
    let found = |line, side| version(line, side).or_else(|| listed(line, side));
    let (l, r) = (found(left, 0)?, found(right, 1)?);
    (l.0 == r.0 && l.1 != r.1).then(|| {
        Reason::new(
            DifferenceClass::RegistryDrift,
            format!("versions {} and {} of package {}", l.1, r.1, l.0),
            "a lock file, and a frozen input of it",
        )
    })
}

/// What the command line itself says about what it prints.
pub fn by_command(place: &PairContext<'_>) -> Option<Reason> {
    let hints = place.around.hints;
    let printed = |what: &str, by: &str| format!("the command line runs `{by}`, which prints {what}");
    let [l, r] = place.texts;
    let drawn = |text: &str| text.len() >= 4 && text.chars().any(|c| c.is_ascii_alphanumeric());
    for (program, what) in [("mktemp", "a random name"), ("uuidgen", "a random id")] {
        if hints.runs(&[program]) && drawn(l) && drawn(r) {
            return Some(Reason::new(
                DifferenceClass::Randomness,
                printed(what, program),
                "a fixed name below $TMPDIR",
            ));
        }
    }
    for source in ["openssl rand", "/dev/urandom", "/dev/random", "openssl gen", "secrets.token"] {
        if hints.line.contains(source) && drawn(l) && drawn(r) {
            return Some(Reason::new(
                DifferenceClass::Randomness,
                format!("the command line draws from `{source}`"),
                "a fixed seed or key, where the tool takes one",
            ));
        }
    }
    if hints.line.contains("$RANDOM") && l.bytes().chain(r.bytes()).all(|b| b.is_ascii_digit()) {
        return Some(Reason::new(
            DifferenceClass::Randomness,
            "the command line uses $RANDOM",
            "RANDOM=1 first in the line seeds it",
        ));
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let measured = [
        ("/proc/uptime", DifferenceClass::Duration),
        ("/proc/loadavg", DifferenceClass::Host),
        ("/proc/meminfo", DifferenceClass::Host),
        ("/proc/stat", DifferenceClass::Host),
    ];
    let (file, class) = measured.into_iter().find(|(file, _)| hints.line.contains(file))?;
    (is_number(l) && is_number(r))
        .then(|| Reason::new(class, format!("the command line reads {file}"), "do not print it"))
}

/// What a program that is all of the command line prints, and files of the kernel that are known.
pub fn printed_alone(place: &PairContext<'_>) -> Option<Reason> {
    let hints = place.around.hints;
    let printed = |what: &str, by: &str| format!("the command line runs `{by}`, which prints {what}");
    for (file, class, remedy) in [
        ("/proc/uptime", DifferenceClass::Duration, "do not print it"),
        ("/proc/loadavg", DifferenceClass::Host, "do not print it"),
        ("/proc/cpuinfo", DifferenceClass::Host, "`cpus` in the plan, and nproc instead"),
        ("/proc/meminfo", DifferenceClass::Host, "do not print it"),
        ("/proc/version", DifferenceClass::Host, "do not print it"),
        ("/etc/hostname", DifferenceClass::Host, "rcrepro's fixed host name"),
        ("/etc/machine-id", DifferenceClass::Host, "do not print it"),
    ] {
        if hints.alone("cat") && hints.line.split_whitespace().nth(1) == Some(file) {
            return Some(Reason::new(class, format!("the command line prints {file}"), remedy));
        }
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
            return Some(Reason::new(
                DifferenceClass::Host,
                printed(what, program),
                "rcrepro's fixed host name; `cpus` in the plan for processors",
            ));
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
            return Some(Reason::new(
                DifferenceClass::Environment,
                printed(what, program),
                "rcrepro's fixed user, umask and locale",
            ));
        }
    }
    (hints.alone("pwd"))
        .then(|| Reason::new(DifferenceClass::Path, printed("its folder", "pwd"), "rcrepro's fixed folder /work"))
}

/// Names of hosts and users, by the key before them.
pub fn keyed_host(place: &PairContext<'_>) -> Option<Reason> {
    let key = place.key();
    if ["hostname", "host", "nodename", "machine", "computer"].contains(&key.as_str()) {
        return Some(Reason::new(DifferenceClass::Host, "the host's name, by its key", "rcrepro's fixed host name"));
    }
    ["user", "username", "uid", "gid", "locale", "lang", "tz", "timezone"].contains(&key.as_str()).then(|| {
        Reason::new(
            DifferenceClass::Environment,
            "a setting around the command, by its key",
            "rcrepro's fixed user, locale and time zone",
        )
    })
}
