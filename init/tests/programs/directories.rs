//! The order of directories.

use std::path::{Path, PathBuf};

use crate::support::{self, need, text, under};

/// Makes a folder with so many empty files, made in an order of no use.
fn folder(count: u32) -> PathBuf {
    let folder = support::scratch();
    for number in 0..count {
        let number = (u64::from(number) * 7919) % u64::from(count);
        support::write(&folder, &format!("entry-{number:05}-with-a-name-of-some-length"), "");
    }
    folder
}

/// Lists a folder in every way there is, by the names alone.
fn listings(order: &str, folder: &Path) -> Vec<(&'static str, Vec<String>)> {
    need("python3", "python3");
    let go = support::go("probe");
    let place = text(folder);
    let python = "import os, sys; print('\\n'.join(os.listdir(sys.argv[1])))";
    let programs: [(&str, &[&str]); 4] = [
        ("ls", &["ls", "-U", place]),
        ("find", &["find", place, "-type", "f", "-printf", "%f\\n"]),
        ("python", &["python3", "-c", python, place]),
        ("go", &[text(&go), "names", place]),
    ];
    programs
        .into_iter()
        .map(|(name, program)| {
            let ended = under(&[&format!("--directories={order}")], program);
            (name, ended.lines().into_iter().map(str::to_owned).collect())
        })
        .collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[test]
fn small_directories_are_sorted_or_shuffled_for_all_alike() {
    let folder = folder(40);
    let sorted_ones = listings("sorted", &folder);
    for (name, listing) in &sorted_ones {
        assert!(listing.len() == 40 && listing.is_sorted(), "{name}: {listing:?}");
    }
    let (first, second) = (listings("shuffled:1", &folder), listings("shuffled:2", &folder));
    for ((name, one), (_, other)) in first.iter().zip(&second) {
        assert_eq!(sorted(one.clone()), sorted_ones[0].1, "{name}");
        assert!(one != other && !one.is_sorted(), "{name}: {one:?}");
        assert_eq!(one, &first[0].1, "{name} and ls");
    }
}

#[test]
fn large_directories_are_complete() {
    let folder = folder(5_000);
    for order in ["sorted", "shuffled:3"] {
        for (name, listing) in listings(order, &folder) {
            let mut all = sorted(listing);
            assert_eq!(all.len(), 5_000, "{name} {order}");
            all.dedup();
            assert_eq!(all.len(), 5_000, "{name} {order}: some came twice");
        }
    }
}

#[test]
fn directories_can_be_read_again() {
    let names = support::c("names", &[]);
    for count in [40, 3_000] {
        let folder = folder(count);
        let ended = under(&["--directories=sorted"], &[text(&names), text(&folder)]);
        let lines = ended.lines();
        let (first, second) = lines.split_at(lines.len() / 2);
        assert_eq!(first.len(), count as usize);
        assert_eq!(first, second);
    }
}

#[test]
fn trees_can_be_removed_while_they_are_read() {
    let folder = folder(2_000);
    let place = support::scratch().join("copy");
    let script = format!("cp -r {0} {1} && rm -r {1}", text(&folder), text(&place));
    assert_eq!(under(&["--directories=shuffled:5"], &["sh", "-c", &script]).code, 0);
    assert!(!place.exists());
    let script = format!("find {} -name 'entry-*' -delete", text(&folder));
    assert_eq!(under(&["--directories=sorted"], &["sh", "-c", &script]).code, 0);
    assert_eq!(std::fs::read_dir(&folder).expect("it is still there").count(), 0);
}
