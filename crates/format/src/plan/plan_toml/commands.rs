//! `[sets]`: commands, each checked against what it refers to.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::normalize::NormalizeWire;
use super::quiet::ExpectWire;
use super::source::{PlanError, Source};
use crate::syntax::quantity;
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::execution::ending::USUAL_OUTPUT;
use rcrepro_model::plan::order::in_order;
use rcrepro_model::plan::{CommandSpec, FrozenInput, ImageSource};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandWire {
    pub(super) id: Spanned<String>,
    pub(super) run: Spanned<String>,
    pub(super) image: Spanned<String>,
    #[serde(default)]
    pub(super) frozen: Vec<Spanned<String>>,
    pub(super) sees: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub(super) needs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) outputs: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) env: BTreeMap<Spanned<String>, String>,
    pub(super) git: Option<bool>,
    #[serde(default)]
    pub(super) normalize: NormalizeWire,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) memory: Option<Spanned<String>>,
    #[serde(rename = "max-output")]
    pub(super) max_output: Option<Spanned<String>>,
    pub(super) clock: Option<Spanned<String>>,
    pub(super) world: Option<Spanned<String>>,
    pub(super) quantised: Option<Vec<Spanned<String>>>,
    pub(super) quantum: Option<Spanned<String>>,
    #[serde(rename = "clamp-mtime")]
    pub(super) clamp_mtime: Option<Vec<Spanned<String>>>,
    pub(super) cpus: Option<Spanned<i64>>,
    pub(super) require: Option<Spanned<String>>,
    pub(super) proof: Option<Spanned<String>>,
    pub(super) retries: Option<Spanned<i64>>,
    #[serde(rename = "network-attempts")]
    pub(super) network_attempts: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) expect: ExpectWire,
    #[serde(default)]
    pub(super) forbid: Vec<Spanned<String>>,
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

impl Source<'_> {
    pub(super) fn sets(
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
        if let Err(id) = in_order(&all.iter().map(|command| (&command.id, &command.needs)).collect()) {
            let span = ids.get(id).cloned().unwrap_or(0..0);
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
            quiet: self.quiet(wire.network_attempts.as_ref(), &wire.expect, &wire.forbid)?,
            proof: self.proof(wire)?,
            retries: self.retries(wire)?,
        })
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
}
