//! `rcrepro.toml` → [`Plan`]: parse once, check every reference, report the place of a mistake.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use self::advisories::AdvisoriesWire;
use self::documents::DocumentsWire;
use self::frozen::FrozenWire;
use self::images::ImageWire;
use self::mutants::MutantWire;
use self::normalize::NormalizeWire;
use self::packets::PacketWire;
use self::pins::PinsWire;
use self::quarantine::QuarantineWire;
use self::release_images::ReleaseImageWire;
use self::risks::RiskWire;
use self::waivers::WaiverWire;
use crate::syntax::quantity;
use crate::syntax::toml_place::line_and_column;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::execution::ending::USUAL_OUTPUT;
use rcrepro_model::plan::glob::{PathGlob, matches_nothing};
use rcrepro_model::plan::order::in_order;
use rcrepro_model::plan::release_image::ReleaseImage;
use rcrepro_model::plan::{CommandSpec, FrozenInput, ImageSource, Plan};
use rcrepro_model::text::address::without_secrets;

mod advice;
mod advisories;
mod documents;
mod frozen;
mod images;
mod limits;
mod mutants;
mod normalize;
mod packets;
mod pins;
mod proof;
mod quarantine;
mod quiet;
mod release_buildkit;
mod release_images;
mod risks;
#[cfg(test)]
mod tests;
mod waivers;
mod world;

/// The version of the plan format that this build reads.
pub const PLAN_VERSION: i64 = 1;

