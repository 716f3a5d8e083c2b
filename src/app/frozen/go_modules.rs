//! Go modules as a frozen input: a module cache from `go mod download`, less what varies from day to day.
//!
//! Kept: the extracted modules and, under `cache/download`, the `.mod`, `.zip` and `.ziphash` files, which `go.sum` pins.
//! Dropped: `.info` (holds the version control's view, which a proxy may word differently), `list` (grows with every
//! release), `.lock` and `.partial` files, and the checksum database's cache.

/// The files of the client's lock, relative to the module's folder.
pub const LOCK_FILES: [&str; 2] = ["go.mod", "go.sum"];
/// The shell line of the network step.
pub const LINE: &str = "GOMODCACHE=/work/modcache GOFLAGS=-modcacherw GOTOOLCHAIN=local go mod download";
/// What the step yields, relative to its working directory.
pub const OUTPUT: &str = "modcache";

/// Tells whether a path of the module cache is part of the frozen tree.
#[must_use]
pub fn keep(path: &str) -> bool {
    let Some(download) = path.strip_prefix("cache/") else { return true };
    let Some(file) = download.strip_prefix("download/") else { return false };
    let name = file.rsplit('/').next().unwrap_or(file);
    !file.starts_with("sumdb/")
        && file.contains("/@v/")
        && [".mod", ".zip", ".ziphash"].iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::keep;

    #[test]
    fn keeps_what_go_sum_pins_and_drops_what_varies() {
        for kept in [
            "example.com/m@v1.0.0/m.go",
            "cache/download/example.com/m/@v/v1.0.0.mod",
            "cache/download/example.com/m/@v/v1.0.0.zip",
            "cache/download/example.com/m/@v/v1.0.0.ziphash",
        ] {
            assert!(keep(kept), "{kept}");
        }
        for dropped in [
            "cache/lock",
            "cache/download/example.com/m/@v/v1.0.0.info",
            "cache/download/example.com/m/@v/v1.0.0.lock",
            "cache/download/example.com/m/@v/list",
            "cache/download/sumdb/x/@v/y.mod",
            "cache/vcs/abc/info",
        ] {
            assert!(!keep(dropped), "{dropped}");
        }
    }
}
