//! What `pnpm-lock.yaml` and `yarn.lock` have in common: tarballs of a registry, and entries that no registry serves.

use super::entry::{IN_SOURCE, NO_PACKAGE, is_name, is_version, leaves};
use rcrepro_images::packages::npm::tarball_path;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::execution::fault::Fault;

/// A tarball that a lock names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedTarball {
    /// The package's name, with its scope.
    pub name: String,
    pub version: String,
    /// The checksums that the lock has, as `ALGORITHM-BASE64`; none where it has only that of what the client makes of it.
    pub integrity: Option<String>,
    /// Where it lies below `tarballs` of the frozen tree.
    pub file: String,
    /// The address, for what no registry names by name and version.
    pub url: Option<String>,
}

impl LockedTarball {
    /// Names a registry's tarball, laid where a registry has it.
    #[must_use]
    pub fn of_registry(name: &str, version: &str, integrity: Option<String>) -> Self {
        let file = tarball_path(name, version);
        Self { name: name.to_owned(), version: version.to_owned(), integrity, file, url: None }
    }
}

/// What a lock asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TarballLock {
    /// The tarballs that an installation on this platform needs, sorted, each once.
    pub tarballs: Vec<LockedTarball>,
    /// Entries that cannot be served: the line, what is wrong, what mends it.
    pub unserved: Vec<(usize, String, &'static str)>,
    /// The version of the lock's form, such as `9.0`; `1` for yarn's first.
    pub form: String,
}

/// What a client of one platform leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetPlatform {
    /// As Node's `process.arch`.
    pub cpu: &'static str,
}

impl TargetPlatform {
    /// Images run on Linux with the GNU C library; `isa` is REAPI's.
    #[must_use]
    pub fn of_isa(isa: &str) -> Self {
        Self { cpu: if isa == "aarch64" || isa == "arm64" { "arm64" } else { "x64" } }
    }

    /// Returns the platform of the programs on this machine.
    #[must_use]
    pub fn of_machine() -> Self {
        Self::of_isa(std::env::consts::ARCH)
    }

    /// Whether a package's name says that it is for this platform, as compiled programs are named: `@esbuild/linux-x64`.
    #[must_use]
    pub fn is_named_by(self, package: &str) -> bool {
        let words: Vec<&str> = package.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let cpu = if self.cpu == "x64" { ["x64", "amd64"] } else { [self.cpu, "aarch64"] };
        words.contains(&"linux") && words.iter().any(|word| cpu.contains(word)) && !words.contains(&"musl")
    }

    /// Whether a list as in `package.json` (`os`, `cpu`, `libc`) admits this platform; an empty one admits all.
    #[must_use]
    pub fn fits(self, key: &str, list: &[&str]) -> bool {
        let own = match key {
            "os" => "linux",
            "cpu" => self.cpu,
            _ => "glibc",
        };
        let excluded = list.iter().filter_map(|one| one.strip_prefix('!')).any(|one| one == own);
        let mut named = list.iter().filter(|one| !one.starts_with('!')).peekable();
        !excluded && (named.peek().is_none() || named.any(|one| *one == own || *one == "any"))
    }
}

/// Written as in the names of packages: `linux-x64`.
impl std::fmt::Display for TargetPlatform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "linux-{}", self.cpu)
    }
}

pub(super) const PUBLISHED: &str = "depend on a version of it that a registry has, and write the lock anew";

impl TarballLock {
    /// Adds a tarball, if its entry is one that a registry could have; what it names becomes paths.
    pub(super) fn add(&mut self, line: usize, entry: &str, tarball: LockedTarball) {
        let is_path = tarball.file.parse::<TreePath>().is_ok();
        if is_name(&tarball.name) && is_version(&tarball.version) && is_path {
            self.tarballs.push(tarball);
        } else {
            self.refuse(line, entry, NO_PACKAGE, "remove the entry and write the lock anew");
        }
    }

    pub(super) fn refuse(&mut self, line: usize, entry: &str, says: &str, hint: &'static str) {
        self.unserved.push((line, format!("`{entry}` {says}"), hint));
    }

    /// Refuses an entry whose `path`, relative to `folder`, leads out of the source.
    pub(super) fn keep_inside(&mut self, line: usize, entry: &str, (folder, path): (&str, &str)) {
        if leaves(folder, path) {
            self.refuse(line, entry, &format!("is the folder or file `{path}`, which leaves the source"), IN_SOURCE);
        }
    }

    /// Puts the tarballs in order, each once.
    pub(super) fn sort(&mut self) {
        self.tarballs.sort();
        self.tarballs.dedup();
    }

    /// Gives the faults of a lock at `path`.
    #[must_use]
    pub fn faults(&self, path: &str) -> Vec<Fault> {
        let fault =
            |(line, says, hint): &(usize, String, &str)| Fault::of_file(path, says.clone()).at(Some(*line)).hint(*hint);
        self.unserved.iter().map(fault).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_judged_as_npm_does() {
        let here = TargetPlatform::of_isa("x86-64");
        for (key, list, fits) in [
            ("os", &[][..], true),
            ("os", &["darwin"], false),
            ("os", &["darwin", "linux"], true),
            ("os", &["!win32"], true),
            ("os", &["!linux"], false),
            ("cpu", &["x64"], true),
            ("cpu", &["arm64"], false),
            ("libc", &["musl"], false),
            ("libc", &["glibc"], true),
        ] {
            assert_eq!(here.fits(key, list), fits, "{key} {list:?}");
        }
        assert!(TargetPlatform::of_isa("aarch64").fits("cpu", &["arm64"]));
    }
}
