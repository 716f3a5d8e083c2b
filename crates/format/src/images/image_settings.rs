//! An image's configuration, as an engine writes it, to what counts in it, and that as canonical JSON.
//!
//! Source: OCI image specification, "Image Configuration"; Docker's `config` has the same keys and a few of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::oci_document::CONFIG_KEYS;
use crate::syntax::canonical_json::{self, CanonicalJsonError};
use crate::syntax::unambiguous_json::{self, AmbiguousJsonError};
use rcrepro_model::plan::release_image::ImageSettings;

/// What the labels begin with that rcrepro itself puts on what it builds.
const OWN_LABELS: &str = "org.rcrepro.";

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
    })
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
}
