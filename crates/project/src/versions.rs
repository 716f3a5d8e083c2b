//! Which versions of Go and Node the project uses, by what its files select.

use std::collections::BTreeSet;

use crate::TrackedFiles;
use crate::seen::SeenText;
use rcrepro_model::plan::pins::Pins;
use rcrepro_pins::reference::{ReferencedTool, SourceKind, Use};
use rcrepro_pins::survey::PinSurvey;

/// Everything that names a version of a toolchain, the best source first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of Go, with and without the patch, but for what `least_go` is chosen from.
    pub go: Vec<SeenText>,
    /// The highest `go` of a module or workspace: no older toolchain reads it, every newer one does.
    pub least_go: Option<SeenText>,
    /// Of Node, ranges too.
    pub node: Vec<SeenText>,
}

/// Reads the files that may name a version.
#[must_use]
pub fn versions(files: &dyn TrackedFiles) -> Versions {
    let mut survey = PinSurvey::default();
    for path in files.paths().iter().filter(|path| may_name(path)) {
        if let Some(text) = files.text(path) {
            survey.file(path, text.as_bytes(), &Pins::default());
        }
    }
    let of = |tool: ReferencedTool| {
        let of_tool = survey
            .mentions
            .iter()
            .filter(|(_, mention)| mention.tool == tool && mention.look_alike.is_none() && !is_least(mention.kind));
        let in_ci = of_tool.clone().filter(|(_, mention)| (mention.kind, mention.usage) == IN_CI);
        let is_matrix = in_ci.map(|(_, mention)| numbers(&mention.value)).collect::<BTreeSet<_>>().len() > 1;
        let mut found: Vec<(u8, SeenText)> = of_tool
            .map(|(file, mention)| {
                let rank = rank((mention.kind, mention.usage), is_matrix);
                (rank, SeenText::new(mention.value.clone(), file, mention.line))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, seen)| seen).collect()
    };
    let least = survey.mentions.iter().filter(|(_, mention)| is_least(mention.kind));
    let least = least.max_by_key(|(_, mention)| numbers(&mention.value));
    let least_go = least.map(|(file, mention)| SeenText::new(mention.value.clone(), file, mention.line));
    Versions { least_go, go: of(ReferencedTool::Go), node: of(ReferencedTool::Node) }
}

fn may_name(path: &str) -> bool {
    let name = crate::name_of(path);
    let is_vendored = path.split('/').any(|part| matches!(part, "node_modules" | "vendor" | "testdata"));
    !is_vendored
        && (matches!(
            name,
            "go.mod" | "go.work" | "package.json" | ".nvmrc" | ".node-version" | ".go-version" | ".tool-versions"
        ) || name.contains("Dockerfile")
            || path.starts_with(".github/workflows/"))
}

/// Whether a source names the least version, which `go mod tidy` writes there, and not the one to use.
fn is_least(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::GoModGo | SourceKind::GoWorkGo)
}

/// What a workflow has its jobs run with.
const IN_CI: (SourceKind, Use) = (SourceKind::Workflow, Use::Selects);

/// How much a source counts: what decides for everybody first, what only sets a limit last. Where CI tries several versions, the image that is
/// shipped says which one counts.
fn rank(source: (SourceKind, Use), is_matrix: bool) -> u8 {
    match source {
        (SourceKind::GoModToolchain | SourceKind::GoWorkToolchain, _) => 0,
        (SourceKind::VersionFile, _) => 1,
        IN_CI if !is_matrix => 2,
        (SourceKind::DockerfileFrom | SourceKind::DockerfileArg, Use::Selects) => 3,
        (_, Use::Selects) => 4,
        _ => 5,
    }
}

/// Reads the leading numbers of a version, such as `1.24`, `v20.11.1` or `^22`; none without any.
#[must_use]
pub fn numbers(version: &str) -> Vec<u32> {
    let start = version.find(|c: char| c.is_ascii_digit()).unwrap_or(version.len());
    let text = &version[start..];
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].split('.').map_while(|part| part.parse().ok()).collect()
}
