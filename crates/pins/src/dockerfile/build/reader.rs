//! Follows the stages: what each is based on, which variables its lines see, and which stages the target needs.

use std::collections::BTreeSet;

use super::reading::{BuildGiven, BuildReading, CopiedPath, LineFault, SecretMount, familiar, platforms};
use super::stages::{Stages, argument};
use super::values::{Expanded, Scope};
use crate::dockerfile::lines::{DockerfileInstruction, Word};
use rcrepro_model::text::unknown::UnknownName;

/// When a fault counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    /// Whatever is built: BuildKit reads all of the file.
    Always,
    /// If the target needs the stage.
    If(usize),
}

/// What was read so far.
pub(super) struct Reader<'a> {
    pub stages: &'a Stages,
    pub given: &'a BuildGiven,
    /// The variables of `FROM`.
    globals: Scope,
    /// What each stage that was read leaves to those that are based on it.
    scopes: Vec<Scope>,
    /// The stages that each stage takes something from.
    pub links: Vec<Vec<usize>>,
    pub refused: Vec<(Counts, LineFault)>,
    pub notes: Vec<(usize, LineFault)>,
    used: BTreeSet<String>,
    /// Whether every image could be told.
    is_told: bool,
    pub secrets: Vec<(usize, SecretMount)>,
    pub are_secrets_told: bool,
    pub copied: Vec<(usize, CopiedPath)>,
}

impl<'a> Reader<'a> {
    /// Begins before the first stage.
    pub fn new(stages: &'a Stages, given: &'a BuildGiven) -> Self {
        let mut globals =
            Scope { values: platforms(&given.architecture, &given.target_architecture), ..Scope::default() };
        let last = stages.all.last().map_or("", |stage| &stage.name);
        let target = if given.target.is_empty() { last } else { &given.target };
        globals.set("TARGETSTAGE", Some(if target.is_empty() { "default" } else { target }.to_owned()));
        for (name, value) in &given.arguments {
            if globals.values.contains_key(name) {
                globals.set(name, Some(value.clone()));
            }
        }
        for (name, default) in stages.globals.iter().map(argument) {
            let value = match (given.arguments.get(name), default) {
                (Some(value), _) => Some(value.clone()),
                (None, Some(default)) => globals.expand(default).map(|found| found.text),
                (None, None) => continue,
            };
            globals.set(name, value);
        }
        Self {
            stages,
            given,
            globals,
            scopes: Vec::new(),
            links: vec![Vec::new(); stages.all.len()],
            refused: Vec::new(),
            notes: Vec::new(),
            used: BTreeSet::new(),
            is_told: true,
            secrets: Vec::new(),
            are_secrets_told: true,
            copied: Vec::new(),
        }
    }

    /// Lists the images and named contexts that were told so far, in their short forms.
    pub fn images(&self) -> &BTreeSet<String> {
        &self.used
    }

    /// Reads the next stage.
    pub fn stage(&mut self, at: usize) {
        let stage = &self.stages.all[at];
        self.platform(at);
        // A named context of this name takes the stage's place; its lines are read all the same.
        let is_replaced = self.given.images.contains(&stage.name);
        let base = match is_replaced {
            true => {
                self.used.insert(stage.name.clone());
                None
            }
            false => self.base(at),
        };
        let mut scope = match base {
            Some(base) => self.scopes[base].clone(),
            None => Scope { is_open: is_replaced || stage.base.text != "scratch", ..Scope::default() },
        };
        let triggers = base.into_iter().flat_map(|base| self.stages.all[base].triggers());
        for step in triggers.chain(stage.steps.iter().cloned()).collect::<Vec<_>>() {
            match step.name.as_str() {
                "ARG" => step.words.iter().for_each(|word| self.argument(word, &mut scope)),
                "ENV" => environment(&step, &mut scope),
                _ => self.step(at, &step, &scope),
            }
        }
        self.scopes.push(scope);
    }

    /// Finds the stage that another one is based on; none where it is an image, or cannot be told.
    fn base(&mut self, at: usize) -> Option<usize> {
        let word = &self.stages.all[at].base;
        let Some(Expanded { text, unset }) = self.globals.expand(&word.text) else {
            self.is_told = false;
            return None;
        };
        if text.is_empty() {
            self.valueless(Counts::Always, word, &unset);
            return None;
        }
        if let Some(stage) = self.stages.find_before(&text, at) {
            self.links[at].push(stage);
            return Some(stage);
        }
        if text != "scratch" {
            self.image(at, word, &text, (&unset, false));
            if !self.is_for_the_machine(at) {
                self.locked_for_the_machine(at, word, &text);
            }
        }
        None
    }

