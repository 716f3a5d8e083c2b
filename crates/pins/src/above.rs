//! Files above the plan's folder, where that is not the top of its repository: which of them count for it, and how they are
//! called.
//!
//! What lies beside the plan's folder is another project's. What lies in a folder above it is read by the tools that work in
//! it: version managers and Go look upwards, CI looks at the top.

/// Folders whose files count wherever the folder itself is above the plan's.
const FOLDERS: [&str; 11] = [
    ".github",
    ".forgejo",
    ".gitea",
    ".gitlab",
    ".circleci",
    ".woodpecker",
    ".buildkite",
    ".tekton",
    ".semaphore",
    ".devcontainer",
    ".config",
];

/// Names a path of the repository as it is seen from a folder in it: `../go.work` for what is one folder up.
#[must_use]
pub fn relative(folder: &str, path: &str) -> String {
    let folders: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let parts: Vec<&str> = path.split('/').collect();
    let most = folders.len().min(parts.len() - 1);
    let common = (0..most).take_while(|at| folders[*at] == parts[*at]).count();
    "../".repeat(folders.len() - common) + &parts[common..].join("/")
}

/// Whether a path that begins with `../` counts: it lies in a folder above, or in one of CI's there.
#[must_use]
pub fn counts(path: &str) -> bool {
    let below = path.trim_start_matches("../");
    below.split_once('/').is_none_or(|(folder, _)| FOLDERS.contains(&folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_named_from_the_folder() {
        for (folder, path, expected) in [
            ("", "a/b", "a/b"),
            ("a", "a/b", "b"),
            ("a/b", "go.work", "../../go.work"),
            ("a/b", "a/.nvmrc", "../.nvmrc"),
            ("a/b", "a/c/x", "../c/x"),
            ("a/b", "a/bc/x", "../bc/x"),
            ("a", "a", "../a"),
        ] {
            assert_eq!(relative(folder, path), expected, "{folder}: {path}");
        }
    }

    #[test]
    fn what_lies_above_counts_and_what_lies_beside_does_not() {
        for path in ["../go.work", "../../.nvmrc", "../.github/workflows/ci.yml", "../README.md"] {
            assert!(counts(path), "{path}");
        }
        for path in ["../other/Dockerfile", "../docs/a.md", "../../a/.github/workflows/ci.yml"] {
            assert!(!counts(path), "{path}");
        }
    }
}