/// What is wrong in a plan file, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {message}")]
pub struct PlanError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanWire {
    version: Spanned<i64>,
    name: String,
    #[serde(default)]
    source: SourceWire,
    #[serde(default)]
    images: BTreeMap<Spanned<String>, Spanned<ImageWire>>,
    #[serde(default)]
    frozen: BTreeMap<Spanned<String>, FrozenWire>,
    #[serde(default, rename = "release-images")]
    release_images: BTreeMap<Spanned<String>, ReleaseImageWire>,
    sets: BTreeMap<Spanned<String>, Vec<CommandWire>>,
    #[serde(default)]
    protected: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    packets: BTreeMap<Spanned<String>, PacketWire>,
    #[serde(default)]
    pins: PinsWire,
    #[serde(default)]
    waivers: Vec<WaiverWire>,
    #[serde(default)]
    quarantine: Vec<QuarantineWire>,
    #[serde(default)]
    documents: DocumentsWire,
    #[serde(default)]
    risks: Vec<RiskWire>,
    #[serde(default)]
    mutants: Vec<MutantWire>,
    #[serde(default)]
    advisories: AdvisoriesWire,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SourceWire {
    #[serde(default)]
    exclude: Vec<Spanned<String>>,
    #[serde(default)]
    git: bool,
    tags: Option<Spanned<Vec<Spanned<String>>>>,
    sees: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommandWire {
    id: Spanned<String>,
    run: Spanned<String>,
    image: Spanned<String>,
    #[serde(default)]
    frozen: Vec<Spanned<String>>,
    sees: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    #[serde(default)]
    outputs: Vec<Spanned<String>>,
    #[serde(default)]
    env: BTreeMap<Spanned<String>, String>,
    git: Option<bool>,
    #[serde(default)]
    normalize: NormalizeWire,
    timeout: Option<Spanned<String>>,
    memory: Option<Spanned<String>>,
    #[serde(rename = "max-output")]
    max_output: Option<Spanned<String>>,
    clock: Option<Spanned<String>>,
    world: Option<Spanned<String>>,
    quantised: Option<Vec<Spanned<String>>>,
    quantum: Option<Spanned<String>>,
    #[serde(rename = "clamp-mtime")]
    clamp_mtime: Option<Vec<Spanned<String>>>,
    cpus: Option<Spanned<i64>>,
    require: Option<Spanned<String>>,
    proof: Option<Spanned<String>>,
    retries: Option<Spanned<i64>>,
    #[serde(rename = "network-attempts")]
    network_attempts: Option<Spanned<String>>,
    #[serde(default)]
    expect: quiet::ExpectWire,
    #[serde(default)]
    forbid: Vec<Spanned<String>>,
}

/// Parses and checks a plan.
///
/// `normalizers` are the names that this build knows.
///
/// # Errors
/// [`PlanError`] with the place of the first mistake: bad TOML, an unknown key, a reference that leads nowhere, a
/// duplicate command, a cycle among `needs`, an empty packet, a value out of its grammar.
pub fn parse(text: &str, normalizers: &[&str]) -> Result<Plan, PlanError> {
    let source = Source { text };
    let wire: PlanWire =
        toml::from_str(text).map_err(|error| source.mistyped(error.span().unwrap_or(0..0), error.message()))?;
    if *wire.version.as_ref() != PLAN_VERSION {
        return Err(source.error(
            wire.version.span(),
            format!("plan version {} is not known", wire.version.as_ref()),
            Some(format!("write `version = {PLAN_VERSION}`, or use the rcrepro that reads the other version")),
        ));
    }
    let exclude = source.tracked(&wire.source.exclude)?;
    let images = source.images(wire.images)?;
    let frozen = source.frozen(wire.frozen, &images)?;
    let sees = source.sees(wire.source.sees.as_ref())?;
    let sets = source.sets(wire.sets, (wire.source.git, &sees), &images, &frozen, normalizers)?;
    let release_images = source.release_images(&wire.release_images, &images, &frozen, (&sets, wire.source.git))?;
    let is_laid = sets.values().flatten().any(|spec| spec.git) || release_images.values().any(ReleaseImage::sees_git);
    let tags = source.tags(&wire.source, is_laid)?;
    let protected = source.protected(wire.protected)?;
    let packets = source.packets(wire.packets, &sets, &release_images, &protected)?;
    Ok(Plan {
        mutants: source.mutants(&wire.mutants, &sets, &packets)?,
        packets,
        pins: source.pins(&wire.pins)?,
        waivers: source.waivers(&wire.waivers)?,
        quarantine: source.quarantine(&wire.quarantine, &sets)?,
        documents: source.documents(&wire.documents)?,
        risks: source.risks(&wire.risks)?,
        advisories: source.advisories(&wire.advisories)?,
        name: wire.name,
        exclude,
        tags,
        images,
        frozen,
        release_images,
        sets,
        protected,
    })
}

struct Source<'a> {
    text: &'a str,
}

impl Source<'_> {
    /// Puts a mistake at its place. Without a hint of its own it has that of the key: an example of what is right. No mistake
    /// quotes the credentials of an address.
    fn error(&self, span: Range<usize>, message: impl fmt::Display, hint: Option<String>) -> PlanError {
        let (line, column) = line_and_column(self.text, span.start);
        let hint = hint.or_else(|| advice::example(self.text, span.start));
        let shown = |text: String| without_secrets(&text).into_owned();
        PlanError { line, column, message: shown(message.to_string()), hint: hint.map(shown) }
    }

    /// Says in the words of the guide what the TOML reader did not expect.
    fn mistyped(&self, span: Range<usize>, message: &str) -> PlanError {
        let (message, hint) = advice::told(self.text, span.start, message);
        self.error(span, message, hint)
    }

    /// Parses a value by its `FromStr` and puts the place before what it says.
    fn parse<T: std::str::FromStr<Err: fmt::Display>>(&self, text: &Spanned<String>) -> Result<T, PlanError> {
        text.as_ref().parse().map_err(|error: T::Err| self.error(text.span(), error, None))
    }

