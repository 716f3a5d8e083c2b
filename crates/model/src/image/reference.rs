//! References to images in registries, as people write them.
//!
//! Grammar: `[REGISTRY/]REPOSITORY[:TAG][@sha256:HEX]`, the one of Docker and of the distribution project. The part
//! before the first `/` is a registry when it holds `.` or `:`, or is `localhost`; otherwise it belongs to the repository
//! and the registry is the field's default one, which this type does not name.
//! Source: distribution project, `reference/regexp.go`; OCI distribution specification 1.1, "Pulling manifests".

use std::fmt;
use std::str::FromStr;

use crate::content::digest::{Sha256, serde_as_text};

/// The most characters of registry and repository together.
const NAME_LIMIT: usize = 255;
/// The most characters of a tag.
const TAG_LIMIT: usize = 128;

/// The error for an invalid image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid image reference `{found}`: {part} expected {expected}")]
pub struct ReferenceError {
    /// The text that was found.
    pub found: String,
    /// Which part of it is wrong.
    pub part: &'static str,
    /// What would be right.
    pub expected: &'static str,
}

/// Refers to an image in a registry; shown exactly as it was written, but for a digest's place at the end.
///
/// Only the digest says which image it is. A tag can be moved in the registry at any time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    registry: Option<String>,
    repository: String,
    tag: Option<String>,
    digest: Option<Sha256>,
}

impl ImageReference {
    /// Returns the registry's host and port, such as `localhost:5000`; `None` is the default registry.
    #[must_use]
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// Returns the repository as it was written, such as `golang` or `team/tool`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag; it decides nothing where there is a digest.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest of the manifest or index.
    #[must_use]
    pub const fn digest(&self) -> Option<Sha256> {
        self.digest
    }

    /// Names another manifest of the same repository, without a tag.
    #[must_use]
    pub fn only_by_digest(&self, digest: Sha256) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Pins the reference; the tag stays as a comment.
    #[must_use]
    pub fn with_digest(mut self, digest: Sha256) -> Self {
        self.digest = Some(digest);
        self
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = self.digest {
            write!(f, "@{}", digest.to_oci())?;
        }
        Ok(())
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let wrong = |part, expected| ReferenceError { found: text.to_owned(), part, expected };
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => {
                let digest = Sha256::from_oci(digest);
                let expected = "`@sha256:` and 64 lower-case hex digits";
                (named, Some(digest.map_err(|_| wrong("its digest is not as", expected))?))
            }
            None => (text, None),
        };
        // A port's colon comes before the last slash, a tag's after it.
        let (name, tag) = match named.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((name, tag)) => (name, Some(tag)),
            None => (named, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(wrong("its tag is not as", "letters, digits, `_`, `.` and `-`, at most 128"));
        }
        let (registry, repository) = match name.split_once('/').filter(|(first, _)| names_registry(first)) {
            Some((registry, repository)) => (Some(registry), repository),
            None => (None, name),
        };
        if registry.is_some_and(|registry| !is_host(registry)) {
            return Err(wrong("its registry is not as", "HOST or HOST:PORT"));
        }
        if name.len() > NAME_LIMIT || !repository.split('/').all(is_component) {
            let expected = "lower-case letters and digits, joined by `.`, `_`, `__`, `-` or `/`, at most 255";
            return Err(wrong("its repository is not as", expected));
        }
        Ok(Self {
            registry: registry.map(str::to_owned),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

serde_as_text!(ImageReference);

fn names_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.bytes().any(|b| b.is_ascii_uppercase())
}

/// Whether a text is a host, with or without a port; IPv6 addresses are in brackets.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            if address.is_empty() || !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
                return false;
            }
            (None, if rest.is_empty() { Some("0") } else { rest.strip_prefix(':') })
        }
        None => text.split_once(':').map_or((Some(text), Some("0")), |(host, port)| (Some(host), Some(port))),
    };
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let port = port.is_some_and(|port| port.parse::<u16>().is_ok() && port.bytes().all(|b| b.is_ascii_digit()));
    port && host.is_none_or(|host| host.split('.').all(label))
}

/// Whether a text is one segment of a repository.
fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let joint = |joint: &str| joint.is_empty() || [".", "_", "__"].contains(&joint) || joint.bytes().all(|b| b == b'-');
    text.starts_with(alphanumeric) && text.ends_with(alphanumeric) && text.split(alphanumeric).all(joint)
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= TAG_LIMIT
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    type Parts<'a> = (Option<&'a str>, &'a str, Option<&'a str>);

    #[test]
    fn references_are_taken_apart_as_docker_does_and_shown_as_written() {
        let cases: [(&str, Parts<'_>); 10] = [
            ("golang", (None, "golang", None)),
            ("golang:1.26-bookworm", (None, "golang", Some("1.26-bookworm"))),
            ("team/tool", (None, "team/tool", None)),
            ("localhost/tool", (Some("localhost"), "tool", None)),
            ("localhost:5000/a/b:tag", (Some("localhost:5000"), "a/b", Some("tag"))),
            ("127.0.0.1:5000/a", (Some("127.0.0.1:5000"), "a", None)),
            ("[::1]:5000/a:b", (Some("[::1]:5000"), "a", Some("b"))),
            ("registry.example/a-b__c.d/e--f", (Some("registry.example"), "a-b__c.d/e--f", None)),
            ("Host/a", (Some("Host"), "a", None)),
            ("a:5000", (None, "a", Some("5000"))),
        ];
        for (text, (registry, repository, tag)) in cases {
            for text in [text.to_owned(), format!("{text}@sha256:{HEX}")] {
                let reference: ImageReference = text.parse().expect("a reference");
                assert_eq!(
                    (reference.registry(), reference.repository(), reference.tag()),
                    (registry, repository, tag)
                );
                assert_eq!(reference.digest().is_some(), text.contains('@'), "{text}");
                assert_eq!(reference.to_string(), text);
            }
        }
    }

    #[test]
    fn what_refers_to_nothing_is_refused_with_its_part() {
        let long = format!("{}:t", "a".repeat(256));
        for (text, part) in [
            ("", "its repository"),
            ("Golang", "its repository"),
            ("a//b", "its repository"),
            ("/a", "its repository"),
            ("a/", "its repository"),
            ("a..b", "its repository"),
            ("-a", "its repository"),
            ("a/../b", "its repository"),
            ("localhost:5000/", "its repository"),
            (&long, "its repository"),
            ("a:", "its tag"),
            ("a:.b", "its tag"),
            ("a:b c", "its tag"),
            ("a@", "its digest"),
            ("a@sha256:abc", "its digest"),
            ("a@sha512:00", "its digest"),
            ("a_b.example/x", "its registry"),
            ("host:port/x", "its registry"),
            ("host:+80/x", "its registry"),
            ("-x.example/x", "its registry"),
            ("[::1/x", "its registry"),
            ("[zz]:1/x", "its registry"),
            ("http://host/x", "its registry"),
        ] {
            let error = text.parse::<ImageReference>().expect_err(text);
            assert!(error.part.starts_with(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_pinned_reference_keeps_its_tag() {
        let reference: ImageReference = "a:b".parse().expect("a reference");
        let digest = HEX.parse().expect("a hash");
        assert_eq!(reference.with_digest(digest).to_string(), format!("a:b@sha256:{HEX}"));
    }
}
