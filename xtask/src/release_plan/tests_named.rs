//! Does a named test exist, and is it one?

use super::table::Test;

/// Returns what is wrong with a named test. `source` reads a file of the project.
pub fn fault(test: &Test, source: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let Test { file, name, ignored } = test;
    let Some(text) = source(file) else { return Some(format!("there is no file `{file}`")) };
    let go = file.ends_with("_test.go");
    let head = if go { format!("func {name}(") } else { format!("fn {name}(") };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|line| line.strip_prefix("async ").unwrap_or(line).starts_with(&head)) else {
        return Some(format!("`{file}` has no function `{name}`"));
    };
    if go {
        return (!name.starts_with("Test")).then(|| format!("`{name}` in `{file}` is not a test"));
    }
    let attributes: Vec<&&str> = lines[..at].iter().rev().take_while(|line| line.starts_with("#[")).collect();
    let is_test = |line: &&&str| line.starts_with("#[test]") || line.starts_with("#[tokio::test");
    if !attributes.iter().any(is_test) {
        return Some(format!("`{name}` in `{file}` is not a test"));
    }
    match (attributes.iter().any(|line| line.starts_with("#[ignore")), ignored) {
        (true, false) => Some(format!("`{name}` in `{file}` is ignored, and the table does not say so")),
        (false, true) => Some(format!("`{name}` in `{file}` is not ignored")),
        _ => None,
    }
}
