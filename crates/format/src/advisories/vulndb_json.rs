//! The files of Go's vulnerability database that decide whether it is whole: `index/db.json`, `index/modules.json`, entries.
//!
//! Unknown keys are left alone: the database's schema grows. Source: `go.dev/security/vuln/database`.

use std::collections::BTreeSet;

use serde::Deserialize;

/// What is wrong in a file of a database.
#[derive(Debug, thiserror::Error)]
pub enum VulndbJsonError {
    /// It is not JSON of this shape.
    #[error("it has an unexpected shape")]
    Shape(#[from] serde_json::Error),
    /// A date is invalid.
    #[error("`modified` is `{found}`: expected a date and time such as 2026-08-01T00:00:00Z")]
    Date {
        /// The value that was found.
        found: String,
    },
    /// An id could lead to another file.
    #[error("invalid entry id `{found}`: expected letters, digits and `-`")]
    Id {
        /// The value that was found.
        found: String,
    },
    /// An entry says that it is another one.
    #[error("its id is {found}: expected {expected}")]
    Other {
        /// The id that its name has.
        expected: String,
        /// The id that it has.
        found: String,
    },
}

#[derive(Deserialize)]
struct DbWire {
    modified: String,
}

#[derive(Deserialize)]
struct ModuleWire {
    path: String,
    #[serde(default)]
    vulns: Vec<EntryWire>,
}

#[derive(Deserialize)]
struct EntryWire {
    id: String,
    #[serde(default)]
    affected: Vec<AffectedWire>,
}

#[derive(Deserialize)]
struct AffectedWire {
    package: PackageWire,
}

#[derive(Deserialize)]
struct PackageWire {
    name: String,
}

/// Reads from `index/db.json` when the database was last changed, as RFC 3339 writes it.
///
/// # Errors
/// [`VulndbJsonError`].
pub fn modified(bytes: &[u8]) -> Result<String, VulndbJsonError> {
    let DbWire { modified } = serde_json::from_slice(bytes)?;
    match humantime::parse_rfc3339(&modified) {
        Ok(_) => Ok(modified),
        Err(_) => Err(VulndbJsonError::Date { found: modified }),
    }
}

/// Reads `index/modules.json`: each module with the ids of its vulnerabilities.
///
/// # Errors
/// [`VulndbJsonError`].
pub fn modules(bytes: &[u8]) -> Result<Vec<(String, Vec<String>)>, VulndbJsonError> {
    let wires: Vec<ModuleWire> = serde_json::from_slice(bytes)?;
    let ids = |entries: Vec<EntryWire>| entries.into_iter().map(|entry| checked(entry.id)).collect::<Result<_, _>>();
    wires.into_iter().map(|module| Ok((module.path, ids(module.vulns)?))).collect()
}

fn checked(id: String) -> Result<String, VulndbJsonError> {
    let good = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if good { Ok(id) } else { Err(VulndbJsonError::Id { found: id }) }
}

/// Checks that an entry is JSON and has the id that its name says; gives the modules that it is about, sorted.
///
/// # Errors
/// [`VulndbJsonError`].
pub fn entry(bytes: &[u8], id: &str) -> Result<Vec<String>, VulndbJsonError> {
    let EntryWire { id: found, affected } = serde_json::from_slice(bytes)?;
    if found != id {
        return Err(VulndbJsonError::Other { expected: id.to_owned(), found });
    }
    let modules: BTreeSet<String> = affected.into_iter().map(|affected| affected.package.name).collect();
    Ok(modules.into_iter().collect())
}
