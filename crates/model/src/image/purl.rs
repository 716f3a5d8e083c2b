//! Package URLs: names of packages that name no host.
//!
//! Source: the package-url specification. We write `pkg:TYPE/NAME@VERSION` and, for Debian, `?arch=ARCH`; a version's
//! and a name segment's characters other than letters, digits and `.-_~:` are percent-encoded, so that `+` is `%2B`.

use std::fmt;
use std::str::FromStr;

use crate::content::digest::serde_as_text;

/// The error for a text that is not a valid package URL, as far as rcrepro reads them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid package URL `{found}`: expected pkg:TYPE/NAME@VERSION or pkg:deb/debian/NAME@VERSION?arch=ARCH")]
pub struct PurlError {
    /// The text that was found.
    pub found: String,
}

/// One version of one package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purl {
    kind: String,
    name: String,
    version: String,
    arch: Option<String>,
}

impl Purl {
    /// Names a Debian package.
    #[must_use]
    pub fn deb(name: &str, version: &str, arch: &str) -> Self {
        let name = format!("debian/{name}");
        Self { kind: "deb".to_owned(), name, version: version.to_owned(), arch: Some(arch.to_owned()) }
    }

    /// Names a package of a distribution: `deb` or `apk`.
    #[must_use]
    pub fn of_distribution(kind: &str, distribution: &str, name: &str, version: &str, arch: &str) -> Self {
        let name = format!("{distribution}/{name}");
        Self { kind: kind.to_owned(), name, version: version.to_owned(), arch: Some(arch.to_owned()) }
    }

    /// Names an npm package; a scope belongs to the name.
    #[must_use]
    pub fn npm(name: &str, version: &str) -> Self {
        Self { kind: "npm".to_owned(), name: name.to_owned(), version: version.to_owned(), arch: None }
    }

    /// Names a Go module.
    #[must_use]
    pub fn go(module: &str, version: &str) -> Self {
        Self { kind: "golang".to_owned(), name: module.to_owned(), version: version.to_owned(), arch: None }
    }

    /// Returns the type: `deb`, `apk`, `npm` or `golang`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the package's name with its namespace, decoded: `debian/bash`, `@scope/name`, `golang.org/toolchain`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the version, decoded.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the architecture of a Debian package.
    #[must_use]
    pub fn arch(&self) -> Option<&str> {
        self.arch.as_deref()
    }

    /// Whether the type is `deb`, `apk`, `npm` or `golang`, as given.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}", self.kind)?;
        for segment in self.name.split('/') {
            write!(f, "/{}", encode(segment))?;
        }
        write!(f, "@{}", encode(&self.version))?;
        self.arch.as_ref().map_or(Ok(()), |arch| write!(f, "?arch={}", encode(arch)))
    }
}

impl FromStr for Purl {
    type Err = PurlError;

    fn from_str(text: &str) -> Result<Self, PurlError> {
        let parse = || {
            let (kind, rest) = text.strip_prefix("pkg:")?.split_once('/')?;
            let (rest, arch) = match rest.split_once("?arch=") {
                Some((rest, arch)) => (rest, Some(decode(arch)?)),
                None => (rest, None),
            };
            let (name, version) = rest.split_once('@')?;
            let purl = Self { kind: kind.to_owned(), name: decode(name)?, version: decode(version)?, arch };
            // The round trip refuses every spelling but the one that we write.
            let known = matches!((kind, &purl.arch), ("deb" | "apk", Some(_)) | ("npm" | "golang", None));
            let whole = !purl.version.is_empty() && purl.name.split('/').all(|s| !s.is_empty() && s != "..");
            (known && whole && purl.to_string() == text).then_some(purl)
        };
        parse().ok_or_else(|| PurlError { found: text.to_owned() })
    }
}

serde_as_text!(Purl);

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_urls_round_trip() {
        for (purl, text) in [
            (Purl::deb("bash", "5.2.15-2+b2", "amd64"), "pkg:deb/debian/bash@5.2.15-2%2Bb2?arch=amd64"),
            (Purl::deb("git", "1:2.39.5-0+deb12u3", "amd64"), "pkg:deb/debian/git@1:2.39.5-0%2Bdeb12u3?arch=amd64"),
            (
                Purl::of_distribution("apk", "alpine", "musl", "1.2.5-r0", "x86_64"),
                "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64",
            ),
            (Purl::npm("@scope/name", "1.0.0"), "pkg:npm/%40scope/name@1.0.0"),
            (Purl::go("golang.org/toolchain", "v0.0.1"), "pkg:golang/golang.org/toolchain@v0.0.1"),
        ] {
            assert_eq!(purl.to_string(), text);
            assert_eq!(text.parse(), Ok(purl));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for wrong in
            ["bash", "pkg:deb/debian/bash@1+b2?arch=amd64", "pkg:npm/a", "pkg:deb/debian/a@1", "pkg:npm/../a@1"]
        {
            assert!(wrong.parse::<Purl>().is_err(), "{wrong}");
        }
    }
}
