//! Workflows and actions of GitHub and Forgejo: `setup-go` and `setup-node`, containers, services, and the expressions
//! that lead to matrices, environments and inputs.
//!
//! Source: GitHub, "Workflow syntax for GitHub Actions", "Metadata syntax for GitHub Actions"; READMEs of
//! actions/setup-go and actions/setup-node.

use crate::image;
use crate::reference::{Mention, ReferencedTool, SourceKind};
use rcrepro_format::syntax::node::SyntaxNode;

/// Finds what a workflow or an action names.
#[must_use]
pub fn mentions(document: &SyntaxNode) -> Vec<Mention> {
    let mut reader = Reader { scope: Scope::default(), found: Vec::new() };
    reader.scope.inputs = ["workflow_call", "workflow_dispatch"]
        .iter()
        .filter_map(|event| document.path(&["on", event, "inputs"]))
        .chain(document.get("inputs"))
        .collect();
    reader.scope.environments.extend(document.get("env"));
    for (_, job) in document.get("jobs").map(SyntaxNode::pairs).unwrap_or_default() {
        reader.job(job);
    }
    if let Some(runs) = document.get("runs") {
        reader.steps(runs.get("steps"));
        reader.action(runs);
    }
    reader.found
}

/// What expressions may lead to.
#[derive(Default, Clone)]
struct Scope<'a> {
    /// Environments, the innermost last.
    environments: Vec<&'a SyntaxNode>,
    inputs: Vec<&'a SyntaxNode>,
    matrix: Option<&'a SyntaxNode>,
}

struct Reader<'a> {
    scope: Scope<'a>,
    found: Vec<Mention>,
}

impl<'a> Reader<'a> {
    fn job(&mut self, job: &'a SyntaxNode) {
        let outer = self.scope.clone();
        self.scope.environments.extend(job.get("env"));
        self.scope.matrix = job.path(&["strategy", "matrix"]);
        if let Some(container) = job.get("container") {
            self.image(container.get("image").unwrap_or(container));
        }
        for (_, service) in job.get("services").map(SyntaxNode::pairs).unwrap_or_default() {
            service.get("image").into_iter().for_each(|image| self.image(image));
        }
        // A job that calls a workflow passes inputs as a step does.
        self.inputs(job);
        self.steps(job.get("steps"));
        self.scope = outer;
    }

    fn steps(&mut self, steps: Option<&'a SyntaxNode>) {
        for step in steps.map(SyntaxNode::members).unwrap_or_default() {
            let depth = self.scope.environments.len();
            self.scope.environments.extend(step.get("env"));
            self.inputs(step);
            if let Some((node, image)) = step.get("uses").and_then(|node| Some((node, node.text()?)))
                && let Some(image) = image.strip_prefix("docker://")
            {
                let place = (node.line, node.column + "docker://".len());
                self.found.extend(image::mentions(place, SourceKind::Workflow, image));
            }
            self.scope.environments.truncate(depth);
        }
    }

    /// Reads an action's own image and runtime.
    fn action(&mut self, runs: &'a SyntaxNode) {
        if let Some((node, text)) = runs.get("image").and_then(|node| Some((node, node.text()?)))
            && let Some(image) = text.strip_prefix("docker://")
        {
            let place = (node.line, node.column + "docker://".len());
            self.found.extend(image::mentions(place, SourceKind::Workflow, image));
        }
        if let Some((node, text)) = runs.get("using").and_then(|node| Some((node, node.text()?)))
            && let Some(version) = text.strip_prefix("node")
        {
            let mention = Mention::new(node.place(), ReferencedTool::Node, SourceKind::Workflow, version);
            self.found.push(mention.look_alike("the runner's own Node, of which only the major version can be chosen"));
        }
    }

    /// Reads `with` of a step or job.
    fn inputs(&mut self, step: &'a SyntaxNode) {
        let uses = step.get("uses").and_then(SyntaxNode::text).unwrap_or_default();
        let action = uses.split('@').next().unwrap_or_default();
        let mut sets_up = match action.rsplit('/').next().unwrap_or_default() {
            "setup-go" => Some(ReferencedTool::Go),
            "setup-node" => Some(ReferencedTool::Node),
            _ => None,
        };
        for (key, value) in step.get("with").map(SyntaxNode::pairs).unwrap_or_default() {
            let name = key.text().unwrap_or_default();
            if let Some(text) = value.text().filter(|text| name.ends_with("image") && is_image(text)) {
                self.found.extend(image::mentions(value.place(), SourceKind::Workflow, text));
            }
            let (tool, file) = match name {
                "go-version" | "go-version-input" => (ReferencedTool::Go, false),
                "node-version" => (ReferencedTool::Node, false),
                "go-version-file" => (ReferencedTool::Go, true),
                "node-version-file" => (ReferencedTool::Node, true),
                _ => continue,
            };
            sets_up = sets_up.filter(|wanted| *wanted != tool);
            self.version(value, tool, file);
        }
        if let (Some(tool), Some(node)) = (sets_up, step.get("uses")) {
            // Without a version the action takes what the runner happens to have.
            self.found.push(Mention::new(node.place(), tool, SourceKind::Workflow, "default"));
        }
    }

