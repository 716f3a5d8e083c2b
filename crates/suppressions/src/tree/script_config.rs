//! Configuration of TypeScript and of JavaScript's test runners.

use serde_json::Value;

use super::places::{Places, line_at};
use crate::found::FoundSuppression;

/// What nobody compiles anyway.
const USUAL: [&str; 8] = ["node_modules", "dist", "build", "out", "coverage", "lib", ".next", "public"];

/// Reads `tsconfig.json` and those beside it.
pub(super) fn tsconfig(config: &Value, text: &str) -> Vec<FoundSuppression> {
    let (places, options) = (Places::new(text), config.get("compilerOptions"));
    let is_on = |key: &str| options.and_then(|options| options.get(key)).and_then(Value::as_bool) == Some(true);
    let flags = ["skipLibCheck", "skipDefaultLibCheck", "noCheck"].into_iter().filter(|key| is_on(key));
    let mut found: Vec<FoundSuppression> =
        flags.map(|key| FoundSuppression::new("tsc-config", places.line_of(&format!("\"{key}\"")), key)).collect();
    let excluded = config.get("exclude").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let own = excluded.filter(|glob| !is_usual(glob));
    found.extend(own.map(|glob| FoundSuppression::new("tsc-config", places.line_of(glob), &format!("exclude {glob}"))));
    found
}

/// Tells whether a pattern is of what nobody compiles or tests, wherever it is and however it is written.
pub(super) fn is_usual(glob: &str) -> bool {
    let glob = glob.trim_start_matches("./").trim_matches(['*', '/']);
    USUAL.contains(&glob.trim_start_matches("**/"))
}

/// Tells whether a file is the configuration of a test runner.
pub(super) fn is_runner(name: &str) -> bool {
    let starts = ["vitest.", "vite.", "jest.", "playwright.", "cypress."];
    let is_config = name.contains(".config.") || name.contains(".workspace.");
    is_config && starts.iter().any(|start| name.starts_with(start))
}

/// Reads lists such as `exclude: ["e2e/**"]` of a configuration that is a program; lists that are computed stay unseen.
pub(super) fn runner(path: &str, text: &str) -> Vec<FoundSuppression> {
    let name = path.rsplit('/').next().unwrap_or_default();
    // Vite's own lists leave modules out, not tests.
    let keys: &[&str] = if name.starts_with("vite.") {
        &["exclude:"]
    } else {
        &["exclude:", "testPathIgnorePatterns:", "testIgnore:", "excludeSpecPattern:"]
    };
    if name.starts_with("vite.") && !text.contains("test:") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for key in keys {
        // What is within a list that was read is no list of its own.
        let mut read_to = 0;
        for (at, _) in text.match_indices(key).take(64) {
            let before = &text[..at];
            // Below `coverage:` it is about reports, and below `optimizeDeps:` about modules.
            let is_other = ["coverage:", "optimizeDeps:"].iter().any(|other| is_open(before, other));
            let rest = &text[at + key.len()..];
            let Some(list) = rest.trim_start().strip_prefix('[') else { continue };
            if is_other || at < read_to {
                continue;
            }
            let line = line_at(text, at);
            let (items, left) = texts(list);
            read_to = text.len() - left.len();
            for item in items {
                if !is_usual(&item) {
                    found.push(FoundSuppression::new("js-test-config", line, &item));
                }
            }
        }
    }
    found
}

/// Tells whether the braces that follow the last place of a key are still open at the end of a text.
fn is_open(text: &str, key: &str) -> bool {
    let Some(start) = text.rfind(key) else { return false };
    let mut depth = 0i64;
    for byte in text.as_bytes()[start..].iter() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return false,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    depth > 0
}

/// Lists the texts in quotes up to the bracket that closes a list, and gives what is left behind the last one.
pub(super) fn texts(list: &str) -> (Vec<String>, &str) {
    let mut found = Vec::new();
    let mut rest = list;
    while let Some(at) = rest.find(['"', '\'', '`', ']']) {
        let mark = &rest[at..=at];
        let Some((text, behind)) = rest[at + 1..].split_once(mark).filter(|_| mark != "]") else { break };
        found.push(text.to_owned());
        rest = behind;
    }
    (found, rest)
}
