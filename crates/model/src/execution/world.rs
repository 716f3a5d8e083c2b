//! The world that a command sees beside its inputs: clocks, processors, names, order of directories.
//!
//! None of it is in the action. The action says what goes in; the world is what differs from machine to machine and from
//! run to run, and what [`World::fixed`] takes away as a cause of differences. The plan, whose digest the manifest holds,
//! says what a command asks for; the manifest says which clock it got.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The modification time of every file and directory of a command's inputs, in seconds since 1970: 2 January 1980.
///
/// It is one constant, never `SOURCE_DATE_EPOCH`, so that one staged tree serves every command; and it is the first day
/// that the zip format can express in every time zone. The index of a repository in the inputs holds it, too.
pub const INPUT_MTIME: u64 = 315_619_200;

/// The modification time of a build cache that a command is given at `GOCACHE`, in seconds since 1970: 1 January 2038.
///
/// Go stamps each entry that it uses with the time if its own is an hour old, and removes those that are five days old. Over an
/// overlay the first would copy every entry, and the second would hide the rest from the next call. An entry of the future is left
/// alone. The time is the last year's that every file system can hold.
pub const CACHE_MTIME: u64 = 2_145_916_800;

/// The wall clock that a command saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockMode {
    /// The machine's own.
    Real,
    /// It showed `SOURCE_DATE_EPOCH` throughout, to every process; monotonic time flowed. The word for [`Self::Stands`] in manifests of
    /// version 2, and in plans that were written for them.
    Pinned,
    /// It showed `SOURCE_DATE_EPOCH` throughout, to every process; monotonic time flowed.
    Stands,
    /// It read `SOURCE_DATE_EPOCH` when the command began, and flowed with monotonic time, for every process.
    Starts,
    /// One of the others was asked for, and a process had the machine's own, or it is not known that none had.
    Unconfirmed,
}

impl ClockMode {
    /// Every mode that a plan may ask for, the older word last.
    pub const ALL: [Self; 4] = [Self::Starts, Self::Stands, Self::Real, Self::Pinned];

    /// Returns the word that plans, manifests and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Pinned => "pinned",
            Self::Stands => "stands",
            Self::Starts => "starts",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// Returns the same clock by its word of today.
    #[must_use]
    pub const fn today(self) -> Self {
        match self {
            Self::Pinned => Self::Stands,
            other => other,
        }
    }

    /// Whether manifests of this version use the word.
    #[must_use]
    pub const fn is_word_of(self, version: u32) -> bool {
        match self {
            Self::Real => true,
            Self::Pinned => version == 2,
            Self::Stands | Self::Starts => version >= 3,
            Self::Unconfirmed => version >= 4,
        }
    }
}

/// The wall clock of a command; times are in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WallClock {
    /// The machine's own.
    Real,
    /// The same time throughout, in seconds since 1970.
    Stands(i64),
    /// It reads this time when the command begins, and flows with monotonic time.
    Starts(i64),
}

impl WallClock {
    /// Returns the clock of this mode that begins at a time.
    #[must_use]
    pub const fn new(mode: ClockMode, epoch: i64) -> Self {
        match mode {
            ClockMode::Real => Self::Real,
            ClockMode::Pinned | ClockMode::Stands => Self::Stands(epoch),
            // What was asked for is not known any more; this is what is asked for as a rule.
            ClockMode::Starts | ClockMode::Unconfirmed => Self::Starts(epoch),
        }
    }

    /// Returns the mode without the time.
    #[must_use]
    pub const fn mode(self) -> ClockMode {
        match self {
            Self::Real => ClockMode::Real,
            Self::Stands(_) => ClockMode::Stands,
            Self::Starts(_) => ClockMode::Starts,
        }
    }

    /// Returns the time at which it stands or starts; none for the machine's own.
    #[must_use]
    pub const fn epoch(self) -> Option<i64> {
        match self {
            Self::Real => None,
            Self::Stands(epoch) | Self::Starts(epoch) => Some(epoch),
        }
    }

    /// Moves it by so many seconds; the machine's own stays.
    #[must_use]
    pub const fn moved(self, seconds: i64) -> Self {
        match self {
            Self::Real => Self::Real,
            Self::Stands(epoch) => Self::Stands(epoch.saturating_add(seconds)),
            Self::Starts(epoch) => Self::Starts(epoch.saturating_add(seconds)),
        }
    }
}

/// How many processors programs are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processors {
    /// As many as the machine has.
    Machine,
    /// This many, or as many as the machine has where those are fewer: a program that starts a worker for each must not start
    /// more than can run.
    AtMost(u32),
    /// This many, whatever the machine has: the plan says so.
    Exactly(u32),
}

/// How entries of a directory are ordered when a program reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryOrder {
    /// As the file system gives them.
    Real,
    /// By the bytes of their names, within each read (all but the largest directories come in one).
    Sorted,
    /// In an order that follows from this seed, within each read.
    Shuffled(u64),
}

/// What a command sees beside its inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// What the clocks of days and years show.
    pub wall: WallClock,
    /// Executables, by the last part of their path, whose monotonic time moves in steps of this length only.
    pub quantised: BTreeMap<String, Duration>,
    /// Executables, by the last part of their path, that read no time of a file later than the one at which the wall clock stands or
    /// starts.
    pub clamp_mtime: BTreeSet<String>,
    /// How many processors programs are told of.
    pub cpus: Processors,
    /// What the kernel hands every new program as random bytes (`AT_RANDOM`: Go's map order and temporary names come from
    /// them); the kernel's own without it.
    pub seed: Option<u64>,
    /// In which order programs read the names in a folder.
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
/// How many processors a command is told of at most when the plan says nothing else.
pub const CPUS: u32 = 4;
/// The executables whose monotonic time is quantised when the plan says nothing else: they print how long they took.
pub const QUANTISED: [&str; 2] = ["gitleaks", "go"];
/// The length of a step of quantised time when the plan says nothing else.
pub const QUANTUM: Duration = Duration::from_secs(300);

