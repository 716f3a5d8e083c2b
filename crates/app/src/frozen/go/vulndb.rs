//! Go's vulnerability database as a frozen input: `db/` as the database's published form has it, and `bin/govulncheck`.
//!
//! Kept of the mirror: `index/{db,modules,vulns}.json` and `ID/*.json`, the tree and not an archive's bytes, because the
//! published zip has its entries in the order of a Go map. What would make a scan pass hollow is refused: no date, no
//! module, a vulnerability that the index names and that is not there.
//!
//! govulncheck 1.9 reads no variable that names a database, only its option `-db`. A command that is written without
//! the option finds `bin/govulncheck` first in its search path, which adds it. Source of the form: `go.dev/security/vuln/database`.

use std::collections::BTreeMap;

use crate::frozen::mirror::{self, MirrorError};
use rcrepro_format::advisories::vulndb_json::{self, VulndbJsonError};
use rcrepro_format::plan::frozen_toml::FrozenData;
use rcrepro_model::advisory::{AdvisoryEntries, AdvisoryEntry};
use rcrepro_model::content::digest::Digest;

/// The program that is found before the scanner.
const FRONT: &str = include_str!("../front/govulncheck.sh");

/// Why a scan could not rely on a mirror's database.
#[derive(Debug, thiserror::Error)]
pub enum VulndbError {
    /// The mirror cannot be read.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// A file that every database has is not there.
    #[error("the database has no `{path}`")]
    NoFile {
        /// The file, relative to the database.
        path: String,
    },
    /// A file has another shape.
    #[error("`{path}` in the database is not what it should be")]
    Shape {
        /// The file, relative to the database.
        path: String,
        /// What is wrong.
        #[source]
        source: VulndbJsonError,
    },
    /// The index names no vulnerability.
    #[error("the database is empty: `index/modules.json` names no vulnerability, and a scan with it would always pass")]
    Empty,
    /// An entry that the index names is not there.
    #[error(
        "the database is not whole: `index/modules.json` names {id} for `{module}`, and there is no `ID/{id}.json`"
    )]
    NoEntry {
        /// Such as `GO-2024-2611`.
        id: String,
        /// The module that it is about.
        module: String,
    },
}

/// Reads a database from a folder or zip: the frozen tree's files, and the data's date and number of entries.
///
/// # Errors
/// [`VulndbError`].
pub fn files(path: &std::path::Path) -> Result<(BTreeMap<String, Vec<u8>>, FrozenData), VulndbError> {
    let wanted = |path: &str| {
        // A zip may have the database in a folder of its own.
        let mut words: Vec<&str> = path.rsplit('/').collect();
        words.truncate(2);
        matches!(words[..], ["db.json" | "modules.json" | "vulns.json", "index"])
            || matches!(words[..], [name, "ID"] if name.ends_with(".json"))
    };
    let found = mirror::read(path, &wanted)?;
    let Some(prefix) = found.keys().find_map(|path| path.strip_suffix("index/modules.json")).map(str::to_owned) else {
        return Err(VulndbError::NoFile { path: "index/modules.json".to_owned() });
    };
    let database: BTreeMap<String, Vec<u8>> =
        found.into_iter().filter_map(|(path, bytes)| Some((path.strip_prefix(&prefix)?.to_owned(), bytes))).collect();
    let data = judge(&database)?;
    let front = FRONT.replace("DATE", &data.date).replace("ENTRIES", &data.entries.to_string());
    let mut files: BTreeMap<String, Vec<u8>> =
        database.into_iter().map(|(path, bytes)| (format!("db/{path}"), bytes)).collect();
    files.insert("bin/govulncheck".to_owned(), front.into_bytes());
    Ok((files, data))
}

/// Reads the entries of a database whose frozen tree has these files; files that cannot be read as an entry are left out.
#[must_use]
pub fn entries(files: &BTreeMap<String, Vec<u8>>) -> AdvisoryEntries {
    let entry = |(path, bytes): (&String, &Vec<u8>)| {
        let id = path.strip_prefix("db/ID/")?.strip_suffix(".json")?;
        let packages = vulndb_json::entry(bytes, id).ok()?;
        Some((id.to_owned(), AdvisoryEntry { digest: Digest::of(bytes), packages }))
    };
    files.iter().filter_map(entry).collect()
}

