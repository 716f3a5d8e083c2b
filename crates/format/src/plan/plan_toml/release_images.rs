//! The tables of the release's own images.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Spanned;

use self::expectation::ExpectationWire;
use self::run::RunWire;
use super::source::{PlanError, Source};
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::execution::attempt::Quiet;
use rcrepro_model::execution::ending::USUAL_OUTPUT;
use rcrepro_model::execution::world::WorldSettings;
use rcrepro_model::plan::proof::ProofRule;
use rcrepro_model::plan::release_image::{ContextSource, IMAGE_INPUT, ReleaseImage};
use rcrepro_model::plan::{CommandSpec, FrozenInput, ImageSource, Packet, Requirement};

mod expectation;
mod run;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseImageWire {
    dockerfile: Spanned<String>,
    target: Option<Spanned<String>>,
    #[serde(default)]
    arguments: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    builders: BTreeMap<Spanned<String>, Spanned<String>>,
    pub builder: Option<Spanned<String>>,
    pub context: Option<Spanned<String>>,
    pub git: Option<Spanned<bool>>,
    #[serde(default)]
    pub bases: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub contexts: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub secrets: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub programs: BTreeMap<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    pub platforms: Vec<Spanned<String>>,
    pub clock: Option<Spanned<String>>,
    pub world: Option<Spanned<String>>,
    #[serde(rename = "clamp-mtime")]
    pub clamp_mtime: Option<Vec<Spanned<String>>>,
    pub cpus: Option<Spanned<i64>>,
    #[serde(default)]
    frozen: Vec<Spanned<String>>,
    #[serde(default)]
    expect: ExpectationWire,
    #[serde(default)]
    writable: Vec<Spanned<String>>,
    #[serde(default)]
    capabilities: Vec<Spanned<String>>,
    #[serde(default)]
    runs: Vec<RunWire>,
    #[serde(default)]
    smoke: Vec<SmokeWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmokeWire {
    id: Spanned<String>,
    run: Spanned<String>,
    image: Spanned<String>,
    #[serde(default)]
    frozen: Vec<Spanned<String>>,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    timeout: Option<Spanned<String>>,
}

/// What the tables may refer to.
pub(super) struct Known<'a> {
    pub images: BTreeSet<&'a Name>,
    frozen: BTreeSet<&'a Name>,
    pub commands: BTreeSet<&'a Name>,
    /// Whether every command sees a repository that does not say otherwise.
    pub git: bool,
    /// What each command declares.
    pub outputs: BTreeMap<&'a Name, &'a BTreeSet<TreePath>>,
}

