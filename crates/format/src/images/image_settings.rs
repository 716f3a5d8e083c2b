//! An image's configuration, as an engine writes it, to what counts in it, and that as canonical JSON.
//!
//! Source: OCI image specification, "Image Configuration"; Docker's `config` has the same keys and a few of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::oci_document::CONFIG_KEYS;
use crate::syntax::canonical_json::{self, CanonicalJsonError};
use crate::syntax::unambiguous_json::{self, AmbiguousJsonError};
use rcrepro_model::plan::release_image::ImageSettings;

/// What the labels begin with that rcrepro itself puts on what it builds.
const OWN_LABELS: &str = "org.rcrepro.";
/// Keys of `config` that have fields of their own in [`ImageSettings`].
const FIELDS: [&str; 9] =
    ["User", "WorkingDir", "Entrypoint", "Cmd", "Env", "ExposedPorts", "Volumes", "Labels", "StopSignal"];
/// Keys of `config` that say nothing to a container that is made of the image: where it was built, and who was attached to that.
const NOISE: [&str; 8] =
    ["Hostname", "Domainname", "Image", "AttachStdin", "AttachStdout", "AttachStderr", "StdinOnce", "ArgsEscaped"];
/// Keys beside `config` by which an engine chooses or refuses an image.
const BESIDE: [&str; 3] = ["variant", "os.version", "os.features"];

