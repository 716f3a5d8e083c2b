//! The release's own images: Docker targets of the certified source, how they are built, and what they must do.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use crate::content::name::{Name, TreePath};
use crate::execution::world::WorldSettings;
use crate::image::definition::ImagePlatform;
use crate::plan::command::CommandSpec;
use crate::plan::expected_output::ExpectedOutput;

/// What smoke commands find the image's own file system under, as if it were a frozen input of this name.
pub const IMAGE_INPUT: &str = "image";

/// One target of a Dockerfile, as the plan states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseImage {
    /// The Dockerfile, relative to the source's root, which is the context.
    pub dockerfile: TreePath,
    /// The stage that is built; empty for the last one.
    pub target: String,
    /// Build arguments.
    pub arguments: BTreeMap<String, String>,
    /// Build arguments that name an image of the plan: each is passed as the id of an image built on it.
    pub builders: BTreeMap<String, Name>,
    /// What a builder of our own builds it with; without it the engine's classic builder does.
    pub buildkit: Option<BuildkitImage>,
    /// The frozen inputs that `RUN` steps find at `/deps/NAME` of every builder.
    pub frozen: BTreeSet<Name>,
    /// What its configuration must say.
    pub expect: Expectation,
    /// Absolute paths that a container of it may write to beside its volumes, each a file system in memory.
    pub writable: Vec<String>,
    /// The capabilities that a container of it has, as Linux names them without `CAP_`.
    pub capabilities: Vec<String>,
    /// How it is run by itself.
    pub runs: Vec<ImageRun>,
    /// What is run beside a container of it, in that container's network.
    pub smoke: Vec<CommandSpec>,
}

/// How an image is built by BuildKit in a container of a locked image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildkitImage {
    /// The image of the plan that holds BuildKit, `builder`.
    pub image: Name,
    /// The folder of the source that is the context; none for the source's root.
    pub context: Option<TreePath>,
    /// Whether a repository lies in the context: `.git` with the commit that the source is of.
    pub git: bool,
    /// References as the Dockerfile writes them, and the image of the plan that each means.
    pub bases: BTreeMap<String, Name>,
    /// Named contexts of the Dockerfile.
    pub contexts: BTreeMap<String, ContextSource>,
    /// What `RUN --mount=type=secret` finds, by its id.
    pub secrets: BTreeMap<String, SecretSource>,
    /// The platforms that it is built for; empty for that of the machine alone, and otherwise with it.
    pub platforms: BTreeSet<ImagePlatform>,
    /// Programs that `RUN` steps find before those of their base, by name: executable files of the source.
    pub programs: BTreeMap<String, TreePath>,
    /// The world that `RUN` steps see; the wall clock stands where no key says which.
    pub world: WorldSettings,
}

/// Where a secret is on the machine that builds; its content is recorded nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the environment: `env:NAME`.
    Variable(String),
    /// A file: `file:PATH`, absolute or relative to the plan's folder.
    File(String),
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

impl FromStr for SecretSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
                Ok(Self::Variable(name.to_owned()))
            }
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            _ => Err(format!("invalid secret `{text}`: expected env:VARIABLE or file:PATH")),
        }
    }
}

impl ReleaseImage {
    /// Makes an image of which nothing is said but what it is built from, by the engine's classic builder.
    #[must_use]
    pub fn new(dockerfile: TreePath, target: impl Into<String>) -> Self {
        Self {
            dockerfile,
            target: target.into(),
            arguments: BTreeMap::new(),
            builders: BTreeMap::new(),
            buildkit: None,
            frozen: BTreeSet::new(),
            expect: Expectation::default(),
            writable: Vec::new(),
            capabilities: Vec::new(),
            runs: Vec::new(),
            smoke: Vec::new(),
        }
    }

    /// Lists the locked images that its files can come from.
    pub fn locked_bases(&self) -> impl Iterator<Item = &Name> {
        let of_buildkit = self.buildkit.iter().flat_map(|buildkit| buildkit.images().skip(1));
        self.builders.values().chain(of_buildkit)
    }

    /// Whether its build sees a repository.
    #[must_use]
    pub fn sees_git(&self) -> bool {
        self.buildkit.as_ref().is_some_and(|buildkit| buildkit.git)
    }

    /// Names the stage that is built, for people.
    #[must_use]
    pub fn stage(&self) -> String {
        stage(&self.target)
    }
}

