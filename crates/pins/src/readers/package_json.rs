//! `package.json`: `engines`, `devEngines`, `volta`, `packageManager`, and the images that its scripts run.

use crate::readers::shell;
use crate::reference::{Mention, ReferencedTool, SourceKind, Use};
use rcrepro_format::syntax::jsonc;
use rcrepro_format::syntax::node::{SyntaxError, SyntaxNode};

/// Finds the versions of Node and of the package manager that a package asks for.
///
/// # Errors
/// [`SyntaxError`] for what is not JSON.
pub fn mentions(text: &str) -> Result<Vec<Mention>, SyntaxError> {
    let Some(package) = jsonc::document(text, false)? else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let mut push = |node: Option<&SyntaxNode>, tool, usage| {
        if let Some((node, text)) = node.and_then(|node| node.text().map(|text| (node, text))) {
            found.push(Mention::new(node.place(), tool, SourceKind::PackageJson, text).used(usage));
        }
    };
    let text = |node: Option<&SyntaxNode>| node.and_then(SyntaxNode::text).map(str::to_owned);
    push(package.path(&["engines", "node"]), ReferencedTool::Node, Use::Allows);
    push(package.path(&["volta", "node"]), ReferencedTool::Node, Use::Selects);
    push(package.get("packageManager"), ReferencedTool::PackageManager, Use::Selects);
    for runtime in package.path(&["devEngines", "runtime"]).map(SyntaxNode::each).unwrap_or_default() {
        if runtime.get("name").and_then(SyntaxNode::text) == Some("node") {
            push(runtime.get("version"), ReferencedTool::Node, Use::Allows);
        }
    }
    // Package managers are named as `packageManager` does it.
    let mut push = |name: &str, node: Option<&SyntaxNode>, usage| {
        if let Some((node, text)) = node.and_then(|node| node.text().map(|text| (node, text))) {
            let value = format!("{name}@{text}");
            let mention = Mention::new(node.place(), ReferencedTool::PackageManager, SourceKind::PackageJson, value);
            found.push(mention.used(usage));
        }
    };
    for manager in ["npm", "pnpm", "yarn"] {
        push(manager, package.path(&["engines", manager]), Use::Allows);
        push(manager, package.path(&["volta", manager]), Use::Selects);
    }
    for manager in package.path(&["devEngines", "packageManager"]).map(SyntaxNode::each).unwrap_or_default() {
        if let Some(name) = text(manager.get("name")) {
            push(&name, manager.get("version"), Use::Allows);
        }
    }
    for (_, script) in package.get("scripts").map(SyntaxNode::pairs).unwrap_or_default() {
        let shell = shell::mentions(script.text().unwrap_or_default(), SourceKind::PackageJson);
        let (line, column) = script.place();
        found.extend(shell.into_iter().map(|mention| Mention { line, column: column + mention.column - 1, ..mention }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_found() {
        let text = r#"{
  "engines": {"node": ">=20", "npm": "*"},
  "volta": {"node": "20.20.2", "yarn": "1.22.0"},
  "devEngines": {"runtime": [{"name": "node", "version": "^20"}, {"name": "bun", "version": "1"}], "packageManager": {"name": "pnpm", "version": "9"}},
  "packageManager": "pnpm@9.1.0",
  "scripts": {"db": "docker run -d -p 5432:5432 postgres:16", "build": "vite build --port 3000"}
}"#;
        let found: Vec<_> =
            mentions(text).expect("JSON").into_iter().map(|m| (m.line, m.tool, m.usage, m.value)).collect();
        assert_eq!(
            found,
            [
                (2, ReferencedTool::Node, Use::Allows, ">=20".to_owned()),
                (3, ReferencedTool::Node, Use::Selects, "20.20.2".to_owned()),
                (5, ReferencedTool::PackageManager, Use::Selects, "pnpm@9.1.0".to_owned()),
                (4, ReferencedTool::Node, Use::Allows, "^20".to_owned()),
                (2, ReferencedTool::PackageManager, Use::Allows, "npm@*".to_owned()),
                (3, ReferencedTool::PackageManager, Use::Selects, "yarn@1.22.0".to_owned()),
                (4, ReferencedTool::PackageManager, Use::Allows, "pnpm@9".to_owned()),
                (6, ReferencedTool::Image, Use::Selects, "postgres:16".to_owned()),
            ]
        );
        assert!(mentions("{").is_err());
    }
}