fn judge(database: &BTreeMap<String, Vec<u8>>) -> Result<FrozenData, VulndbError> {
    let file = |path: &str| database.get(path).ok_or_else(|| VulndbError::NoFile { path: path.to_owned() });
    let shape = |path: &str| {
        let path = path.to_owned();
        move |source| VulndbError::Shape { path, source }
    };
    let date = vulndb_json::modified(file("index/db.json")?).map_err(shape("index/db.json"))?;
    let modules = vulndb_json::modules(file("index/modules.json")?).map_err(shape("index/modules.json"))?;
    let mut named = std::collections::BTreeSet::new();
    for (module, ids) in &modules {
        for id in ids {
            let path = format!("ID/{id}.json");
            let missing = || VulndbError::NoEntry { id: id.clone(), module: module.clone() };
            let bytes = database.get(&path).ok_or_else(missing)?;
            if named.insert(id) {
                vulndb_json::entry(bytes, id).map_err(shape(&path))?;
            }
        }
    }
    if named.is_empty() {
        return Err(VulndbError::Empty);
    }
    Ok(FrozenData { date, entries: named.len() as u64 })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const DB: (&str, &str) = ("index/db.json", r#"{"modified":"2026-08-01T00:00:00Z"}"#);
    const MODULES: (&str, &str) = (
        "index/modules.json",
        r#"[{"path":"example.com/m","vulns":[{"id":"GO-2026-0001","modified":"2026-07-01T00:00:00Z","fixed":"1.2.0"}]}]"#,
    );
    const ENTRY: (&str, &str) = ("ID/GO-2026-0001.json", r#"{"id":"GO-2026-0001","modified":"2026-07-01T00:00:00Z"}"#);

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
    }

    fn read(files: &[(&str, &str)]) -> Result<(BTreeMap<String, Vec<u8>>, FrozenData), VulndbError> {
        let scene = tempfile::tempdir().expect("a folder");
        write(scene.path(), files);
        super::files(scene.path())
    }

    #[test]
    fn a_folder_and_zips_of_it_give_the_same_tree() {
        let (tree, data) = read(&[DB, MODULES, ENTRY, ("README.md", "x"), ("index/db.json.gz", "x")]).expect("whole");
        assert_eq!((data.date.as_str(), data.entries), ("2026-08-01T00:00:00Z", 1));
        let paths: Vec<&str> = tree.keys().map(String::as_str).collect();
        assert_eq!(paths, ["bin/govulncheck", "db/ID/GO-2026-0001.json", "db/index/db.json", "db/index/modules.json"]);
        let front = String::from_utf8_lossy(&tree["bin/govulncheck"]);
        assert!(front.contains("vulnerability database of 2026-08-01T00:00:00Z: 1 entries"), "{front}");
        let scene = tempfile::tempdir().expect("a folder");
        let prefixed = [DB, MODULES, ENTRY].map(|(name, text)| (format!("vulndb/{name}"), text));
        let prefixed: Vec<(&str, &str)> = prefixed.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        for (index, order) in [&[DB, MODULES, ENTRY][..], &[ENTRY, MODULES, DB], &prefixed].iter().enumerate() {
            let zip = scene.path().join(format!("{index}.zip"));
            mirror::tests::pack(&zip, order);
            assert_eq!(files(&zip).expect("whole").0, tree);
        }
    }

    #[test]
    fn databases_with_which_a_scan_would_pass_hollow_are_refused() {
        let says = |files: &[(&str, &str)]| read(files).expect_err("hollow").to_string();
        assert_eq!(says(&[MODULES, ENTRY]), "the database has no `index/db.json`");
        assert_eq!(says(&[DB, ENTRY]), "the database has no `index/modules.json`");
        assert!(says(&[DB, ("index/modules.json", "[]")]).starts_with("the database is empty"));
        let nothing = r#"[{"path":"example.com/m","vulns":[]}]"#;
        assert!(says(&[DB, ("index/modules.json", nothing)]).starts_with("the database is empty"));
        assert!(says(&[DB, MODULES]).contains("names GO-2026-0001 for `example.com/m`"));
        assert!(says(&[("index/db.json", "{}"), MODULES, ENTRY]).contains("`index/db.json`"));
        assert!(says(&[("index/db.json", r#"{"modified":"today"}"#), MODULES, ENTRY]).contains("`index/db.json`"));
        assert!(says(&[DB, MODULES, (ENTRY.0, r#"{"id":"GO-2026-0002"}"#)]).contains("`ID/GO-2026-0001.json`"));
        assert!(
            says(&[DB, ("index/modules.json", r#"[{"path":"m","vulns":[{"id":"../x"}]}]"#)]).contains("modules.json")
        );
    }
}
