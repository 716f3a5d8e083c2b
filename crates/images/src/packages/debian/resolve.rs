//! The closure of some packages under `Pre-Depends` and `Depends`: a pure function of the lists.
//!
//! Rules: of each name only its highest version counts, over all suites; of two equal ones that of the suite named first.
//! Of alternatives that one is taken which is chosen already, else the first whose own closure can be had. A name means
//! the real package, then for those that provide it: the more important first (`Essential`, `Priority`), then by name.
//! Recommendations do not count. Whatever conflicts is reported, never worked around.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::DebianError;
use super::index::DebianPackage;
use super::relation::{self, Relation};

/// One suite's list.
#[derive(Debug, Clone)]
pub struct List<'a> {
    /// The suite's code name.
    pub suite: &'a str,
    /// In the list's order.
    pub packages: Vec<DebianPackage<'a>>,
}

/// A package and the suite whose list has it.
#[derive(Debug, Clone, Copy)]
pub struct SuitePackage<'a> {
    /// The suite's code name.
    pub suite: &'a str,
    /// As that list describes it.
    pub package: &'a DebianPackage<'a>,
}

/// Resolves packages and all that they depend on, in the order in which they were found to be needed.
///
/// # Errors
/// [`DebianError::Unsatisfied`] with the chain that led to what is missing, [`DebianError::Conflict`], or
/// [`DebianError::List`] for a relation that cannot be read.
pub fn resolve<'a>(
    lists: &'a [List<'a>],
    wanted: &BTreeSet<String>,
    architecture: &str,
) -> Result<Vec<SuitePackage<'a>>, DebianError> {
    let mut closure = Closure::new(lists, architecture)?;
    // All wanted packages come before anything that one of them depends on is looked for.
    for name in wanted {
        let found = closure.candidates.get(name.as_str()).copied();
        closure.take(found.ok_or_else(|| closure.no_such_package(name))?);
    }
    for index in 0..closure.chosen.len() {
        closure.expand(closure.chosen[index]).map_err(Stop::into_error)?;
    }
    closure.check_conflicts()?;
    Ok(closure.chosen)
}

struct Closure<'a> {
    architecture: String,
    candidates: HashMap<&'a str, SuitePackage<'a>>,
    /// Virtual name -> who provides it and at which version.
    providers: HashMap<&'a str, Vec<(SuitePackage<'a>, Option<&'a str>)>>,
    chosen: Vec<SuitePackage<'a>>,
    names: HashSet<&'a str>,
    /// What cannot be had, whatever else is chosen, and why.
    impossible: HashMap<&'a str, String>,
}

/// Why a search ended: with a chain that another alternative may mend, or for good.
enum Stop {
    Missing(String),
    Broken(DebianError),
}

impl Stop {
    fn into_error(self) -> DebianError {
        match self {
            Self::Missing(chain) => DebianError::Unsatisfied(chain),
            Self::Broken(error) => error,
        }
    }
}

