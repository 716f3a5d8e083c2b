//! YAML files: which kind each is, and what all kinds have in common: keys that name versions and images.

use std::collections::BTreeMap;

use super::{compose, workflow};
use crate::image::{self, MOST};
use crate::keys::{tool_key, version_key};
use crate::reference::{Mention, ReferencedTool, SourceKind, Use};
use crate::syntax::expand::{expand, expand_macros};
use crate::syntax::{arguments, yaml};
use rcrepro_format::syntax::node::{SyntaxError, SyntaxNode, Value};

/// Finds what a YAML file names; `beside` are the variables that a `.env` sets for a compose file.
///
/// # Errors
/// [`SyntaxError`] for what is not YAML.
pub fn mentions(path: &str, text: &str, beside: &BTreeMap<String, String>) -> Result<Vec<Mention>, SyntaxError> {
    let documents = yaml::documents(text)?;
    let mut found = Vec::new();
    for document in &documents {
        let kind = kind(path, document);
        match kind {
            SourceKind::Workflow => found.extend(workflow::mentions(document)),
            SourceKind::Compose => found.extend(compose::mentions(document, beside)),
            _ => {}
        }
        let mut walk = Walk { kind, path, variables: variables(document), found: Vec::new() };
        walk.node(document, "");
        found.extend(walk.found);
    }
    Ok(found)
}

/// Returns what a document is, by its shape, and by its name where the shape says nothing.
fn kind(path: &str, document: &SyntaxNode) -> SourceKind {
    let name = path.rsplit('/').next().unwrap_or_default();
    let has = |key: &str| document.get(key).is_some();
    let jobs = document.get("jobs").map(SyntaxNode::pairs).unwrap_or_default();
    // `on` is `true` to readers of YAML 1.1; ours keeps the text.
    let workflow = has("on") && jobs.iter().any(|(_, job)| job.get("runs-on").is_some() || job.get("uses").is_some());
    let action = document.path(&["runs", "using"]).is_some();
    let services = document.get("services").map(SyntaxNode::pairs).unwrap_or_default();
    let compose = services.iter().any(|(_, service)| service.get("image").is_some() || service.get("build").is_some());
    let folders =
        [".circleci/", ".buildkite/", ".woodpecker/", ".tekton/", ".gitlab/", ".semaphore/", "azure-pipelines/"];
    let names = [
        ".gitlab-ci",
        ".drone.",
        ".travis.",
        "azure-pipelines",
        "bitbucket-pipelines",
        ".woodpecker.",
        "cloudbuild",
        ".cirrus.",
        "appveyor",
        ".appveyor",
        "buildspec",
        "buildkite",
        ".build.yml",
        "codemagic",
        "wercker",
    ];
    if workflow || action || path.contains(".github/workflows/") {
        SourceKind::Workflow
    } else if compose && !has("jobs") {
        SourceKind::Compose
    } else if names.iter().any(|known| name.starts_with(known)) || folders.iter().any(|folder| path.contains(folder)) {
        SourceKind::Pipeline
    } else {
        SourceKind::Yaml
    }
}

/// Gathers the variables that a pipeline sets at any level, for `$NAME` in the names of images.
fn variables(document: &SyntaxNode) -> BTreeMap<String, String> {
    fn gather(node: &SyntaxNode, values: &mut BTreeMap<String, String>) {
        for (key, value) in node.pairs() {
            if ["variables", "env", "environment"].contains(&key.text().unwrap_or_default()) {
                for (name, value) in value.pairs() {
                    // GitLab's long form has the value below `value`.
                    let text = value.text().or_else(|| value.get("value").and_then(SyntaxNode::text));
                    if let (Some(name), Some(text)) = (name.text(), text) {
                        values.entry(name.to_owned()).or_insert_with(|| text.to_owned());
                    }
                }
            }
            gather(value, values);
        }
        node.members().iter().for_each(|member| gather(member, values));
    }
    let mut values = BTreeMap::new();
    gather(document, &mut values);
    values
}

struct Walk<'a> {
    kind: SourceKind,
    path: &'a str,
    variables: BTreeMap<String, String>,
    found: Vec<Mention>,
}

