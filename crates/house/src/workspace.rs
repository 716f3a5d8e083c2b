//! The packages of the workspace, by the root manifest's list of members.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::HouseError;

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A package with its own `Cargo.toml`.
#[derive(Debug, Clone)]
pub struct WorkspaceMember {
    /// As its manifest says.
    pub name: String,
    /// Relative to the repository; empty for the root package.
    pub folder: String,
    /// Crates of any section of its manifest, other members included, by the name under which they are published.
    pub dependencies: BTreeSet<String>,
}

/// Reads every member of the workspace at `root`, the root package included.
///
/// # Errors
/// A manifest that is missing, invalid, or without a name.
pub fn packages(root: &Path) -> Result<Vec<WorkspaceMember>, HouseError> {
    let manifest = read_table(root, "Cargo.toml")?;
    let members = lookup(&manifest, &["workspace", "members"])
        .and_then(Value::as_array)
        .ok_or(HouseError::Manifest { path: PathBuf::from("Cargo.toml"), key: "workspace.members" })?;
    let mut folders = BTreeSet::new();
    for member in members.iter().filter_map(Value::as_str) {
        match member.strip_suffix("/*") {
            Some(parent) => folders.extend(folders_below(root, parent)?),
            None => drop(folders.insert(member.trim_start_matches("./").trim_matches('.').to_owned())),
        }
    }
    folders.into_iter().map(|folder| package(root, folder)).collect()
}

fn folders_below(root: &Path, parent: &str) -> Result<Vec<String>, HouseError> {
    let unreadable = |source| HouseError::Read { path: PathBuf::from(parent), source };
    let entries = fs::read_dir(root.join(parent)).map_err(unreadable)?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    let names = names.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    let folders = names.into_iter().map(|name| format!("{parent}/{name}"));
    Ok(folders.filter(|folder| root.join(folder).join("Cargo.toml").is_file()).collect())
}

fn package(root: &Path, folder: String) -> Result<WorkspaceMember, HouseError> {
    let path = if folder.is_empty() { "Cargo.toml".to_owned() } else { format!("{folder}/Cargo.toml") };
    let manifest = read_table(root, &path)?;
    let name = lookup(&manifest, &["package", "name"])
        .and_then(Value::as_str)
        .ok_or(HouseError::Manifest { path: PathBuf::from(&path), key: "package.name" })?;
    Ok(WorkspaceMember { name: name.to_owned(), folder, dependencies: dependencies(&manifest) })
}

fn dependencies(manifest: &Table) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values());
    let tables = targets.filter_map(Value::as_table).chain([manifest]);
    let sections = tables.flat_map(|table| SECTIONS.into_iter().filter_map(|name| table.get(name)?.as_table()));
    sections
        .flatten()
        .map(|(name, value)| value.get("package").and_then(Value::as_str).unwrap_or(name).to_owned())
        .collect()
}

fn lookup<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (last, parents) = keys.split_last()?;
    parents.iter().try_fold(table, |table, key| table.get(*key)?.as_table())?.get(*last)
}

fn read_table(root: &Path, path: &str) -> Result<Table, HouseError> {
    let text =
        fs::read_to_string(root.join(path)).map_err(|source| HouseError::Read { path: PathBuf::from(path), source })?;
    toml::from_str(&text).map_err(|source| HouseError::Toml { path: PathBuf::from(path), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_every_section() {
        let manifest = toml::from_str(
            "[dependencies]\na = \"1\"\nb.workspace = true\nhere = { path = \"../here\" }\n\
             [dev-dependencies]\nc = { version = \"1\", package = \"published\" }\n\
             [target.'cfg(unix)'.dependencies]\nd = \"1\"\n[build-dependencies]\ne = \"1\"",
        );
        let found = dependencies(&manifest.unwrap());
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), ["a", "b", "d", "e", "here", "published"]);
    }

    #[test]
    fn members_are_found_by_name_and_by_a_star() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        let members = packages(root).unwrap();
        let found: Vec<(&str, &str)> = members.iter().map(|it| (it.name.as_str(), it.folder.as_str())).collect();
        for member in [("rcrepro", ""), ("rcrepro-house", "crates/house"), ("xtask", "xtask")] {
            assert!(found.contains(&member), "{found:?}");
        }
        assert!(folders_below(root, "crates").unwrap().contains(&"crates/house".to_owned()));
    }
}
