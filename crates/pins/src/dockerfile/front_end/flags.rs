//! The flags that each instruction takes, with the form of their values.
//!
//! Source: BuildKit, `frontend/dockerfile/instructions/bflag.go` and `parse.go`.

use super::raw::RawInstruction;
use rcrepro_model::text::unknown::UnknownName;

/// The form of a flag's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// True or false, and true without a value.
    Switch,
    /// One value.
    Once,
    /// A value each time.
    Many,
}

/// The flags of those instructions that have any.
const FLAGS: [(&str, &[(&str, Form)]); 5] = [
    (
        "ADD",
        &[
            ("checksum", Form::Once),
            ("chmod", Form::Once),
            ("chown", Form::Once),
            ("exclude", Form::Many),
            ("keep-git-dir", Form::Switch),
            ("link", Form::Switch),
            ("unpack", Form::Switch),
        ],
    ),
    (
        "COPY",
        &[
            ("chmod", Form::Once),
            ("chown", Form::Once),
            ("exclude", Form::Many),
            ("from", Form::Once),
            ("link", Form::Switch),
            ("parents", Form::Switch),
        ],
    ),
    ("FROM", &[("platform", Form::Once)]),
    (
        "HEALTHCHECK",
        &[
            ("interval", Form::Once),
            ("retries", Form::Once),
            ("start-interval", Form::Once),
            ("start-period", Form::Once),
            ("timeout", Form::Once),
        ],
    ),
    ("RUN", &[("device", Form::Many), ("mount", Form::Many), ("network", Form::Once), ("security", Form::Once)]),
];

/// Finds the first flag that the front end refuses.
pub(super) fn wrong(instruction: &RawInstruction, name: &str) -> Option<String> {
    let is_none = || instruction.rest.eq_ignore_ascii_case("NONE");
    // These read no flags at all.
    if matches!(name, "ARG" | "STOPSIGNAL") || name == "HEALTHCHECK" && is_none() {
        return None;
    }
    let known = FLAGS.iter().find(|(of, _)| *of == name).map_or(&[][..], |(_, flags)| flags);
    let mut used: Vec<&str> = Vec::new();
    for text in &instruction.flags {
        let (flag, value) = text.split_once('=').map_or((text.as_str(), None), |(flag, value)| (flag, Some(value)));
        let Some((flag, form)) = known.iter().find(|(known, _)| flag.strip_prefix("--") == Some(known)) else {
            return Some(unknown(name, flag, known));
        };
        if used.contains(flag) && *form != Form::Many {
            return Some(format!("duplicate flag specified: --{flag} of {name}"));
        }
        used.push(flag);
        let is_missing = match form {
            Form::Switch => value.is_some_and(str::is_empty),
            Form::Once | Form::Many => value.is_none(),
        };
        if is_missing {
            return Some(format!("missing a value on flag: --{flag} of {name}"));
        }
        let value = value.unwrap_or_default();
        if *form == Form::Switch && !["", "true", "false"].contains(&value.to_ascii_lowercase().as_str()) {
            return Some(format!("expecting boolean value for flag --{flag} of {name}, not: {value}"));
        }
        if *flag == "mount" && value.is_empty() {
            return Some("`RUN --mount=` is empty: expected type=KIND,target=PATH".to_owned());
        }
        if name == "HEALTHCHECK"
            && let Some(why) = wrong_health(flag, value)
        {
            return Some(format!("`--{flag}={value}` of {name}: {why}"));
        }
    }
    None
}

fn unknown(name: &str, flag: &str, known: &[(&str, Form)]) -> String {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let near = UnknownName::new("", "", flag.trim_start_matches('-'), &names);
    let tail = match (near.nearest(), names.is_empty()) {
        (_, true) => "it has no flags".to_owned(),
        (Some(near), _) => format!("did you mean --{near}?"),
        (None, _) => format!("expected --{}", names.join(", --")),
    };
    format!("unknown flag: {flag} of {name}: {tail}")
}

/// Says what is wrong with a value of a health check; an empty one counts as left out.
fn wrong_health(flag: &str, value: &str) -> Option<&'static str> {
    if value.is_empty() {
        return None;
    }
    if flag == "retries" {
        let is_good = value.parse::<i32>().is_ok_and(|retries| retries >= 0);
        return (!is_good).then_some("expected a whole number from 0");
    }
    match nanoseconds(value) {
        None => Some("expected a time, such as 30s or 1m30s"),
        Some(some) if some != 0.0 && some < 1e6 => Some("it cannot be less than 1ms"),
        Some(_) => None,
    }
}

/// Reads a time as Go does: `1h2m3.5s`, with a sign.
fn nanoseconds(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut all = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let is_number = number.matches('.').count() < 2 && number.contains(|c: char| c.is_ascii_digit());
        // `.5` and `5.` are numbers to Go.
        let number: f64 = is_number.then(|| format!("0{}", number.trim_end_matches('.')).parse().ok()).flatten()?;
        let unit = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => return None,
        };
        all += number * unit;
        rest = tail;
    }
    Some(sign * all)
}