    /// Whether a stage says that it is for the platform that builds.
    fn is_for_the_machine(&self, at: usize) -> bool {
        let Some(word) = &self.stages.all[at].platform else { return false };
        let Some(Expanded { text, .. }) = self.globals.expand(&word.text) else { return false };
        platform(&text, &self.given.architecture) == format!("linux/{}", self.given.architecture)
    }

    /// Refuses a locked image where the build would take that of another platform.
    pub fn locked_for_the_machine(&mut self, at: usize, word: &Word, text: &str) {
        if self.given.is_foreign() && self.given.locked.contains(&familiar(text)) {
            let (machine, target) = (&self.given.architecture, &self.given.target_architecture);
            let says = format!("`{text}` is locked for linux/{machine}, and this line takes it for linux/{target}");
            let hint = format!(
                "build on FROM --platform=$BUILDPLATFORM and COPY what is made into `FROM scratch`, or take linux/{target} out of `platforms`"
            );
            self.refuse(Counts::If(at), word.line, says, hint);
        }
    }

    /// Refuses a stage for a platform that is neither that of the machine nor that of the target: whatever image it is based on, it would
    /// be that of another one.
    fn platform(&mut self, at: usize) {
        let Some(word) = &self.stages.all[at].platform else { return };
        let Some(Expanded { text, unset }) = self.globals.expand(&word.text) else { return };
        if text.is_empty() {
            return self.valueless(Counts::Always, word, &unset);
        }
        let BuildGiven { architecture, target_architecture, .. } = self.given;
        let is = platform(&text, architecture);
        let known = [architecture, target_architecture].map(|one| format!("linux/{one}"));
        if architecture.is_empty() || known.contains(&is) {
            return;
        }
        let says = format!(
            "`--platform={}`: the stage would be for {is}, and the image is built on {} for {}",
            word.text, known[0], known[1]
        );
        let hint = "FROM --platform=$BUILDPLATFORM for what runs in the build, no --platform for what is in the image"
            .to_owned();
        self.refuse(Counts::If(at), word.line, says, hint);
    }

    /// Judges an image that a line names, or with `is_copied` a context. `unset` are the variables in it without a value.
    pub fn image(&mut self, at: usize, word: &Word, text: &str, (unset, is_copied): (&[String], bool)) {
        let short = familiar(text);
        let is_given = self.given.images.contains(&short);
        self.used.insert(short);
        let name = text.split([':', '@']).next().unwrap_or_default();
        if !text.contains('/') && name.chars().any(|c| c.is_ascii_uppercase()) {
            let says = format!(
                "`{text}` is neither a stage before this line nor an image or a context, whose names have small letters"
            );
            let hint = format!("write `{}`, in the plan, too", text.to_ascii_lowercase());
            return self.refuse(Counts::Always, word.line, says, hint);
        }
        if is_given {
            return;
        }
        if !unset.is_empty() {
            let is_cut = text.ends_with([':', '@']) || name.is_empty();
            self.valueless(if is_cut { Counts::Always } else { Counts::If(at) }, word, unset);
        } else {
            let says = format!("`{text}` is not an image of the plan, and nothing is fetched");
            let near = UnknownName::new("", "", text, &self.given.images);
            let near = near.nearest().map(|near| format!(" (the plan gives `{near}`)")).unwrap_or_default();
            let key = if text.contains(['/', ':', '@', '.']) { format!("\"{text}\"") } else { text.to_owned() };
            let files = match is_copied {
                true => {
                    format!(", or for files contexts = {{ {key} = \"source:FOLDER\" }}, or \"output:COMMAND/FOLDER\"")
                }
                false => String::new(),
            };
            let hint = format!(
                "map it in the image's table of rcrepro.toml: bases = {{ \"{text}\" = \"IMAGE\" }}{files}{near}"
            );
            self.refuse(Counts::If(at), word.line, says, hint);
        }
    }

    /// Says that a text is not told because variables in it have no value.
    fn valueless(&mut self, counts: Counts, word: &Word, unset: &[String]) {
        let Some(name) = unset.first() else {
            let says = format!("`FROM {}` comes to nothing", word.text);
            return self.refuse(counts, word.line, says, "write the image or the stage".to_owned());
        };
        let is_declared = |words: &[Word]| words.iter().any(|word| argument(word).0 == name);
        let (why, hint) = if is_declared(&self.stages.globals) {
            let hint = format!(
                "arguments = {{ {name} = \"VALUE\" }}, or builders = {{ {name} = \"IMAGE\" }}, in the image's table of rcrepro.toml"
            );
            ("its `ARG` has no default, and the plan gives none", hint)
        } else if self.stages.arguments().any(|word| argument(word).0 == name) {
            (
                "its `ARG` is behind the first `FROM`, where `FROM` does not see it",
                format!("ARG {name} before the first FROM"),
            )
        } else {
            ("no `ARG` before the first `FROM` declares it", format!("ARG {name}=VALUE before the first FROM"))
        };
        self.refuse(counts, word.line, format!("`{}`: `{name}` has no value in this build: {why}", word.text), hint);
    }

