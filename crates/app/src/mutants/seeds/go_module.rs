//! A vulnerable module, for govulncheck: one that the locked database knows and the source does not require, made up here,
//! put into the frozen module cache and called.

use std::collections::BTreeMap;

use super::{SeedError, SeededChange, SourceFiles, within};
use rcrepro_format::advisories::osv_json;
use rcrepro_images::packages::go_cache::cached_module;
use rcrepro_model::advisory::osv::OsvEvent;
use rcrepro_model::content::name::Name;

/// The seeded file that calls the vulnerable function.
const FILE: &str = "rcrepro_seeded_call.go";
const WANTED: &str = "an entry for a module that `go.mod` does not require, with an exported function";

/// Says where a vulnerable module goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModulePlace<'a> {
    /// The folder with `go.mod`; `` for the source's root.
    pub(crate) module: &'a str,
    /// The folder of the package that calls it.
    pub(crate) folder: &'a str,
    /// That package's name.
    pub(crate) package: &'a str,
    /// The frozen input with the module cache.
    pub(crate) cache: &'a Name,
    /// The frozen input with the database.
    pub(crate) database: &'a Name,
}

/// An entry of the database for which a module can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Vulnerable {
    id: String,
    module: String,
    version: String,
    import: String,
    symbol: String,
}

/// Adds a vulnerable module and a call of its vulnerable function; `database` are the frozen database's files, by path.
///
/// # Errors
/// [`SeedError`] when no entry of the database fits, or the module's files are not there.
pub(crate) fn vulnerable_module(
    place: &ModulePlace<'_>,
    database: &BTreeMap<String, Vec<u8>>,
    files: &dyn SourceFiles,
) -> Result<SeededChange, SeedError> {
    let read = |name: &str| {
        let path = within(place.module, name);
        files.text(&path).ok_or(SeedError::File { file: path })
    };
    let (go_mod, go_sum) = (read("go.mod")?, read("go.sum").unwrap_or_default());
    let entries = database.iter().filter(|(path, _)| path.contains("/ID/"));
    let unknown = |found: &Vulnerable| !go_mod.split_whitespace().any(|word| word == found.module);
    let none = || SeedError::NoAdvisory { name: place.database.clone(), wanted: WANTED };
    let found = entries.filter_map(|(_, bytes)| vulnerable(bytes)).find(unknown).ok_or_else(none)?;
    let below = found.import.strip_prefix(&found.module).unwrap_or_default().trim_start_matches('/');
    let source = within(below, "seeded.go");
    let package = format!(
        "// Package seeded is made up.\npackage seeded\n\n// {0} does nothing.\nfunc {0}() {{}}\n",
        found.symbol
    );
    let module = [("go.mod", format!("module {}\n\ngo 1.21\n", found.module)), (source.as_str(), package)].into();
    // Only a name that no zip can have would keep the module from being made.
    let cached = cached_module(&found.module, &found.version, &module).map_err(|_| none())?;
    let gap = |text: &str| if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    let call = format!(
        "package {}\n\nimport seeded \"{}\"\n\nfunc init() {{\n\tseeded.{}()\n}}\n",
        place.package, found.import, found.symbol
    );
    let mut change = SeededChange::file(&within(place.folder, FILE), &call, &found.id)?;
    let required = format!("{go_mod}{}\nrequire {} {}\n", gap(&go_mod), found.module, found.version);
    let sums = format!("{go_sum}{}{}", gap(&go_sum), cached.sums);
    for (name, text) in [("go.mod", required), ("go.sum", sums)] {
        change.files.insert(within(place.module, name).parse()?, text.into_bytes());
    }
    let mut tree = BTreeMap::new();
    for (path, bytes) in cached.files {
        tree.insert(path.parse()?, bytes);
    }
    change.frozen.insert(place.cache.clone(), tree);
    Ok(change)
}

/// Reads an entry, and takes the first exported function of a module that has a version it is about.
fn vulnerable(bytes: &[u8]) -> Option<Vulnerable> {
    let entry = osv_json::decode(bytes).ok()?;
    if entry.withdrawn {
        return None;
    }
    entry.affected.iter().find_map(|affected| {
        let module = &affected.module;
        // The standard library and toolchains are no modules; what has no dot is no path of one.
        if !module.split('/').next().is_some_and(|host| host.contains('.')) {
            return None;
        }
        let version = affected.ranges.iter().find_map(|range| affected_version(module, &range.events))?;
        let import = affected.imports.iter().find_map(|import| {
            let inside = import.path == *module || import.path.starts_with(&format!("{module}/"));
            let function = |symbol: &&String| {
                symbol.starts_with(|c: char| c.is_ascii_uppercase())
                    && symbol.chars().all(|c| c.is_ascii_alphanumeric())
            };
            let symbol = import.symbols.iter().find(function)?;
            (inside && import.everywhere).then(|| (import.path.clone(), symbol.clone()))
        })?;
        Some(Vulnerable { id: entry.id.clone(), module: module.clone(), version, import: import.0, symbol: import.1 })
    })
}

