//! Every vendor in one `Cargo.toml`.

use std::collections::BTreeMap;

use crate::check::Figure;
use crate::settings::{self, HouseRules};
use crate::sources::Repository;

/// The number of crates from a registry that more than one package depends on, in any section, without the basics.
#[must_use]
pub fn check(sources: &Repository, settings: &HouseRules) -> Figure {
    let mut users: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in sources.packages.iter().filter(|package| !settings::is_excepted(&settings.tools, &package.name)) {
        for vendor in &package.vendors {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;
    use crate::workspace::WorkspaceMember;

    #[test]
    fn a_vendor_in_two_manifests_goes_red() {
        let mut settings = HouseRules::committed().unwrap();
        settings.ratchets.vendors = 0;
        let package = |name: &str, vendors: &[&str]| WorkspaceMember {
            name: name.into(),
            folder: name.into(),
            vendors: vendors.iter().map(|vendor| (*vendor).to_owned()).collect(),
        };
        let mut sources = samples::rust(&[]);
        sources.packages = vec![package("a", &["serde", "gix"]), package("b", &["serde"])];
        assert!(check(&sources, &settings).holds());
        sources.packages.push(package("c", &["gix"]));
        let red = check(&sources, &settings);
        assert_eq!((red.holds(), &*red.places), (false, &["gix: a, c".to_owned()][..]));
        sources.packages[2].name = "rcrepro-house".into();
        assert!(check(&sources, &settings).holds());
    }
}
