//! What a file is, by its path: which reader it gets, and whether what looks like a reference in it is one.

/// Decides which reader a file gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileClass {
    /// `go.mod`.
    GoMod,
    /// `go.work`.
    GoWork,
    /// `Dockerfile`, `Containerfile` and names that begin or end so.
    Dockerfile,
    /// Compose files, workflows and any other `.yml` or `.yaml`.
    Yaml,
    /// `package.json`.
    PackageJson,
    /// `devcontainer.json`.
    Devcontainer,
    /// A script or a makefile.
    Script,
    /// A document that people read.
    Document,
    /// Source code.
    Source,
    /// Any other text, such as configuration.
    Text,
}

/// Returns what a file is.
#[must_use]
pub fn class(path: &str, text: &str) -> FileClass {
    let name = path.rsplit('/').next().unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let ending = lower.rsplit_once('.').map_or("", |(_, ending)| ending);
    match name {
        "go.mod" => return FileClass::GoMod,
        "go.work" => return FileClass::GoWork,
        "package.json" => return FileClass::PackageJson,
        "devcontainer.json" | ".devcontainer.json" => return FileClass::Devcontainer,
        "Makefile" | "GNUmakefile" | "makefile" | "Justfile" | "justfile" | ".justfile" | "Jenkinsfile"
        | "Vagrantfile" | "Earthfile" | "Procfile" | ".envrc" | "Tiltfile" | "Brewfile" => return FileClass::Script,
        _ => {}
    }
    let dockerfile = ["dockerfile", "containerfile"];
    if ending == "dockerfile" || ending == "containerfile" || dockerfile.iter().any(|known| is_named(&lower, known)) {
        return FileClass::Dockerfile;
    }
    if lower.starts_with("makefile.") {
        return FileClass::Script;
    }
    match ending {
        "yml" | "yaml" => FileClass::Yaml,
        "sh" | "bash" | "zsh" | "fish" | "ps1" | "psm1" | "bat" | "cmd" | "mk" | "mak" | "just" | "nix" | "hcl"
        | "bzl" => FileClass::Script,
        "md" | "mdx" | "markdown" | "rst" | "adoc" | "asciidoc" | "txt" | "tex" => FileClass::Document,
        "go" | "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "vue" | "svelte" | "rs" | "c" | "h"
        | "cc" | "cpp" | "hpp" | "java" | "kt" | "py" | "rb" | "php" | "cs" | "swift" | "css" | "scss" | "less"
        | "sql" | "proto" | "tmpl" | "gotmpl" | "lua" | "pl" | "s" | "jsonnet" | "libsonnet" | "svg" | "map"
        | "html" | "htm" => FileClass::Source,
        "" if ["readme", "contributing", "install", "hacking"].contains(&lower.as_str()) => FileClass::Document,
        _ if text.starts_with("#!") => FileClass::Script,
        _ => FileClass::Text,
    }
}

/// Whether the name is one such as `Dockerfile`, `Dockerfile.dev` or `Dockerfile-alpine`.
fn is_named(name: &str, known: &str) -> bool {
    let source = [".go", ".ts", ".js", ".md", ".rs", ".py", ".dockerignore", ".tmpl", ".json", ".yml", ".yaml"];
    let rest = name.strip_prefix(known);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        && !source.iter().any(|ending| name.ends_with(ending))
}

/// Folders that hold test data, wherever they are.
const TEST_DATA: [&str; 15] = [
    "testdata",
    "test_data",
    "test-data",
    "testfiles",
    "test_files",
    "test-files",
    "__testdata__",
    "fixtures",
    "__fixtures__",
    "__snapshots__",
    "__mocks__",
    "fixture",
    "golden",
    "goldens",
    "test-fixtures",
];

/// Lock files of package managers, by name.
const LOCKS: [&str; 16] = [
    "go.sum",
    "go.work.sum",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "Cargo.lock",
    "poetry.lock",
    "uv.lock",
    "Gemfile.lock",
    "composer.lock",
    "flake.lock",
    "deno.lock",
    "devcontainer-lock.json",
    "Pipfile.lock",
];

/// Returns why nothing in a file is a real reference, by its path; `None` for a file that counts.
#[must_use]
pub fn set_aside(path: &str) -> Option<&'static str> {
    let mut folders: Vec<&str> = path.split('/').collect();
    let name = folders.pop().unwrap_or_default();
    let within = |known: &[&str]| folders.iter().any(|folder| known.contains(folder));
    // The plan names the old versions to say that they have to be gone.
    if path.trim_start_matches("../") == "rcrepro.toml" {
        return Some("the plan itself");
    }
    if folders.iter().any(|folder| folder.starts_with("testdata") || folder.ends_with("mock_data")) {
        return Some("test data");
    }
    if within(&["ISSUE_TEMPLATE"]) || name.to_ascii_uppercase().starts_with("ISSUE_TEMPLATE") {
        return Some("issue template");
    }
    let evidence = folders.get(1).is_some_and(|folder| folder.ends_with(".evidence")) || name.ends_with(".json");
    if folders.first() == Some(&"manifests") && evidence && folders.len() < 3 {
        return Some("recorded evidence");
    }
    if within(&["vendor", "node_modules", "third_party", "thirdparty", "bower_components"]) {
        return Some("vendored code");
    }
    if within(&TEST_DATA) || [".golden", ".snap", ".fixture"].iter().any(|ending| name.ends_with(ending)) {
        return Some("test data");
    }
    if within(&["versioned_docs", "versioned_sidebars"]) {
        return Some("documents of earlier versions");
    }
    if LOCKS.contains(&name) {
        return Some("lock file");
    }
    let lower = name.to_ascii_lowercase();
    let stem = lower.split('.').next().unwrap_or_default();
    let logs =
        ["changelog", "changes", "history", "news", "releases", "release_notes", "release-notes", "releasenotes"];
    let text = ["", "md", "txt", "rst", "adoc", "html", "mdx"].contains(&lower.rsplit_once('.').map_or("", |(_, e)| e));
    if text
        && (stem.starts_with("changelog")
            || logs.contains(&stem)
            || within(&["changelog", "changelogs", ".changes", "release-notes", "releasenotes"]))
    {
        return Some("changelog");
    }
    None
}

