//! Where a reference's repository lies: at its mirrors, then at the registry itself.

use oci_client::Reference;
use rcrepro_http::{Url, is_loopback};

use super::error::RegistryError;
use super::settings::{RegistryMirrors, RegistrySettings};
use rcrepro_model::image::reference::ImageReference;

/// A repository at one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Host and port.
    pub authority: String,
    /// The repository, as this host names it.
    pub repository: String,
    /// The schemes to try, the first choice first; plain HTTP only where the host is this machine itself.
    pub schemes: &'static [&'static str],
    /// Whether the host is this machine itself.
    pub loopback: bool,
    /// Under which names credentials for the host may be kept.
    pub credential_names: Vec<String>,
}

const TLS: &[&str] = &["https"];
const PLAIN: &[&str] = &["http"];
const EITHER: &[&str] = &["https", "http"];

impl Place {
    /// Returns the distribution client's own form of the place.
    pub fn reference(&self, tag: &str) -> Reference {
        Reference::with_tag(self.authority.clone(), self.repository.clone(), tag.to_owned())
    }

    /// Returns the place of the registry that the reference names, and the name of that registry.
    pub fn own(reference: &ImageReference) -> (Self, String) {
        let spelled = match reference.registry() {
            Some(registry) => {
                Reference::with_tag(registry.to_owned(), reference.repository().to_owned(), String::new())
            }
            // The client knows the field's default registry, and what short names mean there.
            None => (reference.repository().parse()).expect("a repository is a reference of its own"),
        };
        let (name, authority) = (spelled.registry().to_owned(), spelled.resolve_registry().to_owned());
        let mut credential_names = vec![name.clone()];
        if name != authority {
            // Docker's own clients keep the default registry's credentials under the address of its first protocol.
            credential_names.extend([authority.clone(), format!("https://{authority}/v1/")]);
        }
        let host =
            authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map_or(&*authority, |(host, _)| host);
        let loopback = is_loopback(host);
        let repository = spelled.repository().to_owned();
        let schemes = if loopback { EITHER } else { TLS };
        (Self { authority, repository, schemes, loopback, credential_names }, name)
    }

    /// Returns the place of a repository at a mirror, `https://HOST[:PORT][/PREFIX]`; the prefix goes before the repository.
    fn mirror(url: &str, registry: &str, repository: &str) -> Result<Self, RegistryError> {
        let wrong = |reason| RegistryError::Mirror { url: url.to_owned(), registry: registry.to_owned(), reason };
        let parsed = Url::parse(url).map_err(|_| wrong("invalid URL"))?;
        let authority = authority(&parsed).ok_or_else(|| wrong("it has no host"))?;
        let loopback = is_loopback(parsed.host_str().unwrap_or_default());
        let schemes = match parsed.scheme() {
            "https" => TLS,
            "http" if loopback => PLAIN,
            "http" => return Err(wrong("plain HTTP is for this machine's own addresses: expected https://")),
            _ => return Err(wrong("expected https://HOST[:PORT][/PREFIX]")),
        };
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("credentials belong into Docker's configuration: docker login"));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("expected https://HOST[:PORT][/PREFIX]"));
        }
        let prefix = parsed.path().trim_matches('/');
        let repository = if prefix.is_empty() { repository.to_owned() } else { format!("{prefix}/{repository}") };
        let credential_names = vec![authority.clone()];
        Ok(Self { authority, repository, schemes, loopback, credential_names })
    }
}

/// Takes a host and port apart from a URL, for places that are given as one.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Checks every mirror of the settings.
///
/// # Errors
/// [`RegistryError::Mirror`] for the first that cannot be used.
pub(super) fn check(mirrors: &RegistryMirrors) -> Result<(), RegistryError> {
    let mut all = mirrors.by_registry.iter().flat_map(|(registry, urls)| urls.iter().map(move |url| (registry, url)));
    all.try_for_each(|(registry, url)| Place::mirror(url, registry, "x").map(drop))
}

/// Lists the places that a reference may be pulled from, the first choice first.
///
/// # Errors
/// [`RegistryError::Mirror`] when only mirrors may be asked and there is none.
pub(super) fn places(reference: &ImageReference, settings: &RegistrySettings) -> Result<Vec<Place>, RegistryError> {
    let (own, registry) = Place::own(reference);
    let urls = settings.mirrors.by_registry.get(&registry).map_or(&[][..], Vec::as_slice);
    let mut places = Vec::new();
    for url in urls {
        places.push(Place::mirror(url, &registry, &own.repository)?);
    }
    if !settings.mirrors.exclusive {
        places.push(own);
    }
    if places.is_empty() {
        let reason = "the user configuration has no mirror of it and excludes all other places";
        return Err(RegistryError::Mirror { url: String::new(), registry, reason });
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(text: &str) -> Place {
        Place::own(&text.parse().expect("a reference")).0
    }

    #[test]
    fn only_this_machine_may_be_plain() {
        let schemes = |text| own(text).schemes;
        for near in ["localhost:5000/a", "127.0.0.1:5000/a", "127.1.2.3/a", "[::1]:5000/a", "localhost/a"] {
            assert_eq!(schemes(near), EITHER, "{near}");
        }
        for far in ["registry.example/a", "10.0.0.1:5000/a", "localhost.example:80/a", "a", "[::2]:5000/a"] {
            assert_eq!(schemes(far), TLS, "{far}");
        }
    }

    #[test]
    fn the_default_registry_is_the_clients() {
        let short = own("golang:1.26");
        assert!(short.authority.contains('.') && short.repository.ends_with("/golang"), "{short:?}");
        assert_eq!(short.credential_names.len(), 3);
        assert_eq!(own("team/tool").repository, "team/tool");
        let named = own("localhost:5000/tool");
        assert_eq!((named.authority.as_str(), named.repository.as_str()), ("localhost:5000", "tool"));
        assert_eq!(named.credential_names, ["localhost:5000"]);
    }

    #[test]
    fn mirrors_come_first_and_stand_before_the_repository() {
        let mut settings = RegistrySettings::default();
        let urls = ["https://mirror.example:444/proxy/".to_owned(), "http://127.0.0.1:1".to_owned()];
        settings.mirrors.by_registry.insert("registry.example".to_owned(), urls.into());
        let reference: ImageReference = "registry.example/a/b:c".parse().expect("a reference");
        let found = places(&reference, &settings).expect("places");
        let pairs: Vec<_> = found.iter().map(|place| (&*place.authority, &*place.repository, place.schemes)).collect();
        let expected =
            [("mirror.example:444", "proxy/a/b", TLS), ("127.0.0.1:1", "a/b", PLAIN), ("registry.example", "a/b", TLS)];
        assert_eq!(pairs, expected);
        settings.mirrors.exclusive = true;
        assert_eq!(places(&reference, &settings).expect("places").len(), 2);
        let other = places(&"other.example/x".parse().expect("a reference"), &settings).expect_err("no place");
        assert!(other.to_string().contains("other.example"), "{other}");
    }

    #[test]
    fn bad_mirrors_are_refused() {
        for (url, reason) in [
            ("http://mirror.example", "plain HTTP"),
            ("ftp://mirror.example", "https://HOST"),
            ("mirror.example", "invalid URL"),
            ("https://user:secret@mirror.example", "docker login"),
            ("https://mirror.example/?a=b", "https://HOST"),
        ] {
            let mut mirrors = RegistryMirrors::default();
            mirrors.by_registry.insert("registry.example".to_owned(), vec![url.to_owned()]);
            let error = check(&mirrors).expect_err("refused").to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