/// The executables whose times of files are clamped when the plan says nothing else: what they write holds those times, and they
/// decide nothing by them.
pub const CLAMP_MTIME: [&str; 19] = [
    "7z",
    "7za",
    "7zr",
    "7zz",
    "ar",
    "bsdcpio",
    "bsdtar",
    "cpio",
    "genisoimage",
    "gtar",
    "gzip",
    "jar",
    "llvm-ar",
    "mkisofs",
    "mksquashfs",
    "pax",
    "pigz",
    "tar",
    "zip",
];

impl World {
    /// Leaves the machine's own clocks, processors, randomness and order in place.
    #[must_use]
    pub fn real() -> Self {
        Self {
            wall: WallClock::Real,
            quantised: BTreeMap::new(),
            clamp_mtime: BTreeSet::new(),
            cpus: Processors::Machine,
            seed: None,
            directories: DirectoryOrder::Real,
            hostname: HOSTNAME.to_owned(),
            user: USER_ID,
            umask: UMASK,
            load: 0,
        }
    }

    /// Takes away every cause that can be taken away: the world of commands. `tool` is the clock where the settings name none.
    #[must_use]
    pub fn fixed(epoch: i64, settings: &WorldSettings, tool: ClockMode) -> Self {
        if settings.machine {
            return Self::real();
        }
        let wall = WallClock::new(settings.mode(tool), epoch);
        let is_held = wall != WallClock::Real;
        let quantised = settings.quantised.iter().filter(|_| is_held).map(|name| (name.clone(), settings.quantum));
        Self {
            wall,
            quantised: quantised.collect(),
            clamp_mtime: settings.clamp_mtime.iter().filter(|_| is_held).cloned().collect(),
            cpus: settings.cpus.map_or(Processors::AtMost(CPUS), Processors::Exactly),
            seed: Some(0),
            directories: DirectoryOrder::Sorted,
            ..Self::real()
        }
    }

    /// Returns the same world with the machine's wall clock, and with no time held or clamped.
    #[must_use]
    pub fn with_real_clock(self) -> Self {
        Self { wall: WallClock::Real, quantised: BTreeMap::new(), clamp_mtime: BTreeSet::new(), ..self }
    }

    /// Returns the mode of its wall clock.
    #[must_use]
    pub const fn clock(&self) -> ClockMode {
        self.wall.mode()
    }
}

/// What a plan asks of a command's world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorldSettings {
    /// The wall clock; none where it follows from the tools on the line.
    pub clock: Option<ClockMode>,
    /// Whether nothing is pinned at all: for finding out what the pinned world changes.
    pub machine: bool,
    /// Executables, by the last part of their path, whose monotonic time is held while the wall clock is ours.
    pub quantised: Vec<String>,
    /// The length of a step of quantised time.
    pub quantum: Duration,
    /// Executables, by the last part of their path, whose times of files are clamped while the wall clock is ours.
    pub clamp_mtime: Vec<String>,
    /// How many processors the command is told of; none for [`CPUS`] or what the machine has.
    pub cpus: Option<u32>,
}

impl WorldSettings {
    /// Returns the wall clock that is asked for, `tool` where no key says which.
    #[must_use]
    pub fn mode(&self, tool: ClockMode) -> ClockMode {
        if self.machine { ClockMode::Real } else { self.clock.unwrap_or(tool) }
    }
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            clock: None,
            machine: false,
            quantised: QUANTISED.map(str::to_owned).to_vec(),
            quantum: QUANTUM,
            clamp_mtime: CLAMP_MTIME.map(str::to_owned).to_vec(),
            cpus: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_clock_is_quantised_and_clamped_for_nobody() {
        let real = WorldSettings { clock: Some(ClockMode::Real), ..WorldSettings::default() };
        let world = World::fixed(7, &real, ClockMode::Starts);
        assert_eq!((world.wall, world.quantised.len(), world.clock()), (WallClock::Real, 0, ClockMode::Real));
        assert!(world.clamp_mtime.is_empty() && World::real().clamp_mtime.is_empty());
        let world = World::fixed(7, &WorldSettings::default(), ClockMode::Starts);
        assert_eq!((world.wall, world.quantised.len()), (WallClock::Starts(7), 2));
        assert!(world.clamp_mtime.contains("tar") && world.clamp_mtime.len() == CLAMP_MTIME.len());
        let world = world.with_real_clock();
        assert_eq!((world.wall, world.quantised.len(), world.clamp_mtime.len()), (WallClock::Real, 0, 0));
    }

    #[test]
    fn a_plan_decides_before_the_tool_does() {
        for (asked, tool, expected) in [
            (None, ClockMode::Stands, WallClock::Stands(7)),
            (Some(ClockMode::Starts), ClockMode::Stands, WallClock::Starts(7)),
            (Some(ClockMode::Pinned), ClockMode::Starts, WallClock::Stands(7)),
        ] {
            let settings = WorldSettings { clock: asked, ..WorldSettings::default() };
            assert_eq!(World::fixed(7, &settings, tool).wall, expected);
        }
        let machine = WorldSettings { machine: true, ..WorldSettings::default() };
        assert_eq!(World::fixed(7, &machine, ClockMode::Starts), World::real());
    }
}
