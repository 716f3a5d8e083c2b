//! npm's settings: registries, by scope, too, and what opens them. Of a file only these are taken over.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::{LookedAt, Variables};
use super::words::{self, SecretWords, host};
use rcrepro_model::content::base64;

/// What opens a registry, behind `//HOST/PATH/:`.
const CREDENTIALS: [&str; 4] = ["_authToken", "_auth", "username", "_password"];
/// How npm gets through its network.
const TRANSPORT: [&str; 4] = ["proxy", "https-proxy", "noproxy", "strict-ssl"];

/// The settings of a file, or of several merged.
#[derive(Debug, Default)]
pub(super) struct NpmSettings {
    values: BTreeMap<String, String>,
    /// The variables that the file names.
    pub named: BTreeSet<String>,
    unset: BTreeSet<String>,
}

impl NpmSettings {
    /// Sets what a step has to know, and nothing else.
    pub fn set(&mut self, key: &str, value: &str) {
        let is_credential = match key.rsplit_once(':') {
            Some((place, name)) if place.starts_with("//") => CREDENTIALS.contains(&name),
            _ => CREDENTIALS.contains(&key),
        };
        let is_registry = key == "registry" || key.starts_with('@') && key.ends_with(":registry");
        if is_credential || is_registry || TRANSPORT.contains(&key) {
            self.values.insert(key.to_owned(), value.replace(['\n', '\r'], ""));
        }
    }

    /// Notes the variables that a value names, and those of them that are not set.
    pub fn note(&mut self, value: &str, unset: Vec<String>) {
        self.named.extend(references(value).map(|(_, name, _)| name.to_owned()));
        self.unset.extend(unset);
    }

    /// Takes over what counts more.
    pub fn merge(&mut self, more: Self) {
        self.values.extend(more.values);
    }

    /// Says for which hosts there are credentials.
    pub fn looked_at(&self, place: String, is_there: bool) -> LookedAt {
        let by_key = self.values.keys().filter_map(|key| key.strip_prefix("//")).map(|key| host(key).to_owned());
        let by_address = self.values.values().filter_map(|value| words::host_with_credentials(value));
        let old = CREDENTIALS.iter().any(|name| self.values.contains_key(*name));
        let registry = self.values.get("registry").and_then(|registry| registry.split_once("://"));
        let by_registry = registry.filter(|_| old).map(|(_, rest)| host(rest).to_owned());
        let mut hosts: BTreeSet<String> = by_key.chain(by_address).chain(by_registry).collect();
        // What is not known is sent as it stands, and opens nothing.
        if !self.unset.is_empty() {
            hosts.clear();
        }
        LookedAt { place, hosts, unset: self.unset.clone(), is_there }
    }

    /// Writes them for npm, credentials by their registry, as npm demands it.
    pub fn text(mut self, words: &mut SecretWords) -> String {
        for (key, address) in self.values.clone().into_iter().filter(|(key, _)| key.ends_with("registry")) {
            let Some((scheme, rest)) = address.split_once("://") else { continue };
            let Some((user, password)) = words::userinfo(rest) else { continue };
            let at = format!("{scheme}://{}", &rest[rest.find('@').map_or(0, |at| at + 1)..]);
            self.values.insert(format!("{}:username", nerf(&at)), words::decoded(user));
            self.values.insert(format!("{}:_password", nerf(&at)), base64::encode(words::decoded(password)));
            self.values.insert(key, at);
        }
        let registry = self.values.get("registry").map(|registry| nerf(registry));
        for name in CREDENTIALS {
            if let (Some(value), Some(registry)) = (self.values.remove(name), &registry) {
                self.values.entry(format!("{registry}:{name}")).or_insert(value);
            }
        }
        let mut text = String::new();
        for (key, value) in &self.values {
            hide(key, value, words);
            words.of_addresses(value);
            text.push_str(&format!("{key} = {}\n", ini(value)));
        }
        text
    }
}

/// Adds what of a setting is secret, in the forms that it may take.
fn hide(key: &str, value: &str, words: &mut SecretWords) {
    let plain = || base64::decode(value).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    match key.rsplit(':').next().unwrap_or(key) {
        "_authToken" => words.add(value.as_bytes()),
        "_auth" => {
            words.add(value.as_bytes());
            let plain = plain().unwrap_or_default();
            if let Some((user, password)) = plain.split_once(':') {
                words.login(user, password);
            }
        }
        "_password" => {
            words.add(value.as_bytes());
            words.login("", &plain().unwrap_or_default());
        }
        _ => {}
    }
}

