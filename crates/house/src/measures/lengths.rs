//! Lines per file, without the items that are compiled for tests only.

use std::cmp::Reverse;

use crate::check::{Figure, percentile};
use crate::settings::HouseRules;
use crate::sources::{Repository, RustFile};
use crate::syntax;

/// Files that the table of places shows.
const SHOWN: usize = 20;

/// The median and the 90th percentile of all files that hold code.
#[must_use]
pub fn checks(sources: &Repository, settings: &HouseRules) -> [Figure; 2] {
    let mut files: Vec<(usize, &str)> = sources.code().map(|file| (length(file), file.path.as_str())).collect();
    files.sort_by_key(|(lines, path)| (Reverse(*lines), *path));
    let lengths: Vec<usize> = files.iter().map(|(lines, _)| *lines).collect();
    let check = |name: &str, percent, goal, limit| Figure {
        name: name.into(),
        figure: percentile(&lengths, percent),
        limit,
        goal,
        places: files.iter().take(SHOWN).map(|(lines, path)| format!("{path}: {lines} lines")).collect(),
    };
    let (goals, ratchets) = (&settings.goals, &settings.ratchets);
    [
        check("lines per file, median", 50, goals.file_median, ratchets.file_median),
        check("lines per file, p90", 90, goals.file_p90, ratchets.file_p90),
    ]
}

fn length(file: &RustFile) -> usize {
    let tests = file.syntax.items.iter().filter(|item| syntax::is_test(syntax::attributes(item)));
    let lines = tests.map(|item| {
        let (first, last) = syntax::lines(item);
        last + 1 - first
    });
    file.text.lines().count() - lines.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::samples;

    #[test]
    fn long_files_go_red_and_tests_do_not_count() {
        let mut settings = HouseRules::committed().unwrap();
        (settings.ratchets.file_median, settings.ratchets.file_p90) = (2, 3);
        let text = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        let green = checks(&samples::rust(&[("src/a.rs", text)]), &settings);
        assert!(green.iter().all(Figure::holds));
        let red = checks(&samples::rust(&[("src/a.rs", "fn a() {}\n\n\nfn b() {}\n")]), &settings);
        assert!(red.iter().all(|check| !check.holds()));
        assert_eq!(red[1].places, ["src/a.rs: 4 lines"]);
    }
}