    fn argument(&self, word: &Word, scope: &mut Scope) {
        let (name, default) = argument(word);
        if let Some(value) = self.given.arguments.get(name) {
            scope.set(name, Some(value.clone()));
        } else if let Some(default) = default {
            let value = told(default).and_then(|default| scope.expand(default)).map(|found| found.text);
            scope.set(name, value);
        } else if let Some(value) = self.globals.values.get(name) {
            scope.set(name, Some(value.clone()));
        } else if self.globals.hidden.contains(name) {
            scope.set(name, None);
        }
    }

    pub fn refuse(&mut self, counts: Counts, line: usize, says: String, hint: String) {
        self.refused.push((counts, LineFault { line, says, hint }));
    }

    /// Ends with what counts for a target; without one, what counts always.
    pub fn finish(self, target: Option<usize>) -> BuildReading {
        let needed = self.needed(target);
        let counts = |counts: Counts| match counts {
            Counts::Always => true,
            Counts::If(stage) => needed.contains(&stage),
        };
        let refused = self.refused.into_iter().filter(|(when, _)| counts(*when)).map(|(_, fault)| fault);
        let notes = self.notes.into_iter().filter(|(stage, _)| needed.contains(stage)).map(|(_, fault)| fault);
        let secrets =
            self.secrets.into_iter().map(|(stage, mount)| SecretMount { is_needed: needed.contains(&stage), ..mount });
        let copied = self.copied.into_iter().filter(|(stage, _)| needed.contains(stage));
        let sorted = |mut faults: Vec<LineFault>| {
            faults.sort();
            faults.dedup();
            faults
        };
        BuildReading {
            stages: self.stages.all.iter().map(|stage| stage.name.clone()).collect(),
            has_target: target.is_some(),
            declared: self.stages.arguments().map(|word| argument(word).0.to_owned()).collect(),
            refused: sorted(refused.collect()),
            notes: sorted(notes.collect()),
            used: self.is_told.then_some(self.used),
            secrets: secrets.collect(),
            are_secrets_told: self.are_secrets_told,
            copied: copied.map(|(_, copied)| copied).collect(),
        }
    }

    /// Lists the stages that a target needs, itself among them.
    fn needed(&self, target: Option<usize>) -> BTreeSet<usize> {
        let mut needed = BTreeSet::new();
        let mut open: Vec<usize> = target.into_iter().collect();
        while let Some(stage) = open.pop() {
            if needed.insert(stage) {
                open.extend(&self.links[stage]);
            }
        }
        needed
    }
}

/// Sets the variables of an `ENV` line, in its old form, too.
fn environment(step: &DockerfileInstruction, scope: &mut Scope) {
    let before = scope.clone();
    let value = |text: &str| told(text).and_then(|text| before.expand(text)).map(|found| found.text);
    match step.words.split_first() {
        Some((name, rest)) if !name.text.contains('=') => {
            let rest: Vec<&str> = rest.iter().map(|word| word.text.as_str()).collect();
            scope.set(&name.text, value(&rest.join(" ")));
        }
        _ => {
            for (name, text) in step.words.iter().filter_map(|word| word.text.split_once('=')) {
                scope.set(name, value(text));
            }
        }
    }
}

/// Takes a text that is read as it is written: an escaped character may be one of the text or end it.
fn told(text: &str) -> Option<&str> {
    (!text.contains('\\')).then_some(text)
}

/// Writes a platform in full, as containerd normalises it: without the operating system it is linux, and the usual variants are left out.
fn platform(text: &str, machine: &str) -> String {
    let text = text.to_ascii_lowercase();
    let parts: Vec<&str> = text.split('/').collect();
    let (os, architecture, variant) = match parts[..] {
        ["local"] | ["linux"] => ("linux", machine, ""),
        [architecture] => ("linux", architecture, ""),
        [os, architecture] => (os, architecture, ""),
        [os, architecture, variant] => (os, architecture, variant),
        _ => return text,
    };
    let architecture = match architecture {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    match (architecture, variant) {
        (_, "") | ("amd64", "v1") | ("arm64", "v8" | "8") => format!("{os}/{architecture}"),
        _ => format!("{os}/{architecture}/{variant}"),
    }
}
