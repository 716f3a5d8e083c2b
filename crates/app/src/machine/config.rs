//! The user configuration, from its file to those that use it.

use std::io;
use std::path::{Path, PathBuf};

use rcrepro_format::plan::config_toml;
use rcrepro_format::syntax::toml_place::TomlError;
use rcrepro_images::packages::sources;
use rcrepro_images::registry::{self, RegistrySettings, docker_config};
use rcrepro_model::plan::user_config::UserConfig;
use rcrepro_model::text::hint::Hint;

/// Says why the user configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the user configuration `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The failed read.
        #[source]
        source: io::Error,
    },
    /// There is a mistake in it.
    #[error("{}:{mistake}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// The mistake and its place.
        mistake: TomlError,
    },
}

impl Hint for ConfigError {
    fn hint(&self) -> Option<String> {
        Some("mend the file, or name another one: RCREPRO_CONFIG=FILE".to_owned())
    }
}

/// Says where the user configuration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFile {
    pub(crate) path: PathBuf,
    /// Whether the user named it, so that it has to be there.
    pub(crate) named: bool,
}

/// Reads the user configuration; a usual place without a file is a configuration that sets nothing.
///
/// # Errors
/// [`ConfigError`].
#[expect(clippy::disallowed_methods, reason = "the user's own configuration")]
pub fn load(file: &ConfigFile) -> Result<UserConfig, ConfigError> {
    let path = || file.path.clone();
    match std::fs::read_to_string(&file.path) {
        Ok(text) => config_toml::parse(&text).map_err(|mistake| ConfigError::Toml { path: path(), mistake }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !file.named => Ok(UserConfig::default()),
        Err(source) => Err(ConfigError::Read { path: path(), source }),
    }
}

/// Finds the file: the one that `RCREPRO_CONFIG` names, else `rcrepro/config.toml` in the user's configuration folder.
#[must_use]
pub fn find(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<ConfigFile> {
    if let Some(path) = variable("RCREPRO_CONFIG") {
        return Some(ConfigFile { path, named: true });
    }
    let folder = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
    folder.map(|folder| ConfigFile { path: folder.join(Path::new("rcrepro/config.toml")), named: false })
}

/// Gives the mirrors of packages.
#[must_use]
pub fn package_mirrors(config: &UserConfig) -> sources::PackageMirrors {
    let mirrors = &config.mirrors;
    sources::PackageMirrors {
        deb: mirrors.deb.clone(),
        go: mirrors.go.clone(),
        npm: mirrors.npm.clone(),
        exclusive: mirrors.exclusive,
    }
}

/// Gives how registries are reached: the mirrors of images, and the credentials of Docker's own configuration.
#[must_use]
pub fn registry_settings(config: &UserConfig) -> RegistrySettings {
    let by_registry = config.mirrors.registry.clone();
    let mirrors = registry::RegistryMirrors { by_registry, exclusive: config.mirrors.exclusive };
    RegistrySettings { mirrors, docker_config: docker_config(), ..RegistrySettings::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_has_to_be_there_and_a_usual_one_need_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("config.toml");
        let file = |named| ConfigFile { path: path.clone(), named };
        assert_eq!(load(&file(false)).expect("nothing is set"), UserConfig::default());
        assert!(matches!(load(&file(true)), Err(ConfigError::Read { .. })));
        std::fs::write(&path, "[mirrors]\ndeb = [\"https://deb.example\"]\nexclusive = true\n").expect("written");
        let mirrors = package_mirrors(&load(&file(false)).expect("a configuration"));
        assert_eq!(mirrors.deb, ["https://deb.example"]);
        assert!(mirrors.exclusive);
        std::fs::write(&path, "[mirror]\n").expect("written");
        let error = load(&file(false)).expect_err("a mistake").to_string();
        assert!(error.contains("config.toml:1:2: unknown field `mirror`"), "{error}");
    }

    #[test]
    fn the_file_is_found_where_users_keep_such_files() {
        let with = |known: &'static [(&str, &str)]| {
            find(move |name| known.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value)))
        };
        let usual = |path: &str| Some(ConfigFile { path: path.into(), named: false });
        assert_eq!(with(&[("HOME", "/h")]), usual("/h/.config/rcrepro/config.toml"));
        assert_eq!(with(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), usual("/x/rcrepro/config.toml"));
        let named = with(&[("HOME", "/h"), ("RCREPRO_CONFIG", "/c.toml")]).expect("named");
        assert_eq!((named.path, named.named), (PathBuf::from("/c.toml"), true));
        assert_eq!(with(&[]), None);
    }
}
