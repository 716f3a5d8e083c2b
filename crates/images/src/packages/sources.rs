//! Where packages are fetched from: what the machine's own clients are set up with, and the user's mirrors before them.
//!
//! No host is built into this program. A lock names packages by purl and digest, so any place that has the bytes will do.

use std::process::Command;

use super::PackageError;

const EXCLUSIVE: &str = "the user configuration has no mirror and excludes all other places";
const EXCLUSIVE_HINT: &str = "name a mirror in the user configuration, or take `exclusive` out of it";

/// Lists places that the user wants asked first, each the base that the client would be configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackageMirrors {
    /// Bases of Debian archives, above `pool/`.
    pub deb: Vec<String>,
    /// Go module proxies.
    pub go: Vec<String>,
    /// npm registries.
    pub npm: Vec<String>,
    /// Asks these only, never what the clients are set up with.
    pub exclusive: bool,
}

impl PackageMirrors {
    /// Returns the bases of Debian archives: the mirrors, then apt's own that are Debian's.
    ///
    /// # Errors
    /// [`PackageError::NoSource`].
    pub fn deb_bases(&self) -> Result<Vec<String>, PackageError> {
        if self.exclusive {
            return collect(&self.deb, std::iter::empty(), "Debian packages", EXCLUSIVE, EXCLUSIVE_HINT);
        }
        let mut targets = Command::new("apt-get");
        targets.args(["indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]);
        let found = ask(&mut targets).unwrap_or_default();
        let mut own: Vec<_> = found.lines().filter_map(|line| line.strip_prefix("Debian ")).map(str::trim).collect();
        // Where `apt-get update` never ran, apt knows no origins but still what it would ask.
        let planned = if own.is_empty() { ask(Command::new("apt-get").args(["--print-uris", "update"])) } else { None };
        own.extend(planned.iter().flat_map(|planned| planned.lines().filter_map(archive_of)));
        collect(
            &self.deb,
            own.into_iter(),
            "Debian packages",
            "apt-get has no archive of Debian's",
            "on a Debian-family system name an archive of Debian's in apt's sources (sources.list(5)); elsewhere name a mirror of \
             Debian in the user configuration (mirrors.deb)",
        )
    }

    /// Returns the Go module proxies: the mirrors, then the first of `GOPROXY`, from the environment or from `go env`.
    ///
    /// # Errors
    /// [`PackageError::NoSource`].
    pub fn go_bases(&self) -> Result<Vec<String>, PackageError> {
        if self.exclusive {
            return collect(&self.go, std::iter::empty(), "Go modules", EXCLUSIVE, EXCLUSIVE_HINT);
        }
        let setting = variable("GOPROXY").or_else(|| ask(Command::new("go").args(["env", "GOPROXY"])));
        let setting = setting.unwrap_or_default();
        collect(
            &self.go,
            setting.split([',', '|']).map(str::trim),
            "Go modules",
            "neither GOPROXY nor `go env GOPROXY` names a proxy",
            "set GOPROXY, or install the client that knows it: apt-get install golang-go",
        )
    }

    /// Returns the name of the checksum database that the machine's Go asks, if it asks one.
    #[must_use]
    pub fn checksum_database(&self) -> Option<String> {
        if self.exclusive {
            return None;
        }
        let setting = variable("GOSUMDB").or_else(|| ask(Command::new("go").args(["env", "GOSUMDB"])));
        // `NAME`, or `NAME+KEY` with a URL behind it; `off` is none.
        let name = setting.as_deref().unwrap_or_default().split(['+', ' ']).next().unwrap_or_default().trim();
        (name != "off" && !name.is_empty()).then(|| name.to_owned())
    }

    /// Returns the npm registries: the mirrors, then npm's own, from the environment or from `npm config`.
    ///
    /// # Errors
    /// [`PackageError::NoSource`].
    pub fn npm_bases(&self) -> Result<Vec<String>, PackageError> {
        if self.exclusive {
            return collect(&self.npm, std::iter::empty(), "npm packages", EXCLUSIVE, EXCLUSIVE_HINT);
        }
        let setting = variable("npm_config_registry").or_else(|| variable("NPM_CONFIG_REGISTRY"));
        let setting = setting.or_else(|| ask(Command::new("npm").args(["config", "get", "registry"])));
        collect(
            &self.npm,
            setting.as_deref().map(str::trim).into_iter(),
            "npm packages",
            "neither npm_config_registry nor `npm config get registry` names a registry",
            "set npm_config_registry, or install the client that knows it: apt-get install npm",
        )
    }
}

fn collect<'a>(
    mirrors: &'a [String],
    own: impl Iterator<Item = &'a str>,
    kind: &'static str,
    reason: &str,
    hint: &'static str,
) -> Result<Vec<String>, PackageError> {
    let mut bases: Vec<String> = Vec::new();
    // A client may also be set up with words such as `direct` or `off`, or with a scheme that is not ours to fetch over.
    let own = own.filter(|base| base.starts_with("http://") || base.starts_with("https://"));
    for base in mirrors.iter().map(String::as_str).chain(own) {
        let base = base.trim_end_matches('/');
        if !bases.iter().any(|known| known == base) {
            bases.push(base.to_owned());
        }
    }
    match bases.is_empty() {
        true => Err(PackageError::NoSource { kind, reason: reason.to_owned(), hint }),
        false => Ok(bases),
    }
}

/// Reads `'BASE/dists/SUITE/InRelease' …` as `BASE`.
fn archive_of(line: &str) -> Option<&str> {
    line.strip_prefix('\'')?.split_once("/dists/").map(|(base, _)| base)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Asks a client, which may not be there; its warnings are its own affair.
fn ask(command: &mut Command) -> Option<String> {
    let output = command.env("LC_ALL", "C").output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}

#[cfg(test)]
mod tests {
    use rcrepro_model::text::hint::Hint as _;

    use super::*;

    #[test]
    fn mirrors_come_first_and_words_are_no_bases() {
        let mirrors = ["https://mirror.example/go/".to_owned()];
        let own = ["https://own.example", "direct", "off", "file:///x", "https://mirror.example/go"].into_iter();
        let bases = collect(&mirrors, own, "Go modules", "", "").expect("bases");
        assert_eq!(bases, ["https://mirror.example/go", "https://own.example"]);
        let none = collect(&[], ["direct"].into_iter(), "Go modules", "no proxy", "set one").expect_err("none");
        assert_eq!(
            (none.to_string().as_str(), none.hint().as_deref()),
            ("no place is known to fetch Go modules from: no proxy", Some("set one"))
        );
    }

    #[test]
    fn an_archives_base_is_read_off_what_apt_would_ask() {
        let line = "'http://archive.example/debian/dists/bookworm/InRelease' archive.example_debian_dists_bookworm_InRelease 0";
        assert_eq!(archive_of(line), Some("http://archive.example/debian"));
        assert_eq!(archive_of("Reading package lists..."), None);
    }
}
