//! The options of `RUN --mount` and the ports of `EXPOSE`, which BuildKit reads once variables are replaced.
//!
//! Source: BuildKit, `parseMount` in `frontend/dockerfile/instructions`, `dispatchRunMounts` and `dispatchExpose` in
//! `frontend/dockerfile/dockerfile2llb`.

use super::values::Scope;
use crate::dockerfile::front_end::{BOOLEANS, TRUE};
use crate::dockerfile::lines::Word;
use rcrepro_model::text::unknown::UnknownName;

/// The kinds of mounts.
const KINDS: [&str; 5] = ["bind", "cache", "secret", "ssh", "tmpfs"];
/// The options with a value.
const KEYS: [&str; 19] = [
    "destination",
    "dst",
    "env",
    "from",
    "gid",
    "id",
    "mode",
    "readonly",
    "readwrite",
    "required",
    "ro",
    "rw",
    "sharing",
    "size",
    "source",
    "src",
    "target",
    "type",
    "uid",
];
/// The protocols of ports.
const PROTOCOLS: [&str; 4] = ["", "tcp", "udp", "sctp"];

/// What was read of a mount so far.
struct ReadMount {
    kind: String,
    /// The options that were given with a value that is not empty.
    given: Vec<(String, String)>,
}

impl ReadMount {
    fn has(&self, keys: &[&str]) -> bool {
        self.given.iter().any(|(key, _)| keys.contains(&key.as_str()))
    }

    fn last(&self, keys: &[&str]) -> Option<&str> {
        self.given.iter().rev().find(|(key, _)| keys.contains(&key.as_str())).map(|(_, value)| value.as_str())
    }
}

/// Says why BuildKit refuses a mount, and what was expected; none where a value cannot be told.
pub(super) fn wrong_mount(options: &[Word], scope: &Scope) -> Option<String> {
    // Quotes of CSV, which nobody writes, and what is escaped.
    if options.iter().any(|option| option.text.contains(['"', '\\', '`'])) {
        return None;
    }
    let mut mount = ReadMount { kind: "bind".to_owned(), given: Vec::new() };
    for option in options {
        let text = option.text.as_str();
        let (key, value) = text.split_once('=').map_or((text, None), |(key, value)| (key, Some(value)));
        let key = key.to_ascii_lowercase();
        let Some(value) = value else {
            match key.as_str() {
                "readonly" | "ro" | "readwrite" | "rw" => continue,
                "required" if is_for(&mount, &key) => {
                    mount.given.push((key, "true".to_owned()));
                    continue;
                }
                "required" => return Some(unexpected(&key, &mount)),
                _ => return Some(format!("invalid field `{text}`: must be a key=value pair")),
            }
        };
        let value = scope.expand(value)?.text;
        if let Some(wrong) = wrong_option(&mount, &key, &value) {
            return Some(wrong);
        }
        match key.as_str() {
            "type" => mount.kind = value.to_ascii_lowercase(),
            _ if !value.is_empty() => mount.given.push((key, value)),
            _ => {}
        }
    }
    contradiction(&mount)
}

/// Whether an option may be given to this kind of mount; options are read in their order, so that `type` has to come first.
fn is_for(mount: &ReadMount, key: &str) -> bool {
    match key {
        "required" => ["secret", "ssh"].contains(&mount.kind.as_str()),
        "size" => mount.kind == "tmpfs",
        _ => true,
    }
}

fn unexpected(key: &str, mount: &ReadMount) -> String {
    format!("unexpected key `{key}` for mount type `{}`, which has to come before it", mount.kind)
}

