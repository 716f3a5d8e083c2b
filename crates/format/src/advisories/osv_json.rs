//! An entry of Go's vulnerability database, as far as it says which versions it is about.
//!
//! Unknown keys are left alone: the schema grows. Source: the OSV schema 1.6.

use serde::Deserialize;

use rcrepro_model::advisory::osv::{Affected, OsvEntry, OsvEvent, OsvImport, OsvRange};

#[derive(Deserialize)]
struct EntryWire {
    id: String,
    #[serde(default)]
    summary: String,
    withdrawn: Option<String>,
    #[serde(default)]
    modified: String,
    #[serde(default)]
    affected: Vec<AffectedWire>,
}

#[derive(Deserialize)]
struct AffectedWire {
    package: PackageWire,
    #[serde(default)]
    ranges: Vec<RangeWire>,
    #[serde(default)]
    ecosystem_specific: EcosystemWire,
}

#[derive(Deserialize, Default)]
struct EcosystemWire {
    #[serde(default)]
    imports: Vec<ImportWire>,
}

#[derive(Deserialize)]
struct ImportWire {
    path: String,
    #[serde(default)]
    symbols: Vec<String>,
    #[serde(default)]
    goos: Vec<String>,
    #[serde(default)]
    goarch: Vec<String>,
}

#[derive(Deserialize)]
struct PackageWire {
    name: String,
}

#[derive(Deserialize)]
struct RangeWire {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    events: Vec<EventWire>,
}

#[derive(Deserialize)]
struct EventWire {
    introduced: Option<String>,
    fixed: Option<String>,
}

/// Reads an entry.
///
/// # Errors
/// [`serde_json::Error`] when it has another shape.
pub fn decode(bytes: &[u8]) -> Result<OsvEntry, serde_json::Error> {
    let wire: EntryWire = serde_json::from_slice(bytes)?;
    let event = |wire: EventWire| match (wire.introduced, wire.fixed) {
        (Some(at), _) => OsvEvent::Introduced(at),
        (None, Some(at)) => OsvEvent::Fixed(at),
        (None, None) => OsvEvent::Other,
    };
    let range = |wire: RangeWire| OsvRange {
        semver: wire.kind == "SEMVER",
        events: wire.events.into_iter().map(event).collect(),
    };
    let import = |wire: ImportWire| OsvImport {
        everywhere: wire.goos.is_empty() && wire.goarch.is_empty(),
        path: wire.path,
        symbols: wire.symbols,
    };
    let affected = |wire: AffectedWire| Affected {
        module: wire.package.name,
        ranges: wire.ranges.into_iter().map(range).collect(),
        imports: wire.ecosystem_specific.imports.into_iter().map(import).collect(),
    };
    Ok(OsvEntry {
        id: wire.id,
        summary: wire.summary,
        modified: wire.modified,
        withdrawn: wire.withdrawn.is_some(),
        affected: wire.affected.into_iter().map(affected).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_entries_are_read() {
        let bytes = include_bytes!("../../../../examples/beacon/advisories/vulndb/ID/GO-2026-9003.json");
        let entry = decode(bytes).expect("an entry");
        assert_eq!((entry.id.as_str(), entry.withdrawn), ("GO-2026-9003", false));
        let modules = |version: &str| [("stdlib".to_owned(), [version.parse().ok()].into())].into();
        assert!(entry.concerns(&modules("go1.26.7")).is_some_and(|(module, _)| module == "stdlib"));
        assert_eq!(entry.concerns(&modules("go1.26.8")), None);
        assert!(decode(br#"{"id":"x","withdrawn":"2026-01-01T00:00:00Z"}"#).expect("an entry").withdrawn);
        assert!(decode(b"[]").is_err());
    }
}
