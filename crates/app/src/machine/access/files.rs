//! Where clients keep their settings on this machine.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::settings::{RegistryClient, Variables, home};

/// The most bytes of a file of settings.
const LIMIT: u64 = 1 << 20;
/// What `go env -w` may have written and a step needs.
const GO_SETTINGS: [&str; 7] = ["GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOINSECURE", "GOVCS"];

/// Reads a file of settings; none where it is missing, or cannot be read.
#[expect(clippy::disallowed_methods, reason = "the user's own settings")]
pub(super) fn read(path: &Path) -> Option<String> {
    // A pipe would never end.
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(LIMIT).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads the machine's netrc, with the name of its place.
pub(super) fn netrc(variables: &Variables) -> (String, Option<String>) {
    match variables.get("NETRC").filter(|path| !path.is_empty()) {
        Some(path) => (format!("`{path}`"), read(Path::new(path))),
        None => ("`~/.netrc`".to_owned(), home(variables).and_then(|home| read(&home.join(".netrc")))),
    }
}

/// Reads what `go env -w` wrote.
pub(super) fn go_settings(variables: &Variables) -> BTreeMap<String, String> {
    let named = variables.get("GOENV").filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(path) = named.or_else(|| Some(config(variables)?.join("go/env"))) else { return BTreeMap::new() };
    let text = read(&path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.trim().split_once('='));
    let wanted = lines.filter(|(name, value)| GO_SETTINGS.contains(name) && !value.is_empty());
    wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Lists the files that pip reads, the one that counts least first.
pub(super) fn pip(variables: &Variables) -> Vec<PathBuf> {
    let of_user = [
        home(variables).map(|home| home.join(".pip/pip.conf")),
        config(variables).map(|config| config.join("pip/pip.conf")),
    ];
    let named = variables.get("PIP_CONFIG_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    let of_all = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf"].map(PathBuf::from);
    of_all.into_iter().chain(of_user.into_iter().flatten()).chain(named).collect()
}

/// Lists the files that npm and clients like it read, the one that counts least first.
pub(super) fn npm(client: RegistryClient, variables: &Variables) -> Vec<(String, PathBuf)> {
    let set = |name: &str| {
        [name.to_owned(), name.to_ascii_uppercase()]
            .iter()
            .find_map(|name| variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from))
    };
    let mut found = Vec::new();
    let prefix = set("npm_config_prefix").or_else(|| prefix(variables));
    if let Some(path) = set("npm_config_globalconfig").or_else(|| Some(prefix?.join("etc/npmrc"))) {
        found.push((format!("`{}`", path.display()), path));
    }
    match set("npm_config_userconfig") {
        Some(path) => found.push((format!("`{}`", path.display()), path)),
        None => found.extend(home(variables).map(|home| ("`~/.npmrc`".to_owned(), home.join(".npmrc")))),
    }
    let below_home = |name: &str| home(variables).map(|home| (format!("`~/{name}`"), home.join(name)));
    match client {
        RegistryClient::Go | RegistryClient::Pip | RegistryClient::Npm => {}
        RegistryClient::Pnpm => {
            for name in ["rc", "auth.ini"] {
                let path = config(variables).map(|config| config.join("pnpm").join(name));
                found.extend(path.map(|path| (format!("`{}`", path.display()), path)));
            }
        }
        RegistryClient::Yarn => found.extend([".yarnrc", ".yarnrc.yml"].into_iter().filter_map(below_home)),
    }
    found
}

/// Gives the user's folder of settings.
fn config(variables: &Variables) -> Option<PathBuf> {
    let named = variables.get("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(home(variables)?.join(".config")))
}

/// Gives npm's prefix: the folder above that of `node`.
fn prefix(variables: &Variables) -> Option<PathBuf> {
    let folders = variables.get("PATH")?.split(':').filter(|folder| folder.starts_with('/'));
    let node = folders.map(|folder| Path::new(folder).join("node")).find(|node| node.is_file())?;
    Some(node.canonicalize().ok()?.parent()?.parent()?.to_owned())
}