fn wrong_option(mount: &ReadMount, key: &str, value: &str) -> Option<String> {
    if !KEYS.contains(&key) {
        let near = UnknownName::new("", "", key, KEYS);
        let near = near.nearest().map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        return Some(format!("unexpected key `{key}`{near}"));
    }
    if !is_for(mount, key) {
        return Some(unexpected(key, mount));
    }
    let small = value.to_ascii_lowercase();
    let is_number = |radix| u32::from_str_radix(value, radix).is_ok() && !value.starts_with('+');
    let (is_good, expected) = match key {
        "type" => (KINDS.contains(&small.as_str()), KINDS.join(", ")),
        "sharing" => {
            (["shared", "private", "locked"].contains(&small.as_str()), "shared, private or locked".to_owned())
        }
        "readonly" | "ro" | "readwrite" | "rw" | "required" => (BOOLEANS.contains(&value), "true or false".to_owned()),
        "mode" => (is_number(8), "a mode such as 0755".to_owned()),
        "uid" | "gid" => (is_number(10), "a number".to_owned()),
        "size" => {
            (value.starts_with(|c: char| c.is_ascii_digit() || "+.".contains(c)), "an amount such as 64m".to_owned())
        }
        _ => return None,
    };
    let what = if key == "type" { "unsupported mount type" } else { "invalid value" };
    (!is_good).then(|| format!("{what} `{key}={value}`: expected {expected}"))
}

/// Finds options that do not go together.
fn contradiction(mount: &ReadMount) -> Option<String> {
    let kind = mount.kind.as_str();
    let targets = ["target", "dst", "destination"];
    if ["bind", "tmpfs"].contains(&kind)
        && let Some((key, _)) = mount.given.iter().find(|(key, _)| ["mode", "uid", "gid"].contains(&key.as_str()))
    {
        return Some(format!("{key} not allowed for `{kind}` type mounts"));
    }
    if kind != "cache" && mount.has(&["sharing"]) {
        return Some(format!("sharing is for caches: the mount is of the type `{kind}`"));
    }
    if kind == "secret" {
        let sources = ["source", "src"];
        if mount.has(&["from"]) {
            return Some("secret mount should not have a from".to_owned());
        }
        if !mount.has(&[&sources[..], &targets[..], &["id"]].concat()) {
            return Some("invalid secret mount: one of id, source, target required".to_owned());
        }
        if mount.has(&sources) && mount.has(&["id"]) {
            return Some("both source and id can't be set".to_owned());
        }
    }
    let is_root = |target: &str| target.starts_with('/') && target.split('/').all(|part| ["", "."].contains(&part));
    let target = mount.last(&targets).filter(|target| !["secret", "ssh"].contains(&kind) && is_root(target));
    target.map(|target| format!("invalid mount target `{target}`: expected a path below the root"))
}

/// Whether a mount is an agent of ssh that the step cannot do without.
pub(super) fn requires_ssh(options: &[Word], scope: &Scope) -> bool {
    let (mut is_ssh, mut is_required) = (false, false);
    for option in options {
        let text = option.text.as_str();
        let (key, value) = text.split_once('=').unwrap_or((text, "true"));
        let Some(value) = scope.expand(value) else { return false };
        match key.to_ascii_lowercase().as_str() {
            "type" => is_ssh = value.text.eq_ignore_ascii_case("ssh"),
            "required" => is_required = TRUE.contains(&value.text.as_str()),
            _ => {}
        }
    }
    is_ssh && is_required
}

/// Says why BuildKit refuses a port: `[[IP:]HOST:]PORT[-PORT][/PROTOCOL]`.
pub(super) fn wrong_port(text: &str) -> Option<String> {
    let wrong = |expected: &str| Some(format!("invalid port `{text}`: expected {expected}"));
    let container = text.rsplit(':').next().unwrap_or_default();
    let (port, protocol) = container.split_once('/').unwrap_or((container, ""));
    if !PROTOCOLS.contains(&protocol.to_ascii_lowercase().as_str()) {
        return wrong("tcp, udp or sctp after the `/`");
    }
    let number = |text: &str| text.trim_start_matches('+').parse::<u16>().ok();
    let (first, last) = port.split_once('-').unwrap_or((port, port));
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => None,
        _ => wrong("a number to 65535, or a range of them, such as 8080 or 8000-8010/udp"),
    }
}
