//! The world that a command sees beside its inputs: clocks, processors, names, order of directories.
//!
//! None of it is in the action. The action says what goes in; the world is what differs from machine to machine and from
//! run to run, and what [`World::fixed`] takes away as a cause of differences. The plan, whose digest the manifest holds,
//! says what a command asks for; the manifest says which clock it got.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Names the wall clock that a command saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockMode {
    /// The machine's own.
    Real,
    /// It stood at `SOURCE_DATE_EPOCH`, for every process; monotonic time flowed.
    Pinned,
}

impl ClockMode {
    /// Gives the word that plans, manifests and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Pinned => "pinned",
        }
    }
}

/// Says how entries of a directory are ordered when a program reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryOrder {
    /// As the file system gives them.
    Real,
    /// By the bytes of their names, within each read (all but the largest directories come in one).
    Sorted,
    /// In an order that follows from this seed, within each read.
    Shuffled(u64),
}

/// Describes what a command sees beside its inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// The wall clock's constant time in seconds since 1970; the machine's own clock without it.
    pub pinned: Option<i64>,
    /// Executables, by the last part of their path, whose monotonic time moves in steps of this length only.
    pub quantised: BTreeMap<String, Duration>,
    /// How many processors programs are told of; the machine's own number without it.
    pub cpus: Option<u32>,
    /// What the kernel hands every new program as random bytes (`AT_RANDOM`: Go's map order and temporary names come from
    /// them); the kernel's own without it.
    pub seed: Option<u64>,
    /// The order of directories.
    pub directories: DirectoryOrder,
    /// The container's host name.
    pub hostname: String,
    /// The user and group id.
    pub user: u32,
    /// The file mode creation mask.
    pub umask: u32,
    /// How many processes burn processor time beside the command.
    pub load: u32,
}

/// The host name of every container.
pub const HOSTNAME: &str = "rcrepro";
/// The user and group that commands run as, by number: no `/etc/passwd` is asked.
pub const USER_ID: u32 = 1000;
/// The file mode creation mask of every command.
pub const UMASK: u32 = 0o022;
/// How many processors a command is told of when the plan says nothing else.
pub const CPUS: u32 = 4;
/// The executables whose monotonic time is quantised when the plan says nothing else: they print how long they took.
pub const QUANTISED: [&str; 2] = ["gitleaks", "go"];
/// The length of a step of quantised time when the plan says nothing else.
pub const QUANTUM: Duration = Duration::from_secs(300);

impl World {
    /// Leaves the machine's own clocks, processors, randomness and order in place.
    #[must_use]
    pub fn real() -> Self {
        Self {
            pinned: None,
            quantised: BTreeMap::new(),
            cpus: None,
            seed: None,
            directories: DirectoryOrder::Real,
            hostname: HOSTNAME.to_owned(),
            user: USER_ID,
            umask: UMASK,
            load: 0,
        }
    }

    /// Takes away every cause that can be taken away: the world of commands.
    #[must_use]
    pub fn fixed(epoch: i64, settings: &WorldSettings) -> Self {
        let pinned = settings.clock == ClockMode::Pinned;
        let quantised = settings.quantised.iter().filter(|_| pinned).map(|name| (name.clone(), settings.quantum));
        Self {
            pinned: pinned.then_some(epoch),
            quantised: quantised.collect(),
            cpus: Some(settings.cpus),
            seed: Some(0),
            directories: DirectoryOrder::Sorted,
            ..Self::real()
        }
    }

    /// Names the wall clock that it asks for.
    #[must_use]
    pub fn clock(&self) -> ClockMode {
        if self.pinned.is_some() { ClockMode::Pinned } else { ClockMode::Real }
    }
}

/// Is what a plan asks of a command's world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldSettings {
    /// The wall clock.
    pub clock: ClockMode,
    /// Executables, by the last part of their path, whose monotonic time is quantised while the clock is pinned.
    pub quantised: Vec<String>,
    /// The length of a step of quantised time.
    pub quantum: Duration,
    /// How many processors the command is told of.
    pub cpus: u32,
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            clock: ClockMode::Pinned,
            quantised: QUANTISED.map(str::to_owned).to_vec(),
            quantum: QUANTUM,
            cpus: CPUS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_clock_is_quantised_for_nobody() {
        let real = WorldSettings { clock: ClockMode::Real, ..WorldSettings::default() };
        let world = World::fixed(7, &real);
        assert_eq!((world.pinned, world.quantised.len(), world.clock()), (None, 0, ClockMode::Real));
        let world = World::fixed(7, &WorldSettings::default());
        assert_eq!((world.pinned, world.quantised.len(), world.clock()), (Some(7), 2, ClockMode::Pinned));
    }
}