/// Reads npm's form: `key = value`, with comments and quotes.
pub(super) fn read(text: &str, variables: &Variables) -> NpmSettings {
    let mut found = NpmSettings::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with([';', '#', '['])) {
        let Some((key, value)) = line.split_once('=') else { continue };
        put(&mut found, unquoted(key.trim()), &unescaped(value.trim()), variables);
    }
    found
}

/// Reads the form of yarn 1: `key value`, each in quotes or not.
pub(super) fn read_yarn_1(text: &str, variables: &Variables) -> NpmSettings {
    let mut found = NpmSettings::default();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let (key, value) = match line.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some(found) => found,
            None => line.split_once(char::is_whitespace).unwrap_or((line, "")),
        };
        put(&mut found, key, unquoted(value.trim()), variables);
    }
    found
}

/// Reads what is set in variables: `npm_config_//HOST/:_authToken`, `npm_config_@SCOPE:registry`, and the registry.
pub(super) fn of_variables(variables: &Variables) -> NpmSettings {
    let mut found = NpmSettings::default();
    for (name, value) in variables.iter().filter(|(_, value)| !value.is_empty()) {
        let lower = name.get(..11).map(str::to_ascii_lowercase);
        if lower.as_deref() != Some("npm_config_") {
            continue;
        }
        let key = &name[11..];
        if key.starts_with("//") || key.starts_with('@') {
            found.set(key, value);
        } else if key.eq_ignore_ascii_case("registry") {
            found.set("registry", value);
        }
    }
    found
}

fn put(found: &mut NpmSettings, key: &str, value: &str, variables: &Variables) {
    let (key, _) = expand(key, variables);
    let (plain, unset) = expand(value, variables);
    let before = found.values.len();
    found.set(&key, &plain);
    if found.values.len() > before || found.values.contains_key(&key) {
        found.note(value, unset);
    }
}

/// Puts the values of variables where a text names them: `${NAME}`, `${NAME?}`, `${NAME-OTHER}`, `${NAME:-OTHER}`. Gives the names
/// of those that are not set, which stay as they are.
pub(super) fn expand(text: &str, variables: &Variables) -> (String, Vec<String>) {
    let (mut plain, mut unset, mut done) = (String::new(), Vec::new(), 0);
    for (range, name, other) in references(text) {
        plain.push_str(&text[done..range.start]);
        done = range.end;
        match (variables.get(name).filter(|value| !value.is_empty()), other) {
            (Some(value), _) => plain.push_str(value),
            (None, Some(other)) => plain.push_str(other),
            (None, None) => {
                plain.push_str(&text[range]);
                unset.push(name.to_owned());
            }
        }
    }
    plain.push_str(&text[done..]);
    (plain, unset)
}

/// Lists where a text names variables: the place, the name, what is written in its place where it is not set.
fn references(text: &str) -> impl Iterator<Item = (std::ops::Range<usize>, &str, Option<&str>)> {
    text.match_indices("${").filter_map(|(start, _)| {
        let inside = text[start + 2..].split_once('}')?.0;
        let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inside.len());
        let (name, rest) = inside.split_at(end);
        let other = match rest {
            "" => None,
            "?" => Some(""),
            _ => Some(rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'))?),
        };
        (!name.is_empty()).then_some((start..start + 3 + inside.len(), name, other))
    })
}

/// Gives the part of a registry's address by which npm keeps credentials: `//HOST/PATH/`.
pub(super) fn nerf(registry: &str) -> String {
    let rest = registry.split_once("://").map_or(registry, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest).trim_start_matches('/');
    let at = rest.find('/').unwrap_or(rest.len());
    let authority = &rest[..at];
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("//{host}{}/", rest[at..].trim_end_matches('/'))
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

/// Reads a value: all that is in quotes, or up to a comment.
fn unescaped(value: &str) -> String {
    let inner = unquoted(value);
    if inner.len() != value.len() {
        return inner.to_owned();
    }
    let (mut plain, mut characters) = (String::new(), value.chars());
    while let Some(c) = characters.next() {
        match c {
            ';' | '#' => break,
            '\\' => match characters.next() {
                Some(next @ (';' | '#' | '\\')) => plain.push(next),
                next => plain.extend(['\\'].into_iter().chain(next)),
            },
            c => plain.push(c),
        }
    }
    plain.trim_end().to_owned()
}

/// Writes a value so that npm reads it as it is.
fn ini(value: &str) -> String {
    value.replace('\\', r"\\").replace(';', r"\;").replace('#', r"\#")
}