#[derive(Deserialize)]
struct Wire {
    architecture: String,
    os: String,
    #[serde(default)]
    config: Option<ConfigWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct ConfigWire {
    user: Option<String>,
    working_dir: Option<String>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    env: Option<Vec<String>>,
    exposed_ports: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    volumes: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    labels: Option<BTreeMap<String, String>>,
    stop_signal: Option<String>,
    healthcheck: Option<HealthcheckWire>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HealthcheckWire {
    test: Option<Vec<String>>,
}

/// Reads an image's configuration document.
///
/// # Errors
/// [`AmbiguousJsonError`] when the bytes are not such a document, or one that an engine may read otherwise.
pub fn read(bytes: &[u8]) -> Result<ImageSettings, AmbiguousJsonError> {
    let document = unambiguous_json::parse(bytes, &CONFIG_KEYS)?;
    let further = further(&document);
    let wire: Wire = serde_json::from_value(document)?;
    let config = wire.config.unwrap_or_default();
    let keys = |map: Option<BTreeMap<String, _>>| map.map(BTreeMap::into_keys).into_iter().flatten().collect();
    let labels = config.labels.unwrap_or_default().into_iter();
    Ok(ImageSettings {
        architecture: wire.architecture,
        os: wire.os,
        user: config.user.unwrap_or_default(),
        working_dir: config.working_dir.unwrap_or_default(),
        entrypoint: config.entrypoint.unwrap_or_default(),
        cmd: config.cmd.unwrap_or_default(),
        env: config.env.unwrap_or_default(),
        ports: keys(config.exposed_ports),
        volumes: keys(config.volumes),
        labels: labels.filter(|(name, _)| !name.starts_with(OWN_LABELS)).collect(),
        stop_signal: config.stop_signal.unwrap_or_default(),
        healthcheck: config.healthcheck.and_then(|check| check.test).unwrap_or_default(),
        further,
    })
}

/// Lists the other keys that say something to an engine, each with its value as JSON; `config.KEY` and `config.Healthcheck.KEY` in `config`.
fn further(document: &Value) -> BTreeMap<String, String> {
    let config = &document["config"];
    let beside =
        BESIDE.iter().map(|key| ((*key).to_owned(), &document[*key])).filter(|(_, value)| !is_usual(document, value));
    let in_config = members(config).filter(|(key, _)| {
        let key = key.as_str();
        key != "Healthcheck" && !FIELDS.contains(&key) && !NOISE.contains(&key)
    });
    let in_config = in_config.map(|(key, value)| (format!("config.{key}"), value));
    let in_check = members(&config["Healthcheck"]).filter(|(key, _)| *key != "Test");
    let in_check = in_check.map(|(key, value)| (format!("config.Healthcheck.{key}"), value));
    let all = beside.chain(in_config).chain(in_check).filter(|(_, value)| !is_empty(value));
    all.map(|(key, value)| (key, value.to_string())).collect()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Whether a variant is the one that the architecture has where none is named.
fn is_usual(document: &Value, variant: &Value) -> bool {
    [("amd64", "v1"), ("arm64", "v8")]
        .iter()
        .any(|(architecture, usual)| document["architecture"] == *architecture && variant == usual)
}

/// Whether a value says as much as a missing key.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(is) => !is,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
    }
}

/// Writes the one byte form of what counts.
#[must_use]
#[expect(clippy::expect_used, reason = "strings always have a canonical form")]
pub fn encode(settings: &ImageSettings) -> Vec<u8> {
    canonical_json::to_vec(settings).expect("settings hold only strings")
}

/// Reads that form.
///
/// # Errors
/// [`CanonicalJsonError`] for every other form.
pub fn decode(bytes: &[u8]) -> Result<ImageSettings, CanonicalJsonError> {
    let settings: ImageSettings = serde_json::from_slice(bytes).map_err(CanonicalJsonError::Parse)?;
    let offset = encode(&settings).iter().zip(bytes).take_while(|(one, other)| one == other).count();
    if offset < bytes.len() || offset < encode(&settings).len() {
        return Err(CanonicalJsonError::NotCanonical { offset });
    }
    Ok(settings)
}

/// Returns the paths that are volumes, for reports and checks.
#[must_use]
pub fn listed(set: &BTreeSet<String>) -> String {
    if set.is_empty() { "none".to_owned() } else { set.iter().cloned().collect::<Vec<_>>().join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r#"{"architecture":"amd64","os":"linux","created":"CREATED","container":"abc","docker_version":"20.10",
        "history":[{"created":"CREATED"}],"rootfs":{"type":"layers","diff_ids":["sha256:DIFF"]},
        "config":{"Hostname":"","Image":"sha256:PARENT","User":"65532:65532","Entrypoint":["/beacon"],"Cmd":null,"Env":["PATH=/bin"],
        "ExposedPorts":{"8080/tcp":{}},"Volumes":{"/data":{}},"Labels":{"org.rcrepro.run":"RUN","maker":"us"},"OnBuild":null}}"#;

    fn made(created: &str, run: &str) -> Vec<u8> {
        let text =
            DOCUMENT.replace("CREATED", created).replace("RUN", run).replace("DIFF", created).replace("PARENT", run);
        encode(&read(text.as_bytes()).expect("a document"))
    }

    #[test]
    fn what_differs_from_build_to_build_is_left_out() {
        assert_eq!(made("one", "first"), made("two", "second"));
        let settings = decode(&made("one", "first")).expect("canonical");
        assert_eq!((settings.user.as_str(), settings.is_root()), ("65532:65532", false));
        assert_eq!((listed(&settings.ports), listed(&settings.volumes)), ("8080/tcp".to_owned(), "/data".to_owned()));
        assert_eq!(settings.labels, BTreeMap::from([("maker".to_owned(), "us".to_owned())]));
    }

    #[test]
    fn what_counts_makes_a_difference_and_other_forms_are_refused() {
        for (from, to) in [
            ("65532:65532", "0"),
            ("/beacon", "/other"),
            ("8080/tcp", "80/tcp"),
            ("\"us\"", "\"them\""),
            ("/data", "/d"),
        ] {
            let other = encode(&read(DOCUMENT.replace(from, to).as_bytes()).expect("a document"));
            assert_ne!(other, encode(&read(DOCUMENT.as_bytes()).expect("a document")), "{from}");
        }
        let spaced = [made("one", "first"), b" ".to_vec()].concat();
        assert!(decode(&spaced).is_err());
        assert!(read(b"{}").is_err());
    }

    #[test]
    fn a_document_that_an_engine_reads_otherwise_is_refused() {
        for (from, to, says) in [
            (r#""User":"65532:65532""#, r#""User":"65532:65532","USER":"0""#, "`USER`"),
            (r#""User":"65532:65532""#, r#""User":"65532:65532","User":"0""#, "`User` occurs twice"),
            (r#""User":"65532:65532""#, r#""user":"0""#, "engines take for `User`"),
            (r#""os":"linux""#, r#""os":"linux","CONFIG":{"User":"0"}"#, "`CONFIG`"),
            (r#""Cmd":null"#, r#""Healthcheck":{"test":["CMD","/x"]}"#, "`Healthcheck` has the key `test`"),
            (r#""maker":"us""#, r#""maker":"us","maker":"them""#, "`maker` occurs twice"),
            (r#""Cmd":null"#, r#""Cmd":null,"\u017fhell":["/x"]"#, "expected ASCII"),
        ] {
            let text = DOCUMENT.replace(from, to);
            let refused = read(text.as_bytes()).expect_err(to).to_string();
            assert!(refused.contains(says), "`{says}` in {refused}");
        }
    }

    #[test]
    fn whatever_else_an_engine_obeys_counts_too() {
        let plain = made("one", "first");
        assert!(!String::from_utf8_lossy(&plain).contains("further"), "digests of images without them stay");
        for (more, at, value) in [
            (r#""Shell":["/bin/bash","-c"]"#, "config.Shell", r#"["/bin/bash","-c"]"#),
            (r#""StopTimeout":7"#, "config.StopTimeout", "7"),
            (r#""Tty":true"#, "config.Tty", "true"),
            (r#""OpenStdin":true"#, "config.OpenStdin", "true"),
            (r#""Fresh":{"b":1,"a":2}"#, "config.Fresh", r#"{"a":2,"b":1}"#),
            (r#""Healthcheck":{"Interval":5,"Retries":0}"#, "config.Healthcheck.Interval", "5"),
            (r#""Healthcheck":{"StartInterval":5}"#, "config.Healthcheck.StartInterval", "5"),
        ] {
            let text = DOCUMENT.replace(r#""Cmd":null"#, more);
            let further = read(text.as_bytes()).expect("a document").further;
            assert_eq!(further, BTreeMap::from([(at.to_owned(), value.to_owned())]));
        }
        let noise = r#""Tty":false,"Fresh":{},"Shell":null,"AttachStdin":true,"StdinOnce":true,"ArgsEscaped":true"#;
        assert_eq!(
            read(DOCUMENT.replace(r#""Cmd":null"#, noise).as_bytes()).expect("a document").further,
            BTreeMap::new()
        );
        let beside = |text: &str| {
            let text = DOCUMENT.replace(r#""os":"linux""#, &format!(r#""os":"linux",{text}"#));
            read(text.as_bytes()).expect("a document").further.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(beside(r#""variant":"v3","os.version":"1""#).len(), 2);
        assert_eq!(beside(r#""variant":"v1","os.features":[]"#), [], "the usual variant is that of no variant");
    }
}
