//! Files of version managers: one version, or one tool and its versions a line.

use crate::reference::{Mention, ReferencedTool, SourceKind};

/// Returns how a version manager's file is written, if the name is of one.
fn shape(name: &str) -> Option<Shape> {
    Some(match name {
        ".go-version" => Shape::Whole(ReferencedTool::Go),
        ".nvmrc" | ".node-version" => Shape::Whole(ReferencedTool::Node),
        ".tool-versions" => Shape::Lines,
        "mise.toml" | ".mise.toml" | ".prototools" | ".rtx.toml" => Shape::Toml,
        ".npmrc" => Shape::Npmrc,
        _ => return None,
    })
}

enum Shape {
    Whole(ReferencedTool),
    Lines,
    Toml,
    Npmrc,
}

/// Finds what a version manager's file names; `None` for a file of another name.
#[must_use]
pub fn mentions(name: &str, text: &str) -> Option<Vec<Mention>> {
    let shape = shape(name)?;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split('#').next().unwrap_or_default();
        let place = |value: &str| {
            let offset = value.as_ptr() as usize - line.as_ptr() as usize;
            (number, line[..offset].chars().count() + 1)
        };
        let mut push = |tool, value: &str| found.push(Mention::new(place(value), tool, SourceKind::VersionFile, value));
        match shape {
            Shape::Whole(tool) if !code.trim().is_empty() => {
                push(tool, code.trim());
                break;
            }
            Shape::Whole(_) => {}
            Shape::Lines => {
                let mut words = code.split_whitespace();
                // Later versions are fallbacks for when an earlier one is not installed.
                if let Some(tool) = words.next().and_then(tool) {
                    words.for_each(|version| push(tool, version));
                }
            }
            Shape::Toml => {
                if let Some((key, value)) = code.split_once('=') {
                    let values = value.split(['"', '\'']).skip(1).step_by(2);
                    if let Some(tool) = tool(key.trim().trim_matches(['"', '\''])) {
                        values.filter(|value| *value != "version").for_each(|version| push(tool, version));
                    }
                }
            }
            Shape::Npmrc => {
                if let Some((key, value)) = code.split_once('=')
                    && ["use-node-version", "node-version"].contains(&key.trim())
                {
                    push(ReferencedTool::Node, value.trim());
                }
            }
        }
    }
    Some(found)
}

fn tool(name: &str) -> Option<ReferencedTool> {
    let name = name.strip_prefix("core:").unwrap_or(name);
    crate::keys::tool_key(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, text: &str) -> Vec<(usize, usize, ReferencedTool, String)> {
        let mentions = mentions(name, text).expect("a version file");
        mentions.into_iter().map(|m| (m.line, m.column, m.tool, m.value)).collect()
    }

    #[test]
    fn each_manager_has_its_form() {
        assert_eq!(found(".nvmrc", "# ours\nv20.20.2\n"), [(2, 1, ReferencedTool::Node, "v20.20.2".into())]);
        assert_eq!(found(".go-version", "1.26.8"), [(1, 1, ReferencedTool::Go, "1.26.8".into())]);
        assert_eq!(
            found(".tool-versions", "python 3.12\ngolang 1.26.8 1.25.0\nnodejs lts # x\n"),
            [
                (2, 8, ReferencedTool::Go, "1.26.8".into()),
                (2, 15, ReferencedTool::Go, "1.25.0".into()),
                (3, 8, ReferencedTool::Node, "lts".into())
            ]
        );
        assert_eq!(
            found("mise.toml", "[tools]\ngo = \"1.26\"\nnode = { version = '20' }\n"),
            [(2, 7, ReferencedTool::Go, "1.26".into()), (3, 21, ReferencedTool::Node, "20".into())]
        );
        assert_eq!(found(".npmrc", "use-node-version=20.1.0\n"), [(1, 18, ReferencedTool::Node, "20.1.0".into())]);
        assert_eq!(mentions("version", "1"), None);
    }
}
