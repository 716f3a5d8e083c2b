//! What a suite's signed `InRelease` says: which suite it is, until when, and the hashes of its lists.
//!
//! Source: the Debian wiki's repository format. Only the SHA-256 section is read; MD5 and SHA-1 sums are passed over.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::DebianError;
use super::control::{continued, fields};
use super::key::TrustedKey;
use super::signed;
use rcrepro_format::syntax::instant::parse_rfc3339;
use rcrepro_model::content::digest::Digest;
use rcrepro_model::content::name::TreePath;
use rcrepro_model::image::fingerprint::Fingerprint;

/// How far ahead of this machine's clock an archive may be: a day.
const CLOCK_SLACK: u64 = 24 * 60 * 60;

/// A suite's index as a trusted key signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The code name.
    pub suite: String,
    /// When the archive made it, in seconds since 1970.
    pub date: u64,
    /// The key whose signature was good.
    pub signed_by: Fingerprint,
    /// Whether files lie below `by-hash` too, where a new index does not take away what an older one names.
    pub by_hash: bool,
    /// The files of the suite, below its folder.
    files: BTreeMap<TreePath, Digest>,
}

impl Release {
    /// Verifies an `InRelease` and reads it; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`DebianError::Refused`] when no listed key signed it, when it is another suite's, expired, of a time to come, or
    /// malformed.
    pub fn read(file: &[u8], suite: &str, keys: &[TrustedKey], now: u64) -> Result<Self, DebianError> {
        let refuse = |reason: String| DebianError::Refused { suite: suite.to_owned(), reason };
        let signed = signed::verify(file, keys, now).map_err(|error| refuse(error.to_string()))?;
        Self::parse(&signed.text, signed.signed_by, suite, now).map_err(refuse)
    }

    /// Returns a file's digest.
    #[must_use]
    pub fn file(&self, path: &TreePath) -> Option<Digest> {
        self.files.get(path).copied()
    }

    fn parse(text: &str, signed_by: Fingerprint, suite: &str, now: u64) -> Result<Self, String> {
        let mut seen = BTreeMap::new();
        for (name, value) in fields(text) {
            if seen.insert(name, value).is_some() {
                return Err(format!("`{name}` occurs twice"));
            }
        }
        let field = |name: &str| seen.get(name).copied().ok_or_else(|| format!("it has no `{name}`"));
        let codename = field("Codename")?;
        if codename != suite {
            let alias = seen.get("Suite").map(|alias| format!(" (suite `{alias}`)")).unwrap_or_default();
            return Err(format!("it is of `{codename}`{alias}, expected code name `{suite}`"));
        }
        let date = instant(field("Date")?)?;
        if date > now + CLOCK_SLACK {
            return Err(format!("its date is {}, which is still to come by this machine's clock", field("Date")?));
        }
        if let Some(until) = seen.get("Valid-Until")
            && instant(until)? < now
        {
            return Err(format!("it was valid until {until}"));
        }
        let mut files = BTreeMap::new();
        for line in continued(text, "SHA256") {
            let (path, digest) = listed(line).ok_or_else(|| format!("invalid line `{line}` in its SHA256 section"))?;
            if files.insert(path, digest).is_some_and(|before| before != digest) {
                return Err(format!("`{line}`: it lists another hash for the same file"));
            }
        }
        if files.is_empty() {
            return Err("it has no SHA256 section".to_owned());
        }
        let by_hash = seen.get("Acquire-By-Hash").is_some_and(|value| *value == "yes");
        Ok(Self { suite: suite.to_owned(), date, signed_by, by_hash, files })
    }
}

/// Reads `HASH SIZE PATH`.
fn listed(line: &str) -> Option<(TreePath, Digest)> {
    let mut words = line.split_ascii_whitespace();
    let (hash, size, path) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some((path, Digest { hash, size }))
}

/// Reads `Sat, 11 Jul 2026 10:16:37 UTC` into seconds since 1970.
fn instant(text: &str) -> Result<u64, String> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let read = || {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [_, day, month, year, time, "UTC" | "GMT" | "+0000" | "Z"] = words[..] else { return None };
        let month = MONTHS.iter().position(|name| *name == month)? + 1;
        let stamp = format!("{year}-{month:02}-{day:0>2}T{time:0>8}Z");
        let instant = parse_rfc3339(&stamp)?;
        instant.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since: Duration| since.as_secs())
    };
    read().ok_or_else(|| format!("invalid date `{text}`: expected one such as `Sat, 11 Jul 2026 10:16:37 UTC`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Fingerprint = Fingerprint::new([7; 20]);
    const NOW: u64 = 1_783_764_997 + 60;

    fn text() -> String {
        let hash = Digest::of(b"list").hash;
        format!(
            "Origin: Debian\nSuite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n\
             Acquire-By-Hash: yes\nMD5Sum:\n 0ed6d4c8891eb86358b94bb35d9e4da4 4 main/list\nSHA256:\n {hash}    4 main/list\n"
        )
    }

    fn parse(text: &str) -> Result<Release, String> {
        Release::parse(text, KEY, "bookworm", NOW)
    }

    #[test]
    fn the_strong_section_is_read_and_no_other() {
        let release = parse(&text()).expect("a good text");
        assert_eq!((release.date, release.by_hash, release.signed_by), (NOW - 60, true, KEY));
        assert_eq!(release.file(&"main/list".parse().expect("a path")), Some(Digest::of(b"list")));
        let only_weak = text().replace("SHA256:", "SHA1:");
        assert_eq!(parse(&only_weak), Err("it has no SHA256 section".to_owned()));
    }

    #[test]
    fn another_suite_another_time_and_odd_lines_are_refused() {
        let wrong = |from: &str, to: &str| parse(&text().replace(from, to)).expect_err(from);
        assert_eq!(
            wrong("Codename: bookworm", "Codename: trixie"),
            "it is of `trixie` (suite `oldstable`), expected code name `bookworm`"
        );
        assert_eq!(wrong("Codename: bookworm\n", ""), "it has no `Codename`");
        let expired = "Valid-Until: Sat, 11 Jul 2026 10:17:36 UTC\nMD5Sum";
        assert_eq!(wrong("MD5Sum", expired), "it was valid until Sat, 11 Jul 2026 10:17:36 UTC");
        assert!(parse(&text().replace("MD5Sum", &expired.replace(":36 ", ":38 "))).is_ok());
        assert!(wrong("11 Jul", "13 Jul").contains("still to come"));
        assert!(wrong("11 Jul", "11 Juli").contains("expected one such as"));
        assert!(wrong("    4 main/list", "    4 ../list").contains("in its SHA256 section"));
        assert!(wrong("    4 main/list", "    4 /list").contains("in its SHA256 section"));
        assert!(wrong("Origin: Debian", "Date: x\nOrigin: Debian").contains("`Date` occurs twice"));
    }
}
