//! Tracked links: where they lead within the source. A tool opens what a link leads to under the link's own name.

use std::collections::{BTreeMap, BTreeSet};

/// The longest target of a link that a system follows, in bytes.
const LONGEST: usize = 4096;
/// How many names are looked at to follow one link, those of the links on its way among them.
const STEPS: usize = 4096;
/// How many bytes all links together may lead to: a file that a thousand links lead to is read a thousand times.
const BUDGET: u64 = 256 << 20;

/// The links of a source, and what they are followed to.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// What each link says, by its path.
    pub(super) targets: BTreeMap<String, String>,
}

/// Where the links of interest lead.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Followed {
    /// The links by the file that they lead to.
    pub(super) by_file: BTreeMap<String, Vec<String>>,
    /// Those that lead to no file of the source.
    pub(super) lost: BTreeSet<String>,
    /// Those that would cost too much.
    pub(super) costly: BTreeSet<String>,
}

impl Links {
    /// Follows the links whose names are of interest. `size` knows the size of each file of the source.
    pub(super) fn follow(&self, is_wanted: impl Fn(&str) -> bool, size: impl Fn(&str) -> Option<u64>) -> Followed {
        let (mut followed, mut left) = (Followed::default(), BUDGET);
        for link in self.targets.keys().filter(|link| is_wanted(link)) {
            let file = self.resolve(link).and_then(|file| Some((size(&file)?, file)));
            match file {
                None => drop(followed.lost.insert(link.clone())),
                Some((size, _)) if size > left => drop(followed.costly.insert(link.clone())),
                Some((size, file)) => {
                    left -= size;
                    followed.by_file.entry(file).or_default().push(link.clone());
                }
            }
        }
        followed
    }

    /// Follows a link as a system does; none where it leads out of the source, in a circle, or too far.
    fn resolve(&self, link: &str) -> Option<String> {
        let mut open: Vec<&str> = link.split('/').rev().collect();
        let (mut done, mut lengths) = (String::new(), Vec::new());
        for _ in 0..STEPS {
            let Some(name) = open.pop() else { return Some(done) };
            match name {
                "" | "." => continue,
                ".." => {
                    done.truncate(lengths.pop()?);
                    continue;
                }
                _ => {}
            }
            lengths.push(done.len());
            if !done.is_empty() {
                done.push('/');
            }
            done.push_str(name);
            if let Some(target) = self.targets.get(&done) {
                if target.starts_with('/') || target.len() > LONGEST || done.len() > LONGEST {
                    return None;
                }
                done.truncate(lengths.pop()?);
                open.extend(target.split('/').rev());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(pairs: &[(&str, &str)]) -> Links {
        Links { targets: pairs.iter().map(|(link, target)| ((*link).to_owned(), (*target).to_owned())).collect() }
    }

    #[test]
    fn links_are_followed_within_the_source() {
        let links = links(&[
            ("a", "docs/x"),
            ("web/b", "../c"),
            ("c", "./d/../docs//x"),
            ("d", "docs"),
            ("e", "d/x"),
            ("out", "../x"),
            ("root", "/etc/x"),
            ("self", "self"),
            ("one", "two"),
            ("two", "one"),
            ("up", "docs/../../x"),
        ]);
        for link in ["a", "web/b", "e"] {
            assert_eq!(links.resolve(link).as_deref(), Some("docs/x"), "{link}");
        }
        // `d` leads to `docs`, and what is above that is the root.
        assert_eq!(links.resolve("c").as_deref(), Some("docs/x"));
        for link in ["out", "root", "self", "one", "up"] {
            assert_eq!(links.resolve(link), None, "{link}");
        }
    }

    #[test]
    fn what_many_links_lead_to_is_bounded() {
        let pairs: Vec<(String, String)> =
            (0..1000).map(|at| (format!("f{at:04}/.npmrc"), "../big".to_owned())).collect();
        let links = Links { targets: pairs.into_iter().collect() };
        let followed = links.follow(|_| true, |path| (path == "big").then_some(4 << 20));
        assert_eq!((followed.by_file["big"].len(), followed.costly.len()), (64, 936));
        assert!(followed.lost.is_empty());
        let folder = links.follow(|_| true, |_| None);
        assert_eq!(folder.lost.len(), 1000, "it leads to a folder");
    }
}