/// Names a stage for people.
#[must_use]
pub fn stage(target: &str) -> String {
    if target.is_empty() { "the last stage".to_owned() } else { format!("target `{target}`") }
}

impl BuildkitImage {
    /// Makes what is asked of a builder alone: the source's root for a context, and nothing mapped.
    #[must_use]
    pub fn new(image: Name) -> Self {
        Self {
            image,
            context: None,
            git: false,
            bases: BTreeMap::new(),
            contexts: BTreeMap::new(),
            secrets: BTreeMap::new(),
            platforms: BTreeSet::new(),
            programs: BTreeMap::new(),
            world: WorldSettings::default(),
        }
    }

    /// Lists the platforms that it is built for beside that of a machine.
    pub fn other_platforms(&self, machine: ImagePlatform) -> impl Iterator<Item = ImagePlatform> + '_ {
        self.platforms.iter().copied().filter(move |platform| *platform != machine)
    }

    /// Lists the images of the plan that it needs, first the one that holds BuildKit.
    pub fn images(&self) -> impl Iterator<Item = &Name> {
        let named = self.contexts.values().filter_map(|context| match context {
            ContextSource::Image { name } => Some(name),
            ContextSource::Output { .. } | ContextSource::Source { .. } => None,
        });
        [&self.image].into_iter().chain(self.bases.values()).chain(named)
    }
}

/// What a named context of a Dockerfile is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContextSource {
    /// An output of a command of the packet, or a folder in it: `output:COMMAND/PATH`.
    Output {
        /// The command's id.
        command: Name,
        /// The folder, from the working directory that the output is relative to.
        path: TreePath,
    },
    /// A folder of the source: `source:PATH`.
    Source {
        /// The folder.
        path: TreePath,
    },
    /// A locked image: `image:NAME`.
    Image {
        /// Its name in the plan.
        name: Name,
    },
}

impl std::fmt::Display for ContextSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Output { command, path } => write!(f, "output:{command}/{path}"),
            Self::Source { path } => write!(f, "source:{path}"),
            Self::Image { name } => write!(f, "image:{name}"),
        }
    }
}

impl FromStr for ContextSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("invalid context `{text}`: expected output:COMMAND/PATH, source:PATH or image:NAME");
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        let path = |text: &str| text.parse::<TreePath>().map_err(|_| wrong());
        match kind {
            "output" => {
                let (command, below) = rest.split_once('/').ok_or_else(wrong)?;
                Ok(Self::Output { command: command.parse().map_err(|_| wrong())?, path: path(below)? })
            }
            "source" => Ok(Self::Source { path: path(rest)? }),
            "image" => Ok(Self::Image { name: rest.parse().map_err(|_| wrong())? }),
            _ => Err(wrong()),
        }
    }
}

/// What an image's configuration must say; a field that is `None` or empty is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Whether it may run as root, which it may not when the plan is silent.
    pub may_be_root: bool,
    /// The user, exactly as the image names it.
    pub user: Option<String>,
    /// The ports that it exposes, such as `8080/tcp`; exactly these.
    pub ports: Option<BTreeSet<String>>,
    /// The paths that are volumes; exactly these.
    pub volumes: Option<BTreeSet<String>>,
    /// The exit code of a container that gets its stop signal.
    pub stop: Option<u8>,
    /// The absolute paths of its set-id files, beside those of locked images.
    pub set_id: BTreeSet<String>,
    /// The absolute paths of package caches and keys that it may hold, or of folders above them.
    pub leftovers: BTreeSet<String>,
    /// Names of variables and labels whose values look like credentials, although they open nothing.
    pub not_secret: BTreeSet<String>,
}

/// How an image is run by itself, and what it must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRun {
    /// What follows the image's entry point.
    pub arguments: Vec<String>,
    /// Its standard output.
    pub stdout: ExpectedOutput,
    /// The status that the container has to end with.
    pub exit_code: i32,
}

/// What an image's configuration says to an engine; times, histories and the ids of parents do not belong to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageSettings {
    /// The machine, as Go names it.
    pub architecture: String,
    /// The operating system.
    pub os: String,
    /// The user, and the group after a colon; empty is root.
    pub user: String,
    /// The working directory; empty is the root.
    pub working_dir: String,
    /// What a container starts with.
    pub entrypoint: Vec<String>,
    /// What follows it when nothing else is said.
    pub cmd: Vec<String>,
    /// The environment, as written.
    pub env: Vec<String>,
    /// Exposed ones, such as `8080/tcp`.
    pub ports: BTreeSet<String>,
    /// Paths at which an engine mounts volumes.
    pub volumes: BTreeSet<String>,
    /// The labels, without those that rcrepro itself sets.
    pub labels: BTreeMap<String, String>,
    /// The signal that ends a container; empty is SIGTERM.
    pub stop_signal: String,
    /// The command that checks a container's health; empty without one.
    pub healthcheck: Vec<String>,
    /// What else says something to an engine, by its key in the configuration, such as `config.Shell`, as JSON.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub further: BTreeMap<String, String>,
}

