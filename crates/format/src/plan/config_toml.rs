//! The user configuration file → [`UserConfig`].
//!
//! ```toml
//! [mirrors]
//! deb = ["https://mirror.example/debian"]
//! go = ["https://mirror.example/go"]
//! npm = ["https://mirror.example/npm"]
//! exclusive = false
//!
//! [mirrors.registry]
//! "registry.example" = ["https://mirror.example/images"]
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::syntax::toml_place::{self, TomlError};
use rcrepro_model::plan::user_config::{MirrorConfig, UserConfig};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigWire {
    #[serde(default)]
    mirrors: MirrorsWire,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct MirrorsWire {
    deb: Vec<Spanned<String>>,
    go: Vec<Spanned<String>>,
    npm: Vec<Spanned<String>>,
    registry: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    exclusive: bool,
}

/// Parses the user configuration.
///
/// # Errors
/// [`TomlError`] with the place of the first mistake: an unknown key, an invalid URL of a mirror, an invalid host of a registry.
pub fn parse(text: &str) -> Result<UserConfig, TomlError> {
    let ConfigWire { mirrors } = toml_place::parse(text)?;
    let urls =
        |list: Vec<Spanned<String>>| list.into_iter().map(|url| checked(text, url)).collect::<Result<Vec<_>, _>>();
    let mut registry = BTreeMap::new();
    for (host, list) in mirrors.registry {
        let span = host.span();
        let host = host.into_inner();
        // The same rule by which a reference's first part is a registry, and what a mirror of everything would be refused by.
        let names_host = (host.contains(['.', ':']) || host == "localhost") && !host.contains('/');
        if !names_host {
            let message = format!("invalid registry `{host}`: expected HOST or HOST:PORT, without scheme or path");
            return Err(TomlError::at(text, span, message));
        }
        registry.insert(host, urls(list)?);
    }
    let (deb, go, npm) = (urls(mirrors.deb)?, urls(mirrors.go)?, urls(mirrors.npm)?);
    Ok(UserConfig { mirrors: MirrorConfig { deb, go, npm, registry, exclusive: mirrors.exclusive } })
}

fn checked(text: &str, url: Spanned<String>) -> Result<String, TomlError> {
    let rest = url.get_ref().strip_prefix("https://").or_else(|| url.get_ref().strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace) => {
            Ok(url.into_inner())
        }
        _ => {
            let message = format!("invalid mirror `{}`: expected https://HOST[:PORT][/PATH]", url.get_ref());
            Err(TomlError::at(text, url.span(), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_read_in_their_order() {
        let text = r#"
[mirrors]
deb = ["http://one.example/debian", "https://two.example"]
exclusive = true
[mirrors.registry]
"registry.example:5000" = ["https://mirror.example/images"]
"#;
        let mirrors = parse(text).expect("a configuration").mirrors;
        assert_eq!(mirrors.deb, ["http://one.example/debian", "https://two.example"]);
        assert_eq!(mirrors.registry["registry.example:5000"], ["https://mirror.example/images"]);
        assert!(mirrors.exclusive && mirrors.go.is_empty() && mirrors.npm.is_empty());
        assert_eq!(parse("").expect("nothing is set"), UserConfig::default());
    }

    #[test]
    fn mistakes_have_their_place() {
        let wrong = |text: &str| parse(text).expect_err("a mistake").to_string();
        assert!(wrong("[mirrors]\ndebian = []\n").starts_with("2:1: unknown field `debian`"));
        assert_eq!(
            wrong("[mirrors]\ngo = [\"https://a.example\", \"b.example\"]\n"),
            "2:28: invalid mirror `b.example`: expected https://HOST[:PORT][/PATH]"
        );
        assert!(
            wrong("[mirrors.registry]\n\"https://x.example\" = []\n")
                .starts_with("2:1: invalid registry `https://x.example`: expected HOST")
        );
        assert!(wrong("[mirrors]\nexclusive = 1\n").starts_with("2:13: "));
        assert!(wrong("[mirrors\n").starts_with("1:"));
    }
}
