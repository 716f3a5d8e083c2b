//! Puts a command into another world: its action and world, derived from the plain ones by one rule.
//!
//! The varied action is executed and forgotten: no manifest records its digest. What the plan itself sets in a command's
//! environment stays as it is, because that is pinned on purpose.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::variation::{ClockChange, Locale, Setting, Setup, Variation};
use crate::content::digest::Digest;
use crate::content::name::{Name, TreePath};
use crate::content::tree::{Directory, TreeNode};
use crate::execution::action::Action;
use crate::execution::derive::WORK;
use crate::execution::world::{ClockMode, DirectoryOrder, Processors, WallClock, World};

/// The variable that makes an environment larger.
pub const PADDING: &str = "RCREPRO_PADDING";
/// The seeds of hash tables in the fixed environment.
pub const HASH_SEEDS: [&str; 2] = ["PERL_HASH_SEED", "PYTHONHASHSEED"];
/// The home beside a source that was moved.
pub const MOVED_HOME: &str = "home";

/// A command as the plan has it.
#[derive(Debug, Clone)]
pub struct Plain<'a> {
    /// The command as the plan derives it.
    pub action: Action,
    /// The input root's `Directory`, whose digest the action has.
    pub root: Directory,
    /// The world that the plan gives the command.
    pub world: World,
    /// Where a clock begins that is not the machine's, in seconds since 1970.
    pub epoch: i64,
    /// The variables that the plan itself sets.
    pub own: &'a BTreeMap<String, String>,
}

/// A command in another world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Varied {
    /// What is executed.
    pub action: Action,
    /// What it sees.
    pub world: World,
    /// `Directory` messages that its input root adds to those already stored.
    pub messages: Vec<Vec<u8>>,
}

impl Plain<'_> {
    /// Whether a setting makes any difference to this command: it is not what the baseline has, and the plan does
    /// not pin it.
    #[must_use]
    pub fn differs(&self, setting: &Setting) -> bool {
        let free = |name: &str| !self.own.contains_key(name);
        match setting {
            Setting::TimeZone(_) => free("TZ"),
            Setting::Locale(_) => free("LANG") && free("LC_ALL"),
            Setting::Environment(_) => free(PADDING),
            Setting::Path(_) => self.action.command.working_directory.as_str() == WORK,
            // A plan that asks for the real clock has none of ours to be changed.
            Setting::Clock(change) => {
                self.world.wall != WallClock::Real && *change != ClockChange::Mode(self.world.clock())
            }
            _ => self.vary(&Setup::from([(setting.variation(), *setting)])).world != self.world,
        }
    }

    /// Puts the command into a world.
    #[must_use]
    pub fn vary(&self, setup: &Setup) -> Varied {
        let mut varied = Varied { action: self.action.clone(), world: self.world.clone(), messages: Vec::new() };
        for setting in setup.values() {
            self.set(setting, &mut varied);
        }
        varied
    }

    fn set(&self, setting: &Setting, varied: &mut Varied) {
        let world = &mut varied.world;
        match *setting {
            Setting::Cpus(count) => world.cpus = Processors::Exactly(count),
            Setting::Hostname(name) => {
                world.hostname = name.to_owned();
                self.put(varied, "HOSTNAME", name);
            }
            Setting::User(id) => world.user = id,
            Setting::TimeZone(zone) => self.put(varied, "TZ", zone),
            Setting::Locale(Locale::C) => {
                self.put(varied, "LANG", "C");
                self.put(varied, "LC_ALL", "C");
            }
            Setting::Locale(Locale::Named(name)) => {
                self.put(varied, "LANG", name);
                if !self.own.contains_key("LC_ALL") {
                    varied.action.command.environment.remove("LC_ALL");
                }
            }
            Setting::Umask(mask) => world.umask = mask,
            Setting::Path(folder) => self.move_to(varied, folder),
            Setting::Environment(bytes) => self.put(varied, PADDING, &"x".repeat(bytes as usize)),
            Setting::Order(seed) => world.directories = DirectoryOrder::Shuffled(seed),
            Setting::Clock(ClockChange::Moved(seconds)) => world.wall = world.wall.moved(seconds),
            Setting::Clock(ClockChange::Mode(mode)) => {
                world.wall = WallClock::new(mode, self.epoch);
                if mode == ClockMode::Real {
                    *world = world.clone().with_real_clock();
                }
            }
            Setting::Seed(seed) => {
                world.seed = Some(seed);
                // Python takes 32 bits, and 0 is what is fixed.
                let number = (seed as u32).max(1).to_string();
                for name in HASH_SEEDS {
                    self.put(varied, name, &number);
                }
            }
            Setting::Load(count) => world.load = count,
        }
    }

    /// Sets a variable that the plan does not.
    fn put(&self, varied: &mut Varied, name: &str, value: &str) {
        if !self.own.contains_key(name) {
            varied.action.command.environment.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Moves `work` below a folder, with an empty home beside it; frozen inputs stay where their variables say.
    fn move_to(&self, varied: &mut Varied, folder: &str) {
        let mut root = self.root.clone();
        let Some(work) = root.entries.remove(&name(WORK)) else { return };
        let empty = Directory::default().encode();
        let home = TreeNode::Directory { digest: Digest::of(&empty) };
        let mut inner = Directory { entries: [(name(WORK), work), (name(MOVED_HOME), home)].into() };
        varied.messages.push(empty);
        let path: TreePath = folder.parse().expect("a constant path");
        let segments: Vec<Name> = path.segments().collect();
        for segment in segments.into_iter().rev() {
            let bytes = inner.encode();
            let node = TreeNode::Directory { digest: Digest::of(&bytes) };
            varied.messages.push(bytes);
            inner = Directory { entries: [(segment, node)].into() };
        }
        root.entries.extend(inner.entries);
        let bytes = root.encode();
        varied.action.input_root = Digest::of(&bytes);
        varied.messages.push(bytes);
        varied.action.command.working_directory = path.join(&WORK.parse().expect("a constant path"));
        self.put(varied, "HOME", &format!("/{folder}/{MOVED_HOME}"));
    }
}

/// Bounds how long a command may run with a clock that stands, by what it took while the clock flowed: a program that waits for the
/// clock waits for ever.
#[must_use]
pub fn patience(took: Duration) -> Duration {
    Duration::from_secs(60).saturating_add(took.saturating_mul(10))
}

/// Names what of a world that was asked for is not in the one that was given.
#[must_use]
pub fn left_out(asked: &World, given: &World) -> BTreeSet<Variation> {
    let differs = [
        (Variation::Cpus, asked.cpus != given.cpus),
        (Variation::Hostname, asked.hostname != given.hostname),
        (Variation::User, asked.user != given.user),
        (Variation::Umask, asked.umask != given.umask),
        (Variation::Order, asked.directories != given.directories),
        (Variation::Clock, asked.wall != given.wall),
        (Variation::Seed, asked.seed != given.seed),
        (Variation::Load, asked.load != given.load),
    ];
    differs.into_iter().filter(|(_, differs)| *differs).map(|(variation, _)| variation).collect()
}

fn name(text: &str) -> Name {
    text.parse().expect("a constant name")
}

#[cfg(test)]
mod tests;
