//! A world by the keys of a plan that ask for it.

use std::fmt;

use crate::execution::world::{ClockMode, DirectoryOrder, World, WorldSettings};

/// What is pinned and no key of a plan lets go alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorldPin {
    /// The order of directories.
    Directories,
    /// The seeds of what looks random.
    Seeds,
}

impl WorldPin {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Directories, Self::Seeds];

    /// Returns the words that reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Directories => "the order of directories",
            Self::Seeds => "the seeds",
        }
    }
}

/// A world by the keys that ask for it; without any it is the one that the line has anyway.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The wall clock.
    pub clock: Option<ClockMode>,
    /// The number of processors.
    pub cpus: Option<u32>,
    /// Whether nothing is pinned.
    pub machine: bool,
    /// What is let go beside; it is tried to name the cause, and never proposed.
    pub free: Option<WorldPin>,
}

impl Candidate {
    /// Returns a command's settings with these keys in place of its own.
    #[must_use]
    pub fn settings(&self, own: &WorldSettings) -> WorldSettings {
        WorldSettings { clock: self.clock, machine: self.machine, cpus: self.cpus, ..own.clone() }
    }

    /// Returns the command's world with these keys in place of its own.
    #[must_use]
    pub fn world(&self, epoch: i64, own: &WorldSettings, usual: ClockMode) -> World {
        let mut world = World::fixed(epoch, &self.settings(own), usual);
        match self.free {
            Some(WorldPin::Directories) => world.directories = DirectoryOrder::Real,
            Some(WorldPin::Seeds) => world.seed = None,
            None => {}
        }
        world
    }

    /// Lists the keys with their values, as TOML has them.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let clock = self.clock.map(|clock| format!("clock = \"{}\"", clock.as_str()));
        let cpus = self.cpus.map(|cpus| format!("cpus = {cpus}"));
        let machine = self.machine.then(|| "world = \"machine\"".to_owned());
        clock.into_iter().chain(cpus).chain(machine).collect()
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys();
        f.write_str(&if keys.is_empty() { "no key".to_owned() } else { keys.join(", ") })?;
        self.free.map_or(Ok(()), |pin| write!(f, " and {} of the machine", pin.as_str()))
    }
}
