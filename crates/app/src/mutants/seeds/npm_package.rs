//! A vulnerable package, for `npm audit`: the lock is changed to a version for which the frozen cassette holds an advisory.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{SeedError, SeededChange, SourceFiles, within};
use rcrepro_format::advisories::cassette_json::BULK_PATH;
use rcrepro_model::content::name::Name;

const WANTED: &str =
    "an answer with an advisory to a request that differs from an answered one in a locked package's version";

#[derive(Deserialize)]
struct ExchangeWire {
    method: String,
    path: String,
    request: Value,
    body: Value,
}

/// An advisory request of the cassette, with its answer.
struct Answer {
    asked: BTreeMap<String, Vec<String>>,
    advisories: Map<String, Value>,
}

/// Locks a package at a version that the cassette has an advisory for; `folder` has the client's lock, and `cassette` are the
/// frozen cassette's files, by path.
///
/// # Errors
/// [`SeedError`] when no answer of the cassette fits, or there is no lock.
pub(crate) fn vulnerable_package(
    folder: &str,
    name: &Name,
    cassette: &BTreeMap<String, Vec<u8>>,
    files: &dyn SourceFiles,
) -> Result<SeededChange, SeedError> {
    let document = |file: &str| {
        let path = within(folder, file);
        let value = files.text(&path).and_then(|text| serde_json::from_str::<Value>(&text).ok());
        value.map(|value| (path.clone(), value)).ok_or(SeedError::File { file: path })
    };
    let (lock_path, mut lock) = document("package-lock.json")?;
    let (manifest_path, mut manifest) = document("package.json")?;
    let answers: Vec<Answer> = cassette
        .iter()
        .filter(|(path, _)| path.contains("exchanges/"))
        .filter_map(|(_, bytes)| answer(bytes))
        .collect();
    let seed = answers.iter().find_map(|answer| {
        let (package, asked) = answer.asked.iter().find(|(package, _)| answer.advisories.contains_key(*package))?;
        let [version] = asked.as_slice() else { return None };
        let locked =
            lock.pointer(&format!("/packages/node_modules~1{}/version", package.replace('/', "~1")))?.as_str()?;
        // Without the change the registry was asked the same but for this version, and knew of nothing.
        let good = answers.iter().any(|other| {
            let mut asked = answer.asked.clone();
            asked.insert(package.clone(), vec![locked.to_owned()]);
            other.asked == asked && !other.advisories.contains_key(package)
        });
        (good && locked != version).then(|| (package.clone(), version.clone()))
    });
    let none = || SeedError::NoAdvisory { name: name.clone(), wanted: WANTED };
    let (package, version) = seed.ok_or_else(none)?;
    let key = format!("node_modules/{package}");
    if let Some(Value::Object(entry)) = lock.get_mut("packages").and_then(|packages| packages.get_mut(&key)) {
        entry.insert("version".to_owned(), version.clone().into());
        // They are those of the version that was locked.
        entry.remove("integrity");
        entry.remove("resolved");
    }
    let root = lock.get_mut("packages").and_then(|packages| packages.get_mut(""));
    for dependencies in root.into_iter().chain([&mut manifest]).flat_map(dependencies) {
        if let Some(wanted) = dependencies.get_mut(&package) {
            *wanted = version.clone().into();
        }
    }
    let mut change = SeededChange { shows: vec![package], ..SeededChange::default() };
    for (path, value) in [(lock_path, lock), (manifest_path, manifest)] {
        change.files.insert(path.parse()?, format!("{value:#}\n").into_bytes());
    }
    Ok(change)
}

fn dependencies(document: &mut Value) -> Vec<&mut Map<String, Value>> {
    let Value::Object(document) = document else { return Vec::new() };
    let kinds = ["dependencies", "devDependencies", "optionalDependencies"];
    let found = document.iter_mut().filter(|(key, _)| kinds.contains(&key.as_str()));
    found.filter_map(|(_, value)| value.as_object_mut()).collect()
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let wire: ExchangeWire = serde_json::from_slice(bytes).ok()?;
    if wire.method != "POST" || wire.path != BULK_PATH {
        return None;
    }
    let asked = serde_json::from_value(wire.request).ok()?;
    match wire.body {
        Value::Object(advisories) => Some(Answer { asked, advisories }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::memory::Memory;
    use super::*;

    const LOCK: &str = r#"{"packages":{"":{"dependencies":{"@a/p":"1.5.0"}},
        "node_modules/@a/p":{"version":"1.5.0","integrity":"sha512-x"},"node_modules/q":{"version":"2.0.0"}}}"#;

    fn cassette(exchanges: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        let exchange = |(at, (request, body)): (usize, &(&str, &str))| {
            let text = format!(r#"{{"method":"POST","path":"{BULK_PATH}","request":{request},"body":{body}}}"#);
            (format!("cassette/exchanges/{at}.json"), text.into_bytes())
        };
        exchanges.iter().enumerate().map(exchange).collect()
    }

    #[test]
    fn the_lock_is_changed_to_what_the_cassette_knows() {
        let files = Memory::new(&[
            ("web/package-lock.json", LOCK),
            ("web/package.json", r#"{"dependencies":{"@a/p":"1.5.0"}}"#),
        ]);
        let name: Name = "audit".parse().expect("a name");
        let (bad, good) = (r#"{"@a/p":["1.0.0"],"q":["2.0.0"]}"#, r#"{"@a/p":["1.5.0"],"q":["2.0.0"]}"#);
        let change = vulnerable_package("web", &name, &cassette(&[(bad, r#"{"@a/p":[{}]}"#), (good, "{}")]), &files)
            .expect("a change");
        let value =
            |path: &str| serde_json::from_slice::<Value>(&change.files[&path.parse().expect("a path")]).expect("JSON");
        let lock = value("web/package-lock.json");
        assert_eq!(lock["packages"]["node_modules/@a/p"], serde_json::json!({"version": "1.0.0"}));
        assert_eq!(lock["packages"][""]["dependencies"]["@a/p"], "1.0.0");
        assert_eq!(value("web/package.json")["dependencies"]["@a/p"], "1.0.0");
        assert_eq!(change.shows, ["@a/p"]);
        for exchanges in
            [&[(bad, "{}"), (good, "{}")][..], &[(bad, r#"{"@a/p":[{}]}"#)], &[(good, r#"{"@a/p":[{}]}"#)], &[]]
        {
            let none = vulnerable_package("web", &name, &cassette(exchanges), &files);
            assert!(matches!(none, Err(SeedError::NoAdvisory { .. })), "{none:?}");
        }
        assert!(matches!(vulnerable_package("", &name, &cassette(&[]), &files), Err(SeedError::File { .. })));
    }
}