impl<'a> Closure<'a> {
    fn new(lists: &'a [List<'a>], architecture: &str) -> Result<Self, DebianError> {
        let mut candidates: HashMap<&str, SuitePackage<'a>> = HashMap::new();
        for list in lists {
            let fitting = list.packages.iter().filter(|one| [architecture, "all"].contains(&one.architecture));
            for package in fitting {
                let listed = SuitePackage { suite: list.suite, package };
                let before = candidates.entry(package.name).or_insert(listed);
                if relation::compare(package.version, before.package.version) == Some(Ordering::Greater) {
                    *before = listed;
                }
            }
        }
        let mut providers: HashMap<&str, Vec<_>> = HashMap::new();
        for listed in candidates.values().filter(|listed| !listed.package.provides.is_empty()) {
            for provided in relations(*listed, listed.package.provides)?.into_iter().flatten() {
                let version = provided.constraint.map(|(_, version)| version);
                providers.entry(provided.name).or_default().push((*listed, version));
            }
        }
        for providers in providers.values_mut() {
            providers
                .sort_by_key(|(listed, _)| (!listed.package.essential, listed.package.priority, listed.package.name));
        }
        Ok(Self {
            architecture: architecture.to_owned(),
            candidates,
            providers,
            chosen: Vec::new(),
            names: HashSet::new(),
            impossible: HashMap::new(),
        })
    }

    fn take(&mut self, listed: SuitePackage<'a>) {
        if self.names.insert(listed.package.name) {
            self.chosen.push(listed);
        }
    }

    /// Takes a package with all that it depends on, or nothing.
    fn choose(&mut self, listed: SuitePackage<'a>) -> Result<(), Stop> {
        let name = listed.package.name;
        if self.names.contains(name) {
            return Ok(());
        }
        if let Some(reason) = self.impossible.get(name) {
            return Err(Stop::Missing(reason.clone()));
        }
        let before = self.chosen.len();
        // Taken before its dependencies, so that a circle ends here.
        self.take(listed);
        self.expand(listed).inspect_err(|stop| {
            for undone in self.chosen.drain(before..) {
                self.names.remove(undone.package.name);
            }
            if let Stop::Missing(reason) = stop {
                self.impossible.insert(name, reason.clone());
            }
        })
    }

    fn expand(&mut self, listed: SuitePackage<'a>) -> Result<(), Stop> {
        for field in [listed.package.pre_depends, listed.package.depends] {
            for group in relations(listed, field).map_err(Stop::Broken)? {
                self.satisfy(listed, &group)?;
            }
        }
        Ok(())
    }

    fn satisfy(&mut self, owner: SuitePackage<'a>, group: &[Relation<'a>]) -> Result<(), Stop> {
        let options: Vec<_> = group.iter().flat_map(|relation| self.options(relation)).collect();
        if options.iter().any(|option| self.names.contains(option.package.name)) {
            return Ok(());
        }
        let wanted = || group.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ");
        let mut first = None;
        for option in options {
            match self.choose(option) {
                Ok(()) => return Ok(()),
                Err(Stop::Missing(reason)) => {
                    first.get_or_insert_with(|| format!("{} depends on {}, {reason}", owner.package.name, wanted()))
                }
                Err(broken @ Stop::Broken(_)) => return Err(broken),
            };
        }
        Err(Stop::Missing(first.unwrap_or_else(|| {
            let others: Vec<_> = (group.iter())
                .filter_map(|relation| self.candidates.get(relation.name))
                .map(|other| format!("{} is {} in {}", other.package.name, other.package.version, other.suite))
                .collect();
            let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
            format!("{} depends on {}, which nothing provides{others}", owner.package.name, wanted())
        })))
    }

    /// Returns what satisfies a relation, the first choice first.
    fn options(&self, relation: &Relation<'_>) -> Vec<SuitePackage<'a>> {
        let real = self.candidates.get(relation.name).filter(|real| relation.takes(real.package.version));
        let provided = self.providers.get(relation.name).into_iter().flatten();
        let provided = provided.filter(|(_, version)| match (relation.constraint, version) {
            (None, _) => true,
            (Some(_), Some(version)) => relation.takes(version),
            (Some(_), None) => false,
        });
        let all = real.into_iter().chain(provided.map(|(listed, _)| listed));
        all.filter(|listed| self.qualifies(relation, listed)).copied().collect()
    }

    fn qualifies(&self, relation: &Relation<'_>, listed: &SuitePackage<'_>) -> bool {
        match relation.qualifier {
            None => true,
            Some("any") => listed.package.any_allowed,
            Some(architecture) => architecture == self.architecture,
        }
    }

    fn check_conflicts(&self) -> Result<(), DebianError> {
        for one in &self.chosen {
            for (field, text) in [("Conflicts", one.package.conflicts), ("Breaks", one.package.breaks)] {
                for relation in relations(*one, text)?.into_iter().flatten() {
                    let hit = self.options(&relation).into_iter().find(|other| {
                        other.package.name != one.package.name && self.names.contains(other.package.name)
                    });
                    if let Some(other) = hit {
                        let (one, other) = (one.package.name.to_owned(), other.package.name.to_owned());
                        return Err(DebianError::Conflict { one, other, field, relation: relation.to_string() });
                    }
                }
            }
        }
        Ok(())
    }

    fn no_such_package(&self, name: &str) -> DebianError {
        let providers: Vec<_> =
            self.providers.get(name).into_iter().flatten().map(|(listed, _)| listed.package.name).collect();
        let instead = match providers.is_empty() {
            true => String::new(),
            false => format!(": it is provided by {}, of which the definition has to name one", providers.join(", ")),
        };
        DebianError::Unsatisfied(format!("no suite has a package `{name}` for {}{instead}", self.architecture))
    }
}

fn relations<'a>(listed: SuitePackage<'a>, text: &'a str) -> Result<Vec<Vec<Relation<'a>>>, DebianError> {
    relation::parse(text).map_err(|part| {
        let reason = format!("`{}`: invalid relation `{part}`", listed.package.name);
        DebianError::List { suite: listed.suite.to_owned(), reason }
    })
}

#[cfg(test)]
mod tests;
