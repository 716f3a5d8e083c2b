//! What is varied, its settings, and the worlds that a seed chooses from them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::execution::world::ClockMode;

/// Something that may differ between two machines or two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variation {
    /// How many processors programs are told of.
    Cpus,
    /// The host name, and the variable `HOSTNAME`.
    Hostname,
    /// The user and group id, and the owner of the inputs.
    User,
    /// The variable `TZ`.
    TimeZone,
    /// The variables `LANG` and `LC_ALL`.
    Locale,
    /// The file mode creation mask.
    Umask,
    /// The source's folder, and `HOME`.
    Path,
    /// The size of the environment, and with it where the stack begins.
    Environment,
    /// The order in which directories are read.
    Order,
    /// The wall clock.
    Clock,
    /// The random bytes that the kernel hands a new program, and the seeds in the environment.
    Seed,
    /// Busy processes beside the command.
    Load,
}

/// The error for an unknown variation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown variation `{found}`: expected one of {}", Variation::ALL.map(Variation::as_str).join(", "))]
pub struct VariationError {
    /// The text that was found.
    pub found: String,
}

impl Variation {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 12] = [
        Self::Cpus,
        Self::Hostname,
        Self::User,
        Self::TimeZone,
        Self::Locale,
        Self::Umask,
        Self::Path,
        Self::Environment,
        Self::Order,
        Self::Clock,
        Self::Seed,
        Self::Load,
    ];

    /// Returns the word that the command line and reports use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpus => "cpus",
            Self::Hostname => "host",
            Self::User => "uid",
            Self::TimeZone => "tz",
            Self::Locale => "locale",
            Self::Umask => "umask",
            Self::Path => "path",
            Self::Environment => "env",
            Self::Order => "order",
            Self::Clock => "clock",
            Self::Seed => "seed",
            Self::Load => "load",
        }
    }

    /// Lists the settings that it may take; `seed` chooses where a setting is a random one. There are always two or more.
    #[must_use]
    pub fn settings(self, seed: u64) -> Vec<Setting> {
        match self {
            Self::Cpus => [1, 2, 64].map(Setting::Cpus).to_vec(),
            Self::Hostname => ["elsewhere", "builder-07.a-rather-long-name.example"].map(Setting::Hostname).to_vec(),
            Self::User => [1001, 54_321].map(Setting::User).to_vec(),
            // A zone by name for those who have its file, and by rule for those who have not.
            Self::TimeZone => ["Asia/Kathmandu", "NST3:30NDT", "Pacific/Apia"].map(Setting::TimeZone).to_vec(),
            Self::Locale => {
                [Locale::C, Locale::Named("de_DE.UTF-8"), Locale::Named("tr_TR.UTF-8")].map(Setting::Locale).to_vec()
            }
            Self::Umask => [0o077, 0o002].map(Setting::Umask).to_vec(),
            Self::Path => ["build/elsewhere", "srv/a-folder-with-a-rather-long-name/1"].map(Setting::Path).to_vec(),
            Self::Environment => [1_000, 50_000].map(Setting::Environment).to_vec(),
            Self::Order => [1, 2].map(|n| Setting::Order(mix(seed, n))).to_vec(),
            Self::Clock => {
                // Another year, month, day of the month, weekday and time of day, from whatever day on.
                vec![
                    Setting::Clock(ClockChange::Moved(1_142 * DAY + 40_271)),
                    Setting::Clock(ClockChange::Mode(ClockMode::Real)),
                    Setting::Clock(ClockChange::Moved(-2_021 * DAY - 34_483)),
                    Setting::Clock(ClockChange::Mode(ClockMode::Starts)),
                    Setting::Clock(ClockChange::Mode(ClockMode::Stands)),
                ]
            }
            Self::Seed => [3, 4].map(|n| Setting::Seed(mix(seed, n))).to_vec(),
            Self::Load => [2, 6].map(Setting::Load).to_vec(),
        }
    }
}

/// A day's length in seconds.
const DAY: i64 = 86_400;

impl FromStr for Variation {
    type Err = VariationError;

    fn from_str(text: &str) -> Result<Self, VariationError> {
        let found = Self::ALL.into_iter().find(|variation| variation.as_str() == text);
        found.ok_or_else(|| VariationError { found: text.to_owned() })
    }
}