impl Walk<'_> {
    fn node(&mut self, node: &SyntaxNode, parent: &str) {
        self.azure(node);
        for (key, value) in node.pairs() {
            let name = key.text().unwrap_or_default();
            self.pair(key, name, value, parent, node);
            self.node(value, name);
        }
        for member in node.members() {
            self.node(member, parent);
        }
    }

    fn pair(&mut self, key: &SyntaxNode, name: &str, value: &SyntaxNode, parent: &str, map: &SyntaxNode) {
        let workflow = self.kind == SourceKind::Workflow;
        if version_key(name).is_some() {
            for member in value.each() {
                // What a workflow's expression comes to is found where it is used.
                let expression = workflow && member.text().is_some_and(|text| text.contains("${{"));
                let looks = member.text().is_some_and(|text| text.len() < 64 && !text.contains('\n'));
                if looks && !expression {
                    self.found.extend(arguments::mentions(key, member, self.kind, !workflow));
                }
            }
        } else if let Some(tool) = tool_key(name) {
            self.toolchain(tool, value);
        } else if name == "image" && !workflow && self.kind != SourceKind::Compose && parent != "machine" {
            self.image(value, map);
        } else if name == "services" && self.kind == SourceKind::Pipeline {
            for service in value.members().iter().filter(|service| service.text().is_some()) {
                self.image(service, service);
            }
        } else if name == "name" && self.path.contains("cloudbuild") && parent == "steps" {
            self.image(value, map);
        } else if value.text().is_some_and(|text| text.contains(':') && !text.contains(['\n', ' ']))
            && parent.contains("arg")
        {
            self.found.extend(arguments::mentions(key, value, self.kind, true));
        }
    }

    /// Reads `go: 1.26`, `node_js: [20]` and `go: {version: 1.26}`, where the value looks like a version.
    fn toolchain(&mut self, tool: ReferencedTool, value: &SyntaxNode) {
        let value = value.get("version").unwrap_or(value);
        // A linter's setting is the version of the language, it fetches nothing.
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let usage = if name.starts_with(".golangci.") { Use::Allows } else { Use::Selects };
        for member in value.each() {
            if let Some(text) = member.text().filter(|text| is_version(tool, text)) {
                self.found.push(Mention::new(member.place(), tool, self.kind, text).used(usage));
            }
        }
    }

    fn image(&mut self, value: &SyntaxNode, map: &SyntaxNode) {
        // GitLab and Drone name an image or a map with its name; Helm splits repository and tag.
        if let Value::Map(_) = value.value {
            let text = |key: &str| value.get(key).and_then(SyntaxNode::text);
            if let (Some(repository), tag) = (value.get("repository"), text("tag")) {
                let registry = text("registry").map(|registry| format!("{registry}/")).unwrap_or_default();
                let tag = tag.filter(|tag| !tag.is_empty()).map(|tag| format!(":{tag}")).unwrap_or_default();
                let digest = text("digest").filter(|digest| !digest.is_empty());
                let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
                let reference = format!("{registry}{}{tag}{digest}", repository.text().unwrap_or_default());
                self.found.extend(image::mentions(repository.place(), self.kind, &reference));
            } else if let Some(name) = value.get("name") {
                self.image(name, value);
            }
            return;
        }
        let Some(text) = value.text().filter(|text| self.is_image(text, map)) else { return };
        let text = expand(text, &self.variables).unwrap_or_else(|| text.to_owned());
        self.found.extend(image::mentions(value.place(), self.kind, &text));
    }

    /// Whether a text below `image` names a container image: elsewhere it may be a picture.
    fn is_image(&self, text: &str, map: &SyntaxNode) -> bool {
        let picture = [".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".avif", ".ico"];
        let lower = text.to_ascii_lowercase();
        let path = text.starts_with(['/', '.']) || text.contains("://") || text.is_empty() || text.contains('\n');
        if path || picture.iter().any(|end| lower.ends_with(end)) {
            return false;
        }
        // A container of Kubernetes has a name or a command beside its image.
        let beside = ["name", "command", "args", "script", "steps", "environment", "ports", "commands"];
        self.kind == SourceKind::Pipeline
            || text.contains([':', '@'])
            || beside.iter().any(|key| map.get(key).is_some())
    }

    /// Reads the tasks of Azure Pipelines that set a toolchain up.
    fn azure(&mut self, node: &SyntaxNode) {
        let task = node.get("task").and_then(SyntaxNode::text).unwrap_or_default();
        let (tool, key) = match task.split('@').next().unwrap_or_default() {
            "GoTool" => (ReferencedTool::Go, "version"),
            "NodeTool" => (ReferencedTool::Node, "versionSpec"),
            "UseNode" => (ReferencedTool::Node, "version"),
            _ => return,
        };
        if let Some((value, text)) = node.path(&["inputs", key]).and_then(|value| Some((value, value.text()?))) {
            let mention = Mention::new(value.place(), tool, SourceKind::Pipeline, text);
            let known = expand_macros(text, &self.variables);
            self.found.push(match known {
                Some(version) => Mention { value: version, ..mention },
                None => mention.unclear("it holds a variable that nothing here sets"),
            });
        }
    }
}

