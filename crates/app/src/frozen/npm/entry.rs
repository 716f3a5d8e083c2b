//! What an entry of a lock has to be, whichever client wrote it: a package's name and version, a checksum, a folder of the source.

use rcrepro_model::content::{base64, hex};
use rcrepro_model::execution::fault::follow;

pub(super) const NO_PACKAGE: &str = "names no package: expected a name and a version as a registry has them";
pub(super) const IN_SOURCE: &str = "commit that package to this repository, or depend on a published version of it";

/// Whether a registry could have a package of this name, which becomes a path in many places.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~!'()*".contains(c);
        !part.is_empty() && !part.starts_with('.') && part.chars().all(is_plain)
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| is_part(scope) && is_part(name)),
        None => is_part(name),
    }
}

/// Whether a text may be a version of a package.
#[must_use]
pub fn is_version(version: &str) -> bool {
    !version.is_empty() && version.chars().all(|c| c.is_ascii_alphanumeric() || "-.+".contains(c))
}

/// Whether any of the checksums `ALGORITHM-BASE64` is one.
#[must_use]
pub fn has_checksum(checksums: &str) -> bool {
    checksums.split_whitespace().any(|one| {
        let (algorithm, text) = one.split_once('-').unwrap_or_default();
        let length = match algorithm {
            "sha1" => 20,
            "sha256" => 32,
            "sha384" => 48,
            "sha512" => 64,
            _ => return false,
        };
        base64::decode(text.split('?').next().unwrap_or(text)).is_some_and(|bytes| bytes.len() == length)
    })
}

/// Whether a text is a SHA-1 as hex, which yarn 1 writes after an address.
#[must_use]
pub fn is_sha1(digits: &str) -> bool {
    hex::decode::<20>(digits).is_some()
}

/// Whether a path, relative to a folder of the source, leads out of the source.
#[must_use]
pub fn leaves(folder: &str, path: &str) -> bool {
    path.starts_with("~/") || path.contains('\\') || follow(folder, path).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_are_those_of_a_registry() {
        for good in ["a", "@s/b.c", "_", "JSONStream", "is-odd"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "..", "../../../etc/passwd", "@s/..", "@s", "a/b", "a\\b", "a\nb", "@../a", "https://h/x"] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(is_version("1.0.0-rc.1+b") && !is_version("../1") && !is_version(""));
    }

    #[test]
    fn checksums_have_the_length_of_their_algorithm() {
        let strong = rcrepro_model::content::integrity::encode([7; 64]);
        assert!(has_checksum(&strong) && has_checksum(&format!("md5-AA {strong}")));
        for bad in ["", "sha512-AAAA", "md5-AAAA", "sha512"] {
            assert!(!has_checksum(bad), "{bad}");
        }
        assert!(is_sha1(&"0a".repeat(20)) && !is_sha1("0a"));
    }
}