impl Source<'_> {
    /// Checks the tables `[release-images.NAME]`.
    pub(super) fn release_images(
        &self,
        wires: &BTreeMap<Spanned<String>, ReleaseImageWire>,
        images: &BTreeMap<Name, ImageSource>,
        frozen: &BTreeMap<Name, FrozenInput>,
        (sets, git): (&BTreeMap<Name, Vec<CommandSpec>>, bool),
    ) -> Result<BTreeMap<Name, ReleaseImage>, PlanError> {
        let known = Known {
            git,
            images: images.keys().collect(),
            frozen: frozen.keys().collect(),
            commands: sets.values().flatten().map(|spec| &spec.id).collect(),
            outputs: sets.values().flatten().map(|spec| (&spec.id, &spec.outputs)).collect(),
        };
        let mut ids = BTreeSet::new();
        let mut found = BTreeMap::new();
        for (name, wire) in wires {
            for smoke in &wire.smoke {
                let id: Name = self.parse(&smoke.id)?;
                if known.commands.contains(&id) || !ids.insert(id.clone()) {
                    return Err(self.error(
                        smoke.id.span(),
                        format!("command id `{id}` appears twice in the plan"),
                        None,
                    ));
                }
            }
            found.insert(self.parse(name)?, self.release_image(name, wire, &known)?);
        }
        Ok(found)
    }

    fn release_image(
        &self,
        name: &Spanned<String>,
        wire: &ReleaseImageWire,
        known: &Known<'_>,
    ) -> Result<ReleaseImage, PlanError> {
        if let Some(empty) = wire.target.as_ref().filter(|target| target.as_ref().trim().is_empty()) {
            return Err(self.error(empty.span(), "`target` is empty: expected the name of a stage", None));
        }
        if wire.runs.is_empty() && wire.smoke.is_empty() {
            let hint = "an image that is never started proves little; give it `runs` or `smoke`".to_owned();
            return Err(self.error(name.span(), "the image is built and never run", Some(hint)));
        }
        for argument in wire.arguments.keys().chain(wire.builders.keys()) {
            let text = argument.as_ref();
            let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if text.is_empty() || !text.chars().all(good) {
                return Err(self.error(argument.span(), format!("invalid build argument `{text}`"), None));
            }
        }
        if let Some(twice) =
            wire.builders.keys().find(|key| wire.arguments.keys().any(|other| other.as_ref() == key.as_ref()))
        {
            let message = format!("the build argument `{}` has a value and a builder", twice.as_ref());
            return Err(self.error(twice.span(), message, Some("take it out of `arguments`".to_owned())));
        }
        let mut builders = BTreeMap::new();
        for (argument, image) in &wire.builders {
            builders.insert(argument.as_ref().clone(), self.reference("image", image, &known.images)?);
        }
        Ok(ReleaseImage {
            dockerfile: self.parse(&wire.dockerfile)?,
            target: wire.target.as_ref().map(|target| target.as_ref().clone()).unwrap_or_default(),
            arguments: wire.arguments.iter().map(|(key, value)| (key.as_ref().clone(), value.clone())).collect(),
            builders,
            buildkit: self.buildkit(wire, known)?,
            frozen: self.names_of("frozen input", &wire.frozen, &known.frozen)?,
            expect: self.expectation(&wire.expect, !wire.smoke.is_empty())?,
            writable: self.absolute(&wire.writable)?,
            capabilities: self.capabilities(&wire.capabilities)?,
            runs: wire.runs.iter().map(|run| self.run(run)).collect::<Result<_, _>>()?,
            smoke: wire.smoke.iter().map(|smoke| self.smoke(smoke, known)).collect::<Result<_, _>>()?,
        })
    }

    /// Makes a command of a smoke table: as every other one, but without outputs, normalizers and repetitions.
    fn smoke(&self, wire: &SmokeWire, known: &Known<'_>) -> Result<CommandSpec, PlanError> {
        if wire.run.as_ref().trim().is_empty() {
            return Err(self.error(wire.run.span(), "`run` is empty: expected the exact shell line", None));
        }
        if let Some(taken) = wire.frozen.iter().find(|name| name.as_ref() == IMAGE_INPUT) {
            let message = format!("`/deps/{IMAGE_INPUT}` is where a smoke command finds the image's own files");
            return Err(self.error(taken.span(), message, Some("give the frozen input another name".to_owned())));
        }
        Ok(CommandSpec {
            id: self.parse(&wire.id)?,
            line: wire.run.as_ref().clone(),
            image: self.reference("image", &wire.image, &known.images)?,
            frozen: self.names_of("frozen input", &wire.frozen, &known.frozen)?,
            needs: self.names_of("command", &wire.needs, &known.commands)?,
            sees: Vec::new(),
            outputs: BTreeSet::new(),
            git: false,
            environment: BTreeMap::new(),
            normalize_stdout: Vec::new(),
            normalize_stderr: Vec::new(),
            normalize_outputs: BTreeMap::new(),
            timeout: self.timeout(wire.timeout.as_ref())?,
            memory: None,
            max_output: USUAL_OUTPUT,
            world: WorldSettings::default(),
            require: Requirement::Bitwise,
            quiet: Quiet::default(),
            proof: ProofRule::ExitCode,
            retries: 0,
        })
    }

    fn names_of(
        &self,
        what: &str,
        list: &[Spanned<String>],
        known: &BTreeSet<&Name>,
    ) -> Result<BTreeSet<Name>, PlanError> {
        list.iter().map(|name| self.reference(what, name, known)).collect()
    }

    /// Looks the images up that a packet builds.
    pub(super) fn built(
        &self,
        names: &[Spanned<String>],
        images: &BTreeMap<Name, ReleaseImage>,
    ) -> Result<Vec<Name>, PlanError> {
        let known: BTreeSet<&Name> = images.keys().collect();
        let mut found = Vec::new();
        for name in names {
            let image: Name = self.reference("release image", name, &known)?;
            if found.contains(&image) {
                return Err(self.error(name.span(), format!("release image `{image}` would be built twice"), None));
            }
            found.push(image);
        }
        Ok(found)
    }

    /// Checks that a packet runs commands before it builds images, those among them whose outputs the images' own need.
    pub(super) fn check_built(
        &self,
        names: &[Spanned<String>],
        packet: &Packet,
        sets: &BTreeMap<Name, Vec<CommandSpec>>,
        images: &BTreeMap<Name, ReleaseImage>,
    ) -> Result<(), PlanError> {
        let commands = packet.sets.iter().filter_map(|set| sets.get(set)).flatten();
        let ids: BTreeSet<&Name> = commands.map(|command| &command.id).collect();
        for (span, name) in names.iter().map(Spanned::span).zip(&packet.release_images) {
            if ids.is_empty() {
                let hint = "the release's images are built after a packet's commands; give the packet a set".to_owned();
                return Err(self.error(span, "the packet has no command", Some(hint)));
            }
            let buildkit = images.get(name).and_then(|image| image.buildkit.as_ref());
            for context in buildkit.into_iter().flat_map(|buildkit| buildkit.contexts.values()) {
                if let ContextSource::Output { command, .. } = context
                    && !ids.contains(command)
                {
                    let message = format!(
                        "a context of image `{name}` is an output of `{command}`, which is in none of these sets"
                    );
                    return Err(self.error(span, message, Some(format!("add the set that holds `{command}`"))));
                }
            }
            for spec in images.get(name).into_iter().flat_map(|image| &image.smoke) {
                if let Some(missing) = spec.needs.iter().find(|need| !ids.contains(need)) {
                    let message =
                        format!("`{}` of image `{name}` needs `{missing}`, which is in none of these sets", spec.id);
                    return Err(self.error(span, message, Some(format!("add the set that holds `{missing}`"))));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::plan_toml::{PlanError, parse};
    use rcrepro_model::plan::Plan;

    const PLAN: &str = r#"version = 1
name = "beacon"

[images.go]
build = "images/go.toml"

[[sets.artifacts]]
id = "build-release"
run = "make"
image = "go"
outputs = ["dist"]

[release-images.runtime]
dockerfile = "Dockerfile"
target = "runtime"
arguments = { VERSION = "1.4.0" }
builders = { GO_IMAGE = "go" }
smoke = [{ id = "smoke", run = "true", image = "go", needs = ["build-release"] }]

[packets.RC-06]
title = "Artifacts"
sets = ["artifacts"]
release-images = ["runtime"]
exit = [{ says = "It runs.", rests-on = ["image:runtime"] }]
"#;

    fn changed(from: &str, to: &str) -> Result<Plan, PlanError> {
        assert!(PLAN.contains(from), "{from}");
        parse(&PLAN.replacen(from, to, 1), &[])
    }

    #[test]
    fn release_images_are_understood() {
        let plan = changed("", "").expect("a good plan");
        let packet = &plan.packets[&"RC-06".parse().expect("an id")];
        let (name, image) = plan.released(packet).next().expect("one");
        assert_eq!((name.as_str(), image.target.as_str(), image.smoke.len()), ("runtime", "runtime", 1));
        assert!(!image.expect.may_be_root, "root has to be allowed");
        assert!(plan.references(packet).images.contains(&"go".parse().expect("a name")));
    }

    #[test]
    fn mistakes_are_placed_and_explained() {
        let cases = [
            ("dockerfile = \"Dockerfile\"", "dockerfile = \"../x\"", "14:14: invalid path in a tree `../x`"),
            ("GO_IMAGE = \"go\"", "GO_IMAGE = \"rust\"", "17:25: there is no image `rust`"),
            ("VERSION = \"1.4.0\"", "\"A B\" = \"1\"", "16:15: invalid build argument `A B`"),
            (
                "VERSION = \"1.4.0\"",
                "GO_IMAGE = \"x\"",
                "17:14: the build argument `GO_IMAGE` has a value and a builder",
            ),
            ("id = \"smoke\"", "id = \"build-release\"", "18:17: command id `build-release` appears twice in the plan"),
            ("needs = [\"build-release\"]", "needs = [\"other\"]", "18:63: there is no command `other`"),
            (
                "needs = [\"build-release\"]",
                "frozen = [\"image\"]",
                "18:64: `/deps/image` is where a smoke command finds",
            ),
            (
                "smoke = [{ id = \"smoke\", run = \"true\", image = \"go\", needs = [\"build-release\"] }]",
                "",
                "13:17: the image is built and never run",
            ),
            (
                "release-images = [\"runtime\"]",
                "release-images = [\"agent\"]",
                "23:19: there is no release image `agent`",
            ),
            ("sets = [\"artifacts\"]", "", "23:19: the packet has no command"),
            (
                "smoke = [",
                "expect = { set-id = [\"usr/bin/su\"] }\nsmoke = [",
                "18:22: invalid path `usr/bin/su`: expected an absolute path",
            ),
            (
                "smoke = [",
                "expect = { ports = [\"8080\"] }\nsmoke = [",
                "18:21: invalid port `8080`: expected a number and its",
            ),
            (
                "smoke = [",
                "capabilities = [\"SETUID\", \"SYS_ADMIN\"]\nsmoke = [",
                "18:27: capability `SYS_ADMIN`: expected one that",
            ),
            ("smoke = [", "expect = { ports = [\"x/tcp\"] }\nsmoke = [", "18:21: invalid port `x/tcp`"),
            (
                "smoke = [",
                "expect = { volumes = [\"data\"] }\nsmoke = [",
                "18:23: invalid volume `data`: expected an absolute",
            ),
            (
                "smoke = [",
                "runs = [{ arguments = [], stdout = \"\", exit-code = 256 }]\nsmoke = [",
                "18:52: invalid `exit-code` 256: expected 0 to 255",
            ),
            (
                "smoke = [{ id = \"smoke\", run = \"true\", image = \"go\", needs = [\"build-release\"] }]",
                "runs = [{ arguments = [], stdout = \"\" }]\nexpect = { stop = 3 }",
                "19:19: `stop` is never looked at: expected `smoke`",
            ),
            ("\"image:runtime\"", "\"image:agent\"", "24:42: the packet builds no image `agent` of the release"),
            ("target = \"runtime\"", "targets = \"runtime\"", "15:1: unknown field `targets`"),
        ];
        for (from, to, expected) in cases {
            let error = changed(from, to).expect_err(expected);
            assert!(error.to_string().starts_with(expected), "{error}\nexpected {expected}");
        }
    }
}
