//! The user's credentials, out of Docker's configuration and its helpers.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;

use super::error::RegistryError;

/// Looks for credentials under each of a registry's names, the first that has some; to find none is not an error.
///
/// Helpers are programs and may ask the user, so this waits on a thread of its own.
///
/// # Errors
/// [`RegistryError::Credentials`] when the configuration cannot be read or a helper fails.
pub(super) async fn find(config: Option<PathBuf>, names: Vec<String>) -> Result<RegistryAuth, RegistryError> {
    let registry = names.first().cloned().unwrap_or_default();
    let task = tokio::task::spawn_blocking(move || find_now(config.as_deref(), &names));
    let found = task.await.expect("looking for credentials does not panic");
    found.map_err(|reason| RegistryError::Credentials { registry, reason })
}

fn find_now(config: Option<&Path>, names: &[String]) -> Result<RegistryAuth, String> {
    let Some(config) = config else { return Ok(RegistryAuth::Anonymous) };
    for name in names {
        let file = match File::open(config) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(RegistryAuth::Anonymous),
            Err(error) => return Err(format!("cannot open `{}`: {error}", config.display())),
        };
        match docker_credential::get_credential_from_reader(file, name) {
            Ok(DockerCredential::UsernamePassword(user, password)) => return Ok(RegistryAuth::Basic(user, password)),
            Ok(DockerCredential::IdentityToken(_)) => {
                return Err(format!("`{}` holds an identity token, expected a user and a password", config.display()));
            }
            Err(CredentialRetrievalError::NoCredentialConfigured) => {}
            // What every helper of Docker's says of a registry that it does not know.
            Err(CredentialRetrievalError::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => {
            }
            Err(CredentialRetrievalError::HelperFailure { helper, stdout, stderr }) => {
                // One of the two streams is usually empty; a secret is in neither when a helper fails.
                let said: String = format!("{stdout} {stderr}").chars().filter(|c| !c.is_control()).take(300).collect();
                return Err(format!("`{helper}` failed: {}", said.trim()));
            }
            Err(CredentialRetrievalError::ConfigReadError) => {
                return Err(format!("`{}` is not a configuration of Docker's", config.display()));
            }
            Err(error) => return Err(format!("`{}`: {error}", config.display())),
        }
    }
    Ok(RegistryAuth::Anonymous)
}

/// Finds Docker's configuration file: in `DOCKER_CONFIG`, else in `~/.docker`.
#[must_use]
pub fn docker_config() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = variable("DOCKER_CONFIG").or_else(|| variable("HOME").map(|home| home.join(".docker")));
    folder.map(|folder| folder.join("config.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, name: &str) -> Result<RegistryAuth, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.json");
        std::fs::write(&file, text).expect("written");
        find_now(Some(&file), &[name.to_owned(), format!("https://{name}/v1/")])
    }

    #[test]
    fn credentials_are_those_of_the_host_alone() {
        let config = r#"{"auths": {"registry.example:5000": {"auth": "dXNlcjpwYXNz"}, "https://old.example/v1/": {"auth": "YTpi"}}}"#;
        let basic = |user: &str, password: &str| Ok(RegistryAuth::Basic(user.to_owned(), password.to_owned()));
        assert_eq!(with(config, "registry.example:5000"), basic("user", "pass"));
        assert_eq!(with(config, "old.example"), basic("a", "b"));
        for other in ["registry.example", "other.example", "example:5000"] {
            assert_eq!(with(config, other), Ok(RegistryAuth::Anonymous), "{other}");
        }
        assert_eq!(find_now(Some(Path::new("/nowhere/config.json")), &["x".to_owned()]), Ok(RegistryAuth::Anonymous));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_anonymous() {
        assert!(with("{", "x").expect_err("no JSON").contains("is not a configuration"));
        assert!(with(r#"{"credsStore": "none-such"}"#, "x").is_err());
        let token = with(r#"{"auths": {"x": {"identitytoken": "t"}}}"#, "x").expect_err("a token");
        assert!(token.contains("identity token"), "{token}");
    }
}
