//! Where packages are fetched from: what the machine's own clients are set up with, and the user's mirrors before them.
//!
//! No host stands in this program. A lock names packages by purl and digest, so any place that has the bytes will do.

use std::process::Command;

use super::PackageError;

/// Lists places that the user wants asked first, each the base that the client would be configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors {
    /// Bases of Debian archives, above `pool/`.
    pub deb: Vec<String>,
    /// Go module proxies.
    pub go: Vec<String>,
    /// npm registries.
    pub npm: Vec<String>,
}

impl Mirrors {
    /// Gives the bases of Debian archives: the mirrors, then apt's own that are Debian's.
    ///
    /// # Errors
    /// [`PackageError::NoSource`].
    pub fn deb_bases(&self) -> Result<Vec<String>, PackageError> {
        let mut format = Command::new("apt-get");
        format.args(["indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"]);
        let found = ask(&mut format).unwrap_or_default();
        let own = found.lines().filter_map(|line| line.strip_prefix("Debian ")).map(str::trim);
        collect(
            &self.deb,
            own,
            "Debian packages",
            "apt-get names no archive of Debian's",
            "on a Debian-family system run `apt-get update`; elsewhere name a mirror of Debian in the user configuration (mirrors.deb)",
        )
    }

    /// Gives the Go module proxies: the mirrors, then the first of `GOPROXY`, from the environment or from `go env`.
    ///
    /// # Errors
    /// [`PackageError::NoSource`].
    pub fn go_bases(&self) -> Result<Vec<String>, PackageError> {
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

    /// Gives the npm registries: the mirrors, then npm's own, from the environment or from `npm config`.
    ///
    /// # Errors
    /// [`PackageError::NoSource`].
    pub fn npm_bases(&self) -> Result<Vec<String>, PackageError> {
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
    for base in mirrors.iter().map(String::as_str).chain(own.take(4)) {
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

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// Asks a client, which may not be there; its warnings are its own affair.
fn ask(command: &mut Command) -> Option<String> {
    let output = command.env("LC_ALL", "C").output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}
