//! `cargo xtask dependencies`: `docs/design/dependencies.md` names exactly the crates of `Cargo.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::refusal::Refusal;

const TABLE: &str = "docs/design/dependencies.md";

/// Compares the two lists; prints what differs.
///
/// # Errors
/// A file that cannot be read, or a manifest in which no dependency is found.
pub fn run(root: &Path) -> Result<ExitCode, Refusal> {
    let read = |file: &str| {
        fs::read_to_string(root.join(file)).map_err(|error| Refusal::check(format!("cannot read {file}: {error}")))
    };
    let used = declared(&read("Cargo.toml")?);
    if used.is_empty() {
        return Err(Refusal::check("no dependency found in Cargo.toml: nothing was checked"));
    }
    let differences = differences(&used, &documented(&read(TABLE)?));
    differences.iter().for_each(|difference| println!("{difference}"));
    println!("dependencies: {} crates, {} differences", used.len(), differences.len());
    Ok(ExitCode::from(u8::from(!differences.is_empty())))
}

/// Reads crate and version of every `[dependencies]`, `[dev-dependencies]` and `[target.….dependencies]` entry, which stand
/// one a line in this manifest.
fn declared(manifest: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if let Some((name, value)) = line.split_once(" = ").filter(|_| inside && !line.starts_with('#')) {
            let quoted = value.split_once("version = ").map_or(value, |(_, version)| version);
            found.insert(name.to_owned(), quoted.split('"').nth(1).unwrap_or_default().to_owned());
        }
    }
    found
}

/// Reads crate and version of every row of the table, whose header begins with `| Crate`.
fn documented(text: &str) -> BTreeMap<String, String> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| Crate ")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .filter_map(|row| {
            let mut cells = row.split('|').skip(1).map(|cell| cell.trim().to_owned());
            Some((cells.next()?, cells.next()?))
        })
        .collect()
}

fn differences(used: &BTreeMap<String, String>, told: &BTreeMap<String, String>) -> Vec<String> {
    let missing = used.iter().filter_map(|(name, version)| match told.get(name) {
        None => Some(format!("{TABLE} has no row for {name} {version}")),
        Some(other) if other != version => Some(format!("{TABLE} says {name} {other}, Cargo.toml says {version}")),
        Some(_) => None,
    });
    let gone = told.keys().filter(|name| !used.contains_key(*name));
    missing.chain(gone.map(|name| format!("{TABLE} has a row for {name}, which Cargo.toml does not use"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\n# b = \"9\"\n\
                            b = { version = \"2.1\", features = [\"c\"] }\n[dev-dependencies]\nd = \"3\"\n[profile.dev]\ne = \"4\"\n";

    #[test]
    fn equal_lists_pass() {
        let told = documented(
            "text\n| Crate | Version |\n|---|---|\n| a | 1 | x |\n| b | 2.1 | x |\n| d | 3 | x |\n\n| e | 4 |\n",
        );
        assert_eq!(differences(&declared(MANIFEST), &told), [""; 0]);
    }

    #[test]
    fn each_difference_goes_red() {
        let told = documented("| Crate | Version |\n|---|---|\n| a | 2 |\n| d | 3 |\n| f | 1 |\n");
        let expected = [
            "docs/design/dependencies.md says a 2, Cargo.toml says 1",
            "docs/design/dependencies.md has no row for b 2.1",
            "docs/design/dependencies.md has a row for f, which Cargo.toml does not use",
        ];
        assert_eq!(differences(&declared(MANIFEST), &told), expected);
    }
}
