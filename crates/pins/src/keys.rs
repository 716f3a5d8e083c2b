//! Names of keys and variables that hold the version of a toolchain: `GO_VERSION`, `go-version`, `nodeVersion`.

use super::reference::{ReferencedTool, Use};

/// Returns whose version a key names, and whether it is a minimum only.
#[must_use]
pub fn version_key(key: &str) -> Option<(ReferencedTool, Use)> {
    let words: Vec<String> = words(key);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let at = words.iter().position(|word| tool(word).is_some())?;
    let tool = tool(words[at])?;
    // `node_js_version` has a word more, `GO_SEMVER` is how setup-go's users name a range.
    let rest = if words.get(at + 1) == Some(&"js") { &words[at + 2..] } else { &words[at + 1..] };
    let (named, after) = match rest {
        ["version" | "versions" | "semver" | "ver", after @ ..] => (true, after),
        [] => (words[at].len() > 4 && words[at].ends_with("version"), rest),
        _ => (false, rest),
    };
    // `go-version-file` names a file, `GO_VERSION_SHA256` a hash.
    let plain = after.iter().all(|word| ["min", "minimum", "default", "max", "spec", "input"].contains(word));
    let minimum = words.iter().any(|word| ["min", "minimum"].contains(word));
    (named && plain).then_some((tool, if minimum { Use::Minimum } else { Use::Selects }))
}

/// Returns which toolchain a bare key such as `go:` or `node_js:` is for.
#[must_use]
pub fn tool_key(key: &str) -> Option<ReferencedTool> {
    match key {
        "go" | "golang" => Some(ReferencedTool::Go),
        "node" | "nodejs" | "node_js" => Some(ReferencedTool::Node),
        _ => None,
    }
}

fn tool(word: &str) -> Option<ReferencedTool> {
    match word {
        "go" | "golang" | "goversion" | "golangversion" => Some(ReferencedTool::Go),
        "node" | "nodejs" | "nodeversion" | "nodejsversion" => Some(ReferencedTool::Node),
        _ => None,
    }
}

/// Splits a name at `_`, `-`, `.` and before capital letters that follow small ones, all in small letters.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in key.chars() {
        let cut = ['_', '-', '.', ' '].contains(&c);
        if cut || (small && c.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !cut) {
            word.extend(c.to_lowercase());
        }
        small = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_every_spelling() {
        for (key, expected) in [
            ("GO_VERSION", Some((ReferencedTool::Go, Use::Selects))),
            ("go-version", Some((ReferencedTool::Go, Use::Selects))),
            ("goVersion", Some((ReferencedTool::Go, Use::Selects))),
            ("goversion", Some((ReferencedTool::Go, Use::Selects))),
            ("GOLANG_VERSION", Some((ReferencedTool::Go, Use::Selects))),
            ("go-version-input", Some((ReferencedTool::Go, Use::Selects))),
            ("GO_SEMVER", Some((ReferencedTool::Go, Use::Selects))),
            ("MIN_GO_VERSION", Some((ReferencedTool::Go, Use::Minimum))),
            ("node-version", Some((ReferencedTool::Node, Use::Selects))),
            ("NODE_JS_VERSION", Some((ReferencedTool::Node, Use::Selects))),
            ("node.version", Some((ReferencedTool::Node, Use::Selects))),
            ("NODEJS_VERSION", Some((ReferencedTool::Node, Use::Selects))),
            ("go-version-file", None),
            ("GO_VERSION_SHA256", None),
            ("CARGO_VERSION", None),
            ("MONGO_VERSION", None),
            ("node_exporter_version", None),
            ("go", None),
        ] {
            assert_eq!(version_key(key), expected, "{key}");
        }
    }
}
