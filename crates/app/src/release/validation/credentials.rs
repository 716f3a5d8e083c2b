//! Credentials in what an image says to everyone who pulls it: environment, labels, the words that it starts, and build arguments, which
//! stay in its history.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::surprise::Surprise;
use super::view::ImageView;
use crate::release::step::finding;
use rcrepro_model::content::name::Name;
use rcrepro_model::evidence::finding::{Finding, FindingName};
use rcrepro_model::plan::release_image::{ImageSettings, ReleaseImage};

/// What is expected of everything that an image says.
pub(in crate::release) const NO_CREDENTIAL: &str = "no credential that everyone can read who has the image";
/// The last words of names whose values are secrets.
const SECRETS: [&str; 11] = [
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "SECRET",
    "SECRETS",
    "CREDENTIAL",
    "CREDENTIALS",
    "APIKEY",
    "KEY",
];
/// Kinds of keys that are public, by the word before `KEY`.
const PUBLIC_KEYS: [&str; 6] = ["PUBLIC", "GPG", "PGP", "SORT", "PRIMARY", "FOREIGN"];
/// Values that are switches and no secrets.
const SWITCHES: [&str; 8] = ["0", "1", "true", "false", "yes", "no", "on", "off"];

/// The forms of tokens, each with the service that makes them.
static FORMS: LazyLock<[(Regex, &str); 11]> = LazyLock::new(|| {
    [
        (r"\bgh[opsur]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}", "a token of GitHub"),
        (r"\bglpat-[A-Za-z0-9_-]{20}", "a token of GitLab"),
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", "an access key of AWS"),
        (r"\bnpm_[A-Za-z0-9]{36}", "a token of npm"),
        (r"\bpypi-[A-Za-z0-9_-]{50}", "a token of PyPI"),
        (r"\bxox[a-z]-[A-Za-z0-9-]{10}", "a token of Slack"),
        (r"\b[sr]k_live_[A-Za-z0-9]{16}", "a key of Stripe"),
        (r"\bAIza[A-Za-z0-9_-]{35}", "a key of Google"),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}", "a JSON web token"),
        (r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY", "a private key"),
        (r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@$][^/\s@]*@", "an address with a password"),
    ]
    .map(|(pattern, what)| (constant(pattern), what))
});

/// Compiles a pattern of this file.
#[expect(clippy::expect_used, reason = "the patterns are constants, and the tests of this file use each")]
fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern")
}

/// Something of the configuration that looks like a credential. Its value is told nowhere.
struct Credential {
    /// Where it is: `environment.NAME`, `labels.NAME`, `cmd`.
    at: String,
    /// What the plan accepts it by.
    name: String,
    why: String,
}

/// Finds what looks like a credential and that the plan does not accept.
pub(super) fn surprises(name: &Name, image: &ReleaseImage, view: &ImageView) -> Vec<Surprise> {
    let unexpected =
        credentials(&view.settings, image).into_iter().filter(|one| !image.expect.not_secret.contains(&one.name));
    let found = unexpected.map(|Credential { at, name: accepted_by, why }| Surprise {
        accepted_by,
        finding: finding(FindingName::ImageFailed, name, &at, NO_CREDENTIAL, why),
    });
    found.collect()
}

/// Finds what the plan accepts and what does not look like one on any platform.
pub(super) fn stale(name: &Name, image: &ReleaseImage, views: &[ImageView]) -> Vec<Finding> {
    if views.is_empty() {
        return Vec::new();
    }
    let found: BTreeSet<String> =
        views.iter().flat_map(|view| credentials(&view.settings, image)).map(|one| one.name).collect();
    let stale = image.expect.not_secret.difference(&found).map(|accepted| {
        let is = "nothing of that name that does: take it out of `expect.not-secret`";
        let expected = "a value that looks like a credential, as the plan says";
        finding(FindingName::ImageFailed, name, &format!("not-secret.{accepted}"), expected, is)
    });
    stale.collect()
}

fn credentials(settings: &ImageSettings, image: &ReleaseImage) -> Vec<Credential> {
    let one =
        |kind: &str, name: &str, why: String| Credential { at: format!("{kind}{name}"), name: name.to_owned(), why };
    let mut found = Vec::new();
    for entry in &settings.env {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        found.extend(why(name, value, true).map(|why| one("environment.", name, why)));
    }
    for (name, value) in &image.arguments {
        found.extend(why(name, value, true).map(|why| one("arguments.", name, why)));
    }
    for (name, value) in &settings.labels {
        found.extend(why(name, value, false).map(|why| one("labels.", name, why)));
    }
    let lines = [("entrypoint", &settings.entrypoint), ("cmd", &settings.cmd), ("healthcheck", &settings.healthcheck)];
    for (name, words) in lines {
        let form = words.iter().find_map(|word| form(word));
        found.extend(form.map(|form| one("config.", name, format!("it holds {form}, by its form"))));
    }
    found
}

