//! Rooms per floor: the modules that lie side by side in one folder.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::check::{Figure, percentile};
use crate::settings::HouseRules;
use crate::sources::{Repository, RustFile};

/// The 90th percentile of modules per folder. `a.rs` with a folder `a/` beside it is one module; tests do not count.
#[must_use]
pub fn check(sources: &Repository, settings: &HouseRules) -> Figure {
    let goal = settings.goals.rooms;
    let mut floors: Vec<(usize, String)> =
        rooms(sources.code()).into_iter().map(|(folder, rooms)| (rooms.len(), folder)).collect();
    floors.sort_by_key(|(count, folder)| (Reverse(*count), folder.clone()));
    let counts: Vec<usize> = floors.iter().map(|(count, _)| *count).collect();
    let worst = floors.iter().filter(|(count, _)| *count > goal);
    Figure {
        name: "rooms per floor, p90".into(),
        figure: percentile(&counts, 90),
        limit: settings.ratchets.rooms,
        goal,
        places: worst.map(|(count, folder)| format!("{folder}: {count} modules")).collect(),
    }
}

/// The names of the modules in each folder.
fn rooms<'a>(files: impl Iterator<Item = &'a RustFile>) -> BTreeMap<String, BTreeSet<String>> {
    let mut floors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let module = Path::new(&file.path).with_extension("");
        let is_root = ["mod", "lib", "main", "build"].iter().any(|name| module.ends_with(name));
        let mut room = if is_root { module.parent() } else { Some(module.as_path()) };
        while let Some((floor, name)) = room.and_then(|room| Some((room.parent()?, room.file_name()?))) {
            if !floor.components().any(|part| part.as_os_str() == "src") {
                break;
            }
            let floor_name = floor.to_string_lossy().into_owned();
            floors.entry(floor_name).or_default().insert(name.to_string_lossy().into_owned());
            room = Some(floor);
        }
    }
    floors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;

    #[test]
    fn a_crowded_floor_goes_red() {
        let mut settings = HouseRules::committed().unwrap();
        (settings.goals.rooms, settings.ratchets.rooms) = (2, 2);
        let mut files = vec![
            ("src/lib.rs", ""),
            ("src/a.rs", ""),
            ("src/a/tests.rs", ""),
            ("src/b/mod.rs", ""),
            ("src/b/c.rs", ""),
        ];
        let check_of = |files: &[(&str, &str)]| check(&samples::rust(files), &settings);
        assert!(check_of(&files).holds());
        files.push(("src/d.rs", ""));
        let red = check_of(&files);
        assert!(!red.holds());
        assert_eq!(red.places, ["src: 3 modules"]);
    }
}