    /// Looks a reference up among the names that are defined.
    fn reference<T: Ord + std::str::FromStr<Err: fmt::Display> + fmt::Display>(
        &self,
        what: &str,
        text: &Spanned<String>,
        known: &BTreeSet<&T>,
    ) -> Result<T, PlanError> {
        let name: T = self.parse(text)?;
        if known.contains(&name) {
            return Ok(name);
        }
        let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let hint =
            if known.is_empty() { format!("define a {what} first") } else { format!("known: {}", known.join(", ")) };
        Err(self.error(text.span(), format!("there is no {what} `{name}`"), Some(hint)))
    }

    fn globs(&self, globs: &[Spanned<String>]) -> Result<Vec<String>, PlanError> {
        for glob in globs {
            PathGlob::new(glob.as_ref())
                .map_err(|error| self.error(glob.span(), format!("bad glob: {}", error.reason), None))?;
        }
        Ok(globs.iter().map(|glob| glob.as_ref().clone()).collect())
    }

    /// Reads globs of tracked files, each of which could match one.
    fn tracked(&self, globs: &[Spanned<String>]) -> Result<Vec<String>, PlanError> {
        for glob in globs {
            if let Some(why) = matches_nothing(glob.as_ref()) {
                let hint = "write a glob from the plan's folder, such as `src/**`; a folder is all that is below it";
                let message = format!("the glob `{}` matches no tracked file: {why}", glob.as_ref());
                return Err(self.error(glob.span(), message, Some(hint.to_owned())));
            }
        }
        self.globs(globs)
    }

    /// Checks that a command which sees a repository sees the whole source: git would take the rest for deleted.
    fn git(&self, wire: &CommandWire, known: &Known<'_>) -> Result<bool, PlanError> {
        let sees: Vec<&str> = match &wire.sees {
            Some(globs) => globs.as_ref().iter().map(|glob| glob.as_ref().as_str()).collect(),
            None => known.sees.iter().map(String::as_str).collect(),
        };
        let git = wire.git.unwrap_or(known.git);
        if git && !sees.is_empty() && !sees.contains(&"**") {
            let hint = "write `sees = [\"**\"]` in the command, or `git = false`".to_owned();
            let message =
                "the command sees a repository and a part of the source, of which git would take the rest for deleted";
            return Err(self.error(wire.id.span(), message, Some(hint)));
        }
        Ok(git)
    }

    /// Checks the globs of tags, and that something sees the repository that they are for.
    fn tags(&self, wire: &SourceWire, is_laid: bool) -> Result<Option<Vec<String>>, PlanError> {
        let Some(tags) = &wire.tags else { return Ok(None) };
        if !is_laid {
            let hint = "write `git = true` beside it, or in the commands and release images that ask for tags";
            let message = "`tags` is for a repository, and no command or image sees one";
            return Err(self.error(tags.span(), message, Some(hint.to_owned())));
        }
        self.globs(tags.as_ref()).map(Some)
    }

    /// Checks what a command, or every command, sees of the source.
    fn sees(&self, globs: Option<&Spanned<Vec<Spanned<String>>>>) -> Result<Vec<String>, PlanError> {
        match globs {
            Some(globs) if globs.as_ref().is_empty() => {
                let hint = Some("leave it out to see the whole source, or write `sees = [\"**\"]`".to_owned());
                Err(self.error(globs.span(), "`sees` is empty: expected a glob", hint))
            }
            Some(globs) => self.tracked(globs.as_ref()),
            None => Ok(Vec::new()),
        }
    }