/// How an image says that a container of it is checked. What it does not say is as with Docker Engine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// `CMD`, `CMD-SHELL` or `NONE`, and the command; empty without a check.
    pub test: Vec<String>,
    /// How long to wait before each check.
    pub interval: Duration,
    /// How long a check may take.
    pub timeout: Duration,
    /// How long failures do not count.
    pub start_period: Duration,
    /// How many failures in a row make it unhealthy.
    pub retries: u32,
}

impl HealthCheck {
    /// Returns how many failures in a row make it unhealthy if it is checked more often, so that it has as long as the image gives it.
    #[must_use]
    pub fn retries_every(&self, interval: Duration) -> u32 {
        let all = self.interval.saturating_mul(self.retries).as_secs_f64() / interval.as_secs_f64();
        // Saturates, and is never less than what the image says.
        (all.ceil() as u32).max(self.retries)
    }
}

impl ImageSettings {
    /// Returns how a container's health is checked.
    #[must_use]
    pub fn health_check(&self) -> HealthCheck {
        let number = |key: &str| {
            let text = self.further.get(&format!("config.Healthcheck.{key}"))?;
            text.parse().ok().filter(|number| *number > 0)
        };
        let duration = |key: &str, usual: u64| number(key).map_or(Duration::from_secs(usual), Duration::from_nanos);
        HealthCheck {
            test: self.healthcheck.clone(),
            interval: duration("Interval", 30),
            timeout: duration("Timeout", 30),
            start_period: duration("StartPeriod", 0),
            retries: number("Retries").map_or(3, |retries| u32::try_from(retries).unwrap_or(u32::MAX)),
        }
    }

    /// Whether an engine checks a container's health.
    #[must_use]
    pub fn has_health_check(&self) -> bool {
        self.healthcheck.first().is_some_and(|word| word != "NONE")
    }

    /// Whether a container of it runs as root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        let user = self.user.split(':').next().unwrap_or_default();
        user == "root" || user.bytes().all(|byte| byte == b'0')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_context_is_read_as_it_is_written() {
        for text in ["output:build-release/dist", "output:make/a/b", "source:web/assets", "image:go"] {
            assert_eq!(text.parse::<ContextSource>().expect(text).to_string(), text);
        }
        for text in ["", "dist", "output:make", "source:/etc", "source:../x", "image:", "docker-image://x"] {
            assert!(text.parse::<ContextSource>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_health_check_has_the_images_own_durations() {
        let check = |further: &[(&str, &str)]| {
            let further = further.iter().map(|(key, value)| (format!("config.Healthcheck.{key}"), (*value).to_owned()));
            let healthcheck = vec!["CMD".to_owned(), "/check".to_owned()];
            ImageSettings { healthcheck, further: further.collect(), ..ImageSettings::default() }.health_check()
        };
        let (second, usual) = (Duration::from_secs(1), check(&[]));
        assert_eq!(usual.test, ["CMD", "/check"]);
        assert_eq!((usual.timeout, usual.retries, usual.retries_every(second)), (30 * second, 3, 90));
        let own =
            check(&[("Interval", "1500000000"), ("Timeout", "3000000000"), ("Retries", "2"), ("StartPeriod", "0")]);
        assert_eq!((own.timeout, own.start_period, own.retries_every(second)), (3 * second, Duration::ZERO, 3));
        assert_eq!(check(&[("Interval", "1000000"), ("Retries", "5")]).retries_every(second), 5);
    }

    #[test]
    fn root_has_many_names() {
        for (user, root) in [
            ("", true),
            ("0", true),
            ("0:65532", true),
            ("root", true),
            ("00", true),
            ("root:x", true),
            ("65532:0", false),
            ("app", false),
            ("10", false),
        ] {
            assert_eq!(ImageSettings { user: user.to_owned(), ..ImageSettings::default() }.is_root(), root, "{user}");
        }
    }
}