    fn version(&mut self, value: &'a SyntaxNode, tool: ReferencedTool, file: bool) {
        match self.scope.resolve(value, 0) {
            Ok(values) => {
                for (place, text) in values.into_iter().filter(|(_, text)| !text.is_empty()) {
                    let mention = Mention::new(place, tool, SourceKind::Workflow, text.clone());
                    self.found.push(if file { mention.in_file(text) } else { mention });
                }
            }
            Err(why) => {
                let text = value.text().unwrap_or_default();
                self.found.push(Mention::new(value.place(), tool, SourceKind::Workflow, text).unclear(why));
            }
        }
    }

    fn image(&mut self, node: &'a SyntaxNode) {
        match self.scope.resolve(node, 0) {
            Ok(values) => {
                for (place, text) in values.into_iter().filter(|(_, text)| !text.is_empty()) {
                    self.found.extend(image::mentions(place, SourceKind::Workflow, &text));
                }
            }
            Err(why) => {
                let text = node.text().unwrap_or_default();
                self.found
                    .push(Mention::new(node.place(), ReferencedTool::Image, SourceKind::Workflow, text).unclear(why));
            }
        }
    }
}

/// Whether an input whose name ends with `image` names one with a tag or a digest; others may be anything.
fn is_image(text: &str) -> bool {
    text.contains([':', '@']) && !text.contains("${{") && !text.contains("://") && !text.contains([' ', '\n'])
}

/// Texts with their places.
type Values = Vec<((usize, usize), String)>;

/// The deepest chain of expressions that lead to expressions.
const DEEPEST: usize = 8;

impl<'a> Scope<'a> {
    /// Resolves a scalar to every text that it can have; a text with one expression within is put together.
    ///
    /// # Errors
    /// Why the file alone does not tell.
    fn resolve(&self, node: &'a SyntaxNode, depth: usize) -> Result<Values, String> {
        let text = node.text().ok_or_else(|| "it is neither a text nor a number".to_owned())?;
        let Some((before, rest)) = text.split_once("${{") else {
            return Ok(vec![(node.place(), text.to_owned())]);
        };
        let (expression, after) =
            rest.split_once("}}").ok_or_else(|| format!("invalid expression `{text}`: expected `}}}}`"))?;
        if after.contains("${{") || depth > DEEPEST {
            return Err(format!("`{text}` holds more than we resolve"));
        }
        let values = self.expression(expression.trim(), depth)?;
        let whole = before.is_empty() && after.is_empty();
        let place = |inner| if whole && inner != (0, 0) { inner } else { node.place() };
        Ok(values.into_iter().map(|(inner, value)| (place(inner), format!("{before}{value}{after}"))).collect())
    }

    fn expression(&self, expression: &str, depth: usize) -> Result<Values, String> {
        if let Some(choices) = choices(expression) {
            return Ok(choices);
        }
        let (context, name) = expression.split_once('.').unwrap_or((expression, ""));
        let nodes: Vec<&'a SyntaxNode> = match context {
            "env" => self.environments.iter().rev().find_map(|environment| environment.get(name)).into_iter().collect(),
            "inputs" => self.inputs.iter().filter_map(|inputs| inputs.path(&[name, "default"])).collect(),
            "github" => {
                let input = name.strip_prefix("event.inputs.").unwrap_or_default();
                self.inputs.iter().filter_map(|inputs| inputs.path(&[input, "default"])).collect()
            }
            "matrix" => self.matrix(name)?,
            _ => Vec::new(),
        };
        if nodes.is_empty() {
            return Err(format!("`${{{{ {expression} }}}}` is set by nothing in this file"));
        }
        let mut values = Vec::new();
        for node in nodes {
            values.extend(self.resolve(node, depth + 1)?);
        }
        Ok(values)
    }

    /// Lists a matrix's values under a name: those of its axis, and those of what is included.
    fn matrix(&self, name: &str) -> Result<Vec<&'a SyntaxNode>, String> {
        let Some(matrix) = self.matrix else { return Ok(Vec::new()) };
        let keys: Vec<&str> = name.split('.').collect();
        let (axis, inner) = keys.split_first().ok_or_else(String::new)?;
        let mut nodes = Vec::new();
        if let Some(axis) = matrix.get(axis) {
            if axis.text().is_some() {
                return Err(format!("the matrix of `{name}` is computed"));
            }
            nodes.extend(axis.members().iter().filter_map(|member| member.path(inner)));
        }
        let included = matrix.get("include").map(SyntaxNode::members).unwrap_or_default();
        nodes.extend(included.iter().filter_map(|entry| entry.path(&keys)));
        Ok(nodes)
    }
}