/// Whether a text is an archive of files for a test, as `txtar` has it: `-- NAME --` begins each of them.
#[must_use]
pub fn is_test_archive(path: &str, text: &str) -> bool {
    let named = [".txt", ".txtar"].iter().any(|ending| path.ends_with(ending));
    named && text.lines().any(|line| line.starts_with("-- ") && line.ends_with(" --") && line.len() > 6)
}

/// Whether a place in a line is in a comment, by the file's class.
#[must_use]
pub fn in_comment(class: FileClass, line: &str, column: usize) -> bool {
    let before: String = line.chars().take(column.saturating_sub(1)).collect();
    match class {
        FileClass::GoMod | FileClass::GoWork => before.contains("//"),
        FileClass::Devcontainer => before.trim_start().starts_with("//") || before.contains(" //"),
        FileClass::Dockerfile | FileClass::Yaml | FileClass::Script | FileClass::Text => {
            let trimmed = before.trim_start();
            let start = ["#", "//", "::", "rem ", "REM "].iter().any(|mark| trimmed.starts_with(mark));
            start || (before.contains(" #") || before.contains("\t#")) && balanced(&before)
        }
        FileClass::PackageJson | FileClass::Document | FileClass::Source => false,
    }
}

/// Whether the hash that begins a comment is outside quotes.
fn balanced(before: &str) -> bool {
    let at = before.find(" #").or_else(|| before.find("\t#")).unwrap_or(before.len());
    let quotes = |mark| before[..at].matches(mark).count() % 2 == 0;
    quotes('"') && quotes('\'')
}

/// Gives the folder of a path; empty for a file at the top.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_name() {
        for (path, expected) in [
            ("a/go.mod", FileClass::GoMod),
            ("Dockerfile", FileClass::Dockerfile),
            ("Dockerfile.dev", FileClass::Dockerfile),
            ("build/app.Dockerfile", FileClass::Dockerfile),
            ("Containerfile", FileClass::Dockerfile),
            ("dockerfile.go", FileClass::Source),
            ("dockerfile_test.md", FileClass::Document),
            ("Makefile.common", FileClass::Script),
            (".github/workflows/ci.yml", FileClass::Yaml),
            ("README.md", FileClass::Document),
            ("renovate.json", FileClass::Text),
        ] {
            assert_eq!(class(path, ""), expected, "{path}");
        }
        assert_eq!(class("bin/tool", "#!/bin/sh\n"), FileClass::Script);
    }

    #[test]
    fn look_alikes_have_their_reason() {
        for (path, expected) in [
            ("a/testdata/go.mod", Some("test data")),
            ("vendor/x/Dockerfile", Some("vendored code")),
            ("web/package-lock.json", Some("lock file")),
            ("CHANGELOG.md", Some("changelog")),
            ("CHANGELOG-archived.md", Some("changelog")),
            ("test/testdata2/a.yaml", Some("test data")),
            ("api/test_data/a.json", Some("test data")),
            ("parser/testfiles/env/Dockerfile", Some("test data")),
            ("docs/versioned_docs/version-2.8/usage.md", Some("documents of earlier versions")),
            ("../rcrepro.toml", Some("the plan itself")),
            ("docs/changelog/1.2.md", Some("changelog")),
            ("manifests/RC-01.json", Some("recorded evidence")),
            (".github/ISSUE_TEMPLATE/bug.yml", Some("issue template")),
            ("rcrepro.toml", Some("the plan itself")),
            ("k8s/manifests/a.yaml", None),
            ("manifests/base/deployment.yaml", None),
            ("manifests/RC-01.evidence/ab", Some("recorded evidence")),
            ("history.go", None),
            ("Dockerfile", None),
        ] {
            assert_eq!(set_aside(path), expected, "{path}");
        }
    }

    #[test]
    fn a_test_archive_is_known_by_its_files() {
        assert!(is_test_archive("a/mod.txt", "hugo build\n-- go.mod --\ngo 1.20\n"));
        assert!(!is_test_archive("a/mod.md", "-- go.mod --\n") && !is_test_archive("notes.txt", "-- \n--\n"));
    }

    #[test]
    fn comments_are_known() {
        assert!(in_comment(FileClass::Yaml, "a: b # go1.2", 8));
        assert!(!in_comment(FileClass::Script, "echo \"a # b\" go1.2", 14));
        assert!(in_comment(FileClass::Script, "  # go1.2", 5));
        assert!(in_comment(FileClass::GoMod, "go 1.2 // go1.2", 11));
    }
}
