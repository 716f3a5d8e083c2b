//! `devcontainer.json`: its image, what it passes to a Dockerfile, and its features.
//!
//! Source: Development Containers specification, "devcontainer.json reference" and "Dev Container Features reference".

use crate::image;
use crate::reference::{Mention, ReferencedTool, SourceKind};
use crate::syntax::arguments;
use rcrepro_format::syntax::jsonc;
use rcrepro_format::syntax::node::{SyntaxError, SyntaxNode};

/// Finds what a dev container names.
///
/// # Errors
/// [`SyntaxError`] for what is not JSON, comments and trailing commas allowed.
pub fn mentions(text: &str) -> Result<Vec<Mention>, SyntaxError> {
    let Some(container) = jsonc::document(text, true)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    if let Some((node, text)) = container.get("image").and_then(|node| Some((node, node.text()?))) {
        found.extend(image::mentions(node.place(), SourceKind::Devcontainer, text));
    }
    for keys in [&["build", "args"][..], &["containerEnv"], &["remoteEnv"]] {
        for (key, value) in container.path(keys).map(SyntaxNode::pairs).unwrap_or_default() {
            found.extend(arguments::mentions(key, value, SourceKind::Devcontainer, false));
        }
    }
    for (key, options) in container.get("features").map(SyntaxNode::pairs).unwrap_or_default() {
        found.extend(feature(key, options));
    }
    Ok(found)
}

/// Returns what a feature brings: itself from a registry, and a toolchain.
fn feature(key: &SyntaxNode, options: &SyntaxNode) -> Vec<Mention> {
    let id = key.text().unwrap_or_default();
    if id.starts_with('.') || id.starts_with("http://") || id.starts_with("https://") {
        return Vec::new();
    }
    let own = Mention::new(key.place(), ReferencedTool::Image, SourceKind::Devcontainer, id);
    let name = id.rsplit('/').next().unwrap_or_default();
    let name = name.split(['@', ':']).next().unwrap_or_default();
    let tool = match name {
        "go" | "golang" => ReferencedTool::Go,
        "node" => ReferencedTool::Node,
        _ => return vec![own],
    };
    // A feature's option may be written as its version alone, and is the newest when it is left out.
    let version = options.get("version").or_else(|| options.text().map(|_| options));
    let toolchain = match version.and_then(|node| Some((node.place(), node.text()?))) {
        Some((place, text)) => Mention::new(place, tool, SourceKind::Devcontainer, text),
        None => Mention::new(options.place(), tool, SourceKind::Devcontainer, "latest"),
    };
    vec![own, toolchain]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_arguments_and_features_are_found() {
        let text = r#"{
  // ours
  "image": "mcr.microsoft.com/devcontainers/go:1-1.26-bookworm",
  "build": {"dockerfile": "Dockerfile", "args": {"GO_VERSION": "1.26.8", "NODE_IMAGE": "node:20.1.0", "X": "y"}},
  "features": {
    "ghcr.io/devcontainers/features/go:1": {"version": "1.25"},
    "ghcr.io/devcontainers/features/node:1": {},
    "ghcr.io/devcontainers/features/docker-in-docker:2": {},
    "./local": {},
  },
}"#;
        let found: Vec<_> = mentions(text).expect("JSON").into_iter().map(|m| (m.line, m.tool, m.value)).collect();
        assert_eq!(
            found,
            [
                (3, ReferencedTool::Image, "mcr.microsoft.com/devcontainers/go:1-1.26-bookworm".to_owned()),
                (3, ReferencedTool::Go, "1.26".to_owned()),
                (4, ReferencedTool::Go, "1.26.8".to_owned()),
                (4, ReferencedTool::Image, "node:20.1.0".to_owned()),
                (4, ReferencedTool::Node, "20.1.0".to_owned()),
                (6, ReferencedTool::Image, "ghcr.io/devcontainers/features/go:1".to_owned()),
                (6, ReferencedTool::Go, "1.25".to_owned()),
                (7, ReferencedTool::Image, "ghcr.io/devcontainers/features/node:1".to_owned()),
                (7, ReferencedTool::Node, "latest".to_owned()),
                (8, ReferencedTool::Image, "ghcr.io/devcontainers/features/docker-in-docker:2".to_owned()),
            ]
        );
    }
}