/// Says why a value looks like a credential; none where it does not. Labels have many keys that open nothing.
fn why(name: &str, value: &str, is_variable: bool) -> Option<String> {
    if let Some(form) = form(value) {
        return Some(format!("its value is {form}, by its form"));
    }
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(['_', '.', '-']).collect();
    let (last, before) = words.split_last()?;
    let is_key = match (*last, before.last()) {
        ("KEY", Some(kind)) if is_variable => !PUBLIC_KEYS.contains(kind),
        ("KEY", Some(kind)) => ["API", "SECRET", "PRIVATE", "ACCESS"].contains(kind),
        ("KEY", None) => is_variable,
        (last, _) => SECRETS.contains(&last),
    };
    (is_key && is_secret(value)).then(|| "its name is that of a secret, and it has a value".to_owned())
}

/// Whether a value can be a secret: not one that is empty, a switch, a path, or taken from elsewhere.
fn is_secret(value: &str) -> bool {
    let value = value.trim();
    let is_path = value.starts_with(['/', '~']) || value.starts_with("./") || value.starts_with("../");
    !(value.is_empty() || is_path || value.starts_with('$') || SWITCHES.contains(&value.to_ascii_lowercase().as_str()))
}

fn form(value: &str) -> Option<&'static str> {
    FORMS.iter().find(|(pattern, _)| pattern.is_match(value)).map(|(_, what)| *what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> ReleaseImage {
        ReleaseImage::new("Dockerfile".parse().expect("a path"), "")
    }

    #[test]
    fn names_and_forms_tell_credentials() {
        let letters = "a1".repeat(18);
        for (entry, is) in [
            ("API_TOKEN=abc", true),
            ("DB_PASSWORD=hunter2", true),
            ("SIGNING_KEY=c2VjcmV0", true),
            ("apiKey=x", true),
            ("TOKEN=", false),
            ("TLS_KEY=/etc/tls/key.pem", false),
            ("TLS_KEY_FILE=key.pem", false),
            ("DB_PASSWORD=${DB_PASSWORD}", false),
            ("ENABLE_TOKEN=true", false),
            ("GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568", false),
            ("MONKEY=banana", false),
            ("PATH=/usr/bin:/bin", false),
            ("URL=postgres://app:hunter2@db/app", true),
            ("URL=postgres://app@db/app", false),
            ("URL=postgres://app:$PASSWORD@db/app", false),
            ("PROXY=http://proxy:3128/@x", false),
            (&format!("X=ghp_{letters}"), true),
            (&format!("X=npm_{letters}"), true),
            ("X=AKIAIOSFODNN7EXAMPLE", true),
            (&format!("X=-----BEGIN RSA PRIVATE {}-----", "KEY"), true),
        ] {
            let settings = ImageSettings { env: vec![entry.to_owned()], ..ImageSettings::default() };
            let found = credentials(&settings, &plain());
            assert_eq!(!found.is_empty(), is, "{entry}");
            let value = entry.split_once('=').map_or("", |(_, value)| value);
            assert!(found.iter().all(|one| !one.why.contains(value) && one.at.starts_with("environment.")), "{entry}");
        }
    }

    #[test]
    fn labels_and_lines_are_looked_at_too() {
        let labels = [("org.example.sort.key", "x"), ("org.example.api-key", "x"), ("org.example.note", "y")];
        let settings = ImageSettings {
            labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            cmd: vec!["--database".to_owned(), "mysql://app:hunter2@db/app".to_owned()],
            ..ImageSettings::default()
        };
        let places: Vec<String> = credentials(&settings, &plain()).into_iter().map(|one| one.at).collect();
        assert_eq!(places, ["labels.org.example.api-key", "config.cmd"]);
        let mut image = plain();
        image.arguments.insert("NPM_TOKEN".to_owned(), "abc".to_owned());
        let places: Vec<String> =
            credentials(&ImageSettings::default(), &image).into_iter().map(|one| one.at).collect();
        assert_eq!(places, ["arguments.NPM_TOKEN"]);
    }
}
