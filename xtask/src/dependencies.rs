//! `cargo xtask dependencies`: `docs/design/dependencies.md` names exactly the crates of the workspace's manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use crate::refusal::Refusal;

const ROOT: &str = "Cargo.toml";
const TABLE: &str = "docs/design/dependencies.md";

/// Crates by name: the version, and the manifest that asks for it. A crate that two manifests ask for in two versions is
/// there twice.
type Declared = BTreeMap<String, BTreeMap<String, String>>;

/// Compares the manifests of all members with the table; prints what differs.
///
/// # Errors
/// A file that cannot be read, or manifests in which no dependency is found.
pub fn run(root: &Path) -> Result<ExitCode, Refusal> {
    let read = |file: &str| {
        fs::read_to_string(root.join(file)).map_err(|error| Refusal::check(format!("cannot read {file}: {error}")))
    };
    let mut used = Declared::new();
    let mut manifests = BTreeSet::from([ROOT.to_owned()]);
    manifests.extend(members(root, &read(ROOT)?)?);
    for manifest in &manifests {
        declare(&mut used, manifest, &read(manifest)?);
    }
    if used.is_empty() {
        return Err(Refusal::check(format!(
            "no dependency found in {} manifests: nothing was checked",
            manifests.len()
        )));
    }
    let differences = differences(&used, &documented(&read(TABLE)?));
    differences.iter().for_each(|difference| println!("{difference}"));
    println!("dependencies: {} crates of {} manifests, {} differences", used.len(), manifests.len(), differences.len());
    Ok(ExitCode::from(u8::from(!differences.is_empty())))
}

/// The manifests of the workspace's members, those behind `folder/*` included.
fn members(root: &Path, manifest: &str) -> Result<Vec<String>, Refusal> {
    let list = manifest.split_once("members = [").and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.ok_or_else(|| Refusal::check("no list of members found in Cargo.toml"))?;
    let mut found = Vec::new();
    for member in list.split('"').skip(1).step_by(2).filter(|member| *member != ".") {
        let Some(parent) = member.strip_suffix("/*") else {
            found.push(format!("{member}/{ROOT}"));
            continue;
        };
        let unreadable = |error| Refusal::check(format!("cannot list {parent}: {error}"));
        for entry in fs::read_dir(root.join(parent)).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            let path = format!("{parent}/{}/{ROOT}", name.to_string_lossy());
            found.extend(root.join(&path).is_file().then_some(path));
        }
    }
    Ok(found)
}

/// Adds crate and version of every entry below `[dependencies]`, `[dev-dependencies]`, `[workspace.dependencies]` and the
/// like, one per line. An entry without a version is a member, or inherits the workspace's.
fn declare(used: &mut Declared, manifest: &str, text: &str) {
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]");
        } else if let Some((name, value)) = line.split_once(" = ").filter(|_| inside && !line.starts_with('#')) {
            let version =
                if value.starts_with('{') { value.split_once("version = ").map(|(_, rest)| rest) } else { Some(value) };
            if let Some(version) = version.and_then(|version| version.split('"').nth(1)) {
                let versions = used.entry(name.to_owned()).or_default();
                versions.entry(version.to_owned()).or_insert_with(|| manifest.to_owned());
            }
        }
    }
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

fn differences(used: &Declared, told: &BTreeMap<String, String>) -> Vec<String> {
    let entries = used
        .iter()
        .flat_map(|(name, versions)| versions.iter().map(move |(version, manifest)| (name, version, manifest)));
    let missing = entries.filter_map(|(name, version, manifest)| match told.get(name) {
        None => Some(format!("{TABLE} has no row for {name} {version} of {manifest}")),
        Some(other) if other != version => Some(format!("{TABLE} says {name} {other}, {manifest} says {version}")),
        Some(_) => None,
    });
    let gone = told.keys().filter(|name| !used.contains_key(*name));
    missing.chain(gone.map(|name| format!("{TABLE} has a row for {name}, which no manifest uses"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\n# b = \"9\"\n\
                            b = { version = \"2.1\", features = [\"c\"] }\n[dev-dependencies]\nd = \"3\"\n[profile.dev]\ne = \"4\"\n";

    fn declared(manifests: &[(&str, &str)]) -> Declared {
        let mut used = Declared::new();
        manifests.iter().for_each(|(manifest, text)| declare(&mut used, manifest, text));
        used
    }

    #[test]
    fn equal_lists_pass() {
        let told = documented(
            "text\n| Crate | Version |\n|---|---|\n| a | 1 | x |\n| b | 2.1 | x |\n| d | 3 | x |\n\n| e | 4 |\n",
        );
        assert_eq!(differences(&declared(&[(ROOT, MANIFEST)]), &told), [""; 0]);
    }

    #[test]
    fn each_difference_goes_red() {
        let told = documented("| Crate | Version |\n|---|---|\n| a | 2 |\n| d | 3 |\n| f | 1 |\n");
        let expected = [
            "docs/design/dependencies.md says a 2, Cargo.toml says 1",
            "docs/design/dependencies.md has no row for b 2.1 of Cargo.toml",
            "docs/design/dependencies.md has a row for f, which no manifest uses",
        ];
        assert_eq!(differences(&declared(&[(ROOT, MANIFEST)]), &told), expected);
    }

    #[test]
    fn every_member_is_read_and_a_second_version_goes_red() {
        let workspace = "[workspace.dependencies]\na = { version = \"1\", default-features = false }\n\
                         x-model = { path = \"crates/model\" }\n";
        let member = "[dependencies]\na.workspace = true\nx-model.workspace = true\nb = \"2\"\n\
                      [target.'cfg(unix)'.dependencies]\nc = { workspace = true, features = [\"d\"] }\n";
        let told = documented("| Crate | Version |\n|---|---|\n| a | 1 |\n| b | 2 |\n");
        let mut manifests = vec![(ROOT, workspace), ("crates/one/Cargo.toml", member)];
        assert_eq!(differences(&declared(&manifests), &told), [""; 0]);
        manifests.push(("crates/two/Cargo.toml", "[dev-dependencies]\nb = \"3\"\n"));
        let expected = ["docs/design/dependencies.md says b 2, crates/two/Cargo.toml says 3"];
        assert_eq!(differences(&declared(&manifests), &told), expected);
    }

    #[test]
    fn members_are_listed_on_one_line_or_on_several() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let list = |text: &str| members(root, text).unwrap_or_default();
        assert_eq!(list("[workspace]\nmembers = [\".\", \"init\"]\n"), ["init/Cargo.toml"]);
        assert_eq!(list("members = [\n    \"a\",\n    \"b/c\",\n]\n"), ["a/Cargo.toml", "b/c/Cargo.toml"]);
        assert_eq!(
            members(root, "[workspace]\n").map_err(|refusal| refusal.to_string()).unwrap_err(),
            "error: no list of members found in Cargo.toml"
        );
    }

    #[test]
    fn members_behind_a_star_are_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let found = members(root, "members = [\"crates/*\"]").unwrap_or_default();
        assert!(found.contains(&"crates/house/Cargo.toml".to_owned()), "{found:?}");
    }
}
