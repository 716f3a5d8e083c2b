//! Every vendor in one `Cargo.toml`, and the tools in none.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Figure;
use crate::settings::{self, HouseRules};
use crate::sources::Repository;

/// The number of crates from a registry that more than one package depends on, in any section, without the basics.
#[must_use]
pub fn check(sources: &Repository, settings: &HouseRules) -> Figure {
    let members: BTreeSet<&str> = sources.packages.iter().map(|package| package.name.as_str()).collect();
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in sources.packages.iter().filter(|package| !settings::is_excepted(&settings.tools, &package.name)) {
        for vendor in package.dependencies.iter().filter(|name| !members.contains(name.as_str())) {
            users.entry(vendor).or_default().push(&package.name);
        }
    }
    users.retain(|vendor, users| users.len() > 1 && !settings::is_excepted(&settings.basics, vendor));
    Figure {
        name: "vendors in several manifests".into(),
        figure: users.len(),
        limit: settings.ratchets.vendors,
        goal: 0,
        places: users.into_iter().map(|(vendor, users)| format!("{vendor}: {}", users.join(", "))).collect(),
    }
}

/// The number of packages that depend on a tool, which would be built with them.
#[must_use]
pub fn tools(sources: &Repository, settings: &HouseRules) -> Figure {
    let uses = |dependencies: &BTreeSet<String>| settings.tools.iter().any(|tool| dependencies.contains(&tool.name));
    let users = sources.packages.iter().filter(|package| uses(&package.dependencies));
    let places: Vec<String> = users.map(|package| package.name.clone()).collect();
    Figure { name: "packages that depend on a tool".into(), figure: places.len(), limit: 0, goal: 0, places }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;
    use crate::workspace::WorkspaceMember;

    fn package(name: &str, dependencies: &[&str]) -> WorkspaceMember {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        WorkspaceMember { name: name.into(), folder: name.into(), dependencies }
    }

    #[test]
    fn a_vendor_in_two_manifests_goes_red() {
        let mut settings = HouseRules::committed().unwrap();
        settings.ratchets.vendors = 0;
        let mut sources = samples::rust(&[]);
        sources.packages = vec![package("a", &["serde", "gix"]), package("b", &["a", "serde"]), package("c", &["a"])];
        assert!(check(&sources, &settings).holds());
        sources.packages.push(package("d", &["gix"]));
        let red = check(&sources, &settings);
        assert_eq!((red.holds(), &*red.places), (false, &["gix: a, d".to_owned()][..]));
        sources.packages[3].name = settings.tools[0].name.clone();
        assert!(check(&sources, &settings).holds());
    }

    #[test]
    fn a_package_that_depends_on_a_tool_goes_red() {
        let settings = HouseRules::committed().unwrap();
        let mut sources = samples::rust(&[]);
        sources.packages = vec![package("a", &["serde"])];
        assert!(tools(&sources, &settings).holds());
        sources.packages.push(package("b", &[&settings.tools[0].name]));
        assert_eq!(tools(&sources, &settings).places, ["b"]);
        assert!(!tools(&sources, &settings).holds());
    }
}