impl fmt::Display for Variation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The locales that a command is tried in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Locale {
    /// Plain `C`, by both variables.
    C,
    /// This one by `LANG` alone: bash warns of an `LC_ALL` that is not installed, in every command.
    Named(&'static str),
}

/// How the wall clock of a world differs from the baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClockChange {
    /// It stands or starts so many seconds later.
    Moved(i64),
    /// The clock runs in this mode instead.
    Mode(ClockMode),
}

/// What one variation is set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// So many processors.
    Cpus(u32),
    /// This host name.
    Hostname(&'static str),
    /// This user and group id.
    User(u32),
    /// This value of `TZ`.
    TimeZone(&'static str),
    /// `LANG`, and with plain `C` also `LC_ALL`.
    Locale(Locale),
    /// This mask.
    Umask(u32),
    /// The source in `work` below this folder of `/`, and the home in `home` beside it.
    Path(&'static str),
    /// A variable of so many bytes more.
    Environment(u32),
    /// Directories shuffled by this seed.
    Order(u64),
    /// Another wall clock.
    Clock(ClockChange),
    /// This seed of `AT_RANDOM`, and of hash tables.
    Seed(u64),
    /// So many busy processes.
    Load(u32),
}

impl Setting {
    /// Names what it sets.
    #[must_use]
    pub const fn variation(&self) -> Variation {
        match self {
            Self::Cpus(_) => Variation::Cpus,
            Self::Hostname(_) => Variation::Hostname,
            Self::User(_) => Variation::User,
            Self::TimeZone(_) => Variation::TimeZone,
            Self::Locale(_) => Variation::Locale,
            Self::Umask(_) => Variation::Umask,
            Self::Path(_) => Variation::Path,
            Self::Environment(_) => Variation::Environment,
            Self::Order(_) => Variation::Order,
            Self::Clock(_) => Variation::Clock,
            Self::Seed(_) => Variation::Seed,
            Self::Load(_) => Variation::Load,
        }
    }

    /// Whether it is a clock that need not show another day than the baseline's: a commit may be of today.
    const fn may_show_the_same_day(&self) -> bool {
        matches!(self, Self::Clock(ClockChange::Mode(_)))
    }

    /// Whether two runs under it see the very same world. Under a clock that flows they do not.
    #[must_use]
    pub const fn is_identical_every_time(&self) -> bool {
        !matches!(self, Self::Clock(ClockChange::Mode(ClockMode::Real | ClockMode::Starts)))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.variation();
        match self {
            Self::Cpus(count) | Self::Load(count) => write!(f, "{name}={count}"),
            Self::Hostname(text) | Self::TimeZone(text) | Self::Locale(Locale::Named(text)) => {
                write!(f, "{name}={text}")
            }
            Self::Locale(Locale::C) => write!(f, "{name}=C"),
            Self::User(id) => write!(f, "{name}={id}"),
            Self::Umask(mask) => write!(f, "{name}={mask:03o}"),
            Self::Path(folder) => write!(f, "{name}=/{folder}"),
            Self::Environment(bytes) => write!(f, "{name}=+{bytes} bytes"),
            Self::Order(seed) | Self::Seed(seed) => write!(f, "{name}={seed:x}"),
            Self::Clock(ClockChange::Mode(mode)) => write!(f, "{name}={}", mode.as_str()),
            Self::Clock(ClockChange::Moved(seconds)) => write!(f, "{name}={seconds:+} s"),
        }
    }
}

/// A world by what is different in it; the empty one is the baseline.
pub type Setup = BTreeMap<Variation, Setting>;

/// Writes a setup for people: its settings, or `nothing`.
#[must_use]
pub fn describe(setup: &Setup) -> String {
    if setup.is_empty() {
        return "nothing".to_owned();
    }
    setup.values().map(Setting::to_string).collect::<Vec<_>>().join(", ")
}

/// Chooses `count` worlds, each with every one of `variations` that has a setting which `differs` from the baseline.
///
/// The settings of a variation take turns, from one that the seed chooses; so that as many worlds as a variation has
/// settings have each of them once. The machine's own clock, and those that change nothing but whether the clock flows, come last:
/// a world that has one may tell nothing of the time that a command shows.
#[must_use]
pub fn worlds(
    count: usize,
    seed: u64,
    variations: &BTreeSet<Variation>,
    differs: impl Fn(&Setting) -> bool,
) -> Vec<Setup> {
    let world = |index: usize| {
        let choose = |variation: &Variation| {
            let settings = variation.settings(seed).into_iter().filter(&differs);
            let (mut settings, modes): (Vec<Setting>, Vec<Setting>) =
                settings.partition(|one| !one.may_show_the_same_day());
            let first = mix(seed, 100 + *variation as u64) as usize % settings.len().max(1);
            settings.rotate_left(first);
            settings.extend(modes);
            let setting = settings.get(index % settings.len().max(1))?;
            Some((*variation, *setting))
        };
        variations.iter().filter_map(choose).collect()
    };
    (0..count).map(world).collect()
}

/// Mixes two numbers into one that looks random (the finalizer of SplitMix64, public domain).
const fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::civil_date::CivilDate;

    #[test]
    fn every_variation_has_two_settings_or_more_that_are_its_own_and_a_name_that_reads_back() {
        for variation in Variation::ALL {
            let settings = variation.settings(7);
            let distinct: BTreeSet<String> = settings.iter().map(Setting::to_string).collect();
            assert!(settings.len() >= 2 && distinct.len() == settings.len(), "{variation}: {distinct:?}");
            assert!(settings.iter().all(|setting| setting.variation() == variation), "{variation}");
            assert_eq!(variation.as_str().parse(), Ok(variation));
        }
        assert!("moon".parse::<Variation>().is_err());
    }

    #[test]
    fn a_seed_chooses_the_same_worlds_again_and_worlds_take_turns() {
        let all = BTreeSet::from(Variation::ALL);
        let chosen = worlds(3, 7, &all, |_| true);
        assert_eq!(chosen, worlds(3, 7, &all, |_| true));
        assert_ne!(chosen, worlds(3, 8, &all, |_| true));
        for variation in Variation::ALL {
            let distinct: BTreeSet<Setting> = chosen.iter().map(|world| world[&variation]).collect();
            assert_eq!(distinct.len(), variation.settings(7).len().min(3), "{variation}");
        }
    }

    #[test]
    fn clocks_that_may_show_the_same_day_come_last() {
        let clock = BTreeSet::from([Variation::Clock]);
        let modes = [ClockMode::Real, ClockMode::Starts, ClockMode::Stands].map(ClockChange::Mode);
        for seed in 0..20 {
            let chosen: Vec<Setting> =
                worlds(5, seed, &clock, |_| true).iter().map(|world| world[&Variation::Clock]).collect();
            assert_eq!(chosen[2..], modes.map(Setting::Clock), "{seed}");
        }
    }

    #[test]
    fn a_clock_that_is_moved_shows_another_day_month_year_and_weekday() {
        let parts = |seconds: i64| {
            let text = CivilDate::of_unix_seconds(seconds).expect("a date").to_string();
            let parts: Vec<String> = text.split('-').map(str::to_owned).collect();
            (parts, seconds.div_euclid(DAY).rem_euclid(7))
        };
        let settings = Variation::Clock.settings(7);
        let moved = settings.iter().filter_map(|setting| match setting {
            Setting::Clock(ClockChange::Moved(seconds)) => Some(*seconds),
            _ => None,
        });
        // Every third hour of nine years, two leap years among them.
        for seconds in moved {
            for now in (0..9 * 365 * 8).map(|third| 1_700_000_000 + third * DAY / 8) {
                let ((before, weekday), (after, other)) = (parts(now), parts(now + seconds));
                let same = before.iter().zip(&after).find(|(one, two)| one == two);
                assert!(same.is_none() && weekday != other, "{before:?} {after:?} {seconds:+}");
            }
        }
    }

    #[test]
    fn what_the_baseline_has_already_is_no_setting() {
        let cpus = BTreeSet::from([Variation::Cpus, Variation::Load]);
        let chosen = worlds(4, 7, &cpus, |setting| !matches!(setting, Setting::Cpus(1 | 2) | Setting::Load(_)));
        assert!(chosen.iter().all(|world| *world == Setup::from([(Variation::Cpus, Setting::Cpus(64))])));
    }
}
