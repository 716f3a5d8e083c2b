//! `package.json`: `engines`, `devEngines`, `volta` and `packageManager`.

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
    push(package.path(&["engines", "node"]), ReferencedTool::Node, Use::Allows);
    push(package.path(&["volta", "node"]), ReferencedTool::Node, Use::Selects);
    push(package.get("packageManager"), ReferencedTool::PackageManager, Use::Selects);
    for runtime in package.path(&["devEngines", "runtime"]).map(SyntaxNode::each).unwrap_or_default() {
        if runtime.get("name").and_then(SyntaxNode::text) == Some("node") {
            push(runtime.get("version"), ReferencedTool::Node, Use::Allows);
        }
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
  "volta": {"node": "20.20.2"},
  "devEngines": {"runtime": [{"name": "node", "version": "^20"}, {"name": "bun", "version": "1"}]},
  "packageManager": "pnpm@9.1.0"
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
            ]
        );
        assert!(mentions("{").is_err());
    }
}
