//! What a build is given, and what its Dockerfile came to.

use std::collections::{BTreeMap, BTreeSet};

use rcrepro_model::content::name::TreePath;
use rcrepro_model::plan::release_image::{BuildkitImage, ContextSource};

/// Arguments that a build may be given although its Dockerfile does not declare them, beside those that begin with `BUILDKIT_`.
const PREDEFINED: [&str; 11] = [
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SOURCE_DATE_EPOCH",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// What BuildKit has to hand beside the context.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildGiven {
    /// The stage that is built; empty for the last one.
    pub target: String,
    /// The build arguments with their values.
    pub arguments: BTreeMap<String, String>,
    /// The images and named contexts that it may build on, as [`familiar`] writes them.
    pub images: BTreeSet<String>,
    /// The ids of the secrets.
    pub secrets: BTreeSet<String>,
    /// Those of them that are locked images, which are for the architecture that builds.
    pub locked: BTreeSet<String>,
    /// The architecture of the machine that builds, as Go names it.
    pub architecture: String,
    /// The architecture that is built for.
    pub target_architecture: String,
}

impl BuildGiven {
    /// Lists what the plan gives to a build, without its build arguments.
    #[must_use]
    pub fn new(buildkit: &BuildkitImage, target: &str, architecture: &str) -> Self {
        let images = buildkit.bases.keys().chain(buildkit.contexts.keys()).map(|reference| familiar(reference));
        let is_locked = |context: &ContextSource| matches!(context, ContextSource::Image { .. });
        let named = buildkit.contexts.iter().filter(|(_, context)| is_locked(context)).map(|(name, _)| name);
        Self {
            target: target.to_owned(),
            arguments: BTreeMap::new(),
            images: images.collect(),
            secrets: buildkit.secrets.keys().cloned().collect(),
            locked: buildkit.bases.keys().chain(named).map(|reference| familiar(reference)).collect(),
            architecture: architecture.to_owned(),
            target_architecture: architecture.to_owned(),
        }
    }

    /// Whether it is built for another architecture than that of the machine.
    pub(super) fn is_foreign(&self) -> bool {
        self.architecture != self.target_architecture
    }

    /// Adds a build argument that names an image which the build is given.
    pub fn builder(&mut self, argument: &str, reference: &str) {
        self.arguments.insert(argument.to_owned(), reference.to_owned());
        self.images.insert(familiar(reference));
        self.locked.insert(familiar(reference));
    }
}

/// A line, and what is wrong with it or good to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineFault {
    /// The line, from 1.
    pub line: usize,
    /// The object, what was expected, and what was found.
    pub says: String,
    /// What mends it.
    pub hint: String,
}

/// A secret that a step takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMount {
    /// The line, from 1.
    pub line: usize,
    /// As BuildKit looks it up.
    pub id: String,
    /// Whether the step fails without it.
    pub is_required: bool,
    /// Whether the target needs the step.
    pub is_needed: bool,
}

/// A file or folder of the context that a step of the target copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedPath {
    /// The line, from 1.
    pub line: usize,
    /// `COPY` or `ADD`.
    pub instruction: String,
    /// The source with its variables, for people.
    pub written: String,
    /// Where it has to be, from the context's root.
    pub path: TreePath,
    /// Whether the line is a list in JSON, which is split at commas in names, too.
    pub is_of_list: bool,
}

/// What a Dockerfile came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildReading {
    /// The names of the stages; empty where one has none.
    pub stages: Vec<String>,
    /// Whether one of them is what the plan asks for.
    pub has_target: bool,
    /// The build arguments that it declares.
    pub declared: BTreeSet<String>,
    /// What no build survives.
    pub refused: Vec<LineFault>,
    /// What is good to know.
    pub notes: Vec<LineFault>,
    /// The images and named contexts that a line names, as [`familiar`] writes them; none where a line cannot be told.
    pub used: Option<BTreeSet<String>>,
    /// The secrets that steps take, as far as their ids can be told.
    pub secrets: Vec<SecretMount>,
    /// What needed steps copy of the context, as far as its path is told by the line alone and has no wildcard.
    pub copied: Vec<CopiedPath>,
    /// Whether all of the ids could be told.
    pub are_secrets_told: bool,
}

impl BuildReading {
    /// Whether a build argument means something to the build.
    #[must_use]
    pub fn takes(&self, argument: &str) -> bool {
        self.declared.contains(argument) || is_predefined(argument)
    }
}

/// Whether a build argument means something without a line that declares it.
pub(super) fn is_predefined(argument: &str) -> bool {
    PREDEFINED.contains(&argument) || argument.starts_with("BUILDKIT_") || platforms("", "").contains_key(argument)
}

/// Whether the build itself gives an argument, so that a plan that gives another one contradicts what is recorded.
#[must_use]
pub fn is_reserved(argument: &str) -> bool {
    let own = ["SOURCE_DATE_EPOCH", "BUILDKIT_SYNTAX", "BUILDKIT_MULTI_PLATFORM", "BUILDKIT_CONTEXT_KEEP_GIT_DIR"];
    own.contains(&argument) || platforms("", "").contains_key(argument)
}

/// Writes a reference in its short form, as BuildKit looks it up among named contexts: without Docker Hub's host, the folder of its
/// official images, and the tag `latest`.
#[must_use]
pub fn familiar(reference: &str) -> String {
    let hub = ["docker.io/", "index.docker.io/"];
    let short = hub.iter().find_map(|host| reference.strip_prefix(host)).unwrap_or(reference);
    let short = short.strip_prefix("library/").filter(|rest| !rest.contains('/')).unwrap_or(short);
    short.strip_suffix(":latest").unwrap_or(short).to_owned()
}

/// Lists the arguments that BuildKit sets by itself, of the architectures that are built on and for.
pub(super) fn platforms(build: &str, target: &str) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (side, architecture) in [("BUILD", build), ("TARGET", target)] {
        for (name, value) in [
            ("ARCH", architecture),
            ("OS", "linux"),
            ("OSVERSION", ""),
            ("PLATFORM", &format!("linux/{architecture}")),
            ("VARIANT", ""),
        ] {
            values.insert(format!("{side}{name}"), value.to_owned());
        }
    }
    values.insert("TARGETSTAGE".to_owned(), String::new());
    values
}