/// Lists what `CONDITION && 'a' || 'b'` may come to, where all of it is written down; the caller knows the place.
fn choices(expression: &str) -> Option<Values> {
    let literal = |part: &str| {
        let text = part.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        (!text.contains('\'')).then(|| text.to_owned())
    };
    let parts: Vec<&str> = expression.split("||").collect();
    let chosen = parts.iter().map(|part| literal(part.rsplit("&&").next().unwrap_or(part)));
    let chosen: Vec<String> = chosen.collect::<Option<_>>()?;
    Some(chosen.into_iter().map(|text| ((0, 0), text)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::yaml;

    fn found(text: &str) -> Vec<(usize, ReferencedTool, String, bool)> {
        let document = yaml::documents(text).expect("YAML").remove(0);
        mentions(&document).into_iter().map(|m| (m.line, m.tool, m.value, m.unclear.is_some())).collect()
    }

    #[test]
    fn versions_are_found_where_they_are_written() {
        let text = r#"on: {workflow_dispatch: {inputs: {node: {default: "20.1.0"}}}}
env: {GO_VERSION: 1.26.8}
jobs:
  a:
    runs-on: x
    container: {image: "golang:1.26"}
    services: {db: {image: "postgres:16"}}
    strategy:
      matrix:
        go: ["1.25", "1.26"]
        include:
        - go: "1.27"
          semver: "~1.27.0"
    steps:
    - uses: actions/setup-go@v5
      with: {go-version: "${{ env.GO_VERSION }}"}
    - uses: actions/setup-go@v5
      with: {go-version: "${{ matrix.go }}.x"}
    - uses: actions/setup-go@v5
      with: {go-version: "${{ matrix.semver }}"}
    - uses: actions/setup-node@v4
      with: {node-version: "${{ inputs.node }}"}
    - uses: actions/setup-node@v4
      with: {node-version: "${{ vars.NODE }}"}
    - uses: actions/setup-node@v4
    - uses: docker://alpine:3
    - {uses: docker/setup-qemu-action@v3, with: {image: "tonistiigi/binfmt:1", cache-image: "false"}}
"#;
        let expected = [
            (6, ReferencedTool::Image, "golang:1.26", false),
            (6, ReferencedTool::Go, "1.26", false),
            (7, ReferencedTool::Image, "postgres:16", false),
            (2, ReferencedTool::Go, "1.26.8", false),
            (18, ReferencedTool::Go, "1.25.x", false),
            (18, ReferencedTool::Go, "1.26.x", false),
            (18, ReferencedTool::Go, "1.27.x", false),
            (13, ReferencedTool::Go, "~1.27.0", false),
            (1, ReferencedTool::Node, "20.1.0", false),
            (24, ReferencedTool::Node, "${{ vars.NODE }}", true),
            (25, ReferencedTool::Node, "default", false),
            (26, ReferencedTool::Image, "alpine:3", false),
            (27, ReferencedTool::Image, "tonistiigi/binfmt:1", false),
        ];
        assert_eq!(found(text), expected.map(|(line, tool, value, unclear)| (line, tool, value.to_owned(), unclear)));
    }

    #[test]
    fn a_choice_between_texts_is_each_of_them() {
        let text = "on: push\njobs:\n  a:\n    runs-on: x\n    services:\n      db:\n        \
                    image: \"${{ (matrix.db == 'pg') && 'postgres:16' || '' }}\"\n      c:\n        \
                    image: \"${{ matrix.c && 'redis' || vars.C }}\"\n";
        let found: Vec<_> = found(text).into_iter().map(|f| (f.0, f.2, f.3)).collect();
        let other = "${{ matrix.c && 'redis' || vars.C }}";
        assert_eq!(found, [(7, "postgres:16".to_owned(), false), (9, other.to_owned(), true)]);
    }

    #[test]
    fn a_file_is_named_and_a_computed_matrix_is_undecidable() {
        let text = "on: push\njobs:\n  a:\n    strategy: {matrix: \"${{ fromJSON(needs.x.outputs.y) }}\"}\n    steps:\n    \
                    - {uses: actions/setup-go@v5, with: {go-version-file: go.mod}}\n    \
                    - {uses: actions/setup-go@v5, with: {go-version: \"${{ matrix.go }}\"}}\n";
        let document = yaml::documents(text).expect("YAML").remove(0);
        let found = mentions(&document);
        assert_eq!(found[0].file.as_deref(), Some("go.mod"));
        assert!(found[1].unclear.is_some());
    }
}