    fn sets(
        &self,
        wires: BTreeMap<Spanned<String>, Vec<CommandWire>>,
        (git, sees): (bool, &[String]),
        images: &BTreeMap<Name, ImageSource>,
        frozen: &BTreeMap<Name, FrozenInput>,
        normalizers: &[&str],
    ) -> Result<BTreeMap<Name, Vec<CommandSpec>>, PlanError> {
        let mut ids: BTreeMap<Name, Range<usize>> = BTreeMap::new();
        for wire in wires.values().flatten() {
            let id: Name = self.parse(&wire.id)?;
            if ids.insert(id.clone(), wire.id.span()).is_some() {
                return Err(self.error(
                    wire.id.span(),
                    format!("command id `{id}` appears twice in the plan"),
                    Some("give each command an id of its own; a packet reuses a command by naming its set".into()),
                ));
            }
        }
        let known = Known {
            images: images.keys().collect(),
            frozen: frozen.keys().collect(),
            caches: frozen.iter().filter(|(_, input)| input.kind.is_build_cache()).map(|(name, _)| name).collect(),
            commands: ids.keys().collect(),
            normalizers,
            git,
            sees,
        };
        let mut sets = BTreeMap::new();
        for (name, commands) in &wires {
            let commands: Result<Vec<_>, _> = commands.iter().map(|wire| self.command(wire, &known)).collect();
            sets.insert(self.parse(name)?, commands?);
        }
        let all: Vec<&CommandSpec> = sets.values().flatten().collect();
        if let Some(id) = cycle(&all.iter().map(|command| (&command.id, &command.needs)).collect()) {
            let span = ids.get(&id).cloned().unwrap_or(0..0);
            return Err(self.error(span, format!("command `{id}` needs itself, by way of `needs`"), None));
        }
        Ok(sets)
    }

    fn command(&self, wire: &CommandWire, known: &Known<'_>) -> Result<CommandSpec, PlanError> {
        if wire.run.as_ref().trim().is_empty() {
            return Err(self.error(wire.run.span(), "`run` is empty: expected the exact shell line", None));
        }
        let references = |what, list: &[Spanned<String>], names| -> Result<BTreeSet<Name>, PlanError> {
            list.iter().map(|name| self.reference(what, name, names)).collect()
        };
        let outputs: Result<BTreeSet<TreePath>, _> =
            wire.outputs.iter().map(|path| self.output(path, wire, &known.caches)).collect();
        let outputs = outputs?;
        Ok(CommandSpec {
            id: self.parse(&wire.id)?,
            line: wire.run.as_ref().clone(),
            image: self.reference("image", &wire.image, &known.images)?,
            frozen: references("frozen input", &wire.frozen, &known.frozen)?,
            sees: if wire.sees.is_some() { self.sees(wire.sees.as_ref())? } else { known.sees.to_vec() },
            needs: references("command", &wire.needs, &known.commands)?,
            normalize_stdout: self.normalizers(&wire.normalize.stdout, known.normalizers)?,
            normalize_stderr: self.normalizers(&wire.normalize.stderr, known.normalizers)?,
            normalize_outputs: self.output_normalizers(&wire.normalize.outputs, &outputs, known.normalizers)?,
            outputs,
            git: self.git(wire, known)?,
            environment: self.environment(&wire.env)?,
            timeout: self.timeout(wire.timeout.as_ref())?,
            memory: self.memory(wire.memory.as_ref())?,
            max_output: match &wire.max_output {
                Some(text) => self.parse::<quantity::Bytes>(text)?.0,
                None => USUAL_OUTPUT,
            },
            world: self.world(&wire.world_keys())?,
            require: self.requirement(wire)?,
            quiet: self.quiet(wire)?,
            proof: self.proof(wire)?,
            retries: self.retries(wire)?,
        })
    }
}

struct Known<'a> {
    images: BTreeSet<&'a Name>,
    frozen: BTreeSet<&'a Name>,
    /// Those of them to which commands can add.
    caches: BTreeSet<&'a Name>,
    commands: BTreeSet<&'a Name>,
    normalizers: &'a [&'a str],
    /// Whether commands see a repository that say nothing of it.
    git: bool,
    /// What commands see that do not say it themselves.
    sees: &'a [String],
}

/// Finds a member of a cycle, or what waits for one.
fn cycle<T: Ord + Clone>(graph: &BTreeMap<&T, &BTreeSet<T>>) -> Option<T> {
    in_order(graph).err().cloned()
}
