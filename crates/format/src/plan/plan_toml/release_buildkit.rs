//! What a release image's table says to BuildKit.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::release_images::{Known, ReleaseImageWire};
use super::source::{PlanError, Source};
use rcrepro_model::content::name::{Name, TreePath};
use rcrepro_model::image::definition::ImagePlatform;
use rcrepro_model::plan::release_image::{BuildkitImage, ContextSource, SecretSource};
use rcrepro_model::text::hint::Hint as _;
use rcrepro_model::text::unknown::UnknownName;

/// The most bytes that file systems take for a name.
const LONGEST_NAME: usize = 255;

impl Source<'_> {
    /// Reads what only BuildKit builds with; none without a `builder`.
    pub(super) fn buildkit(
        &self,
        wire: &ReleaseImageWire,
        known: &Known<'_>,
    ) -> Result<Option<BuildkitImage>, PlanError> {
        let Some(builder) = &wire.builder else {
            let needs = [&wire.bases, &wire.contexts, &wire.secrets, &wire.programs]
                .into_iter()
                .flat_map(BTreeMap::keys)
                .chain(&wire.context)
                .chain(&wire.platforms)
                .map(Spanned::span)
                .chain(wire.world_keys().span())
                .chain(wire.git.as_ref().map(Spanned::span))
                .next();
            let Some(first) = needs else { return Ok(None) };
            let hint = "name the image that holds BuildKit: builder = \"buildkit\"".to_owned();
            return Err(self.error(first, "this needs BuildKit, and the image has no `builder`", Some(hint)));
        };
        let mut bases = BTreeMap::new();
        for (reference, image) in &wire.bases {
            let text = reference.as_ref();
            if text.is_empty() || text.contains(char::is_whitespace) || text.contains('$') {
                let message =
                    format!("invalid base `{text}`: expected a reference as `FROM` has it, variables replaced");
                return Err(self.error(reference.span(), message, None));
            }
            bases.insert(text.clone(), self.reference("image", image, &known.images)?);
        }
        let mut contexts = BTreeMap::new();
        for (name, context) in &wire.contexts {
            let read: ContextSource =
                context.as_ref().parse().map_err(|message: String| self.error(context.span(), message, None))?;
            self.called("a context", name)?;
            self.check_context(context, &read, known)?;
            contexts.insert(name.as_ref().clone(), read);
        }
        let mut secrets = BTreeMap::new();
        for (id, source) in &wire.secrets {
            self.called("a secret", id)?;
            let read: SecretSource =
                source.as_ref().parse().map_err(|message: String| self.error(source.span(), message, None))?;
            secrets.insert(id.as_ref().clone(), read);
        }
        let image = self.reference("image", builder, &known.images)?;
        let context = wire.context.as_ref().map(|context| self.parse(context)).transpose()?;
        let git = self.git_of_context(wire, known)?;
        let platforms = self.platforms(&wire.platforms)?;
        let programs = self.programs(&wire.programs)?;
        let world = self.world(&wire.world_keys())?;
        Ok(Some(BuildkitImage { image, context, git, bases, contexts, secrets, platforms, programs, world }))
    }

    /// Tells whether the context holds a repository, which only the source's root can.
    fn git_of_context(&self, wire: &ReleaseImageWire, known: &Known<'_>) -> Result<bool, PlanError> {
        let (git, is_root) = (wire.git.as_ref(), wire.context.is_none());
        if let Some(git) = git.filter(|git| *git.as_ref() && !is_root) {
            let message = "the repository lies in the source's root, and `context` is a folder below it";
            return Err(self.error(git.span(), message, Some("take out `context` or `git`".to_owned())));
        }
        Ok(git.map_or(known.git && is_root, |git| *git.as_ref()))
    }

    /// Reads the programs that steps find first.
    fn programs(
        &self,
        wires: &BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<BTreeMap<String, TreePath>, PlanError> {
        let mut found = BTreeMap::new();
        for (name, path) in wires {
            let good = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
            let text = name.as_ref();
            if text.is_empty() || text.len() > LONGEST_NAME || text.starts_with(['.', '-']) || !text.chars().all(good) {
                let message = format!(
                    "invalid program `{text}`: expected the name of a file, without its folder, of at most {LONGEST_NAME} bytes"
                );
                return Err(self.error(name.span(), message, None));
            }
            found.insert(text.clone(), self.parse(path)?);
        }
        Ok(found)
    }

    /// Reads the platforms that an image is built for.
    fn platforms(&self, wires: &[Spanned<String>]) -> Result<BTreeSet<ImagePlatform>, PlanError> {
        let mut found = BTreeSet::new();
        for wire in wires {
            let known = ImagePlatform::ALL.map(|platform| platform.to_string());
            let platform = ImagePlatform::ALL.into_iter().find(|platform| platform.to_string() == *wire.as_ref());
            let Some(platform) = platform else {
                let message = format!("invalid platform `{}`: expected one of {}", wire.as_ref(), known.join(", "));
                return Err(self.error(wire.span(), message, None));
            };
            if !found.insert(platform) {
                return Err(self.error(wire.span(), format!("the platform `{platform}` appears twice"), None));
            }
        }
        Ok(found)
    }

    /// Checks that a named context is something of this plan: an image, or an output of a command or a folder in it.
    fn check_context(
        &self,
        text: &Spanned<String>,
        context: &ContextSource,
        known: &Known<'_>,
    ) -> Result<(), PlanError> {
        let unknown = |kind: &'static str, name: &Name, known: &BTreeSet<&Name>| {
            let unknown = UnknownName::new("the plan", kind, name, known);
            Err(self.error(text.span(), format!("there is no {kind} `{name}`"), unknown.hint()))
        };
        match context {
            ContextSource::Source { .. } => Ok(()),
            ContextSource::Image { name } if known.images.contains(name) => Ok(()),
            ContextSource::Image { name } => unknown("image", name, &known.images),
            ContextSource::Output { command, path } => {
                let Some(outputs) = known.outputs.get(command) else {
                    return unknown("command", command, &known.commands);
                };
                let holds = |output: &TreePath| {
                    let below = path.as_str().strip_prefix(output.as_str());
                    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
                };
                if outputs.iter().any(holds) {
                    return Ok(());
                }
                let declared: Vec<String> = outputs.iter().map(|output| format!("`{output}`")).collect();
                let declared = if declared.is_empty() { "none".to_owned() } else { declared.join(", ") };
                let message = format!("`{path}` is not an output of `{command}`, nor in one: found {declared}");
                Err(self.error(
                    text.span(),
                    message,
                    Some(format!("outputs = [\"{path}\"] of the command `{command}`")),
                ))
            }
        }
    }

    /// Checks a name that the Dockerfile uses: it becomes a part of a path and of a line.
    fn called(&self, what: &str, name: &Spanned<String>) -> Result<(), PlanError> {
        let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let text = name.as_ref();
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) || !text.chars().all(good) {
            let message = format!("invalid name of {what} `{text}`: expected letters, digits and ._-");
            return Err(self.error(name.span(), message, None));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::plan_toml::parse;
    use rcrepro_model::execution::world::{ClockMode, WorldSettings};
    use rcrepro_model::plan::release_image::ContextSource;

    const PLAN: &str = r#"version = 1
name = "app"
[images.go]
build = "images/go.toml"
[images.buildkit]
build = "images/buildkit.toml"
[[sets.all]]
id = "make"
run = "true"
image = "go"
outputs = ["dist"]
[packets.RC-06]
title = "Artifacts"
sets = ["all"]
release-images = ["app"]
[release-images.app]
dockerfile = "Dockerfile"
builder = "buildkit"
context = "web"
bases = { "golang:1.26@sha256:1" = "go" }
contexts = { payload = "output:make/dist", tools = "image:go" }
secrets = { token = "env:TOKEN" }
runs = [{ arguments = [], stdout = "" }]
"#;

    #[test]
    fn what_buildkit_gets_is_understood() {
        let plan = parse(PLAN, &[]).expect("a good plan");
        let image = plan.release_images.values().next().expect("one");
        let buildkit = image.buildkit.as_ref().expect("by BuildKit");
        assert_eq!(image.target, "", "the last stage");
        assert_eq!(buildkit.contexts["tools"], ContextSource::Image { name: "go".parse().expect("a name") });
        let images: Vec<&str> = buildkit.images().map(|name| name.as_str()).collect();
        assert_eq!(images, ["buildkit", "go", "go"]);
        assert_eq!(buildkit.world, WorldSettings::default());
        let packet = plan.packets.values().next().expect("one");
        assert!(plan.references(packet).images.contains(&"buildkit".parse().expect("a name")));
    }

    #[test]
    fn the_world_of_steps_is_asked_for_as_that_of_commands() {
        let keys = "context = \"web\"\nclock = \"starts\"\ncpus = 2\nclamp-mtime = []";
        let plan = parse(&PLAN.replace("context = \"web\"", keys), &[]).expect("a good plan");
        let image = plan.release_images.values().next().expect("one");
        let asked = &image.buildkit.as_ref().expect("by BuildKit").world;
        let expected = WorldSettings {
            clock: Some(ClockMode::Starts),
            cpus: Some(2),
            clamp_mtime: Vec::new(),
            ..WorldSettings::default()
        };
        assert_eq!(*asked, expected);
    }

    #[test]
    fn a_context_holds_a_repository_where_the_plan_says_so_or_every_command_sees_one() {
        let sees = |source: &str, keys: &str| {
            let plan = PLAN.replace("[images.go]", &format!("{source}[images.go]"));
            let plan = parse(&plan.replace("context = \"web\"\n", keys), &[]).expect("a good plan");
            assert_eq!(plan.lays_git(), plan.packets.values().any(|packet| plan.wants_git(packet)));
            plan.release_images.values().all(|image| image.sees_git())
        };
        let all = "[source]\ngit = true\n";
        let found = [("", ""), ("", "git = true\n"), (all, ""), (all, "git = false\n"), (all, "context = \"web\"\n")];
        assert_eq!(found.map(|(source, keys)| sees(source, keys)), [false, true, true, false, false]);
    }

    #[test]
    fn a_context_may_be_a_folder_in_an_output() {
        let plan = parse(&PLAN.replace("output:make/dist", "output:make/dist/bin"), &[]).expect("a good plan");
        assert_eq!(plan.release_images.len(), 1);
    }

    #[test]
    fn mistakes_are_placed_and_explained() {
        let cases = [
            ("builder = \"buildkit\"", "", "20:11: this needs BuildKit, and the image has no `builder`"),
            ("builder = \"buildkit\"", "builder = \"docker\"", "18:11: there is no image `docker`"),
            ("golang:1.26@sha256:1", "golang:$TAG", "20:11: invalid base `golang:$TAG`"),
            ("image:go", "image:rust", "21:52: there is no image `rust`"),
            ("output:make/dist", "output:build/dist", "21:24: there is no command `build`"),
            (
                "output:make/dist",
                "output:make/distribution",
                "21:24: `distribution` is not an output of `make`, nor in one: found `dist`",
            ),
            ("outputs = [\"dist\"]", "", "21:24: `dist` is not an output of `make`, nor in one: found none"),
            ("output:make/dist", "docker-image://x", "21:24: invalid context `docker-image://x`"),
            ("payload = ", "\"-x\" = ", "21:14: invalid name of a context `-x`"),
            ("secrets = {", "programs = { \"bin/apk\" = \"apk.sh\" }\nsecrets = {", "22:14: invalid program `bin/apk`"),
            ("env:TOKEN", "TOKEN", "22:21: invalid secret `TOKEN`"),
            ("context = \"web\"", "clock = \"still\"", "19:9: there is no clock `still`"),
            (
                "context = \"web\"",
                "clock = \"starts\"\nworld = \"machine\"",
                "19:9: `world = \"machine\"` has the machine's own",
            ),
            ("context = \"web\"", "cpus = 0", "19:8: `cpus` is 0: expected 1 to 64"),
            (
                "context = \"web\"",
                "context = \"web\"\ngit = true",
                "20:7: the repository lies in the source's root, and `context` is a folder below it",
            ),
            (
                "builder = \"buildkit\"\ncontext = \"web\"\nbases = { \"golang:1.26@sha256:1\" = \"go\" }\n\
                 contexts = { payload = \"output:make/dist\", tools = \"image:go\" }\nsecrets = { token = \"env:TOKEN\" }",
                "cpus = 2",
                "18:8: this needs BuildKit, and the image has no `builder`",
            ),
        ];
        for (from, to, expected) in cases {
            let error = parse(&PLAN.replacen(from, to, 1), &[]).expect_err(expected);
            assert!(error.to_string().starts_with(expected), "{error}\nexpected {expected}");
        }
    }
}
