//! What a survey finds: references to toolchains and images, each with its place, its state and its standing.

use std::fmt;

use serde::Serialize;

/// Names what a reference is to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferencedTool {
    /// The Go toolchain.
    Go,
    /// Node.js, by whatever name its images and actions have.
    Node,
    /// npm, pnpm or yarn, as `packageManager` names them; no plan pins them.
    PackageManager,
    /// A container image, or what a registry serves in the same way.
    Image,
}

/// The kind of source that holds a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// `go` in `go.mod`.
    GoModGo,
    /// `toolchain` in `go.mod`.
    GoModToolchain,
    /// `go` in `go.work`.
    GoWorkGo,
    /// `toolchain` in `go.work`.
    GoWorkToolchain,
    /// `FROM` of a Dockerfile.
    DockerfileFrom,
    /// `ARG` of a Dockerfile.
    DockerfileArg,
    /// `ENV` of a Dockerfile.
    DockerfileEnv,
    /// `COPY --from` or `RUN --mount=from` of a Dockerfile, where it names an image.
    DockerfileCopy,
    /// `# syntax=` of a Dockerfile: the image that reads it.
    DockerfileSyntax,
    /// A compose file.
    Compose,
    /// A workflow of GitHub or Forgejo, or an action.
    Workflow,
    /// A pipeline of another CI.
    Pipeline,
    /// Any other YAML file.
    Yaml,
    /// `devcontainer.json`.
    Devcontainer,
    /// A script, a makefile, or the shell lines in another file.
    Script,
    /// `.tool-versions`, `.nvmrc`, `.node-version`, `.go-version` and their like.
    VersionFile,
    /// `package.json`.
    PackageJson,
    /// A document that people read.
    Document,
    /// Any other text.
    Text,
}

/// Returns the name that reports use.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl fmt::Display for ReferencedTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&name(self))
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&name(self))
    }
}

/// What a place does with the version that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// It decides which version is used: a download, an image, a CI step.
    Selects,
    /// It only says what is needed at least: `go` in `go.mod`, "Go 1.25 or later".
    Minimum,
    /// It only says what is allowed: `engines`.
    Allows,
}

/// How a reference compares to the pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "name", content = "why")]
pub enum ReferenceState {
    /// It is the pin, or an image's digest.
    Agrees,
    /// It selects nothing, and the pin is among what it allows.
    Admits,
    /// It is another version, or leaves the pin out.
    Disagrees,
    /// What it names changes by itself, so that it cannot agree.
    Floating,
    /// The tree alone does not tell; why.
    Undecidable(String),
    /// The plan pins no such tool.
    Unpinned,
}

impl ReferenceState {
    /// Returns the word that tables use.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Admits => "admits",
            Self::Disagrees => "disagrees",
            Self::Floating => "floating",
            Self::Undecidable(_) => "undecidable",
            Self::Unpinned => "unpinned",
        }
    }
}

/// Something that looks like a reference, before it is compared with a pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The toolchain, or an image.
    pub tool: ReferencedTool,
    /// The text that names the version or image, variables resolved where that is possible.
    pub value: String,
    /// Where such a value is written, which decides how it is read.
    pub kind: SourceKind,
    /// What the place does with it.
    pub usage: Use,
    /// Why the tree alone does not tell, if so.
    pub unclear: Option<String>,
    /// Why it is not a real reference, if it is not.
    pub look_alike: Option<String>,
    /// The file that holds the version, where this place only names a file.
    pub file: Option<String>,
}

impl Mention {
    /// Makes a mention that selects a version.
    #[must_use]
    pub fn new(place: (usize, usize), tool: ReferencedTool, kind: SourceKind, value: impl Into<String>) -> Self {
        Self {
            line: place.0,
            column: place.1,
            tool,
            value: value.into(),
            kind,
            usage: Use::Selects,
            unclear: None,
            look_alike: None,
            file: None,
        }
    }

    /// Returns what the place does with it.
    #[must_use]
    pub fn used(mut self, usage: Use) -> Self {
        self.usage = usage;
        self
    }

    /// Returns why the tree alone does not tell what it names.
    #[must_use]
    pub fn unclear(mut self, why: impl Into<String>) -> Self {
        self.unclear = Some(why.into());
        self
    }

    /// Returns why it is not a real reference.
    #[must_use]
    pub fn look_alike(mut self, why: impl Into<String>) -> Self {
        self.look_alike = Some(why.into());
        self
    }

    /// Names the file that holds the version.
    #[must_use]
    pub fn in_file(mut self, path: impl Into<String>) -> Self {
        self.file = Some(path.into());
        self
    }
}

/// A mention that was compared with the plan's pins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// The file, relative to the plan's folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The toolchain, or an image.
    pub tool: ReferencedTool,
    /// The text that names the version or image.
    pub value: String,
    /// Where such a value is written, which decides how it is read.
    pub kind: SourceKind,
    /// How it compares to the pin.
    pub state: ReferenceState,
    /// Why it is not a real reference; `None` for a real one.
    pub look_alike: Option<String>,
}