/// Whether a text below `go` or `node` looks like a version and not like a flag or a folder.
fn is_version(tool: ReferencedTool, text: &str) -> bool {
    let bare = text.trim_start_matches(['v', '^', '~', '>', '=', '<', ' ']);
    let bare = bare.strip_prefix("go").unwrap_or(bare);
    let numbers = !bare.is_empty() && bare.len() < 32 && bare.starts_with(|c: char| c.is_ascii_digit());
    // `node: 3000` is a port.
    let port = bare.parse::<u32>().is_ok_and(|number| number > MOST);
    let numbers = numbers && !port && (tool == ReferencedTool::Node || bare == "1" || bare.starts_with("1."));
    numbers || ["stable", "oldstable", "latest", "current", "lts/*", "node"].contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, SourceKind, ReferencedTool, String)> {
        mentions(path, text, &BTreeMap::new())
            .expect("YAML")
            .into_iter()
            .map(|m| (m.line, m.kind, m.tool, m.value))
            .collect()
    }

    #[test]
    fn gitlab_images_services_and_variables_are_found() {
        let text = "variables:\n  GO_VERSION: \"1.26.8\"\nimage: golang:${GO_VERSION}\ntest:\n  image: {name: \"node:20\"}\n  \
                    services: [\"postgres:16\"]\n  script: [go test ./...]\n";
        let expected = [
            (2, ReferencedTool::Go, "1.26.8"),
            (3, ReferencedTool::Image, "golang:1.26.8"),
            (3, ReferencedTool::Go, "1.26.8"),
            (5, ReferencedTool::Image, "node:20"),
            (5, ReferencedTool::Node, "20"),
            (6, ReferencedTool::Image, "postgres:16"),
        ];
        let expected: Vec<_> =
            expected.map(|(line, tool, value)| (line, SourceKind::Pipeline, tool, value.to_owned())).into();
        assert_eq!(found(".gitlab-ci.yml", text), expected);
    }

    #[test]
    fn other_pipelines_have_their_own_keys() {
        let azure = "variables: {goVersion: 1.26.8}\nsteps:\n- task: GoTool@0\n  inputs: {version: $(goVersion)}\n";
        let said: Vec<_> = found("azure-pipelines.yml", azure).into_iter().map(|f| (f.0, f.3)).collect();
        assert!(said.contains(&(4, "1.26.8".to_owned())) && said.contains(&(1, "1.26.8".to_owned())), "{said:?}");
        assert_eq!(found(".travis.yml", "language: go\ngo:\n- 1.x\n- master\n").len(), 1);
        assert_eq!(found("values.yaml", "ports: {node: 3000}\nargs: {target: \"node:9100\"}\n"), [], "ports");
        assert_eq!(found(".promu.yml", "go:\n  version: 1.26\n")[0].3, "1.26");
        let circle = "jobs:\n  a:\n    docker:\n    - image: cimg/go:1.26\n  b:\n    machine:\n      image: ubuntu-2204:current\n";
        assert_eq!(found(".circleci/config.yml", circle).len(), 2, "an image of a virtual machine does not count");
    }

    #[test]
    fn a_picture_is_no_image() {
        assert_eq!(
            found("content/a.yaml", "title: x\nimage: featured\ncover: {image: a.png}\nhero: {image: /b:1}\n"),
            []
        );
        let pod = "kind: Pod\nspec:\n  containers:\n  - name: a\n    image: nginx\n";
        assert_eq!(found("k8s/pod.yaml", pod)[0].3, "nginx");
        let helm = "image:\n  registry: quay.io\n  repository: team/a\n  tag: v1\n";
        assert_eq!(found("chart/values.yaml", helm)[0].3, "quay.io/team/a:v1");
    }
}