/// Finds a version that a range is about and that a module of this path can have: `/vN` at its end asks for major version N.
fn affected_version(module: &str, events: &[OsvEvent]) -> Option<String> {
    let suffix = module.rsplit_once("/v").and_then(|(_, number)| number.parse::<u64>().ok());
    let fits = |version: [u64; 3]| match suffix {
        Some(major) => version[0] == major,
        None => version[0] < 2,
    };
    let mut events = events.iter().peekable();
    while let Some(event) = events.next() {
        let OsvEvent::Introduced(introduced) = event else { continue };
        let fixed = match events.peek() {
            Some(OsvEvent::Fixed(version)) => Some(numbers(version)),
            _ => None,
        };
        let lowest = match introduced.as_str() {
            "0" => [suffix.unwrap_or(0), 0, u64::from(suffix.is_none())],
            // A pre-release has no three plain numbers, and is passed over.
            version => match numbers(version) {
                Some(version) => version,
                None => continue,
            },
        };
        let before = match fixed {
            None => true,
            Some(fixed) => fixed.is_some_and(|fixed| lowest < fixed),
        };
        if fits(lowest) && before {
            return Some(format!("v{}.{}.{}", lowest[0], lowest[1], lowest[2]));
        }
    }
    None
}

fn numbers(version: &str) -> Option<[u64; 3]> {
    let numbers: Vec<u64> = version.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::memory::Memory;
    use super::*;

    fn entry(id: &str, module: &str, events: &str, symbols: &str) -> (String, Vec<u8>) {
        let text = format!(
            r#"{{"id":"{id}","affected":[{{"package":{{"name":"{module}","ecosystem":"Go"}},
            "ranges":[{{"type":"SEMVER","events":{events}}}],
            "ecosystem_specific":{{"imports":[{{"path":"{module}/inner","symbols":{symbols}}}]}}}}]}}"#
        );
        (format!("db/ID/{id}.json"), text.into_bytes())
    }

    #[test]
    fn a_module_is_made_required_locked_and_called() {
        let database = BTreeMap::from([
            entry("GO-1", "stdlib", r#"[{"introduced":"0"}]"#, r#"["Do"]"#),
            entry("GO-2", "example.com/known", r#"[{"introduced":"0"}]"#, r#"["Do"]"#),
            entry("GO-3", "example.com/methods", r#"[{"introduced":"0"}]"#, r#"["T.Do","do"]"#),
            entry("GO-4", "example.com/bad/v3", r#"[{"introduced":"3.1.0"},{"fixed":"3.2.0"}]"#, r#"["T.Do","Do"]"#),
        ]);
        let files =
            Memory::new(&[("api/go.mod", "module m\n\nrequire example.com/known v1.0.0"), ("api/go.sum", "x y z\n")]);
        let (cache, name) = ("mods".parse().expect("a name"), "vulns".parse().expect("a name"));
        let place = ModulePlace { module: "api", folder: "api/cmd", package: "main", cache: &cache, database: &name };
        let change = vulnerable_module(&place, &database, &files).expect("a change");
        let text = |path: &str| {
            let bytes = &change.files[&path.parse().expect("a path")];
            String::from_utf8(bytes.clone()).expect("text")
        };
        assert!(
            text("api/go.mod").ends_with("v1.0.0\n\nrequire example.com/bad/v3 v3.1.0\n"),
            "{}",
            text("api/go.mod")
        );
        assert!(text("api/go.sum").starts_with("x y z\nexample.com/bad/v3 v3.1.0 h1:"), "{}", text("api/go.sum"));
        let call = text("api/cmd/rcrepro_seeded_call.go");
        assert!(call.contains("import seeded \"example.com/bad/v3/inner\"") && call.contains("seeded.Do()"), "{call}");
        assert_eq!(change.shows, ["GO-4"]);
        let tree = &change.frozen[&cache];
        let made = tree.get(&"example.com/bad/v3@v3.1.0/inner/seeded.go".parse().expect("a path"));
        assert!(made.is_some_and(|bytes| bytes.ends_with(b"func Do() {}\n")), "{:?}", tree.keys());
        let none = vulnerable_module(&place, &BTreeMap::new(), &files).expect_err("no entry");
        assert!(none.to_string().starts_with("the frozen input `vulns` has no entry for a seed"), "{none}");
    }

    #[test]
    fn versions_are_those_that_a_range_is_about() {
        let version = |module: &str, events: &str| {
            let (_, bytes) = entry("GO-1", module, events, "[]");
            affected_version(module, &osv_json::decode(&bytes).expect("an entry").affected[0].ranges[0].events)
        };
        for (module, events, expected) in [
            ("a.b/m", r#"[{"introduced":"0"}]"#, Some("v0.0.1")),
            ("a.b/m", r#"[{"introduced":"0"},{"fixed":"0.0.1"},{"introduced":"1.2.0"}]"#, Some("v1.2.0")),
            ("a.b/m/v5", r#"[{"introduced":"0"},{"fixed":"5.5.0"}]"#, Some("v5.0.0")),
            ("a.b/m/v5", r#"[{"introduced":"0"},{"fixed":"4.0.0"}]"#, None),
            ("a.b/m", r#"[{"introduced":"2.0.0"}]"#, None),
            ("a.b/m", r#"[{"introduced":"1.0.0-rc1"},{"fixed":"1.0.0"}]"#, None),
        ] {
            assert_eq!(version(module, events).as_deref(), expected, "{module} {events}");
        }
    }
}
