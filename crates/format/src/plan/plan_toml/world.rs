//! The world that a command asks for in its table, and how its replays must compare.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;

use super::commands::CommandWire;
use super::release_images::ReleaseImageWire;
use super::source::{PlanError, Source};
use crate::syntax::quantity;
use rcrepro_model::execution::world::{ClockMode, WorldSettings};
use rcrepro_model::plan::Requirement;

/// The most processors that a command can be told of: a mask of one machine word.
const MOST_CPUS: i64 = 64;

/// The keys of a table that say what world is seen.
#[derive(Default, Clone, Copy)]
pub(super) struct WorldKeys<'a> {
    pub clock: Option<&'a Spanned<String>>,
    pub world: Option<&'a Spanned<String>>,
    pub quantised: Option<&'a Vec<Spanned<String>>>,
    pub quantum: Option<&'a Spanned<String>>,
    pub clamp_mtime: Option<&'a Vec<Spanned<String>>>,
    pub cpus: Option<&'a Spanned<i64>>,
}

impl CommandWire {
    /// Gives the keys of a command's world.
    pub(super) const fn world_keys(&self) -> WorldKeys<'_> {
        WorldKeys {
            clock: self.clock.as_ref(),
            world: self.world.as_ref(),
            quantised: self.quantised.as_ref(),
            quantum: self.quantum.as_ref(),
            clamp_mtime: self.clamp_mtime.as_ref(),
            cpus: self.cpus.as_ref(),
        }
    }
}

impl ReleaseImageWire {
    /// Gives the keys of the world that a build's steps see. What they print is not compared, so that no measured time is held.
    pub(super) const fn world_keys(&self) -> WorldKeys<'_> {
        WorldKeys {
            clock: self.clock.as_ref(),
            world: self.world.as_ref(),
            quantised: None,
            quantum: None,
            clamp_mtime: self.clamp_mtime.as_ref(),
            cpus: self.cpus.as_ref(),
        }
    }
}

impl WorldKeys<'_> {
    /// Gives the place of the first key that is there.
    pub(super) fn span(&self) -> Option<Range<usize>> {
        let texts = [self.clock, self.world, self.quantum].into_iter().flatten().map(Spanned::span);
        let lists = [self.quantised, self.clamp_mtime].into_iter().flatten().filter_map(|list| list.first());
        texts.chain(lists.map(Spanned::span)).chain(self.cpus.map(Spanned::span)).next()
    }
}

impl Source<'_> {
    /// Reads the world that these keys ask for.
    pub(super) fn world(&self, wire: &WorldKeys<'_>) -> Result<WorldSettings, PlanError> {
        let default = WorldSettings::default();
        let known = ClockMode::ALL.map(|mode| (mode.as_str(), mode.today()));
        let clock = wire.clock.map(|text| self.one_of("clock", text, &known)).transpose()?;
        let machine = match wire.world {
            None => false,
            Some(text) => self.one_of("world", text, &[("fixed", false), ("machine", true)])?,
        };
        if let (true, Some(clock)) = (machine, wire.clock) {
            let hint = Some("leave one of the two out".to_owned());
            let message = "`world = \"machine\"` has the machine's own clock: expected no `clock` beside it";
            return Err(self.error(clock.span(), message, hint));
        }
        let quantised = match wire.quantised {
            None => default.quantised,
            Some(names) => names.iter().map(|name| self.executable(name)).collect::<Result<_, _>>()?,
        };
        let clamp_mtime = match wire.clamp_mtime {
            None => default.clamp_mtime,
            Some(names) => names.iter().map(|name| self.executable(name)).collect::<Result<_, _>>()?,
        };
        let quantum: Duration = match wire.quantum {
            None => default.quantum,
            Some(text) => self.parse::<quantity::Seconds>(text)?.0,
        };
        let cpus = wire.cpus.map(|number| {
            let cpus = u32::try_from(*number.as_ref()).ok();
            cpus.filter(|cpus| (1..=MOST_CPUS).contains(&i64::from(*cpus))).ok_or_else(|| {
                let message = format!("`cpus` is {}: expected 1 to {MOST_CPUS}", number.as_ref());
                self.error(number.span(), message, None)
            })
        });
        let cpus = cpus.transpose()?;
        Ok(WorldSettings { clock, machine, quantised, quantum, clamp_mtime, cpus })
    }

    pub(super) fn requirement(&self, wire: &CommandWire) -> Result<Requirement, PlanError> {
        let known = [Requirement::Canonical, Requirement::Bitwise].map(|r| (r.as_str(), r));
        wire.require.as_ref().map_or(Ok(Requirement::Canonical), |text| self.one_of("requirement", text, &known))
    }

    fn executable(&self, name: &Spanned<String>) -> Result<String, PlanError> {
        let text = name.as_ref();
        if text.is_empty() || text.contains(['/', '=', '\0']) {
            let hint = "write the last part of its path, such as `go`".to_owned();
            return Err(self.error(name.span(), format!("`{text}` is not the name of an executable"), Some(hint)));
        }
        Ok(text.clone())
    }

    pub(super) fn one_of<T: Copy>(
        &self,
        what: &str,
        text: &Spanned<String>,
        known: &[(&str, T)],
    ) -> Result<T, PlanError> {
        known.iter().find(|(word, _)| word == text.as_ref()).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<String> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
            let hint = Some(format!("known: {}", words.join(", ")));
            self.error(text.span(), format!("there is no {what} `{}`", text.as_ref()), hint)
        })
    }
}
