//! A failing test and a type error, for commands that work on Go packages.

use super::{SeedError, SeededChange, SourceFiles, folder_of, is_below, within};
use rcrepro_proof::ToolCall;

/// The marker in names of seeded tests.
const MARKER: &str = "RcreproSeeded";
/// The seeded test file.
pub(crate) const TEST_FILE: &str = "rcrepro_seeded_test.go";
/// The seeded source file.
pub(crate) const FILE: &str = "rcrepro_seeded.go";

/// Adds a failing test, with a name that the line asks for, to a package that it tests.
///
/// # Errors
/// [`SeedError`] when no package has tests, or no name fits.
pub(crate) fn failing_test(call: &ToolCall, files: &dyn SourceFiles) -> Result<SeededChange, SeedError> {
    let name = match call.value(&["-run", "--run"]) {
        Some(pattern) => test_name(pattern)?,
        None => format!("Test{MARKER}"),
    };
    let beside = package_file(call, files, &|path| path.ends_with("_test.go"), "Go test file")?;
    let package = package_of(files, &beside)?;
    let text = format!(
        "package {package}\n\nimport \"testing\"\n\nfunc {name}(t *testing.T) {{\n\tt.Fatal(\"seeded, so that the gate is seen to fail\")\n}}\n"
    );
    SeededChange::file(&within(folder_of(&beside), TEST_FILE), &text, &format!("--- FAIL: {name}"))
}

/// Adds a file with a type error to a package that the line compiles.
///
/// # Errors
/// [`SeedError`] when there is no package.
pub(crate) fn type_error(call: &ToolCall, files: &dyn SourceFiles) -> Result<SeededChange, SeedError> {
    let (folder, package) = package(call, files)?;
    let text = format!("package {package}\n\nvar rcreproSeeded int = \"no number\"\n");
    SeededChange::file(&within(&folder, FILE), &text, FILE)
}

/// Finds a package that a line works on, the one of a program before others: its folder and its name.
///
/// # Errors
/// [`SeedError`] when there is none.
pub(crate) fn package(call: &ToolCall, files: &dyn SourceFiles) -> Result<(String, String), SeedError> {
    let source = |path: &str| path.ends_with(".go") && !path.ends_with("_test.go");
    let program = |path: &str| source(path) && package_of(files, path).is_ok_and(|package| package == "main");
    let found =
        package_file(call, files, &program, "Go file").or_else(|_| package_file(call, files, &source, "Go file"))?;
    Ok((folder_of(&found).to_owned(), package_of(files, &found)?))
}

/// Finds the first file, by path, of the packages that a line names.
fn package_file(
    call: &ToolCall,
    files: &dyn SourceFiles,
    wanted: &dyn Fn(&str) -> bool,
    what: &'static str,
) -> Result<String, SeedError> {
    let patterns: Vec<&str> =
        call.arguments().iter().map(String::as_str).filter(|word| word.starts_with('.')).collect();
    let patterns = if patterns.is_empty() { vec!["."] } else { patterns };
    for pattern in &patterns {
        let (folder, deep) = match pattern.strip_suffix("...") {
            Some(folder) => (folder.trim_end_matches('/'), true),
            None => (*pattern, false),
        };
        let folder = if folder.is_empty() { "." } else { folder };
        let folder = call.below_source(folder).ok_or_else(|| SeedError::Folder { tool: "go".to_owned() })?;
        let fits = |path: &&String| {
            let at = folder_of(path);
            (at == folder || (deep && is_below(path, &folder))) && !ignored(path) && wanted(path)
        };
        if let Some(path) = files.paths().iter().find(fits) {
            return Ok(path.clone());
        }
    }
    Err(SeedError::NoPlace { what, at: patterns.join(" ") })
}

/// Tells whether the go command passes over a path in a pattern with `...`.
fn ignored(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with(['.', '_']) || matches!(part, "testdata" | "vendor" | "node_modules"))
}

fn package_of(files: &dyn SourceFiles, path: &str) -> Result<String, SeedError> {
    let text = files.text(path).unwrap_or_default();
    let name =
        text.lines().find_map(|line| line.strip_prefix("package ")).and_then(|rest| rest.split_whitespace().next());
    name.map(str::to_owned).ok_or_else(|| SeedError::File { file: path.to_owned() })
}

/// Makes a test's name that a pattern of `-run` finds: from an alternative that is a plain word.
fn test_name(pattern: &str) -> Result<String, SeedError> {
    let word = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let top = pattern.split('/').next().unwrap_or_default();
    // A word with an anchor at its end takes no longer name.
    let words = top.split('|').map(|text| text.trim_matches(['(', ')']));
    let (anchored, free): (Vec<&str>, Vec<&str>) = words.partition(|text| text.starts_with('^'));
    if let Some(word) = free.iter().find(|text| word(text)) {
        let after = word.strip_prefix("Test").unwrap_or(word);
        let gap = if after.starts_with(|c: char| c.is_ascii_lowercase()) { "_" } else { "" };
        return Ok(format!("Test{gap}{after}{MARKER}"));
    }
    let tests = anchored.iter().map(|text| text.trim_start_matches('^')).find(|text| {
        word(text) && text.strip_prefix("Test").is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_lowercase()))
    });
    let name = tests.map(|word| format!("{word}{MARKER}"));
    name.ok_or_else(|| SeedError::Pattern { pattern: pattern.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::memory::{Memory, only};
    use super::*;
    use rcrepro_model::plan::proof::ProofRule;
    use rcrepro_proof::tool_calls;

    fn files() -> Memory {
        Memory::new(&[
            ("api/api.go", "// Package api serves.\npackage api\n"),
            ("api/api_test.go", "package api_test\n"),
            ("cmd/server/main.go", "package main\n"),
            ("go.mod", "module example.com/m\n"),
            ("web/node_modules/x/x.go", "package x\n"),
        ])
    }

    fn call(line: &str) -> ToolCall {
        tool_calls(line, ProofRule::Detect).remove(0)
    }

    #[test]
    fn a_test_has_a_name_that_the_line_asks_for() {
        for (line, name) in [
            ("go test ./... -count=1", "TestRcreproSeeded"),
            ("go test ./api/... -run \"Tenant|Alert\" -count=1", "TestTenantRcreproSeeded"),
            ("go test ./api -run '^TestLogin|x$'", "TestLoginRcreproSeeded"),
            ("go test ./api -run 'a.*|(signup)/case'", "Test_signupRcreproSeeded"),
        ] {
            let change = failing_test(&call(line), &files()).expect(line);
            let (path, text) = only(&change);
            assert_eq!(path, "api/rcrepro_seeded_test.go", "{line}");
            assert!(text.starts_with("package api_test\n") && text.contains(&format!("func {name}(t ")), "{text}");
            assert_eq!(change.shows, [format!("--- FAIL: {name}")]);
        }
        let exact = failing_test(&call("go test ./api -run '^TestLogin$'"), &files());
        assert!(matches!(exact, Err(SeedError::Pattern { .. })), "no other test has that name: {exact:?}");
        let none = failing_test(&call("go test ./cmd/..."), &files()).expect_err("no test file");
        assert_eq!(none.to_string(), "there is no Go test file below `./cmd/...`");
    }

    #[test]
    fn a_type_error_is_put_into_a_program_that_is_compiled() {
        let change = type_error(&call("go build ./..."), &files()).expect("a change");
        let (path, text) = only(&change);
        assert_eq!(path, "cmd/server/rcrepro_seeded.go");
        assert!(text.starts_with("package main\n"), "{text}");
        let library = type_error(&call("cd api && go vet"), &files()).expect("a change");
        assert_eq!(only(&library).0, "api/rcrepro_seeded.go");
        assert!(type_error(&call("cd web && go build ./..."), &files()).is_err(), "folders of npm are left out");
    }
}
